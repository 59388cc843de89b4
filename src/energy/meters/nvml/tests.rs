//! What concerns several of these modules.

mod agreement;
mod fake;
mod wall;
