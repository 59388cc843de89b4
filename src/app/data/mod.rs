//! The data that the trainer of a study takes: whether they are there, and what they were taken for.

mod listing;
mod look;
mod looking;
mod seen;

pub(crate) use listing::Listing;
pub(crate) use look::Look;
pub(crate) use looking::{check_data, check_settings, look_at_data, settings_of, slow_here};
