//! The ranks of a history's trials by constrained domination, for samplers that learn by comparing trials with each other.

use super::super::history::{History, Outcome, Trial};
use super::super::pareto::{given_reference, losses_of, ranks};
use super::super::problem::Problem;
use super::super::space::Encoding;

/// A finished trial.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RankedTrial {
    /// Its canonical vector.
    pub x: Vec<f64>,
    /// Its losses.
    pub losses: Vec<f64>,
    /// 0 for the best; trials of one rank are equally good.
    pub rank: usize,
    /// Whether it keeps all constraints and lies in the part of the losses that is of interest.
    pub wanted: bool,
}

/// All finished trials, in ascending order of their ids.
///
/// By Deb's constrained domination (Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE
/// Trans. Evol. Comput. 6(2), 2002, section VI), applied twice:
///
/// 1. Trials that keep all constraints and lie within the user's coordinates of the reference point and
///    [limits](Problem::limits) rank by non-domination.
/// 2. Behind them come those that keep all constraints but lie beyond, by how far they do: nothing out there adds to
///    the hypervolume that is reported, or is of interest.
/// 3. Last come those that break constraints, by how far they do.
///
/// Distances of several kinds are added up as shares of the largest one so far, so that units do not matter.
pub(super) fn ranked_trials(problem: &Problem, history: &History, encoding: &Encoding<'_>) -> Vec<RankedTrial> {
    let finished = losses_of(problem, history);
    let violations = shares(finished.iter().map(|(trial, _)| violations(problem, trial)).collect());
    let bounds = bounds(problem);
    let beyond = |(loss, bound): (&f64, &f64)| (loss - bound).max(0.0);
    let excesses = shares(finished.iter().map(|(_, l)| Some(l.iter().zip(&bounds).map(beyond).collect())).collect());
    // What decides between trials that are not wanted, in this order.
    let distance = |i: usize| (violations[i], if violations[i] > 0.0 { 0.0 } else { excesses[i] });
    let (wanted, mut rest): (Vec<usize>, Vec<usize>) = (0..finished.len()).partition(|&i| distance(i) == (0.0, 0.0));
    rest.sort_by(|&a, &b| {
        let ((a, u), (b, v)) = (distance(a), distance(b));
        a.total_cmp(&b).then(u.total_cmp(&v))
    });

    let mut rank = vec![0; finished.len()];
    let losses: Vec<&[f64]> = wanted.iter().map(|&i| finished[i].1.as_slice()).collect();
    for (i, r) in wanted.iter().zip(ranks(&losses)) {
        rank[*i] = r;
    }
    let behind = wanted.iter().map(|&i| rank[i] + 1).max().unwrap_or(0);
    for (step, equals) in rest.chunk_by(|&a, &b| distance(a) == distance(b)).enumerate() {
        for &i in equals {
            rank[i] = behind + step;
        }
    }
    let standing = |(i, (trial, losses)): (usize, (&Trial, Vec<f64>))| RankedTrial {
        x: encoding.encode(&trial.point),
        losses,
        rank: rank[i],
        wanted: distance(i) == (0.0, 0.0),
    };
    finished.into_iter().enumerate().map(standing).collect()
}

/// How far a trial breaks each constraint; `None` if that cannot be told.
fn violations(problem: &Problem, trial: &Trial) -> Option<Vec<f64>> {
    let Outcome::Finished { metrics, .. } = &trial.outcome else { return None };
    Some(problem.violations(metrics).ok()?.into_iter().map(|v| v.max(0.0)).collect())
}

/// The largest loss of interest per objective: the limit, or just short of the user's coordinate of the reference
/// point, where a point begins to add volume.
fn bounds(problem: &Problem) -> Vec<f64> {
    let tighter = |(limit, reference): (Option<f64>, Option<f64>)| {
        let reference = reference.map_or(f64::INFINITY, f64::next_down);
        limit.unwrap_or(f64::INFINITY).min(reference)
    };
    problem.limits().into_iter().zip(given_reference(problem)).map(tighter).collect()
}

