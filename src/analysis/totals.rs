//! What a whole search took: counts, energy and time.

use super::Provenance;
use crate::energy::units::{Joules, WindowEnergy};
use crate::optimizer::history::FailureKind;
use crate::record::{StudyRecord, TrialRecord, TrialState};

/// Energy of several attempts taken together.
#[derive(Debug, Clone, PartialEq)]
pub struct Spent {
    /// The sum over the attempts whose energy is known.
    pub joules: Joules,
    /// The weakest method and all the hardware among them.
    pub provenance: Provenance,
    /// Attempts that ended without a known energy, so the sum is a lower bound if this is above zero.
    pub unknown: usize,
}

impl Spent {
    /// The sum over windows; `None` if no window's energy is known.
    #[must_use]
    pub fn over<'a>(windows: impl IntoIterator<Item = &'a WindowEnergy>) -> Option<Self> {
        let mut sum: Option<Self> = None;
        let mut unknown = 0;
        for window in windows {
            let Some((joules, provenance)) = window.total().zip(Provenance::of_window(window)) else {
                unknown += 1;
                continue;
            };
            sum = Some(match sum {
                None => Self { joules, provenance, unknown: 0 },
                Some(s) => Self { joules: s.joules + joules, provenance: s.provenance.join(provenance), unknown: 0 },
            });
        }
        sum.map(|s| Self { unknown, ..s })
    }

    /// Of all attempts at one trial; `None` if no attempt's energy is known.
    #[must_use]
    pub fn of(trial: &TrialRecord) -> Option<Self> {
        Self::of_trials([trial])
    }

    /// Of all attempts at some trials; `None` if no attempt's energy is known.
    #[must_use]
    pub fn of_trials<'a>(trials: impl IntoIterator<Item = &'a TrialRecord>) -> Option<Self> {
        let trials: Vec<_> = trials.into_iter().collect();
        let lost: usize = trials.iter().map(|t| lost(t)).sum();
        Self::over(trials.iter().flat_map(|t| &t.spent)).map(|s| Self { unknown: s.unknown + lost, ..s })
    }

    /// Whether the sum lacks an attempt, so that it is a lower bound.
    #[must_use]
    pub fn is_lower_bound(&self) -> bool {
        self.unknown > 0
    }
}

/// Attempts that ended and left no window at all.
fn lost(trial: &TrialRecord) -> usize {
    let running = usize::from(trial.state == TrialState::Running);
    (trial.attempts as usize).saturating_sub(trial.spent.len() + running)
}

/// Such as `1.23 kWh (gpu+cpu, counter)`; a lower bound says `at least`.
impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bound = if self.is_lower_bound() { "at least " } else { "" };
        write!(f, "{bound}{} ({})", self.joules, self.provenance)
    }
}

/// Counts, energy and time of a study.
#[derive(Debug, Clone, PartialEq)]
pub struct Totals {
    /// Trials with a result.
    pub finished: usize,
    /// How many of these break a constraint.
    pub infeasible: usize,
    /// Trials that failed for good, by kind, the most frequent first.
    pub failed: Vec<(FailureKind, usize)>,
    /// Trials that run or wait for another attempt.
    pub open: usize,
    /// Energy of everything that was tried, failed attempts included; `None` if nothing is known.
    pub spent: Option<Spent>,
    /// Seconds of all attempts whose end is known.
    pub trial_seconds: f64,
    /// Seconds that the optimizer took for its proposals.
    pub propose_seconds: f64,
}

impl Totals {
    /// Of a record.
    #[must_use]
    pub fn of(record: &StudyRecord) -> Self {
        let mut failed: Vec<(FailureKind, usize)> = Vec::new();
        let (mut finished, mut open) = (0, 0);
        for trial in record.trials() {
            match &trial.state {
                TrialState::Finished(_) => finished += 1,
                TrialState::Running | TrialState::Waiting(_) => open += 1,
                TrialState::Failed(failure) => match failed.iter_mut().find(|(kind, _)| *kind == failure.kind) {
                    Some((_, count)) => *count += 1,
                    None => failed.push((failure.kind, 1)),
                },
            }
        }
        failed.sort_by_key(|(kind, count)| (std::cmp::Reverse(*count), kind.label()));
        let breaks = |t: &&TrialRecord| t.result().is_some() && !record.is_feasible(t);
        Self {
            finished,
            infeasible: record.trials().iter().filter(breaks).count(),
            failed,
            open,
            spent: Spent::of_trials(record.trials()),
            // An empty sum of floats is -0.
            trial_seconds: record.trial_seconds() + 0.0,
            propose_seconds: record.propose_seconds() + 0.0,
        }
    }

    /// How many trials failed for good.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.failed.iter().map(|(_, count)| count).sum()
    }

    /// The optimizer's share of the time, in \[0, 1\]: its seconds over its own and the trials'. `None` before any time
    /// is known.
    #[must_use]
    pub fn optimizer_share(&self) -> Option<f64> {
        let whole = self.propose_seconds + self.trial_seconds;
        (whole > 0.0).then(|| self.propose_seconds / whole)
    }

    /// Such as `40 trials: 37 finished (5 break a constraint), 3 failed (2 diverged, 1 timeout)`.
    #[must_use]
    pub fn counts(&self) -> String {
        let trials = self.finished + self.failures() + self.open;
        let plural = if trials == 1 { "" } else { "s" };
        let mut text = format!("{trials} trial{plural}: {} finished", self.finished);
        text += &match self.infeasible {
            0 => String::new(),
            1 => " (1 breaks a constraint)".to_owned(),
            n => format!(" ({n} break a constraint)"),
        };
        if !self.failed.is_empty() {
            let kinds: Vec<_> = self.failed.iter().map(|(kind, n)| format!("{n} {}", kind.label())).collect();
            text += &format!(", {} failed ({})", self.failures(), kinds.join(", "));
        }
        if self.open > 0 {
            text += &format!(", {} not ended", self.open);
        }
        text
    }
}
