//! `--warm-start`: from the folders of earlier studies to what a study learns from.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::open::read_record;
use crate::optimizer::sampler;
use crate::record::{EarlierStudy, StudyRecord};
use crate::study::spec::StudySpec;
use crate::study::store::{Store, StoreError};
use crate::study::{StudyError, begin_warm, learn, refuse_useless, store_path};

/// What there is to learn in the folders of `--warm-start`.
pub(super) struct Lessons {
    studies: Vec<EarlierStudy>,
    /// Which of them are the results that `--fresh` moves aside.
    own: Vec<usize>,
}

/// Reads what a study can learn from the studies in `folders`. Nothing is made, moved or written, so that a folder that
/// cannot be learned from leaves everything as it is. `results` is the study's own folder.
pub(super) fn read_lessons(
    folders: &[PathBuf],
    spec: &StudySpec,
    results: &Path,
    fresh: bool,
) -> Result<Lessons, Failure> {
    let mut lessons = Lessons { studies: Vec::new(), own: Vec::new() };
    if folders.is_empty() {
        return Ok(lessons);
    }
    let goes_on = !fresh && store_path(results).exists();
    let existing = if goes_on { begun(results)? } else { None };
    for folder in folders {
        let name = folder.display().to_string();
        if is_same(folder, results) {
            if !fresh {
                return Err(Failure::usage(format!(
                    "--warm-start {name}: a study cannot learn from itself; with --fresh it begins anew and learns from \
                     what is there now"
                )));
            }
            lessons.own.push(lessons.studies.len());
        }
        lessons.studies.push(read_earlier(folder, &name, spec, existing.as_ref())?);
    }
    // Of a study that goes on, what it has learned is in its record.
    if existing.is_none() {
        refuse_useless(&lessons.studies)?;
    }
    Ok(lessons)
}

/// The record of the study that is in its folder already; `None` if it was stopped before its first event.
fn begun(results: &Path) -> Result<Option<StudyRecord>, StudyError> {
    match read_record(results) {
        Ok(record) => Ok(Some(record)),
        Err(StudyError::NoStudy { .. } | StudyError::Store(StoreError::Empty { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

fn is_same(a: &Path, b: &Path) -> bool {
    let absolute = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path));
    absolute(a).ok().zip(absolute(b).ok()).is_some_and(|(a, b)| a == b)
}

fn read_earlier(
    folder: &Path,
    name: &str,
    spec: &StudySpec,
    existing: Option<&StudyRecord>,
) -> Result<EarlierStudy, StudyError> {
    if !store_path(folder).exists() {
        // What it took over is in its own record, so that the folder may be gone by now.
        let known = existing.and_then(|record| record.earlier().iter().find(|study| study.folder == name));
        return known.cloned().ok_or_else(|| StudyError::NoStudy { path: folder.to_owned() });
    }
    let problem = existing.map_or(spec.problem(), StudyRecord::problem);
    Ok(learn(problem, &read_record(folder)?, name))
}

impl Lessons {
    /// Makes a study that begins learn from them, or checks that it does already. `aside` is where its old results are now.
    /// Returns what there is to tell about what it learns from.
    pub(super) fn teach(
        mut self,
        aside: Option<&Path>,
        store: &mut dyn Store,
        record: &mut StudyRecord,
    ) -> Result<Vec<String>, StudyError> {
        if let Some(aside) = aside {
            self.own.iter().for_each(|i| self.studies[*i].folder = aside.display().to_string());
        }
        begin_warm(store, record, self.studies.clone())?;
        let mut lines: Vec<String> = record.earlier().iter().map(|study| format!("learns from {study}")).collect();
        for (known, now) in record.earlier().iter().zip(&self.studies) {
            let (had, has) = (known.study.trials.len(), now.study.trials.len());
            if had != has {
                lines.push(format!(
                    "learned from {had} trials of `{}` when it began; the folder {} now has {has}, which count only for a \
                     study that begins anew (--fresh)",
                    known.study.name, now.folder
                ));
            }
        }
        let sampler = &record.header().sampler;
        if !lines.is_empty() && sampler::kind(sampler).is_some_and(|kind| !kind.learns_from_earlier) {
            lines.push(format!("the sampler {sampler} does not learn from earlier studies, so this is without effect"));
        }
        Ok(lines)
    }
}
