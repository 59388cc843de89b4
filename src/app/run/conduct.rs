//! Running a study: from what its file says to the hardware, the trials and the limits.

use std::path::Path;

use super::ProcessControl;
use crate::app::data::settings_of;
use crate::app::{AppError, trainer};
use crate::energy::{self, EnergyError, Session, SessionBuilder};
use crate::evaluation::{CommandEvaluator, Evaluator, TrainerEvaluator, start_guardian};
use crate::optimizer::sampler::{self, Sampler};
use crate::record::{DataSeen, StudyRecord};
use crate::study::store::Store;
use crate::study::{EndReason, GpuLimits, Plan, RunLimits, RunObserver, Runner, StudyError, describe_machine};
use crate::study_file::{EnergyFrom, StudySpec, TrialSource, stored_watts};

/// Where the files of a study are.
#[derive(Clone, Copy)]
pub(crate) struct Places<'a> {
    /// The study file.
    pub(crate) file: &'a Path,
    /// The folder in which weights are kept, if they are.
    pub(crate) kept: Option<&'a Path>,
    /// The folder of the results, in which outputs of programs are kept.
    pub(crate) results: &'a Path,
    /// What its processes are known by.
    pub(crate) home: &'a str,
    /// What its data were taken for.
    pub(crate) data: Option<&'a DataSeen>,
}

/// What is run.
pub(crate) struct Work<'a> {
    /// What is tried.
    pub(crate) plan: Plan<'a>,
    /// What is evaluated.
    pub(crate) evaluator: &'a mut dyn Evaluator,
    /// When that ends.
    pub(crate) limits: RunLimits,
    /// What the trainer's data were taken for.
    pub(crate) data: Option<DataSeen>,
}

/// Searches until the study's budget is spent. `gives_up`: see [`RunLimits`].
pub(crate) fn search(
    spec: &StudySpec,
    places: Places<'_>,
    store: &mut dyn Store,
    record: &mut StudyRecord,
    control: &ProcessControl,
    observer: &mut dyn RunObserver,
    gives_up: bool,
) -> Result<EndReason, AppError> {
    let sampler = sampler_of(spec)?;
    let mut evaluator = evaluator_of(spec, places)?;
    let limits = RunLimits { gives_up, ..limits_of(spec) };
    let data = places.data.cloned();
    let work = Work { plan: Plan::Search(&*sampler), evaluator: &mut *evaluator, limits, data };
    conduct(spec, work, store, record, control, observer)
}

/// Runs what is to be run on the hardware that the study is metered on.
pub(crate) fn conduct(
    spec: &StudySpec,
    work: Work<'_>,
    store: &mut dyn Store,
    record: &mut StudyRecord,
    control: &ProcessControl,
    observer: &mut dyn RunObserver,
) -> Result<EndReason, AppError> {
    // Before anything is metered, and while its orphans are not this process's: it is no part of the study. Without it a study is
    // as good, but for what it leaves behind if it is killed.
    let _ = start_guardian(&control.guardian);
    let session = open_session(spec, record)?;
    if control.adopts_orphans {
        // They stay in this process's tree, where the estimate counts them.
        let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    }
    let mut environment = describe_machine(&session);
    if let TrialSource::Train(_) = spec.source() {
        environment.libtorch = trainer::find()?.libtorch().map(str::to_owned);
    }
    let Work { plan, evaluator, limits, data } = work;
    environment.data = data;
    let gpu_limits = GpuLimits::of(spec, Session::builder());
    let runner = Runner {
        store,
        record,
        plan,
        evaluator,
        session: &session,
        observer,
        interrupt: &control.interrupt,
        stops: &control.stops,
        limits,
        gpu_limits,
        environment,
    };
    Ok(runner.run()?)
}

pub(crate) fn limits_of(spec: &StudySpec) -> RunLimits {
    let budget = spec.budget();
    let initial = || sampler::initial_within(spec.problem().space(), budget.trials);
    let initial = spec.sampler().initial.unwrap_or_else(initial) as u64;
    RunLimits {
        trials: budget.trials,
        seconds: budget.seconds,
        joules: budget.joules,
        timeout: spec.trial().timeout,
        attempts: spec.trial().attempts,
        initial,
        idle: spec.energy().idle,
        cool_down: spec.energy().cool_down.map(|c| (c.celsius, c.limit)),
        hard: budget.hard,
        from_first_step: spec.trial().energy_from == EnergyFrom::FirstStep,
        gives_up: true,
    }
}

pub(crate) fn sampler_of(spec: &StudySpec) -> Result<Box<dyn Sampler>, StudyError> {
    sampler::by_name(&spec.sampler().kind, &spec.sampler_settings()).map_err(StudyError::Sampler)
}

fn open_session(spec: &StudySpec, record: &StudyRecord) -> Result<Session, AppError> {
    let mut builder = builder_of(spec);
    builder = match spec.energy().share {
        true => builder.share(true),
        false => builder.exclusive(format!("the study {}", spec.name())),
    };
    // A study goes on with the figure that it began with, whatever this machine's own is by now.
    let stored = stored_watts(&record.header().identity).filter(|watts| *watts != energy::watts_per_core());
    if let Some(watts) = spec.energy().watts_per_core.or(stored) {
        builder = builder.watts_per_core(watts);
    }
    builder.open().map_err(|error| unmetered(&error))
}

/// What the study is metered by, without any lock.
pub(crate) fn builder_of(spec: &StudySpec) -> SessionBuilder {
    let energy = spec.energy();
    let builder = Session::builder().meters(energy.meters.clone()).without(energy.without.iter().cloned());
    let builder = builder.mig(energy.mig).gpu_estimate(energy.gpu_estimate);
    // Where there is nothing else to run, this very process evaluates.
    let builder = if *spec.source() == TrialSource::None { builder } else { builder.descendants_only() };
    // Its program may be shown other GPUs than this process.
    builder.in_environment(|name| match spec.source() {
        TrialSource::Command(command) if command.env.contains_key(name) => command.env.get(name).cloned(),
        _ => std::env::var(name).ok(),
    })
}

/// The meters of the study do not open.
pub(crate) fn unmetered(error: &EnergyError) -> AppError {
    AppError::failed(error).advised("`optimize devices` says what can be metered here")
}

/// What its trials are evaluated by.
pub(crate) fn evaluator_of(spec: &StudySpec, places: Places<'_>) -> Result<Box<dyn Evaluator>, AppError> {
    match spec.source() {
        TrialSource::Train(train) => {
            let trainer = trainer::find()?;
            let mut evaluator =
                TrainerEvaluator::new(trainer.command(), settings_of(train, places.file), spec.seed().0);
            evaluator = evaluator.on(trainer.devices());
            evaluator = evaluator.with_defaults(train.defaults);
            if let Some(folder) = places.kept {
                evaluator = evaluator.keep_in(folder);
            }
            let evaluator = evaluator.at_home(places.home);
            Ok(Box::new(evaluator.apart_from(spec.energy().limit_parameters().map(str::to_owned))))
        }
        TrialSource::Command(command) => {
            let base = places.file.parent().unwrap_or(Path::new(""));
            let evaluator = CommandEvaluator::new(command.clone(), base).at_home(places.home);
            Ok(Box::new(evaluator.keep_output_in(places.results.join("output"), spec.trial().keep_output)))
        }
        TrialSource::None => Err(AppError::wrong("the study has nothing to run")),
    }
}
