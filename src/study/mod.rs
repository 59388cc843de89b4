//! The orchestration of studies: what a study file says, and how it is run and kept.

pub mod spec;
