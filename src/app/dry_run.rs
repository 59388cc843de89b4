//! The first trial of a study, of which nothing is stored.

use std::path::{Path, PathBuf};

use super::AppError;
use super::begin::created;
use super::leftovers::home_of;
use super::run::ProcessControl;
use super::run::conduct::{Places, Work, conduct, evaluator_of, limits_of, sampler_of};
use super::words::duration;
use crate::analysis::{Provenance, Quantity, StartUp};
use crate::energy::units::Joules;
use crate::optimizer::history::FailureKind;
use crate::record::{StudyRecord, TRIAL_PHASE, TrialRecord, TrialState};
use crate::study::store::{MemoryStore, Store};
use crate::study::{EndReason, PRINTED, Plan, ResultsFolder, RunLimits, StudyError};
use crate::study_file::{EnergyFrom, StudySpec, TrialSource};

/// What came of it.
pub(crate) struct DryRun {
    /// What it told and took, a line each.
    pub(crate) lines: Vec<String>,
    /// Where what it printed is kept, if it printed something.
    pub(crate) output: Option<PathBuf>,
    /// Whether a study could begin with it.
    pub(crate) verdict: Result<(), AppError>,
}

/// Runs it and says what it told and took.
pub(crate) fn dry_run(spec: &StudySpec, path: &Path, control: &ProcessControl) -> Result<DryRun, AppError> {
    let results = tempfile::Builder::new().prefix("wattfront-dry-run-").tempdir();
    let results =
        results.map_err(|error| AppError::failed(format!("there is no place for temporary files: {error}")))?;
    let folder = ResultsFolder::open(results.path())?;
    let mut store = MemoryStore::default();
    let entry = store.append(created(spec)).map_err(StudyError::Store)?;
    let mut record = StudyRecord::from_entries([entry]).map_err(StudyError::Record)?;
    let sampler = sampler_of(spec)?;
    let home = home_of(&folder);
    let mut evaluator =
        evaluator_of(spec, Places { file: path, kept: None, results: results.path(), home: &home, data: None })?;
    let is_net = |name: &String| name.split('.').any(|part| part == "net");
    let problem = spec.problem();
    let mut metrics =
        problem.objectives().iter().map(|o| &o.metric).chain(problem.constraints().iter().map(|c| &c.metric));
    let needs_rest = metrics.any(is_net);
    let own = limits_of(spec);
    let limits = RunLimits {
        trials: Some(1),
        seconds: None,
        joules: None,
        hard: false,
        attempts: 1,
        idle: own.idle.filter(|_| needs_rest),
        cool_down: None,
        gives_up: false,
        ..own
    };
    let work = Work { plan: Plan::Search(&*sampler), evaluator: &mut *evaluator, data: None, limits };
    let end = conduct(spec, work, &mut store, &mut record, control, &mut ());
    drop(folder);
    // What it printed may be looked at later.
    let output = results.path().join("output");
    if output.is_dir() {
        drop(results.keep());
    }
    let trial = record.trials().last();
    let lines = trial.map(|trial| tell(spec, &record, trial)).unwrap_or_default();
    Ok(DryRun { lines, output: output.is_dir().then_some(output), verdict: verdict(end, trial) })
}

fn verdict(end: Result<EndReason, AppError>, trial: Option<&TrialRecord>) -> Result<(), AppError> {
    if end? == EndReason::Interrupted {
        return Err(AppError::Stopped);
    }
    match trial.and_then(TrialRecord::failure) {
        None => Ok(()),
        Some(failure) if failure.kind == FailureKind::BadMetrics => Err(AppError::Hopeless {
            what: "the trial ended, but without what is searched for; the study would stop at once".to_owned(),
        }),
        Some(_) => Err(AppError::nothing("the trial failed; the reason stands above")),
    }
}

