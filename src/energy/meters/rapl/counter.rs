//! One counter of a processor, and what counters of processors are like.

use std::fmt::Debug;
use std::time::Duration;

use super::super::counter::Draw;
use super::super::meter::Reading;
use crate::energy::system::clock::Clock;
use crate::energy::units::PowerDomain;

/// The counters change about once a millisecond.
pub(super) const RESOLUTION: Duration = Duration::from_millis(1);

/// A processor package, or the memory behind it, draws no more than this for long, in watts. The largest that are sold are
/// specified for 500 W (AMD EPYC 9965, Intel Xeon 6980P); firmware may let them have some more. It tells whether a counter
/// that stayed unread may have wrapped around once more: a range of 65.5 kJ, as AMD's, lasts 82 s. What was seen to draw
/// more is taken to draw more ([`CounterTotal`](crate::energy::meters::counter::CounterTotal)).
const SUSTAINED_WATTS: f64 = 800.0;

/// More than any processor package draws even for a moment, in watts: what implies more is no energy.
const PEAK_WATTS: f64 = 5000.0;

/// What may arrive between two readings that are almost at the same time, in joules.
pub(super) const BURST_JOULES: f64 = 10.0;

/// Counters that change every millisecond and show one value for so long hang.
pub(super) const HANGS_AFTER: Duration = Duration::from_millis(250);

/// Of hardware that may be told to draw up to `limit` watts for long. Limits below the bound do not lower it: turbo exceeds
/// them, and some firmware says 0.
pub(super) fn draw(limit: f64) -> Draw {
    let sustained_watts = if limit < PEAK_WATTS { SUSTAINED_WATTS.max(limit) } else { SUSTAINED_WATTS };
    Draw { sustained_watts, peak_watts: PEAK_WATTS, burst_joules: BURST_JOULES }
}

/// One counter, by whichever way.
pub(super) trait RaplCounter: Send + Debug {
    fn domain(&self) -> &PowerDomain;

    /// Gives it a domain that no other has.
    fn rename(&mut self, domain: &PowerDomain);

    /// What exactly is read.
    fn sampling(&self) -> String;

    fn read(&mut self, clock: &dyn Clock) -> Result<Reading, String>;

    /// The raw value now, of nobody's concern but whether it moves.
    fn shows(&mut self) -> Option<u64>;

    /// The time between two changes.
    fn pace(&self) -> Duration;

    fn set_pace(&mut self, pace: Duration);
}
