//! What `optimize` does, without its command line: no printing, no arguments, no terminal.

pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod meter;
pub(crate) mod repeat;
