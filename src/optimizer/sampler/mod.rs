//! Samplers: what to try next.

use super::Seed;
use super::history::{Fit, History};
use super::problem::Problem;
use super::space::Point;

/// A point to be tried, and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The configuration.
    pub point: Point,
    /// The rule and the surrogate's hyperparameters behind it.
    pub fit: Fit,
}

/// Why a sampler has nothing to propose.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// Every point of a finite space has been tried or is pending.
    #[error("every point of the space has been tried")]
    Exhausted,
    /// The sampler cannot handle this kind of problem.
    #[error("the sampler `{sampler}` {reason}")]
    Unsupported {
        /// The sampler.
        sampler: &'static str,
        /// What it cannot do, and what can.
        reason: String,
    },
}

/// Proposes points. A sampler is pure: it holds settings and no state, and the same arguments give the same proposals.
pub trait Sampler: Send + Sync {
    /// The name under which study files know it, such as `gp`.
    fn name(&self) -> &'static str;

    /// Proposes up to `count` distinct points, at least one, for the trials `history.next_id()`, `+ 1`, ...
    ///
    /// Randomness comes from `seed` and the trial's id alone. No point that was tried or is pending is proposed again
    /// while the space has others.
    ///
    /// # Errors
    /// [`SamplerError::Exhausted`] when no new point is left, [`SamplerError::Unsupported`] for problems outside the
    /// sampler's reach.
    fn propose(
        &self,
        problem: &Problem,
        history: &History,
        count: usize,
        seed: Seed,
    ) -> Result<Vec<Proposal>, SamplerError>;
}
