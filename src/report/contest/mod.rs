//! Outputs of a comparison of samplers: pure functions from a [`Contest`](crate::analysis::contest::Contest) to text, CSV
//! and JSON. Its page is [`html::contest_page`](super::html::contest_page).
//!
//! What is never reached is said so: `never` for people, null in JSON and an empty cell in CSV, always beside how many runs
//! got there. Every figure of energy carries its method.

pub mod csv;
pub mod json;
pub mod text;
