//! The one sentence that a user came for.

use super::feasibility::{broken, nearest_feasible, preferences_in_words};
use super::trade_off::TWICE;
use super::{PickReason, QuantityKind, Summary, TradeOff, percent};
use crate::optimizer::problem::Goal;
use crate::record::StudyRecord;

const NO_BEST_TRADE: &str = "the front has no bend, so no trial on it is the best trade";
const ONLY_USEFUL: &str = "the rest of the front lies beyond the reference point";

impl Summary {
    /// What the front says in one sentence. Such is `trial 23 uses 71 % less energy than the most accurate trial (17)
    /// for 0.4 points of accuracy`.
    ///
    /// The trial that it names is the [pick](Self::pick), compared against the best in the lead. Where that is no knee, the
    /// sentence says that no trial stands out as the best trade; where the knee is the best itself, it says so and tells
    /// what the cheapest trial would save; where one trial is best in everything, it says that. Estimates of energy are
    /// called estimated. No full stop at the end.
    #[must_use]
    pub fn sentence(&self, record: &StudyRecord) -> String {
        let (Some(best), Some(pick)) = (self.best, self.pick) else {
            return self.without_front(record);
        };
        let values = || self.values_in_words(record, best);
        match (self.totals.finished, self.totals.infeasible) {
            (1, _) => return format!("trial {best} is the only one that finished: {}", values()),
            (finished, broken) if finished == broken + 1 => {
                return format!("trial {best} is the only one that keeps the constraints: {}", values());
            }
            _ => {}
        }
        if self.standing == PickReason::Nearest {
            let (wanted, values) = (preferences_in_words(record), self.values_in_words(record, pick));
            return format!("no trial of the front has {wanted}; nearest is trial {pick}: {values}");
        }
        let (Some(cost), Some(cheapest)) = (self.cost, self.cheapest) else {
            return format!("trial {best} has {}: {}", self.superlative(record, self.lead), values());
        };
        if self.quantities.len() == 2 && best == cheapest {
            let (lead, cost) = (self.trial_superlative(record, self.lead), self.superlative(record, cost));
            return format!("trial {best} is both {lead} and the one with {cost}: {}", values());
        }
        let most = self.trial_superlative(record, self.lead);
        let remark = self.remark(record);
        let ending = remark.as_ref().map_or_else(String::new, |remark| format!("; {remark}"));
        if pick != best {
            let Some((gain, price)) = self.trade(record, pick, best) else {
                return format!("trial {best} is {most}: {}", values());
            };
            return format!("trial {pick} {gain} than {most} ({best}) {price}{ending}");
        }
        match self.standing {
            PickReason::Knee | PickReason::Weighted | PickReason::Nearest => {}
            PickReason::NoBend => {
                let cheapest = self.cheapest_useful(record).filter(|id| *id != best);
                let trade = cheapest.and_then(|id| Some((id, self.trade(record, id, best)?)));
                let rest = trade.map_or_else(values, |(id, (gain, price))| format!("trial {id} {gain} {price}"));
                let and = if cheapest.is_some() { "; " } else { ": " };
                return format!("trial {best} is {most}{and}{rest}{ending}");
            }
            PickReason::OnlyUseful | PickReason::OnlyPreferred => {
                return format!("trial {best} is {most}: {}{ending}", values());
            }
        }
        let trade = remark.unwrap_or_else(|| "the best trade on the front".to_owned());
        match self.trade(record, cheapest, best) {
            Some((gain, price)) if cheapest != best => format!(
                "trial {best}, {most}, is also {trade}; trial {cheapest}, with {}, {gain} {price}",
                self.superlative(record, cost)
            ),
            _ => format!("trial {best} is {most} and {trade}: {}", values()),
        }
    }

