//! Processor packages and their memory, by the counters that Intel calls RAPL and that AMD has too.
//!
//! Two ways lead to them: the files of the powercap tree, which root alone may read by default and container runtimes hide;
//! and the kernel's perf events, which `perf_event_paranoid` or a capability allow. Whichever is open first is taken,
//! and both name the hardware alike. The platform as a whole, `psys`, is read by a meter of its own: it contains the packages.

mod counter;
mod files;
mod merge;
mod mirrors;
mod pace;
mod perf;
mod plan;
mod planned;
mod remedy;
mod scale;
mod source;
mod survey;
#[cfg(test)]
pub(crate) mod testing;
mod tree;
mod ways;
mod zone;

use super::meter::{EnergySource, Meter, Reading};
use crate::energy::error::{Alternative, EnergyError};
use crate::energy::system::clock::Clock;
use crate::energy::units::{DomainKind, Method, PowerDomain};
use counter::RaplCounter;
pub(crate) use plan::{packages, survey};
use planned::PlannedCounter;
use remedy::Obstacle;
pub(crate) use survey::{CounterState, FoundCounter};
pub(crate) use ways::RaplWays;

/// Reads packages and memory; or the platform around them.
#[derive(Debug)]
pub(crate) struct RaplMeter {
    name: &'static str,
    sources: Vec<EnergySource>,
    counters: Vec<Box<dyn RaplCounter>>,
}

impl RaplMeter {
    /// The meter alone, see [`look_and_open`](Self::look_and_open).
    #[cfg(test)]
    pub(crate) fn open(ways: &RaplWays, left_out: &dyn Fn(&PowerDomain) -> bool) -> Result<Self, EnergyError> {
        Self::look_and_open(ways, left_out).1
    }

    /// The meter of what can be read now, but for domains that are `left_out`, which are neither opened nor in the way; and every
    /// counter that was found, as by [`survey`] and also where the meter cannot be opened: by one look, so that what is listed is
    /// what is read. Of several packages those are read that can be; the others are among what was found.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] if neither way leads to a package; it says why of both.
    pub(crate) fn look_and_open(
        ways: &RaplWays,
        left_out: &dyn Fn(&PowerDomain) -> bool,
    ) -> (Vec<FoundCounter>, Result<Self, EnergyError>) {
        let plan = plan::plan(ways, left_out);
        let mut found = plan.found();
        if let Some(Obstacle { reason, remedy }) = plan.shut {
            let is_read =
                |state: &CounterState| matches!(state, CounterState::Counted { .. } | CounterState::Within { .. });
            let platform = found.iter().any(|f| f.domain.kind == DomainKind::Platform && is_read(&f.state));
            let package = found.iter().any(|f| f.domain.kind == DomainKind::Cpu);
            let alternative = (platform && !package).then_some(Alternative::Platform);
            return (found, Err(EnergyError::Unavailable { meter: "rapl", reason, remedy, alternative }));
        }
        let wanted = |planned: &PlannedCounter| {
            let domain = &planned.found.domain;
            domain.kind != DomainKind::Platform && !left_out(domain)
        };
        let counters: Vec<_> = plan.all.into_iter().filter(wanted).filter_map(|planned| planned.counter).collect();
        if counters.is_empty() {
            let error = EnergyError::Unavailable {
                meter: "rapl",
                reason: "all that it could read is left out by name".to_owned(),
                remedy: "choose other meters, or leave out less".to_owned(),
                alternative: None,
            };
            return (found, Err(error));
        }
        let meter = Self::of("rapl", counters, ways);
        for found in &mut found {
            let read = meter.sources.iter().find(|source| source.domain == found.domain);
            if let (Some(source), CounterState::Counted { sampling, .. }) = (read, &mut found.state) {
                sampling.clone_from(&source.sampling);
            }
        }
        (found, Ok(meter))
    }

    /// The meter of the platform as a whole, which contains the processors and whatever else the board's maker wired to it.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] if the machine shows no such counter, or it cannot be read.
    pub(crate) fn platform(ways: &RaplWays) -> Result<Self, EnergyError> {
        let unavailable =
            |(reason, remedy)| EnergyError::Unavailable { meter: "psys", reason, remedy, alternative: None };
        plan::platform(ways).map(|counters| Self::of("psys", counters, ways)).map_err(unavailable)
    }

    fn of(name: &'static str, mut counters: Vec<Box<dyn RaplCounter>>, ways: &RaplWays) -> Self {
        if ways.one_machine && pace::is_virtual(&ways.sysfs.proc) {
            pace::learn(&mut counters);
        }
        let sources = counters.iter().map(|counter| source(&**counter)).collect();
        Self { name, sources, counters }
    }
}

fn source(counter: &dyn RaplCounter) -> EnergySource {
    EnergySource {
        domain: counter.domain().clone(),
        method: Method::Counter,
        sampling: counter.sampling(),
        resolution: counter.pace(),
    }
}

impl Meter for RaplMeter {
    fn name(&self) -> &'static str {
        self.name
    }

    fn sources(&self) -> &[EnergySource] {
        &self.sources
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let read = |counter: &mut Box<dyn RaplCounter>| {
            let reading = counter.read(clock);
            reading.map_err(|reason| EnergyError::Read { domain: counter.domain().clone(), reason })
        };
        self.counters.iter_mut().map(read).collect()
    }
}

#[cfg(test)]
mod tests;
