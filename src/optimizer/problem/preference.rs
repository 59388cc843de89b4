//! What the user prefers on the front.

use serde::{Deserialize, Serialize};

use super::Bound;

/// Which part of the front matters in one objective. Unlike a constraint it hides nothing: trials elsewhere stay on the
/// front, but the search goes for the part within, and the recommended trial comes from it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Preference {
    /// The objective's metric.
    pub metric: String,
    /// The part of interest, in the metric's own units; all of it if `None`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Bound>,
    /// How much this objective counts when one point is to be chosen, above zero; 1 by default.
    #[serde(default = "one")]
    pub weight: f64,
}

fn one() -> f64 {
    1.0
}

impl Preference {
    /// Interest in one side of a bound.
    #[must_use]
    pub fn within(metric: impl Into<String>, bound: Bound) -> Self {
        Self { metric: metric.into(), within: Some(bound), weight: 1.0 }
    }

    /// A weight in the choice of one point.
    #[must_use]
    pub fn weight(metric: impl Into<String>, weight: f64) -> Self {
        Self { metric: metric.into(), within: None, weight }
    }
}
