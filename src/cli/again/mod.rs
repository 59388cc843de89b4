//! Trials of a study run again with other seeds: `optimize confirm` and `optimize train`.

mod changes;
mod confirm;
mod progress;
mod train;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) use confirm::confirm;
pub(super) use train::train;

use self::progress::AgainProgress;
use super::conduct::{Work, check_program, check_source, conduct, limits_of};
use super::failure::Failure;
use super::leftovers::{end_what_was_left, home_of};
use super::open::{open_store, read_record, read_spec, results_of};
use super::outputs::terminal_width;
use super::print::{print, print_data, say, warn};
use super::run::{caveats, reasons};
use super::signals::catch_signals;
use super::training::{check_data, check_settings};
use crate::analysis::confirmation::Confirmation;
use crate::app::repeat::outputs::{OUTPUTS, write_confirmation};
use crate::evaluation::Objective;
use crate::optimizer::Seed;
use crate::optimizer::space::{Point, Value};
use crate::record::{Event, StudyRecord, TrialRecord};
use crate::report::confirmation::{json, text};
use crate::report::text::Closing;
use crate::study::store::Store;
use crate::study::{EndReason, Limits, Plan, Repeats, ResultsFolder, RunObserver, StudyError, store_path};
use crate::study_file::{StudySpec, differences};

/// More seeds than anybody has the patience for are a slip of the finger.
const MOST_SEEDS: u64 = 1000;

/// A study of which trials are run again.
struct Origin {
    spec: StudySpec,
    file: PathBuf,
    results: PathBuf,
    record: StudyRecord,
}

impl Origin {
    /// The study of this file, as it stands in its results.
    fn of(file: &Path, results: Option<&Path>, seeds: u64) -> Result<Self, Failure> {
        let spec = read_spec(file)?;
        if !(1..=MOST_SEEDS).contains(&seeds) {
            return Err(Failure::usage(format!("--seeds must be from 1 to {MOST_SEEDS}")));
        }
        let results = results.map_or_else(|| results_of(&spec), Path::to_owned);
        let record = read_record(&results)?;
        let stored = &record.header().identity;
        let found: Vec<String> =
            differences(stored, &spec.identity_beside(stored)).iter().map(|d| format!("  {d}")).collect();
        if !found.is_empty() {
            return Err(Failure::with_code(
                Failure::CONFLICT,
                format!(
                    "the study in {} is another one than {}:\n{}\nput the file back as it was, or name the results of \
                     this study with --results",
                    results.display(),
                    file.display(),
                    found.join("\n")
                ),
            ));
        }
        check_source(&spec)?;
        let spec = spec.begun_with(stored);
        // They may have changed since the study was last run.
        let record = record.preferring(spec.problem().preferences().to_vec());
        Ok(Self { spec, file: file.to_owned(), results, record })
    }

    /// Whether its trials can be run here.
    fn check(&self) -> Result<(), Failure> {
        check_program(&self.spec, &self.file)?;
        let look = check_data(&self.spec, &self.file)?;
        look.refuse_if_read_otherwise(&self.record, &self.results)
    }

    /// A finished trial.
    fn trial(&self, id: u64) -> Result<&TrialRecord, Failure> {
        let trial = self.record.trial(id).ok_or_else(|| {
            let last = self.record.trials().iter().map(|trial| trial.id).max();
            let range = last.map_or_else(|| "it has none yet".to_owned(), |last| format!("there are 0 to {last}"));
            Failure::usage(format!("the study has no trial {id}: {range}"))
        })?;
        if trial.result().is_none() {
            return Err(Failure::usage(format!("trial {id} has no result: it is {}", trial.state.label())));
        }
        Ok(trial)
    }
}

/// What is run again, and where it is kept.
struct Again<'a> {
    origin: &'a Origin,
    trials: &'a [u64],
    seeds: u64,
    folder: PathBuf,
    /// What the command is: it decides over the seeds.
    command: Command,
    fresh: bool,
    quiet: bool,
    json: bool,
}

/// Which command runs trials again.
enum Command {
    Confirm,
    /// With all settings of the training, and those of them that are otherwise than in the study.
    Train {
        settings: BTreeMap<String, Value>,
        changes: BTreeMap<String, Value>,
    },
}

impl Command {
    fn changes(&self) -> Vec<String> {
        match self {
            Self::Confirm => Vec::new(),
            Self::Train { changes, .. } => changes.iter().map(|(name, value)| format!("{name} = {value}")).collect(),
        }
    }
}

