//! `optimize STUDY.toml`: runs a study, or goes on with it.

use std::path::{Path, PathBuf};

use super::args::RunArgs;
use super::conduct::{Places, check_program, check_source, sampler_of, search};
use super::failure::Failure;
use super::hardware::hardware;
use super::leftovers::{end_what_was_left, home_of};
use super::live::Live;
use super::open::{open_store, read_spec, results_of};
use super::outputs::{print_closing, write_outputs};
use super::print::{say, warn};
use super::progress::Progress;
use super::signals::catch_signals;
use super::training::{Pruning, check_data, checkpoints_of, prunes};
use super::warm_start::{offer_lesson, read_lessons};
use crate::analysis::StartUp;
use crate::energy;
use crate::record::{DataSeen, Event, StudyRecord, TrialRecord};
use crate::study::store::{SqliteStore, Store};
use crate::study::{EndReason, OUTPUTS, ResultsFolder, RunObserver, StudyError, store_path};
use crate::study_file::{StudySpec, differences};

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
    let look = check_data(&spec, path)?;
    spec = look.settle(spec);
    let results = args.results.clone().unwrap_or_else(|| results_of(&spec));
    if args.fresh || !store_path(&results).exists() {
        // Before there is a folder of a study that does not start.
        hardware(&spec)?.start()?;
    }
    let lessons = read_lessons(&args.warm_start, &spec, &results, args.fresh)?;
    let (folder, aside) = open_folder(&spec, &results, args.fresh || lessons.begin_anew())?;
    lessons.told_changes().iter().for_each(|changes| say(changes));
    if let Some(aside) = aside.as_ref().filter(|_| !args.quiet) {
        say(&format!("the old results are now in {}", aside.display()));
    }
    let mut store = open_store(&folder, None)?;
    let begun = begin_or_resume(&spec, &mut store, &folder);
    let mut record = begun.map_err(|error| offer_lesson(error, &spec, &store))?;
    look.refuse_if_read_otherwise(&record, folder.path())?;
    let aged = look.told_of_older(&spec, &record);
    spec = spec.begun_with(&record.header().identity);
    caveats(&folder, &store).iter().for_each(|line| say(line));
    let told = lessons.teach(aside.as_deref(), &mut store, &mut record)?;
    if !args.quiet {
        aged.iter().for_each(|line| say(line));
        told.iter().chain(&look.lines()).for_each(|line| say(line));
        warn_of_doubts(&spec, path);
        who_proposes(&spec, &record).iter().for_each(|line| say(line));
    }
    let end = run_study(&spec, (path, look.data.as_ref()), &folder, args.quiet, &mut store, &mut record);
    // Whatever ended the study, what it has found is worth a report.
    let written = write_outputs(&folder, &record, spec.carbon());
    let end = end?;
    written?;
    print_closing(&record, spec.carbon(), folder.path())?;
    if let Some(advice) = StartUp::of(&record).and_then(|found| found.advice()).filter(|_| !args.quiet) {
        say(&format!("note: {advice}"));
    }
    if !args.quiet && record.trials().iter().any(|trial| record.is_feasible(trial)) {
        next_steps(path, args.results.as_deref()).iter().for_each(|line| say(line));
    }
    if record.trials().iter().all(|trial| trial.result().is_none()) && end != EndReason::Interrupted {
        let reasons = reasons(&record, args.quiet);
        return Err(Failure::nothing(format!("no trial has finished, so there is no front; {reasons}")));
    }
    if !record.trials().iter().any(|trial| record.is_feasible(trial)) && end != EndReason::Interrupted {
        return Err(Failure::nothing("no trial keeps all constraints, so there is no front; the table has all trials"));
    }
    if end == EndReason::Interrupted {
        warn("stopped; run the same command again to go on");
        return Err(Failure::interrupted());
    }
    Ok(())
}

/// Where to read why nothing has finished: where nothing was told, the last reason itself.
pub(super) fn reasons(record: &StudyRecord, quiet: bool) -> String {
    match record.trials().iter().rev().find_map(TrialRecord::failure).filter(|_| quiet) {
        Some(last) => format!("the last failure is {}: {}", last.kind.label(), last.message),
        None => "the reasons stand above".to_owned(),
    }
}

/// What is doubtful in the study file, a line each; `check` shows the places.
fn warn_of_doubts(spec: &StudySpec, path: &Path) {
    for doubt in spec.doubts().iter().filter(|doubt| !doubt.is_remark()) {
        let line = doubt.place().map_or_else(String::new, |place| format!(":{}", place.line));
        let help = doubt.help().join("; ");
        warn(&format!("warning: {}{line}: {}; {help}", path.display(), doubt.kind()));
    }
}

