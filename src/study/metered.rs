//! One metered trial: the scope that stands between an objective and the meters, the store and the watcher.

use std::time::{Duration, Instant};

use super::gpu_limits::Limiter;
use super::outcome::{Hints, ToldMetrics};
use super::pauses::Pauses;
use super::steps::{Sieve, Step};
use super::store::{Store, StoreError};
use super::{Interrupt, RunLimits, RunObserver, Stops};
use crate::energy::units::{DomainEnergy, DomainKind, WindowEnergy};
use crate::energy::{LimitGuard, Mark, Moment, Session, Usage};
use crate::evaluation::{Control, DeviceUse, EvaluationFailure, Scope, Stamp};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;
use crate::optimizer::space::Point;
use crate::record::{Event, Phases, SeenDevice, StudyRecord, TRIAL_PHASE};

/// So many doubts of what a program tells are kept; more say no more.
const MOST_DOUBTS: usize = 3;

/// Steps that have no figure after so long are not too short for one.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The energy of a trial that may not go beyond its budget is looked at so often.
const LOOK: Duration = Duration::from_secs(1);

/// What the trials of a session share.
pub(super) struct Desk<'a> {
    pub(super) session: &'a Session,
    pub(super) store: &'a mut dyn Store,
    pub(super) record: &'a mut StudyRecord,
    pub(super) observer: &'a mut dyn RunObserver,
    pub(super) interrupt: &'a Interrupt,
    pub(super) stops: &'a Stops,
    pub(super) limiter: Option<Limiter>,
    /// What its trials told.
    pub(super) told: ToldMetrics,
}

impl Desk<'_> {
    /// Stores an event and adds it to the record.
    pub(super) fn append(&mut self, event: Event) -> Result<(), super::StudyError> {
        let entry = self.store.append(event)?;
        self.record.apply(entry)?;
        Ok(())
    }

    /// Sets the limits of GPUs for a trial, until what comes back is dropped.
    pub(super) fn limit(&self, point: &Point) -> Result<Vec<LimitGuard>, EvaluationFailure> {
        self.limiter.as_ref().map_or(Ok(Vec::new()), |limiter| limiter.set(point))
    }

    /// Stores what the metered devices tell of themselves, where they do.
    pub(super) fn see_devices(&mut self, trial: u64, after: bool) -> Result<(), super::StudyError> {
        let seen = self.session.device_states(&Usage::All).into_iter();
        let devices: Vec<_> = seen.map(|(domain, state)| SeenDevice { domain, state }).collect();
        if devices.is_empty() { Ok(()) } else { self.append(Event::DevicesSeen { trial, after, devices }) }
    }
}

