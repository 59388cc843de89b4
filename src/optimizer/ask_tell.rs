//! The embedded optimizer: ask for a point, tell what came of it.

use super::Seed;
use super::history::{FailureKind, History, Outcome, Trial};
use super::pareto::{feasible_losses_of, front, hypervolume, reference_point};
use super::problem::{Metrics, Problem, ValueError};
use super::sampler::{Sampler, SamplerError, propose};
use super::space::{Point, PointError};

/// Why the optimizer refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptimizerError {
    /// The problem has no objective.
    #[error("the problem has no objective: add one with `maximize` or `minimize`")]
    NoObjective,
    /// An objective's reference cannot be taken.
    #[error("the reference point is unusable: {0}")]
    Reference(#[source] ValueError),
    /// The sampler has nothing to propose.
    #[error(transparent)]
    Sampler(#[from] SamplerError),
    /// No trial has this id.
    #[error("there is no trial {id}: tell only ids that `ask` gave")]
    UnknownTrial {
        /// The id.
        id: u64,
    },
    /// The trial has its outcome already.
    #[error("trial {id} was told already")]
    AlreadyTold {
        /// The id.
        id: u64,
    },
    /// The metrics are no outcome. The trial, if there is one, stays pending.
    #[error("these metrics cannot be taken: {source}")]
    Metrics {
        /// What is wrong with them.
        source: ValueError,
    },
    /// A standard deviation below zero, NaN or infinite.
    #[error("the standard deviation of `{metric}` is {sd}; it must be a finite number, zero or above")]
    StandardDeviation {
        /// The metric.
        metric: String,
        /// Its standard deviation.
        sd: f64,
    },
    /// A point that the space does not have.
    #[error("the point is not in the space: {0}")]
    Point(#[from] PointError),
}

/// A point to evaluate, and the id under which to tell the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    id: u64,
    point: Point,
}

impl Asked {
    /// The trial's id.
    #[must_use]
    pub fn id(&self) -> u64 {
        self.id
    }

    /// The configuration to evaluate.
    #[must_use]
    pub fn point(&self) -> &Point {
        &self.point
    }
}

/// A problem, a sampler, a seed, and the history so far. Keeps no files and reads no clock: the same calls always give
/// the same answers.
///
/// ```
/// use wattfront::optimizer::{Optimizer, Seed, problem::Problem, sampler::SobolSampler, space::Space};
///
/// let space = Space::builder().float("x", 0.0..=1.0).build()?;
/// let problem = Problem::new(space).maximize("accuracy").minimize("energy");
/// let mut optimizer = Optimizer::new(problem, SobolSampler, Seed(7));
/// for _ in 0..10 {
///     let trial = optimizer.ask()?;
///     let x = trial.point().number("x").unwrap_or_default();
///     optimizer.tell(trial.id(), [("accuracy", x.sqrt()), ("energy", x)])?;
/// }
/// assert_eq!(optimizer.front().len(), 10);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Optimizer {
    problem: Problem,
    sampler: Box<dyn Sampler>,
    seed: Seed,
    history: History,
}

impl Optimizer {
    /// An optimizer without trials.
    #[must_use]
    pub fn new(problem: Problem, sampler: impl Sampler + 'static, seed: Seed) -> Self {
        Self::resume(problem, sampler, seed, History::new())
    }

    /// An optimizer that goes on from a history, whose points get the types and the spelling of the space.
    #[must_use]
    pub fn resume(problem: Problem, sampler: impl Sampler + 'static, seed: Seed, mut history: History) -> Self {
        for trial in history.trials().to_vec() {
            let point = problem.space().typed(&trial.point);
            if point != trial.point {
                history.record(Trial { point, ..trial });
            }
        }
        Self { problem, sampler: Box::new(sampler), seed, history }
    }

