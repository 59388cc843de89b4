//! Which trial of the front to recommend, and how much can be said for it.

use super::feasibility::lacking;
use crate::optimizer::pareto::weighted_knee;
use crate::optimizer::problem::Goal;
use crate::record::StudyRecord;

/// What distinguishes the trial that is recommended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickReason {
    /// It is the knee, the best trade by the shape of the front; or the front is this trial alone.
    Knee,
    /// The front has no bend: two trials only, a straight line or a bulge. It is the one of its trials within the
    /// reference point that saves the largest share of the cost for the share of the lead given up. Both shares are
    /// against the best in the lead; where none saves a larger share than it gives up, it is that best itself. That is
    /// a rule to have one answer, and no mark of quality.
    NoBend,
    /// The front has several trials, but only this one lies within the reference point.
    OnlyUseful,
    /// The best trade by the user's weights: see [`weighted_knee`].
    Weighted,
    /// The front has several trials, but only this one is where the user prefers.
    OnlyPreferred,
    /// No trial of the front is where the user prefers, and this one comes nearest: what it lacks, each as a share of the
    /// bound, has the smallest sum.
    Nearest,
}

/// What is recommended.
pub(super) struct Recommendation {
    /// The trial.
    pub(super) pick: u64,
    /// What distinguishes it.
    pub(super) standing: PickReason,
    /// The trials that were chosen among, in the order of the front: those where the user prefers and within the reference
    /// point; where there is none, those where the user prefers; where he prefers nothing or nothing that there is, those
    /// within the reference point, or else all.
    pub(super) useful: Vec<u64>,
}

/// Of a front of `ids` with these losses; `corner` is the reference point, `axes` the lead and the cost, `best` the best in
/// the lead. `None` for an empty front.
pub(super) fn recommend(
    record: &StudyRecord,
    ids: &[u64],
    losses: &[Vec<f64>],
    corner: &[f64],
    axes: (usize, Option<usize>),
    best: Option<u64>,
) -> Option<Recommendation> {
    let counts = |i: &usize| losses[*i].iter().zip(corner).all(|(loss, corner)| loss < corner);
    let or_else = |few: Vec<usize>, all: &[usize]| if few.is_empty() { all.to_vec() } else { few };
    let all: Vec<usize> = (0..ids.len()).collect();
    let lacks = |i: &usize| record.trial(ids[*i]).map_or(f64::INFINITY, |t| lacking(record, t));
    let preferred: Vec<usize> = all.iter().copied().filter(|i| lacks(i) <= 0.0).collect();
    if preferred.is_empty() && !all.is_empty() {
        let nearest = all.iter().min_by(|a, b| lacks(a).total_cmp(&lacks(b)))?;
        let useful = or_else(all.iter().copied().filter(counts).collect(), &all).into_iter().map(|i| ids[i]);
        return Some(Recommendation { pick: ids[*nearest], standing: PickReason::Nearest, useful: useful.collect() });
    }
    let within = or_else(preferred.iter().copied().filter(counts).collect(), &preferred);
    let useful: Vec<u64> = within.iter().map(|&i| ids[i]).collect();
    let counted: Vec<&[f64]> = within.iter().map(|&i| losses[i].as_slice()).collect();
    let weights = record.problem().weights();
    let weighted = weights.iter().any(|w| *w != weights[0]);
    let (pick, standing) = match (weighted_knee(&counted, &weights), &useful[..]) {
        (_, [only]) if preferred.len() == 1 && ids.len() > 1 => (*only, PickReason::OnlyPreferred),
        (_, [only]) if ids.len() > 1 => (*only, PickReason::OnlyUseful),
        (Some(i), many) => {
            (useful[i], if weighted && many.len() > 1 { PickReason::Weighted } else { PickReason::Knee })
        }
        (None, _) => {
            let lead = |i: &&usize| losses[**i][axes.0];
            let nearest = within.iter().min_by(|a, b| lead(a).total_cmp(&lead(b))).map(|&i| ids[i]);
            let base = best.filter(|id| useful.contains(id)).or(nearest)?;
            (cheapest_for_its_price(record, &useful, axes, base), PickReason::NoBend)
        }
    };
    Some(Recommendation { pick, standing, useful })
}

/// The trial that saves the largest share of the cost per share of the lead given up against `base`; `base` if no trial saves
/// a larger share than it gives up.
fn cheapest_for_its_price(record: &StudyRecord, trials: &[u64], axes: (usize, Option<usize>), base: u64) -> u64 {
    let worth = |trial: u64| {
        let saved = share_gained(record, axes.1?, trial, base)?;
        let given_up = -share_gained(record, axes.0, trial, base)?;
        (saved > 0.0).then(|| if given_up > 0.0 { saved / given_up } else { f64::INFINITY })
    };
    let worthy = trials.iter().filter_map(|&id| Some((id, worth(id)?))).filter(|(_, worth)| *worth > 1.0);
    worthy.reduce(|a, b| if b.1 > a.1 { b } else { a }).map_or(base, |(id, _)| id)
}

/// By what share of the value of `other` the trial is better in an objective, in the metric's own units; below zero if it is
/// worse, infinite against zero.
fn share_gained(record: &StudyRecord, objective: usize, trial: u64, other: u64) -> Option<f64> {
    let objective = record.problem().objectives().get(objective)?;
    let value = |id: u64| record.trial(id)?.result()?.metrics.get(&objective.metric).copied();
    let (to, from) = (value(trial)?, value(other)?);
    let gain = match objective.goal {
        Goal::Minimize => from - to,
        Goal::Maximize => to - from,
    };
    Some(if gain == 0.0 { 0.0 } else { gain / from.abs() })
}
