//! The one clock of metering: `CLOCK_MONOTONIC`, which every process of a machine shares.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// A point in time by `CLOCK_MONOTONIC`, kept to the nanosecond. Moments of different processes of one machine compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The present.
    #[must_use]
    pub fn now() -> Self {
        let now = clock_gettime(ClockId::Monotonic);
        let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
        Self(Duration::from_secs(seconds) + Duration::from_nanos(u64::try_from(now.tv_nsec).unwrap_or(0)))
    }

    /// From seconds of `CLOCK_MONOTONIC`, as another process may have read them (Python: `time.monotonic()`). `None` if
    /// `seconds` is negative, NaN, or beyond what a clock can show.
    #[must_use]
    pub fn from_monotonic_seconds(seconds: f64) -> Option<Self> {
        Duration::try_from_secs_f64(seconds).ok().map(Self)
    }

    /// In seconds of `CLOCK_MONOTONIC`.
    #[must_use]
    pub fn monotonic_seconds(self) -> f64 {
        self.0.as_secs_f64()
    }

    /// Time since `earlier`; zero if `earlier` is in fact later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment, `by` earlier; the origin of the clock if that is nearer.
    #[must_use]
    pub fn before(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by))
    }

    /// This moment, `by` later.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

/// Tells the time; meters and sessions ask nothing else, so that a test can turn the hands itself.
pub trait Clock: Send + Sync {
    /// The present moment. Never falls.
    fn now(&self) -> Moment;

    /// Lets this much time pass. Default: the thread sleeps.
    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// The machine's `CLOCK_MONOTONIC`.
#[derive(Debug, Clone, Copy, Default)]
pub struct MonotonicClock;

impl Clock for MonotonicClock {
    fn now(&self) -> Moment {
        Moment::now()
    }
}

#[cfg(any(test, feature = "testing"))]
pub(crate) mod testing {
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use super::*;

    /// A clock that stands still until it is moved. Clones show the same time.
    #[derive(Debug, Clone)]
    pub struct ManualClock(Arc<Mutex<Moment>>);

    impl ManualClock {
        /// One that shows so many seconds.
        ///
        /// # Panics
        ///
        /// For seconds that no clock shows, such as negative ones.
        #[must_use]
        pub fn at(seconds: f64) -> Self {
            let moment = Moment::from_monotonic_seconds(seconds).expect("seconds that a clock can show");
            Self(Arc::new(Mutex::new(moment)))
        }

        /// Moves it on by so many seconds.
        ///
        /// # Panics
        ///
        /// For negative seconds, and more than there will ever be.
        pub fn advance(&self, seconds: f64) {
            let mut now = self.shown();
            *now = now.after(Duration::from_secs_f64(seconds));
        }

        fn shown(&self) -> MutexGuard<'_, Moment> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl Clock for ManualClock {
        fn now(&self) -> Moment {
            *self.shown()
        }

        fn sleep(&self, time: Duration) {
            self.advance(time.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_of_another_process_become_the_same_moment() {
        let now = Moment::now();
        let told = Moment::from_monotonic_seconds(now.monotonic_seconds()).unwrap();
        assert!(told.since(now) + now.since(told) < Duration::from_micros(1));
    }

    #[test]
    fn seconds_that_no_clock_shows_are_refused() {
        for bad in [-1.0, f64::NAN, f64::INFINITY, 1e300] {
            assert_eq!(Moment::from_monotonic_seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_the_clock() {
        let early = Moment::from_monotonic_seconds(1.0).unwrap();
        assert_eq!(early.before(Duration::from_secs(5)).monotonic_seconds(), 0.0);
        assert_eq!(early.since(early.after(Duration::from_secs(1))), Duration::ZERO);
        assert_eq!(early.after(Duration::MAX).since(early.after(Duration::MAX)), Duration::ZERO);
    }
}
