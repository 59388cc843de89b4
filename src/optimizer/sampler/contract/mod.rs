//! What every sampler promises, checked on any of them (feature `testing`).
//!
//! ```
//! use wattfront::optimizer::history::Fit;
//! use wattfront::optimizer::sampler::{Proposal, ProposalRequest, RandomSampler, Sampler, SamplerError, contract};
//!
//! /// Random search, until somebody has a better idea.
//! struct Mine;
//!
//! impl Sampler for Mine {
//!     fn name(&self) -> &'static str {
//!         "mine"
//!     }
//!
//!     fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError> {
//!         let drawn = RandomSampler.propose(request)?;
//!         Ok(drawn.into_iter().map(|proposal| Proposal::new(proposal.point, Fit::by("mine"))).collect())
//!     }
//! }
//!
//! contract::check(&Mine)?;
//! # Ok::<(), contract::BrokenPromise>(())
//! ```

mod problems;
#[cfg(test)]
mod tests;

use super::super::Seed;
use super::super::history::{FailureKind, History, Outcome, Trial, TrialId};
use super::super::problem::Problem;
use super::{Proposal, ProposalRequest, Sampler, SamplerError};
use problems::{evaluate, finite, mixed, requirements, single};

/// A promise that a sampler does not keep.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the sampler `{sampler}` does not keep a promise: {promise}: {found}")]
#[non_exhaustive]
pub struct BrokenPromise {
    /// The sampler.
    pub sampler: String,
    /// What it should do.
    pub promise: &'static str,
    /// What it did.
    pub found: String,
}

/// Checks that a sampler keeps what [`Sampler`] promises, on problems of one and two objectives: conditional parameters, a finite
/// space, constraints, requirements, forbidden points, failures, pending trials and gaps among the ids. A problem that it says is
/// [unsupported](SamplerError::Unsupported) is passed over.
///
/// # Errors
/// The first [`BrokenPromise`].
pub fn check(sampler: &dyn Sampler) -> Result<(), BrokenPromise> {
    let checked = Checked(sampler);
    for problem in [mixed(), single()] {
        if checked.takes(&problem)? {
            checked.proposes_new_points_of_the_space(&problem, 14)?;
            checked.is_pure(&problem)?;
            checked.proposes_batches_of_distinct_points(&problem)?;
            checked.goes_on_after_failures_alone(&problem)?;
            checked.takes_gaps_among_the_ids(&problem)?;
        }
    }
    for problem in problems::bounded() {
        if checked.takes(&problem)? {
            checked.proposes_new_points_of_the_space(&problem, 14)?;
        }
    }
    for texts in requirements() {
        let problem = problems::kept(mixed(), texts);
        if checked.takes(&problem)? {
            checked.proposes_new_points_of_the_space(&problem, 17)?;
        }
    }
    for (problem, points) in
        [(finite(), 12), (problems::forbidding(), 8), (problems::kept(finite(), &["layers % 3 == 1"]), 6)]
    {
        if checked.takes(&problem)? {
            checked.uses_up(&problem, points)?;
        }
    }
    Ok(())
}

/// A sampler that is being checked.
struct Checked<'a>(&'a dyn Sampler);

const VALID: &str = "every point belongs to the space, is allowed, and names the rule behind it";
const NEW: &str = "no point is proposed twice while the space has others";
const PURE: &str = "the same arguments give the same proposals, also of a history that was stored and read";
const COUNT: &str = "as many points as asked for, at least one, and none above that";
const EXHAUSTED: &str = "a finite space is used up point by point, and then `Exhausted` is the answer";
const GOES_ON: &str = "there is a proposal while the space has points";

