//! The figure of one source over one window, with what is known of its error.

use std::time::Duration;

use super::edges::{Level, Levels, Rested};
use super::ticks::OuterTicks;
use super::track::Edge;
use crate::energy::meters::meter::{EnergySource, Reading, Shares};
use crate::energy::units::{DomainEnergy, DomainKind, Joules, Method, Uncertainty};

/// Estimates of shorter windows say that they are rough.
const ROUGH: Duration = Duration::from_millis(100);

/// The standard deviation of what an estimate from CPU time is off in proportion: twice and half the truth are not unusual.
const ESTIMATE_GAIN: f64 = 0.5;

/// What is said of a shared device where the driver names processes that this system does not show.
const UNSEEN: &str = "processes compute on it that this system does not show, and count as others'; if they are its own, as in a \
                      container with process numbers of its own, they are missing: start it with the host's (`--pid=host`)";

/// What is known of a window by one source.
pub(crate) struct Evidence<'a> {
    pub(crate) source: &'a EnergySource,
    pub(crate) open: &'a Edge,
    pub(crate) close: &'a Edge,
    pub(crate) seconds: f64,
    /// By the ticks around both edges of a short window between rests, or why not; `None` if it is not of that kind.
    pub(crate) outer: Option<Result<OuterTicks, String>>,
    /// The edges between ticks, where those were seen.
    pub(crate) levels: (Levels, Levels),
    /// Why the counter is known to have stood still around either edge.
    pub(crate) hung: (Option<String>, Option<String>),
    /// What is known of the shares up to both edges.
    pub(crate) shares: (Shares, Shares),
    /// The standard deviation of the gain of hardware, as a part of the figure.
    pub(crate) gain: f64,
}

