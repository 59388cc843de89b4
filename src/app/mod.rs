//! What `optimize` does, without its command line: studies opened, run and gone on with, trials run again, samplers compared,
//! commands metered.
//!
//! Nothing here prints, or knows of arguments or a terminal. What there is to say goes to an [`Observer`], or comes back as values.
//! [`Study`] is the door for other programs.

mod absent;
mod ask_tell;
mod begin;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod devices;
mod dry_run;
mod error;
pub(crate) mod explained;
mod hardware;
#[cfg(feature = "cli")]
pub(crate) mod init;
mod leftovers;
pub(crate) mod meter;
mod notice;
mod open;
mod outputs;
mod repair;
pub(crate) mod repeat;
mod run;
mod skip;
mod study;
pub(crate) mod trainer;
mod warm_start;
pub(crate) mod words;

pub(crate) use ask_tell::ask_tell;
pub(crate) use dry_run::dry_run;
pub use error::{AppError, ErrorKind};
pub(crate) use hardware::{Hardware, hardware, opening_lines};
pub use notice::{Notice, Observer, Weight};
pub(crate) use open::{Found, read_spec};
pub(crate) use outputs::{write_beside, write_outputs};
pub(crate) use repair::{Repaired, repair};
pub(crate) use run::check::{check_program, check_source};
pub use run::{Begun, ProcessControl, RunningTrial};
pub(crate) use skip::skip;
pub use study::{Finished, Study};
pub use warm_start::Lesson;

/// More seeds than anybody has the patience for are a slip of the finger.
const MOST_SEEDS: u64 = 1000;
