//! The record of a study: the fold of its events.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::{
    EarlierStudy, Environment, EpochRow, Event, StoredEvent, TrialFailure, TrialRecord, TrialResult, TrialState,
};
use crate::energy::units::{Baseline, Doubt, Joules, PowerDomain};
use crate::optimizer::Seed;
use crate::optimizer::history::{FailureKind, History, Outcome, Trial, TrialId};
use crate::optimizer::problem::{Preference, Problem};
use crate::optimizer::space::Point;

/// What a study is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its seed.
    pub seed: Seed,
    /// What is searched for, with the preferences of last.
    pub problem: Problem,
    /// Name of the sampler.
    pub sampler: String,
    /// The checked study file without its budget and preferences.
    pub identity: serde_json::Value,
}

/// One process's work on the study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StudySession {
    /// When it began, in seconds since 1970.
    pub started: f64,
    /// When its last event was stored, in seconds since 1970.
    pub last: f64,
    /// Where it ran.
    pub environment: Environment,
    /// The power of the hardware at rest, if it was measured.
    pub baseline: Option<Baseline>,
    /// Why it ended; `None` while it runs or if it was killed.
    pub end: Option<String>,
}

/// Why events do not make a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The first event does not create a study, or a later one does.
    #[error("event {seq}: a study is created by its first event and by no other")]
    Creation {
        /// Place of the event.
        seq: u64,
    },
    /// Earlier studies to learn from that come after a trial, or twice.
    #[error("event {seq}: what a study learns from is settled once and before its first trial")]
    Earlier {
        /// Place of the event.
        seq: u64,
    },
    /// An event about a trial that never started.
    #[error("event {seq}: trial {trial} has not started")]
    UnknownTrial {
        /// Place of the event.
        seq: u64,
        /// The trial.
        trial: u64,
    },
    /// A trial that ends twice, or begins while it runs or after it ended.
    #[error("event {seq}: trial {trial} is {state}, so this cannot happen to it")]
    State {
        /// Place of the event.
        seq: u64,
        /// The trial.
        trial: u64,
        /// The state it is in.
        state: &'static str,
    },
}

impl RecordError {
    /// What to do about it; nothing is known, for no program of ours writes such events.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        None
    }
}

/// All that is known of a study.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StudyRecord {
    header: Header,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    earlier: Vec<EarlierStudy>,
    sessions: Vec<StudySession>,
    reference: Option<Vec<f64>>,
    pub(super) trials: Vec<TrialRecord>,
    /// See [`StudyRecord::doubts`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) doubts: Vec<(PowerDomain, Doubt)>,
    last_seq: u64,
}

impl StudyRecord {
    /// Folds the events of a study, in order.
    ///
    /// # Errors
    /// The first [`RecordError`]; also for an empty list.
    pub fn from_entries(entries: impl IntoIterator<Item = StoredEvent>) -> Result<Self, RecordError> {
        let mut entries = entries.into_iter();
        let first = entries.next().ok_or(RecordError::Creation { seq: 0 })?;
        let Event::StudyCreated { name, seed, problem, sampler, identity } = first.event else {
            return Err(RecordError::Creation { seq: first.seq });
        };
        let mut record = Self {
            header: Header { name, seed, problem, sampler, identity },
            earlier: Vec::new(),
            sessions: Vec::new(),
            reference: None,
            trials: Vec::new(),
            doubts: Vec::new(),
            last_seq: first.seq,
        };
        for entry in entries {
            record.apply(entry)?;
        }
        Ok(record)
    }

