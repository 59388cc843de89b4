//! A study from its file to its results: the store, the run loop, and the metered trial; or asked for and
//! told by another program; or many studies to compare samplers by.

mod ask_tell;
mod comparison;
mod environment;
mod error;
mod folder;
mod gpu_limits;
mod help;
mod interrupt;
mod inventory;
mod metered;
mod observer;
mod outcome;
mod pauses;
mod plan;
mod request;
mod rest;
mod run;
mod skip;

mod steps;
mod stops;
pub mod store;
mod told;
mod warm_start;

pub use ask_tell::AskTell;
pub use comparison::{PlannedStudy, plan_comparison};
pub use environment::{describe_host, describe_machine, libtorch_version};
pub use error::StudyError;
pub use folder::{OUTPUTS, ResultsFolder, is_in_use, store_path};
pub use gpu_limits::GpuLimits;
pub use help::HelpWords;
pub use interrupt::Interrupt;
pub use inventory::{Asked, Unreadable};
pub use observer::RunObserver;
pub use plan::{Plan, Repeats};
pub use request::{Answer, AskedTrial, FrontTrial, Request, RequestError, ToldOutcome, ToldTrial};
pub use run::{EndReason, PRINTED, RunLimits, Runner, is_complete};
pub use skip::skip;
pub use stops::{Standstill, Stop, Stops};
pub use warm_start::{Terms, begin_warm, inherit, learn, learn_again, learn_by, refuse_useless};
