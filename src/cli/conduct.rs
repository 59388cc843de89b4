//! Running a study: from what its file says to the hardware, the trials and the limits.

use std::path::{Path, PathBuf};

use super::advice::{Explained, Explanation};
use super::failure::Failure;
use super::signals::Told;
use super::trainer;
use super::training::settings_of;
use crate::energy::{self, EnergyError, Session, SessionBuilder};
use crate::evaluation::{CommandObjective, Objective, Secrets, TrainObjective, become_guardian, guard, start_guardian};
use crate::optimizer::sampler::{self, Sampler};
use crate::record::{DataSeen, StudyRecord};
use crate::study::store::Store;
use crate::study::{EndReason, GpuLimits, Limits, Plan, RunObserver, Runner, StudyError, describe_machine};
use crate::study_file::{EnergyFrom, Source, StudySpec, stored_watts};

/// Where the files of a study are.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    /// The study file.
    pub(super) file: &'a Path,
    /// The folder in which weights are kept, if they are.
    pub(super) kept: Option<&'a Path>,
    /// The folder of the results, in which outputs of programs are kept.
    pub(super) results: &'a Path,
    /// What its processes are known by.
    pub(super) home: &'a str,
    /// What its data were taken for.
    pub(super) data: Option<&'a DataSeen>,
}

/// What is run.
pub(super) struct Work<'a> {
    /// What is tried.
    pub(super) plan: Plan<'a>,
    /// What is evaluated.
    pub(super) objective: &'a mut dyn Objective,
    /// When that ends.
    pub(super) limits: Limits,
    /// What the trainer's data were taken for.
    pub(super) data: Option<DataSeen>,
}

/// Searches until the study's budget is spent. `gives_up`: see [`Limits`].
pub(super) fn search(
    spec: &StudySpec,
    places: Places<'_>,
    store: &mut dyn Store,
    record: &mut StudyRecord,
    told: &Told,
    observer: &mut dyn RunObserver,
    gives_up: bool,
) -> Result<EndReason, Failure> {
    let sampler = sampler_of(spec)?;
    let mut objective = objective_of(spec, places)?;
    let limits = Limits { gives_up, ..limits_of(spec) };
    let data = places.data.cloned();
    let work = Work { plan: Plan::Search(&*sampler), objective: &mut *objective, limits, data };
    conduct(spec, work, store, record, told, observer)
}

/// Runs what is to be run on the hardware that the study is metered on.
pub(super) fn conduct(
    spec: &StudySpec,
    work: Work<'_>,
    store: &mut dyn Store,
    record: &mut StudyRecord,
    told: &Told,
    observer: &mut dyn RunObserver,
) -> Result<EndReason, Failure> {
    // Before anything is metered, and while its orphans are not this process's: it is no part of the study. Without it a study is
    // as good, but for what it leaves behind if it is killed.
    let _ = start_guardian(&guardian());
    let session = open_session(spec, record)?;
    // Orphans of a trial's program stay in this process's tree, where the estimate counts them.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let mut environment = describe_machine(&session);
    if let Source::Train(_) = spec.source() {
        environment.libtorch = trainer::find()?.libtorch().map(str::to_owned);
    }
    let Work { plan, objective, limits, data } = work;
    environment.data = data;
    let gpu_limits = GpuLimits::of(spec, Session::builder());
    let runner = Runner {
        store,
        record,
        plan,
        objective,
        session: &session,
        observer,
        interrupt: &told.interrupt,
        stops: &told.stops,
        limits,
        gpu_limits,
        environment,
    };
    Ok(runner.run()?)
}

