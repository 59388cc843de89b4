//! Processor packages and their memory, by the counters that Intel calls RAPL and that AMD has too.
//!
//! Two ways lead to them: the files of the powercap tree, which root alone may read by default and container runtimes hide;
//! and the kernel's perf events, which `perf_event_paranoid` or a capability allow. Whichever is open first is taken,
//! and both name the hardware alike.

mod perf;
mod powercap;
mod scale;
mod source;
#[cfg(test)]
pub(crate) mod testing;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::clock::Clock;
use super::error::EnergyError;
use super::meter::{Meter, Reading, Source};
use super::units::{Domain, Method};

use perf::Opener;
pub(crate) use powercap::{MISSING_REMEDY, Zone, read_remedy, zones};
use source::Sysfs;

/// The counters change about once a millisecond.
const RESOLUTION: Duration = Duration::from_millis(1);

/// More than any processor package, or the memory behind it, draws, in watts. It bounds how long a counter may stay unread
/// before it may have wrapped twice: a usual range of 262 kJ lasts 262 s.
const MAX_WATTS: f64 = 1000.0;

/// What may arrive between two readings that are almost at the same time, in joules.
const BURST_JOULES: f64 = 10.0;

/// One counter, by whichever way.
trait Counter: Send + Debug {
    fn domain(&self) -> &Domain;

    /// What exactly is read.
    fn sampling(&self) -> String;

    fn read(&mut self, clock: &dyn Clock) -> Result<Reading, String>;
}

/// What is in the way, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub(crate) reason: String,
    /// `None` where the other way's remedy is all there is to do.
    pub(crate) remedy: Option<&'static str>,
}

/// Where the counters may be found.
#[derive(Debug, Clone)]
pub(crate) struct Ways {
    /// The powercap tree.
    pub(crate) powercap: PathBuf,
    sysfs: Sysfs,
    opener: Arc<dyn Opener>,
}

impl Ways {
    /// Those of a machine that describes itself at `sys` and `proc`.
    pub(crate) fn new(powercap: PathBuf, sys: PathBuf, proc: PathBuf) -> Self {
        Self { powercap, sysfs: Sysfs { sys, proc }, opener: Arc::new(perf::Kernel) }
    }

    /// What perf events there are, with how each is read.
    ///
    /// # Errors
    ///
    /// Why none can be counted.
    pub(crate) fn events(&self) -> Result<Vec<Source>, Obstacle> {
        let counters = perf::counters(&self.sysfs, &self.opener)?;
        Ok(counters.iter().map(|counter| source(counter)).collect())
    }
}

#[cfg(test)]
impl Ways {
    pub(crate) fn of(powercap: &std::path::Path, machine: &testing::PowerEvents) -> Self {
        Self { powercap: powercap.to_owned(), sysfs: machine.sysfs(), opener: machine.opener() }
    }

    /// The powercap tree alone.
    pub(crate) fn files(powercap: &std::path::Path) -> Self {
        let nowhere = powercap.join("nowhere");
        Self::new(powercap.to_owned(), nowhere.clone(), nowhere)
    }
}

/// Reads packages and memory.
#[derive(Debug)]
pub(crate) struct RaplMeter {
    sources: Vec<Source>,
    counters: Vec<Box<dyn Counter>>,
}

impl RaplMeter {
    /// The meter of what can be read now.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] if neither way leads to every package; it says why of both.
    pub(crate) fn open(ways: &Ways) -> Result<Self, EnergyError> {
        let masked = match powercap::counters(&ways.powercap) {
            Ok(counters) => return Ok(Self::of(counters)),
            Err(obstacle) => obstacle,
        };
        let denied = match perf::counters(&ways.sysfs, &ways.opener) {
            Ok(counters) => return Ok(Self::of(counters)),
            Err(obstacle) => obstacle,
        };
        Err(EnergyError::Unavailable {
            meter: "rapl",
            reason: both(&masked.reason, &denied.reason),
            remedy: either(masked.remedy.unwrap_or_default(), denied.remedy),
        })
    }

    fn of(counters: Vec<impl Counter + 'static>) -> Self {
        let sources = counters.iter().map(|counter| source(counter)).collect();
        let boxed = |counter| Box::new(counter) as Box<dyn Counter>;
        Self { sources, counters: counters.into_iter().map(boxed).collect() }
    }
}

fn source(counter: &dyn Counter) -> Source {
    Source {
        domain: counter.domain().clone(),
        method: Method::Counter,
        sampling: counter.sampling(),
        resolution: RESOLUTION,
    }
}

/// Why neither way is open.
pub(crate) fn both(masked: &str, denied: &str) -> String {
    format!("{masked}; nor by perf events: {denied}")
}

/// What opens the one way or the other.
pub(crate) fn either(masked: &str, denied: Option<&str>) -> String {
    denied.map_or_else(|| masked.to_owned(), |denied| format!("{masked}; or {denied}"))
}

impl Meter for RaplMeter {
    fn name(&self) -> &'static str {
        "rapl"
    }

    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let read = |counter: &mut Box<dyn Counter>| {
            let reading = counter.read(clock);
            reading.map_err(|reason| EnergyError::Read { domain: counter.domain().clone(), reason })
        };
        self.counters.iter_mut().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::PowercapTree;
    use super::testing::PowerEvents;
    use super::*;

    fn sampling(ways: &Ways) -> Vec<String> {
        RaplMeter::open(ways).unwrap().sources().iter().map(|s| format!("{} {}", s.domain, s.sampling)).collect()
    }

    #[test]
    fn files_come_first_and_events_stand_in_under_the_same_names() {
        let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0", &[(0, 0, 0)]));
        let ways = Ways::of(tree.root(), &machine);
        let events = sampling(&ways);
        assert!(events[0].starts_with("cpu:package-0 perf_event power/energy-pkg"), "{events:?}");
        assert!(events[1].starts_with("dram:dram-0 perf_event power/energy-ram"), "{events:?}");
        tree.zone("intel-rapl:0", "package-0", 1, 1 << 40).zone("intel-rapl:0:0", "dram", 1, 1 << 40);
        let files = sampling(&ways);
        assert!(files[0].starts_with("cpu:package-0 powercap"), "{files:?}");
        assert!(files[1].starts_with("dram:dram-0 powercap"), "{files:?}");
        // A package for root alone spoils the tree, not the events.
        tree.garble("intel-rapl:0");
        assert_eq!(sampling(&ways), events);
    }

    #[test]
    fn where_neither_way_is_open_both_reasons_and_both_remedies_are_told() {
        let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0", &[(0, 0, 0)]));
        machine.refuse(libc::EACCES);
        let text = RaplMeter::open(&Ways::of(&tree.root().join("nowhere"), &machine)).unwrap_err().to_string();
        for part in ["nowhere: No such file", "modprobe intel_rapl_msr", "power/energy-pkg on processor 0: Permission"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains("perf_event_paranoid") && text.contains("cap_perfmon"), "{text}");
    }
}