impl Again<'_> {
    /// Whether what is to be run can be run here.
    fn check(&self) -> Result<(), Failure> {
        match &self.command {
            Command::Confirm => self.origin.check(),
            Command::Train { settings, .. } => {
                let look = check_settings(settings, &self.origin.spec)?;
                look.refuse_if_read_otherwise(&self.origin.record, &self.origin.results)
            }
        }
    }

    /// Runs what is not done, writes the outputs and prints them.
    fn run(
        &self,
        objective: impl FnOnce(&ResultsFolder, &str) -> Result<Box<dyn Objective>, Failure>,
    ) -> Result<(), Failure> {
        let quiet = self.quiet || self.json;
        // Where all is done already neither program nor data are needed.
        let goes_on = !self.fresh && store_path(&self.folder).exists();
        if !goes_on {
            self.check()?;
        }
        let folder = ResultsFolder::open(&self.folder)?;
        end_what_was_left(&folder);
        let (folder, aside) = if self.fresh { folder.set_aside()? } else { (folder, None) };
        if let Some(aside) = aside.filter(|_| !quiet) {
            say(&format!("the old results are now in {}", aside.display()));
        }
        if !folder.has_study()
            && let Some(name) = OUTPUTS.iter().find(|name| self.folder.join(name).exists())
        {
            let (path, file) = (self.folder.clone(), (*name).to_owned());
            return Err(StudyError::Occupied { path, file }.into());
        }
        let mut store = open_store(&folder, None)?;
        if store.load().map_err(StudyError::Store)?.is_empty() {
            folder.refuse_lost_trials(&OUTPUTS)?;
        }
        let mut record = self.begin_or_resume(&mut store)?;
        if !quiet {
            caveats(&folder, &store).iter().for_each(|line| say(line));
        }
        let mut points: Vec<Point> = Vec::new();
        for trial in self.trials.iter().filter_map(|id| self.origin.record.trial(*id)) {
            if !points.contains(&trial.point) {
                points.push(trial.point.clone());
            }
        }
        let repeats = Repeats { points, times: self.seeds };
        let nothing_left = repeats.left(&record) == 0;
        let end = self.conduct(&repeats, goes_on, &mut store, &mut record, || objective(&folder, &home_of(&folder)));
        let tell = |trials: &[u64]| {
            Confirmation::of(&self.origin.record, &record, trials).with_changes(self.command.changes())
        };
        // What was run for other calls is no less true.
        let written = write_confirmation(&folder, &tell(&self.all_run(&record)));
        let confirmation = tell(self.trials);
        let end = end?;
        written?;
        if self.json {
            print_data(json::confirmation_text(&confirmation))?;
        } else {
            let report = folder.path().join("report.html").display().to_string();
            print(text::closing(&confirmation, &Closing { width: terminal_width(), report: Some(report) }))?;
        }
        if end == EndReason::Interrupted {
            warn("stopped; run the same command again to go on");
            return Err(Failure::interrupted());
        }
        if confirmation.members.iter().all(|member| member.failures() == member.runs.len()) {
            let hint = match nothing_left {
                true => "nothing was left to run; once the reason is mended, --fresh starts anew".to_owned(),
                false => reasons(&record, quiet),
            };
            return Err(Failure::nothing(format!("no trial has finished with any new seed; {hint}")));
        }
        Ok(())
    }

    /// The trials that are asked for, and those of the study that were run before.
    fn all_run(&self, record: &StudyRecord) -> Vec<u64> {
        let ran = |trial: &&TrialRecord| trial.result().is_some() && record.trials_of(&trial.point).next().is_some();
        let before = self.origin.record.trials().iter().filter(ran).map(|trial| trial.id);
        let mut all = self.trials.to_vec();
        all.extend(before.filter(|id| !self.trials.contains(id)));
        all
    }

    fn begin_or_resume(&self, store: &mut dyn Store) -> Result<StudyRecord, Failure> {
        let study = &self.origin.record;
        let mut identity = study.header().identity.clone();
        // None of these seeds has been seen by the search, and those of one command by the other.
        let number = match &self.command {
            Command::Confirm => u64::MAX,
            Command::Train { .. } => u64::MAX - 1,
        };
        identity["again"] = match &self.command {
            Command::Confirm => serde_json::json!({}),
            Command::Train { changes, .. } => serde_json::json!({ "trial": self.trials, "settings": changes }),
        };
        let mut entries = store.load().map_err(StudyError::Store)?;
        if entries.is_empty() {
            let event = Event::StudyCreated {
                name: study.header().name.clone(),
                seed: Seed(study.header().seed.of_trial(number)),
                problem: study.problem().clone(),
                sampler: "again".to_owned(),
                identity: identity.clone(),
            };
            entries.push(store.append(event).map_err(StudyError::Store)?);
        }
        let record = StudyRecord::from_entries(entries).map_err(StudyError::Record)?;
        let found = differences(&record.header().identity, &identity);
        if found.is_empty() {
            return Ok(record);
        }
        let differences = found.iter().map(|d| format!("  {d}")).collect();
        Err(StudyError::Different { path: self.folder.clone(), differences, lesson: None }.into())
    }

    fn conduct(
        &self,
        repeats: &Repeats,
        goes_on: bool,
        store: &mut dyn Store,
        record: &mut StudyRecord,
        objective: impl FnOnce() -> Result<Box<dyn Objective>, Failure>,
    ) -> Result<EndReason, Failure> {
        if repeats.left(record) == 0 {
            return Ok(EndReason::Space);
        }
        if goes_on {
            self.check()?;
        }
        let told = catch_signals(self.origin.spec.trial().on_interrupt).map_err(Failure::other)?;
        let quiet = self.quiet || self.json;
        let mut progress =
            AgainProgress::new(&self.origin.record, self.trials, repeats, self.command.changes().is_empty());
        if !quiet {
            progress.begin(record);
        }
        let mut nobody = ();
        let observer: &mut dyn RunObserver = if quiet { &mut nobody } else { &mut progress };
        let limits = Limits {
            // The budget is that of the search.
            trials: None,
            seconds: None,
            joules: None,
            hard: false,
            initial: self.trials.len() as u64,
            ..limits_of(&self.origin.spec)
        };
        let mut objective = objective()?;
        let work = Work { plan: Plan::Repeat(repeats), objective: &mut *objective, limits, data: None };
        let end = conduct(&self.origin.spec, work, store, record, &told, observer);
        progress.finish();
        end
    }
}
