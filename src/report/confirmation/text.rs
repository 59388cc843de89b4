//! What the console says of trials that were run again, as plain text.

use crate::analysis::confirmation::{Confirmation, ConstraintStanding, Figure, Member, shown};
use crate::analysis::{Provenance, Quantity, doubts_in_words};
use crate::report::words::{Closing, align, capitalized, counted, wrap};

/// The means with their intervals beside what was searched, the differences from the base, and the sentence. Ends with a line
/// break. Where a table is wider than that, first what was searched is left out of it, and then what is beside the objectives.
#[must_use]
pub fn closing(confirmation: &Confirmation, closing: &Closing) -> String {
    let width = closing.width.max(40);
    let mut text = format!("{}\n\n{}\n", wrap(&heading(confirmation), width).trim_end(), means(confirmation, width));
    if confirmation.members.iter().any(|member| !member.differences.is_empty()) {
        text += &format!("{}\n", differences(confirmation, width));
    }
    text += &wrap(&format!("{}.", capitalized(&confirmation.sentence())), width);
    if confirmation.is_estimated() {
        text +=
            &wrap("Energy is ESTIMATED from CPU time, not measured: compare trials by it, but quote no joules.", width);
    }
    for words in doubts_in_words(&confirmation.doubts) {
        text += &wrap(&words, width);
    }
    for remark in remarks(confirmation) {
        text += &wrap(&remark, width);
    }
    text.push('\n');
    let provenances = confirmation.provenances();
    if !provenances.is_empty() {
        text += &format!("energy by   {}\n", ways(&provenances));
    }
    if let Some(spent) = &confirmation.spent {
        text += &format!("energy      {spent} for all runs with new seeds so far\n");
    }
    if let Some(place) = &closing.report {
        text += &format!("report      {place}\n");
    }
    text
}

fn heading(confirmation: &Confirmation) -> String {
    let estimated = match (confirmation.doubts.is_empty(), confirmation.is_estimated()) {
        (false, _) => ", DOUBTFUL energy",
        (true, true) => ", ESTIMATED energy",
        (true, false) => "",
    };
    let (trials, seeds) = (counted(confirmation.members.len(), "trial"), counted(confirmation.seeds(), "new seed"));
    let fewer = confirmation.members.iter().any(|member| member.runs.len() < confirmation.seeds());
    let seeds = if fewer { format!("up to {seeds}") } else { seeds };
    let changes = changes(confirmation).map_or_else(String::new, |changes| format!(", with {changes}"));
    format!("{}: {trials} with {seeds}{changes}{estimated}", confirmation.name)
}

/// What stands beside what was searched: of one value there is no interval.
pub(in crate::report) fn what_is_told(confirmation: &Confirmation) -> &'static str {
    match confirmation.seeds() {
        0 | 1 => "with one new seed",
        _ => "mean [95 %]",
    }
}

/// What is otherwise than in the study, such as `epochs = 200, width = 64`.
pub(in crate::report) fn changes(confirmation: &Confirmation) -> Option<String> {
    (!confirmation.changes.is_empty()).then(|| confirmation.changes.join(", "))
}

/// For each trial, what each metric was and is.
fn means(confirmation: &Confirmation, width: usize) -> String {
    let objectives = confirmation.objectives.len();
    let rows = |searched: bool| {
        let mut header = vec![String::new(), "trial".to_owned(), "runs".to_owned()];
        for (k, quantity) in confirmation.quantities.iter().enumerate() {
            // What the choice was made by flatters; a test has no say in it.
            let told = what_is_told(confirmation);
            match k < objectives && searched {
                true => header.extend([quantity.name(), told.to_owned()]),
                false => header.push(format!("{}, {told}", quantity.name())),
            }
        }
        let row = |member: &Member| {
            let mut row = vec![mark(confirmation, member).to_owned(), member.trial.to_string(), runs(member)];
            for (k, (quantity, figure)) in confirmation.quantities.iter().zip(&member.figures).enumerate() {
                if k < objectives && searched {
                    row.push(figure.searched.map_or_else(|| "-".to_owned(), |value| quantity.cell(value)));
                }
                row.push(mean(quantity, figure));
            }
            row
        };
        std::iter::once(header).chain(confirmation.members.iter().map(row)).collect::<Vec<_>>()
    };
    for searched in [true, false] {
        let rows = rows(searched);
        let columns = rows[0].len();
        let table = align(rows, 2, columns, usize::MAX - 2);
        if table.lines().all(|line| line.chars().count() <= width) {
            return table;
        }
    }
    list(confirmation, width)
}

