//! Packages and memory by the kernel's perf events, where the powercap tree is hidden or for root alone.

use std::fmt::Debug;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::super::counter::CounterTotal;
use super::super::meter::Reading;
use super::counter::{RESOLUTION, RaplCounter, draw};
use super::pace;
use super::planned::PlannedCounter;
use super::remedy::Obstacle;
use super::source::{EventList, PowerEvent, Sysfs};
use super::survey::{CounterState, FoundCounter};
use crate::energy::system::clock::{Clock, Moment};
use crate::energy::units::{DomainKind, PowerDomain};

/// What an event came to since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Count {
    /// In the event's own unit.
    pub(crate) counts: u64,
    /// Time for which it should have counted.
    pub(crate) enabled: Duration,
    /// Time for which it did.
    pub(crate) running: Duration,
}

/// An event under way.
pub(crate) trait Counting: Send + Debug {
    /// What it came to by now.
    fn read(&mut self) -> io::Result<Count>;
}

/// Who opens events: the kernel, or a test.
pub(crate) trait Opener: Send + Sync + Debug {
    /// Starts counting an event of a source on one processor, whoever runs there.
    fn open(&self, source: u32, config: u64, cpu: u32) -> io::Result<Box<dyn Counting>>;
}

/// The events of this machine: packages and memory that are `wanted`, open and counting where that is allowed.
///
/// # Errors
///
/// Why there are none.
pub(super) fn plan(
    sysfs: &Sysfs,
    opener: &Arc<dyn Opener>,
    wanted: &dyn Fn(&PowerDomain) -> bool,
) -> Result<Vec<PlannedCounter>, Obstacle> {
    // Where there are no events, there is no powercap tree for the same reason.
    let listed = match sysfs.listed() {
        Ok(listed) => listed,
        Err(reason) if sysfs.power().exists() => {
            let domain = PowerDomain { kind: DomainKind::Cpu, id: "packages".to_owned() };
            let state = CounterState::Closed { reason, remedy: STRANGE_REMEDY.to_owned() };
            return Ok(vec![PlannedCounter::said(FoundCounter {
                domain,
                place: sysfs.power().display().to_string(),
                state,
            })]);
        }
        Err(reason) => return Err(Obstacle { reason, remedy: String::new() }),
    };
    let open = |listed: EventList| {
        let place = format!("perf_event power/{} on processor {}", listed.name, listed.cpu);
        let found = |state| FoundCounter { domain: listed.domain.clone(), place: place.clone(), state };
        let closed = |reason, remedy: &str| {
            PlannedCounter::said(found(CounterState::Closed { reason, remedy: remedy.to_owned() }))
        };
        let event = match listed.event {
            Ok(event) => event,
            Err(reason) => return closed(reason, STRANGE_REMEDY),
        };
        match opener.open(event.source, event.config, event.cpu) {
            Ok(mut counting) => {
                if event.domain.kind == DomainKind::Dram && stays_at_0(&mut *counting) {
                    let reason =
                        format!("power/{} on processor {} stays at 0: it does not count", event.name, event.cpu);
                    return PlannedCounter::said(found(CounterState::Silent { reason }));
                }
                let counter = EventCounter::new(event, counting, sysfs.clone(), Arc::clone(opener));
                let state = CounterState::Counted { sampling: counter.sampling(), note: None };
                PlannedCounter { found: found(state), counter: Some(Box::new(counter)) }
            }
            Err(error) => {
                let reason = format!("power/{} on processor {}: {error}", event.name, event.cpu);
                let denied = error.kind() == ErrorKind::PermissionDenied;
                closed(reason, if denied { DENIED_REMEDY } else { "" })
            }
        }
    };
    let mut planned: Vec<PlannedCounter> =
        listed.into_iter().filter(|listed| wanted(&listed.domain)).map(open).collect();
    planned.extend(sysfs.others().into_iter().map(PlannedCounter::said));
    Ok(planned)
}

