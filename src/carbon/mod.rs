//! What joules stand for: grams of CO2 equivalent, and money. Views of a measurement, never measurements: nothing of this
//! is stored with a trial, and what is shown changes with the [`Carbon`] that it is shown by.
//!
//! grams = kWh x intensity x PUE, and cost = kWh x price x PUE. The *intensity* is that of the electricity, in grams of
//! CO2e per kWh. *PUE* (power usage effectiveness) is what a data centre draws in all over what its computers draw.
//!
//! ```
//! use wattfront::carbon::Carbon;
//! use wattfront::energy::units::Joules;
//!
//! let kilowatt_hour = Joules(3.6e6);
//! let carbon = Carbon::default().with_pue(1.58)?;
//! assert!((carbon.grams(kilowatt_hour).0 - 750.5).abs() < 1e-9);
//! assert_eq!(carbon.to_string(), "475 g/kWh (world average, IEA, 2018), PUE 1.58");
//!
//! let carbon = Carbon::default().with_intensity(350.0, "my supplier's label", Some("2026"))?.with_price(0.32, "EUR")?;
//! assert_eq!(carbon.grams(kilowatt_hour).to_string(), "350 g");
//! assert_eq!(carbon.cost(kilowatt_hour).map(|c| c.to_string()).as_deref(), Some("0.32 EUR"));
//! # Ok::<(), wattfront::carbon::CarbonError>(())
//! ```

pub mod check;
mod error;
mod setting;
mod units;

pub use error::CarbonError;
pub use setting::{Carbon, Intensity, Price, WORLD_AVERAGE};
pub use units::{Cost, Grams};