pub(super) fn limits_of(spec: &StudySpec) -> Limits {
    let budget = spec.budget();
    let initial = || sampler::initial_within(spec.problem().space(), budget.trials);
    let initial = spec.sampler().initial.unwrap_or_else(initial) as u64;
    Limits {
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

pub(super) fn sampler_of(spec: &StudySpec) -> Result<Box<dyn Sampler>, StudyError> {
    sampler::by_name(&spec.sampler().kind, &spec.sampler_settings()).map_err(StudyError::Sampler)
}

fn open_session(spec: &StudySpec, record: &StudyRecord) -> Result<Session, Failure> {
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
pub(super) fn builder_of(spec: &StudySpec) -> SessionBuilder {
    let energy = spec.energy();
    let builder = Session::builder().meters(energy.meters.clone()).without(energy.without.iter().cloned());
    let builder = builder.descendants_only().mig(energy.mig).gpu_estimate(energy.gpu_estimate);
    // Its program may be shown other GPUs than this process.
    builder.in_environment(|name| match spec.source() {
        Source::Command(command) if command.env.contains_key(name) => command.env.get(name).cloned(),
        _ => std::env::var(name).ok(),
    })
}

/// The meters of the study do not open.
pub(super) fn unmetered(error: &EnergyError) -> Failure {
    let devices = "`optimize devices` says what can be metered here".to_owned();
    let help = error.advice().into_iter().chain([devices]).collect();
    Failure::other(Explanation { what: error.what(), help })
}

/// Whether this build can run what the study asks for.
pub(super) fn check_source(spec: &StudySpec) -> Result<(), Failure> {
    match spec.source() {
        Source::Train(_) if !cfg!(feature = "torch") => Err(Failure::usage(
            "this build of optimize has no trainer, which [train] needs; build it with `make build`, which finds or \
             installs libtorch, or with `cargo build --release --features torch`; or let [command] run your own program",
        )),
        Source::Train(_) => trainer::find().map(drop),
        Source::None => Err(Failure::usage(
            "the study says what to search but not what to run: add [train] for the built-in trainer or [command] for \
             your own program; or drive it from a program with `optimize ask-tell`",
        )),
        Source::Command(_) => Ok(()),
    }
}

/// Whether the program of the study is there, before trials fail for want of it.
pub(super) fn check_program(spec: &StudySpec, path: &Path) -> Result<(), Failure> {
    let Source::Command(command) = spec.source() else { return Ok(()) };
    Secrets::of(command, |name| std::env::var_os(name)).map_err(Failure::usage)?;
    let folder = command.cwd.as_ref().map(|cwd| path.parent().unwrap_or(Path::new("")).join(cwd));
    if let Some(folder) = folder.as_ref().filter(|folder| !folder.is_dir()) {
        return Err(Failure::usage(format!(
            "the folder {} does not exist: correct `cwd` in [command]",
            folder.display()
        )));
    }
    let Some(program) = command.argv.first().filter(|p| p.placeholders().next().is_none()) else { return Ok(()) };
    let name = Path::new(program.source());
    // With a slash it is a path from where the program runs, else a name to look up.
    let candidates: Vec<_> = match name.components().count() {
        1 => std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).map(|dir| dir.join(name)).collect(),
        _ => vec![folder.unwrap_or_default().join(name)],
    };
    let executable = |path: &PathBuf| path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok();
    if candidates.iter().any(executable) {
        return Ok(());
    }
    let reason = match candidates.iter().any(|path| path.is_file()) {
        true => "is not executable; `chmod +x` makes it so, or name its interpreter first",
        false => "was not found; give its path, or install it",
    };
    Err(Failure::usage(format!("the program `{}` of [command] {reason}", program.source())))
}

/// Starts what ends the programs of a study that is killed: the very program that runs, even if the file has been replaced
/// meanwhile.
fn guardian() -> Vec<String> {
    vec!["/proc/self/exe".to_owned(), "guard".to_owned()]
}

/// The process that does so.
pub(super) fn guard_here() -> Result<(), Failure> {
    become_guardian();
    guard(std::io::stdin().lock());
    Ok(())
}

pub(super) fn objective_of(spec: &StudySpec, places: Places<'_>) -> Result<Box<dyn Objective>, Failure> {
    match spec.source() {
        Source::Train(train) => {
            let trainer = trainer::find()?;
            let mut objective = TrainObjective::new(trainer.command(), settings_of(train, places.file), spec.seed().0);
            objective = objective.on(trainer.devices());
            objective = objective.with_defaults(train.defaults);
            if let Some(folder) = places.kept {
                objective = objective.keep_in(folder);
            }
            let objective = objective.at_home(places.home);
            Ok(Box::new(objective.apart_from(spec.energy().limit_parameters().map(str::to_owned))))
        }
        Source::Command(command) => {
            let base = places.file.parent().unwrap_or(Path::new(""));
            let objective = CommandObjective::new(command.clone(), base).at_home(places.home);
            Ok(Box::new(objective.keep_output_in(places.results.join("output"), spec.trial().keep_output)))
        }
        Source::None => Err(Failure::usage("the study has nothing to run")),
    }
}
