//! What GPUs are called, and which of them a program sees.

pub(crate) mod limits;
pub(crate) mod mig;
pub(crate) mod uuid;
pub(crate) mod visible;
