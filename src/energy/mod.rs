//! Measured energy: what it is, where it comes from, and windows over it. Knows nothing of trials or training.

pub mod units;
