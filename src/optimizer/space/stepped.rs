//! The values of a stepped range of floats: the one place that says how many there are and which number each of them is.
//!
//! They are the decimals that the user wrote: of low 0 and step 0.1 the fourth is 0.3, and not the 0.30000000000000004 that floats make
//! of `3 * 0.1`. What is within rounding of a value stands for it, wherever it comes from.

use super::decimal::Decimal;

/// Most values of a range with steps, of floats or of whole numbers: 2^40. Far beyond, neighbouring values are no longer
/// told apart in the unit cube, on a log scale first.
pub const MOST_LEVELS: u64 = 1 << 40;

/// A step is at least so many times the distance of neighbouring floats at the ends of its range.
const LEAST_STEP: f64 = 8.0;
/// How far a number may be from a value and still be it, in steps: people write 0.3 for `3 * 0.1`.
const TOLERANCE: f64 = 1e-6;
/// What is added to a step and is smaller than this, in steps, changes no float.
const NOTHING: f64 = 1e-20;

/// `low`, `low + step`, `low + 2 step`, ... up to `high`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stepped {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) step: f64,
}

impl Stepped {
    /// How many values there are, at least one. A step that divides the range up to rounding takes in its end.
    pub(super) fn count(self) -> u64 {
        let steps = (self.high - self.low) / self.step;
        let steps = (steps + (4.0 * f64::EPSILON * steps).max(1e-9)).floor();
        let steps = if steps >= 0.0 { steps as u64 } else { 0 };
        steps.saturating_add(1)
    }

    /// The `k`-th value, counted from 0, and never beyond the range.
    pub(super) fn value(self, k: u64) -> f64 {
        if k == 0 {
            // Without the sign of a zero.
            return self.low + 0.0;
        }
        let sum = || self.low + self.step * k as f64;
        self.decimal(k).unwrap_or_else(sum).min(self.high)
    }

    /// `low + k step` as people reckon; `None` where that is not what is meant, or has too many digits.
    fn decimal(self, k: u64) -> Option<f64> {
        // Below those, a float has fewer digits than it shows.
        let step = Decimal::of(self.step).filter(|_| self.step.is_normal())?;
        let low = Decimal::of(self.low)?;
        if step.may_be_computed() {
            // Such as a third of the range: as a decimal, the last value would miss the end by its rounding.
            let last = low.plus(step, self.count() - 1)?;
            if last != self.high && (self.high - last).abs() <= TOLERANCE * self.step {
                return None;
            }
        }
        // What is far too small to be seen in any other value is seen in the first alone.
        low.plus(step, k)
            .or_else(|| if self.low.abs() < self.step * NOTHING { Decimal::of(0.0)?.plus(step, k) } else { None })
    }

    /// Which value is nearest to a number; the first or the last beyond the range.
    pub(super) fn nearest(self, v: f64) -> u64 {
        let k = ((v - self.low) / self.step).round();
        let k = if k > 0.0 { k as u64 } else { 0 };
        k.min(self.count() - 1)
    }

    /// Whether a number is one of the values, but for the rounding of numbers that people write, or that programs compute.
    pub(super) fn holds(self, v: f64) -> bool {
        self.level(v).is_some()
    }

    /// Which value a number is, but for such rounding; also where that puts it just beyond the range.
    pub(super) fn level(self, v: f64) -> Option<u64> {
        let k = self.nearest(v);
        let off = (v - self.value(k)).abs();
        (off <= (TOLERANCE * self.step).max(2.0 * self.spacing()).min(self.step / 4.0)).then_some(k)
    }

    /// Whether floats tell all values apart.
    pub(super) fn is_fine_enough(self) -> bool {
        self.step >= LEAST_STEP * self.spacing()
    }

    /// The distance of neighbouring floats at the end of the range where it is largest.
    fn spacing(self) -> f64 {
        spacing(self.low.abs().max(self.high.abs()))
    }
}

/// The distance from a finite number, not negative, to the next larger one.
pub(super) fn spacing(v: f64) -> f64 {
    if v == f64::MAX { v - v.next_down() } else { v.next_up() - v }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(low: f64, high: f64, step: f64) -> Vec<f64> {
        let stepped = Stepped { low, high, step };
        (0..stepped.count()).map(|k| stepped.value(k)).collect()
    }

    #[test]
    fn values_are_the_decimals_that_people_write() {
        assert_eq!(values(0.0, 0.5, 0.1), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]);
        assert_eq!(values(-0.3, 0.3, 0.1), [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]);
        assert_eq!(values(0.05, 0.4, 0.1), [0.05, 0.15, 0.25, 0.35]);
        assert_eq!(values(1e-4, 4.5e-4, 1e-4), [1e-4, 2e-4, 3e-4, 4e-4]);
        assert_eq!(values(2.5e-5, 1e-4, 2.5e-5), [2.5e-5, 5e-5, 7.5e-5, 1e-4]);
        assert_eq!((values(0.2, 0.3, 0.1), values(0.7, 0.8, 0.1)), (vec![0.2, 0.3], vec![0.7, 0.8]));
        assert_eq!(values(-0.0, 0.2, 0.1).iter().map(f64::to_string).collect::<Vec<_>>(), ["0", "0.1", "0.2"]);
        assert_eq!(values(1e22, 1.2e22, 1e21), [1e22, 1.1e22, 1.2e22]);
        assert_eq!(values(1e-30, 0.35, 0.1), [1e-30, 0.1, 0.2, 0.3]);
        assert_eq!(values(0.0, 0.1 * 3.0, 0.1), [0.0, 0.1, 0.2, 0.3]);
        assert!(values(0.0, 1e-3, 1e-5).iter().all(|v| format!("{v}").len() <= "0.00099".len()));
    }

    #[test]
    fn steps_that_were_computed_meet_the_end_of_the_range() {
        assert_eq!(values(0.0, 1.0, 1.0 / 3.0), [0.0, 1.0 / 3.0, 2.0 / 3.0, 1.0]);
        assert_eq!(values(0.0, 2.0, 2.0 / 7.0).last(), Some(&2.0));
        let written = 0.123_456_789_012_345_6;
        assert_eq!(values(0.0, 0.4, written), [0.0, written, 0.246_913_578_024_691_2, 0.370_370_367_037_036_8]);
    }

    #[test]
    fn neighbours_of_a_value_are_that_value() {
        let stepped = Stepped { low: 0.0, high: 0.3, step: 0.1 };
        for (v, level) in
            [(0.1 + 0.2, 3), (0.1 * 3.0, 3), (0.3f64.next_up(), 3), (0.3, 3), (-1e-9, 0), (0.2f64.next_down(), 2)]
        {
            assert_eq!(stepped.level(v), Some(level), "{v:?}");
        }
        for v in [0.35, 0.25, -0.1, 0.4, 1e9, f64::NAN, f64::INFINITY, 0.3001] {
            assert_eq!(stepped.level(v), None, "{v:?}");
        }
    }
}
