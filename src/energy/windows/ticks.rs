//! The energy of a window too short for the ticks (updates) of its counter, by the ticks outside of it.
//!
//! A counter that ticks every 100 ms tells nothing of a window of 15 ms by the readings at its edges. But from the last
//! tick before the window to the first one after it, it tells all. What lies between these ticks and the window is the
//! padding. If the hardware rests there, what it spent there is known from the whole ticks on either side:
//!
//! ```text
//!  |   rest   |    rest   [ work ]   rest   |   rest   |
//!  t0   ...   t1  ...   open   close   ...  t2   ...   t3   E = C(t2) - C(t1) - P01 (open - t1) - P23 (t2 - close)
//! ```
//!
//! Ticks are only seen between two readings. They are taken to be periodic. A straight line through the ticks that were
//! seen well dates them better than the readings around each, which bound it still. It also tells when those were that
//! nobody saw.

use std::time::Duration;

use crate::energy::meters::meter::Reading;
use crate::energy::system::clock::Moment;

/// How far on either side of a window readings are of use.
pub(crate) const REACH: Duration = Duration::from_secs(1);

/// For so long before and after it a window shorter than two ticks of a GPU's counter needs the device at rest (idle).
/// That is two ticks of 100 ms, each a little late, so that one of them lies within the rest as a whole.
pub const REST: Duration = Duration::from_millis(210);

/// A tick counts as seen if the readings around it are no farther apart, in nominal periods.
const SHARP: f64 = 0.35;

/// Power before and after a window that differs by more than this factor is not that of rest.
const UNLIKE: f64 = 2.0;

/// How far the line through the ticks is believed beyond those that were seen, in periods.
const FARTHEST: i64 = 5;

/// A level is only read this far from the ends of a tick whose time is inferred, in periods.
const MARGIN: f64 = 0.04;

/// What the times of two ticks are good for, in seconds. A window with less energy than its padding spends in this time is
/// not told from its padding.
const DATING: f64 = 0.0025;

/// The energy of a window by its outer ticks, and how it was had.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OuterTicks {
    pub(crate) joules: f64,
    /// The power taken for the padding before and after the window.
    pub(crate) before_watts: f64,
    pub(crate) after_watts: f64,
    /// Seconds from the tick before to the tick after.
    pub(crate) span: f64,
    /// The standard deviation of `joules`, in joules.
    pub(crate) sd: f64,
    /// All that was made use of lies between these moments.
    pub(crate) used: (Moment, Moment),
}

/// The energy between `open` and `close` from readings in order of time, of which those within [`REACH`] of the window are
/// enough. `nominal` is about the period of the counter. The figure is above zero, or the reason why there is none.
pub(crate) fn energy_by_outer_ticks(
    readings: &[Reading],
    nominal: Duration,
    open: Moment,
    close: Moment,
) -> Result<OuterTicks, String> {
    let seconds = |at: Moment| at.since(open).as_secs_f64() - open.since(at).as_secs_f64();
    let at_open = readings.iter().rfind(|r| r.at <= open).or(readings.first());
    let Some(origin) = at_open else { return Err("nothing was read near it".to_owned()) };
    let points: Vec<TickPoint> = readings
        .iter()
        .filter(|r| r.segment == origin.segment)
        .map(|r| TickPoint { at: seconds(r.at), joules: (r.microjoules as f64 - origin.microjoules as f64) * 1e-6 })
        .collect();
    let torn = || match readings.iter().any(|r| r.segment != origin.segment) {
        true => ", for the counter started anew nearby",
        false => "",
    };
    let ticks = Ticks::find(&points, nominal.as_secs_f64(), None)
        .ok_or_else(|| format!("its ticks were not seen well enough around it{}", torn()))?;

    let end = seconds(close);
    let (first, last) = (ticks.last_until(0.0), ticks.first_from(end));
    let (t1, t2) = (ticks.time(first), ticks.time(last));
    let before = ticks.level(first).ok_or_else(|| format!("the tick before it is not known{}", torn()))?;
    let after = ticks.level(last).ok_or_else(|| format!("the tick after it was not seen{}", torn()))?;

    let own = |from: i64, calm: bool| {
        let watts = (ticks.level(from + 1)? - ticks.level(from)?) / (ticks.time(from + 1) - ticks.time(from));
        Some(Neighbour { watts, calm })
    };
    let rest = REST.as_secs_f64() + 2.0 * DATING;
    let left = own(first - 1, ticks.time(first - 1) >= -rest);
    let right = own(last, ticks.time(last + 1) <= end + rest);
    let (Some(before_watts), Some(after_watts)) = (padding_watts(left, right), padding_watts(right, left)) else {
        return Err(format!("no whole tick was seen beside it to tell the power of its padding{}", torn()));
    };

    if before_watts.max(after_watts) > UNLIKE * before_watts.min(after_watts) {
        return Err(format!(
            "the hardware did not rest around it: it drew {before_watts:.0} W before and {after_watts:.0} W after"
        ));
    }
    let padding = before_watts * -t1 + after_watts * (t2 - end);
    let joules = after - before - padding;
    if joules.is_nan() || joules <= DATING * f64::midpoint(before_watts, after_watts) || joules <= 0.0 {
        let told = after - before;
        return Err(format!(
            "its energy is not told from its padding: {} of {} are the padding's",
            crate::energy::units::Joules(padding),
            crate::energy::units::Joules(told)
        ));
    }
    let moment = |at: f64| match at < 0.0 {
        true => open.before(Duration::from_secs_f64(-at)),
        false => open.after(Duration::from_secs_f64(at)),
    };
    let from = if left.is_some() { ticks.time(first - 1) } else { t1 };
    let to = if right.is_some() { ticks.time(last + 1) } else { t2 };
    // Each end of the padding is dated by a tick, and its power is that of another time.
    let dating = before_watts.hypot(after_watts) * ticks.scatter();
    let unlike = (before_watts - after_watts).abs() * (-t1).min(t2 - end);
    let sd = dating.hypot(unlike);
    Ok(OuterTicks { joules, before_watts, after_watts, span: t2 - t1, sd, used: (moment(from), moment(to)) })
}