/// The event of the platform as a whole.
///
/// # Errors
///
/// Why it cannot be counted.
pub(super) fn platform(sysfs: &Sysfs, opener: &Arc<dyn Opener>) -> Result<Box<dyn RaplCounter>, Obstacle> {
    let event = sysfs.platform().map_err(|reason| Obstacle { reason, remedy: String::new() })?;
    match opener.open(event.source, event.config, event.cpu) {
        Ok(counting) => Ok(Box::new(EventCounter::new(event, counting, sysfs.clone(), Arc::clone(opener)))),
        Err(error) => {
            let denied = error.kind() == ErrorKind::PermissionDenied;
            let remedy = if denied { DENIED_REMEDY.to_owned() } else { String::new() };
            Err(Obstacle { reason: format!("power/{} on processor {}: {error}", event.name, event.cpu), remedy })
        }
    }
}

/// Whether an event counts nothing for a tenth of a second of its own time: events begin at 0.
fn stays_at_0(counting: &mut dyn Counting) -> bool {
    let mut first = None;
    for round in 0..=LOOKS {
        let Ok(count) = counting.read() else { return false };
        let first = *first.get_or_insert(count.running);
        if count.counts > 0 || (round > 2 && count.running <= first) {
            return false;
        }
        thread::sleep(BETWEEN_LOOKS);
    }
    true
}

const LOOKS: usize = 50;
const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

const STRANGE_REMEDY: &str = "another version of the kernel may tell it in a way that is known here";

const DENIED_REMEDY: &str = "let perf count system-wide until the next start with `sudo sysctl kernel.perf_event_paranoid=0`, \
    or give this program the capability cap_perfmon (`sudo setcap cap_perfmon=ep PROGRAM`; in a container \
    `--cap-add PERFMON`, if its seccomp profile lets perf_event_open pass)";

/// An event, opened anew whenever it stops.
#[derive(Debug)]
pub(crate) struct EventCounter {
    event: PowerEvent,
    counting: Box<dyn Counting>,
    total: CounterTotal,
    pace: Duration,
    last: Option<(Moment, Count)>,
    sysfs: Sysfs,
    opener: Arc<dyn Opener>,
}

impl EventCounter {
    fn new(event: PowerEvent, counting: Box<dyn Counting>, sysfs: Sysfs, opener: Arc<dyn Opener>) -> Self {
        // The kernel adds up wraps of the register, and its own 64 bits last for a century.
        let total = CounterTotal::new(None, draw(0.0)).hangs_after(pace::hangs_after(RESOLUTION));
        Self { event, counting, total, pace: RESOLUTION, last: None, sysfs, opener }
    }

    /// What it counted, or why it did not.
    fn count(&mut self, began: Moment) -> Result<Count, String> {
        let now = self.counting.read().map_err(|error| match error.kind() {
            ErrorKind::UnexpectedEof => "the event is in a state of error".to_owned(),
            _ => error.to_string(),
        })?;
        match self.last {
            // Its time stands still while the clock goes on: the value is that of long ago.
            Some((before, last)) if now.running <= last.running && began > before => {
                Err(format!("it no longer counts: is processor {} offline?", self.event.cpu))
            }
            _ => Ok(now),
        }
    }

    /// Counts on, on whichever processor now stands for the package. If that fails, the next reading does too.
    fn reopen(&mut self) {
        let mut events = self.sysfs.events().unwrap_or_default();
        events.extend(self.sysfs.platform());
        let same = |event: &PowerEvent| event.domain == self.event.domain && event.name == self.event.name;
        let Some(event) = events.into_iter().find(same) else { return };
        if let Ok(counting) = self.opener.open(event.source, event.config, event.cpu) {
            (self.event, self.counting, self.last) = (event, counting, None);
            self.total.cut();
        }
    }
}

impl RaplCounter for EventCounter {
    fn domain(&self) -> &PowerDomain {
        &self.event.domain
    }

    fn rename(&mut self, domain: &PowerDomain) {
        self.event.domain = domain.clone();
    }

    fn sampling(&self) -> String {
        format!("perf_event power/{}, {}", self.event.name, pace::often(self.pace))
    }

