//! Which trials break which constraints, and how far what is there lies from what was asked for.

use super::Quantity;
use crate::optimizer::problem::Bound;
use crate::record::{StudyRecord, TrialRecord};

/// A bound that a trial does not keep. Displays as `accuracy 48.0 %, not at least 50.0 %`.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// The metric.
    pub quantity: Quantity,
    /// Its value.
    pub value: f64,
    /// The bound.
    pub bound: Bound,
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (side, bound) = match self.bound {
            Bound::AtLeast(bound) => ("at least", bound),
            Bound::AtMost(bound) => ("at most", bound),
        };
        let [value, limit] = [self.value, bound].map(|v| self.quantity.show(v));
        // What is broken by a hair must not look kept.
        let (value, limit) = if value == limit { (self.value.to_string(), bound.to_string()) } else { (value, limit) };
        write!(f, "{} {value}, not {side} {limit}", self.quantity.name())
    }
}

/// The constraints that a finished trial breaks; none for one without a result.
#[must_use]
pub fn broken(record: &StudyRecord, trial: &TrialRecord) -> Vec<Broken> {
    broken_in(record, trial, |metric| Quantity::of(record, metric))
}

/// The same where the quantities are known already: to look at all values of a study for every trial would take long.
pub(crate) fn broken_in(record: &StudyRecord, trial: &TrialRecord, quantity: impl Fn(&str) -> Quantity) -> Vec<Broken> {
    let constraints = record.problem().constraints().iter().map(|c| (c.metric.as_str(), c.bound));
    let broken = violations(trial, constraints);
    broken.map(|(metric, value, bound)| Broken { quantity: quantity(metric), value, bound }).collect()
}

/// Of these bounds on metrics those that a finished trial does not keep, with its values.
fn violations<'a>(
    trial: &'a TrialRecord,
    bounds: impl Iterator<Item = (&'a str, Bound)> + 'a,
) -> impl Iterator<Item = (&'a str, f64, Bound)> + 'a {
    let metrics = trial.result().map(|result| &result.metrics);
    bounds.filter_map(move |(metric, bound)| {
        let value = *metrics?.get(metric)?;
        (bound.violation(value) > 0.0).then_some((metric, value, bound))
    })
}

/// How far a finished trial is from what is preferred: what it lacks, each as a share of its bound, added up; zero where it lacks
/// nothing.
#[must_use]
pub fn lacking(record: &StudyRecord, trial: &TrialRecord) -> f64 {
    let preferences = record.problem().preferences().iter();
    distance(violations(trial, preferences.filter_map(|p| Some((p.metric.as_str(), p.within?)))))
}

/// The finished trial that comes nearest to keeping all constraints: the one whose violations, each as a share of its
/// bound, have the smallest sum; the first of several. `None` without a finished trial.
#[must_use]
pub fn nearest_feasible(record: &StudyRecord) -> Option<u64> {
    let constraints = || record.problem().constraints().iter().map(|c| (c.metric.as_str(), c.bound));
    let finished = record.trials().iter().filter(|t| record.losses(t).is_some());
    let distances = finished.map(|t| (t.id, distance(violations(t, constraints()))));
    distances.min_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0))).map(|(id, _)| id)
}

/// Violations as shares of their bounds, added up; of a bound of zero, the violation itself.
fn distance<'a>(violations: impl Iterator<Item = (&'a str, f64, Bound)>) -> f64 {
    let share = |(_, value, bound): (&str, f64, Bound)| {
        let (Bound::AtLeast(limit) | Bound::AtMost(limit)) = bound;
        bound.violation(value) / if limit == 0.0 { 1.0 } else { limit.abs() }
    };
    violations.map(share).sum::<f64>() + 0.0
}

/// The bounds of the constraints or preferences in words, such as `accuracy at least 93.0 %, energy at most 2.00 kJ`.
pub(super) fn bounds_in_words<'a>(record: &StudyRecord, bounds: impl Iterator<Item = (&'a str, Bound)>) -> String {
    let words = |(metric, bound): (&str, Bound)| {
        let quantity = Quantity::of(record, metric);
        let (side, value) = match bound {
            Bound::AtLeast(value) => ("at least", value),
            Bound::AtMost(value) => ("at most", value),
        };
        format!("{} {side} {}", quantity.name(), quantity.show(value))
    };
    bounds.map(words).collect::<Vec<_>>().join(", ")
}

/// The constraints of a study in words; empty without any.
#[must_use]
pub fn constraints_in_words(record: &StudyRecord) -> String {
    bounds_in_words(record, record.problem().constraints().iter().map(|c| (c.metric.as_str(), c.bound)))
}

/// The preferred parts of the objectives in words; empty without any.
#[must_use]
pub fn preferences_in_words(record: &StudyRecord) -> String {
    let preferences = record.problem().preferences().iter();
    bounds_in_words(record, preferences.filter_map(|p| Some((p.metric.as_str(), p.within?))))
}
