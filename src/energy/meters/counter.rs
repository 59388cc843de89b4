//! From the raw values of a hardware counter to energy.

use std::fmt;
use std::time::Duration;

use super::meter::Reading;
use crate::energy::system::clock::Moment;

/// What the hardware behind a counter can draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Draw {
    /// The most that it draws for long, in watts: tells whether a counter may have wrapped around once more.
    pub(crate) sustained_watts: f64,
    /// More than it ever draws, in watts: what implies more is no energy.
    pub(crate) peak_watts: f64,
    /// What may arrive in one piece, in joules: one tick of the counter at full power.
    pub(crate) burst_joules: f64,
}

/// For so long hardware may draw more than it does for long.
const PEAK_SECONDS: f64 = 5.0;

/// Power seen over shorter stretches than this, in seconds, says little.
const STRETCH: f64 = 0.2;

/// What was drawn once may be drawn for long, and a quarter more.
const HEADROOM: f64 = 1.25;

/// Why two values of a counter do not tell the energy between them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum CounterGap {
    /// It fell, and not by wrapping around.
    Fell { from_joules: f64, to_joules: f64 },
    /// It rose by more than the hardware can draw.
    Jumped { joules: f64, seconds: f64, watts: f64 },
    /// It may have wrapped around more than once.
    Unread { seconds: f64, range_joules: f64, watts: f64 },
    /// It went on after it had stood still.
    Stood { seconds: f64 },
}

impl fmt::Display for CounterGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fell { from_joules, to_joules } => {
                write!(f, "the counter started anew: it fell from {from_joules:.3} J to {to_joules:.3} J")
            }
            Self::Jumped { joules, seconds, watts } => write!(
                f,
                "the counter jumped by {joules:.0} J in {seconds:.3} s: more than the {watts:.0} W that this hardware may draw"
            ),
            Self::Unread { seconds, range_joules, watts } => write!(
                f,
                "the counter was unread for {seconds:.1} s and may have wrapped around more than once: its range of \
                 {range_joules:.0} J lasts {:.0} s at {watts:.0} W",
                range_joules / watts
            ),
            Self::Stood { seconds } => write!(
                f,
                "the counter stood still for {seconds:.1} s and went on: it hung, and what went by meanwhile is not known"
            ),
        }
    }
}

/// Turns the raw values of a hardware counter into cumulative energy without a jump that did not happen.
#[derive(Debug, Clone)]
pub(crate) struct CounterTotal {
    /// The counter starts again from zero after this value; `None` if it does not wrap, or nobody says when.
    range_uj: Option<u64>,
    draw: Draw,
    /// A counter that shows one value for so long hangs; `None` if it may.
    hangs_after: Option<Duration>,
    /// The most that was drawn so far, in watts.
    seen_watts: f64,
    last: Option<(Moment, u64)>,
    /// When the last value was seen first.
    since: Option<Moment>,
    total_uj: u64,
    segment: u64,
}

impl CounterTotal {
    pub(crate) fn new(range_uj: Option<u64>, draw: Draw) -> Self {
        let range_uj = range_uj.filter(|range| *range > 0);
        Self { range_uj, draw, hangs_after: None, seen_watts: 0.0, last: None, since: None, total_uj: 0, segment: 0 }
    }

    /// Of hardware that always draws something, brought up to date much more often than this.
    pub(crate) fn hangs_after(mut self, time: Duration) -> Self {
        self.set_hangs_after(time);
        self
    }

    pub(crate) fn set_hangs_after(&mut self, time: Duration) {
        self.hangs_after = Some(time);
    }

    /// The counter showed `raw` microjoules at `at`.
    ///
    /// # Errors
    ///
    /// Why this value does not go on from the one before. The next one goes on from this, in a segment of its own.
    pub(crate) fn advance(&mut self, at: Moment, raw: u64) -> Result<Reading, CounterGap> {
        let before = self.last.replace((at, raw));
        let Some((before, last)) = before else {
            self.since = Some(at);
            return Ok(self.reading(at));
        };
        let stood = match raw == last {
            true => Duration::ZERO,
            false => self.since.replace(at).map_or(Duration::ZERO, |since| before.since(since)),
        };
        let step = match self.hangs_after {
            Some(limit) if stood >= limit => Err(CounterGap::Stood { seconds: stood.as_secs_f64() }),
            _ => self.step(at.since(before).as_secs_f64(), last, raw),
        };
        match step {
            Ok(step) => {
                self.total_uj += step;
                Ok(self.reading(at))
            }
            Err(gap) => {
                self.segment += 1;
                Err(gap)
            }
        }
    }

    fn reading(&self, at: Moment) -> Reading {
        Reading { at, microjoules: self.total_uj, segment: self.segment }
    }

    /// What the counter shows next does not go on from what it showed: the next value begins a segment.
    pub(crate) fn cut(&mut self) {
        if self.last.take().is_some() {
            self.segment += 1;
        }
    }

    /// The energy between two raw values, or why they do not tell.
    fn step(&mut self, seconds: f64, last: u64, raw: u64) -> Result<u64, CounterGap> {
        let Draw { sustained_watts, peak_watts, burst_joules } = self.draw;
        let sustained_watts = match self.seen_watts > sustained_watts {
            true => (self.seen_watts * HEADROOM).min(peak_watts),
            false => sustained_watts,
        };
        let joules = |microjoules: u64| microjoules as f64 * 1e-6;
        let fell = CounterGap::Fell { from_joules: joules(last), to_joules: joules(raw) };
        let peak = peak_watts * seconds + burst_joules;
        let step = match self.range_uj {
            _ if raw >= last => {
                let (step, watts) = (joules(raw - last), peak_watts);
                if step > peak {
                    return Err(CounterGap::Jumped { joules: step, seconds, watts });
                }
                raw - last
            }
            Some(range) => {
                let step = range.checked_sub(last).and_then(|rest| rest.checked_add(raw)).ok_or(fell)?;
                // A wrap, and not a reset, if no more went by than may have.
                let for_long = sustained_watts * seconds + (peak_watts - sustained_watts) * PEAK_SECONDS + burst_joules;
                if joules(step) > peak.min(for_long) {
                    return Err(fell);
                }
                step
            }
            None => return Err(fell),
        };
        if let Some(range) = self.range_uj
            && joules(range) + joules(step) <= sustained_watts * seconds
        {
            return Err(CounterGap::Unread { seconds, range_joules: joules(range), watts: sustained_watts });
        }
        if seconds >= STRETCH {
            self.seen_watts = self.seen_watts.max(joules(step) / seconds);
        }
        Ok(step)
    }
}

#[cfg(test)]
mod tests;
