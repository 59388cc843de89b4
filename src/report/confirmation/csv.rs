//! Trials that were run again as comma-separated values (RFC 4180, UTF-8, a header line).
//!
//! | table | a row for each |
//! |---|---|
//! | [`figures`] | trial and metric: `trial`, `metric`, `searched`, `searched_method`, `seeds`, `mean`, `mean_is`, `sd`, `low`, `high`, `method`, `on_front`, `energy_by` |
//! | [`runs`] | trial and seed: `trial`, `number`, `seed`, `state`, a column per metric, `energy_method`, `failure`, `energy_by` |
//!
//! `low` and `high` are the ends of 95 % intervals of the mean, which is `arithmetic` or `geometric`. Energies are joules; methods say
//! how they came about, and `energy_by` what they cover, what was left out and what is DOUBTFUL. What is missing is empty, never zero.

use std::collections::BTreeSet;

use crate::analysis::Provenance;
use crate::analysis::confirmation::Confirmation;
use crate::report::words::{energy_by, lines, method_name, number, text_cell};

fn method(provenance: Option<&Provenance>) -> String {
    provenance.map_or("", |p| method_name(p.method)).to_owned()
}

/// One row per trial and metric.
#[must_use]
pub fn figures(confirmation: &Confirmation) -> String {
    let columns = [
        "trial",
        "metric",
        "searched",
        "searched_method",
        "seeds",
        "mean",
        "mean_is",
        "sd",
        "low",
        "high",
        "method",
        "on_front",
        "energy_by",
    ];
    let figures = confirmation.members.iter().flat_map(|m| m.figures.iter().map(move |figure| (m, figure)));
    let rows = figures.map(|(member, figure)| {
        let mean = figure.mean;
        let interval = mean.and_then(|mean| mean.interval);
        vec![
            member.trial.to_string(),
            text_cell(figure.metric.clone()),
            number(figure.searched),
            method(figure.searched.and(figure.searched_by.as_ref())),
            mean.map_or(0, |mean| mean.count).to_string(),
            number(mean.map(|mean| mean.mean)),
            mean.map_or("", |_| if figure.geometric { "geometric" } else { "arithmetic" }).to_owned(),
            number(mean.and_then(|mean| mean.sd)),
            number(interval.map(|interval| interval.low)),
            number(interval.map(|interval| interval.high)),
            method(figure.by.as_ref()),
            member.on_front.to_string(),
            energy_by(figure.by.as_ref(), !confirmation.doubts.is_empty()),
        ]
    });
    lines(std::iter::once(columns.map(str::to_owned).to_vec()).chain(rows))
}

/// One row per trial and seed.
#[must_use]
pub fn runs(confirmation: &Confirmation) -> String {
    let all = || confirmation.members.iter().flat_map(|member| member.runs.iter().map(move |run| (member.trial, run)));
    let told = || all().filter_map(|(_, run)| run.outcome.as_ref().ok());
    let metrics: BTreeSet<&String> = told().flat_map(|told| told.metrics.keys()).collect();
    let mut columns: Vec<String> = ["trial", "number", "seed", "state"].map(str::to_owned).to_vec();
    columns.extend(metrics.iter().map(|name| text_cell((*name).clone())));
    columns.extend(["energy_method", "failure", "energy_by"].map(str::to_owned));
    let rows = all().map(|(trial, run)| {
        let told = run.outcome.as_ref().ok();
        let state = if told.is_some() { "finished" } else { "failed" };
        let mut row = vec![trial.to_string(), run.number.to_string(), run.seed.to_string(), state.to_owned()];
        row.extend(metrics.iter().map(|name| number(told.and_then(|told| told.metrics.get(*name).copied()))));
        // The weakest of all its energies.
        let by = told.and_then(|told| told.methods.values().cloned().reduce(Provenance::join));
        row.push(method(by.as_ref()));
        let failure = run.outcome.as_ref().err();
        row.push(failure.map_or_else(String::new, |f| text_cell(format!("{}: {}", f.kind.label(), f.message))));
        row.push(energy_by(by.as_ref(), !confirmation.doubts.is_empty()));
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
