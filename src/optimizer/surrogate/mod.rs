//! The surrogate: one exact Gaussian process per objective.
//!
//! No part of the stable interface: names and signatures in here may change with any version.
//!
//! | symbol | shape | meaning |
//! |---|---|---|
//! | `n`, `d`, `q` | | observations; parameters; points at which the function is predicted or drawn jointly |
//! | `S` | | joint draws of the function (posterior samples, or fantasies) |
//! | `x` | `d` | a canonical encoded point, each coordinate in \[0,1\] |
//! | `X` | `n x d` | the points of the observations |
//! | `y` | `n` | their losses, compressed and standardized: mean 0, variance 1 |
//! | `l` | `d` | lengthscales, in units of the encoded input on its bent scale |
//! | `s` | `d` | bends of the scales (input warping), 0 for straight ones |
//! | `k(x)` | `n` | covariances of a point with the observations |
//! | `K` | `n x n` | covariance of the observations: kernel plus noise and jitter on the diagonal |
//! | `L`, `W` | `n x n` | lower Cholesky factor of `K`, and its inverse |
//! | `t`, `w` | `n` | whitened: targets `W y`, and covariances with a point `W k` |
//! | `alpha` | `n` | `K^-1 y = W^T t` |
//! | `z_s` | `q` | whitened values of the `s`-th draw |
//!
//! The kernel is Matern-5/2 with one lengthscale per parameter (automatic relevance determination), over inputs whose
//! scales may bend ([`Hyperparameters::bends`]). Hyperparameters are at the maximum of their posterior (MAP) under
//! dimension-scaled priors: see [`fit`](fit()). Losses are [compressed](Compression) beyond what matters and standardized, so
//! the prior mean is zero.

mod columns;
mod compression;
mod diagnosis;
mod draws;
mod factor;
mod fit;
mod gp;
mod kernel;
mod prior;
mod standardize;
mod warp;

pub use compression::Compression;
pub use diagnosis::SurrogateDiagnosis;
pub use draws::Draws;
pub(super) use draws::joint_draws;
pub(super) use factor::Factor;
pub use fit::{FitError, Starts, fit};
pub(super) use gp::evenly;
pub use gp::{GaussianProcess, Noise, Observations, Prediction, Whitened};
pub(super) use kernel::matern_with_slopes;
pub use kernel::{Hyperparameters, Kernel};
pub use standardize::Standardization;
