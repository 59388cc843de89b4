//! For whoever writes a [`Meter`](super::Meter): its contract as assertions, and a clock that a test turns (feature
//! `testing`).
//!
//! [`assert_meter_answers`] asks any meter, on any machine. [`assert_meter_contract`] wants a [`MeterBench`]: a meter whose
//! hardware the test plays, so that each figure is known beforehand. Both panic with what is wrong.
//!
//! ```
//! use std::time::Duration;
//!
//! use wattfront::energy::testing::{ManualClock, MeterBench, assert_meter_contract};
//! use wattfront::energy::units::{DomainKind, Method, PowerDomain};
//! use wattfront::energy::{Clock, EnergyError, EnergySource, Meter, Reading};
//!
//! /// Shows what a counter in memory says.
//! struct MyMeter {
//!     source: [EnergySource; 1],
//!     counter: Option<u64>,
//! }
//!
//! impl Meter for MyMeter {
//!     fn name(&self) -> &'static str {
//!         "mine"
//!     }
//!
//!     fn sources(&self) -> &[EnergySource] {
//!         &self.source
//!     }
//!
//!     fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
//!         let failed = || EnergyError::unread(&self.source[0].domain, "the counter is gone");
//!         vec![self.counter.map(|microjoules| Reading::new(clock.now(), microjoules, 0)).ok_or_else(failed)]
//!     }
//! }
//!
//! struct MyBench {
//!     meter: MyMeter,
//!     clock: ManualClock,
//!     seconds: u64,
//!     broken: bool,
//! }
//!
//! impl MyBench {
//!     fn publish(&mut self) {
//!         self.meter.counter = (!self.broken).then_some(30_000_000 * self.seconds);
//!     }
//! }
//!
//! impl MeterBench for MyBench {
//!     fn meter(&mut self) -> &mut dyn Meter {
//!         &mut self.meter
//!     }
//!     fn clock(&self) -> ManualClock {
//!         self.clock.clone()
//!     }
//!     fn run(&mut self) {
//!         self.seconds += 1;
//!         self.clock.advance(1.0);
//!         self.publish();
//!     }
//!     fn microjoules_per_second(&self) -> Vec<u64> {
//!         vec![30_000_000]
//!     }
//!     fn spoil(&mut self) {
//!         self.broken = true;
//!         self.publish();
//!     }
//!     fn mend(&mut self) {
//!         self.broken = false;
//!         self.publish();
//!     }
//! }
//!
//! let domain = PowerDomain::new(DomainKind::Accelerator, "mine-0");
//! let source = [EnergySource::new(domain, Method::Counter, "a counter in memory", Duration::from_millis(1))];
//! let meter = MyMeter { source, counter: Some(0) };
//! assert_meter_contract(&mut MyBench { meter, clock: ManualClock::at(10.0), seconds: 0, broken: false });
//! ```

mod contract;
#[cfg(test)]
mod meters;

pub use super::system::clock::testing::ManualClock;
pub use contract::{MeterBench, assert_meter_answers, assert_meter_contract};
