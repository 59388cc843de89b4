//! One trial of the record.

use serde::{Deserialize, Serialize};

use super::{Phases, SeenDevice, TRIAL_PHASE};
use crate::energy::units::{Joules, WindowEnergy};
use crate::optimizer::history::{FailureKind, Fit};
use crate::optimizer::problem::Metrics;
use crate::optimizer::space::Point;

/// What a finished trial left.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialResult {
    /// What was reported, and the metered values of the objectives.
    pub metrics: Metrics,
    /// Known standard deviations of metrics.
    pub sd: Metrics,
    /// Energy by phase.
    pub energy: Phases,
}

/// Why an attempt gave no result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrialFailure {
    /// The kind.
    pub kind: FailureKind,
    /// What exactly happened.
    pub message: String,
}

/// Where a trial stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
#[non_exhaustive]
pub enum TrialState {
    /// An attempt is under way.
    Running,
    /// The last attempt failed through its environment; the point will be tried again.
    Waiting(TrialFailure),
    /// It has a result.
    Finished(TrialResult),
    /// It has failed for good.
    Failed(TrialFailure),
}

impl TrialState {
    /// One word for outputs: `running`, `waiting`, `finished`, `failed`.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting(_) => "waiting",
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
        }
    }
}

/// One reported step, usually an epoch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochRow {
    /// Its number, as reported.
    pub step: u64,
    /// What was reported.
    pub metrics: Metrics,
    /// Seconds from the last edge.
    pub seconds: f64,
    /// Energy from the last step that had any, which is the one before unless steps were too short for their meter.
    pub energy: Option<WindowEnergy>,
}

/// One trial: its point and all that came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrialRecord {
    /// Unique in the study, counted from 0.
    pub id: u64,
    /// Its configuration.
    pub point: Point,
    /// How it was proposed.
    pub fit: Option<Fit>,
    /// Seconds that the optimizer took to propose it.
    pub propose_seconds: f64,
    /// Number of attempts begun.
    pub attempts: u32,
    /// How many of them ended through the environment, or with the process that ran the study (interruptions not counted).
    pub lost_attempts: u32,
    /// How many of those ended with the process that ran the study, which died in the midst of them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_sessions: u32,
    /// Where it stands.
    pub state: TrialState,
    /// Steps of the last attempt, in the order of reporting.
    pub epochs: Vec<EpochRow>,
    /// Energy of each attempt with all it did, start-up and test included, as far as known.
    pub spent: Vec<WindowEnergy>,
    /// The devices when the last attempt began, as far as they told.
    #[serde(default)]
    pub devices_before: Vec<SeenDevice>,
    /// The devices when it had ended.
    #[serde(default)]
    pub devices_after: Vec<SeenDevice>,
    /// When the last attempt began, in seconds since 1970.
    pub started: f64,
    /// When the last attempt ended, in seconds since 1970.
    pub ended: Option<f64>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl TrialRecord {
    /// Whether it was given up because whoever runs the study died of it again and again.
    #[must_use]
    pub fn is_deadly(&self) -> bool {
        self.lost_sessions > 0
            && matches!(&self.state, TrialState::Failed(failure) if failure.kind == FailureKind::WorkerLost)
    }

    /// The result of a finished trial.
    #[must_use]
    pub fn result(&self) -> Option<&TrialResult> {
        if let TrialState::Finished(result) = &self.state { Some(result) } else { None }
    }

    /// Why the trial failed or waits.
    #[must_use]
    pub fn failure(&self) -> Option<&TrialFailure> {
        match &self.state {
            TrialState::Failed(failure) | TrialState::Waiting(failure) => Some(failure),
            TrialState::Running | TrialState::Finished(_) => None,
        }
    }

    /// The energy of the trial phase of a finished trial, with its provenance.
    #[must_use]
    pub fn energy(&self) -> Option<&WindowEnergy> {
        self.result()?.energy.get(TRIAL_PHASE)
    }

    /// The energy of all attempts, as far as known; `None` if nothing is.
    #[must_use]
    pub fn spent_joules(&self) -> Option<Joules> {
        let known: Vec<_> = self.spent.iter().filter_map(WindowEnergy::total).collect();
        (!known.is_empty()).then(|| known.into_iter().sum())
    }
}
