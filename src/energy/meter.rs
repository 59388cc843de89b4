//! What a meter is.

use std::time::Duration;

use super::clock::{Clock, Moment};
use super::error::EnergyError;
use super::units::DeviceState;
use super::units::{Domain, Method};

/// One figure that a meter reads: of which hardware, how, and how finely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The hardware.
    pub domain: Domain,
    /// How the figure comes about.
    pub method: Method,
    /// What exactly is read, and how: `total-energy counter, a tick every 100 ms`.
    pub sampling: String,
    /// The time between two changes of the figure. A window of less than two of these is not resolved.
    pub resolution: Duration,
}

/// What the [`sampling`](Source::sampling) of a GPU's counter begins with where it is that of the whole module.
pub(crate) const OF_MODULE: &str = "of the whole module, with its processor and memory: ";

/// And where that cannot be told.
pub(crate) const OF_MODULE_PERHAPS: &str =
    "of the GPU alone or of its whole module, with processor and memory, which cannot be told: ";

impl Source {
    /// What is to be said of each figure, where it is of more than its domain says, or may be. The energy of the processor then is, or
    /// may be, in it already.
    pub(crate) fn holds_more(&self) -> Option<&'static str> {
        let found = [OF_MODULE, OF_MODULE_PERHAPS].into_iter().find(|words| self.sampling.contains(words));
        found.map(|words| words.trim_end_matches(": "))
    }
}

/// The cumulative energy of one source at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The moment whose energy it is: when it was read, or a little before if the figure stands still in between.
    pub at: Moment,
    /// Energy since the meter was opened, in microjoules (whole ones, so that differences are exact).
    pub microjoules: u64,
    /// Readings of one segment can be subtracted from each other. A counter that starts anew, or stood unread for too
    /// long, starts the next segment, because the energy in between is unknown.
    pub segment: u64,
}

/// What is known so far of the shares of a device that others use too, and of what else was made up for. All of it adds up from the opening of the meter on:
/// the difference between two edges is a window's.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Shares {
    /// The standard deviation of what errs the same way in all of a window, in joules.
    pub sd: f64,
    /// The variance of what errs by chance, in square joules.
    pub variance: f64,
    /// How often processes computed that this system does not show, as those of other containers. They counted as others.
    pub unseen: u64,
    /// The variance of what was bridged where dates did not say how much time passed, in square joules.
    pub bridged: f64,
    /// How often somebody set the wall clock that dates what is read, and by how many seconds in all.
    pub clock_set: u64,
    /// See [`clock_set`](Self::clock_set).
    pub clock_set_by: f64,
}

/// How finely a second figure is known so far, beside its reading. All but the lag adds up from the opening of the meter on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Grain {
    /// By how much power that changed between its readings may have led it astray, in joules, if a load in step with them did so
    /// every time.
    pub unrest: f64,
    /// The variance of the same if it led the figure astray by chance, in square joules.
    pub variance: f64,
    /// Of how many readings of power it consists.
    pub readings: u64,
    /// How much older than the reading the newest power in it is.
    pub lag: Duration,
}

/// A reader of energy.
///
/// # Contract
///
/// * [`sources`](Self::sources) never changes; no two of its domains are the same and no energy is in two of them.
/// * [`read`](Self::read) answers with exactly one entry per source, in the order of the sources.
/// * `at` and `segment` never fall from one successful reading of a source to the next; within one segment neither does
///   `microjoules`. When a segment ends, `microjoules` goes on from its last value: unknown energy is not counted.
/// * What cannot be read is an error, never zero, never the value before. A reading after a failed one is right again, or
///   in a new segment.
/// * Readings are some milliseconds' work at most; a session reads at every edge of a window and twice a second.
/// * [`counterparts`](Self::counterparts) never changes, and [`cross_check`](Self::cross_check) answers in the same order,
///   with an entry where there is a counterpart and none elsewhere. Its readings keep what is said above of readings, each
///   source for itself, and cost no more than those of `read`. They count from the first one on, and their segments are
///   their own.
pub trait Meter: Send {
    /// The name of the meter, such as `rapl`.
    fn name(&self) -> &'static str;

    /// What the meter reads.
    fn sources(&self) -> &[Source];

    /// Reads all sources now, by this clock.
    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>>;

    /// For each source how a second, independent figure of the same energy comes about, to be held against the first.
    /// Default: there are none.
    fn counterparts(&self) -> Vec<Option<Source>> {
        self.sources().iter().map(|_| None).collect()
    }

    /// Reads the second figures; about twice a second is enough, and a meter may answer with its last reading where it is
    /// asked more often.
    fn cross_check(&mut self, clock: &dyn Clock) -> Vec<Option<Result<Reading, EnergyError>>> {
        let _ = clock;
        self.sources().iter().map(|_| None).collect()
    }

