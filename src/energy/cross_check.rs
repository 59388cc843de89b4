//! A counter held against integrated power: two figures of the same energy that should agree.
//!
//! An idle GPU's counter once told 187 J of five seconds for which its power readings told 327 J
//! (<https://github.com/ml-energy/zeus/issues/181>). Which of the two is right cannot be said from within; that they differ
//! can.

use std::collections::VecDeque;
use std::time::Duration;

use super::clock::Moment;
use super::meter::Reading;
use super::units::{Joules, Watts};

/// Figures that are further apart than this share of the larger one, beyond what their resolution explains, do not agree.
pub const AGREEMENT: f64 = 0.05;

/// Stretches of less are not judged.
const SHORTEST: Duration = Duration::from_secs(4);

/// Bounds the memory of a long session: about half an hour of readings; older ones are thinned out.
const MOST_PAIRS: usize = 4096;

/// How many standard errors of what the two figures differ by from reading to reading are put down to chance.
const CHANCE: f64 = 3.0;

/// Two figures of the energy of one piece of hardware over the same stretch of time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossCheck {
    /// By the counter.
    pub counter: Joules,
    /// By integrated power.
    pub integrated: Joules,
    /// For how long both were known, in seconds: a little less than the window.
    pub seconds: f64,
    /// How far they may be apart: [`AGREEMENT`], and what their resolution explains.
    pub tolerance: Joules,
}

impl CrossCheck {
    /// Whether they are no further apart than they may be.
    #[must_use]
    pub fn agrees(&self) -> bool {
        (self.counter - self.integrated).0.abs() <= self.tolerance.0
    }
}

/// For people: `the counter tells 187 J and integrated power 327 J of the same 5.0 s`.
impl std::fmt::Display for CrossCheck {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { counter, integrated, seconds, .. } = self;
        write!(f, "the counter tells {counter} and integrated power {integrated} of the same {seconds:.1} s")
    }
}

/// Both figures at about the same moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pair {
    pub(crate) counter: Reading,
    pub(crate) integrated: Reading,
}

/// The pairs of one source.
#[derive(Debug, Default)]
pub(crate) struct Pairs(VecDeque<Pair>);

impl Pairs {
    /// Adds what was read last. A figure that could not be read leaves a gap, and one that was read before is no new pair.
    pub(crate) fn record(&mut self, counter: Reading, integrated: Reading) {
        let is_new = |last: &Pair| last.counter.at < counter.at && last.integrated.at < integrated.at;
        if self.0.back().is_none_or(is_new) {
            self.0.push_back(Pair { counter, integrated });
        }
        if self.0.len() > MOST_PAIRS {
            // The figures are cumulative: nothing is lost but where exactly an old window began.
            let mut place = 0;
            self.0.retain(|_| {
                place += 1;
                place > MOST_PAIRS / 2 || place % 2 == 1
            });
        }
    }

    /// See [`cross_check`].
    pub(crate) fn check(&mut self, open: Moment, close: Moment, resolution: Duration) -> Option<CrossCheck> {
        cross_check(self.0.make_contiguous(), open, close, resolution)
    }
}

/// The two figures between `open` and `close`, from pairs in order of time. `resolution` is that of both together: the sum
/// of the times between two changes of each. `None` if too little of the window is covered to tell.
///
/// A stretch counts from one pair to the next if neither figure began anew. At either end each figure lags by its
/// resolution at most, at the power of then, for which the highest of the window is taken. Where power is told too rarely for a
/// load that changes quickly, the two differ by chance from pair to pair, and the sum of the differences by as much as the
/// root of their number: three standard errors are allowed for that.
pub(crate) fn cross_check(pairs: &[Pair], open: Moment, close: Moment, resolution: Duration) -> Option<CrossCheck> {
    let first = pairs.partition_point(|pair| pair.counter.at < open);
    let end = pairs.partition_point(|pair| pair.counter.at <= close);
    let whole = |pair: &&[Pair]| {
        pair[0].counter.segment == pair[1].counter.segment && pair[0].integrated.segment == pair[1].integrated.segment
    };
    let gained = |from: Reading, to: Reading| to.microjoules.saturating_sub(from.microjoules) as f64 * 1e-6;
    let steps: Vec<[f64; 3]> = pairs
        .get(first..end)?
        .windows(2)
        .filter(whole)
        .map(|pair| {
            let seconds = pair[1].counter.at.since(pair[0].counter.at).as_secs_f64();
            [gained(pair[0].counter, pair[1].counter), gained(pair[0].integrated, pair[1].integrated), seconds]
        })
        .collect();
    let sum = |of: usize| steps.iter().map(|step| step[of]).sum::<f64>();
    let (counter, integrated, seconds) = (sum(0), sum(1), sum(2));
    if seconds < SHORTEST.as_secs_f64() || steps.len() < 2 {
        return None;
    }
    let peak = steps.iter().map(|step| step[0].max(step[1]) / step[2]).fold(0.0, f64::max);
    let per_second = (counter - integrated) / seconds;
    let off = steps.iter().map(|step| (step[0] - step[1] - per_second * step[2]).powi(2)).sum::<f64>();
    let count = steps.len() as f64;
    let chance = CHANCE * (off * count / (count - 1.0)).sqrt();
    let edges = Watts(peak).0 * resolution.as_secs_f64();
    let tolerance = Joules(AGREEMENT * counter.max(integrated) + edges + chance);
    Some(CrossCheck { counter: Joules(counter), integrated: Joules(integrated), seconds, tolerance })
}

