//! The files that trials leave that were run again.

use crate::analysis::confirmation::Confirmation;
use crate::report::confirmation::{confirmation_page, csv, json};
use crate::study::{ResultsFolder, StudyError};

/// Their names.
pub(crate) const OUTPUTS: [&str; 4] = ["report.html", "confirmation.json", "figures.csv", "runs.csv"];

/// Writes the page and the tables anew.
pub(crate) fn write_confirmation(folder: &ResultsFolder, confirmation: &Confirmation) -> Result<(), StudyError> {
    folder.write("report.html", confirmation_page(confirmation).as_bytes())?;
    folder.write("confirmation.json", json::confirmation_text(confirmation).as_bytes())?;
    folder.write("figures.csv", csv::figures(confirmation).as_bytes())?;
    folder.write("runs.csv", csv::runs(confirmation).as_bytes())
}
