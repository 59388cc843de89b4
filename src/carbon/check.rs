//! The ranges that figures keep.

use super::CarbonError;

/// Below this, and above zero, an intensity is taken for one in kilograms.
pub(super) const LEAST_INTENSITY: f64 = 2.0;
pub(super) const MOST_INTENSITY: f64 = 5000.0;

/// What an intensity can be, in words.
pub const INTENSITY: &str = "0, or from 2 to 5000";
/// What a PUE can be, in words.
pub const PUE: &str = "from 1 to 10";
/// What a price can be, in words.
pub const PRICE: &str = "a number from 0 on";

/// An intensity in grams of CO2e per kWh: 0, or from 2 to 5000. What lies between would be kilograms.
///
/// # Errors
/// [`CarbonError::Intensity`].
pub fn intensity(value: f64) -> Result<f64, CarbonError> {
    let sound = value == 0.0 || (LEAST_INTENSITY..=MOST_INTENSITY).contains(&value);
    // A zero with a sign would be shown with it.
    if sound { Ok(value.abs()) } else { Err(CarbonError::Intensity { value }) }
}

/// A power usage effectiveness: from 1 to 10.
///
/// # Errors
/// [`CarbonError::Pue`].
pub fn pue(value: f64) -> Result<f64, CarbonError> {
    if (1.0..=10.0).contains(&value) { Ok(value) } else { Err(CarbonError::Pue { value }) }
}

/// A price per kWh: any finite number from 0 on.
///
/// # Errors
/// [`CarbonError::Price`].
pub fn price(value: f64) -> Result<f64, CarbonError> {
    if value.is_finite() && value >= 0.0 { Ok(value.abs()) } else { Err(CarbonError::Price { value }) }
}

/// A `source`, a `date` (one line of at most 120 characters) or a `currency` (10), without blanks around it.
///
/// # Errors
/// [`CarbonError::Words`].
pub fn words(what: &'static str, text: &str) -> Result<String, CarbonError> {
    let most = if what == "currency" { 10 } else { 120 };
    let trimmed = text.trim();
    let sound = (1..=most).contains(&trimmed.chars().count()) && !trimmed.contains(char::is_control);
    if sound { Ok(trimmed.to_owned()) } else { Err(CarbonError::Words { what, most }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_refused_with_a_guess_at_what_was_meant() {
        let told = |result: Result<f64, CarbonError>| {
            let error = result.unwrap_err();
            error.help().map_or_else(|| error.to_string(), |help| format!("{error}; {help}"))
        };
        insta::assert_snapshot!(
            [
                told(intensity(0.35)),
                told(intensity(-1.0)),
                told(intensity(475_000.0)),
                told(intensity(f64::NAN)),
                told(pue(0.58)),
                told(pue(120.0)),
                told(pue(11.0)),
                told(pue(f64::INFINITY)),
                told(price(-0.01)),
                told(price(f64::INFINITY)),
            ]
            .join("\n"),
            @r"
        a carbon intensity must be 0, or from 2 to 5000, in grams of CO2e per kWh, but is 0.35; the unit is grams; 0.35 kg/kWh are 350 g/kWh
        a carbon intensity must be 0, or from 2 to 5000, in grams of CO2e per kWh, but is -1
        a carbon intensity must be 0, or from 2 to 5000, in grams of CO2e per kWh, but is 475000; the unit is g/kWh, which is the same number as kg/MWh and a thousandth of g/MWh
        a carbon intensity must be 0, or from 2 to 5000, in grams of CO2e per kWh, but is NaN
        a power usage effectiveness must be from 1 to 10, but is 0.58; it is all energy over that of the computers, so an overhead of 0.58 is 1.58
        a power usage effectiveness must be from 1 to 10, but is 120; it is a factor; 120 % are 1.2
        a power usage effectiveness must be from 1 to 10, but is 11
        a power usage effectiveness must be from 1 to 10, but is inf
        a price of electricity must be a number from 0 on, but is -0.01
        a price of electricity must be a number from 0 on, but is inf
        "
        );
    }

    #[test]
    fn the_ends_of_the_ranges_are_in_them() {
        for value in [0.0, 2.0, 475.0, 5000.0] {
            assert_eq!(intensity(value), Ok(value));
        }
        assert!(intensity(-0.0).is_ok_and(f64::is_sign_positive));
        for value in [1.0, 1.58, 10.0] {
            assert_eq!(pue(value), Ok(value));
        }
        assert_eq!(price(0.0), Ok(0.0));
    }

    #[test]
    fn texts_are_one_line() {
        assert_eq!(words("source", " ENTSO-E "), Ok("ENTSO-E".to_owned()));
        for text in ["", "  ", "a\nb", &"x".repeat(121)] {
            assert_eq!(words("source", text), Err(CarbonError::Words { what: "source", most: 120 }));
        }
        assert!(words("currency", "dollars of 2026").is_err());
    }
}
