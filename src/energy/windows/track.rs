//! What a session keeps of one source: its readings of late, and the energy at any moment among them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::edges::{Level, Levels, NEAR, Periods};
use super::ticks::{OuterTicks, REACH, energy_by_outer_ticks};
use crate::energy::error::EnergyError;
use crate::energy::meters::meter::{EnergySource, Reading, Shares};
use crate::energy::system::clock::Moment;
use crate::energy::units::Method;

/// How far in the past an edge may lie.
pub(crate) const KEPT: Duration = Duration::from_secs(300);

/// Bounds the memory of a session whose edges come thick and fast.
const MOST_READINGS: usize = 8192;

/// A counter that ticks no faster than this is watched closely around edges.
const SLOW: Duration = Duration::from_millis(20);

/// Windows of fewer ticks are told by the ticks around both edges together, if they lie between rests.
const FEW: u32 = 10;

/// A counter of hardware that always draws something hangs if it stood still for so many ticks.
const STILL: f64 = 3.5;

/// Nor does a counter that changes every millisecond stand still for this long.
const STILL_AT_LEAST: Duration = Duration::from_millis(250);

/// Stretches of less, in seconds, are not compared for their power.
const STRETCH: f64 = 0.3;

/// Whose a device's energy was up to an edge is known by then, or never.
const LATEST_PART: Duration = Duration::from_secs(6);

/// Of a row of failures the first ones are told.
const MOST_REASONS: usize = 3;

/// What power may do between two readings, as a part of it.
const UNREST: f64 = 0.5;

/// A source with its recent readings.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) source: EnergySource,
    history: VecDeque<Reading>,
    failures: u64,
    failed: VecDeque<Moment>,
    last_error: Option<EnergyError>,
    /// What failed since the last good reading.
    failing: Vec<String>,
    /// Why segments began, where that is known.
    gaps: VecDeque<(u64, Arc<str>)>,
    /// Of integrated power: a reading some time ago, and the mean power of the stretch before it, in watts.
    anchor: Option<Reading>,
    watts: Option<f64>,
    periods: Periods,
    /// Of integrated power: the variance of what it may have done between readings so far, in square joules.
    roughness: f64,
    shares: Shares,
}

/// Whether the figure of a source stands still for long, and then jumps.
pub(crate) fn ticks_slowly(source: &EnergySource) -> bool {
    source.method == Method::Counter && source.resolution >= SLOW
}

/// Whether an edge is known better once readings after it are there.
pub(crate) fn settles_late(source: &EnergySource) -> bool {
    ticks_slowly(source) || source.method == Method::Attributed
}

/// The state of one source at the edge of a window.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    /// The energy at that moment, or why it is not known.
    pub(crate) level: Result<Reading, String>,
    /// How many readings had failed by then.
    pub(crate) failures: u64,
    /// Why its segment began, if that is known.
    pub(crate) gap: Option<Arc<str>>,
    /// The standard deviation of the time that `level` belongs to, in seconds.
    pub(crate) blur: f64,
    /// The variance of the figures up to then for what power did between readings, in square joules.
    pub(crate) roughness: f64,
    /// What was known of shares by then.
    pub(crate) shares: Shares,
}

fn hangs(still: Duration, when: &str) -> String {
    format!("the counter stood still for {:.1} s {when}: it hangs", still.as_secs_f64())
}

/// Whether two reasons are the same but for times in seconds, as of what hangs for longer and longer.
fn are_alike(one: &str, other: &str) -> bool {
    let timeless = |text: &str| -> String {
        let mut words: Vec<&str> = text.split(' ').collect();
        let is_seconds = |word: &str| matches!(word.trim_end_matches([':', ',', ';', '.', ')']), "s");
        for index in 1..words.len() {
            if is_seconds(words[index]) && words[index - 1].parse::<f64>().is_ok() {
                words[index - 1] = "?";
            }
        }
        words.join(" ")
    };
    one == other || timeless(one) == timeless(other)
}

impl Track {
    pub(crate) fn new(source: EnergySource) -> Self {
        Self {
            source,
            history: VecDeque::new(),
            failures: 0,
            failed: VecDeque::new(),
            last_error: None,
            failing: Vec::new(),
            gaps: VecDeque::new(),
            anchor: None,
            periods: Periods::default(),
            watts: None,
            roughness: 0.0,
            shares: Shares::default(),
        }
    }

    /// Why the last reading failed, if it did.
    pub(crate) fn last_error(&self) -> Option<&EnergyError> {
        self.last_error.as_ref()
    }

    /// What is known of shares by now.
    pub(crate) fn shared(&mut self, shares: Shares) {
        self.shares = shares;
    }

