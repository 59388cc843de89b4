//! A study from its file to its end: opened, run or gone on with, and written down.

pub(crate) mod check;
pub(crate) mod conduct;
mod control;
mod function;
mod live;
mod watch;
mod weights;

use std::path::PathBuf;

pub use control::ProcessControl;
pub use function::RunningTrial;
pub(super) use function::evaluator_of as function_of;

use self::check::{check_program, check_source};
use self::conduct::{Places, Work, conduct, limits_of, sampler_of, search};
use self::live::Live;
use self::watch::Watch;
use self::weights::{checkpoints_of, prunes};
use super::begin::{Opening, caveats};
use super::data::check_data;
use super::hardware::hardware;
use super::leftovers::home_of;
use super::outputs::write_outputs;
use super::{AppError, Finished, Notice, Observer, Study};
use crate::evaluation::Evaluator;
use crate::record::{DataSeen, StudyRecord};
use crate::study::store::SqliteStore;
use crate::study::{EndReason, Plan, ResultsFolder, store_path};
use crate::study_file::{StudySpec, TrialSource};

/// A study that is ready to run: its folder is locked, and its record is there.
#[derive(Debug)]
pub struct Begun {
    spec: StudySpec,
    file: PathBuf,
    data: Option<DataSeen>,
    folder: ResultsFolder,
    store: SqliteStore,
    record: StudyRecord,
}

impl Begun {
    /// Opens or creates the study. What a study without anything to run is for, only the caller knows.
    pub(super) fn of(study: &Study, has_function: bool, observer: &mut dyn Observer) -> Result<Self, AppError> {
        let (mut spec, path) = (study.checked()?, study.file.as_path());
        if !has_function {
            check_source(&spec)?;
        }
        check_program(&spec, path)?;
        let look = check_data(&spec, path)?;
        spec = look.settle(spec);
        let results = study.results_folder();
        if study.fresh || !store_path(&results).exists() {
            // Before there is a folder of a study that does not start.
            hardware(&spec)?.start()?;
        }
        let Opening { folder, mut store, mut record, lessons, aside } = Opening::of(study, &spec, observer)?;
        look.refuse_if_read_otherwise(&record, folder.path())?;
        let aged = look.told_of_older(&spec, &record);
        spec = spec.begun_with(&record.header().identity);
        caveats(&folder, &store).into_iter().for_each(|line| observer.notice(&Notice::Caveat(line)));
        let told = lessons.teach(aside.as_deref(), &mut store, &mut record)?;
        let remarks = look.lines().into_iter().map(Notice::Remark);
        aged.into_iter().chain(told).chain(remarks).for_each(|notice| observer.notice(&notice));
        tell_doubts(&spec, path, observer);
        if let Some(line) = who_proposes(&spec, &record) {
            observer.notice(&Notice::Remark(line));
        }
        Ok(Self { spec, file: path.to_owned(), data: look.data, folder, store, record })
    }

    /// The study file, with all that it left open settled.
    #[must_use]
    pub fn study_file(&self) -> &StudySpec {
        &self.spec
    }

    /// The study so far.
    #[must_use]
    pub fn record(&self) -> &StudyRecord {
        &self.record
    }

    /// Runs until the budget is spent, or somebody stops it, and writes the outputs.
    ///
    /// # Errors
    /// What is in the way of its trials, of its store, or of its outputs. Finished trials are stored whatever happens, and the outputs
    /// are written as far as they can be.
    pub fn run(mut self, control: &ProcessControl, observer: &mut dyn Observer) -> Result<Finished, AppError> {
        observer.opening(&self.record, self.spec.budget().trials);
        let end = self.search(control, observer);
        self.finish(end, observer)
    }

    /// The same with a function of this program that is evaluated.
    pub(super) fn run_function(
        mut self,
        evaluator: &mut dyn Evaluator,
        control: &ProcessControl,
        observer: &mut dyn Observer,
    ) -> Result<Finished, AppError> {
        observer.opening(&self.record, self.spec.budget().trials);
        let end = self.search_by(evaluator, control, observer);
        self.finish(end, observer)
    }

    fn finish(self, end: Result<EndReason, AppError>, observer: &mut dyn Observer) -> Result<Finished, AppError> {
        observer.closed(&self.record, end.as_ref().ok().copied());
        // Whatever ended the study, what it has found is worth a report.
        let written = write_outputs(&self.folder, &self.record, self.spec.carbon());
        let end = end?;
        written?;
        Ok(Finished {
            end,
            folder: self.folder.path().to_owned(),
            carbon: self.spec.carbon().clone(),
            record: self.record,
        })
    }

    fn search(&mut self, control: &ProcessControl, observer: &mut dyn Observer) -> Result<EndReason, AppError> {
        let kept = checkpoints_of(&self.spec, self.folder.path())?;
        let live = Some(Live::new(&self.folder, self.spec.carbon()));
        let weights = kept.as_deref().filter(|_| prunes(&self.spec));
        let mut watch = Watch { observer, live, weights };
        let home = home_of(&self.folder);
        let (results, data) = (self.folder.path(), self.data.as_ref());
        let places = Places { file: &self.file, kept: kept.as_deref(), results, home: &home, data };
        search(&self.spec, places, &mut self.store, &mut self.record, control, &mut watch, true)
    }

    fn search_by(
        &mut self,
        evaluator: &mut dyn Evaluator,
        control: &ProcessControl,
        observer: &mut dyn Observer,
    ) -> Result<EndReason, AppError> {
        let live = Some(Live::new(&self.folder, self.spec.carbon()));
        let mut watch = Watch { observer, live, weights: None };
        let sampler = sampler_of(&self.spec)?;
        let work = Work { plan: Plan::Search(&*sampler), evaluator, limits: limits_of(&self.spec), data: None };
        conduct(&self.spec, work, &mut self.store, &mut self.record, control, &mut watch)
    }
}

/// Evaluates trials of a study that has nothing to run by a function.
pub(super) fn run_function(
    study: &Study,
    evaluator: &mut dyn Evaluator,
    observer: &mut dyn Observer,
) -> Result<Finished, AppError> {
    let section = match study.spec.source() {
        TrialSource::Train(_) => "[train]",
        TrialSource::Command(_) => "[command]",
        TrialSource::None => {
            return Begun::of(study, true, observer)?.run_function(evaluator, &study.control, observer);
        }
    };
    let what = format!("the study file has {section}, but its trials are to be run by a function of this program");
    Err(AppError::wrong(what).advised("remove the section, or let the study run what it says"))
}

/// What is doubtful in the study file, a line each.
fn tell_doubts(spec: &StudySpec, path: &std::path::Path, observer: &mut dyn Observer) {
    for doubt in spec.doubts().iter().filter(|doubt| !doubt.is_remark()) {
        let line = doubt.place().map_or_else(String::new, |place| format!(":{}", place.line));
        let help = doubt.help().join("; ");
        observer.notice(&Notice::Doubt(format!("warning: {}{line}: {}; {help}", path.display(), doubt.kind())));
    }
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
