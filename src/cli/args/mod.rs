//! The command line: what it takes, command by command.

mod data;
mod front;
mod help;
mod meter;
mod repeat;
mod run;
mod study;

pub(super) use data::{DataArgs, DataCommand};
pub(super) use front::{ExportArgs, ExportFormat, Figure, PickArgs, PickFormat, ReportArgs};
pub(super) use help::{CompletionsArgs, HelpArgs, ManArgs};
pub(super) use meter::{DevicesArgs, MeterArgs};
pub(super) use repeat::{CompareArgs, ConfirmArgs, TrainArgs};
pub(super) use run::{AskTellArgs, CheckArgs, InitArgs, RunArgs, SkipArgs, StoreArgs, StoreCommand};
pub(super) use study::{AnswerArgs, CarbonArgs, StudyArg};

use std::path::Path;

use clap::{Parser, Subcommand};

use super::colour::Colour;

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "optimize", version, args_conflicts_with_subcommands = true, arg_required_else_help = true)]
#[command(disable_help_subcommand = true, about = ABOUT, long_about = LONG_ABOUT)]
#[command(after_help = MORE, after_long_help = EXIT_CODES)]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// Colours: auto (on a terminal), always or never
    #[arg(long, value_name = "WHEN", value_enum, default_value = "auto", global = true, display_order = 900)]
    #[arg(hide_default_value = true, hide_possible_values = true)]
    pub(super) color: Colour,
}

const ABOUT: &str = "\
Find training settings that cost a fraction of the energy for nearly the same accuracy.

To begin:
  optimize init mine.toml --command \"python3 train.py --lr {learning_rate}\"
  optimize check mine.toml --dry-run
  optimize mine.toml
  optimize pick mine.toml --within 1%";

const LONG_ABOUT: &str = "\
Find training settings that cost a fraction of the energy for nearly the same accuracy.

Proposes configurations, trains each while metering its energy, and keeps the front of those that no
other beats in both accuracy and energy.

To begin, with a program of your own that prints {\"accuracy\": 0.93}:
  optimize init mine.toml --command \"python3 train.py --lr {learning_rate}\"    writes a study file
  optimize check mine.toml --dry-run     says what would run, and tries the first trial
  optimize mine.toml                     runs the study, or goes on where it stopped
  optimize pick mine.toml --within 1%    the cheapest setting within a point of the best accuracy

With the built-in trainer: optimize init digits.toml --train digits";

const MORE: &str = "\
More: `optimize --help` has the exit codes too, `optimize help study-file` all that a study file may say.";

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    something went wrong; finished trials are safe
  2    the command line or the study file is wrong
  3    the results folder belongs to another study, or another process uses it
  4    trial after trial failed for no fault of its configuration, or what its trials
       may use cannot be read and it asks for that energy
  5    there is nothing to answer with, such as a front without a trial
  6    nothing finished, and trial after trial failed in the same way, or a metric was
       never told: mend the program or the study file
  130  stopped by Ctrl-C or SIGTERM
A study that another signal ends (SIGHUP, SIGQUIT, SIGUSR1, ...) ends in good order,
and then by that signal: 128 and its number.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a study file to begin with, for a program of your own or for the trainer
    Init(InitArgs),
    /// Say what a study file would run, or what is wrong with it
    Check(CheckArgs),
    /// Print one configuration of the front, ready to paste
    Pick(PickArgs),
    /// Write the report and the tables of a study again
    Report(ReportArgs),
    /// Print the trials of a study, or the runs of a comparison: CSV, JSON or a picture
    Export(ExportArgs),
    /// Run a study with several samplers and seeds, and say which is better, and by how much
    Compare(CompareArgs),
    /// Run the front again with new seeds, and say what of its figures holds
    Confirm(ConfirmArgs),
    /// Train one configuration again, for more epochs or seeds, and keep its weights
    Train(TrainArgs),
    /// Let another program ask for points and tell what came of them, in JSON lines
    #[command(name = "ask-tell")]
    AskTell(AskTellArgs),
    /// Give up trials that wait to be tried again, such as one that takes the machine down
    Skip(SkipArgs),
    /// Run a command and say what energy it took
    Meter(MeterArgs),
    /// Fetch published data sets, and say which there are and where
    Data(DataArgs),
    /// Keep what is whole of a damaged study: store repair
    Store(StoreArgs),
    /// Say what can be metered on this machine, and for what cannot, why
    Devices(DevicesArgs),
    /// Say what a command does, or (help study-file) what a study file may say
    Help(HelpArgs),
    /// Print the script by which a shell completes words
    Completions(CompletionsArgs),
    /// Write the pages of the manual
    Man(ManArgs),
    /// Wait for standard input to close, and end what it has told of
    #[command(hide = true)]
    Guard,
}

impl Command {
    /// The study that it is about.
    pub(in crate::cli) fn study(&self) -> Option<&Path> {
        let study = match self {
            Self::Check(args) => &args.study,
            Self::Pick(args) => &args.study.study,
            Self::Report(args) => &args.study.study,
            Self::Export(args) => &args.study.study,
            Self::Compare(args) => &args.study,
            Self::Confirm(args) => &args.study,
            Self::Train(args) => &args.study,
            Self::AskTell(args) => &args.study,
            Self::Skip(args) => &args.study.study,
            _ => return None,
        };
        Some(study)
    }
}
