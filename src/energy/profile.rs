//! Power over the course of one piece of work.

use serde::Serialize;

use super::session::{Mark, Session, Usage};
use super::units::{Domain, DomainEnergy, Joules, Method, Watts, WindowEnergy};

/// Work under way, looked at now and then for its power.
///
/// ```
/// use wattfront::energy::{Meters, Profile, Session};
///
/// let session = Session::builder().meters(Meters::estimate()).open()?;
/// let mut profile = Profile::open(&session);
/// let interval = profile.sample();
/// println!("{} so far", interval.seconds);
/// let summary = profile.close();
/// assert!(summary.seconds >= interval.seconds);
/// # Ok::<(), wattfront::energy::EnergyError>(())
/// ```
#[derive(Debug)]
pub struct Profile {
    session: Session,
    opened: Mark,
    last: Mark,
    peaks: Vec<(Domain, Watts)>,
}

/// What the work came to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
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
pub struct DomainSummary {
    /// Its energy over all of the work.
    #[serde(flatten)]
    pub energy: DomainEnergy,
    /// The energy over the length; `None` without a figure or a length.
    pub average_watts: Option<Watts>,
    /// The most of any interval between samples, or the average if that is more; `None` if no interval has a figure. Of a
    /// counter that ticks slowly, as a GPU's, it is off by up to a tick's share of the interval.
    pub peak_watts: Option<Watts>,
}

impl Profile {
    /// Begins now, with everything that the session meters.
    #[must_use]
    pub fn open(session: &Session) -> Self {
        let opened = session.mark();
        Self { session: session.clone(), last: opened.clone(), opened, peaks: Vec::new() }
    }

    /// The energy since the last sample, or since the beginning.
    pub fn sample(&mut self) -> WindowEnergy {
        let now = self.session.mark();
        let interval = self.session.between(&self.last, &now);
        self.last = now;
        self.note(&interval);
        interval
    }

    /// The energy from the last sample to an edge at which the work ended. Too short for a peak, unless it is all there is.
    #[must_use]
    pub fn rest(&self, end: &Mark) -> WindowEnergy {
        self.session.between(&self.last, end)
    }

    /// The time since the beginning at the last sample, in seconds.
    #[must_use]
    pub fn sampled_seconds(&self) -> f64 {
        self.last.moment().since(self.opened.moment()).as_secs_f64()
    }

    /// Ends now, and sums up once slow counters have shown what they need: see [`Session::settle`].
    #[must_use]
    pub fn close(self) -> Summary {
        let end = self.session.mark();
        self.close_at(&end)
    }

    /// Ends at an edge that was taken before.
    #[must_use]
    pub fn close_at(mut self, end: &Mark) -> Summary {
        self.session.settle(end, &Usage::All);
        if self.peaks.is_empty() {
            let rest = self.rest(end);
            self.note(&rest);
        }
        let energy = self.session.between(&self.opened, end);
        let domain = |part: &DomainEnergy| {
            let average_watts = part.joules.and_then(|j| j.over(energy.seconds));
            DomainSummary { average_watts, peak_watts: self.peak(&part.domain, average_watts), energy: part.clone() }
        };
        Summary {
            seconds: energy.seconds,
            joules: energy.total(),
            method: energy.method(),
            domains: energy.domains.iter().map(domain).collect(),
        }
    }

    /// The most of any interval; what came after the last may have taken more, so no less than the average.
    fn peak(&self, domain: &Domain, average: Option<Watts>) -> Option<Watts> {
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
    use super::super::clock::testing::ManualClock;
    use super::super::testing::PowercapTree;
    use super::*;
    use crate::energy::{MeterKind, Meters};

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
        at(1.0, 10);
        assert_eq!(profile.sample().total(), Some(Joules(10.0)));
        at(2.0, 70);
        profile.sample();
        assert!((profile.sampled_seconds() - 3.0).abs() < 1e-9);
        // Half a second at 40 W, not an interval of its own.
        at(0.5, 90);
        let summary = profile.close();
        let package = &summary.domains[0];
        assert_eq!((summary.seconds, summary.joules), (3.5, Some(Joules(90.0))));
        assert_eq!(package.peak_watts, Some(Watts(30.0)));
        assert!((package.average_watts.unwrap().0 - 90.0 / 3.5).abs() < 1e-9);
    }
}