    /// Adds one more event.
    ///
    /// # Errors
    /// A [`RecordError`] if the event cannot follow; the record is then unchanged.
    pub fn apply(&mut self, entry: StoredEvent) -> Result<(), RecordError> {
        let StoredEvent { seq, time, event } = entry;
        match event {
            Event::StudyCreated { .. } => return Err(RecordError::Creation { seq }),
            Event::EarlierStudies { studies } => {
                if !(self.trials.is_empty() && self.earlier.is_empty()) {
                    return Err(RecordError::Earlier { seq });
                }
                // A value of steps has one spelling, also where an earlier version stored another.
                let space = self.header.problem.space();
                self.earlier = studies;
                for (point, _) in self.earlier.iter_mut().flat_map(|earlier| &mut earlier.study.trials) {
                    *point = space.typed(point);
                }
            }
            Event::PreferencesChanged { preferences } => {
                self.header.problem = self.header.problem.clone().preferring(preferences);
            }
            Event::SessionStarted { environment } => {
                self.interrupt_running();
                self.sessions.push(StudySession { started: time, last: time, environment, baseline: None, end: None });
            }
            Event::AskingStarted { environment } => {
                self.sessions.push(StudySession { started: time, last: time, environment, baseline: None, end: None });
            }
            Event::SessionEnded { reason } => {
                if let Some(session) = self.sessions.last_mut() {
                    session.end = Some(reason);
                }
            }
            Event::BaselineMeasured { baseline } => {
                if let Some(session) = self.sessions.last_mut() {
                    session.baseline = Some(baseline);
                }
            }
            Event::ReferenceFrozen { reference } => self.reference = Some(reference),
            Event::TrialStarted { trial, attempt, point, fit, propose_seconds } => {
                match self.position(trial).map(|i| &mut self.trials[i]) {
                    Ok(known) if matches!(known.state, TrialState::Waiting(_)) => {
                        known.state = TrialState::Running;
                        known.attempts = attempt;
                        known.epochs.clear();
                        known.devices_before.clear();
                        known.devices_after.clear();
                        known.started = time;
                        known.ended = None;
                    }
                    Ok(known) => return Err(RecordError::State { seq, trial, state: known.state.label() }),
                    Err(place) => self.trials.insert(
                        place,
                        TrialRecord {
                            id: trial,
                            point: self.header.problem.space().typed(&point),
                            fit,
                            propose_seconds,
                            attempts: attempt,
                            lost_attempts: 0,
                            lost_sessions: 0,
                            state: TrialState::Running,
                            epochs: Vec::new(),
                            spent: Vec::new(),
                            devices_before: Vec::new(),
                            devices_after: Vec::new(),
                            started: time,
                            ended: None,
                        },
                    ),
                }
            }
            Event::DevicesSeen { trial, after, devices } => {
                let trial = self.running(seq, trial)?;
                *(if after { &mut trial.devices_after } else { &mut trial.devices_before }) = devices;
            }
            Event::StepReported { trial, step, metrics, seconds, mut energy } => {
                self.running(seq, trial)?;
                self.heed_doubts(energy.iter_mut());
                self.running(seq, trial)?.epochs.push(EpochRow { step, metrics, seconds, energy });
            }
            Event::TrialFinished { trial, metrics, sd, mut energy, mut spent } => {
                self.running(seq, trial)?;
                self.heed_doubts(energy.values_mut().chain([&mut spent]));
                let trial = self.running(seq, trial)?;
                trial.state = TrialState::Finished(TrialResult { metrics, sd, energy });
                trial.spent.push(spent);
                trial.ended = Some(time);
            }
            Event::TrialFailed { trial, kind, message, retry, mut spent } => {
                self.running(seq, trial)?;
                self.heed_doubts(spent.iter_mut());
                let trial = self.running(seq, trial)?;
                let failure = TrialFailure { kind, message };
                trial.lost_attempts += u32::from(!kind.is_of_configuration() && kind != FailureKind::Interrupted);
                trial.state = if retry { TrialState::Waiting(failure) } else { TrialState::Failed(failure) };
                trial.spent.extend(spent);
                trial.ended = Some(time);
            }
            Event::TrialLost { trial, message, retry } => {
                let trial = self.running(seq, trial)?;
                let failure = TrialFailure { kind: FailureKind::WorkerLost, message };
                trial.lost_attempts += 1;
                trial.lost_sessions += 1;
                trial.state = if retry { TrialState::Waiting(failure) } else { TrialState::Failed(failure) };
                // When it died nobody knows, and it was not now.
                self.last_seq = seq;
                return Ok(());
            }
            Event::TrialSkipped { trial: id } => {
                let place = self.position(id).map_err(|_| RecordError::UnknownTrial { seq, trial: id })?;
                let trial = &mut self.trials[place];
                if !matches!(trial.state, TrialState::Running | TrialState::Waiting(_)) {
                    return Err(RecordError::State { seq, trial: id, state: trial.state.label() });
                }
                let before =
                    trial.failure().map(|before| format!(", before that {}: {}", before.kind.label(), before.message));
                let message = format!("skipped by the user{}", before.unwrap_or_default());
                trial.state = TrialState::Failed(TrialFailure { kind: FailureKind::Skipped, message });
                // This was no session's work.
                self.last_seq = seq;
                return Ok(());
            }
        }
        self.last_seq = seq;
        if let Some(session) = self.sessions.last_mut() {
            session.last = time;
        }
        Ok(())
    }

