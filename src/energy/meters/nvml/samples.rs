//! From the driver's power samples to cumulative energy.

use std::collections::VecDeque;
use std::time::Duration;

use super::super::meter::{Grain, Reading, Shares};
use super::gauges::{LONGEST_POWER_GAP, MAX_WATTS};
use super::ladder::PowerSample;
use super::unrest::Unrest;
use crate::energy::system::clock::Moment;

/// Samples are asked for from so long before the newest on: those that were dated after the wall clock was set back by no more
/// are among them.
const MARGIN_US: u64 = 1_000_000;

/// Samples come regularly. A gap that is off by more than this part of their period has something amiss.
const REGULAR: f64 = 0.25;

/// Dates may be ahead of the present by so much, in seconds, before it is taken for anything: what clocks are read to.
const AHEAD: f64 = 0.001;

/// If the newest of samples were this much older than half a period, in seconds, however often they were asked for, some were
/// passed over.
const BEHIND: f64 = 0.02;

/// So many times in a row.
const OFTEN: usize = 8;

/// Power samples, integrated by the trapezoidal rule.
///
/// Their dates are the wall clock's, which can be set at any time. So they count as long as they agree with the monotonic clock:
/// no sample is from the future, and the newest one is old by a period at most. New samples are those behind the last one in
/// the driver's own order, whatever their dates are. Where a gap between two dates is no gap of time, the samples' period
/// stands in, or what the monotonic clock has left for it.
///
/// The cumulative energy is that up to the last sample: it moves with every sample, as a counter does with every tick.
#[derive(Debug, Clone)]
pub(crate) struct SampleTotal {
    /// In seconds.
    period: f64,
    last: Option<PowerSample>,
    /// When the last sample was handed over, and how old it was then, in seconds, as far as is known: the youngest were taken
    /// for new.
    arrived: Option<Moment>,
    lag: f64,
    /// How old the newest was of late.
    lags: VecDeque<f64>,
    /// The time of the last sample in seconds since the first.
    time: f64,
    total_uj: f64,
    segment: u64,
    unrest: Unrest,
    doubts: Shares,
}

impl PowerSample {
    /// Whether it has a date, and a power that a board can draw.
    fn is_sound(&self) -> bool {
        self.at_us > 0 && (0.0..=MAX_WATTS).contains(&self.watts)
    }

    /// By the dates, in seconds.
    fn after(&self, earlier: &Self) -> f64 {
        (i128::from(self.at_us) - i128::from(earlier.at_us)) as f64 * 1e-6
    }
}

/// The time from one sample to the next.
#[derive(Debug, Clone, Copy)]
struct SampleGap {
    seconds: f64,
    /// Not that of the dates.
    mended: bool,
}

impl SampleTotal {
    /// Of samples that are so far apart.
    pub(crate) fn new(period: Duration) -> Self {
        Self {
            period: period.as_secs_f64(),
            last: None,
            arrived: None,
            lag: 0.0,
            lags: VecDeque::new(),
            time: 0.0,
            total_uj: 0.0,
            segment: 0,
            unrest: Unrest::default(),
            doubts: Shares::default(),
        }
    }

    /// The date from which on samples are of interest.
    pub(crate) fn since_us(&self) -> u64 {
        self.last.map_or(0, |last| last.at_us.saturating_sub(MARGIN_US))
    }

    /// Takes samples that the driver was asked for at `asked`, and that were there at `now`; says whether there was a new one among
    /// them. `since_us` is the date that was asked for.
    pub(crate) fn absorb(&mut self, asked: Moment, now: Moment, since_us: u64, samples: &[PowerSample]) -> bool {
        let sound = |sample: &&PowerSample| sample.is_sound() && sample.at_us > since_us;
        let samples: Vec<PowerSample> = samples.iter().filter(sound).copied().collect();
        let (Some(last), Some(arrived)) = (self.last, self.arrived) else { return self.begin(now, &samples) };
        let (new, follows) = self.newer(&samples, last, asked.since(arrived).as_secs_f64());
        let Some(newest) = new.last().copied() else { return false };
        let passed = |until: Moment| until.since(arrived).as_secs_f64() + self.lag;
        let (by_now, by_asking) = (passed(now), passed(asked));
        let mut set = 0.0;
        let mut gaps = self.gaps(last, &new, &mut set);
        let span = |gaps: &[SampleGap]| gaps.iter().map(|gap| gap.seconds).sum::<f64>();
        let ahead = span(&gaps) - by_now;
        if ahead > AHEAD {
            set += self.shorten(&mut gaps, ahead);
        }
        let old = by_asking - span(&gaps);
        let missing = if !follows && set < 0.0 { old.max(0.0) } else { self.passed_over(old) };
        if missing > 0.0
            && let Some(first) = gaps.first_mut()
        {
            *first = SampleGap { seconds: first.seconds + missing, mended: true };
            set -= if follows { missing } else { 0.0 };
        }
        self.lag = (by_now - span(&gaps)).max(0.0);
        let mut from = last;
        for (to, gap) in new.iter().zip(&gaps) {
            self.add(from, *to, *gap);
            from = *to;
        }
        if gaps.iter().any(|gap| gap.mended) {
            self.doubts.clock_set += 1;
            self.doubts.clock_set_by += set;
        }
        (self.last, self.arrived) = (Some(newest), Some(now));
        true
    }

