//! The first seconds of a session, in which counters are held against power more often.

use std::time::{Duration, Instant};

/// So long a session is young: what is metered may be over in a few seconds, and whether its figure can be trusted must be known by
/// then.
const YOUNG: Duration = Duration::from_secs(6);

/// How often both figures are read meanwhile, on average.
const EVERY: Duration = Duration::from_millis(100);

/// Times between readings that keep no time: a load in step with the readings would be seen at one of its sides alone.
#[derive(Debug, Default)]
pub(super) struct Uneven {
    /// Between 0 and 1, spread evenly and without a period.
    phase: f64,
}

impl Uneven {
    /// The next time, which is this on average and off by a part of it at most.
    pub(super) fn around(&mut self, mean: Duration, part: f64) -> Duration {
        self.phase = (self.phase + 0.618_033_988_749_895).fract();
        mean.mul_f64(1.0 + part * (2.0 * self.phase - 1.0))
    }
}

/// Says when the two figures are to be read next.
#[derive(Debug)]
pub(super) struct Young {
    next: Option<Instant>,
    end: Instant,
    uneven: Uneven,
}

impl Young {
    /// Begins now, if there is anything to hold against a counter.
    pub(super) fn begin(has_counterparts: bool) -> Self {
        let now = Instant::now();
        Self { next: has_counterparts.then_some(now + EVERY), end: now + YOUNG, uneven: Uneven::default() }
    }

    /// When it is time again; `None` once the session is older.
    pub(super) fn due(&self) -> Option<Instant> {
        self.next
    }

    /// They were read now.
    pub(super) fn next(&mut self) {
        let next = Instant::now() + self.uneven.around(EVERY, 0.4);
        self.next = Some(next).filter(|next| *next < self.end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_keep_no_time_and_end() {
        assert!(Young::begin(false).due().is_none());
        let mut young = Young::begin(true);
        let mut uneven = Uneven::default();
        let gaps: Vec<f64> = (0..500).map(|_| uneven.around(EVERY, 0.4).as_secs_f64()).collect();
        assert!(gaps.iter().all(|gap| (0.06..=0.14).contains(gap)), "{gaps:?}");
        assert!(gaps.windows(2).all(|pair| (pair[0] - pair[1]).abs() > 0.01), "{gaps:?}");
        let mean = gaps.iter().sum::<f64>() / 500.0;
        assert!((mean - 0.1).abs() < 0.001, "{mean}");
        young.end = Instant::now();
        young.next();
        assert!(young.due().is_none());
    }
}