/// The mean power over the whole tick on one side of the window.
#[derive(Debug, Clone, Copy)]
struct Neighbour {
    watts: f64,
    /// It lies within the rest that the work keeps.
    calm: bool,
}

/// The power of the padding on one side: that of the tick beside it, for a device that has just worked rests at more
/// power than one that has not. Where a slower tick reaches beyond the rest, what was there may be in it. Then the less
/// of both sides is nearer to the power at rest.
fn padding_watts(own: Option<Neighbour>, other: Option<Neighbour>) -> Option<f64> {
    match (own, other) {
        (Some(own), _) if own.calm => Some(own.watts),
        (Some(own), Some(other)) => Some(own.watts.min(other.watts)),
        (one, other) => one.or(other).map(|neighbour| neighbour.watts),
    }
}

/// A reading, by some origin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TickPoint {
    /// Seconds from the origin.
    pub(crate) at: f64,
    pub(crate) joules: f64,
}

/// A tick that was seen.
#[derive(Debug, Clone, Copy)]
struct SeenTick {
    number: i64,
    /// The readings around it.
    after: f64,
    until: f64,
    /// What the counter showed up to then.
    last: f64,
    /// What the counter showed from then on.
    joules: f64,
}

impl SeenTick {
    fn middle(&self) -> f64 {
        f64::midpoint(self.after, self.until)
    }
}

/// The ticks of a counter by their numbers.
pub(crate) struct Ticks<'a> {
    points: &'a [TickPoint],
    seen: Vec<SeenTick>,
    /// The time of tick 0, and the period.
    origin: f64,
    period: f64,
    scatter: f64,
}

impl<'a> Ticks<'a> {
    /// `known` is the period as longer experience has it, if there is any: few ticks tell it poorly.
    pub(crate) fn find(points: &'a [TickPoint], nominal: f64, known: Option<f64>) -> Option<Self> {
        let changes = points.windows(2).filter(|pair| pair[0].joules < pair[1].joules);
        let changes: Vec<SeenTick> = changes
            .map(|pair| SeenTick {
                number: 0,
                after: pair[0].at,
                until: pair[1].at,
                last: pair[0].joules,
                joules: pair[1].joules,
            })
            .collect();
        let sharp = |tick: &SeenTick| tick.until - tick.after <= SHARP * nominal;
        let mut gaps: Vec<f64> = changes
            .windows(2)
            .filter(|pair| pair.iter().all(sharp))
            .map(|pair| pair[1].middle() - pair[0].middle())
            .collect();
        gaps.sort_unstable_by(f64::total_cmp);
        let median = *gaps.get(gaps.len() / 2)?;
        gaps.retain(|gap| (gap / median - 1.0).abs() <= 0.3);
        let period = gaps.iter().sum::<f64>() / gaps.len() as f64;
        if !(0.15 * nominal..=3.0 * nominal).contains(&period) {
            return None;
        }

        // From the tick nearest to the opening in both directions, for as long as the count is beyond doubt.
        let seen: Vec<SeenTick> = changes.into_iter().filter(sharp).collect();
        let nearest = (0..seen.len()).min_by(|a, b| seen[*a].middle().abs().total_cmp(&seen[*b].middle().abs()))?;
        let follow = |ticks: &mut dyn Iterator<Item = &SeenTick>| {
            let mut chain = vec![seen[nearest]];
            for next in ticks {
                let last = chain[chain.len() - 1];
                let steps = (next.middle() - last.middle()) / period;
                let whole = steps.round();
                if (steps - whole).abs() > 0.3 || whole == 0.0 {
                    break;
                }
                chain.push(SeenTick { number: last.number + whole as i64, ..*next });
            }
            chain
        };
        let mut chain = follow(&mut seen[..nearest].iter().rev());
        chain.reverse();
        chain.extend(follow(&mut seen[nearest + 1..].iter()).into_iter().skip(1));
        let own = line(&chain)?;
        let (origin, period) = known.filter(|known| (known / own.1 - 1.0).abs() <= 0.3).map_or(own, |known| {
            let (number, time) = center(&chain);
            (time - known * number, known)
        });
        let scatter = scatter(&chain, origin, period);
        Some(Self { points, seen: chain, origin, period, scatter })
    }

