//! `optimize compare`: many studies, run in turn, and what they say of their samplers.

mod progress;

use std::path::{Path, PathBuf};

use self::progress::ComparisonProgress;
use super::args::{AnswerFormat, CompareArgs};
use super::conduct::{Places, check_program, check_source, limits_of, search};
use super::failure::Failure;
use super::hardware::hardware;
use super::leftovers::{end_what_was_left, home_of};
use super::look::Look;
use super::open::{open_store, read_record, read_spec};
use super::outputs::{mend_outputs, terminal_width, write_outputs};
use super::print::{print, print_data, say, warn};
use super::run::begin_or_resume;
use super::signals::{Told, catch_signals};
use super::training::check_data;
use crate::analysis::comparison::{ComparedRun, Comparison, ComparisonSettings};
use crate::app::compare::outputs::{OUTPUTS, write_comparison};
use crate::optimizer::sampler::NAMES;
use crate::record::StudyRecord;
use crate::report::comparison::{json, text};
use crate::report::text::Closing;
use crate::study::store::StoreError;
use crate::study::{
    EndReason, PlannedStudy, ResultsFolder, RunObserver, StudyError, is_complete, plan_comparison, store_path,
};
use crate::study_file::{StudySpec, differences, stored_watts};

/// More seeds than anybody has the patience for are a slip of the finger.
const MOST_SEEDS: u64 = 1000;

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

pub(super) fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let mut spec = read_spec(&args.study)?;
    if !(1..=MOST_SEEDS).contains(&args.seeds) {
        return Err(Failure::usage(format!("--seeds must be from 1 to {MOST_SEEDS}")));
    }
    if let Some(trials) = args.trials {
        if trials == 0 {
            return Err(Failure::usage("--trials must be at least 1"));
        }
        spec = spec.with_trials(trials);
    }
    let root = args.results.clone().unwrap_or_else(|| Path::new("results").join(format!("{}-compare", spec.name())));
    let samplers: Vec<String> = args.samplers.iter().map(|name| name.trim().to_owned()).collect();
    let planned = plan_comparison(&spec, &args.study, &samplers, args.seeds, &root)?;
    check_source(&spec)?;
    check_program(&spec, &args.study)?;
    let look = check_data(&spec, &args.study)?;
    let quiet = args.quiet || AnswerFormat::is_json(args.json, args.format);
    if !quiet {
        look.lines().iter().for_each(|line| say(line));
    }

    refuse_other_contents(&root)?;
    if args.fresh || begun_in(&root).next().is_none() {
        hardware(&spec)?.start()?;
    }
    let mut folder = ResultsFolder::open(&root)?;
    end_what_was_left(&folder);
    if args.fresh && holds_comparison(&root) {
        let (new, aside) = folder.put_aside()?;
        folder = new;
        if !quiet {
            say(&format!("the old results are now in {}", aside.display()));
        }
    }
    folder.caveat().iter().for_each(|line| say(line));
    // All that is there is looked at before anything is run.
    let loaded = planned.into_iter().map(|study| Ok(Run { record: load(&study)?, study }));
    let mut runs: Vec<Run> = loaded.collect::<Result<_, Failure>>()?;
    for record in runs.iter().filter_map(|run| run.record.as_ref()) {
        look.refuse_if_read_otherwise(record, &root)?;
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
    folder.write("study.toml", spec.text().as_bytes())?;

    let end = run_all(&mut runs, args, quiet, &folder, &spec, &look, &samplers);
    let comparison = comparison_of(&runs, &spec, &samplers);
    let written = comparison.as_ref().map_or(Ok(()), |comparison| write_comparison(&folder, comparison));
    let end = end?;
    written?;
    match end {
        EndReason::Interrupted => {
            warn("stopped; run the same command again to go on");
            Err(Failure::interrupted())
        }
        _ => answer(&comparison.map_err(Failure::nothing)?, args, &folder, &samplers),
    }
}

