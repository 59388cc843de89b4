//! What a kilowatt hour stands for.

use std::fmt;

use super::{CarbonError, Cost, Grams, check};
use crate::energy::units::Joules;

/// Joules of a kilowatt hour.
const KWH: f64 = 3.6e6;

/// Grams per kWh of the world's electricity in 2018, for users who say nothing of theirs.
///
/// From the *Global Energy & CO2 Status Report 2019* of the International Energy Agency, which is about [2018]. `CodeCarbon`
/// takes it where it knows no better and calls it grams of [CO2e], so figures of both are alike. Countries differ widely
/// from it, and it falls: for 2024 the same agency has 445 g of CO2 per kWh (*Electricity [2025]*), which [carbontracker]
/// takes.
///
/// [2018]: https://www.iea.org/reports/global-energy-co2-status-report-2019/emissions
/// [CO2e]: https://mlco2.github.io/codecarbon/methodology.html
/// [2025]: https://www.iea.org/reports/electricity-2025/emissions
/// [carbontracker]: https://github.com/saintslab/carbontracker/blob/master/carbontracker/constants.py
pub const WORLD_AVERAGE: f64 = 475.0;

/// How much CO2e comes with electricity, and who says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Intensity {
    /// Grams of CO2e per kWh; 0, or from 2 to 5000.
    pub grams_per_kwh: f64,
    /// Where the figure comes from.
    pub source: String,
    /// When it held, in the words of the source.
    pub date: Option<String>,
}

impl Intensity {
    /// [`WORLD_AVERAGE`].
    #[must_use]
    pub fn world_average() -> Self {
        Self { grams_per_kwh: WORLD_AVERAGE, source: "world average, IEA".to_owned(), date: Some("2018".to_owned()) }
    }
}

/// Such as `475 g/kWh (world average, IEA, 2018)`.
impl fmt::Display for Intensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} g/kWh ({}", self.grams_per_kwh, self.source)?;
        self.date.as_ref().map_or(Ok(()), |date| write!(f, ", {date}"))?;
        f.write_str(")")
    }
}

/// What a kWh costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// In the currency; 0 or more.
    pub per_kwh: f64,
    /// Such as `EUR`.
    pub currency: String,
}

/// What a kilowatt hour of a user's electricity stands for. The default is the [world
/// average](Intensity::world_average), a PUE of 1 and no price.
#[derive(Debug, Clone, PartialEq)]
pub struct Carbon {
    intensity: Intensity,
    pue: f64,
    price: Option<Price>,
}

impl Default for Carbon {
    fn default() -> Self {
        Self { intensity: Intensity::world_average(), pue: 1.0, price: None }
    }
}

impl Carbon {
    /// With another intensity, in grams of CO2e per kWh: 0, or from 2 to 5000. What lies between would be kilograms.
    ///
    /// # Errors
    /// [`CarbonError::Intensity`], or [`CarbonError::Words`] if the source or the date is no text of one line.
    pub fn with_intensity(mut self, grams_per_kwh: f64, source: &str, date: Option<&str>) -> Result<Self, CarbonError> {
        self.intensity = Intensity {
            grams_per_kwh: check::intensity(grams_per_kwh)?,
            source: check::words("source", source)?,
            date: date.map(|date| check::words("date", date)).transpose()?,
        };
        Ok(self)
    }

    /// With another power usage effectiveness, from 1 to 10.
    ///
    /// # Errors
    /// [`CarbonError::Pue`].
    pub fn with_pue(mut self, pue: f64) -> Result<Self, CarbonError> {
        self.pue = check::pue(pue)?;
        Ok(self)
    }

    /// With a price per kWh, 0 or more.
    ///
    /// # Errors
    /// [`CarbonError::Price`], or [`CarbonError::Words`] if the currency is empty or long.
    pub fn with_price(mut self, per_kwh: f64, currency: &str) -> Result<Self, CarbonError> {
        self.price = Some(Price { per_kwh: check::price(per_kwh)?, currency: check::words("currency", currency)? });
        Ok(self)
    }

    /// How much CO2e comes with the electricity.
    #[must_use]
    pub fn intensity(&self) -> &Intensity {
        &self.intensity
    }

