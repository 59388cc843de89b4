//! Trials run again with other seeds: what of a study's figures holds.
//!
//! A trial of a search is one draw, and the front is chosen by those draws, so its figures flatter: what was lucky is on it. A
//! [`Confirmation`] sets beside them the means over new seeds, of which none had a say in the choice.
//!
//! - **Means** have 95 % intervals by Student's t. Of energies and of objectives on a log scale they are geometric, so intervals
//!   never reach below zero; of all else arithmetic. They tell what the seed may do; the samples that are judged by are the study's.
//! - **Differences are told seed by seed.** Trials of one number have the same seed and run one after another. So the
//!   mean of their differences has the narrower interval. Amounts above zero are compared by their ratio (the mean of
//!   its logarithm), fractions and all else by their difference.
//! - **What is compared is settled before**: the trial that the study recommends against the study's best. Others take
//!   their place only where these do not hold, and the sentence says so: a trial that was chosen by these means is
//!   flattered by them.
//! - **Failures stay in the count.** A trial that failed with some seed has its mean over the others; it is on no front of
//!   means while there are trials that did not fail.

mod hardware;
mod member;
mod sentence;
#[cfg(test)]
pub(crate) mod tests;

pub use member::{ConstraintStanding, Difference, Figure, Member, RepeatedRun, RunResult};
pub use sentence::shown;

use self::hardware::hardware;
use super::provenance::doubts_of;
use super::statistics::Mean;
use super::{Provenance, Quantity, Spent, Summary};
use crate::energy::units::{Doubt, PowerDomain};
use crate::optimizer::pareto::{non_dominated, weighted_knee};
use crate::optimizer::problem::{Metrics, Objective, Problem};
use crate::record::{EnergyMetric, StudyRecord, samples_name};

/// What trials of a study came to with other seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Confirmation {
    /// The study's name.
    pub name: String,
    /// What is otherwise than in the study, in words such as `epochs = 200`; empty where all is as it was.
    pub changes: Vec<String>,
    /// The objectives.
    pub objectives: Vec<Objective>,
    /// The metrics that are told: one per objective in their order, then those of constraints, of the test, and what 1,000 samples
    /// take.
    pub quantities: Vec<Quantity>,
    /// The objective in which the best trial is best: see [`Summary::lead`].
    pub lead: usize,
    /// The objective that is to be saved: see [`Summary::cost`].
    pub cost: Option<usize>,
    /// The trials, best in the study's first objective first.
    pub members: Vec<Member>,
    /// The trial that others are compared with: the study's best in the lead, or else the one with the best mean.
    pub base: Option<u64>,
    /// The trial that the study recommends by its own figures, if it was run again.
    pub recommended: Option<u64>,
    /// The trial that the sentence compares: the recommended one if it is on the front of means, or else the knee of that front,
    /// or the best in the cost there.
    pub pick: Option<u64>,
    /// Those of the two that were chosen by these means.
    pub chosen: Vec<u64>,
    /// Constraints that a trial breaks by its mean, or keeps, but not for sure.
    pub constraints: Vec<(u64, ConstraintStanding)>,
    /// What metered the study and what metered the new trials, in words, where that differs, so that the energies of the two
    /// cannot be compared.
    pub metered_otherwise: Option<(String, String)>,
    /// Trials of which several seeds gave exactly the same in all objectives that are no energy, with each of these and how many seeds:
    /// as of a program that does not use its seed.
    pub unvaried: Vec<(u64, String, usize)>,
    /// Energy of all new trials, those that failed included.
    pub spent: Option<Spent>,
    /// The hardware whose counter was contradicted, in the study or since.
    pub doubts: Vec<(PowerDomain, Doubt)>,
}