/// The scope of one attempt at a trial. Opened, it meters.
pub(super) struct MeteredScope<'a, 'd> {
    desk: &'a mut Desk<'d>,
    trial: u64,
    timeout: Option<Duration>,
    opened: Mark,
    pauses: Pauses,
    last_edge: Mark,
    /// Since when steps have had no energy of their own, and how many there were: they were too short for it.
    unresolved: (Mark, u32),
    open: Vec<(String, Mark)>,
    closed: Vec<(String, Mark, Mark)>,
    usage: Usage,
    /// Which steps are kept.
    sieve: Sieve,
    /// The devices rest around the trial phase.
    rests: bool,
    broken: Option<StoreError>,
    refused: Option<EvaluationFailure>,
    doubts: Vec<String>,
    hints: Hints,
    /// Where the trial's energy counts from its first step on: whether that has come.
    first_step: FirstStep,
    /// When the budget is spent, if that ends the trial.
    budget: Option<BudgetEnd>,
    /// The wish to end after this trial has been told.
    told_of_end: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstStep {
    /// It means nothing.
    NotAsked,
    Awaited,
    /// The phase began with it.
    Came,
}

/// The energy of an attempt that is over.
pub(super) struct Metered {
    /// By phase; the trial phase is always among them.
    pub(super) phases: Phases,
    /// All of it.
    pub(super) spent: WindowEnergy,
    /// Why the store could not take a step.
    pub(super) broken: Option<StoreError>,
    /// What was not understood of what the evaluation told.
    pub(super) doubts: Vec<String>,
    /// What it told in a way that is not read.
    pub(super) hints: Hints,
    /// It counts from its first step on, and there was none.
    pub(super) lacks_first_step: bool,
    /// It was ended because the budget is spent.
    pub(super) is_cut: bool,
}

/// What is left of a budget that ends the trial with it.
#[derive(Debug, Clone, Copy)]
struct BudgetEnd {
    seconds: Option<Duration>,
    joules: Option<f64>,
    /// When the energy was last looked at.
    looked: Instant,
    is_over: bool,
}

impl BudgetEnd {
    fn of(record: &StudyRecord, limits: &RunLimits) -> Option<Self> {
        let seconds = limits.seconds.map(|limit| (limit - record.trial_seconds()).max(0.0));
        // What does not fit is longer than anybody waits.
        let seconds = seconds.and_then(|left| Duration::try_from_secs_f64(left).ok());
        let joules = limits.joules.map(|limit| limit - record.spent().0);
        limits.hard.then(|| Self { seconds, joules, looked: Instant::now(), is_over: false })
    }
}

impl<'a, 'd> MeteredScope<'a, 'd> {
    pub(super) fn open(desk: &'a mut Desk<'d>, trial: u64, limits: &RunLimits) -> Self {
        let timeout = limits.timeout;
        let budget = BudgetEnd::of(desk.record, limits);
        let first_step = if limits.from_first_step { FirstStep::Awaited } else { FirstStep::NotAsked };
        let pauses = Pauses::begin(desk.stops);
        let opened = desk.session.mark().beside_rest();
        let last_edge = opened.clone();
        let unresolved = (opened.clone(), 0);
        let (open, closed) = (Vec::new(), Vec::new());
        let usage = Usage::All;
        let (sieve, rests, broken, refused, doubts) = (Sieve::default(), false, None, None, Vec::new());
        let hints = Hints::default();
        Self {
            desk,
            trial,
            timeout,
            opened,
            pauses,
            last_edge,
            unresolved,
            open,
            closed,
            usage,
            sieve,
            rests,
            broken,
            refused,
            doubts,
            hints,
            first_step,
            budget,
            told_of_end: false,
        }
    }

    /// Ends the metering and sums it up.
    pub(super) fn close(mut self) -> Metered {
        if let Some((step, passed_over)) = self.sieve.take_last() {
            self.keep(step, passed_over);
        }
        self.desk.session.watch_closely();
        let end = self.desk.session.mark().beside_rest();
        self.heed_stops();
        // What was not ended lasted until now.
        while let Some((name, from)) = self.open.pop() {
            self.add(name, from, end.clone());
        }
        let trial = self.closed.iter().rev().find(|(name, ..)| name == TRIAL_PHASE);
        self.desk.session.settle(trial.map_or(&end, |(_, _, to)| to), &self.usage);
        let window = |from: &Mark, to: &Mark| self.pauses.energy(self.desk.session, from, to, &self.usage);
        let spent = window(&self.opened, &end);
        let mut phases = Phases::new();
        for (name, from, to) in &self.closed {
            let energy = window(from, to);
            match phases.get_mut(name) {
                Some(sum) => sum.accumulate(&energy),
                None => {
                    phases.insert(name.clone(), energy);
                }
            }
        }
        let trial = phases.entry(TRIAL_PHASE.to_owned()).or_insert_with(|| spent.clone());
        if self.first_step == FirstStep::Came {
            let before = (spent.seconds - trial.seconds).max(0.0);
            let note = format!("from the first step on, {before:.1} s after the start");
            trial.domains.iter_mut().for_each(|domain| add_note(domain, &note));
        }
        let lacks_first_step = self.first_step == FirstStep::Awaited;
        let is_cut = self.budget.is_some_and(|budget| budget.is_over);
        Metered { lacks_first_step, is_cut, phases, spent, broken: self.broken, doubts: self.doubts, hints: self.hints }
    }

    /// Takes notice of stops that have ended, the last one too.
    fn heed_stops(&mut self) {
        self.desk.stops.catch_up();
        for stop in self.pauses.take(self.desk.stops, self.desk.session) {
            self.desk.observer.stood_still(&stop);
        }
    }

    /// When its time is over: what the study stood still is not of it.
    fn due(&self) -> Option<Moment> {
        let opened = self.opened.moment();
        Some(opened.after(self.timeout?).after(self.desk.stops.since(opened)))
    }

