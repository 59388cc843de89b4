//! Trials of a study, run again in a store of their own within its results.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::origin::Origin;
use super::outputs::{OUTPUTS, write_confirmation};
use crate::analysis::confirmation::Confirmation;
use crate::app::begin::{begin_or_resume_as, caveats};
use crate::app::data::check_settings;
use crate::app::leftovers::{end_what_was_left, home_of};
use crate::app::open::open_store;
use crate::app::run::ProcessControl;
use crate::app::run::conduct::{Places, Work, conduct, limits_of};
use crate::app::{AppError, Notice, Observer};
use crate::evaluation::Evaluator;
use crate::optimizer::Seed;
use crate::optimizer::space::{Point, Value};
use crate::record::{Event, StudyRecord, TrialRecord};
use crate::study::store::Store;
use crate::study::{EndReason, Plan, Repeats, ResultsFolder, RunLimits, StudyError, store_path};
use crate::study_file::OnInterrupt;

/// What is wished for, whatever is run again.
pub(crate) struct Wish<'a> {
    /// The study file.
    pub(crate) file: &'a Path,
    /// The folder of the study's results, if it is not the one that belongs to the file.
    pub(crate) results: Option<&'a Path>,
    /// With how many new seeds each trial is run.
    pub(crate) seeds: u64,
    /// Whether earlier runs are moved aside.
    pub(crate) fresh: bool,
    /// How it is stopped: asked for once, just before the first run.
    pub(crate) control: &'a dyn Fn(OnInterrupt) -> Result<ProcessControl, AppError>,
}

/// Is told what happens while trials are run again.
pub(crate) trait RepeatObserver: Observer {
    /// What is to come: these trials of `study`, as often as `repeats` says, of which `record` has some already. `unchanged` says
    /// whether the runs are as they were in the study, which tells what they will take.
    fn repeating(
        &mut self,
        study: &StudyRecord,
        trials: &[u64],
        repeats: &Repeats,
        record: &StudyRecord,
        unchanged: bool,
    ) {
        let _ = (study, trials, repeats, record, unchanged);
    }
}

/// What came of it.
pub(crate) struct Confirmed {
    /// What holds of the figures.
    pub(crate) confirmation: Confirmation,
    /// Where it is kept.
    pub(crate) folder: PathBuf,
    /// Why it ended.
    pub(crate) end: EndReason,
    /// All runs.
    pub(crate) record: StudyRecord,
    /// Whether all was done before.
    pub(crate) nothing_left: bool,
}

/// What is run again, and where it is kept.
pub(super) struct Repeat<'a> {
    pub(super) origin: &'a Origin,
    pub(super) trials: &'a [u64],
    pub(super) folder: PathBuf,
    /// What it is for: that decides over the seeds.
    pub(super) kind: Kind,
    pub(super) wish: &'a Wish<'a>,
}

/// What trials are run again for.
pub(super) enum Kind {
    Confirm,
    /// With all settings of the training, and those of them that are otherwise than in the study.
    Train {
        settings: BTreeMap<String, Value>,
        changes: BTreeMap<String, Value>,
    },
}

impl Kind {
    fn changes(&self) -> Vec<String> {
        match self {
            Self::Confirm => Vec::new(),
            Self::Train { changes, .. } => changes.iter().map(|(name, value)| format!("{name} = {value}")).collect(),
        }
    }
}