/// Runs what is not complete, in its order, and writes the comparison whenever a seed is done.
fn run_all(
    runs: &mut [Run],
    args: &CompareArgs,
    quiet: bool,
    folder: &ResultsFolder,
    spec: &StudySpec,
    look: &Look,
    samplers: &[String],
) -> Result<EndReason, Failure> {
    let told = catch_signals(spec.trial().on_interrupt).map_err(Failure::other)?;
    let mut progress = ComparisonProgress::new(runs.len(), spec.budget().trials);
    for run in runs.iter().filter(|run| run.is_complete()) {
        progress.skip(run.record.as_ref().map_or(0, StudyRecord::counted_trials));
    }
    if !quiet {
        progress.begin();
    }
    for i in 0..runs.len() {
        if runs[i].is_complete() {
            if let (Some(record), study) = (&runs[i].record, &runs[i].study) {
                let mended = mend_outputs(&study.folder, record, study.spec.carbon());
                mended.map_err(|error| Failure::from(error).within(&study.label()))?;
            }
            continue;
        }
        progress.next(i + 1, &runs[i].study.label());
        let mut nobody = ();
        let observer: &mut dyn RunObserver = if quiet { &mut nobody } else { &mut progress };
        // Once a run has a result, one that has none is a finding.
        let nothing_finished = !runs.iter().filter_map(|run| run.record.as_ref()).any(has_result);
        let places = Places {
            file: &args.study,
            kept: None,
            results: folder.path(),
            home: &home_of(folder),
            data: look.data.as_ref(),
        };
        let end = run_one(&mut runs[i], places, &told, observer, nothing_finished);
        let end = end.map_err(|failure| failure.within(&runs[i].study.label()));
        if !matches!(end, Ok(EndReason::Trials | EndReason::Time | EndReason::Energy | EndReason::Space)) {
            progress.finish();
            return end;
        }
        if let Some(record) = runs[i].record.as_ref().filter(|_| !quiet) {
            progress.done(record);
        }
        if (i + 1) % samplers.len() == 0
            && is_worth_writing((i + 1) / samplers.len())
            && let Ok(comparison) = comparison_of(runs, spec, samplers)
        {
            write_comparison(folder, &comparison)?;
        }
    }
    progress.finish();
    Ok(EndReason::Trials)
}

/// Whether the comparison is written after so many seeds: hundreds of seeds make each of them matter little, and take longer.
fn is_worth_writing(seeds: usize) -> bool {
    seeds <= 20 || seeds.is_multiple_of(10)
}

