//! Wattfront finds energy-efficient training settings: a Bayesian multi-objective hyperparameter optimizer over accuracy
//! and *measured* energy.

#[cfg(any(feature = "cli", feature = "torch"))]
pub mod data;
pub mod energy;
pub mod optimizer;
pub mod record;
#[cfg(feature = "cli")]
pub mod study;
#[cfg(any(feature = "cli", feature = "torch"))]
pub mod training;
