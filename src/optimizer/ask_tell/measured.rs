//! A value with what is known of its error.

use serde::{Deserialize, Serialize};

/// The value of a metric and its known standard deviation, both in the metric's own units.
///
/// ```
/// use wattfront::optimizer::Measured;
///
/// let metered = Measured::new(120.5, 0.8);
/// let plain: Measured = 0.93.into();
/// assert_eq!((plain.value, plain.sd), (0.93, None));
/// # let _ = metered;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The value.
    pub value: f64,
    /// One standard deviation, zero or above. 0 says that the value is exact: evaluated again, it would be the same. `None` says
    /// that nobody knows; then the noise is inferred from all trials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<f64>,
}

impl Measured {
    /// A value with its standard deviation.
    #[must_use]
    pub fn new(value: f64, sd: f64) -> Self {
        Self { value, sd: Some(sd) }
    }

    /// A value that would be the same if it were evaluated again.
    #[must_use]
    pub fn exact(value: f64) -> Self {
        Self::new(value, 0.0)
    }
}

/// A value of which nobody knows how far it may be off.
impl From<f64> for Measured {
    fn from(value: f64) -> Self {
        Self { value, sd: None }
    }
}