    /// The mean power from this tick to the next, in watts.
    pub(crate) fn watts(&self, number: i64) -> Option<f64> {
        let joules = self.level(number + 1)? - self.level(number)?;
        Some(joules / (self.time(number + 1) - self.time(number)))
    }

    /// The time between two ticks, in seconds.
    pub(crate) fn period(&self) -> f64 {
        self.period
    }

    /// How many periods there are from the first to the last tick that was seen, and how long they took, in seconds.
    pub(crate) fn span(&self) -> Option<(f64, f64)> {
        let (first, last) = (self.seen.first()?, self.seen.last()?);
        Some(((last.number - first.number) as f64, last.middle() - first.middle()))
    }

    /// The standard deviation of the time of one tick, in seconds.
    pub(crate) fn scatter(&self) -> f64 {
        self.scatter
    }

    fn seen(&self, number: i64) -> Option<&SeenTick> {
        self.seen.binary_search_by_key(&number, |tick| tick.number).ok().map(|i| &self.seen[i])
    }

    /// By the line, and within the readings around it.
    pub(crate) fn time(&self, number: i64) -> f64 {
        let time = self.origin + self.period * number as f64;
        self.seen(number).map_or(time, |tick| time.clamp(tick.after, tick.until))
    }

    /// What the counter showed from this tick to the next.
    pub(crate) fn level(&self, number: i64) -> Option<f64> {
        if let Some(tick) = self.seen(number) {
            return Some(tick.joules);
        }
        // The next one may have been seen, and with it what the counter showed up to then.
        if let Some(next) = self.seen(number + 1)
            && next.after >= self.time(number) + MARGIN * self.period
        {
            return Some(next.last);
        }
        let (first, last) = (self.seen.first()?.number, self.seen.last()?.number);
        if number < first - FARTHEST || number > last + FARTHEST {
            return None;
        }
        let margin = MARGIN * self.period;
        let inside = self.time(number) + margin..=self.time(number + 1) - margin;
        self.points.iter().find(|point| inside.contains(&point.at)).map(|point| point.joules)
    }

    /// The number of the last tick until then.
    pub(crate) fn last_until(&self, time: f64) -> i64 {
        let near = ((time - self.origin) / self.period).floor() as i64;
        (near - 1..=near + 1).rfind(|number| self.time(*number) <= time).unwrap_or(near - 2)
    }

    /// The number of the first tick from then on.
    pub(crate) fn first_from(&self, time: f64) -> i64 {
        let near = ((time - self.origin) / self.period).ceil() as i64;
        (near - 1..=near + 1).find(|number| self.time(*number) >= time).unwrap_or(near + 2)
    }
}

/// The standard deviation of the time of a tick as the line tells it, in seconds: what ticks scatter beyond the spacing of the
/// readings that show them, and what the line through so many is good for.
fn scatter(ticks: &[SeenTick], origin: f64, period: f64) -> f64 {
    let count = ticks.len() as f64;
    let mean = |figure: &dyn Fn(&SeenTick) -> f64| ticks.iter().map(figure).sum::<f64>() / count;
    let spacing = mean(&|tick| (tick.until - tick.after).powi(2) / 12.0);
    let freedom = count / (count - 2.0).max(1.0);
    let about_line = freedom * mean(&|tick| (tick.middle() - origin - period * tick.number as f64).powi(2));
    ((about_line - spacing).max(0.0) + about_line.max(spacing) / count).sqrt()
}

/// The mean number and the mean time.
fn center(ticks: &[SeenTick]) -> (f64, f64) {
    let count = ticks.len() as f64;
    let number = ticks.iter().map(|t| t.number as f64).sum::<f64>() / count;
    (number, ticks.iter().map(SeenTick::middle).sum::<f64>() / count)
}

/// The time of number 0 and the period of the straight line through the ticks, by least squares.
fn line(ticks: &[SeenTick]) -> Option<(f64, f64)> {
    let (mean_number, mean_time) = center(ticks);
    let (mut both, mut square) = (0.0, 0.0);
    for tick in ticks {
        let off = tick.number as f64 - mean_number;
        both += off * (tick.middle() - mean_time);
        square += off * off;
    }
    let period = both / square;
    (period.is_finite() && period > 0.0).then_some((mean_time - period * mean_number, period))
}
