//! The front of a study and what stands out on it.

use super::growth::{counted, hypervolume_steps};
use super::recommendation::recommend;
use super::{EnergyBasis, Hypervolume, HypervolumeStep, PickReason, Provenance, Quantity, Totals};
use crate::optimizer::pareto::{dominates, non_dominated};
use crate::optimizer::sampler::START;
use crate::record::{StudyRecord, TrialRecord};

/// What a study came to.
///
/// The *lead* is the first objective that is no energy (or the first, if all are): "the most accurate trial" is best in
/// it. The *cost* is the first energy objective besides (or the first other one): what the user may save.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Index of the lead among the objectives.
    pub lead: usize,
    /// Index of the cost among the objectives; `None` if there is but one objective.
    pub cost: Option<usize>,
    /// One per objective, in order.
    pub quantities: Vec<Quantity>,
    /// The metrics of constraints that are no objectives, each once.
    pub bounded: Vec<Quantity>,
    /// Ids of the trials that keep the constraints and that no other such trial dominates, best in the first objective first, ties by id. Trials of equal values
    /// are all in it.
    pub front: Vec<u64>,
    /// The trial of the front that gives the best trade: the [knee](crate::optimizer::pareto::knee()) of what lies within
    /// the reference point and where the user prefers. Trials beyond the reference, such as a network that has learned nothing for next to no energy, are on the
    /// front and of no use; they would draw the knee to themselves. Where all lie beyond, all count. `None` where what
    /// counts has no bend, or is one trial of several, and where the user's weights decide instead of the shape.
    pub knee: Option<u64>,
    /// The trial to recommend: the knee, or what [`standing`](Self::standing) says. `None` without a front.
    pub pick: Option<u64>,
    /// What distinguishes the pick.
    pub standing: PickReason,
    /// The trials of the front that were chosen among, in its order: those that lie within the reference point, and where
    /// the user prefers. What nothing fulfils does not count: neither do preferences that no trial of the front reaches.
    pub useful: Vec<u64>,
    /// The trial of the front that is best in the lead.
    pub best: Option<u64>,
    /// The trial of the front that is best in the cost.
    pub cheapest: Option<u64>,
    /// The first finished trial of a point that the study was given to start with. Points told without that are none.
    pub start: Option<u64>,
    /// `None` without finished trials.
    pub hypervolume: Option<Hypervolume>,
    /// The growth of the hypervolume, against the same reference, over the trials that count, by id.
    pub steps: Vec<HypervolumeStep>,
    /// How many of the steps came before the first that a fitted surrogate proposed; `None` if there is no such trial.
    pub initial: Option<usize>,
    /// Counts, energy and time.
    pub totals: Totals,
    /// What the energy figures rest on.
    pub basis: EnergyBasis,
}

impl Summary {
    /// Of a record in any state: without trials, with failures only, still running.
    #[must_use]
    pub fn of(record: &StudyRecord) -> Self {
        let objectives = record.problem().objectives();
        let quantities: Vec<_> = objectives.iter().map(|o| Quantity::of(record, &o.metric)).collect();
        let lead = quantities.iter().position(|q| !q.is_energy()).unwrap_or(0);
        let mut others = (0..objectives.len()).filter(|&i| i != lead);
        let cost = others.clone().find(|&i| quantities[i].is_energy()).or_else(|| others.next());

        let (ids, losses): (Vec<u64>, Vec<Vec<f64>>) =
            record.trials().iter().filter_map(|t| Some((t.id, record.feasible_losses(t)?))).unzip();
        let mut rows = if objectives.is_empty() { Vec::new() } else { non_dominated(&losses) };
        rows.sort_by(|&a, &b| losses[a][0].total_cmp(&losses[b][0]).then(ids[a].cmp(&ids[b])));
        let front_losses: Vec<_> = rows.iter().map(|&i| losses[i].clone()).collect();
        let least = |k: usize| {
            let by = |a: &&usize, b: &&usize| rank(&losses[**a], k).total_cmp_all(&rank(&losses[**b], k));
            rows.iter().min_by(by).map(|&i| ids[i])
        };
        let hypervolume = Hypervolume::of(record);
        let best = least(lead);
        let front: Vec<u64> = rows.iter().map(|&i| ids[i]).collect();
        let corner = hypervolume.as_ref().map_or(&[][..], |h| &h.reference);
        let found = recommend(record, &front, &front_losses, corner, (lead, cost), best);
        let standing = found.as_ref().map_or(PickReason::Knee, |r| r.standing);
        let pick = found.as_ref().map(|r| r.pick);
        Self {
            lead,
            cost,
            bounded: bounded(record),
            knee: pick.filter(|_| standing == PickReason::Knee),
            pick,
            standing,
            useful: found.map_or_else(Vec::new, |r| r.useful),
            best,
            cheapest: cost.and_then(least),
            front,
            start: record.trials().iter().find(|t| is_start(record, t) && t.result().is_some()).map(|t| t.id),
            steps: hypervolume.as_ref().map_or_else(Vec::new, |h| hypervolume_steps(record, h)),
            hypervolume,
            initial: initial(record),
            totals: Totals::of(record),
            basis: EnergyBasis::of(record),
            quantities,
        }
    }

