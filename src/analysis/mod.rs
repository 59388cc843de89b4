//! What a record says: pure functions of a [`StudyRecord`](crate::record::StudyRecord), without files or clocks.
//!
//! [`Summary`] holds the front, the knee or what else to pick, the hypervolume and the totals; [`Summary::sentence`] is the one sentence
//! that a user came for. [`Quantity`] says how a metric's numbers are shown to people, and [`Provenance`] where its
//! joules come from, [`Certainty`] how well they are known; [`Footprint`] what they stand for. [`comparison`] sets the studies of several samplers against each other, with [`statistics`].

mod certainty;
pub mod comparison;
pub mod confirmation;
mod error;
mod feasibility;
#[cfg(test)]
pub(crate) mod fixture;
mod footprint;
mod growth;
mod inventory;
mod number;
mod proposals;
mod provenance;
mod quantity;
mod recommendation;
mod sentence;
mod startup;
pub mod statistics;
mod summary;
#[cfg(test)]
mod tests;
mod totals;
mod trade_off;

pub use certainty::Certainty;
pub use error::AnalysisError;
pub(crate) use feasibility::broken_in;
pub use feasibility::{Broken, broken, constraints_in_words, lacking, nearest_feasible, preferences_in_words};
pub use footprint::{Emission, Footprint, RunFootprint, Saving};
pub use growth::{Hypervolume, HypervolumeStep};
pub use inventory::{Inventory, changes_of_inventory, left_out_by};
pub use number::{Digits, percent, significant};
pub use proposals::Proposals;
pub use provenance::{EnergyBasis, Note, Provenance, doubts_in_words};
pub use quantity::{Quantity, QuantityKind};
pub use recommendation::PickReason;
pub use startup::StartUp;
pub use summary::{Summary, is_on_front};
pub use totals::{Spent, Totals};
pub use trade_off::{Change, TradeOff};