    /// The next point to evaluate. Its trial is pending until it is told; any number may be pending.
    ///
    /// # Errors
    /// [`OptimizerError::Sampler`] when every point of a finite space was tried or the sampler cannot handle the problem;
    /// [`OptimizerError::NoObjective`] and [`OptimizerError::Reference`] for problems that nobody can handle.
    pub fn ask(&mut self) -> Result<Asked, OptimizerError> {
        let mut asked = self.ask_many(1)?;
        asked.pop().ok_or(OptimizerError::Sampler(SamplerError::Exhausted))
    }

    /// Up to `count` points to evaluate side by side: fewer only where a finite space has no more.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_many(&mut self, count: usize) -> Result<Vec<Asked>, OptimizerError> {
        if self.problem.objectives().is_empty() {
            return Err(OptimizerError::NoObjective);
        }
        for objective in self.problem.objectives() {
            objective.reference.map_or(Ok(0.0), |r| objective.loss(r)).map_err(OptimizerError::Reference)?;
        }
        let proposals = propose(&*self.sampler, &self.problem, &self.history, count, self.seed)?;
        let mut asked = Vec::with_capacity(proposals.len());
        for proposal in proposals {
            let id = self.history.next_id();
            asked.push(Asked { id, point: proposal.point.clone() });
            let trial = Trial { id, point: proposal.point, fit: Some(proposal.fit), outcome: Outcome::Pending };
            self.history.record(trial);
        }
        Ok(asked)
    }

    /// Tells the metrics of a trial: at least those of the objectives, in their own units. Of others, those that are NaN or infinite are
    /// left out.
    ///
    /// # Errors
    /// [`OptimizerError::UnknownTrial`], [`OptimizerError::AlreadyTold`], and [`OptimizerError::Metrics`] for missing or
    /// impossible numbers; then the trial stays pending, to be told again or to be [failed](Self::fail).
    pub fn tell<K: Into<String>>(
        &mut self,
        id: u64,
        metrics: impl IntoIterator<Item = (K, f64)>,
    ) -> Result<(), OptimizerError> {
        self.tell_with_sd(id, metrics, Metrics::new())
    }

    /// As [`tell`](Self::tell), with the known standard deviations of some metrics, in the metrics' own units. 0 says that
    /// the value is exact: evaluated again, it would be the same.
    ///
    /// # Errors
    /// As [`tell`](Self::tell), and [`OptimizerError::StandardDeviation`].
    pub fn tell_with_sd<K: Into<String>, L: Into<String>>(
        &mut self,
        id: u64,
        metrics: impl IntoIterator<Item = (K, f64)>,
        sd: impl IntoIterator<Item = (L, f64)>,
    ) -> Result<(), OptimizerError> {
        let outcome = self.finished(metrics, sd)?;
        self.settle(id, outcome)
    }

    /// Tells that a trial failed. A failure of the configuration teaches the sampler to stay away. After one of the
    /// environment the trial is given up, as if it had never been asked for, and its point may be proposed again.
    ///
    /// # Errors
    /// [`OptimizerError::UnknownTrial`], [`OptimizerError::AlreadyTold`].
    pub fn fail(&mut self, id: u64, kind: FailureKind) -> Result<(), OptimizerError> {
        self.settle(id, Outcome::Failed(kind))?;
        if !kind.is_of_configuration() {
            self.history.remove(id);
        }
        Ok(())
    }

    /// Tells the metrics of a point that was not asked for. Returns the id of its new trial, whose point has its numbers in the types
    /// and the spelling of the space.
    ///
    /// # Errors
    /// [`OptimizerError::Point`] for a point that the space does not have, [`OptimizerError::Metrics`] as in
    /// [`tell`](Self::tell).
    pub fn tell_point<K: Into<String>>(
        &mut self,
        point: Point,
        metrics: impl IntoIterator<Item = (K, f64)>,
    ) -> Result<u64, OptimizerError> {
        let point = self.problem.space().typed(&point);
        self.problem.space().check(&point)?;
        let outcome = self.finished(metrics, Metrics::new())?;
        let id = self.history.next_id();
        self.history.record(Trial { id, point, fit: None, outcome });
        Ok(id)
    }

    /// The finished trials that no other one dominates, from the best first objective to the worst.
    #[must_use]
    pub fn front(&self) -> Vec<&Trial> {
        front(&self.problem, &self.history)
    }

    /// The hypervolume of the front, in losses, up to the reference point; 0 before the first finished trial.
    ///
    /// Coordinates of the reference point that the user did not give are inferred from the trials so far, so the number
    /// can fall until [`freeze_reference`](Self::freeze_reference) is called.
    #[must_use]
    pub fn hypervolume(&self) -> f64 {
        let losses: Vec<Vec<f64>> =
            feasible_losses_of(&self.problem, &self.history).into_iter().map(|(_, losses)| losses).collect();
        reference_point(&self.problem, &self.history).map_or(0.0, |reference| hypervolume(&losses, &reference))
    }

    /// Keeps the reference point of [`hypervolume`](Self::hypervolume) as it is now. Without a finished trial there is none
    /// to keep.
    pub fn freeze_reference(&mut self) {
        if let Some(reference) = reference_point(&self.problem, &self.history) {
            self.history.freeze_reference(reference);
        }
    }

    /// The problem.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// All trials, pending ones too.
    #[must_use]
    pub fn history(&self) -> &History {
        &self.history
    }

    fn finished<K: Into<String>, L: Into<String>>(
        &self,
        metrics: impl IntoIterator<Item = (K, f64)>,
        sd: impl IntoIterator<Item = (L, f64)>,
    ) -> Result<Outcome, OptimizerError> {
        let mut metrics: Metrics = metrics.into_iter().map(|(k, v)| (k.into(), v)).collect();
        let sd: Metrics = sd.into_iter().map(|(k, v)| (k.into(), v)).collect();
        self.problem.check(&metrics).map_err(|source| OptimizerError::Metrics { source })?;
        metrics.retain(|_, value| value.is_finite());
        match sd.iter().find(|(_, sd)| !(sd.is_finite() && **sd >= 0.0)) {
            Some((metric, sd)) => Err(OptimizerError::StandardDeviation { metric: metric.clone(), sd: *sd }),
            None => Ok(Outcome::Finished { metrics, sd }),
        }
    }

    fn settle(&mut self, id: u64, outcome: Outcome) -> Result<(), OptimizerError> {
        let trial = self.history.get(id).ok_or(OptimizerError::UnknownTrial { id })?;
        if trial.outcome != Outcome::Pending {
            return Err(OptimizerError::AlreadyTold { id });
        }
        let trial = Trial { outcome, ..trial.clone() };
        self.history.record(trial);
        Ok(())
    }
}

