//! Trials that were run again as comma-separated values (RFC 4180, UTF-8, a header line).
//!
//! | table | a row for each |
//! |---|---|
//! | [`figures`] | trial and metric: `trial`, `metric`, `searched`, `seeds`, `mean`, `sd`, `low`, `high`, `method`, `on_front` |
//! | [`runs`] | trial and seed: `trial`, `number`, `seed`, `state`, a column per metric, `failure` |
//!
//! `low` and `high` are the ends of 95 % intervals of the mean. Energies are joules; `method` says how they came about. What is
//! missing is empty, never zero.

use std::collections::BTreeSet;

use super::super::csv::{lines, method_name, number, text};
use crate::analysis::confirmation::Confirmation;

/// One row per trial and metric.
#[must_use]
pub fn figures(confirmation: &Confirmation) -> String {
    let columns = ["trial", "metric", "searched", "seeds", "mean", "sd", "low", "high", "method", "on_front"];
    let method = confirmation.metered_by.last().map_or("", |p| method_name(p.method));
    let mut rows = Vec::new();
    for member in &confirmation.members {
        for (figure, quantity) in member.figures.iter().zip(&confirmation.quantities) {
            let mean = figure.mean;
            let interval = mean.and_then(|mean| mean.interval);
            rows.push(vec![
                member.trial.to_string(),
                text(figure.metric.clone()),
                number(figure.searched),
                mean.map_or(0, |mean| mean.count).to_string(),
                number(mean.map(|mean| mean.mean)),
                number(mean.and_then(|mean| mean.sd)),
                number(interval.map(|interval| interval.low)),
                number(interval.map(|interval| interval.high)),
                if quantity.is_energy() { method.to_owned() } else { String::new() },
                member.on_front.to_string(),
            ]);
        }
    }
    lines(std::iter::once(columns.map(str::to_owned).to_vec()).chain(rows))
}

/// One row per trial and seed.
#[must_use]
pub fn runs(confirmation: &Confirmation) -> String {
    let all = || confirmation.members.iter().flat_map(|member| member.runs.iter().map(move |run| (member.trial, run)));
    let metrics: BTreeSet<&String> =
        all().filter_map(|(_, run)| run.outcome.as_ref().ok()).flat_map(|m| m.keys()).collect();
    let mut columns: Vec<String> = ["trial", "number", "seed", "state"].map(str::to_owned).to_vec();
    columns.extend(metrics.iter().map(|name| text((*name).clone())));
    columns.push("failure".to_owned());
    let rows = all().map(|(trial, run)| {
        let state = if run.outcome.is_ok() { "finished" } else { "failed" };
        let mut row = vec![trial.to_string(), run.number.to_string(), run.seed.to_string(), state.to_owned()];
        let value = |name: &&String| run.outcome.as_ref().ok().and_then(|metrics| metrics.get(*name).copied());
        row.extend(metrics.iter().map(|name| number(value(name))));
        let failure = run.outcome.as_ref().err();
        row.push(failure.map_or_else(String::new, |f| text(format!("{}: {}", f.kind.label(), f.message))));
        row
    });
    lines(std::iter::once(columns).chain(rows))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::confirmation::tests::confirmed;
    use crate::analysis::fixture::{counters, estimate};

    #[test]
    fn rows_of_trials_and_seeds() {
        let confirmation = confirmed(counters);
        insta::assert_snapshot!(format!("{}\n{}", figures(&confirmation), runs(&confirmation)));
    }

    #[test]
    fn estimates_are_called_so() {
        let table = figures(&confirmed(estimate));
        let energies: Vec<&str> = table.lines().filter(|line| line.contains(",energy,")).collect();
        assert!(energies.len() == 3 && energies.iter().all(|line| line.contains(",estimate,")), "{table}");
    }
}
