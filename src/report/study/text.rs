//! What the console says at the end of a study, as plain text.

use crate::analysis::{
    Footprint, Proposals, Provenance, QuantityKind, Summary, constraints_in_words, percent, preferences_in_words,
    significant,
};
use crate::carbon::Carbon;
use crate::record::{StudyRecord, TrialRecord};
use crate::report::words::{Closing, align, seconds, short, wrap};

/// The front as a table with the knee marked (or the pick, where there is none), and the sentence. Then what the search
/// took, with what its energy stands for. Ends with a line break.
#[must_use]
pub fn closing(record: &StudyRecord, carbon: &Carbon, closing: &Closing) -> String {
    let summary = Summary::of(record);
    let width = closing.width.max(40);
    let mut text = String::new();
    if !summary.front.is_empty() {
        let n = summary.front.len();
        let estimated = if summary.front_is_estimated() { ", ESTIMATED energy" } else { "" };
        let estimated = if summary.front_is_doubtful() { ", DOUBTFUL energy" } else { estimated };
        let trials = if n == 1 { "trial" } else { "trials" };
        let name = if summary.cost.is_some() { "front" } else { "best" };
        text += &format!("{name} ({n} {trials}{estimated})\n\n{}\n", front_table(record, &summary, width));
    }
    let start = summary.start_sentence(record).map_or_else(String::new, |s| format!("; {s}"));
    text += &wrap(&format!("{}{start}.", summary.sentence(record)), width);
    if summary.basis.is_estimated() {
        text +=
            &wrap("Energy is ESTIMATED from CPU time, not measured: compare trials by it, but quote no joules.", width);
    }
    if summary.basis.is_mixed() {
        text += &wrap("Some trials were measured and others estimated: their energies cannot be compared.", width);
    }
    for words in summary.basis.doubts_in_words() {
        text += &wrap(&words, width);
    }
    text.push('\n');
    for (name, value) in wishes(record).into_iter().chain(totals(record, &summary, carbon, closing)) {
        let lines = wrap(&value, width - 12);
        let mut lines = lines.lines();
        text += &format!("{name:<11} {}\n", lines.next().unwrap_or_default());
        lines.for_each(|line| text += &format!("{:<11} {line}\n", ""));
    }
    text
}

/// What the user asked for beside the objectives.
fn wishes(record: &StudyRecord) -> Vec<(&'static str, String)> {
    let rows = [("constraints", constraints_in_words(record)), ("preference", preferences_in_words(record))];
    let earlier = record.earlier().iter().map(|study| ("warm start", study.to_string()));
    rows.into_iter().filter(|(_, words)| !words.is_empty()).chain(earlier).collect()
}

fn totals(record: &StudyRecord, summary: &Summary, carbon: &Carbon, closing: &Closing) -> Vec<(&'static str, String)> {
    let totals = &summary.totals;
    let mut rows = vec![("trials", totals.counts().split_once(": ").map_or_else(String::new, |(_, c)| c.to_owned()))];
    let proposals = Proposals::of(record);
    rows.extend(proposals.map(|found| ("proposed", found.in_words(&record.header().sampler))));
    if let Some(spent) = &totals.spent {
        rows.push(("energy", format!("{spent} for the whole search")));
    }
    rows.extend(emissions(&Footprint::of(record, summary, carbon), carbon));
    rows.push(("time", format!("{} in trials{}", seconds(totals.trial_seconds), optimizer(summary))));
    if let Some(hypervolume) = &summary.hypervolume {
        let basis = if hypervolume.frozen { "" } else { " (reference not frozen yet)" };
        rows.push(("hypervolume", format!("{}{basis}", significant(hypervolume.value, 4))));
    }
    rows.extend(closing.report.as_ref().map(|place| ("report", place.clone())));
    rows
}

/// What was emitted and at what, then what a run of the pick emits; none where no energy is known.
fn emissions(footprint: &Footprint, carbon: &Carbon) -> Vec<(&'static str, String)> {
    let spent = footprint.spent.as_ref().map(|spent| format!("{spent} for the whole search"));
    let pick = footprint.pick.as_ref().map(|pick| {
        let saving = pick.saving.as_ref().map_or_else(String::new, |saving| format!(", {saving}"));
        format!("{} for a run of trial {}{saving}", pick.each, pick.trial)
    });
    let mut rows: Vec<_> = spent.into_iter().chain(pick).map(|words| ("", words)).collect();
    if let Some((name, words)) = rows.first_mut() {
        *name = "carbon";
        *words += &format!(", at {carbon}");
    }
    rows
}

fn optimizer(summary: &Summary) -> String {
    let share = summary.totals.optimizer_share();
    share.map_or_else(String::new, |share| {
        format!(", {} in the optimizer ({} of the whole)", seconds(summary.totals.propose_seconds), percent(share))
    })
}

