//! From the folders of earlier studies to what a study learns from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::begin::otherwise;
use super::open::read_record;
use super::{AppError, Notice, Observer};
use crate::optimizer::sampler;
use crate::optimizer::space::Value;
use crate::record::{EarlierStudy, StudyRecord};
use crate::study::store::{Store, StoreError};
use crate::study::{StudyError, Terms, begin_warm, inherit, learn_again, learn_by, refuse_useless, store_path};
use crate::study_file::{StudySpec, TrialSource};

/// What there is to learn in the folders that were named.
pub(crate) struct Lessons {
    studies: Vec<EarlierStudy>,
    /// Which of them are the results that `--fresh` moves aside.
    own: Vec<usize>,
    /// What the study file says otherwise than the study that is moved aside for it, a line each.
    changes: Vec<String>,
}

/// Reads what a study can learn from the studies in `folders`. Nothing is made, moved or written, so that a folder that
/// cannot be learned from leaves everything as it is. `results` is the study's own folder.
pub(crate) fn read_lessons(
    folders: &[PathBuf],
    spec: &StudySpec,
    results: &Path,
    fresh: bool,
    observer: &mut dyn Observer,
) -> Result<Lessons, AppError> {
    let mut lessons = Lessons { studies: Vec::new(), own: Vec::new(), changes: Vec::new() };
    if folders.is_empty() {
        return Ok(lessons);
    }
    let goes_on = !fresh && store_path(results).exists();
    let mut existing = if goes_on { begun(results, observer)? } else { None };
    let names_own = folders.iter().any(|folder| is_same(folder, results));
    if let Some(record) = existing.as_ref().filter(|_| names_own) {
        lessons.changes = otherwise(spec, record);
        if !lessons.changes.is_empty() {
            existing = None;
        }
    }
    for folder in folders {
        let name = folder.display().to_string();
        if !is_same(folder, results) {
            lessons.studies.push(read_earlier(folder, &name, spec, existing.as_ref(), observer)?);
        } else if let Some(known) = existing.as_ref().filter(|record| has_begun_anew(record, results)) {
            // It was moved aside for this study, which has its trials by now.
            lessons.studies.extend(known.earlier().iter().filter(|e| is_own(e, results, known)).cloned());
        } else if fresh || !lessons.changes.is_empty() {
            lessons.take_own(results, &name, spec, observer)?;
        } else {
            return Err(AppError::LearnsFromItself { folder: folder.clone(), aside: last_aside(results) });
        }
    }
    // Of a study that goes on, what it has learned is in its record.
    if existing.is_none() {
        refuse_useless(&lessons.studies).map_err(|error| match error {
            StudyError::NothingToLearn { folder, reason, .. } => {
                let useless = lessons.studies.iter().find(|study| study.folder == folder);
                let help = useless.and_then(advice_on_was);
                StudyError::NothingToLearn { folder, reason, help }
            }
            error => error,
        })?;
    }
    Ok(lessons)
}

