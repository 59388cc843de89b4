//! `optimize STUDY.toml`: runs a study, or goes on with it.

use std::path::{Path, PathBuf};

use super::args::RunArgs;
use super::failure::Failure;
use super::open::{read_spec, results_of};
use super::outputs::{print_closing, write_outputs};
use super::print::say;
use super::progress::Progress;
use super::signals::catch_signals;
use super::training::{Pruning, check_data, checkpoints_of, prunes, settings_of};
use super::warm_start::read_lessons;
use crate::energy::{self, Session};
use crate::objective::{CommandObjective, Objective, TrainObjective};
use crate::optimizer::sampler::{self, Sampler};
use crate::record::{Event, StudyRecord};
use crate::study::spec::{SamplerSpec, Source, StudySpec, differences, stored_watts};
use crate::study::store::{SqliteStore, Store};
use crate::study::{
    EndReason, GpuLimits, Interrupt, Limits, Plan, ResultsFolder, RunObserver, Runner, StudyError, describe_machine,
};

pub(super) fn run(args: &RunArgs) -> Result<(), Failure> {
    let Some(path) = &args.study else { return Err(Failure::usage("name a study file, such as studies/digits.toml")) };
    let mut spec = read_spec(path)?;
    if let Some(trials) = args.trials {
        if trials == 0 {
            return Err(Failure::usage("--trials must be at least 1"));
        }
        spec = spec.with_trials(trials);
    }
    check_source(&spec)?;
    check_program(&spec, path)?;
    check_data(&spec, path)?;
    let results = args.results.clone().unwrap_or_else(|| results_of(&spec));
    let lessons = read_lessons(&args.warm_start, &spec, &results, args.fresh)?;
    let (folder, aside) = open_folder(&spec, &results, args.fresh)?;
    if let Some(aside) = aside.as_ref().filter(|_| !args.quiet) {
        say(&format!("the old results are now in {}", aside.display()));
    }
    let mut store = SqliteStore::open(&folder.store_path()).map_err(StudyError::Store)?;
    let mut record = begin_or_resume(&spec, &mut store, &folder)?;
    let told = lessons.teach(aside.as_deref(), &mut store, &mut record)?;
    if !args.quiet {
        told.iter().for_each(|line| say(line));
    }
    let end = run_study(&spec, path, &folder, args.quiet, &mut store, &mut record);
    // Whatever ended the study, what it has found is worth a report.
    let written = write_outputs(&folder, &record, spec.carbon());
    let end = end?;
    written?;
    print_closing(&record, spec.carbon(), folder.path())?;
    if record.trials().iter().all(|trial| trial.result().is_none()) && end != EndReason::Interrupted {
        return Err(Failure::nothing("no trial has finished, so there is no front; the reasons stand above"));
    }
    if !record.trials().iter().any(|trial| record.is_feasible(trial)) && end != EndReason::Interrupted {
        return Err(Failure::nothing("no trial keeps all constraints, so there is no front; the table has all trials"));
    }
    if end == EndReason::Interrupted {
        eprintln!("stopped; run the same command again to go on");
        return Err(Failure::interrupted());
    }
    Ok(())
}

/// The results folder of a study, locked, and where the old results are if `fresh` moved them aside.
pub(super) fn open_folder(
    spec: &StudySpec,
    results: &Path,
    fresh: bool,
) -> Result<(ResultsFolder, Option<PathBuf>), StudyError> {
    let folder = ResultsFolder::open(results)?;
    let (folder, aside) = if fresh { folder.set_aside()? } else { (folder, None) };
    if !folder.has_study() {
        folder.refuse_foreign_files(spec.text())?;
    }
    Ok((folder, aside))
}

/// Creates the study, or loads it if it is the same.
pub(super) fn begin_or_resume(
    spec: &StudySpec,
    store: &mut dyn Store,
    folder: &ResultsFolder,
) -> Result<StudyRecord, StudyError> {
    let mut entries = store.load()?;
    if entries.is_empty() {
        folder.write("study.toml", spec.text().as_bytes())?;
        entries.push(store.append(Event::StudyCreated {
            name: spec.name().to_owned(),
            seed: spec.seed(),
            problem: spec.problem().clone(),
            sampler: spec.sampler().kind.clone(),
            identity: spec.identity_with(energy::watts_per_core()),
        })?);
    }
    let record = StudyRecord::from_entries(entries)?;
    let differences = differences(&record.header().identity, &spec.identity_beside(&record.header().identity));
    if differences.is_empty() {
        folder.write("study.toml", spec.text().as_bytes())?;
        return prefer_anew(spec, store, record);
    }
    let lines = differences.iter().map(|d| format!("  {d}")).collect();
    Err(StudyError::Different { path: folder.path().to_owned(), differences: lines })
}

