//! The energy at an edge of a window (the begin or the end of a measurement interval), between the ticks of a counter.
//!
//! A counter tells the energy at its ticks, about ten times a second: a tick is an update of what it shows. What it
//! would have shown at a moment `t` between the ticks `t0` and `t1` depends on what happens there:
//!
//! ```text
//! work on both sides (an epoch ends):       E(t) = C(t0) + (t - t0) / (t1 - t0) (C(t1) - C(t0))
//! rest before (a trial begins):             E(t) = C(t0) + (t - t0) P(t0 - T, t0)
//! rest after (a trial ends):                E(t) = C(t1) - (t1 - t) P(t1, t1 + T)
//! ```
//!
//! The first takes the power within the tick for constant, which errs where it changes just then. The others need rest on
//! the outer side, and err as little as the power at rest times the dating of a tick.

use std::time::Duration;

use super::ticks::{TickPoint, Ticks};
use crate::energy::meters::meter::{Reading, Shares};
use crate::energy::system::clock::Moment;

/// How far on either side of an edge readings are of use.
pub(crate) const NEAR: Duration = Duration::from_millis(600);

/// What loads do within a tick and no tick tells, as a part of their power. With this much, intervals of 95 % cover the
/// truth of 95 % of windows (90 to 99 % by period). That is over loads that jump between 150 and 500 W with periods of
/// 15 to 600 ms. Steadier ones are covered more often.
const UNSEEN: f64 = 0.65;

/// What power at rest does from one tick to the next where only one tick tells it, as a part of it.
const UNREST: f64 = 0.1;

/// Ticks that differ by more, as a part of them, are not those of rest.
const RESTLESS: f64 = 0.25;

/// The energy at an edge.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Level {
    /// In joules, on the scale of the readings of this segment.
    pub(crate) joules: f64,
    /// The standard deviation of that, in joules.
    pub(crate) sd: f64,
    pub(crate) segment: u64,
}

/// The energy at one edge, by what there is beside it; `None` where the ticks were not seen well enough.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Levels {
    /// With work on both sides.
    pub(crate) inner: Option<Level>,
    /// With rest before.
    pub(crate) after_rest: Option<Rested>,
    /// With rest after.
    pub(crate) before_rest: Option<Rested>,
    /// What is known of the shares up to there, where the device is shared.
    pub(crate) shares: Option<Shares>,
}

/// The energy at an edge beside rest, and what rest looked like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rested {
    pub(crate) level: Level,
    /// The power at rest, in watts.
    pub(crate) watts: f64,
    /// Whether the tick beyond drew as much; `None` if it was not seen.
    pub(crate) calm: Option<bool>,
}

impl Rested {
    /// How much more a device that has just worked may draw at rest than before.
    const WARM: f64 = 1.6;

    /// Rest draws no more than this part of what the work draws on average.
    const LOW: f64 = 0.75;

    /// The energy at both edges of work that drew so many watts, each where it lies beside rest indeed: somebody else may be
    /// at work on the same hardware. Where rest draws almost as much as the work does, the difference is not worth the risk.
    pub(crate) fn believed(before: Option<Self>, after: Option<Self>, watts: f64) -> (Option<Level>, Option<Level>) {
        let low = |rest: &Self| rest.watts <= Self::LOW * watts;
        let open = before.filter(|rest| low(rest) && rest.calm == Some(true));
        let as_before = |rest: &Self| open.is_some_and(|open| rest.watts <= Self::WARM * open.watts);
        let close = after.filter(|rest| low(rest) && rest.calm.unwrap_or_else(|| as_before(rest)));
        (open.map(|rest| rest.level), close.map(|rest| rest.level))
    }
}

/// What the periods of a counter were so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Periods {
    count: f64,
    seconds: f64,
}

impl Periods {
    /// So few are told better by the ticks at hand.
    const FEW: f64 = 10.0;

    /// Some hundreds are enough, and what changes is forgotten.
    const MANY: f64 = 300.0;

    fn mean(self) -> Option<f64> {
        (self.count >= Self::FEW).then(|| self.seconds / self.count)
    }

    fn learn(&mut self, ticks: &Ticks<'_>) {
        let Some((count, seconds)) = ticks.span() else { return };
        if self.count > Self::MANY {
            (self.count, self.seconds) = (self.count / 2.0, self.seconds / 2.0);
        }
        (self.count, self.seconds) = (self.count + count, self.seconds + seconds);
    }
}

