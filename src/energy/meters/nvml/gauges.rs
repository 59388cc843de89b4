//! From power readings to cumulative energy.

use std::time::Duration;

use super::super::meter::{Grain, Reading};
use super::unrest::Unrest;
use crate::energy::system::clock::Moment;

/// Power that was left unread for longer is not guessed at: about five polls.
pub(super) const LONGEST_POWER_GAP: Duration = Duration::from_millis(2600);

/// More than any board draws, in watts.
pub(crate) const MAX_WATTS: f64 = 5000.0;

/// Power that is asked for, integrated by the trapezoidal rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct PowerTotal {
    last: Option<(Moment, f64)>,
    unrest: Unrest,
    /// In microjoules, with the fractions that a reading drops.
    total_uj: f64,
    segment: u64,
}

impl PowerTotal {
    pub(crate) fn advance(&mut self, at: Moment, watts: f64) -> Reading {
        if let Some((before, last)) = self.last {
            let passed = at.since(before);
            match passed <= LONGEST_POWER_GAP {
                true => self.total_uj += 0.5 * (last + watts) * passed.as_secs_f64() * 1e6,
                false => self.segment += 1,
            }
        }
        self.last = Some((at, watts));
        self.unrest.note(at.monotonic_seconds(), watts);
        Reading { at, microjoules: self.total_uj as u64, segment: self.segment }
    }

    /// How finely it is known.
    pub(crate) fn grain(&self) -> Grain {
        self.unrest.grain(Duration::ZERO)
    }
}
