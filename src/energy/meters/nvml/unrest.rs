//! What the integral of power does not see.

use std::time::Duration;

use super::super::meter::Grain;

/// Sensors look at least this often, in seconds, whatever is asked of them in between.
const SENSOR: f64 = 0.1;

/// How far power between its readings may have led their integral astray.
///
/// A step between two readings `h` apart moves the trapezoidal sum by up to half the step times `h`, this way or that. A load in
/// step with the readings does so every time, and half of it is then made up for by the step back.
#[derive(Debug, Clone, Default)]
pub(super) struct Unrest {
    /// When power changed last, in seconds of any origin, and to what.
    changed: Option<(f64, f64)>,
    last: f64,
    joules: f64,
    variance: f64,
    readings: u64,
}

impl Unrest {
    /// Power was read at `at`, in seconds of any origin.
    pub(super) fn note(&mut self, at: f64, watts: f64) {
        self.readings += 1;
        if let Some((since, before)) = self.changed.filter(|(_, before)| *before != watts) {
            // The sensor may be slower than its readings: then these repeat themselves.
            let step = (at - self.last).max((at - since).min(SENSOR));
            self.joules += (watts - before).abs() * step / 4.0;
            // Of readings that see one or the other side of a load by chance, every second one differs from the one before.
            self.variance += ((watts - before) * step).powi(2) / 2.0;
        }
        if self.changed.is_none_or(|(_, before)| before != watts) {
            self.changed = Some((at, watts));
        }
        self.last = at;
    }

    /// With the age of the newest reading.
    pub(super) fn grain(&self, lag: Duration) -> Grain {
        Grain { unrest: self.joules, variance: self.variance, readings: self.readings, lag }
    }
}
