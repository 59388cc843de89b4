//! Of commands that begin studies, go on with them or mend them.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::study::StudyArg;

/// Running a study.
#[derive(Debug, Args)]
pub(in crate::cli) struct RunArgs {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(in crate::cli) study: Option<PathBuf>,
    /// Folder for the results [default: results/NAME]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
    /// Total number of trials, instead of the study file's; more than before extends the study
    #[arg(long, value_name = "N")]
    pub(in crate::cli) trials: Option<u64>,
    /// Keep earlier results under another name and start anew
    #[arg(long)]
    pub(in crate::cli) fresh: bool,
    /// Learn from the trials of an earlier study, given by its results folder; several times for several of them. Read once,
    /// when the study begins. With the study's own folder, if its file has changed: begin anew and learn from what is there
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) warm_start: Vec<PathBuf>,
    /// Print only the result
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
}

#[derive(Debug, Args)]
#[command(after_help = INIT_HELP)]
pub(in crate::cli) struct InitArgs {
    /// The study file to write, such as mine.toml; one that is there is left as it is. `-` is standard output
    #[arg(value_name = "STUDY.toml")]
    pub(in crate::cli) study: PathBuf,
    /// Your own program with its arguments, as you would type it; what is searched stands in braces: "python3 train.py --lr {learning_rate}"
    #[arg(long, value_name = "PROGRAM")]
    pub(in crate::cli) command: Option<String>,
    /// The data for the built-in trainer: digits, cifar10 and the like, or the path of a folder of images or a table
    #[arg(long, value_name = "DATASET")]
    pub(in crate::cli) train: Option<String>,
}

const INIT_HELP: &str = "\
Examples:
  optimize init mine.toml --command \"python3 train.py --lr {learning_rate} --batch-size {batch_size}\"
  optimize init digits.toml --train digits

What is in braces becomes a parameter of [space], with a range that its name suggests: look at them
before you run the study. The rest of what a study file may say stands there as comments.";

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(in crate::cli) study: PathBuf,
    /// Run its first trial as well, and store nothing of it: which metrics it tells, what it takes, and how many the budget buys
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct AskTellArgs {
    /// The study file, without [train] and [command]
    #[arg(value_name = "STUDY.toml")]
    pub(in crate::cli) study: PathBuf,
    /// Folder for the results [default: results/NAME]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) results: Option<PathBuf>,
    /// Keep earlier results under another name and start anew
    #[arg(long)]
    pub(in crate::cli) fresh: bool,
    /// Learn from the trials of an earlier study, given by its results folder; several times for several of them. Read once,
    /// when the study begins. With the study's own folder, if its file has changed: begin anew and learn from what is there
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) warm_start: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = SKIP_HELP)]
pub(in crate::cli) struct SkipArgs {
    #[command(flatten)]
    pub(in crate::cli) study: StudyArg,
    /// These trials: several times, or with commas between
    #[arg(long, value_name = "N", value_delimiter = ',', required = true)]
    pub(in crate::cli) trial: Vec<u64>,
}

const SKIP_HELP: &str = "\
A trial can be skipped that waits for another attempt, that ran when its session was killed, or that
was asked for (`optimize ask-tell`) and not told. It has failed then, as `skipped`: the search stays
away from its configuration, and it counts towards the trials of the budget. No other process may be
running the study.

Its exit code is 0 if all of them are skipped; if one of them is unknown, has finished or has failed
already it is 2, and none is. It is 3 while another process runs the study, and 5 if there is none.";

/// What is to be done with the store of a study.
#[derive(Debug, Args)]
pub(in crate::cli) struct StoreArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StoreCommand {
    /// Look through a damaged study.db and its log, and make a new results folder of what is whole; the old one is left as it is
    Repair(RepairArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct RepairArgs {
    #[command(flatten)]
    pub(in crate::cli) study: StudyArg,
    /// The new folder [default: the old one's name with .repaired]
    #[arg(long, value_name = "DIR")]
    pub(in crate::cli) to: Option<PathBuf>,
    /// Say as JSON what was kept and what is lost
    #[arg(long)]
    pub(in crate::cli) json: bool,
}
