//! Of commands that run more than one study, or trials again.

use std::path::PathBuf;

use clap::Args;

use super::study::AnswerArgs;

#[derive(Debug, Args)]
pub(in crate::cli) struct CompareArgs {
    /// The study file; its own sampler does not matter
    #[arg(value_name = "STUDY.toml")]
    pub(in crate::cli) study: PathBuf,
    /// Two or more samplers; the others are compared against random, or else against the first
    #[arg(long, value_name = "A,B,..", value_delimiter = ',', required = true)]
    pub(in crate::cli) samplers: Vec<String>,
    /// Studies per sampler, with the study file's seed and those that follow it; more than before adds to what is there
    #[arg(long, value_name = "N")]
    pub(in crate::cli) seeds: u64,
    /// Total number of trials of each study, instead of the study file's
    #[arg(long, value_name = "N")]
    pub(in crate::cli) trials: Option<u64>,
    /// Folder for the results [default: results/NAME-compare]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
    /// Keep earlier results under another name and start anew
    #[arg(long)]
    pub(in crate::cli) fresh: bool,
    #[command(flatten)]
    pub(in crate::cli) answer: AnswerArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ConfirmArgs {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(in crate::cli) study: PathBuf,
    /// Folder of the study's results [default: results/NAME]; what is run again goes to its folder `confirm`
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
    /// These trials, instead of the front: several times, or with commas between
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(in crate::cli) trial: Vec<u64>,
    /// With how many new seeds each is run; more than before adds to what is there
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub(in crate::cli) seeds: u64,
    /// Keep earlier confirmations under another name and start anew
    #[arg(long)]
    pub(in crate::cli) fresh: bool,
    #[command(flatten)]
    pub(in crate::cli) answer: AnswerArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct TrainArgs {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(in crate::cli) study: PathBuf,
    /// Folder of the study's results [default: results/NAME]; what is trained goes to its folder `train`
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
    /// The configuration of this trial [default: the one that `optimize pick` recommends]
    #[arg(long, value_name = "N")]
    pub(in crate::cli) trial: Option<u64>,
    /// For so many epochs, instead of the trial's
    #[arg(long, value_name = "N")]
    pub(in crate::cli) epochs: Option<i64>,
    /// With another value of a setting of the trainer, several times for several of them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(in crate::cli) set: Vec<String>,
    /// With how many new seeds it is trained; more than before adds to what is there
    #[arg(long, value_name = "K", default_value_t = 1)]
    pub(in crate::cli) seeds: u64,
    /// Keep earlier trainings of the same under another name and start anew
    #[arg(long)]
    pub(in crate::cli) fresh: bool,
    #[command(flatten)]
    pub(in crate::cli) answer: AnswerArgs,
}
