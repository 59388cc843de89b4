//! Of `pick`, `report` and `export`.

use clap::{Args, ValueEnum};

use super::study::{CarbonArgs, StudyArg};

#[derive(Debug, Args)]
pub(in crate::cli) struct PickArgs {
    #[command(flatten)]
    pub(in crate::cli) study: StudyArg,
    /// The knee of the front, where a little more of one objective begins to cost much of the other (the default); where
    /// the front has no bend, the trial that saves the largest share for the share that it gives up
    #[arg(long, group = "choice")]
    pub(in crate::cli) knee: bool,
    /// The cheapest configuration within so much of the best first objective: 1% is a point of an accuracy (of 0 to 1, or in percent)
    /// and a hundredth of anything else; a plain number is in the units of the metric
    #[arg(long, group = "choice", value_name = "DIFFERENCE")]
    pub(in crate::cli) within: Option<String>,
    /// This trial
    #[arg(long, group = "choice", value_name = "N")]
    pub(in crate::cli) trial: Option<u64>,
    /// Only what has at least this, such as accuracy=0.93; instead of the bounds in the study's [preference]
    #[arg(long, value_name = "METRIC=NUMBER", conflicts_with = "trial")]
    pub(in crate::cli) at_least: Vec<String>,
    /// Only what has at most this, such as energy=2000 (joules); instead of the bounds in the study's [preference]
    #[arg(long, value_name = "METRIC=NUMBER", conflicts_with = "trial")]
    pub(in crate::cli) at_most: Vec<String>,
    /// How much the objectives count for --knee, such as accuracy=2,energy=1; instead of the study's weights
    #[arg(long, value_name = "METRIC=NUMBER,...", conflicts_with_all = ["trial", "within"])]
    pub(in crate::cli) weights: Vec<String>,
    /// JSON instead of TOML
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// As for `optimize export`: --format json is --json
    #[arg(long, value_enum, hide = true, conflicts_with = "json")]
    pub(in crate::cli) format: Option<PickFormat>,
    #[command(flatten)]
    pub(in crate::cli) carbon: CarbonArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum PickFormat {
    /// Ready to paste into a study file
    Toml,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ReportArgs {
    #[command(flatten)]
    pub(in crate::cli) study: StudyArg,
    #[command(flatten)]
    pub(in crate::cli) carbon: CarbonArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    #[command(flatten)]
    pub(in crate::cli) study: StudyArg,
    /// What to print
    #[arg(long, value_enum, default_value = "csv")]
    pub(in crate::cli) format: ExportFormat,
    /// As for other commands: --format json
    #[arg(long, hide = true, conflicts_with = "format")]
    pub(in crate::cli) json: bool,
    /// Which picture (svg and pdf only) [default: front, of a comparison hypervolume]
    #[arg(long, value_enum)]
    pub(in crate::cli) figure: Option<Figure>,
    /// Only the trials of the front (csv only)
    #[arg(long)]
    pub(in crate::cli) front: bool,
    #[command(flatten)]
    pub(in crate::cli) carbon: CarbonArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ExportFormat {
    /// One line per trial
    Csv,
    /// Everything, epochs and environment included
    Json,
    /// A picture: see --figure
    Svg,
    /// The same picture as a page for a paper
    Pdf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Figure {
    /// The front of a study, or what the samplers of a comparison attain
    Front,
    /// The hypervolume over the trials
    Hypervolume,
    /// The hypervolume over the joules spent, of a comparison
    Energy,
}
