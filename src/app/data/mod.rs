//! The data that the trainer of a study takes.

pub(crate) mod seen;
