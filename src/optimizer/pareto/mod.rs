//! Fronts: dominance, hypervolume, the reference point, the knee, what is left free.
//!
//! Everything in here works on losses: vectors of one number per objective, smaller is better. Vectors with NaN are nobody's
//! equal and never join a front.

mod boxes;
mod contribution;
mod dominance;
mod front;
mod hypervolume;
mod knee;
mod ranking;
mod reference;

pub use boxes::{Boxes, Side};
pub use contribution::{contributions, select_by_hypervolume};
pub use dominance::{dominates, non_dominated};
pub use front::{feasible_losses_of, front, losses_of};
pub use hypervolume::hypervolume;
pub use knee::{knee, weighted_knee};
pub use ranking::{crowding_distances, ranks};
pub(crate) use reference::{complete_reference, given_reference};
pub use reference::{infer_reference, reference_point};
