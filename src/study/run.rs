//! The run loop: propose, evaluate, store, until the budget is spent.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::gpu_limits::{GpuLimits, put_back};
use super::inventory::{Asked, Unreadable, why_otherwise};
use super::metered::{Desk, MeteredScope};
use super::outcome::{Hints, Lack, STEP, ToldMetrics, budgeted, complete, deviations, metered, origin};
use super::plan::{NextTrial, Plan};
use super::rest::{cool_down, measure_baseline};
use super::store::Store;
use super::{Interrupt, RunObserver, Stops, StudyError};
use crate::energy::units::{DomainKind, WindowEnergy};
use crate::energy::{Session, Usage};
use crate::evaluation::{Afterwards, EvaluationFailure, Evaluator, TrialTask};
use crate::guard::told::with_help;
use crate::optimizer::history::FailureKind;
use crate::optimizer::pareto::reference_point;
use crate::optimizer::problem::Metrics;
use crate::optimizer::sampler::SamplerError;
use crate::record::{Environment, Event, StudyRecord, TrialRecord, TrialState};

/// So many failures of the environment in a row end a study.
const PATIENCE: u32 = 5;
/// So many trials in a row that fail in the same way end a session in which nothing has finished. They are never fewer
/// than the initial design: with fewer, the configurations may be at fault, such as by losses that are NaN.
const ALIKE: u64 = 5;

/// When a study ends, and how its trials are treated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunLimits {
    /// Trials that count: finished ones and failures of the configuration.
    pub trials: Option<u64>,
    /// Seconds in trials, all sessions and failures included.
    pub seconds: Option<f64>,
    /// Joules in trials, all sessions and failures included.
    pub joules: Option<f64>,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// How often a point is tried when its environment fails, the first time included; at least 1.
    pub attempts: u32,
    /// After so many counted trials the reference point of reported hypervolumes is frozen.
    pub initial: u64,
    /// No metered GPU is hotter than this when a trial begins, in degrees Celsius, unless it takes longer than this to cool down.
    pub cool_down: Option<(f64, Duration)>,
    /// How long the power at rest is measured before the first trial of a session; `None` for not at all.
    pub idle: Option<Duration>,
    /// Whether a trial that runs when the time or energy of the budget is over is ended; it is tried again once there is more.
    pub hard: bool,
    /// Whether a trial's energy counts from its first step on, unless it marks the phase `trial` itself.
    pub from_first_step: bool,
    /// Whether to end a session in which nothing has finished and trial after trial failed in the same way.
    pub gives_up: bool,
}

/// Why a study ended in good order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum EndReason {
    /// All trials of the budget are done.
    Trials,
    /// The time of the budget is spent.
    Time,
    /// The energy of the budget is spent.
    Energy,
    /// The user stopped it.
    Interrupted,
    /// Every point of the space has been tried.
    Space,
}

impl EndReason {
    /// One word for the record.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Trials | Self::Time | Self::Energy => "budget",
            Self::Interrupted => "interrupted",
            Self::Space => "space",
        }
    }
}

/// Everything that a study needs to run.
pub struct Runner<'a> {
    /// Keeps its events.
    pub store: &'a mut dyn Store,
    /// The fold of the events so far, the creating one included.
    pub record: &'a mut StudyRecord,
    /// What it tries.
    pub plan: Plan<'a>,
    /// Evaluates.
    pub evaluator: &'a mut dyn Evaluator,
    /// Meters.
    pub session: &'a Session,
    /// Watches.
    pub observer: &'a mut dyn RunObserver,
    /// Stops.
    pub interrupt: &'a Interrupt,
    /// When it stood still, which is nobody's time.
    pub stops: &'a Stops,
    /// When to end.
    pub limits: RunLimits,
    /// Under which limits of the GPUs; set for each trial, and put back after it.
    pub gpu_limits: Option<GpuLimits>,
    /// Where it runs.
    pub environment: Environment,
}