/// Notes in the record that the study file prefers something else than before; what is preferred may change.
fn prefer_anew(spec: &StudySpec, store: &mut dyn Store, mut record: StudyRecord) -> Result<StudyRecord, StudyError> {
    let preferences = spec.problem().preferences().to_vec();
    if record.problem().preferences() != preferences {
        record.apply(store.append(Event::PreferencesChanged { preferences })?)?;
    }
    Ok(record)
}

fn run_study(
    spec: &StudySpec,
    path: &Path,
    folder: &ResultsFolder,
    quiet: bool,
    store: &mut dyn Store,
    record: &mut StudyRecord,
) -> Result<EndReason, Failure> {
    let interrupt = Interrupt::default();
    catch_signals(&interrupt).map_err(Failure::other)?;
    let mut progress = Progress::new(spec.budget().trials);
    let mut nobody = ();
    let observer: &mut dyn RunObserver = if quiet { &mut nobody } else { &mut progress };
    let before = record.counted_trials();
    let kept = checkpoints_of(spec, folder.path())?;
    let mut pruning = None;
    let observer = match &kept {
        Some(folder) if prunes(spec) => pruning.insert(Pruning { observer, folder: folder.clone() }),
        _ => observer,
    };
    let end = conduct(spec, Places { file: path, kept: kept.as_deref() }, store, record, &interrupt, observer, true);
    progress.finish();
    let end = end?;
    if !quiet && (record.counted_trials() == before || end != EndReason::Trials) {
        say(&why_it_ended(end, record, spec));
    }
    Ok(end)
}

/// Where the files of a study are.
#[derive(Clone, Copy)]
pub(super) struct Places<'a> {
    /// The study file.
    pub(super) file: &'a Path,
    /// The folder in which weights are kept, if they are.
    pub(super) kept: Option<&'a Path>,
}

/// Runs a study to its end. `gives_up`: see [`Limits`].
pub(super) fn conduct(
    spec: &StudySpec,
    places: Places<'_>,
    store: &mut dyn Store,
    record: &mut StudyRecord,
    interrupt: &Interrupt,
    observer: &mut dyn RunObserver,
    gives_up: bool,
) -> Result<EndReason, Failure> {
    let sampler = sampler_of(spec)?;
    let session = open_session(spec, record)?;
    // Orphans of a trial's program stay in this process's tree, where the estimate counts them.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let mut objective = objective_of(spec, places)?;
    let limits = Limits { gives_up, ..limits_of(spec) };
    let environment = describe_machine(&session);
    let runner = Runner {
        store,
        record,
        plan: Plan::Search(&*sampler),
        objective: &mut *objective,
        session: &session,
        observer,
        interrupt,
        limits,
        gpu_limits: GpuLimits::of(spec, Session::builder()),
        environment,
    };
    Ok(runner.run()?)
}

pub(super) fn limits_of(spec: &StudySpec) -> Limits {
    let initial = spec.sampler().initial.unwrap_or_else(|| sampler::default_initial(spec.problem().space())) as u64;
    let budget = spec.budget();
    Limits {
        trials: budget.trials,
        seconds: budget.seconds,
        joules: budget.joules,
        timeout: spec.trial().timeout,
        attempts: spec.trial().attempts,
        initial,
        idle: spec.energy().idle,
        cool_down: spec.energy().cool_down.map(|c| (c.celsius, c.limit)),
        gives_up: true,
    }
}

pub(super) fn sampler_of(spec: &StudySpec) -> Result<Box<dyn Sampler>, StudyError> {
    let SamplerSpec { kind, initial, population, levels } = spec.sampler().clone();
    sampler::by_name(&kind, &sampler::Settings { initial, population, levels }).map_err(StudyError::Sampler)
}