    fn read(&mut self, clock: &dyn Clock) -> Result<Reading, String> {
        let named = |name: &str, reason: String| format!("perf_event power/{name}: {reason}");
        let count = match self.count(clock.now()) {
            Ok(count) => count,
            Err(reason) => {
                let reason = named(self.event.name, reason);
                self.reopen();
                return Err(reason);
            }
        };
        let at = clock.now();
        let microjoules = self.event.scale.microjoules(count.counts);
        let microjoules = microjoules.ok_or_else(|| named(self.event.name, format!("{} counts", count.counts)))?;
        if let Some((_, last)) = self.last {
            let enabled = count.enabled.saturating_sub(last.enabled);
            let running = count.running.saturating_sub(last.running);
            if enabled.saturating_sub(running) > RESOLUTION {
                // What went by in the pause is not known.
                self.total.cut();
                self.last = Some((at, count));
                let _ = self.total.advance(at, microjoules);
                let paused = enabled.saturating_sub(running).as_secs_f64();
                return Err(named(self.event.name, format!("the kernel did not count for {paused:.3} s")));
            }
        }
        self.last = Some((at, count));
        self.total.advance(at, microjoules).map_err(|gap| named(self.event.name, gap.to_string()))
    }

    fn shows(&mut self) -> Option<u64> {
        self.counting.read().ok().map(|count| count.counts)
    }

    fn pace(&self) -> Duration {
        self.pace
    }

    fn set_pace(&mut self, pace: Duration) {
        self.pace = pace;
        self.total.set_hangs_after(pace::hangs_after(pace));
    }
}

/// The kernel of this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kernel;

#[cfg(target_arch = "x86_64")]
impl Opener for Kernel {
    /// See <https://man7.org/linux/man-pages/man2/perf_event_open.2.html>.
    fn open(&self, source: u32, config: u64, cpu: u32) -> io::Result<Box<dyn Counting>> {
        use std::fs::File;
        use std::os::fd::FromRawFd;

        use perf_event_open_sys::bindings::{
            PERF_FLAG_FD_CLOEXEC, PERF_FORMAT_TOTAL_TIME_ENABLED, PERF_FORMAT_TOTAL_TIME_RUNNING, perf_event_attr,
        };
        use perf_event_open_sys::perf_event_open;

        let mut attributes = perf_event_attr::default();
        attributes.size = size_of::<perf_event_attr>() as u32;
        attributes.type_ = source;
        attributes.config = config;
        attributes.read_format = u64::from(PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING);
        let cpu = i32::try_from(cpu).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
        // SAFETY: the attributes are a whole structure of the size that they state, and outlive the call. It counts
        // what a processor does and touches nothing else.
        let descriptor =
            unsafe { perf_event_open(&raw mut attributes, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC as std::ffi::c_ulong) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call has just made the descriptor, and nobody else has it.
        Ok(Box::new(OpenEvent(unsafe { File::from_raw_fd(descriptor) })))
    }
}

#[cfg(not(target_arch = "x86_64"))]
impl Opener for Kernel {
    fn open(&self, _: u32, _: u64, _: u32) -> io::Result<Box<dyn Counting>> {
        Err(io::Error::new(ErrorKind::Unsupported, "only processors of Intel and AMD count their energy"))
    }
}

#[cfg(target_arch = "x86_64")]
#[derive(Debug)]
struct OpenEvent(std::fs::File);

#[cfg(target_arch = "x86_64")]
impl Counting for OpenEvent {
    fn read(&mut self) -> io::Result<Count> {
        use std::io::Read;

        let mut bytes = [0; 24];
        self.0.read_exact(&mut bytes)?;
        let (words, _) = bytes.as_chunks::<8>();
        let [counts, enabled, running] = [0, 1, 2].map(|k| u64::from_ne_bytes(words[k]));
        Ok(Count { counts, enabled: Duration::from_nanos(enabled), running: Duration::from_nanos(running) })
    }
}

#[cfg(test)]
mod tests;
