//! How much worse than the best a pick may be.

use std::str::FromStr;

use crate::analysis::{Quantity, QuantityKind, significant};
use crate::report::ReportError;

/// How much worse than the best a trial may be in the lead.
///
/// A percentage says the same of an accuracy in \[0, 1\] and of one in percent: `1%` is one *point*, so 0.95 is within `1%` of 0.96
/// and 95 of 96. Of what is no share it is 1 % of the best value. A plain number is in the metric's own units: `0.01` is one point of
/// an accuracy in \[0, 1\], a hundredth of a point of one in percent, and 0.01 of a loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tolerance {
    /// So many percent: points of a share, or a part of the best value.
    Percent(f64),
    /// So much in the metric's own units.
    Units(f64),
}

/// From so much on a plain number is no tolerance of a share: whoever writes 1 means a percent, and not everything.
const MOST_OF_A_SHARE: f64 = 0.2;

impl FromStr for Tolerance {
    type Err = ReportError;

    fn from_str(text: &str) -> Result<Self, ReportError> {
        let number = |text: &str| text.trim().parse::<f64>().ok().filter(|v| v.is_finite() && *v >= 0.0);
        let read = match text.trim().strip_suffix('%') {
            Some(percent) => number(percent).map(Self::Percent),
            None => number(text).map(Self::Units),
        };
        read.ok_or_else(|| ReportError::Tolerance { text: text.to_owned() })
    }
}

impl Tolerance {
    /// How much that is in the units of this quantity, whose best value is `best`.
    pub(super) fn room(self, quantity: &Quantity, best: f64) -> Result<f64, ReportError> {
        let (Self::Percent(amount) | Self::Units(amount)) = self;
        if !(amount.is_finite() && amount >= 0.0) {
            return Err(ReportError::Tolerance { text: amount.to_string() });
        }
        match self {
            Self::Percent(percent) if quantity.kind == QuantityKind::Fraction => Ok(percent / 100.0),
            Self::Percent(percent) if quantity.is_percent() => Ok(percent),
            Self::Percent(percent) => Ok(percent / 100.0 * best.abs()),
            Self::Units(units) if quantity.kind == QuantityKind::Fraction && units >= MOST_OF_A_SHARE => {
                let (text, points) = (significant(units, 4), significant(units * 100.0, 4));
                Err(ReportError::WideTolerance { text, points, metric: quantity.name() })
            }
            Self::Units(units) => Ok(units),
        }
    }

    /// Such as `1 point`, `2 %` or `0.01`.
    pub(super) fn in_words(self, quantity: &Quantity) -> String {
        let points = |points: f64| match significant(points, 4) {
            one if one == "1" => "1 point".to_owned(),
            many => format!("{many} points"),
        };
        match self {
            Self::Percent(percent) if quantity.is_percent() || quantity.kind == QuantityKind::Fraction => {
                points(percent)
            }
            Self::Percent(percent) => format!("{} %", significant(percent, 4)),
            Self::Units(units) if quantity.kind == QuantityKind::Fraction => points(units * 100.0),
            Self::Units(units) if quantity.is_percent() => points(units),
            Self::Units(units) => quantity.show(units),
        }
    }
}
