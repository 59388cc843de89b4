//! The files that a comparison leaves beside the folders of its studies.

use crate::analysis::comparison::Comparison;
use crate::report::comparison::{comparison_page, csv, json};
use crate::study::{ResultsFolder, StudyError};

/// Their names.
pub(crate) const OUTPUTS: [&str; 7] =
    ["study.toml", "comparison.html", "comparison.json", "samplers.csv", "runs.csv", "curves.csv", "attainment.csv"];

/// Writes the page and the tables anew.
pub(crate) fn write_comparison(folder: &ResultsFolder, comparison: &Comparison) -> Result<(), StudyError> {
    folder.write("comparison.html", comparison_page(comparison).as_bytes())?;
    folder.write("comparison.json", json::comparison_text(comparison).as_bytes())?;
    folder.write("samplers.csv", csv::samplers(comparison).as_bytes())?;
    folder.write("runs.csv", csv::runs(comparison).as_bytes())?;
    folder.write("curves.csv", csv::curves(comparison).as_bytes())?;
    folder.write("attainment.csv", csv::attainment(comparison).as_bytes())
}
