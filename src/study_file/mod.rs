//! The study file: TOML text in, a checked [`StudySpec`] out.
//!
//! Everything that can be known to be wrong before the first trial is found here, as much of it at once as possible.
//! Each is shown with its line, what is wrong with it, and what to write instead. The only names that cannot be checked
//! are those of the metrics that a user's own program will report.
//!
//! What a file may have is in [`mod@reference`]: the parser reads no key that is not there. The page below is made from it.
//!
#![doc = include_str!("../../docs/src/study-file-reference.md")]

mod arguments;
mod bounded;
mod bounds;
mod carbon;
mod contradictions;
mod coverage;
mod doubts;
mod energy;
mod error;
mod findings;
mod identity;
mod limits;
mod model;
mod objectives;
mod omitted;
mod parse;
mod points;
mod priors;
mod quantity;
mod reader;
pub mod reference;
mod requirements;
mod respelt;
mod secrets;
mod source;
mod space;
mod spelling;
mod summary;
mod variant;
mod without;

pub use error::{FilePosition, Issue, IssueKind, SpecErrors};
pub use identity::{Difference, began_before_defaults, differences, stored_defaults, stored_watts};
pub use model::{
    Budget, CoolDown, EnergyFrom, EnergySpec, Keep, OnInterrupt, SamplerSpec, Setpoint, StudySpec, TrainSpec,
    TrialSource, TrialSpec,
};
pub(crate) use parse::NAME_LIMIT;
pub(crate) use spelling::{advice as did_you_mean, nearest, nearest_metric};
pub use variant::Variation;

#[cfg(test)]
mod tests;
