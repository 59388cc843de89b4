//! Grams of CO2 equivalent, and sums of money.

use std::fmt;
use std::ops::Sub;

/// A mass of CO2 equivalent, in grams.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Grams(pub f64);

impl Sub for Grams {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

/// For people: three significant digits, in µg, mg, g, kg or t.
impl fmt::Display for Grams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (factor, unit) = match self.0.abs() {
            g if g >= 1e6 => (1e-6, "t"),
            g if g >= 1e3 => (1e-3, "kg"),
            g if g >= 1.0 || g == 0.0 => (1.0, "g"),
            g if g >= 1e-3 => (1e3, "mg"),
            g if g >= 1e-6 => (1e6, "µg"),
            _ => return f.pad("less than 1 µg"),
        };
        let value = self.0 * factor;
        let digits = match value.abs() {
            v if v >= 99.95 || v == 0.0 => 0,
            v if v >= 9.995 => 1,
            _ => 2,
        };
        f.pad(&format!("{value:.digits$} {unit}"))
    }
}

/// The smallest sum that is worth its digits, in any currency.
const LEAST_SHOWN: f64 = 1e-4;

/// A sum of money.
#[derive(Debug, Clone, PartialEq)]
pub struct Cost {
    /// How much, in the currency.
    pub amount: f64,
    /// Such as `EUR`.
    pub currency: String,
}

impl Cost {
    /// Whether it is too small for anybody to care.
    #[must_use]
    pub fn is_negligible(&self) -> bool {
        self.amount.abs() < LEAST_SHOWN
    }
}

/// For people: two decimals, or two significant digits where that is more.
impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (amount, currency) = (self.amount, &self.currency);
        match amount.abs() {
            0.0 => write!(f, "0 {currency}"),
            a if a < LEAST_SHOWN => write!(f, "less than {LEAST_SHOWN} {currency}"),
            a if a < 9.95e-4 => write!(f, "{amount:.5} {currency}"),
            a if a < 9.95e-3 => write!(f, "{amount:.4} {currency}"),
            a if a < 0.0995 => write!(f, "{amount:.3} {currency}"),
            _ => write!(f, "{amount:.2} {currency}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_shown_three_digits_in_the_unit_of_the_size() {
        let shown = [0.0, 1e-9, 1.3e-5, 0.0123, 0.57, 1.0, 99.96, 750.5, 1234.0, 2.5e6].map(|g| Grams(g).to_string());
        assert_eq!(
            shown,
            ["0 g", "less than 1 µg", "13.0 µg", "12.3 mg", "570 mg", "1.00 g", "100 g", "750 g", "1.23 kg", "2.50 t"]
        );
        assert_eq!(Grams(-0.0123).to_string(), "-12.3 mg");
    }

    #[test]
    fn money_has_two_decimals_or_two_digits() {
        let shown = |amount| Cost { amount, currency: "EUR".to_owned() }.to_string();
        let all = [0.0, 1e-6, 0.000_123, 0.001_23, 0.012_3, 0.123, 1.239, 1234.5].map(shown);
        let expected = [
            "0 EUR",
            "less than 0.0001 EUR",
            "0.00012 EUR",
            "0.0012 EUR",
            "0.012 EUR",
            "0.12 EUR",
            "1.24 EUR",
            "1234.50 EUR",
        ];
        assert_eq!(all, expected);
    }
}
