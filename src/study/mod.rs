//! A study from its file to its results: the store, the run loop, and the metered trial.

mod environment;
mod error;
mod folder;
mod interrupt;
mod metered;
mod observer;
mod run;
pub mod spec;
pub mod store;

pub use environment::describe_machine;
pub use error::StudyError;
pub use folder::{ResultsFolder, store_path};
pub use interrupt::Interrupt;
pub use observer::RunObserver;
pub use run::{EndReason, Limits, Runner, trial_seed};