#[cfg(test)]
mod tests {
    use super::super::testing::moment;
    use super::*;

    const RESOLUTION: Duration = Duration::from_millis(120);

    /// Pairs twice a second of two figures of watts at each moment.
    fn pairs(seconds: f64, watts: impl Fn(f64) -> (f64, f64)) -> Pairs {
        let (mut pairs, mut counter, mut integrated) = (Pairs::default(), 0.0, 0.0);
        for half in 0..=(seconds * 2.0) as u32 {
            let at = f64::from(half) * 0.5;
            let reading = |joules: f64| Reading { at: moment(at), microjoules: (joules * 1e6) as u64, segment: 0 };
            pairs.record(reading(counter), reading(integrated));
            let watts = watts(at);
            counter += watts.0 * 0.5;
            integrated += watts.1 * 0.5;
        }
        pairs
    }

    fn check(mut pairs: Pairs, seconds: f64) -> CrossCheck {
        pairs.check(moment(0.0), moment(seconds), RESOLUTION).unwrap()
    }

    #[test]
    fn a_counter_of_187_j_against_327_j_of_power_is_flagged() {
        let found = check(pairs(5.0, |_| (187.0 / 5.0, 327.0 / 5.0)), 5.0);
        assert!(!found.agrees(), "{found:?}");
        assert_eq!(found.to_string(), "the counter tells 187 J and integrated power 327 J of the same 5.0 s");
        // Even if power is only asked for twice a second.
        let mut rare = pairs(5.0, |_| (187.0 / 5.0, 327.0 / 5.0));
        assert!(!rare.check(moment(0.0), moment(5.0), Duration::from_millis(600)).unwrap().agrees());
    }

    #[test]
    fn one_per_cent_passes_and_ten_do_not_in_a_long_window() {
        for (gain, agrees) in [(1.0, true), (0.99, true), (1.01, true), (0.9, false), (1.1, false)] {
            let found = check(pairs(30.0, |_| (300.0, 300.0 * gain)), 30.0);
            assert_eq!(found.agrees(), agrees, "{found:?}");
        }
    }

    #[test]
    fn power_that_is_told_too_rarely_for_its_load_is_chance_and_no_disagreement() {
        // The load alternates quickly; a reading sees the one or the other.
        let coin = |at: f64| if (at * 2.0) as u64 * 2_654_435_761 % 97 < 48 { 100.0 } else { 500.0 };
        let found = check(pairs(20.0, |at| (300.0, coin(at))), 20.0);
        assert!(found.agrees(), "{found:?}");
    }

    #[test]
    fn too_little_is_not_judged() {
        let mut short = pairs(10.0, |_| (100.0, 200.0));
        assert_eq!(short.check(moment(2.0), moment(5.9), RESOLUTION), None);
        assert_eq!(short.check(moment(50.0), moment(60.0), RESOLUTION), None);
        assert_eq!(short.check(moment(6.0), moment(2.0), RESOLUTION), None);
        assert_eq!(Pairs::default().check(moment(0.0), moment(9.0), RESOLUTION), None);
    }

    #[test]
    fn where_a_figure_began_anew_neither_counts() {
        let mut pairs = pairs(20.0, |_| (100.0, 100.0));
        for pair in pairs.0.iter_mut().filter(|pair| pair.counter.at > moment(10.0)) {
            pair.counter.segment = 1;
            pair.counter.microjoules += 400_000_000;
        }
        let found = check(pairs, 20.0);
        assert_eq!((found.counter, found.integrated, found.seconds), (Joules(1950.0), Joules(1950.0), 19.5));
    }

    #[test]
    fn a_day_is_kept_in_little_memory_and_nothing_of_its_energy_is_lost() {
        let mut pairs = pairs(86_400.0, |_| (300.0, 300.0));
        assert!(pairs.0.len() <= MOST_PAIRS);
        let found = pairs.check(moment(0.0), moment(86_400.0), RESOLUTION).unwrap();
        assert_eq!(found.counter, Joules(300.0 * 86_400.0));
        assert!(found.agrees());
    }

    #[test]
    fn a_reading_that_was_there_before_is_no_new_pair() {
        let mut pairs = Pairs::default();
        let reading = |at: f64| Reading { at: moment(at), microjoules: 0, segment: 0 };
        pairs.record(reading(1.0), reading(1.0));
        pairs.record(reading(1.1), reading(1.0));
        assert_eq!(pairs.0.len(), 1);
    }
}