impl std::fmt::Debug for Optimizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { problem, sampler, seed, history } = self;
        let sampler = sampler.name();
        f.debug_struct("Optimizer")
            .field("problem", problem)
            .field("sampler", &sampler)
            .field("seed", seed)
            .field("history", history)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::sampler::RandomSampler;
    use crate::optimizer::space::Space;

    fn optimizer() -> Optimizer {
        let space = Space::builder().int("x", 0..=2).build().unwrap();
        Optimizer::new(Problem::new(space).maximize("a").minimize("e").log(), RandomSampler, Seed(1))
    }

    #[test]
    fn asks_until_the_space_is_used_up() {
        let mut optimizer = optimizer();
        let asked: Vec<_> = (0..3).map(|_| optimizer.ask().unwrap()).collect();
        assert_eq!(asked.iter().map(Asked::id).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(optimizer.ask(), Err(OptimizerError::Sampler(SamplerError::Exhausted)));
        assert_eq!(optimizer.history().next_id(), 3);
    }

    #[test]
    fn refuses_what_cannot_be_told_and_keeps_the_trial_pending() {
        let mut optimizer = optimizer();
        let id = optimizer.ask().unwrap().id();
        let error = |o: &mut Optimizer, m: &[(&str, f64)]| o.tell(id, m.iter().copied()).unwrap_err().to_string();
        let messages = [
            error(&mut optimizer, &[("a", 1.0)]),
            error(&mut optimizer, &[("a", f64::NAN), ("e", 1.0)]),
            error(&mut optimizer, &[("a", 1.0), ("e", 0.0)]),
        ];
        assert!(messages[0].contains("`e` was not reported"), "{}", messages[0]);
        assert!(messages[1].contains("NaN"), "{}", messages[1]);
        assert!(messages[2].contains("log scale"), "{}", messages[2]);
        let sd = optimizer.tell_with_sd(id, [("a", 1.0), ("e", 1.0)], [("e", -1.0)]);
        assert!(matches!(sd, Err(OptimizerError::StandardDeviation { .. })));
        assert_eq!(optimizer.history().get(id).unwrap().outcome, Outcome::Pending);
        optimizer.tell(id, [("a", 1.0), ("e", 1.0)]).unwrap();
        assert_eq!(optimizer.tell(id, [("a", 1.0), ("e", 1.0)]), Err(OptimizerError::AlreadyTold { id }));
        assert_eq!(optimizer.fail(9, FailureKind::Diverged), Err(OptimizerError::UnknownTrial { id: 9 }));
    }

    #[test]
    fn failures_of_the_configuration_stay_and_those_of_the_environment_go() {
        let mut optimizer = optimizer();
        let (a, b) = (optimizer.ask().unwrap(), optimizer.ask().unwrap());
        optimizer.fail(a.id(), FailureKind::OutOfMemory).unwrap();
        optimizer.fail(b.id(), FailureKind::WorkerLost).unwrap();
        assert_eq!(optimizer.history().trials().len(), 1);
        let rest = optimizer.ask_many(5).unwrap();
        assert_eq!(rest.iter().map(Asked::id).collect::<Vec<_>>(), [2, 3]);
        assert!(rest.iter().any(|r| r.point() == b.point()));
        assert!(rest.iter().all(|r| r.point() != a.point()));
    }

    #[test]
    fn what_is_no_number_and_no_objective_is_left_out() {
        let mut optimizer = optimizer();
        let id = optimizer.ask().unwrap().id();
        optimizer.tell(id, [("a", 0.5), ("e", 1.0), ("loss", f64::NAN), ("f1", f64::INFINITY), ("size", 3.0)]).unwrap();
        let Outcome::Finished { metrics, .. } = &optimizer.history().get(id).unwrap().outcome else {
            panic!("finished")
        };
        assert_eq!(metrics.keys().collect::<Vec<_>>(), ["a", "e", "size"]);
    }

    #[test]
    fn points_brought_by_the_user_count_and_the_front_is_sorted() {
        let mut optimizer = optimizer();
        for (x, a, e) in [(0, 0.5, 1.0), (1, 0.9, 10.0), (2, 0.4, 2.0)] {
            optimizer.tell_point(Point::from_iter([("x", x)]), [("a", a), ("e", e)]).unwrap();
        }
        assert_eq!(optimizer.front().iter().map(|t| t.id).collect::<Vec<_>>(), [1, 0]);
        assert!(optimizer.hypervolume() > 0.0);
        let wrong = optimizer.tell_point(Point::from_iter([("x", 7)]), [("a", 1.0), ("e", 1.0)]);
        assert!(matches!(wrong, Err(OptimizerError::Point(_))));
        optimizer.freeze_reference();
        let frozen = optimizer.history().reference().unwrap().to_vec();
        assert_eq!(Some(frozen), reference_point(optimizer.problem(), optimizer.history()));
    }

    #[test]
    fn problems_without_sense_are_named() {
        let space = Space::builder().float("x", 0.0..=1.0).build().unwrap();
        let mut none = Optimizer::new(Problem::new(space.clone()), RandomSampler, Seed(1));
        assert_eq!(none.ask(), Err(OptimizerError::NoObjective));
        let problem = Problem::new(space).minimize("e").log().reference(-1.0);
        let mut unusable = Optimizer::new(problem, RandomSampler, Seed(1));
        assert!(matches!(unusable.ask(), Err(OptimizerError::Reference(_))));
    }
}
