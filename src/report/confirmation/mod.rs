//! Outputs of trials that were run again with other seeds: pure functions from a
//! [`Confirmation`](crate::analysis::confirmation::Confirmation) to text, CSV and JSON. Its page is
//! [`confirmation_page`].

pub mod csv;
pub mod json;
mod page;
pub mod text;

pub use page::confirmation_page;