impl Levels {
    /// From readings in order of time, of which those within [`NEAR`] are enough.
    /// `periods` is what the periods of this counter were so far.
    pub(crate) fn at(moment: Moment, readings: &[Reading], nominal: Duration, periods: &mut Periods) -> Self {
        let Some(origin) = readings.iter().rfind(|r| r.at <= moment).or(readings.first()).copied() else {
            return Self::default();
        };
        let seconds = |at: Moment| at.since(moment).as_secs_f64() - moment.since(at).as_secs_f64();
        let points: Vec<TickPoint> = readings
            .iter()
            .filter(|r| r.segment == origin.segment)
            .map(|r| TickPoint { at: seconds(r.at), joules: (r.microjoules as f64 - origin.microjoules as f64) * 1e-6 })
            .collect();
        let Some(ticks) = Ticks::find(&points, nominal.as_secs_f64(), periods.mean()) else { return Self::default() };
        periods.learn(&ticks);
        let base = origin.microjoules as f64 * 1e-6;
        let level = |(joules, sd): (f64, f64)| Level { joules: base + joules, sd, segment: origin.segment };
        let rested =
            |(joules, watts, calm): ((f64, f64), f64, Option<bool>)| Rested { level: level(joules), watts, calm };
        Self {
            inner: inner(&ticks).map(level),
            after_rest: after_rest(&ticks).map(rested),
            before_rest: before_rest(&ticks).map(rested),
            shares: None,
        }
    }
}

/// The energy at 0 and its standard deviation, in joules.
fn inner(ticks: &Ticks<'_>) -> Option<(f64, f64)> {
    let number = ticks.last_until(0.0);
    let (from, to) = (ticks.time(number), ticks.time(number + 1));
    let (Some(low), Some(watts)) = (ticks.level(number), ticks.watts(number)) else {
        // Just before a tick there may have been no reading since the last one.
        let watts = ticks.watts(number + 1).filter(|_| to < 0.1 * ticks.period())?;
        return Some((ticks.level(number + 1)? - watts * to, watts * ticks.scatter().hypot(UNSEEN * to)));
    };
    let share = -from / (to - from);
    // A step of the power is equally likely anywhere within the tick. It moves the energy at this share of it by share
    // (1 - share) / sqrt(3) times the step, root mean square. The ticks beside tell how large steps are.
    let beside = (number - 2..=number + 2).filter_map(|n| ticks.watts(n));
    let (least, most) = beside.fold((watts, watts), |(least, most), w| (w.min(least), w.max(most)));
    let step = most - least;
    let within = step * ticks.period() * share * (1.0 - share) / 3_f64.sqrt();
    let unseen = UNSEEN * watts * ticks.period() * (share * (1.0 - share) / 12.0).sqrt();
    // Both ticks are dated alike, so that an error of one is shared by the part of the tick that is left.
    let dating = watts * ticks.scatter() * (share * share + (1.0 - share) * (1.0 - share)).sqrt();
    Some((low - watts * from, hypot([within, unseen, dating])))
}

fn after_rest(ticks: &Ticks<'_>) -> Option<((f64, f64), f64, Option<bool>)> {
    let number = ticks.last_until(0.0);
    let rest = ticks.watts(number - 1)?;
    let padding = -ticks.time(number);
    let (unrest, calm) = unrest(ticks, rest, ticks.watts(number - 2));
    Some(((ticks.level(number)? + rest * padding, hypot([rest * ticks.scatter(), unrest * padding])), rest, calm))
}

fn before_rest(ticks: &Ticks<'_>) -> Option<((f64, f64), f64, Option<bool>)> {
    let number = ticks.first_from(0.0);
    let rest = ticks.watts(number)?;
    let padding = ticks.time(number);
    let (unrest, calm) = unrest(ticks, rest, ticks.watts(number + 1));
    Some(((ticks.level(number)? - rest * padding, hypot([rest * ticks.scatter(), unrest * padding])), rest, calm))
}

/// How far the power at rest may be off, in watts, by that of another tick at rest: what they differ beyond the dating of the
/// three ticks around them. Of a single tick, a tenth of it. And whether both are like rest.
fn unrest(ticks: &Ticks<'_>, rest: f64, other: Option<f64>) -> (f64, Option<bool>) {
    let Some(other) = other else { return (UNREST * rest, None) };
    let dating = 6.0 * (rest * ticks.scatter() / ticks.period()).powi(2);
    let calm = (other - rest).abs() <= RESTLESS * rest;
    (((other - rest).powi(2) - dating).max(0.0).sqrt(), Some(calm))
}

fn hypot<const N: usize>(parts: [f64; N]) -> f64 {
    parts.iter().map(|part| part * part).sum::<f64>().sqrt()
}
