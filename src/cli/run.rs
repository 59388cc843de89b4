//! `optimize STUDY.toml`: runs a study, or goes on with it.

use std::path::Path;

use super::args::RunArgs;
use super::failure::Failure;
use super::print::{print_closing, say, warn};
use super::progress::Progress;
use super::signals::control;
use super::terminal::Terminal;
use crate::analysis::StartUp;
use crate::app::{Observer, Study};
use crate::record::{StudyRecord, TrialRecord};
use crate::study::EndReason;

pub(super) fn run(args: &RunArgs) -> Result<(), Failure> {
    let Some(path) = &args.study else { return Err(Failure::usage("name a study file, such as studies/digits.toml")) };
    let study = asked_for(path, args.results.as_deref(), args.fresh, args.trials, &args.warm_start)?;
    let (mut progress, mut quiet) = (Progress::default(), Terminal::Quiet);
    let observer: &mut dyn Observer = if args.quiet { &mut quiet } else { &mut progress };
    let begun = study.begin(observer)?;
    let control = control(begun.study_file().trial().on_interrupt)?;
    let finished = begun.run(&control, observer)?;
    let (record, end) = (finished.record(), finished.end());
    print_closing(record, finished.carbon(), finished.results_folder())?;
    if let Some(advice) = StartUp::of(record).and_then(|found| found.advice()).filter(|_| !args.quiet) {
        say(&format!("note: {advice}"));
    }
    let has_front = record.trials().iter().any(|trial| record.is_feasible(trial));
    if !args.quiet && has_front {
        next_steps(path, args.results.as_deref()).iter().for_each(|line| say(line));
    }
    if end == EndReason::Interrupted {
        warn("stopped; run the same command again to go on");
        return Err(Failure::interrupted());
    }
    if record.trials().iter().all(|trial| trial.result().is_none()) {
        let reasons = reasons(record, args.quiet);
        return Err(Failure::nothing(format!("no trial has finished, so there is no front; {reasons}")));
    }
    if !has_front {
        return Err(Failure::nothing("no trial keeps all constraints, so there is no front; the table has all trials"));
    }
    Ok(())
}

/// The study that a command line speaks of.
pub(super) fn asked_for(
    file: &Path,
    results: Option<&Path>,
    fresh: bool,
    trials: Option<u64>,
    warm_start: &[std::path::PathBuf],
) -> Result<Study, Failure> {
    let mut study = Study::open(file)?;
    if let Some(trials) = trials {
        study = study.trials(trials);
    }
    if let Some(results) = results {
        study = study.results(results);
    }
    if fresh {
        study = study.fresh();
    }
    Ok(warm_start.iter().fold(study, Study::warm_start))
}

/// Where to read why nothing has finished: where nothing was told, the last reason itself.
pub(super) fn reasons(record: &StudyRecord, quiet: bool) -> String {
    match record.trials().iter().rev().find_map(TrialRecord::failure).filter(|_| quiet) {
        Some(last) => format!("the last failure is {}: {}", last.kind.label(), last.message),
        None => "the reasons stand above".to_owned(),
    }
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
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
