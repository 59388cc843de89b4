//! Many studies, run in turn, and what they say of their samplers.

mod comparing;
mod found;
mod outputs;

pub(crate) use comparing::{CompareObserver, CompareWish, compare};
pub(crate) use found::{comparison_in, holds_runs, is_comparison};