impl Checked<'_> {
    /// Whether the sampler handles such a problem at all.
    fn takes(&self, problem: &Problem) -> Result<bool, BrokenPromise> {
        match self.0.propose(&ProposalRequest::new(problem, &History::new(), 1, Seed(1))) {
            Ok(_) => Ok(true),
            Err(SamplerError::Unsupported { .. }) => Ok(false),
            Err(error) => Err(self.broken(GOES_ON, error.to_string())),
        }
    }

    /// Of `n` trials every fifth stays pending, and some fail.
    fn proposes_new_points_of_the_space(&self, problem: &Problem, n: usize) -> Result<(), BrokenPromise> {
        self.run(problem, n, Seed(3)).map(drop)
    }

    fn is_pure(&self, problem: &Problem) -> Result<(), BrokenPromise> {
        let history = self.run(problem, 9, Seed(5))?;
        if self.run(problem, 9, Seed(5))? != history {
            return Err(self.broken(PURE, "two runs with one seed differ"));
        }
        let stored = serde_json::to_string(&history).map_err(|error| self.broken(PURE, error.to_string()))?;
        let read: History = serde_json::from_str(&stored).map_err(|error| self.broken(PURE, error.to_string()))?;
        let (one, other) = (self.propose(problem, &history, 2)?, self.propose(problem, &read, 2)?);
        self.require(one == other, PURE, || format!("{one:?} and then {other:?}"))
    }

    fn proposes_batches_of_distinct_points(&self, problem: &Problem) -> Result<(), BrokenPromise> {
        let mut history = self.run(problem, 8, Seed(1))?;
        let batch = self.propose(problem, &history, 4)?;
        self.require(batch.len() == 4, COUNT, || format!("{} of 4", batch.len()))?;
        batch.into_iter().try_for_each(|proposal| self.record(problem, &mut history, proposal, |_| Outcome::Pending))
    }

    fn goes_on_after_failures_alone(&self, problem: &Problem) -> Result<(), BrokenPromise> {
        let mut history = History::new();
        for _ in 0..9 {
            let proposal = self.one(problem, &history, Seed(8))?;
            self.record(problem, &mut history, proposal, |_| Outcome::Failed(FailureKind::OutOfMemory))?;
        }
        Ok(())
    }

    /// Trials that were given up leave gaps; the sampler goes on with the next free id.
    fn takes_gaps_among_the_ids(&self, problem: &Problem) -> Result<(), BrokenPromise> {
        let mut history = self.run(problem, 9, Seed(8))?;
        history.remove(TrialId(3));
        history.reserve(TrialId(20));
        let proposal = self.one(problem, &history, Seed(8))?;
        self.record(problem, &mut history, proposal, |_| Outcome::Pending)
    }

    fn uses_up(&self, problem: &Problem, points: usize) -> Result<(), BrokenPromise> {
        let mut history = self.run(problem, points - 2, Seed(2))?;
        let rest = self.propose(problem, &history, 5)?;
        self.require(rest.len() == 2, EXHAUSTED, || format!("{} of the last 2 points", rest.len()))?;
        for proposal in rest {
            self.record(problem, &mut history, proposal, |_| Outcome::Pending)?;
        }
        let after = self.0.propose(&ProposalRequest::new(problem, &history, 1, Seed(2)));
        self.require(after == Err(SamplerError::Exhausted), EXHAUSTED, || format!("{after:?} after the last point"))
    }

    fn run(&self, problem: &Problem, n: usize, seed: Seed) -> Result<History, BrokenPromise> {
        let mut history = History::new();
        for i in 0..n {
            let proposal = self.one(problem, &history, seed)?;
            let outcome = |point: &_| if i % 5 == 4 { Outcome::Pending } else { evaluate(point) };
            self.record(problem, &mut history, proposal, outcome)?;
        }
        Ok(history)
    }

    fn one(&self, problem: &Problem, history: &History, seed: Seed) -> Result<Proposal, BrokenPromise> {
        let proposed = self.0.propose(&ProposalRequest::new(problem, history, 1, seed));
        let mut proposed = proposed.map_err(|error| self.broken(GOES_ON, error.to_string()))?;
        self.require(proposed.len() == 1, COUNT, || format!("{} of 1", proposed.len()))?;
        Ok(proposed.remove(0))
    }

    fn propose(&self, problem: &Problem, history: &History, count: usize) -> Result<Vec<Proposal>, BrokenPromise> {
        self.0
            .propose(&ProposalRequest::new(problem, history, count, Seed(1)))
            .map_err(|error| self.broken(GOES_ON, error.to_string()))
    }

    /// Checks a proposal against the history, and adds it.
    fn record(
        &self,
        problem: &Problem,
        history: &mut History,
        proposal: Proposal,
        outcome: impl Fn(&super::super::space::Point) -> Outcome,
    ) -> Result<(), BrokenPromise> {
        let Proposal { point, fit } = proposal;
        problem.space().check(&point).map_err(|error| self.broken(VALID, format!("{error}, in {point}")))?;
        self.require(!problem.forbids(&point), VALID, || format!("{point} is forbidden"))?;
        self.require(!fit.rule.is_empty(), VALID, || format!("no rule is behind {point}"))?;
        let again = history.trials().iter().any(|trial| trial.point == point);
        self.require(!again, NEW, || format!("{point} is proposed again"))?;
        let outcome = outcome(&point);
        history.record(Trial { id: history.next_id(), point, fit: Some(fit), outcome });
        Ok(())
    }

    fn require(&self, holds: bool, promise: &'static str, found: impl FnOnce() -> String) -> Result<(), BrokenPromise> {
        if holds { Ok(()) } else { Err(self.broken(promise, found())) }
    }

    fn broken(&self, promise: &'static str, found: impl Into<String>) -> BrokenPromise {
        BrokenPromise { sampler: self.0.name().to_owned(), promise, found: found.into() }
    }
}
