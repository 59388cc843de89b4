//! Fronts: dominance, hypervolume, the reference point, the knee.
//!
//! Everything in here works on losses: vectors of one number per objective, smaller is better. Vectors with NaN are nobody's
//! equal and never join a front.

mod dominance;
mod front;
mod hypervolume;
mod knee;
mod reference;
mod strips;

pub use dominance::{dominates, non_dominated};
pub use front::{front, losses_of};
pub use hypervolume::hypervolume;
pub use knee::knee;
pub(crate) use reference::{complete_reference, given_reference};
pub use reference::{infer_reference, reference_point};
pub use strips::{Strip, strips};
