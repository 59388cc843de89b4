//! What somebody tells of a trial, held against what the study needs: the rules of a program's own lines, for those who ask and tell.

use std::collections::{BTreeMap, BTreeSet};

use super::request::RequestError;
use crate::evaluation::EvaluationFailure;
use crate::guard::told::with_help;
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::{Metrics, ValueError};
use crate::record::{EnergyMetric, StudyRecord};
use crate::study_file::nearest_metric;

/// What can be kept of it.
pub(super) struct Sorted {
    /// Metrics and standard deviations, or why they are no outcome.
    pub(super) outcome: Result<(Metrics, Metrics), EvaluationFailure>,
    /// What was left out of the outcome, and why.
    pub(super) dropped: BTreeMap<String, String>,
}

/// What was told, as it was read.
pub(super) struct Raw {
    pub(super) metrics: Metrics,
    pub(super) sd: Metrics,
    /// Metrics that are no numbers, as JSON.
    pub(super) unread: BTreeMap<String, String>,
}

/// What nobody needs and cannot be kept is dropped; where an objective or a constraint needs it, the trial has failed.
///
/// # Errors
/// A metric that is needed, is not told as a number, and never was in this study: rather a mistake of the teller's than the trial's.
pub(super) fn sort(record: &StudyRecord, budget_of_energy: bool, raw: Raw) -> Result<Sorted, RequestError> {
    let problem = record.problem();
    let objectives = problem.objectives().iter().map(|o| o.metric.as_str());
    let searched: BTreeSet<&str> = objectives.chain(problem.constraints().iter().map(|c| c.metric.as_str())).collect();
    let is_wanted = |name: &str| searched.contains(name) || (budget_of_energy && name == "energy");
    let was_seen =
        |name: &str| record.trials().iter().any(|t| t.result().is_some_and(|r| r.metrics.contains_key(name)));
    let told: Vec<String> = raw.metrics.keys().chain(raw.unread.keys()).cloned().collect();

    let (mut kept, mut dropped, mut failures) = (Metrics::new(), BTreeMap::new(), BTreeMap::new());
    for (name, value) in raw.unread {
        if !is_wanted(&name) {
            dropped.insert(name, format!("{value} is not a number"));
        } else if was_seen(&name) {
            failures.insert(name.clone(), format!("the metric `{name}` is {value}, which is not a number"));
        } else {
            return Err(RequestError::NotANumber { metric: name, value });
        }
    }
    for (name, value) in raw.metrics {
        match fault(&name, value) {
            None => drop(kept.insert(name, value)),
            Some(reason) if is_wanted(&name) => drop(failures.insert(name, reason)),
            Some(reason) => drop(dropped.insert(name, reason)),
        }
    }
    if failures.is_empty() {
        let budget = budget_of_energy.then_some("energy");
        for name in searched.iter().copied().chain(budget).filter(|name| !kept.contains_key(*name)) {
            let missing = ValueError::Missing { metric: name.to_owned(), reported: told.clone() };
            if was_seen(name) {
                failures.insert(name.to_owned(), with_help(&missing, missing.help()));
            } else if searched.contains(name) {
                let meant = nearest_metric(name, told.iter().map(String::as_str).filter(|told| !is_wanted(told)));
                return Err(RequestError::NeverTold { missing, meant: meant.map(str::to_owned) });
            } else {
                return Err(RequestError::EnergyNotTold);
            }
        }
    }
    if failures.is_empty()
        && let Err(error) = problem.check(&kept)
    {
        failures.insert(String::new(), with_help(&error, error.help()));
    }
    if let Some((name, message)) = failures.into_iter().next() {
        // A budget alone says nothing of the configuration.
        let kind =
            if searched.contains(&*name) || name.is_empty() { FailureKind::BadMetrics } else { FailureKind::Meter };
        return Ok(Sorted { outcome: Err(EvaluationFailure::new(kind, message)), dropped: BTreeMap::new() });
    }
    let mut known = Metrics::new();
    for (name, value) in raw.sd {
        let reason = match value {
            _ if dropped.contains_key(&name) => continue,
            _ if !kept.contains_key(&name) => format!("`metrics` has no `{name}`"),
            value if value.is_finite() && value >= 0.0 => {
                known.insert(name, value);
                continue;
            }
            value => {
                format!("the standard deviation of `{name}` is {value}; it must be a finite number, zero or above")
            }
        };
        dropped.insert(format!("sd.{name}"), reason);
    }
    Ok(Sorted { outcome: Ok((kept, known)), dropped })
}

/// Why a value cannot be kept under this name.
fn fault(name: &str, value: f64) -> Option<String> {
    if !value.is_finite() {
        // No help: whether it matters is for the caller to say.
        return Some(ValueError::NotFinite { metric: name.to_owned(), value }.to_string());
    }
    if !EnergyMetric::is_reserved(name) {
        return None;
    }
    match name.parse::<EnergyMetric>() {
        Err(error) => Some(with_help(&error, error.help())),
        Ok(_) if value < 0.0 => Some(format!("`{name}` is {value}; energy is told in joules, zero or above")),
        Ok(_) => None,
    }
}