impl Runner<'_> {
    /// Runs the study until a limit is reached, the space is exhausted or the user stops it.
    ///
    /// # Errors
    /// [`StudyError`]; what was finished before is stored.
    pub fn run(self) -> Result<EndReason, StudyError> {
        if let Some(reason) = spent(self.record, &self.limits) {
            return Ok(reason);
        }
        let asked = Asked::of(self.record.problem(), self.limits.joules.is_some(), self.evaluator.may_use());
        if let Some(unreadable) = Unreadable::of(self.record, &asked, self.session.consumers()) {
            return Err(StudyError::Unreadable(unreadable));
        }
        if asked.in_vain(self.session) {
            return Err(StudyError::Unmetered);
        }
        check_metering(self.record, self.session)?;
        let Self {
            store,
            record,
            plan,
            evaluator,
            session,
            observer,
            interrupt,
            stops,
            limits,
            gpu_limits,
            environment,
        } = self;
        store.heed(interrupt);
        let limiter = gpu_limits.map(|limits| limits.prepare(session, record.problem().space())).transpose()?;
        let told = ToldMetrics::default();
        let mut desk = Desk { session, store, record, observer, interrupt, stops, limiter, told };
        let _watch = stops.watch(session);
        let lost = count_lost(&mut desk, &limits)?;
        desk.append(Event::SessionStarted { environment })?;
        desk.observer.began(desk.record);
        for trial in lost {
            desk.observer.trial_lost(desk.record, trial);
        }
        let end = run_trials(&mut desk, plan, evaluator, &limits);
        let reason = match &end {
            Ok(reason) => reason.label().to_owned(),
            Err(error) => with_help(error, error.help()),
        };
        let ended = desk.append(Event::SessionEnded { reason });
        // The first error is the one that matters.
        let reason = end?;
        ended?;
        Ok(reason)
    }
}

/// Counts the attempts that an earlier session died in, and gives up trials that have none left: a configuration that takes the
/// machine down would otherwise be tried for ever. Returns which trials there were.
fn count_lost(desk: &mut Desk<'_>, limits: &RunLimits) -> Result<Vec<u64>, StudyError> {
    // A session that ended in good order has stored what became of its trial. One whose store failed could not, and is counted, too:
    // a trial that fills the disk would otherwise be tried for ever.
    if desk.record.sessions().last().is_none_or(|session| session.end.is_some()) {
        return Ok(Vec::new());
    }
    let running = desk.record.trials().iter().filter(|trial| trial.state == TrialState::Running);
    let lost: Vec<(u64, u32)> = running.map(|trial| (trial.id, trial.lost_attempts + 1)).collect();
    for &(trial, count) in &lost {
        let retry = count < limits.attempts;
        let attempts = limits.attempts;
        let rest = match retry {
            true => format!("{count} of {attempts} attempts are lost"),
            false => format!("{count} of {attempts} attempts are lost (`attempts` in [trial]), so it is given up"),
        };
        let message = format!("the study was killed, the machine went down, or the store failed, while it ran; {rest}");
        desk.append(Event::TrialLost { trial, message, retry })?;
    }
    Ok(lost.into_iter().map(|(trial, _)| trial).collect())
}

fn run_trials(
    desk: &mut Desk<'_>,
    plan: Plan<'_>,
    evaluator: &mut dyn Evaluator,
    limits: &RunLimits,
) -> Result<EndReason, StudyError> {
    let mut misfortunes = 0;
    let mut alike = Alike::default();
    if let Some(time) = limits.idle {
        measure_baseline(desk, evaluator, time)?;
    }
    loop {
        if desk.interrupt.ends_soon() {
            return Ok(EndReason::Interrupted);
        }
        if let Some(event) = freeze_reference(desk.record, limits) {
            desk.append(event)?;
        }
        if let Some(reason) = spent(desk.record, limits) {
            return Ok(reason);
        }
        let next = match plan.next(desk.record) {
            Ok(next) => next,
            Err(SamplerError::Exhausted) => return Ok(EndReason::Space),
            Err(error) => return Err(StudyError::Sampler(error)),
        };
        let trial = next.trial;
        if let Some((celsius, limit)) = limits.cool_down {
            cool_down(desk, celsius, limit);
            if desk.interrupt.ends_soon() {
                return Ok(EndReason::Interrupted);
            }
        }
        let failure = run_attempt(desk, plan, evaluator, limits, next)?;
        desk.observer.trial_ended(desk.record, trial);
        match failure {
            Some(failure) if failure.kind == FailureKind::Interrupted && desk.interrupt.is_raised() => {}
            Some(last) if !last.kind.is_of_configuration() => {
                misfortunes += 1;
                if misfortunes == PATIENCE {
                    return Err(StudyError::Environment { count: misfortunes, last });
                }
            }
            failure => {
                misfortunes = 0;
                let count = alike.count(failure.as_ref());
                if let Some(last) = failure
                    && limits.gives_up
                    && u64::from(count) >= limits.initial.max(ALIKE)
                    && !desk.record.trials().iter().any(|t| t.result().is_some())
                {
                    return Err(StudyError::Hopeless { count, last });
                }
            }
        }
    }
}

/// Failures of configurations in a row that tell more of the program: a metric that it never reports, a path that is not
/// there. They are alike if they are of one kind and say the same in their last line: what a program printed before it
/// failed may hold times and numbers.
#[derive(Default)]
struct Alike {
    last: Option<(FailureKind, String)>,
    count: u32,
}

