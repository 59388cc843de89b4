//! The embedded optimizer: ask for a point, tell what came of it.

mod asked;
mod error;
mod measured;
mod run;
mod state;
#[cfg(test)]
mod tests;

pub use asked::PendingTrial;
pub use error::OptimizerError;
pub use measured::Measured;
pub use run::{FailedTrial, RunSummary};
pub use state::OptimizerState;

use std::sync::Arc;

use super::Seed;
use super::history::{FailureKind, History, Outcome, Trial, TrialId};
use super::pareto::{feasible_losses_of, front, hypervolume, reference_point, weighted_knee};
use super::problem::{Metrics, Problem};
use super::sampler::{Sampler, SamplerError, propose};
use super::space::Point;

/// A problem, a sampler, a seed, and the history so far. Keeps no files and reads no clock: the same calls always give
/// the same answers.
///
/// ```
/// use wattfront::optimizer::sampler::SobolSampler;
/// use wattfront::optimizer::{Optimizer, Problem, Seed, Space, float, maximize, minimize};
///
/// let space = Space::new([float("x", 0.0..=1.0)])?;
/// let problem = Problem::new(space, [maximize("accuracy"), minimize("energy")])?;
/// let mut optimizer = Optimizer::new(problem, SobolSampler, Seed(7));
/// for _ in 0..10 {
///     let trial = optimizer.ask()?;
///     let x: f64 = trial.get("x")?;
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
    /// The names of all parameters, for what is asked.
    names: Arc<[String]>,
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
        let names = problem.space().names().map(str::to_owned).collect();
        Self { problem, sampler: Box::new(sampler), seed, history, names }
    }

    /// The next point to evaluate. Its trial is pending until it is told; any number may be pending.
    ///
    /// # Errors
    /// [`OptimizerError::Sampler`] when every point of a finite space was tried or the sampler cannot handle the problem;
    /// [`OptimizerError::Problem`] for a stored problem that nobody can handle.
    pub fn ask(&mut self) -> Result<PendingTrial, OptimizerError> {
        let mut asked = self.ask_many(1)?;
        asked.pop().ok_or(OptimizerError::Sampler(SamplerError::Exhausted))
    }

    /// Up to `count` points to evaluate side by side: fewer only where a finite space has no more.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_many(&mut self, count: usize) -> Result<Vec<PendingTrial>, OptimizerError> {
        self.problem.check_objectives()?;
        let proposals = propose(&*self.sampler, &self.problem, &self.history, count, self.seed)?;
        let mut asked = Vec::with_capacity(proposals.len());
        for proposal in proposals {
            let id = self.history.next_id();
            let (point, names) = (proposal.point.clone(), Arc::clone(&self.names));
            asked.push(PendingTrial { id, seed: self.seed.of_trial(id.0), point, names });
            let trial = Trial { id, point: proposal.point, fit: Some(proposal.fit), outcome: Outcome::Pending };
            self.history.record(trial);
        }
        Ok(asked)
    }

    /// Tells the metrics of a trial: at least those of the objectives, in their own units. They are numbers, or [`Measured`]
    /// where something is known of their errors. Of others, those that are NaN or infinite are left out.
    /// None may be told twice.
    ///
    /// # Errors
    /// [`OptimizerError::UnknownTrial`], [`OptimizerError::AlreadyTold`], and for missing or impossible numbers
    /// [`OptimizerError::Metrics`], [`OptimizerError::RepeatedMetric`] and [`OptimizerError::StandardDeviation`]; then the trial stays pending, to be told again or to
    /// be [failed](Self::fail).
    pub fn tell<K: Into<String>, M: Into<Measured>>(
        &mut self,
        id: TrialId,
        metrics: impl IntoIterator<Item = (K, M)>,
    ) -> Result<(), OptimizerError> {
        let outcome = self.finished(metrics)?;
        self.settle(id, outcome)
    }

    /// Tells that a trial failed. A failure of the configuration teaches the sampler to stay away. After one of the
    /// environment the trial is given up, as if it had never been asked for, and its point may be proposed again.
    ///
    /// # Errors
    /// [`OptimizerError::UnknownTrial`], [`OptimizerError::AlreadyTold`].
    pub fn fail(&mut self, id: TrialId, kind: FailureKind) -> Result<(), OptimizerError> {
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
    /// [`OptimizerError::Point`] for a point that the space does not have, [`OptimizerError::Metrics`] and its like as in
    /// [`tell`](Self::tell).
    pub fn tell_point<K: Into<String>, M: Into<Measured>>(
        &mut self,
        point: Point,
        metrics: impl IntoIterator<Item = (K, M)>,
    ) -> Result<TrialId, OptimizerError> {
        let point = self.problem.space().typed(&point);
        self.problem.space().check(&point)?;
        let outcome = self.finished(metrics)?;
        let id = self.history.next_id();
        self.history.record(Trial { id, point, fit: None, outcome });
        Ok(id)
    }

    /// The finished trials that no other one dominates, from the best first objective to the worst.
    #[must_use]
    pub fn front(&self) -> Vec<&Trial> {
        front(&self.problem, &self.history)
    }

    /// The knee of the front: the trial where giving up a little more of one objective no longer gains much of another.
    /// It is sought within the user's [preferences](Problem::prefer) if there are trials there, and by their weights.
    /// `None` before the first
    /// finished trial that keeps every constraint, and where the front has no bend.
    #[must_use]
    pub fn knee(&self) -> Option<&Trial> {
        let all = feasible_losses_of(&self.problem, &self.history);
        let limits = self.problem.limits();
        let within = |losses: &[f64]| losses.iter().zip(&limits).all(|(loss, limit)| limit.is_none_or(|l| *loss <= l));
        let any = all.iter().any(|(_, losses)| within(losses));
        let (trials, losses): (Vec<&Trial>, Vec<Vec<f64>>) =
            all.into_iter().filter(|(_, losses)| !any || within(losses)).unzip();
        weighted_knee(&losses, &self.problem.weights()).map(|i| trials[i])
    }

    /// The finished trial that is best in this objective, among those that keep every constraint; of equals the first.
    ///
    /// # Errors
    /// [`ProblemError::UnknownObjective`](super::problem::ProblemError::UnknownObjective) for a metric that is no objective, and
    /// [`OptimizerError::NothingFinished`].
    pub fn best(&self, metric: &str) -> Result<&Trial, OptimizerError> {
        let objective = self.problem.objectives().iter().position(|objective| objective.metric == metric);
        let objective = objective.ok_or_else(|| self.problem.unknown_objective(metric))?;
        let trials = feasible_losses_of(&self.problem, &self.history).into_iter();
        let best = trials.min_by(|(_, a), (_, b)| a[objective].total_cmp(&b[objective]));
        best.map(|(trial, _)| trial).ok_or(OptimizerError::NothingFinished)
    }

    /// The hypervolume of the front, in losses, up to the reference point; 0 before the first finished trial.
    ///
    /// Coordinates of the reference point that the user did not give are inferred from the trials so far. So the number
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

    fn finished<K: Into<String>, M: Into<Measured>>(
        &self,
        metrics: impl IntoIterator<Item = (K, M)>,
    ) -> Result<Outcome, OptimizerError> {
        let told = metrics.into_iter().map(|(name, measured)| (name.into(), measured.into()));
        let (mut metrics, mut sd) = (Metrics::new(), Metrics::new());
        for (name, Measured { value, sd: known }) in told {
            sd.extend(known.map(|sd| (name.clone(), sd)));
            if metrics.insert(name.clone(), value).is_some() {
                return Err(OptimizerError::RepeatedMetric { metric: name });
            }
        }
        self.problem.check(&metrics).map_err(|cause| OptimizerError::Metrics { cause })?;
        metrics.retain(|_, value| value.is_finite());
        match sd.iter().find(|(_, sd)| !(sd.is_finite() && **sd >= 0.0)) {
            Some((metric, sd)) => Err(OptimizerError::StandardDeviation { metric: metric.clone(), sd: *sd }),
            None => Ok(Outcome::Finished { metrics, sd }),
        }
    }

    fn settle(&mut self, id: TrialId, outcome: Outcome) -> Result<(), OptimizerError> {
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
        let Self { problem, sampler, seed, history, names: _ } = self;
        let sampler = sampler.name();
        f.debug_struct("Optimizer")
            .field("problem", problem)
            .field("sampler", &sampler)
            .field("seed", seed)
            .field("history", history)
            .finish()
    }
}
