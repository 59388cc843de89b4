//! Power over the course of one piece of work.

use std::collections::VecDeque;

use serde::Serialize;

use super::{Mark, Session, Usage};
use crate::energy::units::{DomainEnergy, Joules, Method, PowerDomain, Watts, WindowEnergy};

/// Work under way, looked at now and then for its power.
///
/// The energy of an interval is known once the ticks of slow counters after it were seen. That is with the next sample
/// or some later one. So every sample tells the intervals that have become known since the one before.
///
/// ```
/// use wattfront::energy::{Meters, Profile, Session};
///
/// let session = Session::builder().meters(Meters::estimate()).open()?;
/// let mut profile = Profile::open(&session);
/// for interval in profile.sample() {
///     println!("until {:.3} s: {:?}", interval.until, interval.energy.total());
/// }
/// let (rest, summary) = profile.close();
/// assert!(rest.iter().all(|interval| interval.until <= summary.seconds));
/// # Ok::<(), wattfront::energy::EnergyError>(())
/// ```
#[derive(Debug)]
pub struct Profile {
    session: Session,
    opened: Mark,
    /// The end of the last interval that was told, and those after it.
    told: Mark,
    waiting: VecDeque<Mark>,
    peaks: Vec<(PowerDomain, Watts)>,
}

/// The energy from one sample to the next.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Interval {
    /// When it ended: seconds since the profile began.
    pub until: f64,
    /// Its energy.
    pub energy: WindowEnergy,
    /// The energy from the beginning until then.
    pub so_far: WindowEnergy,
}

/// What the work came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProfileSummary {
    /// Length, in seconds.
    pub seconds: f64,
    /// The sum over the domains; `None` if one of them is missing.
    pub joules: Option<Joules>,
    /// The weakest method among them; `None` where nothing is metered.
    pub method: Option<Method>,
    /// One entry per domain.
    pub domains: Vec<DomainSummary>,
}

/// What the work came to in one domain.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DomainSummary {
    /// Its energy over all of the work.
    #[serde(flatten)]
    pub energy: DomainEnergy,
    /// The energy over the length; `None` without a figure or a length.
    pub average_watts: Option<Watts>,
    /// The most of any interval between samples, or the average if that is more; `None` if no interval has a figure.
    pub peak_watts: Option<Watts>,
}

impl Profile {
    /// Begins now, with everything that the session meters.
    #[must_use]
    pub fn open(session: &Session) -> Self {
        Self::open_at(session, session.mark())
    }

    /// Begins with work that the hardware rests for [`REST`](crate::energy::REST) before and after. Takes that rest now, so that what it
    /// draws is known; but not where no counter ticks slowly.
    #[must_use]
    pub fn open_after_rest(session: &Session) -> Self {
        session.settle(&session.mark(), &Usage::All);
        Self::open_at(session, session.mark().beside_rest())
    }

    fn open_at(session: &Session, opened: Mark) -> Self {
        let (told, waiting) = (opened.clone(), VecDeque::new());
        Self { session: session.clone(), opened, told, waiting, peaks: Vec::new() }
    }

    /// Ends an interval now. Tells those that are known.
    pub fn sample(&mut self) -> Vec<Interval> {
        self.waiting.push_back(self.session.mark_passing());
        // Whoever samples often wants to see what is between.
        self.session.watch_closely();
        let mut known = Vec::new();
        while self.waiting.front().is_some_and(|mark| self.session.is_settled(mark)) {
            known.extend(self.waiting.pop_front().map(|mark| self.tell(mark)));
        }
        known
    }

    /// Ends now, and tells what is left and all of it: see [`close_at`](Self::close_at).
    #[must_use]
    pub fn close(self) -> (Vec<Interval>, ProfileSummary) {
        let end = self.session.mark();
        self.close_at(&end)
    }

    /// Ends at an edge that was taken before, after the last sample. Waits for what slow counters show after it: see
    /// [`Session::settle`]. The interval from the last sample to the end may be too short to tell its energy.
    #[must_use]
    pub fn close_at(mut self, end: &Mark) -> (Vec<Interval>, ProfileSummary) {
        self.session.settle(end, &Usage::All);
        let waiting = std::mem::take(&mut self.waiting);
        let mut rest: Vec<Interval> = waiting.into_iter().map(|mark| self.tell(mark)).collect();
        let energy = self.session.between(&self.told, end);
        // Too short for a peak, unless it is all there is.
        if self.peaks.is_empty() {
            self.note(&energy);
        }
        if energy.seconds > 0.0 {
            let so_far = self.session.between(&self.opened, end);
            rest.push(Interval { until: self.seconds_until(end), energy, so_far });
        }
        (rest, self.summary(end))
    }

    fn tell(&mut self, mark: Mark) -> Interval {
        let energy = self.session.between(&self.told, &mark);
        self.note(&energy);
        let so_far = self.session.between(&self.opened, &mark);
        let until = self.seconds_until(&mark);
        self.told = mark;
        Interval { until, energy, so_far }
    }

    fn seconds_until(&self, mark: &Mark) -> f64 {
        mark.moment().since(self.opened.moment()).as_secs_f64()
    }

    fn summary(&self, end: &Mark) -> ProfileSummary {
        let energy = self.session.between(&self.opened, end);
        let domain = |part: &DomainEnergy| {
            let average_watts = part.joules.and_then(|j| j.over(energy.seconds));
            DomainSummary { average_watts, peak_watts: self.peak(&part.domain, average_watts), energy: part.clone() }
        };
        ProfileSummary {
            seconds: energy.seconds,
            joules: energy.total(),
            method: energy.method(),
            domains: energy.domains.iter().map(domain).collect(),
        }
    }

