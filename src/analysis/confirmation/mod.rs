//! Trials run again with other seeds: what of a study's figures holds.
//!
//! A trial of a search is one draw, and the front is chosen by those draws, so its figures flatter: what was lucky is on it. A
//! [`Confirmation`] sets beside them the means over new seeds, of which none had a say in the choice.
//!
//! - **Means** are arithmetic, of the metric's own numbers, with 95 % intervals by Student's t.
//! - **Differences are told seed by seed.** Trials of one number have the same seed and run one after another, so the mean of their
//!   differences has the narrower interval. Joules and other amounts above zero are compared by their ratio (the mean of its
//!   logarithm), fractions and all else by their difference.
//! - **Failures stay in the count.** A trial that failed with some seeds has its mean over the others, and says so.

mod member;
mod sentence;
#[cfg(test)]
pub(crate) mod tests;

pub use member::{Again, Difference, Figure, Member};
pub use sentence::shown;

use super::statistics::Mean;
use super::{Provenance, Quantity, Summary};
use crate::optimizer::pareto::{knee, non_dominated};
use crate::optimizer::problem::{Metrics, Objective};
use crate::record::StudyRecord;

/// What trials of a study came to with other seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmation {
    /// The study's name.
    pub name: String,
    /// The objectives.
    pub objectives: Vec<Objective>,
    /// The metrics that are told: one per objective in their order, then those of constraints, then those of the test.
    pub quantities: Vec<Quantity>,
    /// The objective in which the best trial is best: see [`Summary::lead`].
    pub lead: usize,
    /// The objective that is to be saved: see [`Summary::cost`].
    pub cost: Option<usize>,
    /// The trials, best in the study's first objective first.
    pub members: Vec<Member>,
    /// The trial with the best mean in the lead, of those that keep the constraints by their means.
    pub best: Option<u64>,
    /// The trial that the study recommends by its own figures, if it was run again.
    pub recommended: Option<u64>,
    /// The trial that is compared with the best: the recommended one if it is on the front of means, or else the knee of that
    /// front, or the best in the cost there.
    pub pick: Option<u64>,
    /// How energies of the study came about, the best way first; empty without any.
    pub searched_by: Vec<Provenance>,
    /// How those of the new trials did.
    pub metered_by: Vec<Provenance>,
}