    /// Why the trial must end, if the budget is spent and that ends it.
    fn budget_is_over(&mut self) -> Option<String> {
        let opened = self.opened.moment();
        let up_to_date = self.desk.stops.is_up_to_date();
        let stopped = self.desk.stops.since(opened);
        let budget = self.budget.as_mut()?;
        let mut over = budget.is_over.then_some("energy or time");
        if budget.seconds.is_some_and(|left| up_to_date && Moment::now() >= opened.after(left).after(stopped)) {
            over = Some("time");
        } else if let Some(left) = budget.joules
            && budget.looked.elapsed() >= LOOK
        {
            budget.looked = Instant::now();
            let now = self.desk.session.mark();
            let spent = self.pauses.energy(self.desk.session, &self.opened, &now, &self.usage).total();
            over = over.or(spent.filter(|spent| spent.0 >= left).map(|_| "energy"));
        }
        let what = over?;
        budget.is_over = true;
        Some(format!("the {what} of the budget is over (`hard` in [budget]); a larger one lets it be tried again"))
    }

    /// Adds a window, unless one of the same name is still open around it.
    fn add(&mut self, name: String, from: Mark, to: Mark) {
        if !self.open.iter().any(|(open, _)| *open == name) {
            self.closed.push((name, from, to));
        }
    }

    /// The energy since the last step that had one. Steps shorter than a meter resolves wait for each other, and the figure
    /// that covers them says so.
    fn energy_until(&mut self, mark: Mark, before: &Mark) -> Option<WindowEnergy> {
        let (since, mut waiting) = (&self.unresolved.0, self.unresolved.1);
        let energy = |from: &Mark| self.pauses.energy(self.desk.session, from, &mark, &self.usage);
        let mut window = energy(since);
        if window.total().is_none() && waiting > 0 {
            // Something else may be in the way of those that wait, such as a counter that began anew.
            window = energy(before);
            waiting = 0;
        }
        if window.total().is_none() {
            let waits = mark.moment().since(self.unresolved.0.moment()) < LONGEST_WAIT;
            self.unresolved = if waits { (self.unresolved.0.clone(), self.unresolved.1 + 1) } else { (mark, 0) };
            return None;
        }
        if waiting > 0 {
            let note = format!("with the {waiting} steps before it, each too short for a figure of its own");
            window.domains.iter_mut().for_each(|domain| add_note(domain, &note));
        }
        self.unresolved = (mark, 0);
        Some(window)
    }

    /// Stores a step.
    fn keep(&mut self, step: Step, passed_over: u32) {
        let Step { step, mut metrics, at } = step;
        self.heed_stops();
        let mark = self.mark(at);
        let (from, to) = (self.last_edge.moment(), mark.moment());
        let seconds = to.since(from).saturating_sub(self.pauses.between(from, to)).as_secs_f64();
        let before = std::mem::replace(&mut self.last_edge, mark.clone());
        let mut energy = self.energy_until(mark, &before);
        if passed_over > 0 {
            let note = format!("with the {passed_over} steps before it, which are not kept");
            energy.iter_mut().flat_map(|window| &mut window.domains).for_each(|domain| add_note(domain, &note));
        }
        // JSON, and so the store, has no NaN or infinity; the absence of the metric says as much.
        metrics.retain(|_, value| value.is_finite());
        let trial = self.trial;
        match self.desk.store.append(Event::StepReported { trial, step, metrics, seconds, energy }) {
            Ok(entry) => {
                // The trial is running, so its step cannot be refused.
                if self.desk.record.apply(entry).is_ok()
                    && let Some(row) = self.desk.record.trial(trial).and_then(|t| t.epochs.last())
                {
                    self.desk.observer.step(trial, row);
                }
            }
            Err(error) => drop(self.broken.get_or_insert(error)),
        }
    }

    fn edge_of(&self, phase: &str, at: Stamp) -> Mark {
        if !(self.rests && phase == TRIAL_PHASE) {
            return self.mark(at);
        }
        // The epochs before it may have been many.
        self.desk.session.watch_closely();
        self.mark(at).beside_rest()
    }

