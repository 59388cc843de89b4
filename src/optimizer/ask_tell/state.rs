//! The optimizer as plain data, to be saved and taken up again.

use serde::{Deserialize, Serialize};

use super::super::Seed;
use super::super::history::History;
use super::super::problem::Problem;
use super::super::sampler::Sampler;
use super::{Optimizer, OptimizerError};

/// The format that is written.
const VERSION: u32 = 1;

/// Everything that an [`Optimizer`] knows: problem, seed, and all trials, pending ones too. Its sampler is its name alone,
/// for samplers keep nothing.
///
/// It goes through any format that keeps the types of numbers and every digit of them, such as JSON by `serde_json`. What is
/// restored proposes what the optimizer would have proposed that was saved.
///
/// ```
/// use wattfront::optimizer::problem::{Problem, maximize};
/// use wattfront::optimizer::sampler::SobolSampler;
/// use wattfront::optimizer::space::{Space, float};
/// use wattfront::optimizer::{Optimizer, OptimizerState, Seed};
///
/// let problem = Problem::new(Space::new([float("x", 0.0..=1.0)])?, [maximize("accuracy")])?;
/// let mut optimizer = Optimizer::new(problem, SobolSampler, Seed(7));
/// let trial = optimizer.ask()?;
/// let saved = serde_json::to_string(&optimizer.save())?;
///
/// let state: OptimizerState = serde_json::from_str(&saved)?;
/// let mut restored = Optimizer::restore(state, SobolSampler)?;
/// restored.tell(trial.id(), [("accuracy", 0.9)])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptimizerState {
    version: u32,
    sampler: String,
    seed: Seed,
    problem: Problem,
    history: History,
}

impl OptimizerState {
    /// The name of the sampler that proposed.
    #[must_use]
    pub fn sampler(&self) -> &str {
        &self.sampler
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
}

impl Optimizer {
    /// Everything that this optimizer knows, to be written and [restored](Self::restore).
    #[must_use]
    pub fn save(&self) -> OptimizerState {
        OptimizerState {
            version: VERSION,
            sampler: self.sampler.name().to_owned(),
            seed: self.seed,
            problem: self.problem.clone(),
            history: self.history.clone(),
        }
    }

    /// The optimizer that was [saved](Self::save). Trials that were pending still are: tell them, or [fail](Self::fail) them.
    ///
    /// The sampler's settings are not in the state: give it those that it had.
    ///
    /// # Errors
    /// [`OptimizerError::State`] for a state of a later version or of another sampler.
    pub fn restore(state: OptimizerState, sampler: impl Sampler + 'static) -> Result<Self, OptimizerError> {
        if state.version > VERSION {
            let reason = format!("it has format {}, and this version reads up to {VERSION}", state.version);
            return Err(OptimizerError::State { reason });
        }
        if state.sampler != sampler.name() {
            let reason = format!("its sampler is `{}`, and not `{}`", state.sampler, sampler.name());
            return Err(OptimizerError::State { reason });
        }
        Ok(Self::resume(state.problem, sampler, state.seed, state.history))
    }
}
