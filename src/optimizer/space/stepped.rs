//! The values of a stepped range of floats: the one place that says how many there are and which number each of them is.

/// Most values of a range with steps, of floats or of whole numbers: 2^40. Far beyond, neighbouring values are no longer
/// told apart in the unit cube, on a log scale first.
pub const MOST_LEVELS: u64 = 1 << 40;

/// A step is at least so many times the distance of neighbouring floats at the ends of its range.
const LEAST_STEP: f64 = 8.0;
/// How far a number may be from a value and still be it, in steps: people write 0.3 for `3 * 0.1`.
const TOLERANCE: f64 = 1e-6;

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
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to what a u64 holds")]
        let steps = if steps >= 0.0 { steps as u64 } else { 0 };
        steps.saturating_add(1)
    }

    /// The `k`-th value, counted from 0.
    pub(super) fn value(self, k: u64) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "there are at most 2^40")]
        (self.low + self.step * k as f64).min(self.high)
    }

    /// Which value is nearest to a number; the first or the last beyond the range.
    pub(super) fn nearest(self, v: f64) -> u64 {
        let k = ((v - self.low) / self.step).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "cut to the values there are")]
        let k = if k > 0.0 { k as u64 } else { 0 };
        k.min(self.count() - 1)
    }

    /// Whether a number is one of the values, but for the rounding of numbers that people write.
    pub(super) fn holds(self, v: f64) -> bool {
        let off = (v - self.value(self.nearest(v))).abs();
        self.low <= v && v <= self.high && off <= (TOLERANCE * self.step).max(2.0 * self.spacing()).min(self.step / 4.0)
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
