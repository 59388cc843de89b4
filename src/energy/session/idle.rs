//! Measuring the power of hardware at rest.

use std::time::Duration;

use super::{Mark, Session, Usage};
use crate::energy::units::{Baseline, DomainBaseline, Method, Watts};
use crate::energy::windows::idle::entry;

/// How often somebody who wants to stop a measurement is asked.
const STEP: Duration = Duration::from_millis(100);

impl Session {
    /// Measures the power of everything metered for so long, and takes it from then on for the power at rest: windows that
    /// open later tell their idle share, and so their net energy. Open what the work keeps open, such as a CUDA context,
    /// before; and let nothing work meanwhile. Estimates have no power at rest.
    ///
    /// A device on which somebody else's processes compute has no baseline, and says so.
    ///
    /// Hardware whose power in one half differs from that in the other by more than a quarter was not at rest; it has no
    /// baseline, and says so. The standard deviation is that of the two halves' mean, and of the edges.
    ///
    /// `None`, and no baseline, if `stop` says so before the time is over. Default for studies: 10 s.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use wattfront::energy::{Meters, Session};
    /// let session = Session::builder().meters(Meters::estimate()).open()?;
    /// let baseline = session.measure_baseline(Duration::from_millis(1), || false).expect("nobody stops it");
    /// assert!(baseline.domains.is_empty(), "a model has no power at rest");
    /// # Ok::<(), wattfront::energy::EnergyError>(())
    /// ```
    pub fn measure_baseline(&self, time: Duration, mut stop: impl FnMut() -> bool) -> Option<Baseline> {
        if self.sources(&Usage::All).iter().all(|source| source.method == Method::Estimate) {
            return Some(Baseline { seconds: 0.0, domains: Vec::new() });
        }
        let mut strangers = self.strangers();
        let mut half = |from: Mark| {
            let mut rest = time / 2;
            while !rest.is_zero() {
                if stop() {
                    return None;
                }
                let step = rest.min(STEP);
                self.sleep(step);
                rest -= step;
            }
            Some((from, self.mark()))
        };
        let (open, middle) = half(self.mark())?;
        let (_, close) = half(middle.clone())?;
        self.settle(&close, &Usage::All);
        strangers.extend(self.strangers());
        let [first, second, all] =
            [(&open, &middle), (&middle, &close), (&open, &close)].map(|(a, b)| self.between(a, b));
        let domains = all.domains.iter().filter(|part| part.method != Method::Estimate);
        let alone = |entry: DomainBaseline| match strangers.iter().find(|(domain, _)| *domain == entry.domain) {
            None => entry,
            Some((_, count)) => {
                let note = format!("{count} other processes compute on it; what they draw is not rest");
                DomainBaseline { watts: None, sd: Watts(0.0), note: Some(note), ..entry }
            }
        };
        let domains = domains.map(|part| match part.method {
            Method::Attributed => {
                let note = Some("who shares a device has no power at rest of his own".to_owned());
                DomainBaseline { domain: part.domain.clone(), watts: None, sd: Watts(0.0), note }
            }
            _ => alone(entry(part, all.seconds, [&first, &second])),
        });
        let domains = domains.collect();
        let baseline = Baseline { seconds: all.seconds, domains };
        self.take_baseline(baseline.clone());
        Some(baseline)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::energy::meters::testing::board::{FakeBoard, FakeBoardMeter, IDLE, Load};
    use crate::energy::system::clock::testing::ManualClock;
    use crate::energy::{Clock, Meters};

    fn desk(load: Option<Load>) -> (Session, ManualClock) {
        let clock = ManualClock::at(50.03);
        let board = Arc::new(Mutex::new(FakeBoard::new(0.1, 0.002)));
        board.lock().unwrap().loads.extend(load);
        let builder = Session::builder().meters(Meters::List(vec![])).meter(FakeBoardMeter::new(&board));
        (builder.clock(clock.clone()).without_polling().open().unwrap(), clock)
    }

    #[test]
    fn net_energy_of_work_over_a_board_at_70_w_is_right_within_a_hundredth() {
        let (session, clock) = desk(Some(Load::constant(70.0, 80.0, 130.0)));
        let before = session.mark();
        clock.advance(1.0);
        assert_eq!(session.between(&before, &session.mark()).domains[0].idle, None, "not measured yet");
        let baseline = session.measure_baseline(Duration::from_secs(10), || false).unwrap();
        let entry = &baseline.domains[0];
        assert!((entry.watts.unwrap().0 - IDLE).abs() < 0.01 * IDLE, "{entry:?}");
        assert!(entry.sd.0 > 0.0 && entry.sd.0 < 0.05 * IDLE, "{entry:?}");
        let pass = |until: f64| {
            while clock.now().monotonic_seconds() < until {
                clock.advance(0.01);
                session.poll();
            }
        };
        pass(69.5);
        let open = session.mark();
        pass(80.5);
        let close = session.mark();
        session.settle(&close, &Usage::All);
        let work = session.between(&open, &close);
        let net = work.net(None).unwrap().0;
        assert!((net - 1300.0).abs() < 13.0, "{net}");
        let uncertainty = work.uncertainty(None).unwrap();
        assert!(uncertainty.idle.0 > 0.0 && uncertainty.absolute_net().0 > uncertainty.absolute().0);
    }

    #[test]
    fn a_board_that_works_meanwhile_has_no_baseline() {
        let (session, _) = desk(Some(Load::constant(55.0, 80.0, 130.0)));
        let baseline = session.measure_baseline(Duration::from_secs(10), || false).unwrap();
        assert_eq!(baseline.domains[0].watts, None);
        assert!(baseline.domains[0].note.as_ref().unwrap().contains("not at rest"), "{baseline:?}");
        let open = session.mark();
        session.sleep(Duration::from_secs(2));
        let later = session.between(&open, &session.mark());
        assert_eq!((later.domains[0].idle, later.net(None)), (None, None));
    }

    #[test]
    fn a_measurement_that_is_stopped_leaves_no_baseline() {
        let (session, _) = desk(None);
        let mut asked = 0;
        let stopped = session.measure_baseline(Duration::from_secs(10), || {
            asked += 1;
            asked > 3
        });
        assert_eq!(stopped, None);
    }
}
