//! Statistics for comparing samplers and for trials of several seeds: tests for pairs, effect sizes with intervals, quantiles of what may never have
//! happened, and surfaces of attainment. Pure functions of numbers; randomness comes from a seed.
//!
//! | question | function |
//! |---|---|
//! | Is one of a pair regularly larger? | [`wilcoxon_signed_rank`], [`smallest_p_value`] |
//! | What remains of p-values when several are looked at? | [`holm`] |
//! | How often is one larger than the other? | [`vargha_delaney`], [`cliffs_delta`] |
//! | How far could an effect be off by chance? | [`bootstrap_interval`] |
//! | What is typical, where some never got there? | [`quantile`], [`Spread`] |
//! | What is the mean, and how far could it be off by chance? | [`Mean`] |
//! | Which values do half of the runs attain? | [`attainment_surface`] |

mod attainment;
mod bootstrap;
mod effect;
mod holm;
mod mean;
mod quantile;
mod wilcoxon;

pub use attainment::{attainment_surface, median_level};
pub use bootstrap::{Bootstrap, Interval, bootstrap_interval};
pub use effect::{cliffs_delta, vargha_delaney};
pub use holm::holm;
pub use mean::Mean;
pub use quantile::{Spread, quantile};
pub use wilcoxon::{EXACT_PAIRS, SignedRank, smallest_p_value, wilcoxon_signed_rank};
