//! Outputs of a study: the closing words, a line per trial, CSV, JSON, one configuration to take ([`pick`]) and the page.

pub mod csv;
mod data;
mod identity;
pub mod json;
mod page;
pub mod pick;
mod preference;
pub mod progress;
pub mod text;

pub use data::data_lines;
#[cfg(test)]
pub(in crate::report) use page::check_balance;
pub use page::{live_page, page};
pub use preference::preferences_of;
