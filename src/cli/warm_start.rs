//! `--warm-start`: from the folders of earlier studies to what a study learns from.

use std::path::{Path, PathBuf};

use super::failure::Failure;
use super::open::read_record;
use crate::optimizer::sampler;
use crate::record::{EarlierStudy, StudyRecord};
use crate::study::store::Store;
use crate::study::{ResultsFolder, StudyError, begin_warm, learn, store_path};

/// Makes a study that begins learn from the studies in `folders`, or checks that it does already. Returns what there is
/// to tell about what it learns from.
pub(super) fn warm_start(
    folders: &[PathBuf],
    own: &ResultsFolder,
    store: &mut dyn Store,
    record: &mut StudyRecord,
) -> Result<Vec<String>, Failure> {
    let mut studies = Vec::new();
    for folder in folders {
        studies.push(read_earlier(folder, own, record)?);
    }
    begin_warm(store, record, studies)?;
    let mut lines: Vec<String> = record.earlier().iter().map(|study| format!("learns from {study}")).collect();
    let sampler = &record.header().sampler;
    if !lines.is_empty() && sampler::kind(sampler).is_some_and(|kind| !kind.learns_from_earlier) {
        lines.push(format!("the sampler {sampler} does not learn from earlier studies, so this is without effect"));
    }
    Ok(lines)
}

fn read_earlier(folder: &Path, own: &ResultsFolder, record: &StudyRecord) -> Result<EarlierStudy, Failure> {
    let name = folder.display().to_string();
    let same = |a: &Path, b: &Path| a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b);
    if same(folder, own.path()) {
        return Err(Failure::usage(format!("--warm-start {name}: a study cannot learn from itself")));
    }
    if !store_path(folder).exists() {
        // What it took over is in its own record, so that the folder may be gone by now.
        return match record.earlier().iter().find(|study| study.folder == name) {
            Some(known) => Ok(known.clone()),
            None => Err(StudyError::NoStudy { path: folder.to_owned() }.into()),
        };
    }
    Ok(learn(record.problem(), &read_record(folder)?, &name))
}