    /// How finely the second figures are known, in the order of the sources. Asked for after each
    /// [`cross_check`](Self::cross_check). Default: each reading counts as one of power.
    fn grains(&self) -> Vec<Option<Grain>> {
        self.sources().iter().map(|_| None).collect()
    }

    /// Of figures that are parts of a whole ([`Method::Attributed`]), how far the shares may be off, and of any figures what was made
    /// up for, in the order of the sources. Asked for after each reading. Default: nothing is shared, and nothing was.
    fn shares(&self) -> Vec<Shares> {
        vec![Shares::default(); self.sources().len()]
    }

    /// The state of each source's device, in the order of the sources. Never asked for in the midst of what is metered
    /// closely: it may take its time. Default: nothing is known.
    fn states(&mut self) -> Vec<Option<DeviceState>> {
        self.sources().iter().map(|_| None).collect()
    }
}

/// Turns the raw values of a hardware counter into cumulative energy without a jump that did not happen.
#[derive(Debug, Clone)]
pub(crate) struct CounterTotal {
    /// The counter starts again from zero after this value; `None` if it does not wrap, or nobody says when.
    range_uj: Option<u64>,
    /// More power than this hardware can draw, in watts. What implies more is no energy but a counter that was reset.
    max_watts: f64,
    /// Energy that may arrive in one piece, in microjoules: one tick of the counter at full power.
    burst_uj: f64,
    last: Option<(Moment, u64)>,
    total_uj: u64,
    segment: u64,
}

impl CounterTotal {
    pub(crate) fn new(range_uj: Option<u64>, max_watts: f64, burst_joules: f64) -> Self {
        let range_uj = range_uj.filter(|range| *range > 0);
        Self { range_uj, max_watts, burst_uj: burst_joules * 1e6, last: None, total_uj: 0, segment: 0 }
    }

    /// The counter showed `raw` microjoules at `at`.
    pub(crate) fn advance(&mut self, at: Moment, raw: u64) -> Reading {
        if let Some((before, last)) = self.last {
            let seconds = at.since(before).as_secs_f64();
            match self.step(seconds, last, raw) {
                Some(step) => self.total_uj += step,
                None => self.segment += 1,
            }
        }
        self.last = Some((at, raw));
        Reading { at, microjoules: self.total_uj, segment: self.segment }
    }

    /// What the counter shows next does not go on from what it showed: the next value begins a segment.
    pub(crate) fn cut(&mut self) {
        if self.last.take().is_some() {
            self.segment += 1;
        }
    }

