//! Outputs: pure functions from a [`StudyRecord`](crate::record::StudyRecord), a
//! [`Comparison`](crate::analysis::comparison::Comparison) or a [`Confirmation`](crate::analysis::confirmation::Confirmation)
//! to text, CSV, JSON, SVG and HTML. No files and no clock: the caller writes what it gets.
//!
//! There is a folder for each product ([`study`], [`comparison`], [`confirmation`]), each with its text, JSON, CSV and page.
//! They are made of `words`, `markup` and [`chart`].
//!
//! Every figure of energy carries its method; what is missing is empty and never zero. Grams of CO2e and money are made of
//! stored joules, by the [`Carbon`](crate::carbon::Carbon) that is given.

pub mod chart;
pub mod comparison;
pub mod confirmation;
mod error;
mod markup;
#[cfg(feature = "study")]
pub mod pdf;
pub mod study;
mod words;

pub use error::{PreferenceFault, PreferenceKind, ReportError};
pub use markup::utc;
#[cfg(feature = "cli")]
pub(crate) use words::counted;
#[cfg(feature = "study")]
pub(crate) use words::text_cell;
pub use words::{Closing, seconds};
