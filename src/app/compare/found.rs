//! What of a comparison is in a folder.

use std::path::{Path, PathBuf};

use super::outputs::OUTPUTS;
use crate::analysis::comparison::{ComparedRun, Comparison, ComparisonSettings};
use crate::app::open::{read_record, read_spec};
use crate::app::{AppError, Observer};
use crate::optimizer::sampler::NAMES;
use crate::record::StudyRecord;
use crate::study::{EndReason, StudyError, store_path};

/// The comparison in a folder, as far as its runs are complete; `None` if there is none.
pub(crate) fn comparison_in(folder: &Path, observer: &mut dyn Observer) -> Result<Option<Comparison>, AppError> {
    let file = folder.join("study.toml");
    if !holds_runs(folder) || !file.is_file() {
        return Ok(None);
    }
    let named = |path: PathBuf| {
        let (sampler, seed) = path.file_name()?.to_str()?.rsplit_once('-')?;
        Some((sampler.to_owned(), seed.parse::<u64>().ok()?, path))
    };
    let mut found: Vec<(String, u64, PathBuf)> = begun_in(folder).filter_map(named).collect();
    let place = |name: &str| NAMES.iter().position(|known| *known == name);
    found.sort_by(|a, b| (place(&a.0), &a.0, a.1).cmp(&(place(&b.0), &b.0, b.1)));
    let mut records = Vec::new();
    for (sampler, seed, path) in &found {
        records.push((sampler, *seed, read_record(path, observer)?));
    }
    let ended = |record: &StudyRecord| {
        let end = record.sessions().last().and_then(|session| session.end.as_deref());
        end.is_some_and(|end| [EndReason::Trials, EndReason::Space].iter().any(|reason| reason.label() == end))
    };
    let runs: Vec<ComparedRun<'_>> = records
        .iter()
        .map(|(sampler, seed, record)| ComparedRun { sampler, seed: *seed, record, complete: ended(record) })
        .collect();
    let name = read_spec(&file)?.name().to_owned();
    let comparison = Comparison::of(&runs, &ComparisonSettings { name, ..ComparisonSettings::default() });
    comparison.map(Some).map_err(AppError::nothing)
}

/// Whether a folder is that of a comparison and of no study.
pub(crate) fn holds_runs(folder: &Path) -> bool {
    !store_path(folder).exists() && begun_in(folder).next().is_some()
}

/// Whether a folder is that of a comparison: runs of samplers, each named by its sampler and seed, beside their study file. Other
/// folders hold studies, too.
pub(crate) fn is_comparison(folder: &Path) -> bool {
    let file = folder.join("study.toml").is_file();
    file && !store_path(folder).exists() && begun_in(folder).any(|path| sampler_and_seed(&path).is_some())
}

/// The sampler and the seed that the folder of a run is named by.
fn sampler_and_seed(run: &Path) -> Option<(String, u64)> {
    let (sampler, seed) = run.file_name()?.to_str()?.rsplit_once('-')?;
    let known = NAMES.contains(&sampler);
    Some((sampler.to_owned(), seed.parse().ok()?)).filter(|_| known)
}

/// Samplers of which there are runs in the folder, but which were not named.
pub(super) fn other_samplers(folder: &Path, samplers: &[String]) -> Vec<String> {
    let name = |path: PathBuf| Some(path.file_name()?.to_str()?.rsplit_once('-')?.0.to_owned());
    let mut others: Vec<String> = begun_in(folder).filter_map(name).filter(|name| !samplers.contains(name)).collect();
    others.sort();
    others.dedup();
    others
}

/// The folders of the studies that were begun in the folder of a comparison.
pub(super) fn begun_in(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| store_path(path).exists())
}

/// Whether there is anything of a comparison to put aside.
pub(super) fn holds_comparison(folder: &Path) -> bool {
    OUTPUTS.iter().any(|name| folder.join(name).exists()) || begun_in(folder).next().is_some()
}

/// Refuses a folder of something else, before anything is written to it.
pub(super) fn refuse_other_contents(folder: &Path) -> Result<(), StudyError> {
    let own = folder.join("study.lock").exists();
    let foreign = |name: &&str| folder.join(name).exists() && (*name == "study.db" || !own);
    match ["study.db"].iter().chain(&OUTPUTS).find(|name| foreign(name)) {
        Some(name) => Err(StudyError::NotComparison { path: folder.to_owned(), file: (*name).to_owned() }),
        None => Ok(()),
    }
}
