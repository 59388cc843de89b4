//! The epochs of every trial, folded away.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::{Provenance, Quantity};
use crate::energy::units::WindowEnergy;
use crate::record::{EpochRow, StudyRecord, TrialRecord};
use crate::report::chart::{escape, sparkline};
use crate::report::markup;
use crate::report::words::seconds;

/// A page of hundreds of trials with hundreds of epochs each would be too heavy; the JSON export has every row.
const MOST_ROWS: usize = 20;

pub(super) fn section(record: &StudyRecord) -> String {
    let mut trials: Vec<_> = record.trials().iter().filter(|t| !t.epochs.is_empty()).collect();
    trials.sort_by_key(|t| t.id);
    let mut known = Known::new();
    let body: String = trials.into_iter().map(|trial| one(record, trial, &mut known)).collect();
    if body.is_empty() {
        return body;
    }
    markup::section("epochs", "Epochs", &format!("<p>Open a trial to see the steps that it reported.</p>\n{body}"))
}

/// The quantities that steps report, each looked up once: that takes all trials of the study.
type Known = BTreeMap<String, Quantity>;

/// The quantity of a metric, written as the steps of one trial need.
fn quantity(record: &StudyRecord, trial: &TrialRecord, metric: &str, known: &mut Known) -> Quantity {
    let of = known.entry(metric.to_owned()).or_insert_with(|| Quantity::of(record, metric)).clone();
    let values: Vec<f64> = trial.epochs.iter().filter_map(|e| e.metrics.get(metric).copied()).collect();
    of.written_for(&values)
}

fn one(record: &StudyRecord, trial: &TrialRecord, known: &mut Known) -> String {
    let names: BTreeSet<&String> = trial.epochs.iter().flat_map(|e| e.metrics.keys()).collect();
    // The first objective that epochs report, else anything, is worth a line.
    let objectives = record.problem().objectives().iter().map(|o| &o.metric);
    let drawn = objectives.clone().find(|m| names.contains(m)).or_else(|| names.first().copied());
    let line = drawn.map_or_else(String::new, |metric| {
        let quantity = quantity(record, trial, metric, known);
        let shown = trial.epochs.last().and_then(|e| e.metrics.get(metric)).map(|v| quantity.show(*v));
        let last = format!("{} {}", quantity.name(), shown.unwrap_or_default());
        let values: Vec<f64> = trial.epochs.iter().filter_map(|e| e.metrics.get(metric).copied()).collect();
        format!(
            "{} <span class=\"why\">{}</span>",
            sparkline(&values, &format!("{metric} over the steps")),
            escape(&last)
        )
    });
    let quantities: Vec<_> = names.iter().map(|name| quantity(record, trial, name, known)).collect();
    let head: String =
        quantities.iter().map(|q| format!("<th scope=\"col\" class=\"n\">{}</th>", escape(&q.name()))).collect();
    let every = trial.epochs.len().div_ceil(MOST_ROWS);
    let last = trial.epochs.len() - 1;
    let kept = trial.epochs.iter().enumerate().filter(|(i, _)| i % every == 0 || *i == last);
    let rows: String = kept.map(|(_, epoch)| row(epoch, &quantities)).collect();
    let thinned = if every > 1 { format!(", one of {every} shown") } else { String::new() };
    let steps = if trial.epochs.len() == 1 { "step" } else { "steps" };
    format!(
        "<details><summary>Trial {} · {} {steps} {line}</summary>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" \
         aria-label=\"Steps of trial {0}\"><table><caption><span>Steps of trial {0}{thinned}</span></caption>\n<thead><tr><th scope=\"col\" \
         class=\"n\">step</th>{head}<th scope=\"col\" class=\"n\">time</th><th scope=\"col\" class=\"n\">energy</th>\
         <th scope=\"col\">energy by</th></tr></thead>\n<tbody>\n{rows}</tbody></table></div></details>\n",
        trial.id,
        trial.epochs.len(),
    )
}

fn row(epoch: &EpochRow, quantities: &[Quantity]) -> String {
    let cell = |q: &Quantity| epoch.metrics.get(&q.metric).map_or_else(String::new, |v| escape(&q.cell(*v)));
    let values: String = quantities.iter().map(|q| format!("<td class=\"n\">{}</td>", cell(q))).collect();
    let energy = epoch.energy.as_ref();
    let joules = energy.and_then(WindowEnergy::total).map_or_else(|| "–".to_owned(), |j| j.to_string());
    let provenance = energy.and_then(Provenance::of_window).map_or_else(String::new, |p| p.to_string());
    format!(
        "<tr><th scope=\"row\" class=\"n\">{}</th>{values}<td class=\"n\">{}</td><td class=\"n\">{joules}</td><td>{}</td></tr>\n",
        epoch.step,
        seconds(epoch.seconds),
        escape(&provenance),
    )
}