    /// What the study is.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What is searched for.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.header.problem
    }

    /// The same study as if these were its preferences.
    #[must_use]
    pub fn preferring(mut self, preferences: Vec<Preference>) -> Self {
        self.header.problem = self.header.problem.preferring(preferences);
        self
    }

    /// The earlier studies that it learns from.
    #[must_use]
    pub fn earlier(&self) -> &[EarlierStudy] {
        &self.earlier
    }

    /// The processes that worked on it, in order.
    #[must_use]
    pub fn sessions(&self) -> &[StudySession] {
        &self.sessions
    }

    /// The frozen reference point, in losses, once there is one.
    #[must_use]
    pub fn reference(&self) -> Option<&[f64]> {
        self.reference.as_deref()
    }

    /// All trials, in ascending order of their ids, which is that in which they first started.
    #[must_use]
    pub fn trials(&self) -> &[TrialRecord] {
        &self.trials
    }

    /// The trial with this id.
    #[must_use]
    pub fn trial(&self, id: u64) -> Option<&TrialRecord> {
        self.position(id).ok().map(|i| &self.trials[i])
    }

    /// The id that the next trial gets: one above the highest so far.
    #[must_use]
    pub fn next_id(&self) -> u64 {
        self.trials.last().map_or(0, |last| last.id + 1)
    }

    /// The trials of a point, in their order.
    pub fn trials_of<'a>(&'a self, point: &'a Point) -> impl Iterator<Item = &'a TrialRecord> {
        self.trials.iter().filter(move |trial| trial.point == *point)
    }

    /// Place of the last event.
    #[must_use]
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// How many trials count towards the budget: finished ones and failures of the configuration.
    #[must_use]
    pub fn counted_trials(&self) -> u64 {
        let counts = |t: &&TrialRecord| match &t.state {
            TrialState::Finished(_) => true,
            TrialState::Failed(failure) => failure.kind.is_of_configuration(),
            TrialState::Running | TrialState::Waiting(_) => false,
        };
        self.trials.iter().filter(counts).count() as u64
    }

    /// Energy of everything that was tried, as far as known.
    #[must_use]
    pub fn spent(&self) -> Joules {
        self.trials.iter().filter_map(TrialRecord::spent_joules).sum()
    }

    /// Seconds spent in trials, over all attempts whose end is known.
    #[must_use]
    pub fn trial_seconds(&self) -> f64 {
        self.trials.iter().flat_map(|t| &t.spent).map(|w| w.seconds).sum()
    }

    /// Seconds that the optimizer took for all its proposals.
    #[must_use]
    pub fn propose_seconds(&self) -> f64 {
        self.trials.iter().map(|t| t.propose_seconds).sum()
    }

    /// The losses of a finished trial: one per objective, smaller is better.
    #[must_use]
    pub fn losses(&self, trial: &TrialRecord) -> Option<Vec<f64>> {
        self.problem().losses(&trial.result()?.metrics).ok()
    }

    /// Whether a trial finished and keeps every constraint, so that it may be on the front.
    #[must_use]
    pub fn is_feasible(&self, trial: &TrialRecord) -> bool {
        trial.result().is_some_and(|r| self.problem().is_feasible(&r.metrics))
    }

    /// The losses of a finished trial that keeps every constraint: what fronts and hypervolumes are made of.
    #[must_use]
    pub fn feasible_losses(&self, trial: &TrialRecord) -> Option<Vec<f64>> {
        self.losses(trial).filter(|_| self.is_feasible(trial))
    }

    /// What samplers see: see [`History`].
    #[must_use]
    pub fn history(&self) -> History {
        let mut history = History::new();
        for earlier in &self.earlier {
            history.learn_from(earlier.study.clone());
        }
        for trial in &self.trials {
            history.reserve(TrialId(trial.id + 1));
            let outcome = match &trial.state {
                TrialState::Running | TrialState::Waiting(_) => Outcome::Pending,
                TrialState::Finished(r) => Outcome::Finished { metrics: r.metrics.clone(), sd: r.sd.clone() },
                TrialState::Failed(f) if f.kind.is_of_configuration() => Outcome::Failed(f.kind),
                TrialState::Failed(_) => {
                    if trial.is_deadly() {
                        history.avoid(trial.point.clone());
                    }
                    continue;
                }
            };
            history.record(Trial { id: trial.id.into(), point: trial.point.clone(), fit: trial.fit.clone(), outcome });
        }
        if let Some(reference) = &self.reference {
            history.freeze_reference(reference.clone());
        }
        history
    }

    /// Where the trial of this id is among the trials, or would be.
    fn position(&self, id: u64) -> Result<usize, usize> {
        self.trials.binary_search_by_key(&id, |trial| trial.id)
    }

    fn running(&mut self, seq: u64, trial: u64) -> Result<&mut TrialRecord, RecordError> {
        let place = self.position(trial).map_err(|_| RecordError::UnknownTrial { seq, trial })?;
        let known = &mut self.trials[place];
        match known.state {
            TrialState::Running => Ok(known),
            _ => Err(RecordError::State { seq, trial, state: known.state.label() }),
        }
    }

    fn interrupt_running(&mut self) {
        for trial in &mut self.trials {
            if trial.state == TrialState::Running {
                let message = "the process that ran the study ended".to_owned();
                trial.state = TrialState::Waiting(TrialFailure { kind: FailureKind::Interrupted, message });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::history::Earlier;
    use crate::optimizer::problem::maximize;
    use crate::optimizer::space::{Space, float};

    fn entries(events: Vec<Event>) -> Vec<StoredEvent> {
        (1..).zip(events).map(|(seq, event)| StoredEvent { seq, time: 0.0, event }).collect()
    }

    fn created() -> Event {
        Event::StudyCreated {
            name: "s".into(),
            seed: Seed(1),
            problem: Problem::new(Space::new([float("x", 0.0..=1.0)]).unwrap(), [maximize("accuracy")]).unwrap(),
            sampler: "gp".into(),
            identity: serde_json::Value::Null,
        }
    }

    fn earlier(name: &str) -> Event {
        let study = Earlier { name: name.into(), trials: Vec::new() };
        Event::EarlierStudies {
            studies: vec![EarlierStudy {
                folder: name.into(),
                study,
                left_out: std::collections::BTreeMap::new(),
                remarks: Vec::new(),
            }],
        }
    }

    #[test]
    fn what_a_study_learns_from_is_settled_once_and_before_its_first_trial() {
        let started =
            Event::TrialStarted { trial: 0, attempt: 1, point: Point::new(), fit: None, propose_seconds: 0.0 };
        let late = StudyRecord::from_entries(entries(vec![created(), started, earlier("a")]));
        assert_eq!(late, Err(RecordError::Earlier { seq: 3 }));
        let mut record = StudyRecord::from_entries(entries(vec![created(), earlier("a")])).unwrap();
        let before = record.clone();
        let twice = record.apply(StoredEvent { seq: 3, time: 0.0, event: earlier("b") });
        assert_eq!(twice, Err(RecordError::Earlier { seq: 3 }));
        assert_eq!(record, before, "a refused event changes nothing");
    }

    #[test]
    fn the_preferences_of_last_hold() {
        let weight = |weight| Event::PreferencesChanged { preferences: vec![Preference::weight("accuracy", weight)] };
        let record = StudyRecord::from_entries(entries(vec![created(), weight(2.0), weight(3.0)])).unwrap();
        assert_eq!(record.problem().preferences(), [Preference::weight("accuracy", 3.0)]);
    }
}
