//! A study from its file to its results: the store, the run loop, and the metered trial.

pub mod spec;
pub mod store;