/// The results folder of a study, locked, and where the old results are if `fresh` moved them aside.
pub(super) fn open_folder(
    spec: &StudySpec,
    results: &Path,
    fresh: bool,
) -> Result<(ResultsFolder, Option<PathBuf>), StudyError> {
    let folder = ResultsFolder::open(results)?;
    end_what_was_left(&folder);
    let (folder, aside) = if fresh { folder.set_aside()? } else { (folder, None) };
    if !folder.has_study() {
        folder.refuse_foreign_files(spec.text())?;
    } else if folder.has_empty_store() {
        // Before it is made a store of.
        folder.refuse_lost_trials(&OUTPUTS)?;
    }
    Ok((folder, aside))
}

/// What is to be known of the place where the study is kept, a line each.
pub(super) fn caveats(folder: &ResultsFolder, store: &SqliteStore) -> Vec<String> {
    let hollow = store.was_hollow().then(|| {
        format!(
            "{} was there but empty; the study begins anew (if it had trials, stop this and bring back the file with its study.db-wal)",
            folder.store_path().display()
        )
    });
    folder.caveat().into_iter().chain(hollow).collect()
}

/// Creates the study, or loads it if it is the same.
pub(super) fn begin_or_resume(
    spec: &StudySpec,
    store: &mut dyn Store,
    folder: &ResultsFolder,
) -> Result<StudyRecord, StudyError> {
    let mut entries = store.load()?;
    if entries.is_empty() {
        folder.refuse_lost_trials(&OUTPUTS)?;
        folder.write("study.toml", spec.text().as_bytes())?;
        entries.push(store.append(created(spec))?);
    }
    let record = StudyRecord::from_entries(entries)?;
    let differences = differences(&record.header().identity, &spec.identity_beside(&record.header().identity));
    if differences.is_empty() {
        folder.write("study.toml", spec.text().as_bytes())?;
        return prefer_anew(spec, store, record);
    }
    let lines = differences.iter().map(|d| format!("  {d}")).collect();
    Err(StudyError::Different { path: folder.path().to_owned(), differences: lines, lesson: None })
}

/// The first event of a study.
pub(super) fn created(spec: &StudySpec) -> Event {
    Event::StudyCreated {
        name: spec.name().to_owned(),
        seed: spec.seed(),
        problem: spec.problem().clone(),
        sampler: spec.sampler().kind.clone(),
        identity: spec.identity_with(energy::watts_per_core()),
    }
}

/// Notes in the record that the study file prefers something else than before; what is preferred may change.
fn prefer_anew(spec: &StudySpec, store: &mut dyn Store, mut record: StudyRecord) -> Result<StudyRecord, StudyError> {
    let preferences = spec.problem().preferences().to_vec();
    if record.problem().preferences() != preferences {
        record.apply(store.append(Event::PreferencesChanged { preferences })?)?;
    }
    Ok(record)
}

/// What can be asked of a study that has a front, ready to paste.
fn next_steps(path: &Path, results: Option<&Path>) -> Vec<String> {
    let results = results.map_or_else(String::new, |results| format!(" --results {}", quoted(results)));
    let study = format!("{}{results}", quoted(path));
    vec![
        format!("next        optimize pick {study}      one configuration of the front, ready to paste"),
        format!("            optimize confirm {study}   the front again with new seeds: what of it holds"),
    ]
}

/// A path as a shell reads it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// How many of the trials of the budget are to be the initial design's, said before the first of them.
fn who_proposes(spec: &StudySpec, record: &StudyRecord) -> Option<String> {
    let sampler = sampler_of(spec).ok()?;
    let initial = sampler.initial(record.problem(), &record.history())? as u64;
    let name = sampler.name();
    let trials = spec.budget().trials.filter(|_| record.trials().is_empty())?;
    Some(match trials.checked_sub(initial) {
        None | Some(0) => format!(
            "all {trials} trials are of the initial design, so {name} learns from none of them: more `trials` in [budget], or a smaller \
             `initial` in [sampler]"
        ),
        Some(rest) => format!("{initial} trials of the initial design, then {rest} that {name} proposes"),
    })
}

fn run_study(
    spec: &StudySpec,
    (path, data): (&Path, Option<&DataSeen>),
    folder: &ResultsFolder,
    quiet: bool,
    store: &mut dyn Store,
    record: &mut StudyRecord,
) -> Result<EndReason, Failure> {
    let told = catch_signals(spec.trial().on_interrupt).map_err(Failure::other)?;
    let mut progress = Progress::new(spec.budget().trials).beside(Live::new(folder, spec.carbon()));
    let mut live = Live::new(folder, spec.carbon());
    let observer: &mut dyn RunObserver = if quiet { &mut live } else { &mut progress };
    let before = record.counted_trials();
    let kept = checkpoints_of(spec, folder.path())?;
    let mut pruning = None;
    let observer = match &kept {
        Some(folder) if prunes(spec) => pruning.insert(Pruning { observer, folder: folder.clone() }),
        _ => observer,
    };
    let places = Places { file: path, kept: kept.as_deref(), results: folder.path(), home: &home_of(folder), data };
    let end = search(spec, places, store, record, &told, observer, true);
    progress.finish();
    let end = end?;
    if !quiet && (record.counted_trials() == before || end != EndReason::Trials) {
        say(&why_it_ended(end, record, spec));
    }
    Ok(end)
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
