//! How often counters are brought up to date. Those of a real processor change every millisecond; those that a hypervisor makes up
//! for its guests about once a second: QEMU's `-accel kvm,rapl=on` asks a helper on the host that often.

use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::counter::{HANGS_AFTER, RESOLUTION, RaplCounter};

/// The pace of a counter that was seen to change, and then to stand still for longer than real ones do.
const ONCE_A_SECOND: Duration = Duration::from_secs(1);

/// So many paces without a change are no pace: it hangs. As for the counters of GPUs.
const PACES: f64 = 3.5;

/// For so long the first change is waited for, and for all that follows it.
const FIRST: Duration = Duration::from_millis(1250);
const AT_MOST: Duration = Duration::from_secs(3);

const PAUSE: Duration = Duration::from_millis(2);

/// A counter of this pace that shows one value for so long hangs.
pub(super) fn hangs_after(pace: Duration) -> Duration {
    if pace > RESOLUTION { pace.mul_f64(PACES) } else { HANGS_AFTER }
}

/// For people.
pub(super) fn often(pace: Duration) -> &'static str {
    match pace > RESOLUTION {
        true => "brought up to date about once a second, as those that a hypervisor makes up for its guests",
        false => "brought up to date about every millisecond",
    }
}

/// Whether the machine that describes itself at `proc` runs on another one.
pub(super) fn is_virtual(proc: &Path) -> bool {
    let cpuinfo = fs::read_to_string(proc.join("cpuinfo")).unwrap_or_default();
    let flags = cpuinfo.lines().find(|line| line.starts_with("flags"));
    flags.is_some_and(|flags| flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

/// Watches counters until it is known of each whether it changes all the time: some milliseconds if it does, else up to 1.5 s. One
/// that does not move at all is left as it is: it hangs, or counts nothing.
pub(super) fn learn(counters: &mut [Box<dyn RaplCounter>]) {
    let (count, began) = (counters.len(), Instant::now());
    let shows = |index: usize| counters[index].shows();
    let slow = slow(count, shows, || began.elapsed(), || sleep(PAUSE));
    for (counter, slow) in counters.iter_mut().zip(slow) {
        if slow {
            counter.set_pace(ONCE_A_SECOND);
        }
    }
}

/// What was seen of one counter.
#[derive(Debug, Clone, Default)]
struct PacedCounter {
    /// The last value, when it was first known to be there, and when the one before was still there.
    value: Option<(u64, Duration, Duration)>,
    changed: bool,
    slow: Option<bool>,
}

impl PacedCounter {
    /// It shows a value that was read after `before` and until `after`; when it was read last, it was so from `earlier` on.
    fn see(&mut self, shown: Option<u64>, earlier: Duration, before: Duration, after: Duration) {
        let Some(now) = shown else {
            self.slow = Some(false);
            return;
        };
        match self.value {
            None => self.value = Some((now, after, after)),
            Some((value, since, _)) if value == now => {
                // Whatever it did before: this is longer than a real one stands still.
                if self.changed && before.saturating_sub(since) >= HANGS_AFTER {
                    self.slow = Some(true);
                }
            }
            Some((.., still)) => {
                if self.changed && after.saturating_sub(still) < HANGS_AFTER {
                    self.slow = Some(false);
                }
                (self.value, self.changed) = (Some((now, after, earlier)), true);
            }
        }
    }
}

/// Of each of `count` counters whether it was seen to be slow.
fn slow(
    count: usize,
    mut shows: impl FnMut(usize) -> Option<u64>,
    now: impl Fn() -> Duration,
    pause: impl Fn(),
) -> Vec<bool> {
    let mut watched = vec![PacedCounter::default(); count];
    let mut earlier = now();
    loop {
        let round = now();
        for (index, one) in watched.iter_mut().enumerate().filter(|(_, one)| one.slow.is_none()) {
            let before = now();
            let shown = shows(index);
            one.see(shown, earlier, before, now());
        }
        earlier = round;
        let wanted = |one: &PacedCounter| one.slow.is_none() && (one.changed || round < FIRST);
        if round >= AT_MOST || !watched.iter().any(wanted) {
            return watched.into_iter().map(|one| one.slow == Some(true)).collect();
        }
        pause();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::testing::{Alive, PowerEvents, PowercapTree, gaining};
    use super::super::*;
    use super::{Duration, RESOLUTION};

    /// Whether counters that show this after so many seconds are slow, read every `pause` seconds; and when that was known.
    fn slow(pause: f64, shows: &[fn(f64) -> u64]) -> (Vec<bool>, f64) {
        let time = Cell::new(0.0);
        let now = || Duration::from_secs_f64(time.get());
        let slow = super::slow(shows.len(), |k| Some(shows[k](time.get())), now, || time.set(time.get() + pause));
        (slow, time.get())
    }

    fn real(seconds: f64) -> u64 {
        (seconds * 1e3) as u64
    }

    fn made_up(seconds: f64) -> u64 {
        (seconds * 0.97 + 0.4) as u64
    }

    #[test]
    fn a_counter_that_changes_all_the_time_is_known_at_once_and_one_of_a_second_soon() {
        let (found, when) = slow(0.002, &[real]);
        assert!(found == [false] && when < 0.01, "{when}");
        let (found, when) = slow(0.002, &[made_up, real, |_| 7]);
        assert!(found == [true, false, false] && when < 1.6, "{when}");
        for offset in 0..10 {
            let shows: [fn(f64) -> u64; 10] = [
                |s| s as u64,
                |s| (s + 0.1) as u64,
                |s| (s + 0.2) as u64,
                |s| (s + 0.3) as u64,
                |s| (s + 0.4) as u64,
                |s| (s + 0.5) as u64,
                |s| (s + 0.6) as u64,
                |s| (s + 0.7) as u64,
                |s| (s + 0.8) as u64,
                |s| (s + 0.9) as u64,
            ];
            assert_eq!(slow(0.002, &shows[offset..=offset]).0, [true], "{offset}");
        }
    }

    #[test]
    fn what_is_not_seen_well_is_not_called_slow() {
        // A machine so busy that it looks four times a second; a counter that had hung and goes on; one that cannot be read.
        assert_eq!(slow(0.2, &[real]).0, [false]);
        assert_eq!(slow(0.5, &[real]).0, [false]);
        assert_eq!(slow(0.002, &[|s| if s < 0.9 { 0 } else { (s * 1e3) as u64 }]).0, [false]);
        assert_eq!(super::slow(1, |_| None, || Duration::ZERO, || ()), [false]);
    }

    #[test]
    fn in_a_virtual_machine_the_pace_is_learnt_and_said_and_one_that_is_late_does_not_hang() {
        let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0", &[(0, 0, 0)]));
        machine.remove("events/energy-ram");
        tree.zone("intel-rapl:0", "package-0", 1, 1 << 40);
        let ways = RaplWays::of(tree.root(), &machine);
        let resolution = || RaplMeter::open(&ways, &|_| false).unwrap().sources()[0].resolution;
        let once_a_second = || Box::new(|seconds: f64| (seconds + 0.8) as u64 * 60_000_000 + 1);
        let alive = Alive::start(&tree, vec![("intel-rapl:0", once_a_second())]);
        assert_eq!(resolution(), RESOLUTION, "a real processor is not waited for");
        drop(alive);
        std::fs::write(machine.sysfs().proc.join("cpuinfo"), "processor\t: 0\nflags\t\t: fpu hypervisor lahf_lm\n")
            .unwrap();
        assert_eq!(resolution(), RESOLUTION, "it does not move");
        let alive = Alive::start(&tree, vec![("intel-rapl:0", gaining(5, 60.0))]);
        assert_eq!(resolution(), RESOLUTION);
        drop(alive);
        let alive = Alive::start(&tree, vec![("intel-rapl:0", once_a_second())]);
        let (found, meter) = RaplMeter::look_and_open(&ways, &|_| false);
        drop(alive);
        let CounterState::Counted { sampling, .. } = &found[0].state else { panic!("{found:?}") };
        assert!(sampling.contains("about once a second"), "{sampling}");
        let mut meter = meter.unwrap();
        assert_eq!(meter.sources()[0].resolution, Duration::from_secs(1));
        assert_eq!(&meter.sources()[0].sampling, sampling);
        let clock = crate::energy::system::clock::testing::ManualClock::at(1.0);
        let mut read = |seconds: f64, joules: u64| {
            tree.set("intel-rapl:0", joules * 1_000_000);
            clock.advance(seconds);
            meter.read(&clock).remove(0).map(|r| (r.microjoules / 1_000_000, r.segment)).map_err(|e| e.to_string())
        };
        assert_eq!(read(0.5, 1000), Ok((0, 0)));
        for (seconds, joules, gained) in
            [(0.5, 1000, 0), (0.4, 1000, 0), (0.2, 1060, 60), (0.9, 1060, 60), (1.0, 1180, 180)]
        {
            assert_eq!(read(seconds, joules), Ok((gained, 0)));
        }
        assert_eq!(read(3.6, 1180), Ok((180, 0)));
        assert!(read(0.5, 1400).unwrap_err().contains("stood still for 3.6 s"));
    }
}
