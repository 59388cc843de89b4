//! A whole study in somebody's own program.

use std::path::{Path, PathBuf};

use super::open::{read_record, read_spec, results_of};
use super::run::{Begun, ProcessControl, RunningTrial, function_of, run_function};
use super::{AppError, Observer};
use crate::analysis::Summary;
use crate::carbon::Carbon;
use crate::evaluation::EvaluationFailure;
use crate::optimizer::problem::Metrics;
use crate::record::{StudyRecord, TrialRecord};
use crate::study::store::StoreError;
use crate::study::{EndReason, StudyError};
use crate::study_file::StudySpec;

/// A study by its file, as `optimize STUDY.toml` runs it: proposed, metered, stored, and written down in a results folder.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # let file = folder.path().join("parabola.toml");
/// # std::fs::write(&file, r#"
/// # name = "parabola"
/// # [budget]
/// # trials = 4
/// # [[objective]]
/// # metric = "loss"
/// # goal = "minimize"
/// # [space]
/// # x = { float = [-1.0, 1.0] }
/// # [command]
/// # argv = ["sh", "-c", "echo \"{{\\\"loss\\\": 0.5}}\"", "{x}"]
/// # "#)?;
/// # let results = folder.path().join("results");
/// use wattfront::Study;
///
/// let finished = Study::open(&file)?.results(&results).run(&mut ())?;
/// for trial in finished.front() {
///     println!("{}", trial.point);
/// }
/// assert_eq!(finished.record().counted_trials(), 4);
/// # Ok(())
/// # }
/// ```
///
/// # Stopping it
///
/// A study catches no signals, and leaves the process as it is: see [`ProcessControl`]. From another thread, or from a handler of Ctrl-C,
/// it is stopped by raising what [`interrupt`](Self::interrupt) gives: the trial that runs is ended and stored as interrupted, and
/// the next call goes on.
#[derive(Debug, Clone)]
pub struct Study {
    pub(super) spec: StudySpec,
    pub(super) file: PathBuf,
    pub(super) results: Option<PathBuf>,
    pub(super) fresh: bool,
    pub(super) warm_start: Vec<PathBuf>,
    pub(super) control: ProcessControl,
}

impl Study {
    /// Reads and checks a study file. Nothing is made or written before the study [runs](Self::run).
    ///
    /// # Errors
    /// [`AppError::NoFile`] if it cannot be read, [`AppError::File`] with each mistake and its place if it is wrong.
    pub fn open(file: impl AsRef<Path>) -> Result<Self, AppError> {
        let file = file.as_ref().to_owned();
        let spec = read_spec(&file)?;
        let control = ProcessControl::default();
        Ok(Self { spec, file, results: None, fresh: false, warm_start: Vec::new(), control })
    }

    /// The same with another number of trials than its file's. More than before extends the study.
    #[must_use]
    pub fn trials(mut self, trials: u64) -> Self {
        self.spec = self.spec.with_trials(trials);
        self
    }

    /// The same with its results in this folder. Default: `results/NAME`, in the current folder.
    #[must_use]
    pub fn results(mut self, folder: impl AsRef<Path>) -> Self {
        self.results = Some(folder.as_ref().to_owned());
        self
    }

    /// The same begun anew. Results that are there are kept under another name.
    #[must_use]
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// The same with the trials of an earlier study to learn from, given by its results folder; again for several of them. They
    /// are read once, when the study begins.
    #[must_use]
    pub fn warm_start(mut self, folder: impl AsRef<Path>) -> Self {
        self.warm_start.push(folder.as_ref().to_owned());
        self
    }

    /// The same under this control.
    #[must_use]
    pub fn controlled_by(mut self, control: ProcessControl) -> Self {
        self.control = control;
        self
    }

    /// What stops it: raise it from another thread.
    #[must_use]
    pub fn interrupt(&self) -> crate::study::Interrupt {
        self.control.interrupt()
    }

    /// The study file as it was read.
    #[must_use]
    pub fn study_file(&self) -> &StudySpec {
        &self.spec
    }

    /// Where its results are, or will be.
    #[must_use]
    pub fn results_folder(&self) -> PathBuf {
        self.results.clone().unwrap_or_else(|| results_of(&self.spec))
    }