/// The same where there is no room for a table.
fn list(confirmation: &Confirmation, width: usize) -> String {
    let mut text = String::new();
    for member in &confirmation.members {
        let mark = Some(mark(confirmation, member)).filter(|mark| !mark.is_empty());
        let mark = mark.map_or_else(String::new, |mark| format!(", {mark}"));
        text += &format!("trial {}, runs {}{mark}\n", member.trial, runs(member));
        for (quantity, figure) in confirmation.quantities.iter().zip(&member.figures) {
            text += &wrap(&format!("{} {}", quantity.name(), mean(quantity, figure)), width - 2)
                .lines()
                .map(|line| format!("  {line}\n"))
                .collect::<String>();
        }
    }
    text
}

fn mean(quantity: &Quantity, figure: &Figure) -> String {
    figure.mean.map_or_else(|| "-".to_owned(), |mean| shown(quantity, mean.mean, mean.interval))
}

fn mark(confirmation: &Confirmation, member: &Member) -> &'static str {
    match Some(member.trial) {
        trial if trial == confirmation.base => "base",
        trial if trial == confirmation.pick => "pick",
        _ if !member.on_front && confirmation.members.len() > 1 => "off",
        _ => "",
    }
}

/// Such as `5`, or `3 of 5` where it failed with two.
fn runs(member: &Member) -> String {
    match (member.runs.len(), member.failures()) {
        (all, 0) => all.to_string(),
        (all, failed) => format!("{} of {all}", all - failed),
    }
}

/// How each trial differs from the base.
fn differences(confirmation: &Confirmation, width: usize) -> String {
    let base = confirmation.base.map_or_else(String::new, |base| format!("against {base}"));
    let mut header = vec![base, "seeds".to_owned()];
    header.extend(confirmation.quantities.iter().take(confirmation.objectives.len()).map(|q| q.name()));
    let mut rows = vec![header];
    for member in confirmation.members.iter().filter(|member| !member.differences.is_empty()) {
        let pairs = member.differences.first().map_or(0, |difference| difference.mean().count);
        let mut row = vec![format!("trial {}", member.trial), pairs.to_string()];
        row.extend((0..confirmation.objectives.len()).map(|k| {
            let unsure = member.differences.get(k).is_some_and(|difference| !difference.is_shown());
            let change = confirmation.change(member, k).unwrap_or_default();
            if unsure { format!("({change})") } else { change }
        }));
        rows.push(row);
    }
    let headings = rows[0].clone();
    let table = align(rows.clone(), 1, headings.len(), usize::MAX - 2);
    if table.lines().all(|line| line.chars().count() <= width) {
        return table;
    }
    let mut text = format!("{}\n", headings[0]);
    for row in &rows[1..] {
        let parts: Vec<String> =
            headings[2..].iter().zip(&row[2..]).map(|(name, change)| format!("{name} {change}")).collect();
        text += &wrap(&format!("{} ({} seeds): {}", row[0], row[1], parts.join(", ")), width);
    }
    text
}

