//! One trial against another, objective by objective.

use super::{Provenance, Quantity, QuantityKind, percent, significant};
use crate::optimizer::problem::Goal;
use crate::record::StudyRecord;

/// How one objective changes from one trial to another.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The objective's metric.
    pub quantity: Quantity,
    /// Which direction is better.
    pub goal: Goal,
    /// Value of the trial that is compared against, in the metric's units.
    pub from: f64,
    /// Value of the trial in question, in the metric's units.
    pub to: f64,
    /// Whether one of the values is an estimate of energy.
    pub estimated: bool,
}

impl Change {
    /// `to / from`, where both are above zero.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.from > 0.0 && self.to > 0.0).then(|| self.to / self.from)
    }

    /// Whether `to` is worse than `from`.
    #[must_use]
    pub fn is_worse(&self) -> bool {
        match self.goal {
            Goal::Minimize => self.to > self.from,
            Goal::Maximize => self.to < self.from,
        }
    }

    /// The metric in words, with `estimated` before an estimate of energy.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.quantity.name();
        if self.estimated { format!("estimated {name}") } else { name }
    }

    /// Such as `71 % less energy`, `3.2 times the energy`, `0.4 points less accuracy` or `the same latency`. Values above
    /// zero are compared by their ratio, fractions and others by their difference.
    #[must_use]
    pub fn phrase(&self) -> String {
        let name = self.name();
        if self.to == self.from {
            return format!("the same {name}");
        }
        let way = if self.to < self.from { "less" } else { "more" };
        match (self.quantity.kind, self.ratio()) {
            (QuantityKind::Fraction, _) => format!("{} {way} {name}", self.quantity.points(self.to - self.from)),
            (_, Some(ratio)) if ratio >= TWICE => format!("{} times the {name}", significant(ratio, 2)),
            (_, Some(ratio)) => format!("{} {way} {name}", percent((ratio - 1.0).abs())),
            (QuantityKind::Energy | QuantityKind::Plain, None) => {
                format!("{} {way} {name}", self.quantity.show((self.to - self.from).abs()))
            }
        }
    }

    /// What is paid, after a gain elsewhere: `for 0.4 points of accuracy`, `at the same accuracy`, `with 2 % less loss`.
    #[must_use]
    pub fn price(&self) -> String {
        match self.quantity.kind {
            _ if self.to == self.from => format!("at the same {}", self.name()),
            QuantityKind::Fraction if self.is_worse() => {
                format!("for {} of {}", self.quantity.points(self.to - self.from), self.name())
            }
            _ if self.is_worse() => format!("for {}", self.phrase()),
            _ => format!("with {}", self.phrase()),
        }
    }
}

/// One trial against another in all objectives.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeOff {
    /// The trial in question.
    pub trial: u64,
    /// The trial that it is compared against.
    pub against: u64,
    /// One entry per objective, in the order of the objectives.
    pub changes: Vec<Change>,
}

impl TradeOff {
    /// Compares two finished trials; `None` if one of them has no value of some objective.
    #[must_use]
    pub fn between(record: &StudyRecord, trial: u64, against: u64) -> Option<Self> {
        let [to, from] = [trial, against].map(|id| record.trial(id)?.result());
        let (to, from) = (to?, from?);
        let change = |objective: &crate::optimizer::problem::Objective| {
            let metric = &objective.metric;
            let estimated = [to, from].iter().any(|r| {
                let provenance = Provenance::of_metric(r, metric);
                Quantity::of(record, metric).is_energy() && provenance.is_some_and(|p| p.is_estimate())
            });
            Some(Change {
                quantity: Quantity::of(record, metric),
                goal: objective.goal,
                from: *from.metrics.get(metric)?,
                to: *to.metrics.get(metric)?,
                estimated,
            })
        };
        let changes = record.problem().objectives().iter().map(change).collect::<Option<_>>()?;
        Some(Self { trial, against, changes })
    }
}

/// Ratios from here on read as 2 times and more.
pub(crate) const TWICE: f64 = 1.9995;

#[cfg(test)]
mod tests {
    use super::*;

    fn change(metric: &str, goal: Goal, from: f64, to: f64) -> Change {
        Change { quantity: Quantity::from_values(metric, [from, to]), goal, from, to, estimated: false }
    }

    #[test]
    fn phrases() {
        let phrase = |metric, goal, from, to| change(metric, goal, from, to).phrase();
        assert_eq!(phrase("energy", Goal::Minimize, 100.0, 29.0), "71 % less energy");
        assert_eq!(phrase("energy", Goal::Minimize, 100.0, 0.3), "99.7 % less energy");
        assert_eq!(phrase("energy", Goal::Minimize, 100.0, 0.06), "99.9 % less energy");
        assert_eq!(phrase("energy", Goal::Minimize, 100.0, 0.05), "more than 99.9 % less energy");
        assert_eq!(phrase("energy", Goal::Minimize, 1e6, 1.0), "more than 99.9 % less energy");
        assert_eq!(phrase("energy", Goal::Minimize, 10.0, 19.999), "2 times the energy");
        assert_eq!(phrase("energy", Goal::Minimize, 10.0, 42.0), "4.2 times the energy");
        assert_eq!(phrase("energy.train.gpu", Goal::Minimize, 10.0, 10.2), "2.0 % more GPU energy of train");
        assert_eq!(phrase("accuracy", Goal::Maximize, 0.964, 0.96), "0.4 points less accuracy");
        assert_eq!(phrase("elbo", Goal::Maximize, -3.0, -1.0), "2 more elbo");
        assert_eq!(phrase("latency", Goal::Minimize, 3.0, 3.0), "the same latency");
        let estimated = Change { estimated: true, ..change("energy", Goal::Minimize, 2.0, 1.0) };
        assert_eq!(estimated.phrase(), "50 % less estimated energy");
    }

    #[test]
    fn prices() {
        let price = |metric, goal, from, to| change(metric, goal, from, to).price();
        assert_eq!(price("accuracy", Goal::Maximize, 0.964, 0.96), "for 0.4 points of accuracy");
        assert_eq!(price("accuracy", Goal::Maximize, 0.964, 0.964), "at the same accuracy");
        assert_eq!(price("loss", Goal::Minimize, 0.1, 0.11), "for 10 % more loss");
        assert_eq!(price("loss", Goal::Minimize, 0.1, 0.05), "with 50 % less loss");
    }
}
