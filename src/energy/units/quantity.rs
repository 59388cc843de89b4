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

/// For people: three significant digits, in nW to GW.
impl fmt::Display for Watts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (factor, unit) = match self.0.abs() {
            w if w >= 1e9 => (1e-9, "GW"),
            w if w >= 1e6 => (1e-6, "MW"),
            w if w >= 1000.0 => (1e-3, "kW"),
            w if w >= 1.0 || w == 0.0 || w.is_nan() => (1.0, "W"),
            w if w >= 1e-3 => (1e3, "mW"),
            w if w >= 1e-6 => (1e6, "µW"),
            _ => (1e9, "nW"),
        };
        f.pad(&three_digits(self.0 * factor, unit))
    }
}

/// What joules are shown in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum JouleUnit {
    /// 1e-9 J.
    Nano,
    /// 1e-6 J.
    Micro,
    /// 1e-3 J.
    Milli,
    /// 1 J.
    Joule,
    /// 3.6 kJ.
    WattHour,
    /// 3.6 MJ.
    KiloWattHour,
    /// 3.6 GJ.
    MegaWattHour,
    /// 3.6 TJ.
    GigaWattHour,
}

impl JouleUnit {
    /// The one in which an amount of this size is shown.
    #[must_use]
    pub fn of(joules: f64) -> Self {
        match joules.abs() {
            j if j >= 3.6e12 => Self::GigaWattHour,
            j if j >= 3.6e9 => Self::MegaWattHour,
            j if j >= 3.6e6 => Self::KiloWattHour,
            j if j >= 3600.0 => Self::WattHour,
            j if j >= 1.0 || j == 0.0 || j.is_nan() => Self::Joule,
            j if j >= 1e-3 => Self::Milli,
            j if j >= 1e-6 => Self::Micro,
            _ => Self::Nano,
        }
    }

    /// Such as `mJ` or `kWh`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nano => "nJ",
            Self::Micro => "µJ",
            Self::Milli => "mJ",
            Self::Joule => "J",
            Self::WattHour => "Wh",
            Self::KiloWattHour => "kWh",
            Self::MegaWattHour => "MWh",
            Self::GigaWattHour => "GWh",
        }
    }

    /// How many of them so many joules are.
    #[must_use]
    pub fn from_joules(self, joules: f64) -> f64 {
        match self {
            Self::Nano => joules * 1e9,
            Self::Micro => joules * 1e6,
            Self::Milli => joules * 1e3,
            Self::Joule => joules,
            Self::WattHour => joules / 3600.0,
            Self::KiloWattHour => joules / 3.6e6,
            Self::MegaWattHour => joules / 3.6e9,
            Self::GigaWattHour => joules / 3.6e12,
        }
    }
}

/// Of what is too large or too small for any unit, with an exponent.
fn three_digits(value: f64, unit: &str) -> String {
    let digits = match value.abs() {
        v if v >= 1e6 || (v > 0.0 && v < 0.0995) => return format!("{value:.2e} {unit}"),
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

/// For people: three significant digits, in nJ to J, then Wh (from 3.6 kJ) to GWh. `{:.0}` and the like are ignored.
impl fmt::Display for Joules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = JouleUnit::of(self.0);
        f.pad(&three_digits(unit.from_joules(self.0), unit.name()))
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
        let extreme = [1e-12, 4.2e-9, 4.2e-6, -0.5, 7.2e9, 7.2e12, 1e30, f64::NAN, f64::INFINITY].map(shown);
        let expected =
            ["1.00e-3 nJ", "4.20 nJ", "4.20 µJ", "-500 mJ", "2.00 MWh", "2.00 GWh", "2.78e17 GWh", "NaN J", "inf GWh"];
        assert_eq!(extreme, expected);
        let power = [0.0, 0.25, 4.0, 61.23, 350.4, 1234.0].map(|w| Watts(w).to_string());
        assert_eq!(power, ["0 W", "250 mW", "4.00 W", "61.2 W", "350 W", "1.23 kW"]);
        let extreme = [2.5e-5, 1e-9, 2.5e6, f64::NAN].map(|w| Watts(w).to_string());
        assert_eq!(extreme, ["25.0 µW", "1.00 nW", "2.50 MW", "NaN W"]);
    }
}
