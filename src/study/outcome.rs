//! What a trial left when its evaluation was over: its metrics with those that were metered, or what is missing of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::energy::units::{DomainEnergy, Method, PowerDomain, WindowEnergy};
use crate::evaluation::EvaluationFailure;
use crate::guard::told::with_help;
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::{Metrics, Problem, ValueError};
use crate::record::{EnergyMetric, EnergyMetricError, Phases, StudyRecord, TRIAL_PHASE, TrialRecord};
use crate::study_file::nearest_metric;

/// Why metrics are no result.
pub(super) struct Lack {
    pub(super) failure: EvaluationFailure,
    /// The metric or phase that is missing, if it is that.
    pub(super) name: Option<String>,
}

impl From<EvaluationFailure> for Lack {
    fn from(failure: EvaluationFailure) -> Self {
        Self { failure, name: None }
    }
}

/// The metrics of the objectives and constraints.
pub(super) fn wanted(problem: &Problem) -> impl Iterator<Item = &String> {
    let objectives = problem.objectives().iter().map(|o| &o.metric);
    objectives.chain(problem.constraints().iter().map(|c| &c.metric))
}

/// So many names of what was told in another way are kept of a trial.
const MOST_NAMES: usize = 200;

/// Stands for the first line with a step where that is missing; no metric can have this name.
pub(super) const STEP: &str = "step";

/// What trials of this session told: what was told once is no misspelt name where it is missing.
#[derive(Default)]
pub(super) struct ToldMetrics {
    names: BTreeSet<String>,
}

impl ToldMetrics {
    /// Takes up what a trial told, whatever came of it.
    pub(super) fn take(&mut self, metrics: &Metrics, phases: &Phases) {
        let names = metrics.keys().chain(phases.keys());
        self.names.extend(names.cloned());
    }

    /// Whether a metric or phase of this name was told by any trial of the study so far, as far as is known.
    pub(super) fn knows(&self, record: &StudyRecord, name: &str) -> bool {
        let told = |trial: &TrialRecord| {
            trial.result().is_some_and(|r| r.metrics.contains_key(name) || r.energy.contains_key(name))
        };
        if name == STEP {
            return record.trials().iter().any(|trial| trial.result().is_some() && !trial.epochs.is_empty());
        }
        self.names.contains(name) || record.trials().iter().any(told)
    }
}

/// What a trial told of metrics that is not taken for their value.
#[derive(Default)]
pub(super) struct Hints {
    /// How, by metric.
    pub(super) unheard: BTreeMap<String, String>,
    /// Metrics of steps.
    pub(super) of_steps: BTreeSet<String>,
}

impl Hints {
    pub(super) fn unheard(&mut self, metric: &str, how: String) {
        if self.unheard.len() < MOST_NAMES || self.unheard.contains_key(metric) {
            self.unheard.insert(metric.to_owned(), how);
        }
    }

    pub(super) fn step(&mut self, metrics: &Metrics) {
        for name in metrics.keys() {
            if self.of_steps.len() < MOST_NAMES && !self.of_steps.contains(name) {
                self.of_steps.insert(name.clone());
            }
        }
    }

    /// What is likely the reason that a metric is missing, as the end of a sentence; nothing if none is known. `told` are the metrics
    /// that the trial has, which may be meant.
    pub(super) fn of<'a>(&self, name: &str, told: impl IntoIterator<Item = &'a str>) -> Option<String> {
        if let Some(how) = self.unheard.get(name) {
            return Some(how.clone());
        }
        if self.of_steps.contains(name) {
            let line = serde_json::json!({ name: 0.5 });
            return Some(format!(
                "it is told with steps only: print a line without \"step\" at the end, such as {line}"
            ));
        }
        nearest_metric(name, told).map(|near| format!("did you mean `{near}` by it?"))
    }

    /// The first metric that is wanted and was told, if in a way that is not read.
    pub(super) fn first<'a>(&self, problem: &'a Problem) -> Option<&'a String> {
        wanted(problem).find(|name| self.unheard.contains_key(*name) || self.of_steps.contains(*name))
    }
}

/// The metrics of a trial with the metered ones that the objectives and constraints ask for.
pub(super) fn complete(record: &StudyRecord, mut metrics: Metrics, phases: &Phases) -> Result<Metrics, Lack> {
    let problem = record.problem();
    let bad = |message: String| Lack::from(EvaluationFailure::new(FailureKind::BadMetrics, message));
    if let Some(name) = metrics.keys().find(|name| EnergyMetric::is_reserved(name)) {
        return Err(bad(format!("the program reports `{name}`, but `energy` names what is metered; use another name")));
    }
    let (energies, told): (BTreeSet<&String>, _) = wanted(problem).partition(|name| EnergyMetric::is_reserved(name));
    // What is likely meant is told with the hints.
    if let Some(metric) = told.iter().find(|name| !metrics.contains_key(**name)) {
        let error = ValueError::Missing { metric: (*metric).clone(), reported: metrics.keys().cloned().collect() };
        return Err(Lack { name: Some((*metric).clone()), ..bad(error.to_string()) });
    }
    for &name in &energies {
        let metric: EnergyMetric = name.parse().map_err(|e: EnergyMetricError| bad(with_help(&e, e.help())))?;
        let Some(window) = phases.get(metric.phase_name()) else {
            let known: Vec<_> = phases.keys().map(String::as_str).collect();
            let message = format!("`{name}`: no such phase was metered (there are: {})", known.join(", "));
            return Err(Lack { name: Some(metric.phase_name().to_owned()), ..bad(message) });
        };
        if let Some(samples) = metric.samples_name()
            && !metrics.get(&samples).is_some_and(|n| *n > 0.0 && n.is_finite())
        {
            let message =
                format!("`{name}` is for 1,000 samples, and `{samples}`, how many there were, is not reported");
            return Err(Lack { name: Some(samples), ..bad(message) });
        }
        let joules = metric.read(phases, &metrics).ok_or_else(|| {
            let message = format!("`{name}` could not be metered: {}", why_missing(window, &metric));
            EvaluationFailure::new(FailureKind::Meter, message)
        })?;
        metrics.insert(name.clone(), joules.0);
    }
    if !energies.is_empty() {
        same_metering(record, phases).map_err(|message| EvaluationFailure::new(FailureKind::Meter, message))?;
    }
    problem.check(&metrics).map_err(|error| match &error {
        // Zero joules are no mistake of the configuration: the trial was too short for its meter.
        ValueError::LogOfNonPositive { metric, .. } if EnergyMetric::is_reserved(metric) => {
            EvaluationFailure::new(FailureKind::Meter, with_help(&error, error.help())).into()
        }
        ValueError::LogOfNonPositive { .. } => bad(with_help(&error, error.help())),
        _ => bad(error.to_string()),
    })?;
    metrics.retain(|_, value| value.is_finite());
    Ok(metrics)
}

