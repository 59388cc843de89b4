//! The optimizer: pure functions from a problem and its history to the next point.
//!
//! No files, clock, environment, libtorch or NVML in here, so it embeds anywhere and replays exactly.

#[doc(hidden)]
pub mod acquisition;
mod ask_tell;
mod descent;
pub mod history;
pub(crate) mod nearest;
mod parallel;
pub mod pareto;
pub mod problem;
pub mod sampler;
pub mod space;
#[doc(hidden)]
pub mod surrogate;

pub use ask_tell::{FailedTrial, Measured, Optimizer, OptimizerError, OptimizerState, PendingTrial, RunSummary};
pub use history::TrialId;
pub use pareto::front;
pub use problem::{Problem, maximize, minimize};
pub use space::{Space, choice, float, int};

use serde::{Deserialize, Serialize};

/// The seed of a study. All randomness derives from it and from trial ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed of the trial of this number: SplitMix64 (Steele, Lea, Flood 2014) of both, cut to 31 bits so that every
    /// language and framework can take it.
    #[must_use]
    pub fn of_trial(self, number: u64) -> u64 {
        let mut z = self.0.wrapping_add(number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) >> 33
    }
}
