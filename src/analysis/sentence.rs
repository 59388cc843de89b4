//! The one sentence that a user came for.

use super::comparison::percent;
use super::{Comparison, QuantityKind, Summary};
use crate::optimizer::problem::Goal;
use crate::record::StudyRecord;

impl Summary {
    /// What the front says in one sentence, such as `trial 23 uses 71 % less energy than the most accurate trial (17) for
    /// 0.4 points of accuracy`.
    ///
    /// The trial that it recommends is the knee, compared against the best in the lead. Where the knee is that trial
    /// itself, the sentence says so and tells what the cheapest trial would save; where one trial is best in everything,
    /// it says that. Estimates of energy are called estimated. No full stop at the end.
    #[must_use]
    pub fn sentence(&self, record: &StudyRecord) -> String {
        let (Some(best), Some(knee)) = (self.best, self.knee) else {
            return self.without_front();
        };
        let values = || self.values_in_words(record, best);
        if self.totals.finished == 1 {
            return format!("trial {best} is the only one that finished: {}", values());
        }
        let (Some(cost), Some(cheapest)) = (self.cost, self.cheapest) else {
            return format!("trial {best} has {}: {}", self.superlative(record, self.lead), values());
        };
        if self.quantities.len() == 2 && best == cheapest {
            let (lead, cost) = (self.trial_superlative(record, self.lead), self.superlative(record, cost));
            return format!("trial {best} is both {lead} and the one with {cost}: {}", values());
        }
        let most = self.trial_superlative(record, self.lead);
        if knee != best {
            let trade = self.trade(record, knee, best);
            return match trade {
                Some((gain, price)) => format!("trial {knee} {gain} than {most} ({best}) {price}"),
                None => format!("trial {best} is {most}: {}", values()),
            };
        }
        match self.trade(record, cheapest, best) {
            Some((gain, price)) if cheapest != best => format!(
                "trial {best}, {most}, is also the best trade on the front; trial {cheapest}, with {}, {gain} {price}",
                self.superlative(record, cost)
            ),
            _ => format!("trial {best} is {most} and the best trade on the front: {}", values()),
        }
    }

    /// How the knee compares with the user's own setting, the first point that was brought and finished; `None` if there
    /// is none, or if it is the knee.
    #[must_use]
    pub fn start_sentence(&self, record: &StudyRecord) -> Option<String> {
        let (knee, start) = (self.knee?, self.start?);
        if knee == start {
            return Some(format!("your own setting (trial {start}) is already the best trade on the front"));
        }
        let (gain, price) = self.trade(record, knee, start)?;
        Some(format!("trial {knee} {gain} than your own setting (trial {start}) {price}"))
    }

    /// The values of a trial in all objectives, such as `accuracy 96.4 %, energy 3.21 J (cpu, ESTIMATED)`.
    #[must_use]
    pub fn values_in_words(&self, record: &StudyRecord, trial: u64) -> String {
        let Some(result) = record.trial(trial).and_then(|t| t.result()) else { return "no result".to_owned() };
        let shown = self.quantities.iter().filter_map(|quantity| {
            let value = quantity.show(*result.metrics.get(&quantity.metric)?);
            let provenance = super::Provenance::of_metric(result, &quantity.metric).filter(|_| quantity.is_energy());
            let provenance = provenance.map_or_else(String::new, |p| format!(" ({p})"));
            Some(format!("{} {value}{provenance}", quantity.name()))
        });
        shown.collect::<Vec<_>>().join(", ")
    }

    /// What `trial` gains in the cost against `other`, and what it pays in the remaining objectives.
    fn trade(&self, record: &StudyRecord, trial: u64, other: u64) -> Option<(String, String)> {
        let comparison = Comparison::between(record, trial, other)?;
        let cost = comparison.changes.get(self.cost?)?;
        let verb = if cost.quantity.is_energy() { "uses" } else { "has" };
        let verb = if cost.to == cost.from { "has" } else { verb };
        let gain = match cost.ratio() {
            // "3.2 times the energy than" would be no English.
            Some(ratio) if ratio >= 2.0 && cost.quantity.kind != QuantityKind::Fraction => {
                format!("{verb} {} more {}", percent(ratio - 1.0), cost.name())
            }
            _ => format!("{verb} {}", cost.phrase()),
        };
        let mut prices = vec![comparison.changes.get(self.lead)?.price()];
        let others = comparison.changes.iter().enumerate().filter(|(i, _)| *i != self.lead && Some(*i) != self.cost);
        prices.extend(others.map(|(_, change)| change.price()));
        Some((gain, prices.join(" and ")))
    }

    /// Such as `the highest accuracy` or `the least estimated energy`.
    fn superlative(&self, record: &StudyRecord, objective: usize) -> String {
        let quantity = &self.quantities[objective];
        let estimated = if quantity.is_energy() && self.front_is_estimated() { "estimated " } else { "" };
        let word = match record.problem().objectives()[objective].goal {
            Goal::Maximize => "highest",
            Goal::Minimize if quantity.is_energy() => "least",
            Goal::Minimize => "lowest",
        };
        format!("the {word} {estimated}{}", quantity.name())
    }

    /// Such as `the most accurate trial` or `the trial with the lowest loss`.
    fn trial_superlative(&self, record: &StudyRecord, objective: usize) -> String {
        let quantity = &self.quantities[objective];
        let maximized = record.problem().objectives()[objective].goal == Goal::Maximize;
        if maximized && quantity.metric.to_lowercase().contains("accuracy") {
            "the most accurate trial".to_owned()
        } else {
            format!("the trial with {}", self.superlative(record, objective))
        }
    }

    fn without_front(&self) -> String {
        match (self.totals.failures(), self.totals.open) {
            (0, 0) => "no trial has run yet".to_owned(),
            (0, _) => "no trial has finished yet".to_owned(),
            (1, 0) => "the only trial failed, so there is no front".to_owned(),
            (2, 0) if self.totals.finished == 0 => "both trials failed, so there is no front".to_owned(),
            (failed, 0) if self.totals.finished == 0 => format!("all {failed} trials failed, so there is no front"),
            (failed, _) => format!("no trial has finished yet; {failed} failed"),
        }
    }
}