    /// The most of any interval; what came after the last may have taken more, so no less than the average.
    fn peak(&self, domain: &PowerDomain, average: Option<Watts>) -> Option<Watts> {
        let peak = self.peaks.iter().find(|(of, _)| of == domain).map(|(_, peak)| *peak)?;
        Some(average.filter(|average| *average > peak).unwrap_or(peak))
    }

    fn note(&mut self, interval: &WindowEnergy) {
        for part in &interval.domains {
            let Some(power) = part.joules.and_then(|j| j.over(interval.seconds)) else { continue };
            match self.peaks.iter_mut().find(|(domain, _)| *domain == part.domain) {
                Some((_, peak)) => *peak = if power > *peak { power } else { *peak },
                None => self.peaks.push((part.domain.clone(), power)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use super::*;
    use crate::energy::meters::rapl::testing::PowercapTree;
    use crate::energy::meters::testing::board::{FakeBoard, FakeBoardMeter, Load, Random};
    use crate::energy::system::clock::testing::ManualClock;
    use crate::energy::{Clock, MeterKind, Meters};

    #[test]
    fn averages_and_peaks_are_of_the_right_windows() {
        let (tree, clock) = (PowercapTree::new(), ManualClock::at(100.0));
        tree.zone("intel-rapl:0", "package-0", 0, 1 << 40);
        let builder = Session::builder().meters(Meters::List(vec![MeterKind::Rapl])).powercap_root(tree.root());
        let session = builder.clock(clock.clone()).without_polling().open().unwrap();
        let mut profile = Profile::open(&session);
        let at = |seconds: f64, joules: u64| {
            clock.advance(seconds);
            tree.set("intel-rapl:0", joules * 1_000_000);
        };
        let totals = |intervals: &[Interval]| {
            intervals.iter().map(|i| (i.until, i.energy.total().map(|j| j.0))).collect::<Vec<_>>()
        };
        at(1.0, 10);
        assert_eq!(totals(&profile.sample()), [(1.0, Some(10.0))]);
        at(2.0, 70);
        assert_eq!(totals(&profile.sample()), [(3.0, Some(60.0))]);
        // Half a second at 40 W, not an interval of its own.
        at(0.5, 90);
        let (rest, summary) = profile.close();
        assert_eq!(totals(&rest), [(3.5, Some(20.0))]);
        let package = &summary.domains[0];
        assert_eq!((summary.seconds, summary.joules), (3.5, Some(Joules(90.0))));
        assert_eq!(package.peak_watts, Some(Watts(30.0)));
        assert!((package.average_watts.unwrap().0 - 90.0 / 3.5).abs() < 1e-9);
    }

    /// Power of 300 W between rests at 70 W, looked at in intervals of so many seconds.
    fn boards_intervals(every: f64, seed: u64) -> (Vec<Interval>, ProfileSummary) {
        let mut random = Random(seed);
        let clock = ManualClock::at(50.0 + random.next());
        let board = Arc::new(Mutex::new(FakeBoard::new(0.1, 0.004)));
        let builder = Session::builder().meters(Meters::List(vec![])).meter(FakeBoardMeter::new(&board));
        let session = builder.clock(clock.clone()).without_polling().open().unwrap();
        let mut pass = |seconds: f64| {
            let until = clock.now().after(Duration::from_secs_f64(seconds));
            while clock.now() < until {
                clock.advance((0.01 + 0.001 * random.next()).min(until.since(clock.now()).as_secs_f64()).max(1e-9));
                session.poll();
            }
        };
        let mut profile = Profile::open_after_rest(&session);
        let start = clock.now().monotonic_seconds();
        board.lock().unwrap().loads.push(Load::constant(start, start + 4.0, 230.0));
        let mut intervals = Vec::new();
        for _ in 0..(4.0 / every) as u32 {
            pass(every);
            intervals.extend(profile.sample());
        }
        let end = session.mark().beside_rest();
        pass(0.05);
        let (rest, summary) = profile.close_at(&end);
        intervals.extend(rest);
        (intervals, summary)
    }

    #[test]
    fn intervals_over_a_slow_counter_are_right_once_they_are_told_and_none_is_lost() {
        for every in [0.2, 0.5, 1.0] {
            for seed in 0..20 {
                let (intervals, summary) = boards_intervals(every, seed);
                let untils: Vec<f64> = intervals.iter().map(|i| i.until).collect();
                assert!(untils.is_sorted() && (untils[0] - every).abs() < 1e-6, "{untils:?}");
                let watts = intervals.iter().map(|i| i.energy.total().unwrap().0 / i.energy.seconds);
                let worst = watts.map(|w| (w - 300.0).abs()).fold(0.0, f64::max);
                let allowed = 300.0 * 0.016 / every;
                assert!(worst < allowed, "{every} s, seed {seed}: off by {worst} W");
                let sum: f64 = intervals.iter().map(|i| i.energy.total().unwrap().0).sum();
                assert!((sum - 1200.0).abs() < 8.0, "{sum}");
                assert!((summary.joules.unwrap().0 - 1200.0).abs() < 3.0, "{summary:?}");
                let peak = summary.domains[0].peak_watts.unwrap().0;
                assert!((peak - 300.0).abs() < allowed, "{peak}");
            }
        }
    }
}
