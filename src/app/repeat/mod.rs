//! Trials of a study run again with other seeds.

pub(crate) mod outputs;
