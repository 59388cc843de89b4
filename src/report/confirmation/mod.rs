//! Outputs of trials that were run again with other seeds: pure functions from a
//! [`Confirmation`](crate::analysis::confirmation::Confirmation) to text, CSV and JSON. Its page is
//! [`html::confirmation_page`](super::html::confirmation_page).

pub mod csv;
pub mod json;
pub mod text;
