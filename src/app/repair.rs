//! What is whole of a damaged study, in a new folder.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::begin::created;
use super::open::{MOST, read_record, read_spec, results_of};
use super::outputs::write_outputs;
use super::{AppError, Observer};
use crate::carbon::Carbon;
use crate::guard;
use crate::optimizer::space::Value;
use crate::record::Event;
use crate::study::store::{Repair, Salvage, SqliteStore};
use crate::study::{ResultsFolder, StudyError, is_in_use, store_path};
use crate::study_file::{StudySpec, TrialSource, stored_defaults};
use crate::training::Defaults;

/// What came of a repair.
pub(crate) enum Repaired {
    /// There was nothing to repair.
    Whole {
        /// The folder.
        folder: PathBuf,
        /// How many events it has.
        events: u64,
        /// How many trials.
        trials: usize,
    },
    /// What is whole is in a new folder.
    Kept {
        /// What that is.
        repair: Box<Repair>,
        /// The damaged folder, which is as it was.
        folder: PathBuf,
        /// The new one.
        target: PathBuf,
    },
}

/// Repairs the study of a results folder, of its `study.db`, or of a study file; `to` is the new folder.
pub(crate) fn repair(
    study: &Path,
    results: Option<&Path>,
    to: Option<&Path>,
    observer: &mut dyn Observer,
) -> Result<Repaired, AppError> {
    let folder = folder_of(study, results)?;
    if is_in_use(&folder) {
        return Err(StudyError::Locked { path: folder, owner: None }.into());
    }
    // It may be no more than a file that was named study.db.
    let sound = read_record(&folder, observer).ok().filter(|_| SqliteStore::try_out(&store_path(&folder)).is_ok());
    if let Some(record) = sound {
        return Ok(Repaired::Whole { folder, events: record.last_seq(), trials: record.trials().len() });
    }
    let path = store_path(&folder);
    let salvage = Salvage::of(&path).map_err(|error| {
        AppError::failed(format!("{} cannot be read: {error}", path.display()))
            .advised("copy what can be read of it, and repair the copy")
    })?;
    if salvage.entries.is_empty() {
        let place = path.display();
        return Err(AppError::nothing(format!(
            "no event of a study is whole in {place} and its log: nothing was changed"
        )));
    }
    let repair = Repair::of(salvage, begin_of(&folder)).ok_or_else(|| {
        AppError::nothing(format!(
            "the begin of the study is not whole in {}, and there is no study.toml beside it to begin with: nothing was changed",
            path.display()
        ))
        .advised("put the study file there under that name and run this again")
    })?;
    let target = target_of(&folder, to)?;
    let new = ResultsFolder::open(&target)?;
    repair.write(&new.store_path()).map_err(StudyError::Store)?;
    if let Some(text) = study_file(&folder) {
        new.write("study.toml", text.as_bytes())?;
    }
    let carbon = spec_of(&folder).map_or_else(Carbon::default, |spec| spec.carbon().clone());
    write_outputs(&new, &repair.record, &carbon)?;
    Ok(Repaired::Kept { repair: Box::new(repair), folder, target })
}

impl Repaired {
    /// For programs.
    pub(crate) fn json(&self) -> serde_json::Value {
        match self {
            Self::Whole { events, trials, .. } => json!({ "whole": true, "events": events, "trials": trials }),
            Self::Kept { repair, target, .. } => as_json(repair, target),
        }
    }

    /// For people, but for how to go on.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Whole { folder, events, trials } => format!(
                "the study in {} is whole: {events} events of {trials} trials, each as it was stored; there is nothing to repair",
                folder.display()
            ),
            Self::Kept { repair, folder, target } => in_words(repair, folder, target),
        }
    }
}

/// A folder stands for itself, `study.db` for the folder it is in, a study file for the folder of its study.
fn folder_of(study: &Path, results: Option<&Path>) -> Result<PathBuf, AppError> {
    if let Some(folder) = results {
        return Ok(folder.to_owned());
    }
    if study.file_name().is_some_and(|name| name == "study.db" || name == "study.db-wal") {
        let folder = study.parent().filter(|folder| !folder.as_os_str().is_empty());
        return Ok(folder.unwrap_or(Path::new(".")).to_owned());
    }
    if study.is_dir() { Ok(study.to_owned()) } else { Ok(results_of(&read_spec(study)?)) }
}

/// A folder that is new, or empty.
fn target_of(folder: &Path, asked: Option<&Path>) -> Result<PathBuf, AppError> {
    let free = |path: &Path| std::fs::read_dir(path).map_or(!path.exists(), |mut entries| entries.next().is_none());
    if let Some(path) = asked {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        if absolute(path) != absolute(folder) && absolute(path).starts_with(absolute(folder)) {
            let what = format!("is in {}", folder.display());
            let help = "the damaged folder stays as it is; name one outside of it";
            return Err(AppError::RepairTo { folder: path.to_owned(), what, help });
        }
        return match free(path) {
            true => Ok(path.to_owned()),
            false => Err(AppError::RepairTo {
                folder: path.to_owned(),
                what: "is not empty, and repairing writes over nothing".to_owned(),
                help: "name a new folder",
            }),
        };
    }
    let whole = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names = std::iter::once(format!("{name}.repaired")).chain((2..).map(|k| format!("{name}.repaired-{k}")));
    let mut candidates = names.map(|name| folder.join("..").join(name)).map(|path| tidy(folder, &path));
    candidates.find(|path| free(path)).ok_or_else(|| AppError::RepairTo {
        folder: folder.to_owned(),
        what: "has no free name beside it".to_owned(),
        help: "name a new folder",
    })
}