    /// Whether a trial is on the front.
    #[must_use]
    pub fn on_front(&self, trial: u64) -> bool {
        self.front.contains(&trial)
    }

    /// Whether energy is an objective and rests on estimates, so that the front must be called estimated.
    #[must_use]
    pub fn front_is_estimated(&self) -> bool {
        let energy = self.quantities.iter().any(Quantity::is_energy);
        energy && self.basis.provenances.iter().any(Provenance::is_estimate)
    }

    /// Whether energy is an objective and a counter that it rests on is contradicted, so that the front must be called doubtful.
    #[must_use]
    pub fn front_is_doubtful(&self) -> bool {
        let energy = self.quantities.iter().any(Quantity::is_energy);
        energy && self.basis.provenances.iter().any(|provenance| provenance.doubtful)
    }
}

/// Whether a trial keeps the constraints and no other such trial dominates it; false for a trial without a result. Quicker
/// than a whole [`Summary`].
#[must_use]
pub fn is_on_front(record: &StudyRecord, trial: u64) -> bool {
    let losses = |t: &TrialRecord| record.feasible_losses(t);
    let Some(own) = record.trial(trial).and_then(losses) else { return false };
    let mut others = record.trials().iter().filter_map(losses);
    !others.any(|other| dominates(&other, &own))
}

/// The metrics of constraints that are no objectives.
fn bounded(record: &StudyRecord) -> Vec<Quantity> {
    let objectives = record.problem().objectives();
    let mut metrics: Vec<&str> = Vec::new();
    for constraint in record.problem().constraints() {
        let metric = constraint.metric.as_str();
        if !metrics.contains(&metric) && !objectives.iter().any(|o| o.metric == metric) {
            metrics.push(metric);
        }
    }
    metrics.into_iter().map(|metric| Quantity::of(record, metric)).collect()
}

/// Whether the point is one that the study was given to start with: proposed as such, or told by somebody who had tried it.
fn is_start(record: &StudyRecord, trial: &TrialRecord) -> bool {
    let problem = record.problem();
    match &trial.fit {
        Some(fit) => fit.rule == START,
        None => {
            problem.starts().iter().any(|start| problem.space().typed(start) == problem.space().typed(&trial.point))
        }
    }
}

/// Losses with the `k`-th first: the order of "best in objective k", the others deciding ties.
struct Rank(Vec<f64>);

fn rank(losses: &[f64], k: usize) -> Rank {
    let rest = losses.iter().enumerate().filter(|(i, _)| *i != k).map(|(_, v)| *v);
    Rank(std::iter::once(losses[k]).chain(rest).collect())
}

impl Rank {
    fn total_cmp_all(&self, other: &Self) -> std::cmp::Ordering {
        let pairs = self.0.iter().zip(&other.0).map(|(a, b)| a.total_cmp(b));
        pairs.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    }
}

fn initial(record: &StudyRecord) -> Option<usize> {
    counted(record).iter().position(|t| t.fit.as_ref().is_some_and(|f| !f.objectives.is_empty()))
}