/// Makes what evaluates the runs.
pub(super) type MakeEvaluator<'a> = &'a dyn Fn(Places<'_>) -> Result<Box<dyn Evaluator>, AppError>;

impl Repeat<'_> {
    /// Whether what is to be run can be run here.
    fn check(&self) -> Result<(), AppError> {
        match &self.kind {
            Kind::Confirm => self.origin.check(),
            Kind::Train { settings, .. } => {
                let look = check_settings(settings, &self.origin.spec)?;
                look.refuse_if_read_otherwise(&self.origin.record, &self.origin.results)
            }
        }
    }

    /// Runs what is not done, and writes the outputs.
    pub(super) fn run(
        &self,
        evaluator: MakeEvaluator<'_>,
        observer: &mut dyn RepeatObserver,
    ) -> Result<Confirmed, AppError> {
        // Where all is done already neither program nor data are needed.
        let goes_on = !self.wish.fresh && store_path(&self.folder).exists();
        if !goes_on {
            self.check()?;
        }
        let folder = self.open_folder(observer)?;
        let mut store = open_store(&folder, None)?;
        if store.load()?.is_empty() {
            folder.refuse_lost_trials(&OUTPUTS)?;
        }
        let mut record = begin_or_resume_as(self.created(), &mut store, &folder)?;
        caveats(&folder, &store).into_iter().for_each(|line| observer.notice(&Notice::Remark(line)));
        let mut points: Vec<Point> = Vec::new();
        for trial in self.trials.iter().filter_map(|id| self.origin.record.trial(*id)) {
            if !points.contains(&trial.point) {
                points.push(trial.point.clone());
            }
        }
        let repeats = Repeats { points, times: self.wish.seeds };
        let nothing_left = repeats.left(&record) == 0;
        let end = match nothing_left {
            true => Ok(EndReason::Space),
            false => self.conduct(&repeats, goes_on, &folder, &mut store, &mut record, evaluator, observer),
        };
        let tell =
            |trials: &[u64]| Confirmation::of(&self.origin.record, &record, trials).with_changes(self.kind.changes());
        // What was run for other calls is no less true.
        let written = write_confirmation(&folder, &tell(&self.all_run(&record)));
        let confirmation = tell(self.trials);
        let end = end?;
        written?;
        Ok(Confirmed { confirmation, folder: self.folder.clone(), end, record, nothing_left })
    }

    fn open_folder(&self, observer: &mut dyn RepeatObserver) -> Result<ResultsFolder, AppError> {
        let folder = ResultsFolder::open(&self.folder)?;
        end_what_was_left(&folder, observer);
        let (folder, aside) = if self.wish.fresh { folder.set_aside()? } else { (folder, None) };
        if let Some(to) = aside {
            observer.notice(&Notice::MovedAside { to });
        }
        match OUTPUTS.iter().find(|name| !folder.has_study() && self.folder.join(name).exists()) {
            Some(name) => Err(StudyError::Occupied { path: self.folder.clone(), file: (*name).to_owned() }.into()),
            None => Ok(folder),
        }
    }

    /// The trials that are asked for, and those of the study that were run before.
    fn all_run(&self, record: &StudyRecord) -> Vec<u64> {
        let ran = |trial: &&TrialRecord| trial.result().is_some() && record.trials_of(&trial.point).next().is_some();
        let before = self.origin.record.trials().iter().filter(ran).map(|trial| trial.id);
        let mut all = self.trials.to_vec();
        all.extend(before.filter(|id| !self.trials.contains(id)));
        all
    }

    /// The first event of these runs.
    fn created(&self) -> Event {
        let study = self.origin.record.header();
        let mut identity = study.identity.clone();
        // None of these seeds has been seen by the search, and those of one kind by the other.
        let number = match &self.kind {
            Kind::Confirm => u64::MAX,
            Kind::Train { .. } => u64::MAX - 1,
        };
        identity["again"] = match &self.kind {
            Kind::Confirm => serde_json::json!({}),
            Kind::Train { changes, .. } => serde_json::json!({ "trial": self.trials, "settings": changes }),
        };
        Event::StudyCreated {
            name: study.name.clone(),
            seed: Seed(study.seed.of_trial(number)),
            problem: self.origin.record.problem().clone(),
            sampler: "again".to_owned(),
            identity,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each is another thing, and they are together nowhere else")]
    fn conduct(
        &self,
        repeats: &Repeats,
        goes_on: bool,
        folder: &ResultsFolder,
        store: &mut dyn Store,
        record: &mut StudyRecord,
        evaluator: MakeEvaluator<'_>,
        observer: &mut dyn RepeatObserver,
    ) -> Result<EndReason, AppError> {
        if goes_on {
            self.check()?;
        }
        let spec = &self.origin.spec;
        let control = (self.wish.control)(spec.trial().on_interrupt)?;
        let unchanged = self.kind.changes().is_empty();
        observer.repeating(&self.origin.record, self.trials, repeats, record, unchanged);
        let limits = RunLimits {
            // The budget is that of the search.
            trials: None,
            seconds: None,
            joules: None,
            hard: false,
            initial: self.trials.len() as u64,
            ..limits_of(spec)
        };
        let home = home_of(folder);
        let places = Places { file: &self.origin.file, kept: None, results: folder.path(), home: &home, data: None };
        let mut evaluator = evaluator(places)?;
        let work = Work { plan: Plan::Repeat(repeats), evaluator: &mut *evaluator, limits, data: None };
        let end = conduct(spec, work, store, record, &control, observer);
        observer.closed(record, end.as_ref().ok().copied());
        end
    }
}