/// What there is to say of the trial, a line each.
fn tell(spec: &StudySpec, record: &StudyRecord, trial: &TrialRecord) -> Vec<String> {
    let row = |title: &str, text: String| format!("  {title:<12}{text}");
    let mut lines = vec![row("point", record.problem().space().describe(&trial.point))];
    match &trial.state {
        TrialState::Finished(result) => {
            let shown = |(name, value): (&String, &f64)| {
                let quantity = Quantity::of(record, name);
                format!("{} {}", quantity.name(), quantity.show(*value))
            };
            let metrics: Vec<String> = result.metrics.iter().map(shown).collect();
            lines.push(row("metrics", metrics.join(", ")));
        }
        TrialState::Failed(failure) | TrialState::Waiting(failure) => {
            // Here it is elsewhere, which is told below.
            let message = failure.message.split(PRINTED).next().unwrap_or_default().trim_end_matches(['\n', ' ', ';']);
            lines.push(row("FAILED", format!("{}: {message}", failure.kind.label())));
        }
        TrialState::Running => {}
    }
    let Some(spent) = trial.spent.last() else { return lines };
    lines.push(row("time", format!("{}, from start to end", precisely(spent.seconds))));
    let provenance = |window| Provenance::of_window(window).map_or_else(String::new, |from| format!(" ({from})"));
    let counts = trial.energy().filter(|window| window.seconds < spent.seconds);
    lines.push(row(
        "energy",
        match spent.total() {
            None => "could not be metered".to_owned(),
            Some(joules) => {
                let part = counts.and_then(|window| Some((window.total()?, window.seconds)));
                let part = part
                    .map(|(part, seconds)| format!(", of which {part} in {} count as `energy`", precisely(seconds)));
                format!("{joules}{}{}", provenance(spent), part.unwrap_or_default())
            }
        },
    ));
    let other_phases =
        trial.result().map(|r| r.energy.keys().filter(|name| *name != TRIAL_PHASE).cloned().collect::<Vec<_>>());
    if let Some(phases) = other_phases.filter(|phases| !phases.is_empty()) {
        lines.push(row("phases", phases.join(", ")));
    }
    if let (TrialSource::Command(_), true) = (spec.source(), trial.result().is_some()) {
        lines.push(row("start-up", start_up(spec, record, counts.is_some())));
    }
    // How long one takes that ends well is not known by one that failed.
    let ended_well = trial.result().is_some();
    lines
        .extend(ended_well.then(|| buys(spec, spent.seconds, spent.total())).flatten().map(|text| row("budget", text)));
    lines
}

fn start_up(spec: &StudySpec, record: &StudyRecord, is_marked: bool) -> String {
    let found = StartUp::of(record);
    match (found, found.and_then(|found| found.advice())) {
        (_, Some(advice)) => advice,
        (Some(found), None) => {
            let what = if found.joules.is_some() { "energy" } else { "time" };
            format!("about {:.0} % of its {what} passed before the first step", 100.0 * found.share())
        }
        _ if spec.trial().energy_from == EnergyFrom::FirstStep => {
            "not counted: energy_from = \"first-step\"".to_owned()
        }
        _ if is_marked => "not counted: the program marks the phase `trial`".to_owned(),
        _ => "not known: the program tells no two lines with a step, such as {\"step\": 0, \"loss\": 0.7}".to_owned(),
    }
}

/// How many such trials the budget has room for.
fn buys(spec: &StudySpec, seconds: f64, joules: Option<Joules>) -> Option<String> {
    let budget = spec.budget();
    let times = |whole: f64, part: f64| if part > 0.0 { (whole / part).floor() } else { f64::INFINITY };
    let by_time = budget.seconds.map(|limit| ("time", times(limit, seconds)));
    let by_energy = budget.joules.and_then(|limit| Some(("energy", times(limit, joules?.0))));
    let by_trials = budget.trials.map(|trials| ("trials", trials as f64));
    let (limit, trials) = [by_trials, by_time, by_energy].into_iter().flatten().min_by(|a, b| a.1.total_cmp(&b.1))?;
    if trials < 1.0 {
        return Some(format!("its {limit} is less than one such trial takes"));
    }
    let joules = joules.map_or_else(String::new, |joules| format!(" and {}", Joules(joules.0 * trials)));
    let about =
        format!("about {trials:.0} such trials, by its {limit}: {}{joules} in trials", duration(seconds * trials));
    Some(about)
}

/// Seconds for people: tenths where there are few.
fn precisely(seconds: f64) -> String {
    if seconds < 60.0 { format!("{seconds:.1} s") } else { duration(seconds) }
}
