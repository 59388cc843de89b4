//! A study whose trials somebody else evaluates: asked for here, told here, kept in the store like any other.

use std::collections::BTreeMap;
use std::time::Instant;

use super::StudyError;
use super::request::{Answer, AskedTrial, FrontTrial, Request, RequestError, ToldOutcome, ToldTrial};
use super::run::{EndReason, RunLimits, freeze_reference, spent};
use super::store::Store;
use super::told::{Raw, Sorted, sort};
use crate::energy::units::WindowEnergy;
use crate::evaluation::EvaluationFailure;
use crate::optimizer::OptimizerError;
use crate::optimizer::history::{FailureKind, Fit};
use crate::optimizer::pareto::front;
use crate::optimizer::problem::Metrics;
use crate::optimizer::sampler::{Sampler, SamplerError, propose};
use crate::optimizer::space::Point;
use crate::record::{Environment, Event, Phases, StudyRecord, TrialRecord, TrialState};

/// Answers requests about a study. What a request changes is in the store before its answer is there.
///
/// A trial that was asked for stays pending until it is told, whatever becomes of this process: whoever asked still
/// evaluates it. So a resumed study begins with [`Event::AskingStarted`], which interrupts nothing, and asking gives new
/// points only; [`Request::Pending`] gives the outstanding ones. If a process ends between storing a point and answering,
/// the point is pending although nobody has seen it.
///
/// Nothing is metered here. A trial's seconds are those from its asking to its telling, or from the begin of this
/// process if it was asked for before. They are 0 if it was not asked for at all. Told energies are the asker's own
/// figures, without a metered window, which reports call `reported`. A budget of energy counts the told `energy`.
pub struct AskTell<'a> {
    store: &'a mut dyn Store,
    record: &'a mut StudyRecord,
    sampler: &'a dyn Sampler,
    limits: RunLimits,
    opened: Instant,
    asked: BTreeMap<u64, Instant>,
}

impl<'a> AskTell<'a> {
    /// Begins to answer, or goes on with it. `record` is the fold of the store's events, the creating one included.
    ///
    /// # Errors
    /// [`StudyError`] if the begin cannot be stored.
    pub fn open(
        store: &'a mut dyn Store,
        record: &'a mut StudyRecord,
        sampler: &'a dyn Sampler,
        limits: RunLimits,
        environment: Environment,
    ) -> Result<Self, StudyError> {
        let mut desk = Self { store, record, sampler, limits, opened: Instant::now(), asked: BTreeMap::new() };
        desk.append(Event::AskingStarted { environment })?;
        // Points that were told have no fit. One that is pending was cut off before its outcome was stored, and as its
        // teller had no answer, it will be told again.
        let cut: Vec<u64> = desk.pending().filter(|t| t.fit.is_none()).map(|t| t.id).collect();
        for trial in cut {
            let message = "the process ended before the outcome was stored".to_owned();
            let kind = FailureKind::Interrupted;
            desk.append(Event::TrialFailed { trial, kind, message, retry: false, spent: None })?;
        }
        Ok(desk)
    }

    /// Does what a request asks for. [`Request::Quit`] ends the session, and nothing may follow it.
    ///
    /// # Errors
    /// A [`RequestError`]; the study is then as before, except that of several points asked for some may be pending
    /// already where the store failed amid them.
    pub fn answer(&mut self, request: Request) -> Result<Answer, RequestError> {
        match request {
            Request::Ask { count } => self.ask(count),
            Request::Tell { trial, told } => self.tell(trial, told),
            Request::Pending => Ok(Answer::Pending { trials: self.pending().map(asked_trial).collect() }),
            Request::Front => Ok(self.front()),
            Request::Quit => {
                self.append(Event::SessionEnded { reason: "quit".to_owned() })?;
                Ok(Answer::Done { ok: true, id: None, failed: None, dropped: BTreeMap::new() })
            }
        }
    }

    fn ask(&mut self, count: usize) -> Result<Answer, RequestError> {
        if let Some(event) = freeze_reference(self.record, &self.limits) {
            self.append(event)?;
        }
        let nothing = |done: EndReason| Ok(Answer::Asked { trials: Vec::new(), done: Some(done.label()) });
        let count = count.min(self.left());
        if count == 0 {
            return nothing(EndReason::Trials);
        }
        let begin = Instant::now();
        let history = self.record.history();
        let proposals = match propose(self.sampler, self.record.problem(), &history, count, self.record.header().seed) {
            Ok(proposals) => proposals,
            Err(SamplerError::Exhausted) => return nothing(EndReason::Space),
            Err(error) => return Err(error.into()),
        };
        let propose_seconds = begin.elapsed().as_secs_f64() / proposals.len().max(1) as f64;
        let mut trials = Vec::with_capacity(proposals.len());
        for (id, proposal) in (history.next_id().0..).zip(proposals) {
            self.start(id, proposal.point.clone(), Some(proposal.fit), propose_seconds)?;
            trials.push(AskedTrial { id, params: proposal.point });
        }
        Ok(Answer::Asked { trials, done: None })
    }