fn front_table(record: &StudyRecord, summary: &Summary, width: usize) -> String {
    let parameters = record.problem().space().parameters();
    let mut header = vec![String::new(), "trial".to_owned()];
    let quantities = || summary.quantities.iter().chain(&summary.bounded);
    header.extend(quantities().map(|q| q.name()));
    let energies = summary.quantities.iter().any(|q| q.is_energy());
    if energies {
        header.push("energy by".to_owned());
    }
    let numbers = 1 + quantities().count();
    let kept = header.len();
    header.extend(parameters.iter().map(|p| p.name.clone()));
    let rows = summary.front.iter().filter_map(|id| record.trial(*id)).map(|trial| {
        let mut row = vec![mark(summary, trial).to_owned(), trial.id.to_string()];
        let result = trial.result();
        let value = |metric: &str| result.and_then(|r| r.metrics.get(metric).copied());
        row.extend(quantities().map(|q| value(&q.metric).map_or_else(String::new, |v| q.cell(v))));
        if energies {
            row.push(provenance(summary, trial));
        }
        let shown = parameters.iter().map(|p| trial.point.get(&p.name).map_or_else(|| "-".to_owned(), short));
        row.extend(shown);
        row
    });
    align(std::iter::once(header).chain(rows).collect(), numbers, kept, width)
}

fn mark(summary: &Summary, trial: &TrialRecord) -> &'static str {
    match summary.cost {
        _ if summary.pick != Some(trial.id) => "",
        None => "best",
        Some(_) if summary.knee.is_some() => "knee",
        Some(_) => "pick",
    }
}

fn provenance(summary: &Summary, trial: &TrialRecord) -> String {
    let energy = summary.quantities.iter().find(|q| q.kind == QuantityKind::Energy);
    let found = energy.zip(trial.result()).and_then(|(q, r)| Provenance::of_metric(r, &q.metric));
    found.map_or_else(String::new, |p| p.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{StudyFixture, counters, digits, digits_point, digits_problem, estimate};
    use crate::optimizer::history::FailureKind;
    use crate::optimizer::problem::{Problem, minimize};

    fn closing(record: &StudyRecord, closing: &Closing) -> String {
        super::closing(record, &Carbon::default(), closing)
    }

    fn at(width: usize) -> Closing {
        Closing { width, report: Some("results/digits/report.html".to_owned()) }
    }

    #[test]
    fn closing_words_of_estimates() {
        insta::assert_snapshot!(closing(&digits(estimate), &at(110)));
    }

    #[test]
    fn closing_words_of_counters_on_a_narrow_screen() {
        insta::assert_snapshot!(closing(&digits(counters), &at(70)));
    }

    #[test]
    fn a_narrow_screen_shows_the_method_of_every_joule() {
        let text = closing(&digits(counters), &Closing { width: 40, report: None });
        assert_eq!(text.matches("gpu+cpu, counter").count(), 13, "{text}");
        let (_, totals) = text.split_once("\n\ntrials").unwrap();
        assert!(totals.lines().all(|line| line.chars().count() <= 40), "{totals}");
    }

    #[test]
    fn closing_words_of_fronts_without_a_knee() {
        let study = |rows: &[(f64, f64)], reference: Option<Vec<f64>>| {
            let mut fixture = StudyFixture::new("flat", digits_problem());
            for (i, (accuracy, joules)) in rows.iter().enumerate() {
                let point = digits_point(1e-3, 8 + i as i64, 16, None);
                fixture = fixture.finish(point, [("accuracy", *accuracy)], Some(counters(*joules)));
            }
            let fixture = if let Some(reference) = reference { fixture.freeze(reference) } else { fixture };
            closing(&fixture.record(), &at(100))
        };
        let two = study(&[(0.964, 100.0), (0.963, 10.0)], None);
        let bulge = study(&[(0.96, 100.0), (0.95, 99.0), (0.5, 10.0)], None);
        let useful = study(&[(0.96, 100.0), (0.1, 1.0), (0.05, 0.5)], Some(vec![-0.5, 9.0]));
        insta::assert_snapshot!([two, bulge, useful].join("----\n"));
    }

    #[test]
    fn closing_words_without_a_result() {
        let failed = StudyFixture::new("failed", digits_problem())
            .fail(digits_point(1e-3, 8, 16, None), FailureKind::Exit, "code 1", Some(counters(3.0)))
            .fail(digits_point(1e-3, 9, 16, None), FailureKind::Exit, "code 1", None)
            .record();
        let empty = StudyFixture::new("empty", digits_problem()).record();
        let both = [&failed, &empty].map(|r| closing(r, &Closing::default())).join("----\n");
        insta::assert_snapshot!(both);
    }

    #[test]
    fn closing_words_of_one_objective() {
        let problem = Problem::new(digits_problem().space().clone(), [minimize("loss")]).unwrap();
        let record = StudyFixture::new("one", problem)
            .finish(digits_point(1e-3, 8, 16, None), [("loss", 0.5)], None)
            .finish(digits_point(2e-3, 8, 16, None), [("loss", 0.25)], None)
            .record();
        insta::assert_snapshot!(closing(&record, &Closing::default()));
    }
}
