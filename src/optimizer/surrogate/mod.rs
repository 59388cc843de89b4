//! The surrogate: one exact Gaussian process per objective.
//!
//! | symbol | meaning |
//! |---|---|
//! | `n`, `d` | trials, parameters |
//! | `x` | canonical encoded points, `n x d` |
//! | `y` | standardized losses, `n` |
//! | `K` | covariance of the observations, `n x n`: kernel plus noise on the diagonal |
//! | `L`, `W` | lower Cholesky factor of `K`, and its inverse |
//! | `t`, `w` | whitened: targets `W y`, covariances with a point `W k` |
//! | `alpha` | `K^-1 y = W^T t` |
//! | `q` | points at which the function is predicted or drawn jointly |
//!
//! Matern-5/2 kernel with one lengthscale per parameter, over inputs whose scales may bend; hyperparameters at the maximum
//! of their posterior under
//! dimension-scaled priors ([`fit`](fit())); losses [compressed](Compression) beyond what matters and standardized, so the
//! prior mean is zero.

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
pub use draws::{Draws, joint_draws};
pub(super) use factor::Factor;
pub use fit::{FitError, Starts, fit};
pub(super) use gp::evenly;
pub use gp::{GaussianProcess, Noise, Observations, Prediction, Whitened};
pub(super) use kernel::matern_with_slopes;
pub use kernel::{Hyperparameters, Kernel};
pub use standardize::Standardization;
