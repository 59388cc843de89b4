//! Wattfront finds energy-efficient training settings: a Bayesian multi-objective hyperparameter optimizer over accuracy
//! and *measured* energy.

pub mod analysis;
#[cfg(feature = "cli")]
pub mod cli;
#[cfg(any(feature = "cli", feature = "torch"))]
pub mod data;
pub mod energy;
#[cfg(feature = "cli")]
pub mod objective;
pub mod optimizer;
pub mod record;
pub mod report;
#[cfg(feature = "cli")]
pub mod study;
#[cfg(any(feature = "cli", feature = "torch"))]
pub mod training;