impl Confirmation {
    /// Of trials of a study and a record in which their points were run again. Trials of other points are left out.
    #[must_use]
    pub fn of(study: &StudyRecord, again: &StudyRecord, trials: &[u64]) -> Self {
        let summary = Summary::of(study);
        let problem = study.problem();
        let quantities = quantities(study, again, &summary);
        let objectives = problem.objectives().len();
        let metered_otherwise = hardware(study).zip(hardware(again)).filter(|(then, now)| then != now);
        let known = trials.iter().filter_map(|id| study.trial(*id));
        let mut members: Vec<Member> =
            known.map(|trial| Member::of(trial, again, &quantities, problem.objectives())).collect();
        if metered_otherwise.is_some() {
            members.iter_mut().for_each(Member::forget_searched_energy);
        }
        let searched = |member: &Member| study.trial(member.trial).and_then(|t| study.losses(t)?.first().copied());
        members.sort_by(|a, b| {
            let key = |member| searched(member).unwrap_or(f64::INFINITY);
            key(a).total_cmp(&key(b)).then(a.trial.cmp(&b.trial))
        });
        let front = Front::of(problem, &mut members);
        let recommended = summary.pick.filter(|id| members.iter().any(|m| m.trial == *id && m.has_means()));
        let settled = summary.best.filter(|id| front.holds(*id));
        let base = settled.or_else(|| front.least(summary.lead));
        let other = |id: &u64| Some(*id) != base;
        let kept = recommended.filter(|id| members.iter().any(|m| m.trial == *id && m.on_front)).filter(other);
        let pick = kept.or_else(|| front.trade(problem, summary.cost?, base));
        let others = members.iter().filter(|member| member.has_means()).count() > 1;
        let mut chosen: Vec<u64> = base.filter(|_| settled.is_none() && others).into_iter().collect();
        chosen.extend(pick.filter(|_| kept.is_none()));
        if let Some(base) = base.and_then(|base| members.iter().find(|member| member.trial == base).cloned()) {
            for member in members.iter_mut().filter(|member| member.trial != base.trial) {
                member.differences = member.differences_from(&base, &quantities[..objectives]);
            }
        }
        let quantities =
            quantities.into_iter().enumerate().map(|(k, quantity)| written_for(quantity, &members, k)).collect();
        Self {
            name: study.header().name.clone(),
            changes: Vec::new(),
            objectives: problem.objectives().to_vec(),
            lead: summary.lead,
            cost: summary.cost,
            constraints: members.iter().flat_map(|member| member.constraints(problem)).collect(),
            quantities,
            unvaried: unvaried(&members, objectives),
            members,
            base,
            recommended,
            pick,
            chosen,
            metered_otherwise,
            spent: Spent::of_trials(again.trials()),
            doubts: doubts_of([again, study]),
        }
    }

    /// The same of trials that were run otherwise than in the study: what they were there is another matter.
    #[must_use]
    pub fn with_changes(mut self, changes: Vec<String>) -> Self {
        self.changes = changes;
        self
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

    /// Whether some figure of energy is an estimate.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        self.provenances().iter().any(Provenance::is_estimate)
    }

    /// How the energies came about, those of the study too, the best way first; empty without any.
    #[must_use]
    pub fn provenances(&self) -> Vec<Provenance> {
        let figures = || self.members.iter().flat_map(|member| &member.figures);
        Provenance::distinct(figures().flat_map(|figure| figure.by.iter().chain(&figure.searched_by)).cloned())
    }
}

/// A quantity in the digits that the means of all members need.
fn written_for(quantity: Quantity, members: &[Member], figure: usize) -> Quantity {
    let means: Vec<Mean> = members.iter().filter_map(|member| member.figures.get(figure)?.mean).collect();
    let values: Vec<f64> = means.iter().map(|mean| mean.mean).collect();
    let widths: Vec<f64> = means.iter().filter_map(|mean| mean.interval).map(|i| i.high - i.low).collect();
    if values.is_empty() { quantity } else { quantity.resolving(&values, &widths) }
}

/// See [`Confirmation::unvaried`]: where none of the objectives that are no energy moves with the seed. One that does shows that it is used.
fn unvaried(members: &[Member], objectives: usize) -> Vec<(u64, String, usize)> {
    let of = |member: &Member| {
        let told = member.figures.iter().take(objectives).filter(|f| !EnergyMetric::is_reserved(&f.metric));
        let told: Vec<(&Figure, Mean)> = told.filter_map(|f| Some((f, f.mean?))).collect();
        let moves = told.iter().any(|(_, mean)| mean.count < 2 || mean.sd != Some(0.0));
        let found = told.iter().filter(|_| !moves).map(|(f, mean)| (member.trial, f.metric.clone(), mean.count));
        found.collect::<Vec<_>>()
    };
    members.iter().flat_map(of).collect()
}

