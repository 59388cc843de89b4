//! Wattfront finds energy-efficient training settings: a Bayesian multi-objective hyperparameter optimizer over accuracy
//! and *measured* energy.

pub mod analysis;
pub mod energy;
pub mod optimizer;
pub mod record;
pub mod report;