fn run_one(
    run: &mut Run,
    places: Places<'_>,
    told: &Told,
    observer: &mut dyn RunObserver,
    gives_up: bool,
) -> Result<EndReason, Failure> {
    let spec = &run.study.spec;
    let folder = ResultsFolder::open(&run.study.folder)?;
    end_what_was_left(&folder);
    if !folder.has_study() {
        folder.refuse_foreign_files(spec.text())?;
    }
    let mut store = open_store(&folder, Some(&told.interrupt))?;
    let mut record = begin_or_resume(spec, &mut store, &folder)?;
    // Either of the two may be the next to be run.
    let home = format!("{}+{}", places.home, home_of(&folder));
    let places = Places { home: &home, results: folder.path(), ..places };
    let end = search(spec, places, &mut store, &mut record, told, observer, gives_up);
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
fn load(study: &PlannedStudy) -> Result<Option<StudyRecord>, Failure> {
    let within = |error: StudyError| Failure::from(error).within(&study.label());
    let record = match read_record(&study.folder) {
        Ok(record) => record,
        // A store in which nothing is was not begun.
        Err(StudyError::NoStudy { .. } | StudyError::Store(StoreError::Empty { .. })) => return Ok(None),
        Err(error) => return Err(within(error)),
    };
    let found = differences(&record.header().identity, &study.spec.identity_beside(&record.header().identity));
    if found.is_empty() {
        let preferences = study.spec.problem().preferences();
        if record.problem().preferences() != preferences && !record.trials().is_empty() {
            return Err(within(StudyError::Preferences));
        }
        return Ok(Some(record));
    }
    let differences = found.iter().map(|d| format!("  {d}")).collect();
    Err(within(StudyError::Different { path: study.folder.clone(), differences, lesson: None }))
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

/// The comparison in a folder, as far as its runs are complete; `None` if there is none.
pub(super) fn comparison_in(folder: &Path) -> Result<Option<Comparison>, Failure> {
    let file = folder.join("study.toml");
    if !holds_runs(folder) || !file.is_file() {
        return Ok(None);
    }
    let named = |path: PathBuf| {
        let (sampler, seed) = path.file_name()?.to_str()?.rsplit_once('-')?;
        Some((sampler.to_owned(), seed.parse::<u64>().ok()?, path))
    };
    let mut found: Vec<(String, u64, PathBuf)> = begun_in(folder).filter_map(named).collect();
    let place = |name: &str| NAMES.iter().position(|known| *known == name);
    found.sort_by(|a, b| (place(&a.0), &a.0, a.1).cmp(&(place(&b.0), &b.0, b.1)));
    let mut records = Vec::new();
    for (sampler, seed, path) in &found {
        records.push((sampler, *seed, read_record(path)?));
    }
    let ended = |record: &StudyRecord| {
        let end = record.sessions().last().and_then(|session| session.end.as_deref());
        end.is_some_and(|end| [EndReason::Trials, EndReason::Space].iter().any(|reason| reason.label() == end))
    };
    let runs: Vec<ComparedRun<'_>> = records
        .iter()
        .map(|(sampler, seed, record)| ComparedRun { sampler, seed: *seed, record, complete: ended(record) })
        .collect();
    let name = read_spec(&file)?.name().to_owned();
    let comparison = Comparison::of(&runs, &ComparisonSettings { name, ..ComparisonSettings::default() });
    comparison.map(Some).map_err(Failure::nothing)
}

/// Whether a folder is that of a comparison and of no study.
pub(super) fn holds_runs(folder: &Path) -> bool {
    !store_path(folder).exists() && begun_in(folder).next().is_some()
}

fn answer(
    comparison: &Comparison,
    args: &CompareArgs,
    folder: &ResultsFolder,
    samplers: &[String],
) -> Result<(), Failure> {
    if AnswerFormat::is_json(args.json, args.format) {
        return print_data(json::comparison_text(comparison));
    }
    let report = folder.path().join("comparison.html").display().to_string();
    print(text::closing(comparison, &Closing { width: terminal_width(), report: Some(report) }))?;
    let others = other_samplers(folder.path(), samplers);
    if others.is_empty() || args.quiet {
        return Ok(());
    }
    print(format!("there are runs of {} too, which were not named and are not compared", others.join(", ")))
}

/// Samplers of which there are runs in the folder, but which were not named.
fn other_samplers(folder: &Path, samplers: &[String]) -> Vec<String> {
    let name = |path: PathBuf| Some(path.file_name()?.to_str()?.rsplit_once('-')?.0.to_owned());
    let mut others: Vec<String> = begun_in(folder).filter_map(name).filter(|name| !samplers.contains(name)).collect();
    others.sort();
    others.dedup();
    others
}

/// The folders of the studies that were begun in the folder of a comparison.
fn begun_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| store_path(path).exists())
}

/// Whether there is anything of a comparison to put aside.
fn holds_comparison(folder: &Path) -> bool {
    OUTPUTS.iter().any(|name| folder.join(name).exists()) || begun_in(folder).next().is_some()
}

/// Refuses a folder of something else, before anything is written to it.
fn refuse_other_contents(folder: &Path) -> Result<(), StudyError> {
    let own = folder.join("study.lock").exists();
    let foreign = |name: &&str| folder.join(name).exists() && (*name == "study.db" || !own);
    match ["study.db"].iter().chain(&OUTPUTS).find(|name| foreign(name)) {
        Some(name) => Err(StudyError::NotComparison { path: folder.to_owned(), file: (*name).to_owned() }),
        None => Ok(()),
    }
}