/// The sum of each row, with every column divided by its largest entry; infinite for a missing row.
fn shares(rows: Vec<Option<Vec<f64>>>) -> Vec<f64> {
    let columns = rows.iter().flatten().map(Vec::len).max().unwrap_or(0);
    let largest: Vec<f64> = (0..columns).map(|j| rows.iter().flatten().map(|r| r[j]).fold(0.0, f64::max)).collect();
    let share = |(value, largest): (&f64, &f64)| if *value > 0.0 { value / largest } else { 0.0 };
    let sum = |row: &Vec<f64>| row.iter().zip(&largest).map(share).sum();
    rows.iter().map(|row| row.as_ref().map_or(f64::INFINITY, sum)).collect()
}

/// The canonical vectors of the trials with such an outcome, in ascending order of their ids.
pub(super) fn vectors(history: &History, encoding: &Encoding<'_>, of: impl Fn(&Outcome) -> bool) -> Vec<Vec<f64>> {
    history.trials().iter().filter(|t| of(&t.outcome)).map(|t| encoding.encode(&t.point)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::problem::{Bound, Metrics, at_least, at_most, maximize, minimize};
    use super::super::super::space::{Point, Space, float};
    use super::*;
    use crate::optimizer::TrialId;

    fn history(metrics: &[[f64; 3]]) -> History {
        let mut history = History::new();
        for (i, [accuracy, energy, memory]) in metrics.iter().enumerate() {
            let named = [("accuracy", accuracy), ("energy", energy), ("memory", memory)];
            let metrics = named.into_iter().map(|(name, v)| (name.to_owned(), *v)).collect();
            let outcome = Outcome::Finished { metrics, sd: Metrics::new() };
            let point = Point::from_iter([("x", i as f64 / 10.0)]);
            history.record(Trial { id: TrialId(i as u64), point, fit: None, outcome });
        }
        history
    }

    fn problem() -> Problem {
        let space = Space::new([float("x", 0.0..=1.0)]).unwrap();
        Problem::new(space, [maximize("accuracy"), minimize("energy")]).unwrap()
    }

    fn standing(problem: &Problem, metrics: &[[f64; 3]]) -> (Vec<usize>, Vec<bool>) {
        let encoding = Encoding::new(problem.space());
        ranked_trials(problem, &history(metrics), &encoding).into_iter().map(|s| (s.rank, s.wanted)).unzip()
    }

    #[test]
    fn trials_that_keep_the_constraints_come_first_and_the_others_by_how_far_they_break_them() {
        let metrics = [[0.9, 5.0, 1.0], [0.99, 1.0, 9.0], [0.5, 9.0, 1.0], [0.99, 1.0, 3.0], [0.3, 1.0, 1.0]];
        assert_eq!(standing(&problem(), &metrics).0, [1, 0, 2, 0, 1]);
        let bounded = problem().subject_to([at_most("memory", 2.0), at_least("accuracy", 0.4)]).unwrap();
        // Of the memory's largest excess, 7, trial 3 has a seventh; trial 4 has all of the accuracy's largest, and
        // ties.
        assert_eq!(standing(&bounded, &metrics), (vec![0, 3, 1, 2, 3], vec![true, false, true, false, false]));
    }

    #[test]
    fn what_lies_beyond_the_reference_or_a_preference_comes_behind_what_does_not() {
        let metrics = [[0.9, 5.0, 0.0], [0.99, 10.0, 0.0], [0.5, 1.0, 0.0], [0.7, 2.0, 0.0], [0.8, 30.0, 0.0]];
        let bounded =
            Problem::new(problem().space().clone(), [maximize("accuracy"), minimize("energy").reference(10.0)])
                .unwrap();
        assert_eq!(standing(&bounded, &metrics), (vec![0, 1, 0, 0, 2], vec![true, false, true, true, false]));
        let preferring = problem()
            .prefer([super::super::super::problem::Preference::within("accuracy", Bound::AtLeast(0.9))])
            .unwrap();
        assert_eq!(standing(&preferring, &metrics), (vec![0, 0, 3, 2, 1], vec![true, true, false, false, false]));
    }

    #[test]
    fn a_constraint_whose_metric_is_missing_is_broken_worst() {
        let bounded = problem().subject_to([at_most("loss", 2.0)]).unwrap();
        assert_eq!(standing(&bounded, &[[0.9, 5.0, 1.0], [0.99, 1.0, 9.0]]), (vec![0, 0], vec![false, false]));
    }
}