    /// The samples behind the last one, in the driver's order, and whether that one was still there. Samples that look like it may
    /// be there more than once, if the clock was set back: it is that behind which there are as many as the time fits.
    fn newer(&self, samples: &[PowerSample], last: PowerSample, seconds: f64) -> (Vec<PowerSample>, bool) {
        let off = |place: &usize| ((samples.len() - 1 - place) as f64 * self.period - seconds).abs();
        // A driver that reckons dates anew each time may be off by a little.
        let like =
            |sample: &PowerSample| sample.watts == last.watts && sample.after(&last).abs() < self.period * REGULAR;
        let places = (0..samples.len()).filter(|place| like(&samples[*place]));
        let due = ((seconds + self.lag) / self.period).round() as usize;
        match places.min_by(|a, b| off(a).total_cmp(&off(b))) {
            Some(place) => (samples[place + 1..].to_vec(), true),
            // There are older ones among them, whatever their dates say.
            None if due < samples.len() => (samples[samples.len() - due..].to_vec(), true),
            None => {
                let later: Vec<_> = samples.iter().filter(|sample| sample.at_us > last.at_us).copied().collect();
                (if later.is_empty() { samples.to_vec() } else { later }, false)
            }
        }
    }

    /// The gaps before each of the new samples, those that are too short made regular.
    fn gaps(&self, last: PowerSample, new: &[PowerSample], set: &mut f64) -> Vec<SampleGap> {
        let mut from = last;
        let mut gap = |to: &PowerSample| {
            let dated = to.after(&std::mem::replace(&mut from, *to));
            let mended = dated < self.period * (1.0 - REGULAR);
            if mended {
                *set += dated - self.period;
            }
            SampleGap { seconds: if mended { self.period } else { dated }, mended }
        };
        new.iter().map(&mut gap).collect()
    }

    /// Takes from gaps that are too long what brings the newest sample back from the future, by so many seconds. Says how much was
    /// taken. Where no gap is too long, the last sample was older than it was taken for, and that is all.
    fn shorten(&self, gaps: &mut [SampleGap], ahead: f64) -> f64 {
        let long = |gap: &SampleGap| Some(gap.seconds - self.period).filter(|more| *more > REGULAR * self.period);
        let surplus: f64 = gaps.iter().filter_map(long).sum();
        if surplus <= 0.0 {
            return 0.0;
        }
        let cut = surplus.clamp(ahead, ahead + self.period).min(surplus);
        for gap in gaps {
            if let Some(more) = long(gap) {
                *gap = SampleGap { seconds: gap.seconds - more * cut / surplus, mended: true };
            }
        }
        cut
    }

    /// For how long samples were passed over, if the newest was older than it can be for many times.
    fn passed_over(&mut self, old: f64) -> f64 {
        self.lags.push_back(old);
        let least = self.lags.iter().copied().fold(f64::INFINITY, f64::min);
        if self.lags.len() < OFTEN {
            return 0.0;
        }
        if least > self.period / 2.0 + BEHIND {
            self.lags.clear();
            return least;
        }
        self.lags.pop_front();
        0.0
    }

    fn add(&mut self, from: PowerSample, to: PowerSample, gap: SampleGap) {
        if gap.seconds > LONGEST_POWER_GAP.as_secs_f64() {
            self.segment += 1;
        } else {
            self.total_uj += 0.5 * (from.watts + to.watts) * gap.seconds * 1e6;
        }
        if gap.mended {
            // How long it was is known to a period, and when in it power changed is not known.
            let (watts, step) = (from.watts.max(to.watts), to.watts - from.watts);
            self.doubts.bridged += ((watts * self.period).powi(2) + (step * gap.seconds).powi(2)) / 12.0;
        }
        self.time += gap.seconds;
        self.unrest.note(self.time, to.watts);
    }

    fn begin(&mut self, at: Moment, samples: &[PowerSample]) -> bool {
        let Some(last) = samples.last() else { return false };
        (self.last, self.arrived) = (Some(*last), Some(at));
        true
    }

    /// Whether a new sample should have come by now.
    pub(crate) fn is_overdue(&self, at: Moment) -> bool {
        self.arrived.is_none_or(|arrived| at.since(arrived).as_secs_f64() > 2.0 * self.period + BEHIND)
    }

    /// Whether no sample has come for so long that the figure is not what it was.
    pub(crate) fn is_silent(&self, at: Moment) -> bool {
        self.arrived.is_none_or(|arrived| at.since(arrived) > LONGEST_POWER_GAP)
    }

    pub(crate) fn reading(&self, at: Moment) -> Reading {
        Reading { at, microjoules: self.total_uj as u64, segment: self.segment }
    }

    /// How finely it is known at `now`.
    pub(crate) fn grain(&self, now: Moment) -> Grain {
        let waited = self.arrived.map_or(Duration::ZERO, |arrived| now.since(arrived));
        self.unrest.grain(waited + Duration::from_secs_f64(self.lag))
    }

    /// What was made up for so far.
    pub(crate) fn doubts(&self) -> Shares {
        self.doubts
    }
}
