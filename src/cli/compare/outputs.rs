//! The files that a comparison leaves beside the folders of its studies.

use crate::analysis::contest::Contest;
use crate::report::contest::{csv, json};
use crate::report::html;
use crate::study::{ResultsFolder, StudyError};

/// Their names.
pub(super) const OUTPUTS: [&str; 7] =
    ["study.toml", "comparison.html", "comparison.json", "samplers.csv", "runs.csv", "curves.csv", "attainment.csv"];

/// Writes the page and the tables anew.
pub(super) fn write_comparison(folder: &ResultsFolder, contest: &Contest) -> Result<(), StudyError> {
    folder.write("comparison.html", html::contest_page(contest).as_bytes())?;
    folder.write("comparison.json", json::contest_text(contest).as_bytes())?;
    folder.write("samplers.csv", csv::samplers(contest).as_bytes())?;
    folder.write("runs.csv", csv::runs(contest).as_bytes())?;
    folder.write("curves.csv", csv::curves(contest).as_bytes())?;
    folder.write("attainment.csv", csv::attainment(contest).as_bytes())
}
