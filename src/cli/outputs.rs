//! The files that a study leaves beside its store.

use std::path::Path;

use super::failure::Failure;
use super::print::print;
use crate::carbon::Carbon;
use crate::record::StudyRecord;
use crate::report::text::{Closing, closing};
use crate::report::{csv, html};
use crate::study::{ResultsFolder, StudyError};

/// Writes the tables, the report and the environment anew.
pub(super) fn write_outputs(folder: &ResultsFolder, record: &StudyRecord, carbon: &Carbon) -> Result<(), StudyError> {
    folder.write("trials.csv", csv::trials(record).as_bytes())?;
    folder.write("front.csv", csv::front(record).as_bytes())?;
    folder.write("report.html", html::page(record, carbon).as_bytes())?;
    let environments: Vec<_> = record.sessions().iter().map(|session| &session.environment).collect();
    let json = serde_json::to_string_pretty(&environments).unwrap_or_default();
    folder.write("environment.json", (json + "\n").as_bytes())
}

/// Prints what the study came to.
pub(super) fn print_closing(record: &StudyRecord, carbon: &Carbon, folder: &Path) -> Result<(), Failure> {
    let report = folder.join("report.html").display().to_string();
    print(closing(record, carbon, &Closing { width: terminal_width(), report: Some(report) }))
}

/// Characters in a line of the terminal; 200 where there is none, for a file has room.
pub(super) fn terminal_width() -> usize {
    console::Term::stdout().size_checked().map_or(200, |(_, columns)| usize::from(columns))
}