    /// Whether nothing was said of the electricity, so that grams are at the world average.
    #[must_use]
    pub fn is_world_average(&self) -> bool {
        self.intensity == Intensity::world_average()
    }

    /// Power usage effectiveness: all energy of the data centre over that of its computers.
    #[must_use]
    pub fn pue(&self) -> f64 {
        self.pue
    }

    /// What a kWh costs, if that was said.
    #[must_use]
    pub fn price(&self) -> Option<&Price> {
        self.price.as_ref()
    }

    /// CO2e of some energy: kWh x intensity x PUE.
    #[must_use]
    pub fn grams(&self, energy: Joules) -> Grams {
        Grams(energy.0 / KWH * self.intensity.grams_per_kwh * self.pue)
    }

    /// Cost of some energy: kWh x price x PUE. `None` without a price.
    #[must_use]
    pub fn cost(&self, energy: Joules) -> Option<Cost> {
        let Price { per_kwh, currency } = self.price.as_ref()?;
        Some(Cost { amount: energy.0 / KWH * per_kwh * self.pue, currency: currency.clone() })
    }
}

/// What figures are at, such as `350 g/kWh (ENTSO-E, Germany, 2026-10), PUE 1.2, 0.32 EUR/kWh`.
impl fmt::Display for Carbon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, PUE {}", self.intensity, self.pue)?;
        self.price.as_ref().map_or(Ok(()), |price| write!(f, ", {} {}/kWh", price.per_kwh, price.currency))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(grams_per_kwh: f64, pue: f64, price: f64) -> Carbon {
        let carbon = Carbon::default().with_intensity(grams_per_kwh, "somebody", None).unwrap();
        carbon.with_pue(pue).unwrap().with_price(price, "EUR").unwrap()
    }

    #[test]
    fn a_kilowatt_hour_of_the_world_in_a_data_centre() {
        let grams = Carbon::default().with_pue(1.58).unwrap().grams(Joules(KWH)).0;
        assert!((grams - 750.5).abs() < 1e-9, "{grams}");
    }

    #[test]
    fn figures_say_what_they_are_at() {
        assert_eq!(Carbon::default().to_string(), "475 g/kWh (world average, IEA, 2018), PUE 1");
        let carbon = Carbon::default().with_intensity(350.0, "ENTSO-E, Germany", Some("2026-10")).unwrap();
        assert!(!carbon.is_world_average() && Carbon::default().is_world_average());
        let carbon = carbon.with_pue(1.2).unwrap().with_price(0.32, "EUR").unwrap();
        assert_eq!(carbon.to_string(), "350 g/kWh (ENTSO-E, Germany, 2026-10), PUE 1.2, 0.32 EUR/kWh");
        assert_eq!(at(35.0, 1.0, 0.0).to_string(), "35 g/kWh (somebody), PUE 1, 0 EUR/kWh");
    }

    #[test]
    fn without_a_price_there_is_no_cost_and_at_zero_there_is_one() {
        assert_eq!(Carbon::default().cost(Joules(KWH)), None);
        assert_eq!(at(0.0, 1.0, 0.0).cost(Joules(KWH)).unwrap().amount, 0.0);
    }

    proptest! {
        #[test]
        fn grams_and_cost_are_linear_in_energy_and_pue(
            joules in 0.0..1e12f64,
            factor in 0.0..1e3f64,
            intensity in 2.0..=5000f64,
            pue in 1.0..=10f64,
            price in 0.0..9f64,
        ) {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(b.abs());
            let (all, bare) = (at(intensity, pue, price), at(intensity, 1.0, price));
            let energy = Joules(joules);
            prop_assert!(close(all.grams(Joules(joules * factor)).0, all.grams(energy).0 * factor));
            prop_assert!(close(all.grams(energy).0, bare.grams(energy).0 * pue));
            let cost = |carbon: &Carbon, joules| carbon.cost(Joules(joules)).unwrap().amount;
            prop_assert!(close(cost(&all, joules * factor), cost(&all, joules) * factor));
            prop_assert!(close(cost(&all, joules), cost(&bare, joules) * pue));
            // Grams and money stand to each other as intensity and price, whatever the energy.
            prop_assert!(close(all.grams(energy).0 * price, cost(&all, joules) * intensity));
        }
    }
}