/// The record of the study that is in its folder already; `None` if it was stopped before its first event.
fn begun(results: &Path, observer: &mut dyn Observer) -> Result<Option<StudyRecord>, StudyError> {
    match read_record(results, observer) {
        Ok(record) => Ok(Some(record)),
        Err(StudyError::NoStudy { .. } | StudyError::Store(StoreError::Empty { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    let absolute = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    absolute(a).ok().zip(absolute(b).ok()).is_some_and(|(a, b)| a == b)
}

/// Whether a study has learned from results that were moved aside for it.
fn has_begun_anew(record: &StudyRecord, results: &Path) -> bool {
    record.earlier().iter().any(|earlier| is_aside(&earlier.folder, results))
}

/// Whether it was taken over from the results that were moved aside, or was learned from there.
fn is_own(earlier: &EarlierStudy, results: &Path, record: &StudyRecord) -> bool {
    is_aside(&earlier.folder, results) || earlier.study.name == record.header().name
}

/// Whether a folder has the name that results get when they are moved aside, such as `digits.2`.
fn is_aside(folder: &str, results: &Path) -> bool {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    let (Some(folder), Some(results)) = (name(Path::new(folder)), name(results)) else { return false };
    folder.strip_prefix(&format!("{results}.")).is_some_and(|number| number.parse::<u32>().is_ok())
}

/// The newest results that were moved aside from a folder, if they are there: whoever was stopped just after that did not learn from them.
fn last_aside(results: &Path) -> Option<PathBuf> {
    let name = results.file_name()?.to_string_lossy().into_owned();
    let beside = (1u32..).map(|k| results.with_file_name(format!("{name}.{k}")));
    beside.take_while(|folder| folder.exists()).filter(|folder| store_path(folder).exists()).last()
}

/// The settings of the trainer that are the same in all trials of a study; none for a program, of which nobody knows any.
fn fixed_of(spec: &StudySpec) -> BTreeMap<String, Value> {
    match spec.source() {
        TrialSource::Train(train) => train.complete(spec.problem().space()),
        _ => BTreeMap::new(),
    }
}

/// What could be learned from a study that is in the way of another one.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// Its folder.
    pub folder: PathBuf,
    /// What could be taken over from it.
    pub known: EarlierStudy,
    /// What to write into the study file, so that more of it could be.
    pub advice: Option<String>,
}

/// Adds to the refusal of another study's folder what could be learned from it.
pub(crate) fn offer_lesson(error: AppError, spec: &StudySpec, store: &dyn Store) -> AppError {
    let AppError::OtherSettings { results, differences, .. } = error else { return error };
    let record = store.load().ok().and_then(|entries| StudyRecord::from_entries(entries).ok());
    let lesson = record.and_then(|record| lesson(spec, &record, &results)).map(Box::new);
    AppError::OtherSettings { results, differences, lesson }
}

fn lesson(spec: &StudySpec, record: &StudyRecord, folder: &Path) -> Option<Lesson> {
    if !sampler::kind(&spec.sampler().kind).is_some_and(|kind| kind.learns_from_earlier) {
        return None;
    }
    let fixed = fixed_of(spec);
    let terms = Terms { problem: spec.problem(), was: spec.was(), fixed: &fixed };
    let known = learn_by(terms, record, &folder.display().to_string());
    (known.finished() > 0).then(|| Lesson { folder: folder.to_owned(), advice: advice_on_was(&known), known })
}

/// What to write where trials had no value of a parameter.
fn advice_on_was(study: &EarlierStudy) -> Option<String> {
    let lacking =
        study.left_out.keys().filter_map(|reason| reason.strip_prefix("without a value of `")?.strip_suffix('`'));
    let names: Vec<String> = lacking.map(|name| format!("`{name}`")).collect();
    (!names.is_empty()).then(|| {
        format!("say in [space] what {} was in them, such as {{ float = [0.0, 0.5], was = 0.0 }}", names.join(" and "))
    })
}

fn read_earlier(
    folder: &Path,
    name: &str,
    spec: &StudySpec,
    existing: Option<&StudyRecord>,
    observer: &mut dyn Observer,
) -> Result<EarlierStudy, StudyError> {
    if !store_path(folder).exists() {
        // What it took over is in its own record, so that the folder may be gone by now.
        let known = existing.and_then(|record| record.earlier().iter().find(|study| study.folder == name));
        return known.cloned().ok_or_else(|| StudyError::NoStudy { path: folder.to_owned() });
    }
    let fixed = fixed_of(spec);
    let terms =
        Terms { problem: existing.map_or(spec.problem(), StudyRecord::problem), was: spec.was(), fixed: &fixed };
    let known = existing.map_or(&[][..], StudyRecord::earlier);
    Ok(learn_again(terms, &read_record(folder, observer)?, name, known))
}

impl Lessons {
    /// Takes what there is to learn in the study's own folder, also what that has learned from others.
    fn take_own(
        &mut self,
        results: &Path,
        name: &str,
        spec: &StudySpec,
        observer: &mut dyn Observer,
    ) -> Result<(), StudyError> {
        let record = read_record(results, observer)?;
        let fixed = fixed_of(spec);
        let terms = Terms { problem: spec.problem(), was: spec.was(), fixed: &fixed };
        let own = learn_by(terms, &record, name);
        let inherited = inherit(terms, &record);
        if inherited.is_empty() || !own.study.trials.is_empty() {
            self.own.push(self.studies.len());
            self.studies.push(own);
        }
        self.studies.extend(inherited);
        Ok(())
    }

    /// Whether the study that is there is moved aside, for the study file has become another.
    pub(crate) fn begin_anew(&self) -> bool {
        !self.changes.is_empty()
    }

    /// What has changed in the study file, if that is why the study begins anew.
    pub(crate) fn told_changes(&self) -> Option<Notice> {
        self.begin_anew().then(|| Notice::BeginsAnew { changes: self.changes.clone() })
    }

    /// Makes a study that begins learn from them, or checks that it does already. `aside` is where its old results are now.
    /// Returns what there is to tell about what it learns from.
    pub(crate) fn teach(
        mut self,
        aside: Option<&Path>,
        store: &mut dyn Store,
        record: &mut StudyRecord,
    ) -> Result<Vec<Notice>, StudyError> {
        if let Some(aside) = aside {
            self.own.iter().for_each(|i| self.studies[*i].folder = aside.display().to_string());
        }
        begin_warm(store, record, self.studies.clone())?;
        let earlier = record.earlier();
        let mut notices: Vec<Notice> =
            earlier.iter().map(|study| Notice::Remark(format!("learns from {study}"))).collect();
        let advice = earlier.iter().filter_map(advice_on_was);
        notices.extend(advice.map(|advice| Notice::Remark(format!("for those left out, {advice}"))));
        for (then, now) in earlier.iter().zip(&self.studies) {
            let (had, has) = (then.study.trials.len(), now.study.trials.len());
            if had != has {
                notices.push(Notice::GrownSince { then: then.clone(), now: has, folder: now.folder.clone() });
            }
        }
        let sampler = &record.header().sampler;
        if !notices.is_empty() && sampler::kind(sampler).is_some_and(|kind| !kind.learns_from_earlier) {
            let line = format!("the sampler {sampler} does not learn from earlier studies, so this is without effect");
            notices.push(Notice::Remark(line));
        }
        Ok(notices)
    }
}
