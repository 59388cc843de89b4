//! What a point promises: the acquisition functions, in logarithms throughout, and their maximizer.
//!
//! Linear expected improvement underflows to zero over most of a space once the surrogate is sure of itself, and a search
//! that sees only zeros is blind; its logarithm has a slope everywhere (Ament et al., "Unexpected improvements to expected
//! improvement for Bayesian optimization", NeurIPS 2023). Everything in here is in standardized losses.

mod belief;
mod criterion;
mod ehvi;
mod feasibility;
mod landscape;
mod logs;
mod maximize;
mod normal;
mod stake;

pub use belief::Belief;
pub use criterion::{Criterion, Improvement, Posterior};
pub use feasibility::{FailureCause, Feasibility, Labelled};
pub use landscape::{Bounded, Landscape, ModelledBound};
pub(super) use maximize::perturb;
pub use maximize::{Maximum, SearchEffort, maximize};
pub use stake::Stake;
