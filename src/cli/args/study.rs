//! What several commands take: a study, what joules stand for, and how is answered.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::carbon::{CarbonError, check};
use crate::guard::told::with_help;

/// A study by its file or its results.
#[derive(Debug, Args)]
pub(in crate::cli) struct StudyArg {
    /// The study file, or a results folder such as results/digits
    #[arg(value_name = "STUDY")]
    pub(in crate::cli) study: PathBuf,
    /// Folder of the results, if it is not the one that belongs to the study file
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
}

/// What joules stand for, instead of what the study file says.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct CarbonArgs {
    /// Grams of CO2e per kWh of your electricity, instead of the intensity in the study's [carbon]
    #[arg(long, value_name = "GRAMS", value_parser = |text: &str| figure(text, check::intensity))]
    pub(in crate::cli) carbon_intensity: Option<f64>,
    /// Power usage effectiveness of the data centre, 1 or more, instead of that in the study's [carbon]
    #[arg(long, value_name = "FACTOR", value_parser = |text: &str| figure(text, check::pue))]
    pub(in crate::cli) pue: Option<f64>,
}

/// A number that a check takes.
fn figure(text: &str, checked: fn(f64) -> Result<f64, CarbonError>) -> Result<f64, String> {
    let number = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    checked(number).map_err(|error| with_help(&error, error.help()))
}

/// How a command answers that prints words, or JSON with --json.
#[derive(Debug, Args)]
pub(in crate::cli) struct AnswerArgs {
    /// Print the result as JSON, and nothing else
    #[arg(long)]
    json: bool,
    /// As for `optimize export`: --format json is --json
    #[arg(long, value_enum, hide = true, conflicts_with = "json")]
    format: Option<AnswerFormat>,
    /// Print only the result
    #[arg(long, short)]
    quiet: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AnswerFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

impl AnswerArgs {
    /// Whether JSON is asked for, by either argument.
    pub(in crate::cli) fn is_json(&self) -> bool {
        self.json || self.format == Some(AnswerFormat::Json)
    }

    /// Whether nothing but the result is to be printed.
    pub(in crate::cli) fn is_quiet(&self) -> bool {
        self.quiet || self.is_json()
    }
}
