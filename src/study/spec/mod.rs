//! The study file: TOML text in, a checked [`StudySpec`] out.
//!
//! Everything that can be known to be wrong before the first trial is found here, as much of it at once as possible,
//! and shown with its line, what is wrong with it, and what to write instead.

mod error;
mod findings;
mod identity;
mod model;
mod objectives;
mod parse;
mod quantity;
mod reader;
mod source;
mod space;
mod spelling;
mod summary;

pub use error::{Issue, IssueKind, Place, SpecErrors};
pub use identity::{Difference, differences};
pub use model::{Budget, EnergySpec, SamplerSpec, Source, StudySpec, TrainSpec, TrialSpec};
