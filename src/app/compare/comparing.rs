//! Many studies, run seed by seed, and compared.

use std::path::{Path, PathBuf};

use super::found::{begun_in, holds_comparison, other_samplers, refuse_other_contents};
use super::outputs::write_comparison;
use crate::analysis::comparison::{ComparedRun, Comparison, ComparisonSettings};
use crate::app::begin::{begin_or_resume, otherwise, refuse_another};
use crate::app::data::{Look, check_data};
use crate::app::hardware::hardware;
use crate::app::leftovers::{end_what_was_left, home_of};
use crate::app::open::{open_store, read_record, read_spec};
use crate::app::outputs::{mend_outputs, write_outputs};
use crate::app::run::ProcessControl;
use crate::app::run::check::{check_program, check_source};
use crate::app::run::conduct::{Places, limits_of, search};
use crate::app::{AppError, MOST_SEEDS, Notice, Observer};
use crate::record::StudyRecord;
use crate::study::store::StoreError;
use crate::study::{EndReason, PlannedStudy, ResultsFolder, StudyError, is_complete, plan_comparison};
use crate::study_file::{OnInterrupt, StudySpec, stored_watts};

/// A study of the comparison and its record, as far as it has one.
struct Run {
    study: PlannedStudy,
    record: Option<StudyRecord>,
}

impl Run {
    fn is_complete(&self) -> bool {
        self.record.as_ref().is_some_and(|record| is_complete(record, &limits_of(&self.study.spec)))
    }
}

/// What is wished for.
pub(crate) struct CompareWish<'a> {
    /// The study file.
    pub(crate) file: &'a Path,
    /// Two or more samplers; the others are compared against random, or else against the first.
    pub(crate) samplers: &'a [String],
    /// Studies per sampler.
    pub(crate) seeds: u64,
    /// Trials of each, if not as many as the file says.
    pub(crate) trials: Option<u64>,
    /// The folder, if it is not the one that belongs to the file.
    pub(crate) results: Option<&'a Path>,
    /// Whether earlier results are moved aside.
    pub(crate) fresh: bool,
    /// How it is stopped: asked for once, just before the first run.
    pub(crate) control: &'a dyn Fn(OnInterrupt) -> Result<ProcessControl, AppError>,
}

/// Is told what happens while the studies of a comparison run.
pub(crate) trait CompareObserver: Observer {
    /// So many studies are to be run, of so many trials each where the budget says that; those that are complete have as many trials
    /// as `done` says.
    fn comparing(&mut self, runs: usize, trials: Option<u64>, done: &[u64]) {
        let _ = (runs, trials, done);
    }

    /// The study of this number, from 1 on, comes next.
    fn run_begins(&mut self, number: usize, label: &str) {
        let _ = (number, label);
    }

    /// It has come to its end.
    fn run_ended(&mut self, record: &StudyRecord) {
        let _ = record;
    }
}

/// What came of it.
pub(crate) struct Compared {
    /// What there is to say; an error if nothing can be compared.
    pub(crate) comparison: Result<Comparison, AppError>,
    /// The folder.
    pub(crate) folder: PathBuf,
    /// Why it ended.
    pub(crate) end: EndReason,
    /// Samplers that were not named, and of which there are runs in the folder.
    pub(crate) others: Vec<String>,
}

