//! What a record says: pure functions of a [`StudyRecord`](crate::record::StudyRecord), without files or clocks.
//!
//! [`Summary`] holds the front, the knee, the hypervolume and the totals; [`Summary::sentence`] is the one sentence
//! that a user came for. [`Quantity`] says how a metric's numbers are shown to people, and [`Provenance`] where its
//! joules come from.

mod comparison;
#[cfg(test)]
pub(crate) mod fixture;
mod provenance;
mod quantity;
mod sentence;
mod summary;
#[cfg(test)]
mod tests;
mod totals;

pub use comparison::{Change, Comparison};
pub use provenance::{EnergyBasis, Provenance};
pub use quantity::{Quantity, QuantityKind, significant};
pub use summary::{Hypervolume, HypervolumeStep, Summary, is_on_front};
pub use totals::{Spent, Totals};