impl Alike {
    /// How many there are with this one; none where a trial finished.
    fn count(&mut self, failure: Option<&EvaluationFailure>) -> u32 {
        let of_program = |kind| matches!(kind, FailureKind::Exit | FailureKind::Panic | FailureKind::BadMetrics);
        let this = failure.filter(|f| of_program(f.kind)).map(|f| {
            let line = f.message.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            (f.kind, line.to_owned())
        });
        self.count = match &this {
            None => 0,
            same if *same == self.last => self.count + 1,
            _ => 1,
        };
        self.last = this;
        self.count
    }
}

/// Runs one attempt at a trial and stores how it ended. Returns the failure, if it failed.
fn run_attempt(
    desk: &mut Desk<'_>,
    plan: Plan<'_>,
    evaluator: &mut dyn Evaluator,
    limits: &RunLimits,
    next: NextTrial,
) -> Result<Option<EvaluationFailure>, StudyError> {
    let NextTrial { trial, attempt, point, fit, propose_seconds } = next;
    desk.append(Event::TrialStarted { trial, attempt, point: point.clone(), fit, propose_seconds })?;
    desk.observer.trial_started(desk.record, trial);
    let guards = match desk.limit(&point) {
        Ok(guards) => guards,
        Err(failure) => return fail(desk, limits, trial, failure, &Rest::default()).map(Some),
    };
    desk.see_devices(trial, false)?;
    let task = TrialTask { trial, attempt, point: &point, seed: plan.seed(desk.record, trial) };
    let mut scope = MeteredScope::open(desk, trial, limits);
    let outcome = catch_unwind(AssertUnwindSafe(|| evaluator.evaluate(task, &mut scope)));
    let metered = scope.close();
    desk.see_devices(trial, true)?;
    let put_back = put_back(guards);
    if let Some(broken) = metered.broken {
        return Err(broken.into());
    }
    let mut missing = None;
    let outcome = match outcome {
        Ok(outcome) => {
            let mut told = Metrics::new();
            let completed = outcome
                .map_err(|failure| of_what_is_not_read(desk.record, failure, &metered.hints))
                .and_then(|metrics| {
                    told.clone_from(&metrics);
                    match metered.lacks_first_step {
                        true => Err(no_first_step()),
                        false => complete(desk.record, metrics, &metered.phases),
                    }
                });
            let completed = completed.map_err(|Lack { mut failure, name }| {
                let known = told.keys().chain(metered.phases.keys()).map(String::as_str);
                if let Some(hint) = name.as_ref().and_then(|name| metered.hints.of(name, known))
                    && !failure.message.contains(&hint)
                {
                    failure.message += &format!("; {hint}");
                }
                missing = name.filter(|name| !desk.told.knows(desk.record, name));
                failure
            });
            desk.told.take(&told, &metered.phases);
            completed
        }
        Err(panic) => Err(EvaluationFailure::new(FailureKind::Panic, panic_message(&*panic))),
    };
    let outcome = outcome.and_then(|metrics| put_back.map(|()| metrics));
    let outcome = if limits.joules.is_some() { outcome.and_then(|m| budgeted(m, &metered.spent)) } else { outcome };
    let Afterwards { printed: kept, doubts } = evaluator.ended(outcome.is_err());
    let doubts: Vec<String> = metered.doubts.into_iter().chain(doubts).collect();
    match outcome {
        Ok(metrics) => {
            doubts.iter().for_each(|doubt| desk.observer.doubted(trial, doubt));
            let (energy, spent) = (metered.phases, metered.spent);
            let sd = deviations(&metrics, &energy);
            desk.append(Event::TrialFinished { trial, metrics, sd, energy, spent })?;
            Ok(None)
        }
        Err(mut failure) => {
            for doubt in &doubts {
                failure.message += &format!("; {doubt}");
            }
            // A name that no trial has ever told is likely misspelt, and all that follow would fail alike.
            let is_search = matches!(plan, Plan::Search(_));
            if let Some(name) = missing.filter(|_| is_search && limits.gives_up) {
                let retry = attempt < limits.attempts;
                let (kind, message) = (failure.kind, with_output(&failure, kept.as_deref()));
                desk.append(Event::TrialFailed { trial, kind, message, retry, spent: Some(metered.spent) })?;
                desk.observer.trial_ended(desk.record, trial);
                return Err(match name == STEP {
                    true => StudyError::NoFirstStep { trial, failure, retry },
                    false => StudyError::NeverTold { trial, name, failure, retry },
                });
            }
            let rest = Rest { spent: Some(metered.spent), kept, is_cut: metered.is_cut };
            fail(desk, limits, trial, failure, &rest).map(Some)
        }
    }
}

