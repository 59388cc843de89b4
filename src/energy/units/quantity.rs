//! Joules and watts.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Div, Sub};

use serde::{Deserialize, Serialize};

/// An amount of energy, in joules.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Joules(pub f64);

impl Joules {
    /// In watt hours.
    #[must_use]
    pub fn wh(self) -> f64 {
        self.0 / 3600.0
    }

    /// The mean power over this many seconds; `None` for none.
    #[must_use]
    pub fn over(self, seconds: f64) -> Option<Watts> {
        (seconds > 0.0).then(|| Watts(self.0 / seconds))
    }
}

/// Power, in watts.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watts(pub f64);

/// For people: three significant digits, in mW, W or kW.
impl fmt::Display for Watts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&match self.0.abs() {
            w if w >= 1000.0 => three_digits(self.0 / 1000.0, "kW"),
            w if w >= 1.0 || w == 0.0 => three_digits(self.0, "W"),
            _ => three_digits(self.0 * 1e3, "mW"),
        })
    }
}

fn three_digits(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        v if v >= 99.95 || v == 0.0 => 0,
        v if v >= 9.995 => 1,
        _ => 2,
    };
    format!("{value:.digits$} {unit}")
}

impl Add for Joules {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Joules {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Div<f64> for Joules {
    type Output = Self;
    fn div(self, by: f64) -> Self {
        Self(self.0 / by)
    }
}

impl Sum for Joules {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        // An empty sum of floats is -0.
        Self(items.map(|j| j.0).sum::<f64>() + 0.0)
    }
}

/// For people: three significant digits, in mJ, J, Wh (from 3.6 kJ) or kWh. `{:.0}` and the like are ignored.
impl fmt::Display for Joules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (value, unit) = match self.0.abs() {
            j if j >= 3.6e6 => (self.0 / 3.6e6, "kWh"),
            j if j >= 3600.0 => (self.0 / 3600.0, "Wh"),
            j if j >= 1.0 || j == 0.0 => (self.0, "J"),
            _ => (self.0 * 1e3, "mJ"),
        };
        f.pad(&three_digits(value, unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_shown_three_digits_in_the_unit_of_the_size() {
        let shown = |j: f64| Joules(j).to_string();
        assert_eq!(shown(0.0), "0 J");
        assert_eq!(shown(0.0123), "12.3 mJ");
        assert_eq!(shown(1.0), "1.00 J");
        assert_eq!(shown(99.96), "100 J");
        assert_eq!(shown(3599.0), "3599 J");
        assert_eq!(shown(3600.0), "1.00 Wh");
        assert_eq!(shown(7.2e6), "2.00 kWh");
        let power = [0.0, 0.25, 4.0, 61.23, 350.4, 1234.0].map(|w| Watts(w).to_string());
        assert_eq!(power, ["0 W", "250 mW", "4.00 W", "61.2 W", "350 W", "1.23 kW"]);
    }
}