impl Confirmation {
    /// Of trials of a study and a record in which their points were run again. Trials of other points are left out.
    #[must_use]
    pub fn of(study: &StudyRecord, again: &StudyRecord, trials: &[u64]) -> Self {
        let summary = Summary::of(study);
        let problem = study.problem();
        let quantities = quantities(study, again, &summary);
        let objectives = problem.objectives().len();
        let known = trials.iter().filter_map(|id| study.trial(*id));
        let mut members: Vec<Member> = known.map(|trial| Member::of(trial, again, &quantities)).collect();
        let losses = |member: &Member| {
            let means: Metrics =
                member.figures.iter().filter_map(|f| Some((f.metric.clone(), f.mean.as_ref()?.mean))).collect();
            problem.losses(&means).ok().filter(|_| problem.is_feasible(&means))
        };
        let searched = |member: &Member| study.trial(member.trial).and_then(|t| study.losses(t)?.first().copied());
        members.sort_by(|a, b| {
            let key = |member| searched(member).unwrap_or(f64::INFINITY);
            key(a).total_cmp(&key(b)).then(a.trial.cmp(&b.trial))
        });
        let (rows, points): (Vec<usize>, Vec<Vec<f64>>) =
            members.iter().enumerate().filter_map(|(i, member)| Some((i, losses(member)?))).unzip();
        for i in non_dominated(&points) {
            members[rows[i]].on_front = true;
        }
        let least = |k: usize, wanted: &dyn Fn(&Member) -> bool| {
            let of = |(i, losses): (&usize, &Vec<f64>)| (members[*i].trial, losses[k]);
            let counted = rows.iter().zip(&points).filter(|(i, _)| wanted(&members[**i])).map(of);
            counted.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(trial, _)| trial)
        };
        let best = least(summary.lead, &|_| true);
        let recommended =
            summary.pick.filter(|id| members.iter().any(|member| member.trial == *id && member.has_means()));
        let holds = |id: &u64| members.iter().any(|member| member.trial == *id && member.on_front);
        let pick = recommended.filter(|id| holds(id) && Some(*id) != best);
        // Where the recommendation does not hold, is the best itself, or is not here.
        let front: Vec<usize> = (0..rows.len()).filter(|i| members[rows[*i]].on_front).collect();
        let of_front: Vec<&[f64]> = front.iter().map(|i| points[*i].as_slice()).collect();
        let bend = || knee(&of_front).map(|i| members[rows[front[i]]].trial).filter(|id| Some(*id) != best);
        let saves = || least(summary.cost?, &|member| member.on_front).filter(|id| Some(*id) != best);
        let pick = pick.or_else(bend).or_else(saves);
        if let Some(base) = best.and_then(|best| members.iter().find(|member| member.trial == best).cloned()) {
            for member in members.iter_mut().filter(|member| member.trial != base.trial) {
                member.differences = member.differences_from(&base, &quantities[..objectives]);
            }
        }
        let metrics: Vec<&str> = problem.objectives().iter().map(|o| o.metric.as_str()).collect();
        Self {
            name: study.header().name.clone(),
            objectives: problem.objectives().to_vec(),
            searched_by: provenances(study, &metrics, |id| trials.contains(&id)),
            metered_by: provenances(again, &metrics, |_| true),
            quantities,
            lead: summary.lead,
            cost: summary.cost,
            members,
            best,
            recommended,
            pick,
        }
    }

    /// The member of this trial.
    #[must_use]
    pub fn member(&self, trial: u64) -> Option<&Member> {
        self.members.iter().find(|member| member.trial == trial)
    }

    /// How many seeds the trial with most of them has finished or failed with.
    #[must_use]
    pub fn seeds(&self) -> usize {
        self.members.iter().map(|member| member.runs.len()).max().unwrap_or(0)
    }

    /// Whether an energy is an objective and some figure of it is an estimate.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        self.searched_by.iter().chain(&self.metered_by).any(Provenance::is_estimate)
    }

    /// Whether the new energies came about otherwise than those of the study, so that the two cannot be compared.
    #[must_use]
    pub fn is_metered_otherwise(&self) -> bool {
        let both = !self.metered_by.is_empty() && !self.searched_by.is_empty();
        both && self.metered_by != self.searched_by
    }
}

/// The metrics that are told.
fn quantities(study: &StudyRecord, again: &StudyRecord, summary: &Summary) -> Vec<Quantity> {
    let mut quantities: Vec<Quantity> = summary.quantities.iter().chain(&summary.bounded).cloned().collect();
    let results = || study.trials().iter().chain(again.trials()).filter_map(|trial| trial.result());
    let mut of_test: Vec<&String> =
        results().flat_map(|result| result.metrics.keys()).filter(|name| name.starts_with("test_")).collect();
    of_test.sort();
    of_test.dedup();
    quantities.extend(
        of_test
            .into_iter()
            .map(|name| Quantity::from_values(name, results().filter_map(|result| result.metrics.get(name).copied()))),
    );
    quantities
}

fn provenances(record: &StudyRecord, metrics: &[&str], counts: impl Fn(u64) -> bool) -> Vec<Provenance> {
    let mut found: Vec<Provenance> = Vec::new();
    for trial in record.trials().iter().filter(|trial| counts(trial.id)) {
        let Some(result) = trial.result() else { continue };
        for metric in metrics.iter().filter(|metric| crate::record::EnergyMetric::is_reserved(metric)) {
            if let Some(provenance) = Provenance::of_metric(result, metric).filter(|p| !found.contains(p)) {
                found.push(provenance);
            }
        }
    }
    found.sort_by(|a, b| (a.method, &a.kinds).cmp(&(b.method, &b.kinds)));
    found
}

/// The mean of some numbers as far as there are any.
fn mean(values: impl Iterator<Item = f64>) -> Option<Mean> {
    Mean::of(&values.collect::<Vec<_>>())
}
