//! The surrogate: one exact Gaussian process per objective.
//!
//! | symbol | meaning |
//! |---|---|
//! | `n`, `d` | trials, parameters |
//! | `x` | canonical encoded points, `n x d` |
//! | `y` | standardized losses, `n` |
//! | `K` | covariance of the observations, `n x n`: kernel plus noise on the diagonal |
//! | `L`, `W` | lower Cholesky factor of `K`, and its inverse |
//! | `alpha` | `K^-1 y` |
//!
//! Matern-5/2 kernel with one lengthscale per parameter; hyperparameters at the maximum of their posterior under
//! dimension-scaled priors ([`fit`](fit())); losses [compressed](Compression) beyond what matters and standardized, so the
//! prior mean is zero.

mod compression;
mod factor;
mod fit;
mod gp;
mod kernel;
mod prior;
mod standardize;

pub use compression::Compression;
pub use fit::{FitError, fit};
pub use gp::{GaussianProcess, Noise, Observations, Prediction};
pub use kernel::{Hyperparameters, Kernel};
pub use standardize::Standardization;