    fn mark(&self, at: Stamp) -> Mark {
        match Moment::from_monotonic_seconds(at.0) {
            // A stamp from before the trial is a mistake of the program, or of another clock.
            Some(moment) if moment >= self.opened.moment() => self.desk.session.mark_at(moment),
            _ => self.desk.session.mark(),
        }
    }
}

impl Scope for MeteredScope<'_, '_> {
    fn begin(&mut self, phase: &str, at: Stamp) {
        if phase == TRIAL_PHASE && self.first_step != FirstStep::NotAsked {
            self.doubt("it marks the phase `trial` itself, so `energy_from` in [command] is without effect".to_owned());
            if self.first_step == FirstStep::Came {
                self.open.retain(|(name, _)| name != TRIAL_PHASE);
            }
            self.first_step = FirstStep::NotAsked;
        }
        if !is_phase_name(phase) {
            let message = format!(
                "a phase cannot be named `{phase}`: letters, digits and `_` make a name, and gpu, cpu, dram, accelerator, platform and net mean \
                 something else in names of energy metrics"
            );
            self.refused = Some(EvaluationFailure::new(FailureKind::BadMetrics, message));
            return;
        }
        let mark = self.edge_of(phase, at);
        if phase == TRIAL_PHASE {
            self.last_edge = mark.clone();
            self.unresolved = (mark.clone(), 0);
        }
        self.open.push((phase.to_owned(), mark));
    }

    fn end(&mut self, phase: &str, at: Stamp) {
        let Some(i) = self.open.iter().rposition(|(name, _)| name == phase) else { return };
        let mark = self.edge_of(phase, at);
        let (name, from) = self.open.remove(i);
        self.add(name, from, mark);
    }

    fn report(&mut self, step: u64, metrics: Metrics, at: Stamp) -> Control {
        self.hints.step(&metrics);
        if self.first_step == FirstStep::Awaited {
            self.first_step = FirstStep::Came;
            let mark = self.mark(at);
            self.last_edge = mark.clone();
            self.unresolved = (mark.clone(), 0);
            self.open.push((TRIAL_PHASE.to_owned(), mark));
        }
        if let Some((step, passed_over)) = self.sieve.take(Step { step, metrics, at }) {
            self.keep(step, passed_over);
        }
        Control::Continue
    }

    fn uses(&mut self, devices: DeviceUse) {
        self.usage = match devices {
            DeviceUse::Unknown => Usage::All,
            DeviceUse::CpuOnly => Usage::cpu(),
            DeviceUse::Gpus(uuids) => Usage::Gpus(uuids),
        };
    }

    fn rests(&mut self) {
        self.rests = true;
    }

    fn must_end(&mut self) -> Option<EvaluationFailure> {
        if self.broken.is_none() {
            self.broken = self.desk.store.tend().err();
        }
        if self.broken.is_some() {
            return Some(EvaluationFailure::new(FailureKind::Interrupted, "the study's store failed"));
        }
        if let Some(refused) = &self.refused {
            return Some(refused.clone());
        }
        if self.desk.interrupt.is_raised() {
            self.desk.observer.stopping();
            return Some(EvaluationFailure::new(FailureKind::Interrupted, "the user stopped the study"));
        }
        if self.desk.interrupt.ends_soon() && !std::mem::replace(&mut self.told_of_end, true) {
            self.desk.observer.finishing();
        }
        if let Some(reason) = self.budget_is_over() {
            return Some(EvaluationFailure::new(FailureKind::Interrupted, reason));
        }
        if let Err(error) = self.desk.session.check(&self.usage) {
            return Some(EvaluationFailure::new(FailureKind::Device, error.with_help()));
        }
        // In the midst of going on after a stop it is not known yet how long that was.
        let over = self.desk.stops.is_up_to_date() && self.due().is_some_and(|due| Moment::now() >= due);
        over.then(|| {
            let limit = self.timeout.unwrap_or_default().as_secs_f64();
            let stopped = self.desk.stops.since(self.opened.moment()).as_secs_f64();
            let besides = match stopped > 0.0 {
                true => format!(" (not counted: {stopped:.1} s in which the study was stopped)"),
                false => String::new(),
            };
            let message = format!("not done after {limit} s, the time limit of a trial{besides}");
            EvaluationFailure::new(FailureKind::Timeout, message)
        })
    }

    fn deadline(&self) -> Option<Stamp> {
        Some(Stamp(self.due()?.monotonic_seconds()))
    }

    fn doubt(&mut self, what: String) {
        if self.doubts.len() < MOST_DOUBTS && !self.doubts.contains(&what) {
            self.doubts.push(what);
        }
    }

    fn unheard(&mut self, metric: &str, how: String) {
        self.hints.unheard(metric, how);
    }
}

fn add_note(domain: &mut DomainEnergy, note: &str) {
    domain.note = Some(domain.note.take().map_or(note.to_owned(), |own| format!("{own}; {note}")));
}

fn is_phase_name(name: &str) -> bool {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    plain && name != "net" && DomainKind::from_name(name).is_none()
}