/// Runs what is not done, in its order, and compares.
pub(crate) fn compare(wish: &CompareWish<'_>, observer: &mut dyn CompareObserver) -> Result<Compared, AppError> {
    let mut spec = read_spec(wish.file)?;
    if !(1..=MOST_SEEDS).contains(&wish.seeds) {
        return Err(AppError::Seeds { most: MOST_SEEDS });
    }
    if let Some(trials) = wish.trials {
        if trials == 0 {
            return Err(AppError::NoTrials);
        }
        spec = spec.with_trials(trials);
    }
    let default = || Path::new("results").join(format!("{}-compare", spec.name()));
    let root = wish.results.map_or_else(default, Path::to_owned);
    let samplers = wish.samplers;
    let planned = plan_comparison(&spec, wish.file, samplers, wish.seeds, &root)?;
    check_source(&spec)?;
    check_program(&spec, wish.file)?;
    let look = check_data(&spec, wish.file)?;
    look.lines().into_iter().for_each(|line| observer.notice(&Notice::Remark(line)));

    refuse_other_contents(&root)?;
    if wish.fresh || begun_in(&root).next().is_none() {
        hardware(&spec)?.start()?;
    }
    let folder = open_root(&root, wish.fresh, observer)?;
    let mut runs = load_all(planned, &look, &root, observer)?;
    folder.write("study.toml", spec.text_as_study_toml().as_bytes())?;

    let end = run_all(&mut runs, wish, &folder, &spec, &look, observer);
    let comparison = comparison_of(&runs, &spec, samplers);
    let written = comparison.as_ref().map_or(Ok(()), |comparison| write_comparison(&folder, comparison));
    let end = end?;
    written?;
    let others = other_samplers(&root, samplers);
    Ok(Compared { comparison: comparison.map_err(AppError::nothing), folder: root, end, others })
}

fn open_root(root: &Path, fresh: bool, observer: &mut dyn CompareObserver) -> Result<ResultsFolder, AppError> {
    let mut folder = ResultsFolder::open(root)?;
    end_what_was_left(&folder, observer);
    if fresh && holds_comparison(root) {
        let (new, to) = folder.put_aside()?;
        folder = new;
        observer.notice(&Notice::MovedAside { to });
    }
    folder.caveat().into_iter().for_each(|line| observer.notice(&Notice::Caveat(line)));
    Ok(folder)
}

/// All that is there is looked at before anything is run.
fn load_all(
    planned: Vec<PlannedStudy>,
    look: &Look,
    root: &Path,
    observer: &mut dyn CompareObserver,
) -> Result<Vec<Run>, AppError> {
    let mut runs = Vec::new();
    for study in planned {
        runs.push(Run { record: load(&study, observer)?, study });
    }
    for record in runs.iter().filter_map(|run| run.record.as_ref()) {
        look.refuse_if_read_otherwise(record, root)?;
    }
    // All runs estimate alike and leave the same open, those that begin later too.
    let begun = runs.iter().find_map(|run| Some(run.record.as_ref()?.header().identity.clone()));
    for run in &mut runs {
        let spec = run.study.spec.clone();
        run.study.spec = match (&run.record, &begun) {
            (Some(record), _) => spec.begun_with(&record.header().identity),
            (None, Some(begun)) => match stored_watts(begun) {
                Some(watts) => spec.with_watts_left_open(watts).begun_with(begun),
                None => spec.begun_with(begun),
            },
            (None, None) => look.settle(spec),
        };
    }
    Ok(runs)
}

/// Runs what is not complete, in its order, and writes the comparison whenever a seed is done.
fn run_all(
    runs: &mut [Run],
    wish: &CompareWish<'_>,
    folder: &ResultsFolder,
    spec: &StudySpec,
    look: &Look,
    observer: &mut dyn CompareObserver,
) -> Result<EndReason, AppError> {
    let control = (wish.control)(spec.trial().on_interrupt)?;
    let done = runs.iter().filter(|run| run.is_complete());
    let done: Vec<u64> = done.map(|run| run.record.as_ref().map_or(0, StudyRecord::counted_trials)).collect();
    observer.comparing(runs.len(), spec.budget().trials, &done);
    for i in 0..runs.len() {
        if runs[i].is_complete() {
            if let (Some(record), study) = (&runs[i].record, &runs[i].study) {
                let mended = mend_outputs(&study.folder, record, study.spec.carbon());
                mended.map_err(|error| AppError::from(error).within(&study.label()))?;
            }
            continue;
        }
        observer.run_begins(i + 1, &runs[i].study.label());
        // Once a run has a result, one that has none is a finding.
        let nothing_finished = !runs.iter().filter_map(|run| run.record.as_ref()).any(has_result);
        let places = Places {
            file: wish.file,
            kept: None,
            results: folder.path(),
            home: &home_of(folder),
            data: look.data.as_ref(),
        };
        let end = run_one(&mut runs[i], places, &control, observer, nothing_finished);
        let end = end.map_err(|failure| failure.within(&runs[i].study.label()));
        if !matches!(end, Ok(EndReason::Trials | EndReason::Time | EndReason::Energy | EndReason::Space)) {
            if let Some(record) = &runs[i].record {
                observer.closed(record, end.as_ref().ok().copied());
            }
            return end;
        }
        if let Some(record) = &runs[i].record {
            observer.run_ended(record);
        }
        let samplers = wish.samplers;
        if (i + 1) % samplers.len() == 0
            && is_worth_writing((i + 1) / samplers.len())
            && let Ok(comparison) = comparison_of(runs, spec, samplers)
        {
            write_comparison(folder, &comparison)?;
        }
    }
    if let Some(record) = runs.iter().rev().find_map(|run| run.record.as_ref()) {
        observer.closed(record, Some(EndReason::Trials));
    }
    Ok(EndReason::Trials)
}

