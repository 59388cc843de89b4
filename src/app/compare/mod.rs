//! Many studies, run in turn, and what they say of their samplers.

pub(crate) mod outputs;