/// The means that count, as losses.
struct Front {
    trials: Vec<u64>,
    losses: Vec<Vec<f64>>,
    on_front: Vec<usize>,
}

impl Front {
    /// Of the members that keep the constraints and did not fail, or of those that failed where all did; marks those on the
    /// front.
    fn of(problem: &Problem, members: &mut [Member]) -> Self {
        let all_failed = members.iter().all(|member| member.failures() > 0);
        let losses = |member: &Member| {
            let told = member.figures.iter().filter_map(|f| Some((f.metric.clone(), f.mean.as_ref()?.mean)));
            let means: Metrics = told.collect();
            let counts = all_failed || member.failures() == 0;
            problem.losses(&means).ok().filter(|_| counts && problem.is_feasible(&means))
        };
        let (rows, losses): (Vec<usize>, Vec<Vec<f64>>) =
            members.iter().enumerate().filter_map(|(i, member)| Some((i, losses(member)?))).unzip();
        let on_front = non_dominated(&losses);
        for i in &on_front {
            members[rows[*i]].on_front = true;
        }
        Self { trials: rows.iter().map(|row| members[*row].trial).collect(), losses, on_front }
    }

    fn holds(&self, trial: u64) -> bool {
        self.trials.contains(&trial)
    }

    /// The best in an objective.
    fn least(&self, objective: usize) -> Option<u64> {
        self.least_of(&self.on_front, objective)
    }

    fn least_of(&self, among: &[usize], objective: usize) -> Option<u64> {
        let by = |a: &&usize, b: &&usize| self.losses[**a][objective].total_cmp(&self.losses[**b][objective]);
        among.iter().min_by(by).map(|i| self.trials[*i])
    }

    /// The best trade by the user's weights, among those that reach what the user prefers, if any do; where the front has no
    /// bend there, the best in the cost. Never the base.
    fn trade(&self, problem: &Problem, cost: usize, base: Option<u64>) -> Option<u64> {
        let reaches = |i: &&usize| {
            let values = problem.values(&self.losses[**i]);
            let value = |metric: &str| problem.objectives().iter().zip(&values).find(|(o, _)| o.metric == metric);
            let mut within = problem.preferences().iter().filter_map(|p| Some((*value(&p.metric)?.1, p.within?)));
            within.all(|(value, bound)| bound.violation(value) <= 0.0)
        };
        let preferred: Vec<usize> = self.on_front.iter().filter(reaches).copied().collect();
        let among = if preferred.is_empty() { &self.on_front } else { &preferred };
        let losses: Vec<&[f64]> = among.iter().map(|i| self.losses[*i].as_slice()).collect();
        let bend = weighted_knee(&losses, &problem.weights()).map(|i| self.trials[among[i]]);
        let others: Vec<usize> = among.iter().copied().filter(|i| Some(self.trials[*i]) != base).collect();
        bend.filter(|id| Some(*id) != base).or_else(|| self.least_of(&others, cost))
    }
}

/// The metrics that are told.
fn quantities(study: &StudyRecord, again: &StudyRecord, summary: &Summary) -> Vec<Quantity> {
    let mut quantities: Vec<Quantity> = summary.quantities.iter().chain(&summary.bounded).cloned().collect();
    let results = || study.trials().iter().chain(again.trials()).filter_map(|trial| trial.result());
    let mut more: Vec<String> =
        results().flat_map(|r| r.metrics.keys()).filter(|name| name.starts_with("test_")).cloned().collect();
    let counted = |result: &crate::record::TrialResult| {
        let phases = result.energy.keys().filter(|phase| result.metrics.contains_key(&samples_name(phase)));
        phases.map(|phase| per_thousand(phase).to_string()).collect::<Vec<_>>()
    };
    more.extend(again.trials().iter().filter_map(|trial| trial.result()).flat_map(counted));
    more.sort();
    more.dedup();
    more.retain(|name| !quantities.iter().any(|quantity| quantity.metric == *name));
    quantities.extend(more.into_iter().map(|name| {
        let values = results().filter_map(|result| result.metrics.get(&name).copied());
        Quantity::from_values(&name, values)
    }));
    quantities
}

fn per_thousand(phase: &str) -> EnergyMetric {
    EnergyMetric { phase: Some(phase.to_owned()), per_thousand: true, ..EnergyMetric::TOTAL }
}
