//! Where the trials of a history stand, for samplers that learn by comparing trials with each other.

use super::super::history::{History, Outcome};
use super::super::pareto::{given_reference, losses_of, ranks};
use super::super::problem::Problem;
use super::super::space::Encoding;

/// A finished trial.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// Its canonical vector.
    pub x: Vec<f64>,
    /// Its losses.
    pub losses: Vec<f64>,
    /// 0 for the best; trials of one rank are equally good.
    pub rank: usize,
}

/// All finished trials, in ascending order of their ids.
///
/// Trials rank by non-domination, but what lies beyond the coordinates of the reference point that the user gave ranks
/// behind all that does not, by how far beyond it lies: nothing out there counts in the hypervolume. This is Deb's
/// constrained domination (Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Trans. Evol.
/// Comput. 6(2), 2002, section VI) with the reference as the constraint. Excesses are summed as shares of the largest one so
/// far, so that units do not matter.
pub(super) fn standings(problem: &Problem, history: &History, encoding: &Encoding<'_>) -> Vec<Standing> {
    let finished = losses_of(problem, history);
    let given = given_reference(problem);
    let excess = |losses: &[f64]| -> Vec<f64> {
        // On the reference is beyond it: such a point adds no volume either.
        let beyond = |(loss, bound): (&f64, &Option<f64>)| bound.map_or(0.0, |b| (loss.next_up() - b).max(0.0));
        losses.iter().zip(&given).map(beyond).collect()
    };
    let excesses = shares(finished.iter().map(|(_, losses)| excess(losses)).collect());
    let mut behind: Vec<f64> = excesses.iter().copied().filter(|e| *e > 0.0).collect();
    behind.sort_by(f64::total_cmp);
    behind.dedup();
    let within: Vec<&[f64]> =
        finished.iter().zip(&excesses).filter(|(_, e)| **e == 0.0).map(|((_, losses), _)| losses.as_slice()).collect();
    let ranks = ranks(&within);
    let first_behind = ranks.iter().max().map_or(0, |worst| worst + 1);
    let mut ranks = ranks.into_iter();
    let rank = |excess: f64| match excess {
        0.0 => ranks.next().unwrap_or(first_behind),
        _ => first_behind + behind.partition_point(|e| *e < excess),
    };
    let ranked: Vec<usize> = excesses.into_iter().map(rank).collect();
    let standing = |((trial, losses), rank): ((&super::super::history::Trial, Vec<f64>), usize)| Standing {
        x: encoding.encode(&trial.point),
        losses,
        rank,
    };
    finished.into_iter().zip(ranked).map(standing).collect()
}

/// The sum of each row, with every column divided by its largest entry.
fn shares(rows: Vec<Vec<f64>>) -> Vec<f64> {
    let columns = rows.first().map_or(0, Vec::len);
    let largest: Vec<f64> = (0..columns).map(|j| rows.iter().map(|r| r[j]).fold(0.0, f64::max)).collect();
    let share = |(value, largest): (&f64, &f64)| if *value > 0.0 { value / largest } else { 0.0 };
    rows.iter().map(|row| row.iter().zip(&largest).map(share).sum()).collect()
}

/// The canonical vectors of the trials with this kind of outcome, in ascending order of their ids.
pub(super) fn vectors(history: &History, encoding: &Encoding<'_>, of: impl Fn(&Outcome) -> bool) -> Vec<Vec<f64>> {
    history.trials().iter().filter(|t| of(&t.outcome)).map(|t| encoding.encode(&t.point)).collect()
}