fn why_it_ended(end: EndReason, record: &StudyRecord, spec: &StudySpec) -> String {
    let done = record.counted_trials();
    match end {
        EndReason::Trials => format!(
            "the budget is spent: {done} trials are done; `--trials {}` extends the study",
            done + done.div_ceil(2).max(1)
        ),
        EndReason::Time => "the budget is spent: a larger `time` in [budget] extends the study".to_owned(),
        EndReason::Energy => "the budget is spent: a larger `energy` in [budget] extends the study".to_owned(),
        EndReason::Space if spec.sampler().kind == "grid" => "every point of the grid has been tried".to_owned(),
        EndReason::Space => "every point of the space has been tried".to_owned(),
        EndReason::Interrupted => "stopped by the user".to_owned(),
    }
}

fn open_session(spec: &StudySpec, record: &StudyRecord) -> Result<Session, Failure> {
    let mut builder = Session::builder().meters(spec.energy().meters.clone()).descendants_only();
    builder = builder.mig(spec.energy().mig).gpu_estimate(spec.energy().gpu_estimate);
    builder = match spec.energy().share {
        true => builder.share(true),
        false => builder.exclusive(format!("the study {}", spec.name())),
    };
    // Its program may be shown other GPUs than this process.
    let variable = |name: &str| match spec.source() {
        Source::Command(command) if command.env.contains_key(name) => command.env.get(name).cloned(),
        _ => std::env::var(name).ok(),
    };
    let (devices, order) = (variable("CUDA_VISIBLE_DEVICES"), variable("CUDA_DEVICE_ORDER"));
    builder = builder.visible_devices(devices.as_deref(), order.as_deref());
    // A study goes on with the figure that it began with, whatever this machine's own is by now.
    let stored = stored_watts(&record.header().identity).filter(|watts| *watts != energy::watts_per_core());
    if let Some(watts) = spec.energy().watts_per_core.or(stored) {
        builder = builder.watts_per_core(watts);
    }
    builder.open().map_err(|error: energy::EnergyError| {
        Failure::other(format!("{error}; `optimize devices` says what can be metered here"))
    })
}

/// Whether this build can run what the study asks for.
pub(super) fn check_source(spec: &StudySpec) -> Result<(), Failure> {
    match spec.source() {
        Source::Train(_) if !cfg!(feature = "torch") => Err(Failure::usage(
            "this build of optimize has no trainer, which [train] needs; build it with `make build`, which finds or \
             installs libtorch, or with `cargo build --release --features torch`; or let [command] run your own program",
        )),
        Source::None => Err(Failure::usage(
            "the study says what to search but not what to run: add [train] for the built-in trainer or [command] for \
             your own program; or drive it from a program with `optimize ask-tell`",
        )),
        Source::Train(_) | Source::Command(_) => Ok(()),
    }
}

/// Whether the program of the study is there, before trials fail for want of it.
pub(super) fn check_program(spec: &StudySpec, path: &Path) -> Result<(), Failure> {
    let Source::Command(command) = spec.source() else { return Ok(()) };
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

fn objective_of(spec: &StudySpec, places: Places<'_>) -> Result<Box<dyn Objective>, Failure> {
    match spec.source() {
        Source::Train(train) => {
            // The very program that runs, even if the file has been replaced meanwhile.
            let command = vec!["/proc/self/exe".to_owned(), "train-worker".to_owned()];
            let mut objective = TrainObjective::new(command, settings_of(train, places.file), spec.seed().0);
            if let Some(folder) = places.kept {
                objective = objective.keep_in(folder);
            }
            Ok(Box::new(objective.apart_from(spec.energy().limit_parameters().map(str::to_owned))))
        }
        Source::Command(command) => {
            let base = places.file.parent().unwrap_or(Path::new(""));
            Ok(Box::new(CommandObjective::new(command.clone(), base)))
        }
        Source::None => Err(Failure::usage("the study has nothing to run")),
    }
}

/// The child process in which training happens.
#[cfg(feature = "torch")]
pub(super) fn train_worker() -> Result<(), Failure> {
    crate::objective::serve(std::io::stdin().lock(), &mut std::io::stdout().lock()).map_err(Failure::other)
}

/// The child process in which training happens.
#[cfg(not(feature = "torch"))]
pub(super) fn train_worker() -> Result<(), Failure> {
    Err(Failure::usage("this build of optimize has no trainer"))
}