    /// The study as it stands in its results folder; `None` if it has not begun. It may be running at the same time.
    ///
    /// # Errors
    /// What is wrong with its store.
    pub fn record(&self) -> Result<Option<StudyRecord>, AppError> {
        match read_record(&self.results_folder(), &mut ()) {
            Ok(record) => Ok(Some(record)),
            Err(StudyError::NoStudy { .. } | StudyError::Store(StoreError::Empty { .. })) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The trials that no other beats in all objectives, as the study stands; none if it has not begun.
    ///
    /// # Errors
    /// What is wrong with its store.
    pub fn front(&self) -> Result<Vec<TrialRecord>, AppError> {
        let record = self.record()?;
        Ok(record.map(|record| front_of(&record).into_iter().cloned().collect()).unwrap_or_default())
    }

    /// Opens the study, creates it, or goes on with it, and runs it until its budget is spent or somebody stops it. Then the report
    /// and the tables are written. Trials that are done are never done again.
    ///
    /// # Errors
    /// An [`AppError`] for all that `optimize` refuses: a program that is not there, results of another study, energy that is asked
    /// for and not metered, trial after trial that fails alike. Finished trials are stored whatever happens.
    pub fn run(&self, observer: &mut dyn Observer) -> Result<Finished, AppError> {
        self.begin(observer)?.run(&self.control, observer)
    }

    /// The same of a study file with neither `[train]` nor `[command]`: each trial is a call of `evaluate` in this process, which
    /// returns its metrics, or why there are none. The call is metered: what this process and its children draw meanwhile.
    ///
    /// Other threads of this process are metered with it where the processor's energy is estimated. A panic is a failure of the trial.
    /// Nobody can end a call from outside: where the study file has a `timeout`, and to stop early, `evaluate` asks
    /// [`RunningTrial::must_end`] now and then.
    ///
    /// # Errors
    /// As for [`run`](Self::run), and [`AppError::Wrong`] for a study file that says what to run.
    pub fn run_with(
        &self,
        evaluate: impl FnMut(&mut RunningTrial<'_>) -> Result<Metrics, EvaluationFailure>,
        observer: &mut dyn Observer,
    ) -> Result<Finished, AppError> {
        run_function(self, &mut function_of(evaluate), observer)
    }

    /// Opens the study, creates it, or goes on with it, up to where its first trial would begin.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub fn begin(&self, observer: &mut dyn Observer) -> Result<Begun, AppError> {
        Begun::of(self, false, observer)
    }

    /// The study file, if what was asked for makes sense.
    pub(super) fn checked(&self) -> Result<StudySpec, AppError> {
        match self.spec.budget().trials {
            Some(0) => Err(AppError::NoTrials),
            _ => Ok(self.spec.clone()),
        }
    }
}

/// A study that has run: what came of it.
#[derive(Debug, Clone)]
pub struct Finished {
    pub(super) end: EndReason,
    pub(super) folder: PathBuf,
    pub(super) carbon: Carbon,
    pub(super) record: StudyRecord,
}

impl Finished {
    /// Why it ended.
    #[must_use]
    pub fn end(&self) -> EndReason {
        self.end
    }

    /// The whole study.
    #[must_use]
    pub fn record(&self) -> &StudyRecord {
        &self.record
    }

    /// The trials that no other beats in all objectives.
    #[must_use]
    pub fn front(&self) -> Vec<&TrialRecord> {
        front_of(&self.record)
    }

    /// The one that `optimize pick` recommends: the front's knee, within the preferences; `None` if there is no front.
    #[must_use]
    pub fn recommended(&self) -> Option<&TrialRecord> {
        self.record.trial(Summary::of(&self.record).pick?)
    }

    /// The folder of its results, with `report.html`, `trials.csv` and `front.csv`.
    #[must_use]
    pub fn results_folder(&self) -> &Path {
        &self.folder
    }

    /// What its joules stand for.
    #[must_use]
    pub fn carbon(&self) -> &Carbon {
        &self.carbon
    }
}

fn front_of(record: &StudyRecord) -> Vec<&TrialRecord> {
    Summary::of(record).front.into_iter().filter_map(|id| record.trial(id)).collect()
}
