//! Where the user expects the best values of a parameter.

use serde::{Deserialize, Serialize};

/// A belief about where the optimum lies along one parameter. It draws the search there at first and fades as trials come
/// in (Hvarfner et al., "pi-BO: Augmenting acquisition functions with user beliefs for Bayesian optimization", ICLR 2022), so a
/// wrong one costs some trials and no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Prior {
    /// For numbers: a normal distribution on the parameter's own scale.
    Around {
        /// The most probable value.
        value: f64,
        /// One standard deviation: a difference, above zero, on a linear scale; a factor, above one, on a log scale.
        spread: f64,
    },
    /// For choices: one weight per value, in the order of listing, each zero or above and not all zero.
    Weights(Vec<f64>),
}
