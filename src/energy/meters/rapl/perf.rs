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
        // SAFETY: the attributes are a whole structure of the size that they state and outlive the call, which counts what
        // a processor does and touches nothing else.
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
mod tests {
    use super::super::testing::PowerEvents;
    use super::*;
    use crate::energy::system::clock::testing::ManualClock;

    const JOULE: u64 = 1 << 32;

    /// One package without memory, counted by processor 0 at first.
    fn machine() -> PowerEvents {
        let machine = PowerEvents::new("0", &[(0, 0, 0), (1, 0, 0)]);
        machine.remove("events/energy-ram");
        machine
    }

    fn planned(machine: &PowerEvents) -> Vec<PlannedCounter> {
        plan(&machine.sysfs(), &machine.opener(), &|_| true).unwrap()
    }

    fn only(machine: &PowerEvents) -> Box<dyn RaplCounter> {
        let mut counters: Vec<_> = planned(machine).into_iter().filter_map(|planned| planned.counter).collect();
        assert_eq!(counters.len(), 1);
        counters.remove(0)
    }

    /// The package's state.
    fn package(machine: &PowerEvents) -> CounterState {
        planned(machine).remove(0).found.state
    }

    #[test]
    fn counts_become_microjoules_and_the_two_readings_of_a_moment_agree() {
        let (machine, clock) = (machine(), ManualClock::at(10.0));
        let mut counter = only(&machine);
        assert!(counter.sampling().contains("perf_event power/energy-pkg"));
        assert_eq!(counter.read(&clock).unwrap().microjoules, 0);
        assert_eq!(counter.read(&clock).unwrap().microjoules, 0, "no time has passed, and none is missing");
        machine.pass(&clock, 1.0, 40 * JOULE + 5);
        assert_eq!(counter.read(&clock).unwrap().microjoules, 40_000_000);
    }

    #[test]
    fn a_processor_that_goes_offline_is_an_error_and_another_one_of_the_package_takes_over() {
        let (machine, clock) = (machine(), ManualClock::at(10.0));
        let mut counter = only(&machine);
        counter.read(&clock).unwrap();
        machine.pass(&clock, 1.0, 40 * JOULE);
        counter.read(&clock).unwrap();
        machine.offline(0);
        machine.pass(&clock, 1.0, 40 * JOULE);
        for _ in 0..2 {
            let reason = counter.read(&clock).unwrap_err();
            assert!(reason.contains("power/energy-pkg") && reason.contains("is processor 0 offline?"), "{reason}");
        }
        machine.write("cpumask", "1");
        machine.pass(&clock, 1.0, 40 * JOULE);
        assert!(counter.read(&clock).is_err(), "what went by is not known yet");
        let again = counter.read(&clock).unwrap();
        assert_eq!((again.microjoules, again.segment), (40_000_000, 1));
        machine.pass(&clock, 1.0, 7 * JOULE);
        let on = counter.read(&clock).unwrap();
        assert_eq!((on.microjoules, on.segment), (47_000_000, 1));
    }

    #[test]
    fn a_pause_in_counting_ends_the_segment() {
        let (machine, clock) = (machine(), ManualClock::at(10.0));
        let mut counter = only(&machine);
        counter.read(&clock).unwrap();
        machine.pass(&clock, 1.0, 40 * JOULE);
        machine.pause(0.2);
        let reason = counter.read(&clock).unwrap_err();
        assert!(reason.contains("did not count for 0.200 s"), "{reason}");
        machine.pass(&clock, 1.0, 3 * JOULE);
        let after = counter.read(&clock).unwrap();
        assert_eq!((after.microjoules, after.segment), (3_000_000, 1));
    }

    #[test]
    fn who_may_not_count_is_told_of_the_setting_and_the_capability() {
        let machine = machine();
        for errno in [libc::EACCES, libc::EPERM] {
            machine.refuse(errno);
            let CounterState::Closed { reason, remedy } = package(&machine) else { panic!() };
            assert!(reason.contains("power/energy-pkg on processor 0"), "{reason}");
            assert!(remedy.contains("kernel.perf_event_paranoid=0") && remedy.contains("cap_perfmon"), "{remedy}");
        }
        machine.refuse(libc::ENODEV);
        assert!(matches!(package(&machine), CounterState::Closed { remedy, .. } if remedy.is_empty()));
    }

    #[test]
    fn memory_that_cannot_be_counted_is_said_and_the_packages_are_counted() {
        let machine = PowerEvents::new("0,4", &[(0, 0, 0), (4, 1, 0)]);
        machine.refuse_config(3);
        let told = |machine: &PowerEvents| -> Vec<String> {
            let state = |found: &FoundCounter| {
                if found.is_counted() {
                    "yes"
                } else if found.is_closed() {
                    "no"
                } else {
                    "within"
                }
            };
            planned(machine).iter().map(|p| format!("{} {}", p.found.domain, state(&p.found))).collect()
        };
        let expected =
            ["cpu:package-0 yes", "dram:dram-0 no", "cpu:package-1 yes", "dram:dram-1 no", "platform:psys within"];
        assert_eq!(told(&machine), expected);
        machine.refuse_config(2);
        assert_eq!(told(&machine)[0], "cpu:package-0 no");
        // One that cannot be told how it is opened is no less there.
        let garbled = PowerEvents::new("0", &[(0, 0, 0)]);
        garbled.write("events/energy-ram.scale", "NaN");
        assert_eq!(told(&garbled), ["cpu:package-0 yes", "dram:dram-0 no", "platform:psys within"]);
        let memory = planned(&garbled).remove(1).found;
        assert!(
            matches!(&memory.state, CounterState::Closed { reason, .. } if reason.contains("energy-ram.scale")),
            "{memory:?}"
        );
    }

    #[test]
    fn memory_that_counts_nothing_while_time_passes_is_silent() {
        let machine = PowerEvents::new("0", &[(0, 0, 0)]);
        machine.run_by_itself(0);
        let states: Vec<_> = planned(&machine).into_iter().map(|planned| planned.found.state).collect();
        assert!(matches!(states[0], CounterState::Counted { .. }), "the package's figures will say that it hangs");
        assert!(
            matches!(&states[1], CounterState::Silent { reason } if reason.contains("energy-ram on processor 0 stays at 0"))
        );
        machine.run_by_itself(1);
        assert!(matches!(planned(&machine)[1].found.state, CounterState::Counted { .. }));
    }

    /// The one event that every kernel has is time itself; containers and CI may forbid it.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn this_kernel_counts_or_says_why_not() {
        use perf_event_open_sys::bindings::{PERF_COUNT_SW_CPU_CLOCK, PERF_TYPE_SOFTWARE};

        match Kernel.open(PERF_TYPE_SOFTWARE, u64::from(PERF_COUNT_SW_CPU_CLOCK), 0) {
            Ok(mut counting) => {
                let first = counting.read().unwrap();
                let second = counting.read().unwrap();
                assert!(second.counts > first.counts && second.running > first.running, "{first:?} {second:?}");
                assert!(second.enabled >= second.running);
            }
            Err(error) => assert!(
                matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM | libc::ENOSYS)),
                "the arguments are sound: {error}"
            ),
        }
        let error = Kernel.open(u32::MAX - 1, 0, 0).unwrap_err();
        assert!(error.raw_os_error().is_some(), "{error}");
    }
}