    /// How many more trials the budget has room for, if all pending ones count.
    fn left(&self) -> usize {
        let told = self.record.trials().iter().filter_map(|t| t.result()?.metrics.get("energy"));
        let joules_spent = self.limits.joules.is_some_and(|limit| told.sum::<f64>() >= limit);
        if joules_spent || spent(self.record, &self.limits).is_some() {
            return 0;
        }
        let taken = self.record.counted_trials() + self.pending().count() as u64;
        self.limits
            .trials
            .map_or(usize::MAX, |limit| usize::try_from(limit.saturating_sub(taken)).unwrap_or(usize::MAX))
    }

    fn tell(&mut self, trial: ToldTrial, told: ToldOutcome) -> Result<Answer, RequestError> {
        let mut failed = None;
        let (outcome, dropped) = match told {
            ToldOutcome::Failed { kind, message } => (Err(EvaluationFailure::new(kind, message)), BTreeMap::new()),
            ToldOutcome::Finished { metrics, sd, unread } => {
                // What is told of a trial that takes nothing more is not looked at.
                self.check_open(&trial)?;
                let raw = Raw { metrics, sd, unread };
                let Sorted { outcome, dropped } = sort(self.record, self.limits.joules.is_some(), raw)?;
                failed = outcome.as_ref().err().map(ToString::to_string);
                (outcome, dropped)
            }
        };
        let (id, new) = match trial {
            ToldTrial::Asked(id) => {
                self.check_open(&trial)?;
                (id, None)
            }
            ToldTrial::New(point) => {
                let space = self.record.problem().space();
                let point = space.typed(&point);
                space.check(&point).map_err(OptimizerError::Point)?;
                let id = self.record.next_id();
                self.start(id, point, None, 0.0)?;
                (id, Some(id))
            }
        };
        let begin = self.asked.get(&id).copied().unwrap_or(self.opened);
        let seconds = if new.is_some() { 0.0 } else { begin.elapsed().as_secs_f64() };
        let spent = WindowEnergy { seconds, ..WindowEnergy::default() };
        self.append(match outcome {
            Ok((metrics, sd)) => Event::TrialFinished { trial: id, metrics, sd, energy: Phases::new(), spent },
            Err(EvaluationFailure { kind, message }) => {
                Event::TrialFailed { trial: id, kind, message, retry: false, spent: Some(spent) }
            }
        })?;
        self.asked.remove(&id);
        Ok(Answer::Done { ok: true, id: new, failed, dropped })
    }

    /// Whether an outcome of the trial is still waited for.
    fn check_open(&self, trial: &ToldTrial) -> Result<(), RequestError> {
        let &ToldTrial::Asked(id) = trial else { return Ok(()) };
        let known = self.record.trial(id).ok_or(OptimizerError::UnknownTrial { id: id.into() })?;
        if known.failure().is_some_and(|failure| failure.kind == FailureKind::Skipped) {
            return Err(RequestError::Skipped { id });
        }
        if known.state != TrialState::Running {
            return Err(OptimizerError::AlreadyTold { id: id.into() }.into());
        }
        Ok(())
    }

    /// The ids of the trials that were asked for and not told.
    #[must_use]
    pub fn outstanding(&self) -> Vec<u64> {
        self.pending().map(|trial| trial.id).collect()
    }

    fn front(&self) -> Answer {
        let history = self.record.history();
        let members = front(self.record.problem(), &history).into_iter().map(|trial| FrontTrial {
            id: trial.id.0,
            params: trial.point.clone(),
            metrics: self
                .record
                .trial(trial.id.0)
                .and_then(TrialRecord::result)
                .map_or_else(Metrics::new, |r| r.metrics.clone()),
        });
        Answer::Front { front: members.collect() }
    }

    fn pending(&self) -> impl Iterator<Item = &TrialRecord> {
        self.record.trials().iter().filter(|t| t.state == TrialState::Running)
    }

    fn start(&mut self, trial: u64, point: Point, fit: Option<Fit>, propose_seconds: f64) -> Result<(), StudyError> {
        self.append(Event::TrialStarted { trial, attempt: 1, point, fit, propose_seconds })?;
        self.asked.insert(trial, Instant::now());
        Ok(())
    }

    fn append(&mut self, event: Event) -> Result<(), StudyError> {
        let entry = self.store.append(event)?;
        self.record.apply(entry)?;
        Ok(())
    }
}

fn asked_trial(trial: &TrialRecord) -> AskedTrial {
    AskedTrial { id: trial.id, params: trial.point.clone() }
}
