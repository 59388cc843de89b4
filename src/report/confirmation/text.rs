//! What the console says of trials that were run again, as plain text.

use super::super::contest::text::capitalized;
use super::super::text::{Closing, align, wrap};
use crate::analysis::Provenance;
use crate::analysis::confirmation::{Confirmation, Member, shown};

/// The means with their intervals beside what was searched, the differences from the best, and the sentence. Ends with a line
/// break. What is beside the objectives is left out of tables that are wider than that.
#[must_use]
pub fn closing(confirmation: &Confirmation, closing: &Closing) -> String {
    let width = closing.width.max(40);
    let mut text = format!("{}\n\n{}\n", heading(confirmation), means(confirmation, width));
    if confirmation.members.iter().any(|member| !member.differences.is_empty()) {
        text += &format!("{}\n", differences(confirmation, width));
    }
    text += &wrap(&format!("{}.", capitalized(&confirmation.sentence())), width);
    for remark in remarks(confirmation) {
        text += &wrap(&remark, width);
    }
    text.push('\n');
    if let [_, ..] = confirmation.metered_by[..] {
        text += &format!("energy by   {}\n", ways(&confirmation.metered_by));
    }
    if let Some(place) = &closing.report {
        text += &format!("report      {place}\n");
    }
    text
}

fn heading(confirmation: &Confirmation) -> String {
    let estimated = if confirmation.is_estimated() { ", ESTIMATED energy" } else { "" };
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let (trials, seeds) = (confirmation.members.len(), confirmation.seeds());
    let [trials, seeds] = [count(trials, "trial"), count(seeds, "new seed")];
    format!("{}: {trials} with {seeds}{estimated}", confirmation.name)
}

/// For each trial, what each metric was and is.
fn means(confirmation: &Confirmation, width: usize) -> String {
    let mut header = vec![String::new(), "trial".to_owned(), "runs".to_owned()];
    let objectives = confirmation.objectives.len();
    for (k, quantity) in confirmation.quantities.iter().enumerate() {
        // What the choice was made by flatters; a test has no say in it.
        if k < objectives {
            header.extend([quantity.name(), "mean [95 %]".to_owned()]);
        } else {
            header.push(format!("{}, mean [95 %]", quantity.name()));
        }
    }
    let mut rows = vec![header];
    for member in &confirmation.members {
        let mut row = vec![mark(confirmation, member).to_owned(), member.trial.to_string(), runs(member)];
        for (k, (quantity, figure)) in confirmation.quantities.iter().zip(&member.figures).enumerate() {
            if k < objectives {
                row.push(figure.searched.map_or_else(|| "-".to_owned(), |value| quantity.show(value)));
            }
            row.push(figure.mean.map_or_else(|| "-".to_owned(), |mean| shown(quantity, mean.mean, mean.interval)));
        }
        rows.push(row);
    }
    align(rows, 2, 3 + 2 * objectives, width)
}

fn mark(confirmation: &Confirmation, member: &Member) -> &'static str {
    match Some(member.trial) {
        trial if trial == confirmation.best => "best",
        trial if trial == confirmation.pick => "pick",
        _ if !member.on_front => "off",
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

/// How each trial differs from the best.
fn differences(confirmation: &Confirmation, width: usize) -> String {
    let best = confirmation.best.map_or_else(String::new, |best| format!("against {best}"));
    let mut header = vec![best];
    header.extend(confirmation.quantities.iter().take(confirmation.objectives.len()).map(|q| q.name()));
    let mut rows = vec![header];
    for member in confirmation.members.iter().filter(|member| !member.differences.is_empty()) {
        let mut row = vec![format!("trial {}", member.trial)];
        row.extend((0..confirmation.objectives.len()).map(|k| {
            let unsure = member.differences.get(k).is_some_and(|difference| !difference.is_shown());
            let change = confirmation.change(member, k).unwrap_or_default();
            if unsure { format!("({change})") } else { change }
        }));
        rows.push(row);
    }
    let columns = 1 + confirmation.objectives.len();
    align(rows, 0, columns, width)
}

/// How energies came about.
pub(in crate::report) fn ways(provenances: &[Provenance]) -> String {
    provenances.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// What the figures do and do not say.
pub(in crate::report) fn remarks(confirmation: &Confirmation) -> Vec<String> {
    let mut remarks = Vec::new();
    if confirmation.is_estimated() {
        remarks.push(
            "Energy is ESTIMATED from CPU time, not measured: compare trials by it, but quote no joules.".to_owned(),
        );
    }
    if confirmation.is_metered_otherwise() {
        let (then, now) = (ways(&confirmation.searched_by), ways(&confirmation.metered_by));
        remarks.push(format!(
            "Energy was metered otherwise in the study ({then}) than now ({now}): compare neither with the other."
        ));
    }
    let off: Vec<String> = confirmation.members.iter().filter(|m| !m.on_front).map(|m| m.trial.to_string()).collect();
    let fallen = confirmation.recommended.filter(|id| confirmation.member(*id).is_some_and(|m| !m.on_front));
    if let (Some(id), Some(_)) = (fallen, confirmation.best) {
        remarks.push(format!("The study recommends trial {id}; by these means another one is better in everything."));
    }
    if !off.is_empty() && confirmation.members.len() > 1 && confirmation.best.is_some() {
        let (trials, are) = if off.len() == 1 { ("Trial", "is") } else { ("Trials", "are") };
        remarks.push(format!("{trials} {} {are} not on the front of these means.", off.join(", ")));
    }
    for member in confirmation.members.iter().filter(|member| member.failures() > 0) {
        let failure = member.runs.iter().find_map(|run| run.outcome.as_ref().err());
        let reason = failure.map_or_else(String::new, |f| format!(": {}: {}", f.kind.label(), f.message));
        remarks.push(format!(
            "Trial {} failed with {} of {} seeds{reason}",
            member.trial,
            member.failures(),
            member.runs.len()
        ));
    }
    if confirmation.seeds() == 1 {
        remarks.push("One seed has no interval: run it with more, such as --seeds 5.".to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::confirmation::tests::confirmed;
    use crate::analysis::fixture::{counters, estimate};

    #[test]
    fn closing_words() {
        let told = [confirmed(counters), confirmed(estimate)].map(|confirmation| {
            closing(&confirmation, &Closing { width: 80, report: Some("results/digits/confirm/report.html".into()) })
        });
        insta::assert_snapshot!(told.join("----\n"));
    }
}