/// How energies came about.
pub(in crate::report) fn ways(provenances: &[Provenance]) -> String {
    provenances.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What the figures do and do not say.
pub(in crate::report) fn remarks(confirmation: &Confirmation) -> Vec<String> {
    let mut remarks = Vec::new();
    let compared = || confirmation.members.iter().flat_map(|member| &member.differences);
    if compared().any(|difference| !difference.is_shown()) {
        remarks.push("In parentheses: no difference is shown.".to_owned());
    }
    if compared().any(|difference| difference.mean().sd == Some(0.0) && difference.mean().interval.is_none()) {
        remarks.push("Two seeds that agree to the last digit have no interval: that may be chance.".to_owned());
    }
    remarks.extend(unvaried(confirmation));
    if let Some((then, now)) = &confirmation.metered_otherwise {
        remarks.push(format!(
            "Energy was metered otherwise in the study ({then}) than now ({now}), so what it was there is not shown."
        ));
    }
    if let Some(changes) = changes(confirmation) {
        remarks.push(format!("What was searched is of the study's own settings; these runs have {changes}."));
    }
    let fallen = confirmation.recommended.filter(|id| confirmation.member(*id).is_some_and(|m| !m.on_front));
    if let (Some(id), Some(_), true) = (fallen, confirmation.base, confirmation.members.len() > 1) {
        remarks.push(format!("The study recommends trial {id}, which is not on the front of these means."));
    }
    let off = confirmation.members.iter().filter(|m| !m.on_front && Some(m.trial) != fallen);
    let off: Vec<String> = off.map(|m| m.trial.to_string()).collect();
    if !off.is_empty() && confirmation.members.len() > 1 && confirmation.base.is_some() {
        let (trials, are) = if off.len() == 1 { ("Trial", "is") } else { ("Trials", "are") };
        remarks.push(format!("{trials} {} {are} not on the front of these means.", off.join(", ")));
    }
    for (trial, standing) in &confirmation.constraints {
        remarks.push(match standing {
            ConstraintStanding::Broken(constraint) => {
                format!("Trial {trial} breaks the constraint {constraint} by its mean.")
            }
            ConstraintStanding::Doubtful(constraint) => {
                format!("Trial {trial} keeps the constraint {constraint} by its mean, but not for sure.")
            }
        });
    }
    for member in confirmation.members.iter().filter(|member| member.failures() > 0) {
        let failure = member.runs.iter().find_map(|run| run.outcome.as_ref().err());
        let reason = failure.map_or_else(String::new, |f| format!(": {}: {}", f.kind.label(), f.message));
        let seeds = counted(member.runs.len(), "seed");
        remarks.push(format!("Trial {} failed with {} of {seeds}{reason}", member.trial, member.failures()));
    }
    let of_base = |member: &&Member| Some(member.trial) != confirmation.base && member.has_means();
    let apart = confirmation.members.iter().filter(of_base).filter(|member| member.differences.is_empty());
    for member in apart.filter(|_| confirmation.base.is_some()) {
        remarks.push(format!("Trial {} has finished with no seed that the base has finished with.", member.trial));
    }
    if confirmation.seeds() == 1 {
        remarks.push(
            "One value has no interval, and tells nothing of chance: run it with more seeds, such as 5.".to_owned(),
        );
    }
    remarks
}

/// What several seeds agree in to the last digit.
fn unvaried(confirmation: &Confirmation) -> Option<String> {
    let found = &confirmation.unvaried;
    let most = found.iter().map(|(.., seeds)| *seeds).max()?;
    let mut trials: Vec<String> = Vec::new();
    let mut metrics: Vec<&str> = Vec::new();
    for (trial, metric, _) in found {
        let trial = trial.to_string();
        if !trials.contains(&trial) {
            trials.push(trial);
        }
        if !metrics.contains(&metric.as_str()) {
            metrics.push(metric);
        }
    }
    let seeds = if most == 2 { "Both".to_owned() } else { format!("All {most}") };
    let plural = if trials.len() == 1 { "" } else { "s" };
    Some(format!(
        "{seeds} seeds gave exactly the same {} in trial{plural} {}: does the program use its seed (WATTFRONT_SEED)? If it does not, \
         these are no new draws.",
        metrics.join(", "),
        trials.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::confirmation::tests::confirmed;
    use crate::analysis::fixture::{counters, estimate};

    #[test]
    fn closing_words() {
        let changed = confirmed(counters).with_changes(vec!["epochs = 20".to_owned()]);
        let told =
            [(confirmed(counters), 120), (confirmed(estimate), 80), (changed, 60)].map(|(confirmation, width)| {
                let text = closing(
                    &confirmation,
                    &Closing { width, report: Some("results/digits/confirm/report.html".into()) },
                );
                assert!(width < 80 || text.lines().all(|line| line.chars().count() <= width), "{text}");
                text
            });
        insta::assert_snapshot!(told.join("----\n"));
    }
}
