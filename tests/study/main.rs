//! The real binary, run on real studies: to their end, killed, stopped, resumed, and given what is wrong.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod again;
mod ask_tell;
mod bench;
mod book;
mod carbon;
mod compare;
mod data;
mod dry_run;
mod embed;
mod face;
mod failures;
mod faults;
#[cfg(feature = "nvml")]
mod gpu;
#[cfg(feature = "nvml")]
mod hangs;
mod hostile;
mod init;
#[cfg(feature = "nvml")]
mod inventory;
mod kept;
#[cfg(feature = "nvml")]
mod limits;
mod locked;
mod names;
mod outputs;
mod pdf;
mod processes;
mod reading;
mod recorded;
mod refusals;
mod resume;
#[cfg(feature = "nvml")]
mod share;
mod signals;
mod skip;
mod spaces;
mod stops;
mod store;
#[cfg(feature = "torch")]
mod tables;
#[cfg(feature = "torch")]
mod train;
mod values;
mod warm_start;
mod wishes;