    /// The energy between two raw values, or `None` if they do not tell.
    fn step(&self, seconds: f64, last: u64, raw: u64) -> Option<u64> {
        let possible_uj = self.max_watts * 1e6 * seconds;
        if self.range_uj.is_some_and(|range| possible_uj >= range as f64) {
            return None; // it may have wrapped any number of times
        }
        let step = match self.range_uj {
            _ if raw >= last => raw - last,
            Some(range) => range.checked_sub(last)?.checked_add(raw)?,
            None => return None,
        };
        (step as f64 <= possible_uj + self.burst_uj).then_some(step)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn second(s: f64) -> Moment {
        Moment::from_monotonic_seconds(s).unwrap()
    }

    #[test]
    fn a_counter_that_starts_anew_ends_the_segment_and_adds_nothing() {
        let mut counter = CounterTotal::new(None, 1000.0, 10.0);
        counter.advance(second(0.0), 500_000_000);
        assert_eq!(counter.advance(second(1.0), 600_000_000).microjoules, 100_000_000);
        let after = counter.advance(second(2.0), 3);
        assert_eq!((after.microjoules, after.segment), (100_000_000, 1));
        let later = counter.advance(second(3.0), 1_000_003);
        assert_eq!((later.microjoules, later.segment), (101_000_000, 1));
    }

    #[test]
    fn a_fall_that_would_be_half_a_megawatt_is_a_reset_and_no_wrap() {
        let mut counter = CounterTotal::new(Some(262_143_328_850), 1000.0, 10.0);
        counter.advance(second(0.0), 100_000_000);
        let after = counter.advance(second(0.5), 0);
        assert_eq!((after.microjoules, after.segment), (0, 1));
    }

    #[test]
    fn a_jump_that_no_hardware_makes_is_not_energy() {
        let mut counter = CounterTotal::new(None, 1000.0, 10.0);
        counter.advance(second(0.0), 0);
        let after = counter.advance(second(0.5), u64::MAX - 7);
        assert_eq!((after.microjoules, after.segment), (0, 1));
    }

    #[test]
    fn a_counter_left_unread_for_longer_than_its_range_lasts_is_not_guessed_at() {
        let mut counter = CounterTotal::new(Some(65_000_000_000), 1000.0, 10.0);
        counter.advance(second(0.0), 0);
        assert_eq!(counter.advance(second(64.0), 1_000_000).segment, 0);
        assert_eq!(counter.advance(second(129.5), 2_000_000).segment, 1);
    }

    #[test]
    fn a_value_beyond_the_stated_range_does_not_underflow() {
        let mut counter = CounterTotal::new(Some(1_000_000), 1e9, 10.0);
        counter.advance(second(0.0), 5_000_000);
        assert_eq!(counter.advance(second(1e-9), 4_000_000).segment, 1);
    }

    const WRAPS: u64 = 100_000;

    /// A register of `size` counts goes through 100,000 wraps in random steps, at 940 W, and `counter` is shown it in
    /// microjoules. Gives what the counter came to and the counts that went by.
    fn through_wraps(counter: &mut CounterTotal, size: u64, microjoules: impl Fn(u64) -> u64) -> (Reading, u64) {
        let mut random = ChaCha8Rng::seed_from_u64(size);
        let (mut at, mut raw) = (second(1000.0), random.random_range(0..size));
        let (mut reading, mut spent, mut wraps) = (counter.advance(at, microjoules(raw)), 0, 0);
        while wraps < WRAPS {
            // 1000 W is a microjoule a nanosecond; at nearly that, the range must last for longer than the step.
            let step = random.random_range(0..=size / 10 * 8);
            at = at.after(Duration::from_nanos(microjoules(step) / 16 * 17 + 1));
            wraps += u64::from(raw + step >= size);
            raw = (raw + step) % size;
            spent += step;
            reading = counter.advance(at, microjoules(raw));
        }
        (reading, spent)
    }

    #[test]
    fn a_hundred_thousand_wraps_of_any_range_are_exact_to_the_microjoule() {
        // Of an Intel server, of an AMD processor, of 32 bits of microjoules, of nothing that exists, small and large.
        for range in [262_143_328_850, 65_532_610_987, 1 << 32, 1_000_003, 16, 100_000_000_000_007] {
            let mut counter = CounterTotal::new(Some(range), 1000.0, 10.0);
            let (reading, spent) = through_wraps(&mut counter, range, |uj| uj);
            assert_eq!((reading.microjoules, reading.segment), (spent, 0), "{range}");
        }
    }

    #[test]
    fn a_range_of_zero_is_no_range_and_each_fall_is_a_new_segment() {
        for range in [Some(0), None] {
            let mut counter = CounterTotal::new(range, 1000.0, 10.0);
            let (reading, spent) = through_wraps(&mut counter, 65_532_610_987, |uj| uj);
            assert_eq!(reading.segment, WRAPS);
            assert!(reading.microjoules < spent, "what went by in a fall is not guessed at");
        }
    }

    #[test]
    fn a_register_of_32_bits_as_the_kernel_shows_it_loses_one_count_a_wrap_and_no_more() {
        // `intel_rapl_common` multiplies by whole nanojoules, and tells the largest value in place of the modulus.
        let microjoules = |count: u64| (u128::from(count) * 61_035 / 1000) as u64;
        let mut counter = CounterTotal::new(Some(microjoules(u64::from(u32::MAX))), 1000.0, 10.0);
        let (reading, spent) = through_wraps(&mut counter, 1 << 32, microjoules);
        let lost = microjoules(spent) - reading.microjoules;
        assert_eq!(reading.segment, 0);
        assert!((60 * WRAPS..=62 * WRAPS).contains(&lost), "{lost}");
    }

    proptest! {
        #[test]
        fn random_wraps_add_up_to_the_microjoule(
            range in 1_000_000_000_u64..300_000_000_000,
            start in any::<u64>(),
            steps in prop::collection::vec((1_u64..1_000_000_000, any::<bool>()), 1..400),
        ) {
            // Below 1000 W by construction: each step takes 1 s for up to 1000 J, and never as long as the range lasts.
            let mut counter = CounterTotal::new(Some(range), 1000.0, 10.0);
            let (mut raw, mut expected, mut time) = (start % range, 0_u64, 0.0);
            let origin = counter.advance(second(time), raw);
            prop_assert_eq!(origin.microjoules, 0);
            for (step, small) in steps {
                let step = if small { step % 1000 } else { step.min(range / 2) };
                raw = (raw + step) % range;
                expected += step;
                time += 0.999_f64.min(range as f64 / 1e9 * 0.9);
                // The burst allowance covers the remaining millisecond.
                let step = counter.advance(second(time), raw);
                prop_assert_eq!((step.microjoules, step.segment), (expected, 0));
            }
        }
    }
}
