//! From power readings to cumulative energy.

use std::time::Duration;

use super::super::clock::Moment;
use super::super::meter::Reading;
use super::ladder::PowerSample;

/// Power that was left unread for longer is not guessed at: about five polls.
const LONGEST_POWER_GAP: Duration = Duration::from_millis(2600);

/// How much more than has passed by the monotonic clock may have passed by the dates of samples, in microseconds: the
/// driver hands them over in its own time.
const SLACK_US: u64 = 1_000_000;

/// More than any board draws, in watts.
pub(crate) const MAX_WATTS: f64 = 5000.0;

/// Power that is asked for, integrated by the trapezoidal rule.
#[derive(Debug, Clone, Default)]
pub(crate) struct PowerTotal {
    last: Option<(Moment, f64)>,
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
        Reading { at, microjoules: self.total_uj as u64, segment: self.segment }
    }
}

/// Power samples, integrated by the trapezoidal rule over their own dates.
///
/// The dates are the wall clock's, which can be set at any time; so only their differences are used, and none that the
/// monotonic clock contradicts. The cumulative energy is that up to the last sample: it moves with every sample, as a
/// counter does with every tick.
#[derive(Debug, Clone, Default)]
pub(crate) struct SampleTotal {
    last: Option<PowerSample>,
    /// When the last sample was handed over.
    arrived: Option<Moment>,
    total_uj: f64,
    segment: u64,
}

impl PowerSample {
    /// Whether it has a date, and a power that a board can draw.
    fn is_sound(&self) -> bool {
        self.at_us > 0 && (0.0..=MAX_WATTS).contains(&self.watts)
    }
}

impl SampleTotal {
    /// The date from which on samples are of interest.
    pub(crate) fn since_us(&self) -> u64 {
        self.last.map_or(0, |last| last.at_us)
    }

    /// Takes the samples that the driver handed over at `at`; says whether there was a new one among them.
    pub(crate) fn absorb(&mut self, at: Moment, samples: &[PowerSample]) -> bool {
        let Some(arrived) = self.arrived else { return self.begin(at, samples) };
        let passed_us = u64::try_from(at.since(arrived).as_micros()).unwrap_or(u64::MAX);
        let newest_us = self.since_us().saturating_add(passed_us).saturating_add(SLACK_US);
        let mut moved = false;
        for sample in samples.iter().filter(|sample| sample.is_sound() && sample.at_us <= newest_us) {
            let Some(last) = self.last.filter(|last| last.at_us < sample.at_us) else { continue };
            let passed_us = sample.at_us - last.at_us;
            match u128::from(passed_us) <= LONGEST_POWER_GAP.as_micros() {
                true => self.total_uj += 0.5 * (last.watts + sample.watts) * passed_us as f64,
                false => self.segment += 1,
            }
            self.last = Some(*sample);
            moved = true;
        }
        if moved {
            self.arrived = Some(at);
        }
        moved
    }

    /// Begins anew from the last of all the samples that the driver has, after the dates no longer fit: what was in between
    /// is not known. Says whether that is another one than before.
    pub(crate) fn restart(&mut self, at: Moment, all: &[PowerSample]) -> bool {
        let before = self.last;
        let is_new = all.iter().rfind(|sample| sample.is_sound()).is_some_and(|sample| Some(*sample) != before);
        if is_new {
            self.segment += 1;
            self.begin(at, all);
        }
        is_new
    }

    fn begin(&mut self, at: Moment, samples: &[PowerSample]) -> bool {
        let Some(last) = samples.iter().rfind(|sample| sample.is_sound()) else { return false };
        (self.last, self.arrived) = (Some(*last), Some(at));
        true
    }

    /// Whether no sample has come for so long that the figure is not what it was.
    pub(crate) fn is_silent(&self, at: Moment) -> bool {
        self.arrived.is_none_or(|arrived| at.since(arrived) > LONGEST_POWER_GAP)
    }

    pub(crate) fn reading(&self, at: Moment) -> Reading {
        Reading { at, microjoules: self.total_uj as u64, segment: self.segment }
    }
}
