//! The optimizer: pure functions from a problem and its history to the next point.
//!
//! No files, clock, environment, libtorch or NVML in here, so it embeds anywhere and replays exactly.

pub mod acquisition;
mod ask_tell;
mod descent;
pub mod history;
mod parallel;
pub mod pareto;
pub mod problem;
pub mod sampler;
pub mod space;
pub mod surrogate;

pub use ask_tell::{Asked, Optimizer, OptimizerError};
pub use pareto::front;

use serde::{Deserialize, Serialize};

/// The seed of a study. All randomness derives from it and from trial ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);