    /// What a reading brought that ended at `now`.
    pub(crate) fn record(&mut self, reading: Result<Reading, EnergyError>, now: Moment) {
        match reading.and_then(|reading| self.checked(reading)) {
            Ok(reading) => {
                let oldest = reading.at.before(KEPT);
                self.roughen(&reading);
                self.explain(&reading);
                self.push(reading);
                // The last reading before the kept span stays, to interpolate from.
                while self.history.len() > MOST_READINGS || self.history.get(1).is_some_and(|r| r.at < oldest) {
                    self.history.pop_front();
                }
                self.last_error = None;
            }
            Err(error) => {
                self.failures += 1;
                self.failed.push_back(now);
                while self.failed.len() > MOST_READINGS || self.failed.front().is_some_and(|at| *at < now.before(KEPT))
                {
                    self.failed.pop_front();
                }
                let reason = error.reason();
                let told = self.failing.len();
                match self.failing.last_mut() {
                    Some(last) if are_alike(last, &reason) => *last = reason,
                    _ if told < MOST_REASONS => self.failing.push(reason),
                    _ => {}
                }
                self.last_error = Some(error);
            }
        }
    }

    /// Keeps what failed before a reading as the reason why its segment is a new one.
    fn explain(&mut self, reading: &Reading) {
        let failed = std::mem::take(&mut self.failing).join("; then ");
        let begins = self.history.back().is_some_and(|last| last.segment != reading.segment);
        if begins && !failed.is_empty() {
            self.gaps.push_back((reading.segment, failed.into()));
        }
        while self.gaps.len() > MOST_READINGS {
            self.gaps.pop_front();
        }
    }

    /// Why the segment of a reading began, if that is known.
    fn gap(&self, segment: u64) -> Option<Arc<str>> {
        let (_, reason) = self.gaps.iter().rev().find(|(begun, _)| *begun == segment)?;
        Some(Arc::clone(reason))
    }

    /// Power that differs from reading to reading differed in between, and nobody saw when: a step at any time within `h`
    /// seconds, all alike likely, moves the integral by the step times `h / sqrt(12)`, root mean square.
    fn roughen(&mut self, reading: &Reading) {
        if self.source.method != Method::PowerIntegral {
            return;
        }
        let Some(last) = self.anchor.filter(|last| last.segment == reading.segment) else {
            (self.anchor, self.watts) = (Some(*reading), None);
            return;
        };
        // The figure moves in steps; over less than several of them it tells no power.
        let seconds = reading.at.since(last.at).as_secs_f64();
        if seconds < STRETCH {
            return;
        }
        self.anchor = Some(*reading);
        let watts = (reading.microjoules - last.microjoules) as f64 * 1e-6 / seconds;
        if let Some(before) = self.watts {
            // Of what is read finer than it is asked for, each part may have its own step.
            let step = seconds.min(self.source.resolution.as_secs_f64());
            self.roughness += ((watts - before) * step).powi(2) / 12.0 * (seconds / step).max(1.0);
        }
        self.watts = Some(watts);
    }

    /// Of a figure that stands still the first and the last reading are enough.
    fn push(&mut self, reading: Reading) {
        let same = |r: &Reading| (r.microjoules, r.segment) == (reading.microjoules, reading.segment);
        let still = self.history.len() > 1 && self.history.range(self.history.len() - 2..).all(same);
        match self.history.back_mut() {
            Some(last) if still => *last = reading,
            _ => self.history.push_back(reading),
        }
    }

    /// Meters of others may break the contract; energy that falls must not get past here.
    fn checked(&self, reading: Reading) -> Result<Reading, EnergyError> {
        let Some(last) = self.history.back() else { return Ok(reading) };
        let falls = reading.at < last.at
            || reading.segment < last.segment
            || (reading.segment == last.segment && reading.microjoules < last.microjoules);
        match falls {
            false => Ok(reading),
            true => Err(EnergyError::Read {
                domain: self.source.domain.clone(),
                reason: "the meter went backwards".to_owned(),
            }),
        }
    }

    /// The energy at `moment`, interpolated between the readings around it.
    pub(crate) fn edge(&self, moment: Moment) -> Edge {
        let (level, gap) = match self.level(moment).and_then(|known| self.moving(moment).map(|()| known)) {
            Ok((level, gap)) => (Ok(level), gap),
            Err(reason) => (Err(reason), 0.0),
        };
        let mut tick = self.source.resolution.as_secs_f64() / 12_f64.sqrt();
        if self.source.method == Method::Attributed {
            // The figure may stand still for longer than it mostly does.
            tick = tick.max(self.last_read().map_or(0.0, |at| moment.since(at).as_secs_f64()) / 3_f64.sqrt());
        }
        let blur = tick.hypot(UNREST * gap / 3_f64.sqrt());
        let gap = level.as_ref().ok().and_then(|level| self.gap(level.segment));
        Edge { level, failures: self.failures, gap, blur, roughness: self.roughness, shares: self.shares }
    }

