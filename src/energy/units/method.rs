//! How a figure comes about.

use serde::{Deserialize, Serialize};

/// How a figure of energy came about, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Method {
    /// Difference of a hardware energy counter.
    Counter,
    /// Integral of power readings over time.
    PowerIntegral,
    /// A share of a measured total: energy that is apportioned among the users of a device.
    Attributed,
    /// Told by the user's program.
    Reported,
    /// A model, not a measurement: CPU time times a stated figure of watts per core.
    Estimate,
}

impl Method {
    /// The word for outputs, such as `counter` or `ESTIMATED`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::PowerIntegral => "power integral",
            Self::Attributed => "attributed",
            Self::Reported => "reported",
            Self::Estimate => "ESTIMATED",
        }
    }

    /// Whether the figure is a model's and not a measurement.
    #[must_use]
    pub fn is_estimate(self) -> bool {
        self == Self::Estimate
    }
}
