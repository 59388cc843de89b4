//! The real binary, run on real studies: to their end, killed, stopped, resumed, and given what is wrong.

mod bench;
mod failures;
mod outputs;
mod refusals;
mod resume;
mod signals;
#[cfg(feature = "torch")]
mod train;