    /// What is to be said of the pick's standing; `None` for a knee of the whole front, which speaks for itself.
    fn remark(&self, record: &StudyRecord) -> Option<String> {
        let wanted = preferences_in_words(record);
        let with = if wanted.is_empty() { String::new() } else { format!(" with {wanted}") };
        match self.standing {
            PickReason::Knee if wanted.is_empty() => None,
            PickReason::Knee => Some(format!("the best trade{with}")),
            PickReason::Weighted => Some(format!("the best trade by your weights{with}")),
            PickReason::NoBend if wanted.is_empty() => Some(NO_BEST_TRADE.to_owned()),
            PickReason::NoBend => {
                Some(format!("the part of the front{with} has no bend, so no trial in it is the best trade"))
            }
            PickReason::OnlyUseful => Some(ONLY_USEFUL.to_owned()),
            PickReason::OnlyPreferred => Some(format!("no other trial of the front has {wanted}")),
            PickReason::Nearest => Some(format!("no trial of the front has {wanted}")),
        }
    }

    /// How the pick compares with the user's own setting, the first point that was brought and finished; `None` if there
    /// is none.
    #[must_use]
    pub fn start_sentence(&self, record: &StudyRecord) -> Option<String> {
        let (pick, start) = (self.pick?, self.start?);
        if pick == start && self.front.len() == 1 {
            return Some(format!("no other trial is better than your own setting (trial {start})"));
        }
        if pick == start {
            let place = if self.knee.is_some() { "already the best trade on the front" } else { "on the front itself" };
            return Some(format!("your own setting (trial {start}) is {place}"));
        }
        let (gain, price) = self.trade(record, pick, start)?;
        let breaks = record.trial(start).is_some_and(|t| !record.is_feasible(t));
        let breaks = if breaks { ", which breaks a constraint" } else { "" };
        Some(format!("trial {pick} {gain} than your own setting (trial {start}{breaks}) {price}"))
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

    /// The cheapest trial of the front within the reference point.
    fn cheapest_useful(&self, record: &StudyRecord) -> Option<u64> {
        let cost = self.cost?;
        let loss = |id: &u64| record.losses(record.trial(*id)?)?.get(cost).copied();
        let known = self.useful.iter().filter_map(|id| Some((*id, loss(id)?)));
        known.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(id, _)| id)
    }

    /// What `trial` gains in the cost against `other`, and what it pays in the remaining objectives.
    fn trade(&self, record: &StudyRecord, trial: u64, other: u64) -> Option<(String, String)> {
        let trade_off = TradeOff::between(record, trial, other)?;
        let cost = trade_off.changes.get(self.cost?)?;
        let verb = if cost.quantity.is_energy() { "uses" } else { "has" };
        let verb = if cost.to == cost.from { "has" } else { verb };
        let gain = match cost.ratio() {
            // "3.2 times the energy than" would be no English.
            Some(ratio) if ratio >= TWICE && cost.quantity.kind != QuantityKind::Fraction => {
                format!("{verb} {} more {}", percent((ratio - 1.0).max(1.0)), cost.name())
            }
            _ => format!("{verb} {}", cost.phrase()),
        };
        let mut prices = vec![trade_off.changes.get(self.lead)?.price()];
        let others = trade_off.changes.iter().enumerate().filter(|(i, _)| *i != self.lead && Some(*i) != self.cost);
        prices.extend(others.map(|(_, change)| change.price()));
        let last = prices.pop().unwrap_or_default();
        Some((gain, if prices.is_empty() { last } else { format!("{} and {last}", prices.join(", ")) }))
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

    fn without_front(&self, record: &StudyRecord) -> String {
        if let Some(nearest) = nearest_feasible(record).and_then(|id| record.trial(id)) {
            let none = match self.totals.finished {
                1 => "the only finished trial breaks a constraint".to_owned(),
                n => format!("none of the {n} finished trials keeps all constraints"),
            };
            let broken: Vec<String> = broken(record, nearest).iter().map(ToString::to_string).collect();
            return format!("{none}, so there is no front; nearest is trial {}: {}", nearest.id, broken.join("; "));
        }
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
