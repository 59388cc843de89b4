//! What can be wrong with a figure.

use std::borrow::Cow;

use super::check::{INTENSITY, LEAST_INTENSITY, MOST_INTENSITY, PRICE, PUE};

/// Why a figure is none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CarbonError {
    /// An intensity out of range.
    #[error("a carbon intensity must be {INTENSITY}, in grams of CO2e per kWh, but is {value}")]
    Intensity {
        /// What was given.
        value: f64,
    },
    /// A power usage effectiveness out of range.
    #[error("a power usage effectiveness must be {PUE}, but is {value}")]
    Pue {
        /// What was given.
        value: f64,
    },
    /// A price out of range.
    #[error("a price of electricity must be {PRICE}, but is {value}")]
    Price {
        /// What was given.
        value: f64,
    },
    /// A text that is empty, too long, or of several lines.
    #[error("a {what} must be one line of 1 to {most} characters")]
    Words {
        /// What it is the text of, such as `source`.
        what: &'static str,
        /// How many characters it may have.
        most: usize,
    },
}

impl CarbonError {
    /// What would be right, such as `from 1 to 10`.
    #[must_use]
    pub fn expected(&self) -> String {
        match self {
            Self::Intensity { .. } => INTENSITY.to_owned(),
            Self::Pue { .. } => PUE.to_owned(),
            Self::Price { .. } => PRICE.to_owned(),
            Self::Words { most, .. } => format!("one line of 1 to {most} characters"),
        }
    }

    /// What was probably meant, if that can be guessed.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match *self {
            Self::Intensity { value } if value > 0.0 && value < LEAST_INTENSITY => {
                Some(format!("the unit is grams; {value} kg/kWh are {} g/kWh", rounded(value * 1000.0)).into())
            }
            Self::Intensity { value } if value > MOST_INTENSITY => {
                Some("the unit is g/kWh, which is the same number as kg/MWh and a thousandth of g/MWh".into())
            }
            Self::Pue { value } if (0.0..1.0).contains(&value) => Some(
                format!(
                    "it is all energy over that of the computers, so an overhead of {value} is {}",
                    rounded(1.0 + value)
                )
                .into(),
            ),
            Self::Pue { value } if (100.0..=1000.0).contains(&value) => {
                Some(format!("it is a factor; {value} % are {}", rounded(value / 100.0)).into())
            }
            _ => None,
        }
    }
}

/// Without the digits that arithmetic adds: 0.35 kg are 350 g.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
