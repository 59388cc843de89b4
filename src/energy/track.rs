//! What a session keeps of one source: its readings of late, and the energy at any moment among them.

use std::collections::VecDeque;
use std::time::Duration;

use super::clock::Moment;
use super::error::EnergyError;
use super::meter::{Reading, Source};
use super::ticks::{Outer, REACH, energy_by_outer_ticks};
use super::units::{DomainEnergy, DomainKind, Joules, Method};

/// How far in the past an edge may lie.
pub(crate) const KEPT: Duration = Duration::from_secs(300);

/// Bounds the memory of a session whose edges come thick and fast.
const MOST_READINGS: usize = 8192;

/// A counter that ticks no faster than this is watched closely around edges.
const SLOW: Duration = Duration::from_millis(20);

/// Estimates of shorter windows say that they are rough.
const ROUGH: Duration = Duration::from_millis(100);

/// Windows of fewer ticks are told by their outer ticks if they can be: between readings half a second apart, an edge is
/// known no better than to a tick.
const FEW: u32 = 10;

/// A source with its recent readings.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) source: Source,
    history: VecDeque<Reading>,
    failures: u64,
    failed: VecDeque<Moment>,
    last_error: Option<EnergyError>,
}

/// Whether the figure of a source stands still for long, and then jumps.
pub(crate) fn ticks_slowly(source: &Source) -> bool {
    source.method == Method::Counter && source.resolution >= SLOW
}

/// The state of one source at the edge of a window.
#[derive(Debug, Clone)]
pub(crate) struct Edge {
    /// The energy at that moment, or why it is not known.
    level: Result<Reading, String>,
    /// How many readings had failed by then.
    failures: u64,
}

impl Track {
    pub(crate) fn new(source: Source) -> Self {
        Self { source, history: VecDeque::new(), failures: 0, failed: VecDeque::new(), last_error: None }
    }

    /// Why the last reading failed, if it did.
    pub(crate) fn last_error(&self) -> Option<&EnergyError> {
        self.last_error.as_ref()
    }

    /// What a reading brought that ended at `now`.
    pub(crate) fn record(&mut self, reading: Result<Reading, EnergyError>, now: Moment) {
        match reading.and_then(|reading| self.checked(reading)) {
            Ok(reading) => {
                let oldest = reading.at.before(KEPT);
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
                self.last_error = Some(error);
            }
        }
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
        Edge { level: self.level(moment), failures: self.failures }
    }

    fn level(&self, moment: Moment) -> Result<Reading, String> {
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
                _ => Ok(Reading { at: moment, ..before }),
            };
        };
        if before.at == moment {
            return Ok(before);
        }
        if before.segment != after.segment {
            return Err("an edge lies where the counter started anew".to_owned());
        }
        let share = moment.since(before.at).as_secs_f64() / after.at.since(before.at).as_secs_f64();
        let gained = (after.microjoules - before.microjoules) as f64 * share;
        Ok(Reading { at: moment, microjoules: before.microjoules + gained.round() as u64, segment: before.segment })
    }
}

impl Track {
    /// When the last good reading was.
    pub(crate) fn last_read(&self) -> Option<Moment> {
        self.history.back().map(|reading| reading.at)
    }

    /// Whether two ticks were seen that surely lie after `moment`, or will not be.
    pub(crate) fn is_settled(&self, moment: Moment) -> bool {
        let late = |at: Moment| at.since(moment) > self.source.resolution.mul_f64(2.5);
        if self.last_error.as_ref().is_some_and(EnergyError::is_device_lost) || self.last_read().is_some_and(late) {
            return true;
        }
        let later = self.history.range(self.history.partition_point(|reading| reading.at < moment)..);
        later.clone().zip(later.skip(1)).filter(|(a, b)| a.microjoules != b.microjoules).count() >= 2
    }

    /// The energy of a window of few ticks by the ticks outside of it, or why that is not known. `None` if the window is
    /// not of that kind.
    pub(crate) fn by_outer_ticks(&self, open: Moment, close: Moment) -> Option<Result<Outer, String>> {
        if !ticks_slowly(&self.source) || close.since(open) >= self.source.resolution * FEW {
            return None;
        }
        let (from, to) = (open.before(REACH), close.after(REACH));
        let first = self.history.partition_point(|reading| reading.at < from);
        let end = self.history.partition_point(|reading| reading.at <= to);
        let readings: Vec<Reading> = self.history.range(first..end).copied().collect();
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

/// The energy of `source` between two edges, `seconds` apart; by its outer ticks where those are known.
pub(crate) fn energy_between(
    source: &Source,
    open: &Edge,
    close: &Edge,
    seconds: f64,
    outer: Option<Result<Outer, String>>,
) -> DomainEnergy {
    let failed = close.failures.saturating_sub(open.failures);
    let (joules, note) = match (&open.level, &close.level) {
        (Err(reason), _) | (_, Err(reason)) => (None, Some(reason.clone())),
        (Ok(open), Ok(close)) => {
            let gained = close.microjoules.saturating_sub(open.microjoules);
            let joules = Joules(gained as f64 * 1e-6);
            let ticks = 2.0 * source.resolution.as_secs_f64();
            if open.segment != close.segment {
                (None, Some(format!("the counter started anew or was unread for too long; at least {joules}")))
            } else if let Some(Ok(outer)) = &outer {
                let how = format!(
                    "by the counter's ticks around it, {:.3} s apart, less the padding at {:.0} W before and {:.0} W after",
                    outer.span, outer.before_watts, outer.after_watts
                );
                match seconds < ticks {
                    true => (Some(Joules(outer.joules)), Some(format!("shorter than two ticks of the counter: {how}"))),
                    false => (Some(Joules(outer.joules)), Some("by the counter's ticks around it".to_owned())),
                }
            } else if seconds < ticks {
                let needs = format!(
                    "below the resolution: {:.1} ms of the {:.0} ms that a figure needs; what is metered must take longer",
                    seconds * 1e3,
                    ticks * 1e3
                );
                (None, Some(outer.and_then(Result::err).map_or(needs.clone(), |why| format!("{needs}, and {why}"))))
            } else if gained == 0 && source.method == Method::Counter {
                match source.domain.kind {
                    DomainKind::Dram => (Some(joules), Some("the counter did not move".to_owned())),
                    DomainKind::Cpu | DomainKind::Gpu => (None, Some("the counter did not move: it hangs".to_owned())),
                }
            } else if gained == 0 && source.method == Method::Estimate {
                (Some(joules), Some("no CPU time at all".to_owned()))
            } else if source.method == Method::Estimate && seconds < ROUGH.as_secs_f64() {
                (
                    Some(joules),
                    Some("short: the kernel tells CPU time to a tick of its scheduler, 1 to 10 ms".to_owned()),
                )
            } else if failed > 0 {
                (Some(joules), Some(format!("{failed} readings in between failed; the cumulative figure covers them")))
            } else {
                (Some(joules), None)
            }
        }
    };
    DomainEnergy::new(source.domain.clone(), source.method, joules, note)
}