    /// Refuses a counter that hangs at `moment`: what it will have missed, if it ever goes on, nobody can tell by then.
    fn moving(&self, moment: Moment) -> Result<(), String> {
        if self.source.method != Method::Counter {
            return Ok(());
        }
        let until = self.history.partition_point(|reading| reading.at <= moment);
        let mut earlier = self.history.range(..until).rev();
        let Some(last) = earlier.next() else { return Ok(()) };
        let same = |reading: &&Reading| (reading.microjoules, reading.segment) == (last.microjoules, last.segment);
        let since = earlier.take_while(same).last().map_or(last.at, |reading| reading.at);
        // Between two readings it moved, if they differ; of a figure that stands still only the first and the last are kept.
        let still = match self.history.get(until) {
            Some(next) if !same(&next) => return Ok(()),
            Some(_) => moment.since(since),
            None => last.at.since(since),
        };
        match still >= self.still_for() {
            true => Err(hangs(still, "up to an edge")),
            false => Ok(()),
        }
    }

    /// For how long a counter of hardware that always draws something may stand still.
    fn still_for(&self) -> Duration {
        self.source.resolution.mul_f64(STILL).max(STILL_AT_LEAST)
    }

    /// Whether a counter that changes all the time was seen to stand still around `moment`, by all that was read since: what
    /// it missed by then nobody knows.
    pub(crate) fn hung(&self, moment: Moment) -> Option<String> {
        if self.source.method != Method::Counter || ticks_slowly(&self.source) {
            return None;
        }
        let edge = self.reading_of(moment)?;
        let shown = self.history.get(edge)?;
        let same = |reading: &&Reading| (reading.microjoules, reading.segment) == (shown.microjoules, shown.segment);
        let since = self.history.range(..=edge).rev().take_while(same).last()?.at;
        let last = self.history.range(edge..).take_while(same).last()?.at;
        (last.since(since) >= self.still_for()).then(|| hangs(last.since(since), "around an edge"))
    }

    /// Whether a counter that changes all the time is known to have moved, or to hang, after `moment`; or cannot be read.
    pub(crate) fn is_confirmed(&self, moment: Moment) -> bool {
        if self.source.method != Method::Counter || ticks_slowly(&self.source) {
            return true;
        }
        let Some(edge) = self.reading_of(moment) else { return true };
        let shown = self.history[edge];
        let moved = |r: &Reading| (r.microjoules, r.segment) != (shown.microjoules, shown.segment);
        self.last_error.is_some() || self.history.range(edge..).any(moved) || self.hung(moment).is_some()
    }

    /// The place of the reading that was made for an edge, right after it; of the last one, where there is none.
    fn reading_of(&self, moment: Moment) -> Option<usize> {
        let after = self.history.partition_point(|reading| reading.at < moment);
        Some(after.min(self.history.len().checked_sub(1)?))
    }

    /// And the seconds `h s (1 - s)` for a moment at the share `s` between readings `h` apart.
    fn level(&self, moment: Moment) -> Result<(Reading, f64), String> {
        let next = self.history.partition_point(|reading| reading.at <= moment);
        let last_error = || self.last_error.as_ref().map(ToString::to_string);
        let Some(before) = next.checked_sub(1).map(|i| self.history[i]) else {
            return Err(match self.history.is_empty() {
                true => last_error().unwrap_or_else(|| "it was not read yet".to_owned()),
                false => format!("an edge lies before metering began or more than {} s ago", KEPT.as_secs()),
            });
        };
        let Some(after) = self.history.get(next) else {
            return match last_error() {
                Some(error) if before.at < moment => Err(error),
                _ => Ok((Reading { at: moment, ..before }, 0.0)),
            };
        };
        if before.at == moment {
            return Ok((before, 0.0));
        }
        if before.segment != after.segment {
            let why = self.gap(after.segment);
            return Err(why.map_or_else(
                || "an edge lies where the counter started anew".to_owned(),
                |why| format!("at an edge, {why}"),
            ));
        }
        let gap = after.at.since(before.at).as_secs_f64();
        let share = moment.since(before.at).as_secs_f64() / gap;
        let gained = (after.microjoules - before.microjoules) as f64 * share;
        let microjoules = before.microjoules + gained.round() as u64;
        Ok((Reading { at: moment, microjoules, segment: before.segment }, gap * share * (1.0 - share)))
    }
}

impl Track {
    /// When the last good reading was.
    pub(crate) fn last_read(&self) -> Option<Moment> {
        self.history.back().map(|reading| reading.at)
    }

    /// When the last good reading before a moment was.
    pub(crate) fn last_read_before(&self, moment: Moment) -> Option<Moment> {
        let end = self.history.partition_point(|reading| reading.at <= moment);
        self.history.range(..end).next_back().map(|reading| reading.at)
    }