impl Evidence<'_> {
    /// The energy between the edges.
    pub(crate) fn figure(self) -> DomainEnergy {
        let (domain, method) = (self.source.domain.clone(), self.source.method);
        let missing = |note: String| DomainEnergy::new(domain.clone(), method, None, Some(note));
        let (open, close) = match (&self.open.level, &self.close.level) {
            (Err(reason), _) | (_, Err(reason)) => return missing(reason.clone()),
            (Ok(open), Ok(close)) => (open, close),
        };
        if let (Some(reason), _) | (_, Some(reason)) = &self.hung {
            return missing(reason.clone());
        }
        let gained = Joules(close.microjoules.saturating_sub(open.microjoules) as f64 * 1e-6);
        if open.segment != close.segment {
            return missing(format!("{}; at least {gained}", self.broken()));
        }
        let ticks = 2.0 * self.source.resolution.as_secs_f64();
        let short = self.seconds < ticks;
        if let Some(Ok(outer)) = &self.outer {
            let how = match short {
                true => format!(
                    "shorter than two ticks of the counter: by the counter's ticks around it, {:.3} s apart, less the \
                     padding at {:.0} W before and {:.0} W after",
                    outer.span, outer.before_watts, outer.after_watts
                ),
                false => "by the counter's ticks around it".to_owned(),
            };
            return self.known(Joules(outer.joules), outer.sd, Some(how));
        }
        if short {
            let needs = format!(
                "below the resolution: {:.1} ms of the {:.0} ms that a figure needs; what is metered must take longer",
                self.seconds * 1e3,
                ticks * 1e3
            );
            return missing(match self.outer {
                Some(Err(why)) => format!("{needs}, and {why}"),
                _ => needs,
            });
        }
        if gained == Joules(0.0) && method == Method::Counter {
            return missing("the counter did not move: it hangs".to_owned());
        }
        // Whatever runs takes some: the clocks have not moved yet, which is no proof that nothing was drawn.
        if gained == Joules(0.0) && method == Method::Estimate && domain.kind == DomainKind::Cpu {
            return missing(format!(
                "below the resolution: no CPU time at all was seen in {:.1} ms; what is metered must compute for longer",
                self.seconds * 1e3
            ));
        }
        let note = self.note();
        match self.between_ticks(open, close) {
            Some((joules, sd)) => self.known(joules, sd, note),
            None => {
                let watts = gained.0 / self.seconds;
                let between_readings = self.close.roughness - self.open.roughness;
                let sd = (watts * self.open.blur.hypot(self.close.blur)).hypot(between_readings.max(0.0).sqrt());
                self.known(gained, sd, note)
            }
        }
    }

    /// Why the figure does not go on through the window.
    fn broken(&self) -> String {
        match (&self.close.gap, self.source.method) {
            (Some(reason), _) => reason.to_string(),
            (None, Method::PowerIntegral | Method::Estimate) => {
                "its power was unread for too long within it".to_owned()
            }
            (None, Method::Attributed) => "our part of it could not be told for a while within it".to_owned(),
            (None, _) => "the counter started anew within it".to_owned(),
        }
    }

    /// The energy between edges of which one at least lies between ticks that were seen, and its standard deviation. The
    /// other was read up to a tick too early: half of one on average. So an edge is about the same for the windows on both
    /// of its sides, and windows add up.
    fn between_ticks(&self, open: &Reading, close: &Reading) -> Option<(Joules, f64)> {
        // How far behind a part of a device is differs from time to time: both edges, or none.
        let shared = self.source.method == Method::Attributed;
        let watts = (close.microjoules - open.microjoules) as f64 * 1e-6 / self.seconds;
        let (before, after) = &self.levels;
        let beside_rest = Rested::believed(before.after_rest, after.before_rest, watts);
        let levels = (beside_rest.0.or(before.inner), beside_rest.1.or(after.inner));
        match levels {
            (None, None) => return None,
            (None, _) | (_, None) if shared => return None,
            _ => {}
        }
        let lag = watts * self.source.resolution.as_secs_f64() / 2.0;
        let level = |level: Option<Level>, edge: &Edge, read: &Reading| {
            let plain =
                Level { joules: read.microjoules as f64 * 1e-6 + lag, sd: watts * edge.blur, segment: read.segment };
            level.filter(|level| level.segment == read.segment).unwrap_or(plain)
        };
        let (from, to) = (level(levels.0, self.open, open), level(levels.1, self.close, close));
        (to.joules > from.joules || (shared && to.joules == from.joules))
            .then(|| (Joules(to.joules - from.joules), from.sd.hypot(to.sd)))
    }

    fn known(&self, joules: Joules, edge: f64, note: Option<String>) -> DomainEnergy {
        let gain = match self.source.method {
            Method::Estimate => ESTIMATE_GAIN,
            _ => self.gain,
        };
        let (edge, gain) = (Joules(edge), Joules(gain * joules.0));
        let (from, to) = &self.shares;
        let edge = Joules(edge.0.hypot((to.bridged - from.bridged).max(0.0).sqrt()));
        let note = joined(joined(self.source.holds_more().map(str::to_owned), note), self.clock_note());
        // What ended unseen is no share of anything.
        let (edge, to) = match self.source.method {
            Method::Estimate => (Joules(edge.0.hypot(to.sd - from.sd)), from),
            _ => (edge, to),
        };
        let attribution = Joules((to.sd - from.sd).max(0.0).hypot((to.variance - from.variance).max(0.0).sqrt()));
        let uncertainty = Uncertainty { edge, gain, attribution, ..Uncertainty::default() };
        let (domain, method) = (self.source.domain.clone(), self.source.method);
        DomainEnergy { uncertainty: Some(uncertainty), ..DomainEnergy::new(domain, method, Some(joules), note) }
    }

    /// What is said where dates did not say how much time passed.
    fn clock_note(&self) -> Option<String> {
        let (from, to) = &self.shares;
        (to.clock_set > from.clock_set).then(|| {
            let by = to.clock_set_by - from.clock_set_by;
            match by.abs() < 0.05 {
                true => "the dates of some power samples were irregular, and the monotonic clock was gone by".to_owned(),
                false => format!(
                    "the wall clock, which dates the power samples, was set by about {by:+.1} s meanwhile; the monotonic clock \
                     was gone by"
                ),
            }
        })
    }

    fn note(&self) -> Option<String> {
        let failed = self.close.failures.saturating_sub(self.open.failures);
        let estimate = self.source.method == Method::Estimate && self.source.domain.kind == DomainKind::Cpu;
        let (before, after) = (self.shares.0.unwaited, self.shares.1.unwaited);
        if after.ends > before.ends {
            Some(format!(
                "at least: {after} and waits for none of its children, and the kernel then tells nobody what they used up: {} were \
                 counted only up to when they were last seen, shorter ones not at all",
                after.ends - before.ends
            ))
        } else if estimate && self.seconds < ROUGH.as_secs_f64() {
            Some("short: the kernel tells CPU time to a tick of its scheduler, 1 to 10 ms".to_owned())
        } else if self.shares.1.unseen > self.shares.0.unseen {
            Some(UNSEEN.to_owned())
        } else if failed > 0 {
            Some(format!("{failed} readings in between failed; the cumulative figure covers them"))
        } else {
            None
        }
    }
}

fn joined(one: Option<String>, other: Option<String>) -> Option<String> {
    match (one, other) {
        (Some(one), Some(other)) => Some(format!("{one}; {other}")),
        (one, other) => one.or(other),
    }
}
