//! Outputs of a comparison of samplers: pure functions from a [`Comparison`](crate::analysis::comparison::Comparison) to text, CSV
//! and JSON. Its page is [`comparison_page`].
//!
//! What is never reached is said so: `never` for people, null in JSON and an empty cell in CSV, always beside how many runs
//! got there. Every figure of energy carries its method.

pub mod csv;
pub mod json;
mod page;
pub mod text;

pub use page::comparison_page;
