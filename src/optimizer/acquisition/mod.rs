//! What a point promises: the acquisition functions, in logarithms throughout, and their maximizer.
//!
//! No part of the stable interface: names and signatures in here may change with any version.
//!
//! | symbol | shape | meaning |
//! |---|---|---|
//! | `d`, `m` | | parameters; objectives |
//! | `S`, `B` | | joint draws (fantasies) of what is uncertain about the front; boxes of what a front leaves free |
//! | `x` | `d` | a canonical encoded point, each coordinate in \[0,1\] |
//! | `m_j`, `s_j` | `m` | mean and standard deviation of a loss at `x`: the surrogate's posterior |
//! | `l`, `u` | `B x m` | lower and upper ends of the boxes |
//! | `r` | `m` | the reference point |
//! | `EI`, `EHVI` | | expected improvement, and expected improvement of the hypervolume up to `r` |
//! | `p` | | probability that a trial succeeds, or that a constraint is kept (probability of feasibility) |
//! | `c` | | what a failed trial costs, in units of the improvement |
//! | `beta / n` | | weight of the user's priors after `n` trials (pi-BO) |
//!
//! The acquisition function at `x` is `ln(EHVI + c)`, averaged over the draws, plus the sum of `ln p` over constraints
//! and causes of failure. The log density of the user's priors is added, times its weight. Everything in here is in
//! standardized losses.
//!
//! Linear expected improvement underflows to zero over most of a space once the surrogate is sure of itself. A search
//! that sees only zeros is blind; the logarithm has a slope everywhere (Ament et al., "Unexpected improvements to expected
//! improvement for Bayesian optimization", NeurIPS 2023).

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