/// A program that ended well and told nothing may have told what is wanted in a way that is not read.
fn of_what_is_not_read(record: &StudyRecord, failure: EvaluationFailure, hints: &Hints) -> Lack {
    let name = hints.first(record.problem()).filter(|_| failure.kind == FailureKind::BadMetrics);
    Lack { name: name.cloned(), failure }
}

/// What is known of a failed attempt beside its failure.
#[derive(Default)]
struct Rest {
    spent: Option<WindowEnergy>,
    /// Where what it printed is kept.
    kept: Option<String>,
    /// It was ended because the budget is spent.
    is_cut: bool,
}

/// Stores how an attempt at a trial failed, and whether there will be another one.
fn fail(
    desk: &mut Desk<'_>,
    limits: &RunLimits,
    trial: u64,
    failure: EvaluationFailure,
    rest: &Rest,
) -> Result<EvaluationFailure, StudyError> {
    let lost = desk.record.trial(trial).map_or(0, |t| t.lost_attempts) + 1;
    let retry = match failure.kind {
        FailureKind::Interrupted if desk.interrupt.is_raised() || rest.is_cut => true,
        kind => !kind.is_of_configuration() && lost < limits.attempts,
    };
    let (kind, message) = (failure.kind, with_output(&failure, rest.kept.as_deref()));
    desk.append(Event::TrialFailed { trial, kind, message, retry, spent: rest.spent.clone() })?;
    // As it was: where the output is differs from trial to trial.
    Ok(failure)
}

/// Stands in a stored failure before the names of the files with what the program printed.
pub const PRINTED: &str = "what it printed is in the results, in ";

/// What happened, and where to read on.
fn with_output(failure: &EvaluationFailure, kept: Option<&str>) -> String {
    match kept.filter(|_| failure.kind != FailureKind::Interrupted) {
        Some(files) => {
            let joint = if failure.message.contains('\n') { "\n" } else { "; " };
            format!("{}{joint}{PRINTED}{files}", failure.message)
        }
        None => failure.message.clone(),
    }
}

fn no_first_step() -> Lack {
    let message = "[command] has energy_from = \"first-step\", and it printed no line with a step, such as {\"step\": 0}, so nobody knows \
                   from when on its energy counts";
    Lack { name: Some(STEP.to_owned()), failure: EvaluationFailure::new(FailureKind::BadMetrics, message) }
}

/// The event that fixes the reference point, once the initial design is done and a trial keeps the constraints. A resumed study does so at the same place.
pub(super) fn freeze_reference(record: &StudyRecord, limits: &RunLimits) -> Option<Event> {
    if record.reference().is_some() || record.counted_trials() < limits.initial {
        return None;
    }
    // A point made of trials that nobody may choose would say nothing about those that count.
    if !record.problem().constraints().is_empty() && !record.trials().iter().any(|t| record.is_feasible(t)) {
        return None;
    }
    let reference = reference_point(record.problem(), &record.history())?;
    Some(Event::ReferenceFrozen { reference })
}

pub(super) fn spent(record: &StudyRecord, limits: &RunLimits) -> Option<EndReason> {
    if limits.trials.is_some_and(|limit| record.counted_trials() >= limit) {
        Some(EndReason::Trials)
    } else if limits.seconds.is_some_and(|limit| record.trial_seconds() >= limit) {
        Some(EndReason::Time)
    } else if limits.joules.is_some_and(|limit| record.spent().0 >= limit) {
        Some(EndReason::Energy)
    } else {
        None
    }
}

/// Whether nothing is left to do: a limit is reached, or the last session found the space exhausted.
#[must_use]
pub fn is_complete(record: &StudyRecord, limits: &RunLimits) -> bool {
    let end = record.sessions().last().and_then(|session| session.end.as_deref());
    spent(record, limits).is_some() || end == Some(EndReason::Space.label())
}

/// Refuses to resume where the next figures would be of another origin than those that are there.
fn check_metering(record: &StudyRecord, session: &Session) -> Result<(), StudyError> {
    let Some(first) = record.trials().iter().find_map(TrialRecord::energy) else { return Ok(()) };
    let gpus = first.domains.iter().filter(|d| d.domain.kind == DomainKind::Gpu).map(|d| d.domain.id.clone());
    let sources = session.sources(&Usage::Gpus(gpus.collect()));
    let stored = origin(metered(first));
    let now = origin(sources.iter().map(|s| (&s.domain, s.method)));
    if stored == now {
        return Ok(());
    }
    let because = why_otherwise(record, session, &sources).join("; ");
    Err(StudyError::Metering { stored, now, because })
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panicked without a message".to_owned())
}
