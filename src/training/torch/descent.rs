//! Whether a training comes down.
//!
//! How large a loss is says little: columns in the thousands make that of a sound training as large as that of one that has blown
//! up. So it is held against the loss of the untrained network, which sees the same columns.

use super::part::Goal;

/// A mean loss of so many times that of the untrained network, and of guessing, will not come down again.
const LOST: f64 = 1e3;
/// One of so many times must fall from epoch to epoch.
const GROWN: f64 = 10.0;
/// Epochs in a row of which none was better than the one before.
const MISSES: usize = 2;

/// Watches the losses of one training, epoch by epoch.
#[derive(Debug)]
pub(super) struct Descent {
    /// The loss of the untrained network, or of guessing, whichever is larger.
    start: f64,
    before: f64,
    misses: usize,
}

impl Descent {
    pub(super) fn new(goal: Goal) -> Self {
        let guessing = match goal {
            Goal::Classes(classes) => (classes as f64).ln(),
            Goal::Number { .. } => 1.0,
        };
        Self { start: guessing, before: f64::INFINITY, misses: 0 }
    }

    /// Takes down the loss of the first step, before it has changed the weights. One that is no number says nothing: steps by
    /// gradients that overflow may be left out.
    pub(super) fn begins_at(&mut self, untrained: f64) {
        if untrained.is_finite() {
            self.start = self.start.max(untrained);
        }
    }

    /// Whether nothing good is to be expected after one more epoch with this mean loss.
    pub(super) fn is_lost(&mut self, loss: f64) -> bool {
        let before = std::mem::replace(&mut self.before, loss);
        if !loss.is_finite() || loss > LOST * self.start {
            return true;
        }
        let falls = loss < before;
        self.misses = if falls || loss <= GROWN * self.start { 0 } else { self.misses + 1 };
        self.misses >= MISSES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The epoch after which a training with these losses is given up.
    fn lost_after(untrained: f64, losses: &[f64]) -> Option<usize> {
        let mut descent = Descent::new(Goal::Classes(10));
        descent.begins_at(untrained);
        losses.iter().position(|loss| descent.is_lost(*loss)).map(|index| index + 1)
    }

    #[test]
    fn a_large_loss_is_no_divergence_where_the_untrained_network_has_it_too() {
        // Columns in the thousands, a small learning rate.
        assert_eq!(lost_after(9e5, &[8e5, 5e5, 2e5, 4e4, 900.0]), None);
        // Hardly any progress is no explosion either.
        assert_eq!(lost_after(9e5, &[9e5, 9.1e5, 9.2e5, 9.3e5]), None);
        // The first steps were too large, and it comes down again.
        assert_eq!(lost_after(900.0, &[5e5, 5e4, 6e3, 9.0]), None);
        assert_eq!(lost_after(2.3, &[1.9, 1.5, 900.0, 500.0, 600.0, 40.0, 3.0]), None);
    }

    #[test]
    fn what_has_grown_and_does_not_fall_is_given_up() {
        assert_eq!(lost_after(2.3, &[7e6, 3e6]), Some(1));
        assert_eq!(lost_after(2.3, &[1.9, 400.0, 800.0]), Some(3));
        assert_eq!(lost_after(9e5, &[9e5, 9e7, 8e7, 9e7, 9e7]), Some(5));
        assert_eq!(lost_after(9e5, &[9e5, 2e9]), Some(2));
    }

    #[test]
    fn a_loss_that_is_no_number_is_given_up_at_once() {
        assert_eq!(lost_after(2.3, &[2.2, f64::NAN]), Some(2));
        assert_eq!(lost_after(2.3, &[f64::INFINITY]), Some(1));
        // Of one that left out its first steps, the rest is judged.
        assert_eq!(lost_after(f64::INFINITY, &[2.2, 2.1]), None);
        assert_eq!(lost_after(f64::NAN, &[3e6]), Some(1));
    }
}
