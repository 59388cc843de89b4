//! The files that a study leaves beside its store.

use std::fs;
use std::path::Path;

use crate::carbon::Carbon;
use crate::record::StudyRecord;
use crate::report::study::{csv, live_page, page};
use crate::report::utc;
use crate::study::{ResultsFolder, StudyError};

/// Writes the tables, the report and the environment anew.
pub(crate) fn write_outputs(folder: &ResultsFolder, record: &StudyRecord, carbon: &Carbon) -> Result<(), StudyError> {
    outputs(record, carbon, None).try_for_each(|(name, text)| folder.write(name, text.as_bytes()))
}

/// The same of a study that runs: the page says so, and loads itself again.
pub(crate) fn write_live(folder: &ResultsFolder, record: &StudyRecord, carbon: &Carbon) -> Result<(), StudyError> {
    outputs(record, carbon, Some(now())).try_for_each(|(name, text)| folder.write(name, text.as_bytes()))
}

/// The same where another process runs the study, which goes on writing them itself. Returns the time as of which they are, in words.
pub(crate) fn write_beside(folder: &Path, record: &StudyRecord, carbon: &Carbon) -> Result<String, StudyError> {
    let now = now();
    for (name, text) in outputs(record, carbon, Some(now)) {
        ResultsFolder::write_beside(folder, name, text.as_bytes())?;
    }
    Ok(utc(now))
}

/// Seconds since 1970.
fn now() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// Writes those of them that are missing or not what they should be, for whoever has run the study may have been stopped amid
/// them. What another process runs is left to that one.
pub(crate) fn mend_outputs(folder: &Path, record: &StudyRecord, carbon: &Carbon) -> Result<(), StudyError> {
    let is_there = |name: &str, text: &str| fs::read(folder.join(name)).is_ok_and(|bytes| bytes == text.as_bytes());
    let wrong: Vec<_> = outputs(record, carbon, None).filter(|(name, text)| !is_there(name, text)).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    match ResultsFolder::open(folder) {
        Ok(folder) => wrong.iter().try_for_each(|(name, text)| folder.write(name, text.as_bytes())),
        Err(StudyError::Locked { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The files by their names, each made when its turn comes; `running` is the time as of which they are.
fn outputs<'a>(
    record: &'a StudyRecord,
    carbon: &'a Carbon,
    running: Option<f64>,
) -> impl Iterator<Item = (&'static str, String)> + 'a {
    let environments = |record: &StudyRecord| {
        let environments: Vec<_> = record.sessions().iter().map(|session| &session.environment).collect();
        serde_json::to_string_pretty(&environments).unwrap_or_default() + "\n"
    };
    ["trials.csv", "front.csv", "report.html", "environment.json"].into_iter().map(move |name| {
        let text = match name {
            "trials.csv" => csv::trials(record),
            "front.csv" => csv::front(record),
            "report.html" => match running {
                Some(now) => live_page(record, carbon, now),
                None => page(record, carbon),
            },
            _ => environments(record),
        };
        (name, text)
    })
}
