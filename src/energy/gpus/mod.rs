//! What GPUs are called, and which of them a program sees.

pub(crate) mod visible;
