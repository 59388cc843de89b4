//! What a session keeps of one source: its readings of late, and the energy at any moment among them.

use std::collections::VecDeque;
use std::time::Duration;

use super::clock::Moment;
use super::error::EnergyError;
use super::meter::{Reading, Source};
use super::units::{DomainEnergy, DomainKind, Joules, Method};

/// How far in the past an edge may lie.
pub(crate) const KEPT: Duration = Duration::from_secs(300);

/// Bounds the memory of a session whose edges come thick and fast.
const MOST_READINGS: usize = 8192;

/// A source with its recent readings.
#[derive(Debug)]
pub(crate) struct Track {
    pub(crate) source: Source,
    history: VecDeque<Reading>,
    failures: u64,
    last_error: Option<EnergyError>,
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
        Self { source, history: VecDeque::new(), failures: 0, last_error: None }
    }

    /// Why the last reading failed, if it did.
    pub(crate) fn last_error(&self) -> Option<&EnergyError> {
        self.last_error.as_ref()
    }

    pub(crate) fn record(&mut self, reading: Result<Reading, EnergyError>) {
        match reading.and_then(|reading| self.checked(reading)) {
            Ok(reading) => {
                let oldest = reading.at.before(KEPT);
                self.history.push_back(reading);
                // The last reading before the kept span stays, to interpolate from.
                while self.history.len() > MOST_READINGS || self.history.get(1).is_some_and(|r| r.at < oldest) {
                    self.history.pop_front();
                }
                self.last_error = None;
            }
            Err(error) => {
                self.failures += 1;
                self.last_error = Some(error);
            }
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

/// The energy of `source` between two edges, `seconds` apart.
pub(crate) fn energy_between(source: &Source, open: &Edge, close: &Edge, seconds: f64) -> DomainEnergy {
    let failed = close.failures.saturating_sub(open.failures);
    let (joules, note) = match (&open.level, &close.level) {
        (Err(reason), _) | (_, Err(reason)) => (None, Some(reason.clone())),
        (Ok(open), Ok(close)) => {
            let gained = close.microjoules.saturating_sub(open.microjoules);
            let joules = Joules(gained as f64 * 1e-6);
            let ticks = 2.0 * source.resolution.as_secs_f64();
            if open.segment != close.segment {
                (None, Some(format!("the counter started anew or was unread for too long; at least {joules}")))
            } else if seconds < ticks {
                (None, Some(format!("below the resolution: {seconds:.3} s of the {ticks:.3} s that a figure needs")))
            } else if gained == 0 && source.method == Method::Counter {
                match source.domain.kind {
                    DomainKind::Dram => (Some(joules), Some("the counter did not move".to_owned())),
                    DomainKind::Cpu | DomainKind::Gpu => (None, Some("the counter did not move: it hangs".to_owned())),
                }
            } else if gained == 0 && source.method == Method::Estimate {
                (Some(joules), Some("no CPU time at all".to_owned()))
            } else if failed > 0 {
                (Some(joules), Some(format!("{failed} readings in between failed; the cumulative figure covers them")))
            } else {
                (Some(joules), None)
            }
        }
    };
    DomainEnergy { domain: source.domain.clone(), method: source.method, joules, note }
}