    /// Whether two ticks were seen that surely lie after `moment`, or will not be.
    pub(crate) fn is_settled(&self, moment: Moment) -> bool {
        let late = |at: Moment| at.since(moment) > self.source.resolution.mul_f64(2.5);
        if self.last_error.as_ref().is_some_and(EnergyError::is_device_lost) || self.last_read().is_some_and(late) {
            return true;
        }
        if self.source.method == Method::Attributed {
            return self.last_read().is_some_and(|at| at >= moment);
        }
        let later = self.history.range(self.history.partition_point(|reading| reading.at < moment)..);
        later.clone().zip(later.skip(1)).filter(|(a, b)| a.microjoules != b.microjoules).count() >= 2
    }

    /// The energy at a moment between ticks, once those around it were seen or will not be; `None` until then.
    pub(crate) fn settled_levels(&mut self, moment: Moment, now: Moment) -> Option<Levels> {
        let shared = self.source.method == Method::Attributed;
        let latest = if shared { LATEST_PART } else { NEAR };
        (self.is_settled(moment) || now.since(moment) > latest).then(|| {
            if shared {
                let inner = if self.is_settled(moment) { self.level_within(moment) } else { None };
                return Levels { inner, shares: Some(self.shares), ..Levels::default() };
            }
            let readings = self.readings(moment.before(NEAR), moment.after(NEAR));
            Levels::at(moment, &readings, self.source.resolution, &mut self.periods)
        })
    }

    /// The energy at a moment between readings that were both made by now. Work may begin or end at any time between them: the
    /// power there may be all on one side of the moment.
    fn level_within(&self, moment: Moment) -> Option<Level> {
        let (level, gap) = self.level(moment).ok()?;
        let next = self.history.partition_point(|reading| reading.at < moment);
        let (before, after) = (self.history.get(next.checked_sub(1)?), self.history.get(next));
        let watts =
            before.zip(after).filter(|(before, after)| before.segment == after.segment).map(|(before, after)| {
                (after.microjoules - before.microjoules) as f64 * 1e-6 / after.at.since(before.at).as_secs_f64()
            });
        Some(Level { joules: level.microjoules as f64 * 1e-6, sd: watts.unwrap_or(0.0) * gap, segment: level.segment })
    }

    fn readings(&self, from: Moment, to: Moment) -> Vec<Reading> {
        let first = self.history.partition_point(|reading| reading.at < from);
        let end = self.history.partition_point(|reading| reading.at <= to);
        self.history.range(first..end).copied().collect()
    }

    /// The energy of a window of few ticks by the ticks outside of it, or why that is not known. `None` if the window is
    /// not of that kind.
    pub(crate) fn by_outer_ticks(&self, open: Moment, close: Moment) -> Option<Result<OuterTicks, String>> {
        if !ticks_slowly(&self.source) || close.since(open) >= self.source.resolution * FEW {
            return None;
        }
        let readings = self.readings(open.before(REACH), close.after(REACH));
        let outer = energy_by_outer_ticks(&readings, self.source.resolution, open, close);
        Some(outer.and_then(|outer| {
            let within = |at: &&Moment| (outer.used.0..=outer.used.1).contains(*at);
            match self.failed.iter().filter(within).count() {
                0 => Ok(outer),
                failed => Err(format!("{failed} readings failed in it or just beside it")),
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::units::{DomainKind, PowerDomain};

    #[test]
    fn of_a_meter_that_hangs_for_longer_and_longer_the_last_is_told() {
        let domain = PowerDomain { kind: DomainKind::Gpu, id: "GPU-1".to_owned() };
        let (method, resolution) = (Method::Counter, Duration::from_millis(1));
        let mut track =
            Track::new(EnergySource { domain: domain.clone(), method, sampling: String::new(), resolution });
        let begun = Moment::now();
        let at = |seconds: f64| begun.after(Duration::from_secs_f64(seconds));
        track.record(Ok(Reading { at: at(0.0), microjoules: 0, segment: 0 }), at(0.0));
        for (seconds, reason) in [
            (1.0, "busy"),
            (2.0, "it has not answered for 2.0 s: it hangs"),
            (2.5, "it has not answered for 2.5 s: it hangs"),
            (12.0, "it has not answered for 12.0 s: it hangs"),
            (13.0, "code 3"),
            (14.0, "code 4"),
        ] {
            let failed = EnergyError::Read { domain: domain.clone(), reason: reason.to_owned() };
            track.record(Err(failed), at(seconds));
        }
        track.record(Ok(Reading { at: at(20.0), microjoules: 1, segment: 1 }), at(20.0));
        let reason = track.edge(at(10.0)).level.unwrap_err();
        assert_eq!(reason, "at an edge, busy; then it has not answered for 12.0 s: it hangs; then code 3");
    }
}
