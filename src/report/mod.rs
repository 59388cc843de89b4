//! Outputs of a study: pure functions from a [`StudyRecord`](crate::record::StudyRecord) to text, CSV, JSON, SVG and
//! HTML. No files and no clock: the caller writes what it gets.
//!
//! Every figure of energy carries its method; what is missing is empty and never zero. Grams of CO2e and money are made of
//! stored joules, by the [`Carbon`](crate::carbon::Carbon) that is given.

mod carbon;
pub mod comparison;
pub mod confirmation;
pub mod csv;
mod data;
mod error;
pub mod html;
mod identity;
pub mod json;
#[cfg(feature = "cli")]
pub mod pdf;
pub mod pick;
mod preference;
pub mod progress;
pub mod svg;
pub mod text;

pub use data::data_lines;
pub use error::{PreferenceFault, PreferenceKind, ReportError};
pub use preference::preferences_of;