/// Whether the comparison is written after so many seeds: hundreds of seeds make each of them matter little, and take longer.
fn is_worth_writing(seeds: usize) -> bool {
    seeds <= 20 || seeds.is_multiple_of(10)
}

fn run_one(
    run: &mut Run,
    places: Places<'_>,
    control: &ProcessControl,
    observer: &mut dyn CompareObserver,
    gives_up: bool,
) -> Result<EndReason, AppError> {
    let spec = &run.study.spec;
    let folder = ResultsFolder::open(&run.study.folder)?;
    end_what_was_left(&folder, observer);
    if !folder.has_study() {
        folder.refuse_foreign_files(&[spec.text(), &spec.text_as_study_toml()])?;
    }
    let mut store = open_store(&folder, Some(&control.interrupt))?;
    let mut record = begin_or_resume(spec, &mut store, &folder)?;
    // Either of the two may be the next to be run.
    let home = format!("{}+{}", places.home, home_of(&folder));
    let places = Places { home: &home, results: folder.path(), ..places };
    let end = search(spec, places, &mut store, &mut record, control, observer, gives_up);
    let written = write_outputs(&folder, &record, spec.carbon());
    run.record = Some(record);
    let end = end?;
    written?;
    Ok(end)
}

fn has_result(record: &StudyRecord) -> bool {
    record.trials().iter().any(|trial| trial.result().is_some())
}

/// The record of a study that was begun; an error if that is another study, or has trials proposed for other preferences.
fn load(study: &PlannedStudy, observer: &mut dyn CompareObserver) -> Result<Option<StudyRecord>, AppError> {
    let within = |error: AppError| error.within(&study.label());
    let record = match read_record(&study.folder, observer) {
        Ok(record) => record,
        // A store in which nothing is was not begun.
        Err(StudyError::NoStudy { .. } | StudyError::Store(StoreError::Empty { .. })) => return Ok(None),
        Err(error) => return Err(within(error.into())),
    };
    refuse_another(otherwise(&study.spec, &record), &study.folder).map_err(within)?;
    let preferences = study.spec.problem().preferences();
    if record.problem().preferences() != preferences && !record.trials().is_empty() {
        return Err(within(StudyError::Preferences.into()));
    }
    Ok(Some(record))
}

/// Compares the records as far as they go, the samplers in the order in which they were named.
fn comparison_of(
    runs: &[Run],
    spec: &StudySpec,
    samplers: &[String],
) -> Result<Comparison, crate::analysis::AnalysisError> {
    let mut known: Vec<ComparedRun<'_>> = runs
        .iter()
        .filter_map(|run| {
            let (sampler, seed) = (run.study.sampler.as_str(), run.study.seed);
            Some(ComparedRun { sampler, seed, record: run.record.as_ref()?, complete: run.is_complete() })
        })
        .collect();
    known.sort_by_key(|run| samplers.iter().position(|name| name == run.sampler));
    let trials = spec.budget().trials.and_then(|n| usize::try_from(n).ok());
    Comparison::of(
        &known,
        &ComparisonSettings { name: spec.name().to_owned(), trials, ..ComparisonSettings::default() },
    )
}
