//! Our part of devices that others use too, by the utilisation that the driver tells for each process.
//!
//! Around any meter whose devices tell their users. About twice a second it reads the energy and the utilisation since
//! it asked last. Our part of that [stretch](Ledger) is added to a cumulative figure. In between the figure stands
//! still, as a counter does between its ticks, and edges are interpolated once the stretch around them is over.

mod kin;
mod ledger;
mod split;
#[cfg(test)]
mod tests;
pub(crate) mod users;

use std::time::Duration;

use super::meter::{EnergySource, Meter, Reading, Shares};
use crate::energy::error::EnergyError;
use crate::energy::system::clock::{Clock, Moment};
use crate::energy::system::process_tree::Descendants;
use crate::energy::units::{DeviceState, Method};
use kin::Kin;
use ledger::Ledger;
use users::Users;

/// Utilisation is not asked for more often than this, whoever reads: a little less than the time between polls.
const DUE: Duration = Duration::from_millis(400);

/// The time between polls.
const POLLED: Duration = Duration::from_millis(500);

/// Who holds a device is looked up so rarely, for that takes the driver some milliseconds.
const LOOKED: Duration = Duration::from_secs(5);

/// Tells our part of what another meter reads.
#[derive(Debug)]
pub(crate) struct SharedMeter<M> {
    whole: M,
    sources: Vec<EnergySource>,
    ledgers: Vec<Ledger>,
    kin: Kin,
    /// When the whole was read last, if that brought what it should.
    read: Option<Moment>,
    looked: Option<Moment>,
}

impl<M: Users> SharedMeter<M> {
    /// The part of `descendants`.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unshareable`] if a device does not tell who uses it.
    pub(crate) fn new(whole: M, descendants: Descendants) -> Result<Self, EnergyError> {
        for (index, source) in whole.sources().iter().enumerate() {
            if source.method == Method::Estimate {
                return Err(EnergyError::Unshareable {
                    domain: source.domain.clone(),
                    reason: "its energy is estimated, and a share of a model would pass for a measurement".to_owned(),
                    remedy: "leave out `share`, or `gpu_estimate`".to_owned(),
                });
            }
            whole.shareable(index)?;
        }
        let source = |whole: &EnergySource| EnergySource {
            domain: whole.domain.clone(),
            method: Method::Attributed,
            sampling: format!(
                "a share by the utilisation of each process, asked for twice a second, and of the power at rest by heads; of: {}",
                whole.sampling
            ),
            resolution: whole.resolution.max(POLLED),
        };
        let sources = whole.sources().iter().map(source).collect();
        let ledgers = whole.sources().iter().map(Ledger::new).collect();
        let mut meter = Self { whole, sources, ledgers, kin: Kin::new(descendants), read: None, looked: None };
        meter.look();
        Ok(meter)
    }

    fn look(&mut self) {
        for (index, ledger) in self.ledgers.iter_mut().enumerate() {
            // Who held it last holds it still, as far as can be told.
            if let Some(holders) = self.whole.holders(index) {
                ledger.held_by(holders);
            }
        }
    }
}

impl<M: Users> Meter for SharedMeter<M> {
    fn name(&self) -> &'static str {
        self.whole.name()
    }

    fn sources(&self) -> &[EnergySource] {
        &self.sources
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let now = clock.now();
        if self.read.is_some_and(|at| now.since(at) < DUE) {
            let known: Option<Vec<_>> = self.ledgers.iter_mut().map(Ledger::next).collect();
            if let Some(known) = known {
                return known.into_iter().map(Ok).collect();
            }
        }
        let whole = self.whole.read(clock);
        let Self { whole: meter, ledgers, kin, .. } = self;
        let mut ledgers = ledgers.iter_mut().enumerate();
        let readings: Vec<_> = whole
            .into_iter()
            .zip(&mut ledgers)
            .map(|(reading, (index, ledger))| ledger.advance(reading?, |since_us| meter.busy(index, since_us), kin))
            .collect();
        kin.forget(now);
        self.read = readings.iter().all(Result::is_ok).then_some(now);
        readings
    }

    /// There is no second figure of a part. This is only called between edges, and so is the place to look who holds the
    /// devices.
    fn cross_check(&mut self, clock: &dyn Clock) -> Vec<Option<Result<Reading, EnergyError>>> {
        let now = clock.now();
        if self.looked.is_none_or(|at| now.since(at) >= LOOKED) {
            self.looked = Some(now);
            self.look();
        }
        self.sources.iter().map(|_| None).collect()
    }

    fn states(&mut self) -> Vec<Option<DeviceState>> {
        let states = self.whole.states();
        for (ledger, state) in self.ledgers.iter_mut().zip(&states) {
            if let Some(processes) = state.as_ref().and_then(|state| state.processes.clone()) {
                ledger.held_by(processes);
            }
        }
        states
    }

    fn shares(&self) -> Vec<Shares> {
        let whole = self.whole.shares().into_iter().map(Some).chain(std::iter::repeat(None));
        let shares = |(ledger, whole): (&Ledger, Option<Shares>)| {
            let (own, whole) = (ledger.shares(), whole.unwrap_or_default());
            Shares { bridged: whole.bridged, clock_set: whole.clock_set, clock_set_by: whole.clock_set_by, ..own }
        };
        self.ledgers.iter().zip(whole).map(shares).collect()
    }
}
