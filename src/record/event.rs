//! The events of a study.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{EarlierStudy, Environment};
use crate::energy::units::{Baseline, DeviceState, PowerDomain, WindowEnergy};
use crate::optimizer::Seed;
use crate::optimizer::history::{FailureKind, Fit};
use crate::optimizer::problem::{Metrics, Preference, Problem};
use crate::optimizer::space::Point;

/// The version of the event format that this program writes. It reads this version and older ones.
///
/// 2 adds [`Event::EarlierStudies`] and [`Event::PreferencesChanged`], and constraints, preferences, starts, forbidden
/// combinations and priors of the problem, which a reader of 1 would pass over. 3 adds [`Event::BaselineMeasured`] and [`Event::DevicesSeen`], and to
/// figures of energy the share at rest and the uncertainty. 4 adds a checksum to each stored event.
/// 4 has [`Event::TrialLost`] and [`Event::TrialSkipped`], and requirements of the problem, too.
pub const SCHEMA_VERSION: u32 = 4;

/// The phase whose energy a plain `energy` metric means: the whole trial, its validation included, start-up and final
/// test evaluation excluded.
pub const TRIAL_PHASE: &str = "trial";

/// Energy by phase name; see [`TRIAL_PHASE`].
pub type Phases = BTreeMap<String, WindowEnergy>;

/// One event with its place and time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredEvent {
    /// Place in the study, counted from 1.
    pub seq: u64,
    /// When it was stored: seconds since 1970 by the wall clock, for people only.
    pub time: f64,
    /// What happened.
    pub event: Event,
}

/// A device in the state that it was seen in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SeenDevice {
    /// The device.
    pub domain: PowerDomain,
    /// What it told.
    pub state: DeviceState,
}

/// What can happen in a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
#[non_exhaustive]
pub enum Event {
    /// The first event of every study.
    StudyCreated {
        /// Name of the study.
        name: String,
        /// Its seed.
        seed: Seed,
        /// What is searched for.
        problem: Problem,
        /// Name of the sampler.
        sampler: String,
        /// Everything that makes this study this study: the checked study file without its budget and
        /// preferences.
        identity: serde_json::Value,
    },
    /// The study learns from earlier ones. At its beginning, before any trial.
    EarlierStudies {
        /// What it took over from each.
        studies: Vec<EarlierStudy>,
    },
    /// From here on the user prefers something else than the study was created with.
    PreferencesChanged {
        /// All preferences, in place of those before.
        preferences: Vec<Preference>,
    },
    /// A process began to run the study. Trials that were running are interrupted.
    SessionStarted {
        /// Where it runs.
        environment: Environment,
    },
    /// A process began to answer questions about the study (`optimize ask-tell`). Trials that were asked for go on: they
    /// are evaluated by whoever asked, whose work does not end with that of the process before.
    AskingStarted {
        /// Where it runs.
        environment: Environment,
    },
    /// The power of the hardware at rest was measured, for the trials of this session.
    BaselineMeasured {
        /// What it was.
        baseline: Baseline,
    },
    /// The reference point of reported hypervolumes is fixed from here on.
    ReferenceFrozen {
        /// The point, in losses: one per objective, smaller is better.
        reference: Vec<f64>,
    },
    /// A point was proposed, or taken up again, and its trial begins.
    TrialStarted {
        /// The trial.
        trial: u64,
        /// Which attempt at it this is, counted from 1.
        attempt: u32,
        /// Its configuration.
        point: Point,
        /// How it was proposed.
        fit: Option<Fit>,
        /// Seconds that the optimizer took to propose it.
        propose_seconds: f64,
    },
    /// The state of the devices that are metered, when an attempt at a trial begins or has ended.
    DevicesSeen {
        /// The trial.
        trial: u64,
        /// Whether the attempt is over.
        after: bool,
        /// Each device.
        devices: Vec<SeenDevice>,
    },
    /// A trial reported a step, usually an epoch.
    StepReported {
        /// The trial.
        trial: u64,
        /// The step's number, as reported.
        step: u64,
        /// What was reported.
        metrics: Metrics,
        /// Seconds from the last edge: the step before, or the begin of the trial phase.
        seconds: f64,
        /// Energy from the last step that had any: steps too short for their meter are told together, by the last of them.
        energy: Option<WindowEnergy>,
    },
    /// A trial ended with metrics.
    TrialFinished {
        /// The trial.
        trial: u64,
        /// What it reported, and the metered values of the objectives.
        metrics: Metrics,
        /// Known standard deviations of metrics, in their own units.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sd: Metrics,
        /// Energy by phase.
        energy: Phases,
        /// Energy of everything that the attempt did, start-up and test included.
        spent: WindowEnergy,
    },
    /// A trial ended without a result.
    TrialFailed {
        /// The trial.
        trial: u64,
        /// Why.
        kind: FailureKind,
        /// What exactly happened, for people.
        message: String,
        /// Whether the same point will be tried again.
        retry: bool,
        /// Energy of everything that the attempt did.
        spent: Option<WindowEnergy>,
    },
    /// The process that ran a trial died in the midst of it, as the next one found: killed outright, or with the machine.
    TrialLost {
        /// The trial.
        trial: u64,
        /// What is known of it, for people.
        message: String,
        /// Whether the same point will be tried again.
        retry: bool,
    },
    /// The user wants a trial that waits, or that nobody runs any more, not to be tried again.
    TrialSkipped {
        /// The trial.
        trial: u64,
    },
    /// A process ended its work on the study in good order.
    SessionEnded {
        /// Why: `budget`, `interrupted`, `space`, or an error.
        reason: String,
    },
}