/// How far the metered metrics may be off against those of other trials: what the surrogate should not take for an effect.
pub(super) fn deviations(metrics: &Metrics, phases: &Phases) -> Metrics {
    let metered = metrics.keys().filter(|name| EnergyMetric::is_reserved(name));
    let sd = metered.filter_map(|name| Some((name.clone(), name.parse::<EnergyMetric>().ok()?.sd(phases, metrics)?.0)));
    // Zero would mean exact, which no meter is.
    sd.filter(|(_, sd)| *sd > 0.0 && sd.is_finite()).collect()
}

/// Under a budget of energy an attempt without a figure would be free.
pub(super) fn budgeted(metrics: Metrics, spent: &WindowEnergy) -> Result<Metrics, EvaluationFailure> {
    if spent.total().is_some() {
        return Ok(metrics);
    }
    let message = format!(
        "the budget is one of energy, and this could not be metered: {}",
        why_missing(spent, &EnergyMetric::TOTAL)
    );
    Err(EvaluationFailure::new(FailureKind::Meter, message))
}

fn why_missing(window: &WindowEnergy, metric: &EnergyMetric) -> String {
    let kind = metric.domain;
    let wanted = |d: &&DomainEnergy| kind.is_none_or(|k| d.domain.kind == k);
    let reason = |d: &DomainEnergy| match &d.note {
        _ if d.joules.is_some() => "its power at rest was not measured, or it was not at rest then".to_owned(),
        Some(note) => note.clone(),
        None => "no figure".to_owned(),
    };
    let reasons: Vec<_> = window
        .domains
        .iter()
        .filter(wanted)
        .filter(|d| metric.part(d).is_none())
        .map(|d| format!("{}: {}", d.domain, reason(d)))
        .collect();
    match (reasons.is_empty(), kind) {
        (false, _) => reasons.join("; "),
        (true, Some(kind)) => format!("this trial used no metered {}", kind.name()),
        (true, None) if !window.left_out.is_empty() => {
            let names: Vec<String> = window.left_out.iter().map(ToString::to_string).collect();
            format!("nothing that it used is metered, without {}", names.join(" and "))
        }
        (true, None) => "nothing is metered here".to_owned(),
    }
}

/// Refuses a trial whose figures are of another origin than those of the first.
fn same_metering(record: &StudyRecord, phases: &Phases) -> Result<(), String> {
    let first = record.trials().iter().find_map(TrialRecord::energy);
    let (Some(first), Some(this)) = (first, phases.get(TRIAL_PHASE)) else { return Ok(()) };
    let (stored, now) = (origin(metered(first)), origin(metered(this)));
    if stored == now {
        return Ok(());
    }
    Err(format!(
        "metered by {now}, but the first trial was metered by {stored}, and figures of different origin cannot be \
         compared; let all trials use the same hardware, or choose the same `meters` for all in [energy]"
    ))
}

pub(super) fn metered(window: &WindowEnergy) -> impl Iterator<Item = (&PowerDomain, Method)> {
    window.domains.iter().filter(|d| d.joules.is_some()).map(|d| (&d.domain, d.method))
}

/// Domains and methods in words, in a fixed order.
pub(super) fn origin<'a>(parts: impl Iterator<Item = (&'a PowerDomain, Method)>) -> String {
    let mut parts: Vec<_> = parts.map(|(domain, method)| format!("{domain} ({})", method.label())).collect();
    parts.sort();
    if parts.is_empty() { "nothing".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likely_reason_for_a_missing_metric_is_told() {
        let mut hints = Hints::default();
        hints.step(&[("loss".to_owned(), 0.1)].into());
        hints.unheard("accuracy", "it is told as \"0.9\"".to_owned());
        assert_eq!(hints.of("accuracy", ["acuracy"]).as_deref(), Some("it is told as \"0.9\""));
        assert!(hints.of("loss", []).unwrap().contains(r#"without "step" at the end, such as {"loss":0.5}"#));
        assert!(hints.of("cost", ["Cost"]).unwrap().contains("`Cost`"));
        assert_eq!(hints.of("cost", ["accuracy"]), None);
    }
}
