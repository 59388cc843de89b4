//! Which of the steps that a trial reports are kept: a program may report every batch.

use crate::evaluation::Stamp;
use crate::optimizer::problem::Metrics;

/// So many steps of a trial are all kept.
const ALL: u64 = 5000;

/// A step as it was reported.
pub(super) struct Step {
    pub(super) step: u64,
    pub(super) metrics: Metrics,
    pub(super) at: Stamp,
}

/// Keeps the first 5,000 steps, of the next 5,000 every second, of the next 10,000 every fourth, and so on, and the last
/// one: some 24,000 of a million. So what a trial reports cannot fill memory and disk, and a curve over all of it is as fine at any scale.
#[derive(Default)]
pub(super) struct Sieve {
    reported: u64,
    passed_over: u32,
    last: Option<Step>,
}

impl Sieve {
    /// The step, with how many before it were passed over, if it is to be kept.
    pub(super) fn take(&mut self, step: Step) -> Option<(Step, u32)> {
        let number = self.reported;
        self.reported += 1;
        if !is_kept(number) {
            self.passed_over = self.passed_over.saturating_add(1);
            self.last = Some(step);
            return None;
        }
        self.last = None;
        Some((step, std::mem::take(&mut self.passed_over)))
    }

    /// The last step, if it was passed over.
    pub(super) fn take_last(&mut self) -> Option<(Step, u32)> {
        let last = self.last.take()?;
        Some((last, std::mem::take(&mut self.passed_over).saturating_sub(1)))
    }
}

/// Whether a step is kept, by how many there were before it.
fn is_kept(number: u64) -> bool {
    match number / ALL {
        0 => true,
        times => number.is_multiple_of(2 << times.ilog2()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(step: u64) -> Step {
        Step { step, metrics: Metrics::new(), at: Stamp(0.0) }
    }

    #[test]
    fn the_first_are_all_kept_and_of_a_million_one_in_forty() {
        let mut sieve = Sieve::default();
        let mut covered = 0;
        let mut kept = Vec::new();
        for number in 0..1_000_000 {
            if let Some((step, before)) = sieve.take(step(number)) {
                covered += u64::from(before) + 1;
                kept.push(step.step);
            }
        }
        assert_eq!(kept[..5000], (0..5000).collect::<Vec<_>>());
        assert_eq!(kept[5000..5003], [5000, 5002, 5004]);
        assert_eq!(kept[7500..7502], [10_000, 10_004]);
        assert!((22_000..26_000).contains(&kept.len()), "{}", kept.len());
        let (last, before) = sieve.take_last().unwrap();
        assert_eq!((last.step, covered + u64::from(before) + 1), (999_999, 1_000_000), "none is unaccounted for");
        assert!(sieve.take_last().is_none());
    }

    #[test]
    fn the_last_step_is_kept_once() {
        let mut sieve = Sieve::default();
        assert!(sieve.take_last().is_none());
        assert!(sieve.take(step(1)).is_some());
        assert!(sieve.take_last().is_none(), "it is there already");
    }
}