/// `a/b.repaired` for `a/b` and `a/b/../b.repaired`, so that messages can be read.
fn tidy(folder: &Path, path: &Path) -> PathBuf {
    match (folder.file_name(), path.file_name()) {
        (Some(_), Some(name)) => folder.with_file_name(name),
        _ => path.to_owned(),
    }
}

/// The text of the copy of the study file, if there is one.
fn study_file(folder: &Path) -> Option<String> {
    guard::file::read_text(&folder.join("study.toml"), MOST).ok()
}

fn spec_of(folder: &Path) -> Option<StudySpec> {
    let text = study_file(folder)?;
    StudySpec::parse(&text, "study.toml").ok()
}

/// What the study began with, by its study file, should its first event be lost.
fn begin_of(folder: &Path) -> Option<Event> {
    let spec = spec_of(folder)?;
    // What it had settled is lost with it.
    let is_table = match spec.source() {
        TrialSource::Train(train) => {
            train.settings.get("dataset").and_then(Value::as_str).is_some_and(looks_like_a_table)
        }
        _ => false,
    };
    let spec = spec.with_defaults_left_open(Defaults::for_samples(!is_table));
    Some(created(&spec))
}

/// Whether a data set is a table, as far as its name tells.
fn looks_like_a_table(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.ends_with(".csv") || name.ends_with(".tsv")
}

fn as_json(repair: &Repair, target: &Path) -> serde_json::Value {
    json!({
        "whole": false,
        "folder": target,
        "events": repair.entries.len(),
        "unchecked_events": repair.unchecked,
        "lost_events": repair.lost,
        "orphaned_events": repair.orphans,
        "begin_from_study_file": repair.begun_anew,
        "trials": repair.record.trials().len(),
        "finished_trials": finished(repair),
        "unfinished_trials": repair.open,
        "lost_trials": repair.without_begin,
    })
}

fn finished(repair: &Repair) -> usize {
    repair.record.trials().iter().filter(|trial| trial.result().is_some()).count()
}

fn in_words(repair: &Repair, folder: &Path, target: &Path) -> String {
    let mut lines = vec![format!(
        "kept: {} events of {} trials, {} of them finished, in {}; {} is untouched",
        repair.entries.len(),
        repair.record.trials().len(),
        finished(repair),
        target.display(),
        folder.display()
    )];
    if repair.lost.is_empty() {
        lines.push("lost: no event; all are whole, and only what held them together was not".to_owned());
    } else {
        lines.push(format!("lost: {}", listed("event", &repair.lost)));
    }
    if repair.begun_anew {
        lines.push("the begin of the study is that of its study.toml, for its own is lost".to_owned());
        let identity = &repair.record.header().identity;
        if identity.get("train").is_some() {
            let Defaults { preprocessing, initialization } = stored_defaults(identity);
            lines.push(format!(
                "what that leaves open is as in a study of today: preprocessing {}, initialization {}; one that began with an earlier \
                 version had none and kaiming",
                preprocessing.name(),
                initialization.name()
            ));
        }
    }
    if !repair.without_begin.is_empty() {
        let trials = listed("trial", &repair.without_begin);
        lines.push(format!("lost: {trials}, whose configuration is not known any more"));
    }
    if !repair.orphans.is_empty() {
        let what = listed("event", &repair.orphans);
        lines.push(format!("left out: {what}, whole but about what is lost"));
    }
    if !repair.open.is_empty() {
        lines.push(format!("unfinished: {}, to be run again when the study goes on", listed("trial", &repair.open)));
    }
    if repair.unchecked > 0 {
        lines.push(format!(
            "{} of the events kept are of an early version and have no checksum, so nobody can say whether they are as they were",
            repair.unchecked
        ));
    }
    lines.push("weights and other files were not copied".to_owned());
    lines.join("\n")
}

/// Such as `trials 3, 5 to 9`.
fn listed(what: &str, numbers: &[u64]) -> String {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for &number in numbers {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == number => *end = number,
            _ => ranges.push((number, number)),
        }
    }
    let ranges: Vec<_> = ranges
        .into_iter()
        .map(|(begin, end)| match end - begin {
            0 => begin.to_string(),
            1 => format!("{begin}, {end}"),
            _ => format!("{begin} to {end}"),
        })
        .collect();
    let plural = if numbers.len() == 1 { "" } else { "s" };
    format!("{what}{plural} {}", ranges.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_listed_in_ranges() {
        assert_eq!(listed("trial", &[3]), "trial 3");
        assert_eq!(listed("event", &[1, 2, 5, 6, 7, 9]), "events 1, 2, 5 to 7, 9");
    }

    #[test]
    fn the_new_folder_is_beside_the_old_one() {
        let above = tempfile::tempdir().unwrap();
        let folder = above.path().join("digits");
        std::fs::create_dir(&folder).unwrap();
        assert_eq!(target_of(&folder, None).unwrap(), above.path().join("digits.repaired"));
        std::fs::create_dir(above.path().join("digits.repaired")).unwrap();
        assert_eq!(target_of(&folder, None).unwrap(), above.path().join("digits.repaired"), "an empty one will do");
        std::fs::write(above.path().join("digits.repaired/study.db"), "x").unwrap();
        assert_eq!(target_of(&folder, None).unwrap(), above.path().join("digits.repaired-2"));
        assert!(target_of(&folder, Some(&above.path().join("digits.repaired"))).is_err());
        assert!(target_of(&folder, Some(&folder.join("new"))).is_err(), "never in the old one");
    }
}
