//! The command line.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};

use super::advice::consumer;
use super::colour::Colour;
use crate::carbon::{CarbonError, check};
use crate::energy::units::ConsumerName;
use crate::guard::told::with_help;

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

/// Running a study.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: Option<PathBuf>,
    /// Folder for the results [default: results/NAME]
    #[arg(long, value_name = "DIR")]
    pub(super) results: Option<PathBuf>,
    /// Total number of trials, instead of the study file's; more than before extends the study
    #[arg(long, value_name = "N")]
    pub(super) trials: Option<u64>,
    /// Keep earlier results under another name and start anew
    #[arg(long)]
    pub(super) fresh: bool,
    /// Learn from the trials of an earlier study, given by its results folder; several times for several of them. Read once,
    /// when the study begins. With the study's own folder, if its file has changed: begin anew and learn from what is there
    #[arg(long, value_name = "DIR")]
    pub(super) warm_start: Vec<PathBuf>,
    /// Print only the result
    #[arg(long, short)]
    pub(super) quiet: bool,
}

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
    pub(super) fn study(&self) -> Option<&Path> {
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

/// What is to be done with the store of a study.
#[derive(Debug, Args)]
pub(super) struct StoreArgs {
    #[command(subcommand)]
    pub(super) command: StoreCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Look through a damaged study.db and its log, and make a new results folder of what is whole; the old one is left as it is
    Repair(RepairArgs),
}

#[derive(Debug, Args)]
pub(super) struct RepairArgs {
    #[command(flatten)]
    pub(super) study: StudyArg,
    /// The new folder [default: the old one's name with .repaired]
    #[arg(long, value_name = "DIR")]
    pub(super) to: Option<PathBuf>,
    /// Say as JSON what was kept and what is lost
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// Run its first trial as well, and store nothing of it: which metrics it tells, what it takes, and how many the budget buys
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// A study by its file or its results.
#[derive(Debug, Args)]
pub(super) struct StudyArg {
    /// The study file, or a results folder such as results/digits
    #[arg(value_name = "STUDY")]
    pub(super) study: PathBuf,
    /// Folder of the results, if it is not the one that belongs to the study file
    #[arg(long, value_name = "DIR")]
    pub(super) results: Option<PathBuf>,
}

/// What joules stand for, instead of what the study file says.
#[derive(Debug, Clone, Args)]
pub(super) struct CarbonArgs {
    /// Grams of CO2e per kWh of your electricity, instead of the intensity in the study's [carbon]
    #[arg(long, value_name = "GRAMS", value_parser = |text: &str| figure(text, check::intensity))]
    pub(super) carbon_intensity: Option<f64>,
    /// Power usage effectiveness of the data centre, 1 or more, instead of that in the study's [carbon]
    #[arg(long, value_name = "FACTOR", value_parser = |text: &str| figure(text, check::pue))]
    pub(super) pue: Option<f64>,
}

/// A number that a check takes.
fn figure(text: &str, checked: fn(f64) -> Result<f64, CarbonError>) -> Result<f64, String> {
    let number = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    checked(number).map_err(|error| with_help(&error, error.help()))
}

#[derive(Debug, Args)]
pub(super) struct PickArgs {
    #[command(flatten)]
    pub(super) study: StudyArg,
    /// The knee of the front, where a little more of one objective begins to cost much of the other (the default); where
    /// the front has no bend, the trial that saves the largest share for the share that it gives up
    #[arg(long, group = "choice")]
    pub(super) knee: bool,
    /// The cheapest configuration within so much of the best first objective: 1% is a point of an accuracy (of 0 to 1, or in percent)
    /// and a hundredth of anything else; a plain number is in the units of the metric
    #[arg(long, group = "choice", value_name = "DIFFERENCE")]
    pub(super) within: Option<String>,
    /// This trial
    #[arg(long, group = "choice", value_name = "N")]
    pub(super) trial: Option<u64>,
    /// Only what has at least this, such as accuracy=0.93; instead of the bounds in the study's [preference]
    #[arg(long, value_name = "METRIC=NUMBER", conflicts_with = "trial")]
    pub(super) at_least: Vec<String>,
    /// Only what has at most this, such as energy=2000 (joules); instead of the bounds in the study's [preference]
    #[arg(long, value_name = "METRIC=NUMBER", conflicts_with = "trial")]
    pub(super) at_most: Vec<String>,
    /// How much the objectives count for --knee, such as accuracy=2,energy=1; instead of the study's weights
    #[arg(long, value_name = "METRIC=NUMBER,...", conflicts_with_all = ["trial", "within"])]
    pub(super) weights: Vec<String>,
    /// JSON instead of TOML
    #[arg(long)]
    pub(super) json: bool,
    /// As for `optimize export`: --format json is --json
    #[arg(long, value_enum, hide = true, conflicts_with = "json")]
    pub(super) format: Option<PickFormat>,
    #[command(flatten)]
    pub(super) carbon: CarbonArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum PickFormat {
    /// Ready to paste into a study file
    Toml,
    /// For programs
    Json,
}

/// How a command answers that prints words, or JSON with --json.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum AnswerFormat {
    /// For people
    Text,
    /// For programs
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    #[command(flatten)]
    pub(super) study: StudyArg,
    #[command(flatten)]
    pub(super) carbon: CarbonArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
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
pub(super) enum Figure {
    /// The front of a study, or what the samplers of a comparison attain
    Front,
    /// The hypervolume over the trials
    Hypervolume,
    /// The hypervolume over the joules spent, of a comparison
    Energy,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    pub(super) study: StudyArg,
    /// What to print
    #[arg(long, value_enum, default_value = "csv")]
    pub(super) format: ExportFormat,
    /// As for other commands: --format json
    #[arg(long, hide = true, conflicts_with = "format")]
    pub(super) json: bool,
    /// Which picture (svg and pdf only) [default: front, of a comparison hypervolume]
    #[arg(long, value_enum)]
    pub(super) figure: Option<Figure>,
    /// Only the trials of the front (csv only)
    #[arg(long)]
    pub(super) front: bool,
    #[command(flatten)]
    pub(super) carbon: CarbonArgs,
}

#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The study file; its own sampler does not matter
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// Two or more samplers; the others are compared against random, or else against the first
    #[arg(long, value_name = "A,B,..", value_delimiter = ',', required = true)]
    pub(super) samplers: Vec<String>,
    /// Studies per sampler, with the study file's seed and those that follow it; more than before adds to what is there
    #[arg(long, value_name = "N")]
    pub(super) seeds: u64,
    /// Total number of trials of each study, instead of the study file's
    #[arg(long, value_name = "N")]
    pub(super) trials: Option<u64>,
    /// Folder for the results [default: results/NAME-compare]
    #[arg(long, value_name = "DIR")]
    pub(super) results: Option<PathBuf>,
    /// Keep earlier results under another name and start anew
    #[arg(long)]
    pub(super) fresh: bool,
    /// Print the comparison as JSON, and nothing else
    #[arg(long)]
    pub(super) json: bool,
    /// As for `optimize export`: --format json is --json
    #[arg(long, value_enum, hide = true, conflicts_with = "json")]
    pub(super) format: Option<AnswerFormat>,
    /// Print only the result
    #[arg(long, short)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct AskTellArgs {
    /// The study file, without [train] and [command]
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// Folder for the results [default: results/NAME]
    #[arg(long, value_name = "DIR")]
    pub(super) results: Option<PathBuf>,
    /// Keep earlier results under another name and start anew
    #[arg(long)]
    pub(super) fresh: bool,
    /// Learn from the trials of an earlier study, given by its results folder; several times for several of them. Read once,
    /// when the study begins. With the study's own folder, if its file has changed: begin anew and learn from what is there
    #[arg(long, value_name = "DIR")]
    pub(super) warm_start: Vec<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = SKIP_HELP)]
pub(super) struct SkipArgs {
    #[command(flatten)]
    pub(super) study: StudyArg,
    /// These trials: several times, or with commas between
    #[arg(long, value_name = "N", value_delimiter = ',', required = true)]
    pub(super) trial: Vec<u64>,
}

impl AnswerFormat {
    /// Whether JSON is asked for, by either argument.
    pub(super) fn is_json(json: bool, format: Option<Self>) -> bool {
        json || format == Some(Self::Json)
    }
}

const SKIP_HELP: &str = "\
A trial can be skipped that waits for another attempt, that ran when its session was killed, or that
was asked for (`optimize ask-tell`) and not told. It has failed then, as `skipped`: the search stays
away from its configuration, and it counts towards the trials of the budget. No other process may be
running the study.

Its exit code is 0 if all of them are skipped; if one of them is unknown, has finished or has failed
already it is 2, and none is. It is 3 while another process runs the study, and 5 if there is none.";

#[derive(Debug, Args)]
#[command(after_help = METER_CODES)]
pub(super) struct MeterArgs {
    /// Seconds between looks at the power, for its peak and for --csv; 0.2 or more
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = interval)]
    pub(super) interval: f64,
    /// Write what it took as JSON to this file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
    /// Write the power over time to this file, one line per interval and domain; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(super) csv: Option<PathBuf>,
    /// auto (the default), or some of nvml, rapl and estimate, or psys alone
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(super) meters: Vec<String>,
    /// Watts that the estimate takes for a busy logical processor [default: by its model, as `optimize devices` says]
    #[arg(long, value_name = "WATTS", allow_negative_numbers = true)]
    pub(super) watts_per_core: Option<f64>,
    /// Meter GPUs that are cut into MIG instances as whole boards, with the work of everybody on them
    #[arg(long)]
    pub(super) mig_whole_board: bool,
    /// Leave this out, by its name of `optimize devices`: gpu:1, dram:dram-0, or gpu for all GPUs; may be given again
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = consumer)]
    pub(super) without: Vec<ConsumerName>,
    /// Print no table on standard error
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// The command with its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) command: Vec<OsString>,
}

const METER_CODES: &str = "\
Its exit code is the command's own, or 128 and the number of the signal that ended it; 125 if the
meters fail before it starts, 126 if it cannot be executed, 127 if it is not found.

Signals are handed on to the command; SIGKILL cannot be, and leaves it running. Ctrl-Z stops both; the time until they go on counts. A signal
that comes once the command has ended ends `optimize meter` when its files are written.

Files that are there stay as they are until there are figures to put in their place. A pipe that nobody reads is waited for 10 s after
the end of the command, and then the figures are printed.

Where a GPU has a counter and the processor has none, the processor's part is ESTIMATED; it is shown
beside what is measured, and not added to it.

Whatever the command may have used and cannot be read, such as a GPU whose driver fails, makes the
total missing, with the reason; --without leaves it out, and is said where the total stands.";

fn interval(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.2..=3600.0).contains(&seconds) => Ok(seconds),
        Ok(_) => Err("an interval is 0.2 to 3600 seconds long".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

#[derive(Debug, Args)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    pub(super) command: DataCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum DataCommand {
    /// Fetch data sets from their publishers into the data folder: mnist, fashion-mnist, cifar10, cifar100
    Fetch {
        /// Their names
        #[arg(value_name = "NAME", required = true)]
        names: Vec<String>,
        /// Another server with the same files: the address before their names, such as http://localhost:8000/
        #[arg(long, value_name = "ADDRESS")]
        from: Option<String>,
    },
    /// Say which data sets there are, and which can be fetched
    List {
        /// JSON, for programs
        #[arg(long)]
        json: bool,
    },
    /// Print the data folder: WATTFRONT_DATA, or else wattfront/data in XDG_CACHE_HOME or ~/.cache
    Path,
}

#[derive(Debug, Args)]
pub(super) struct ConfirmArgs {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// Folder of the study's results [default: results/NAME]; what is run again goes to its folder `confirm`
    #[arg(long, value_name = "DIR")]
    pub(super) results: Option<PathBuf>,
    /// These trials, instead of the front: several times, or with commas between
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(super) trial: Vec<u64>,
    /// With how many new seeds each is run; more than before adds to what is there
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub(super) seeds: u64,
    /// Keep earlier confirmations under another name and start anew
    #[arg(long)]
    pub(super) fresh: bool,
    /// Print the result as JSON, for programs
    #[arg(long)]
    pub(super) json: bool,
    /// As for `optimize export`: --format json is --json
    #[arg(long, value_enum, hide = true, conflicts_with = "json")]
    pub(super) format: Option<AnswerFormat>,
    /// Print only the result
    #[arg(long, short)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct TrainArgs {
    /// The study file
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// Folder of the study's results [default: results/NAME]; what is trained goes to its folder `train`
    #[arg(long, value_name = "DIR")]
    pub(super) results: Option<PathBuf>,
    /// The configuration of this trial [default: the one that `optimize pick` recommends]
    #[arg(long, value_name = "N")]
    pub(super) trial: Option<u64>,
    /// For so many epochs, instead of the trial's
    #[arg(long, value_name = "N")]
    pub(super) epochs: Option<i64>,
    /// With another value of a setting of the trainer, several times for several of them
    #[arg(long, value_name = "NAME=VALUE")]
    pub(super) set: Vec<String>,
    /// With how many new seeds it is trained; more than before adds to what is there
    #[arg(long, value_name = "K", default_value_t = 1)]
    pub(super) seeds: u64,
    /// Keep earlier trainings of the same under another name and start anew
    #[arg(long)]
    pub(super) fresh: bool,
    /// Print the result as JSON, for programs
    #[arg(long)]
    pub(super) json: bool,
    /// As for `optimize export`: --format json is --json
    #[arg(long, value_enum, hide = true, conflicts_with = "json")]
    pub(super) format: Option<AnswerFormat>,
    /// Print only the result
    #[arg(long, short)]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
pub(super) struct DevicesArgs {
    /// JSON, for programs; with --watch a line per look
    #[arg(long)]
    pub(super) json: bool,
    /// Show what the hardware draws, again and again, until Ctrl-C
    #[arg(long)]
    pub(super) watch: bool,
    /// Seconds between looks; 0.2 or more
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = interval, requires = "watch")]
    pub(super) interval: f64,
}

#[derive(Debug, Args)]
#[command(after_help = INIT_HELP)]
pub(super) struct InitArgs {
    /// The study file to write, such as mine.toml; one that is there is left as it is. `-` is standard output
    #[arg(value_name = "STUDY.toml")]
    pub(super) study: PathBuf,
    /// Your own program with its arguments, as you would type it; what is searched stands in braces: "python3 train.py --lr {learning_rate}"
    #[arg(long, value_name = "PROGRAM")]
    pub(super) command: Option<String>,
    /// The data for the built-in trainer: digits, cifar10 and the like, or the path of a folder of images or a table
    #[arg(long, value_name = "DATASET")]
    pub(super) train: Option<String>,
}

const INIT_HELP: &str = "\
Examples:
  optimize init mine.toml --command \"python3 train.py --lr {learning_rate} --batch-size {batch_size}\"
  optimize init digits.toml --train digits

What is in braces becomes a parameter of [space], with a range that its name suggests: look at them
before you run the study. The rest of what a study file may say stands there as comments.";

#[derive(Debug, Args)]
pub(super) struct HelpArgs {
    /// A command; or study-file, and behind it a section or a key
    #[arg(value_name = "COMMAND")]
    pub(super) words: Vec<String>,
}

#[derive(Debug, Args)]
#[command(after_help = COMPLETIONS_HELP)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    pub(super) shell: clap_complete::Shell,
}

const COMPLETIONS_HELP: &str = "\
Where the script belongs:
  bash        optimize completions bash > ~/.local/share/bash-completion/completions/optimize
  zsh         optimize completions zsh > ~/.zfunc/_optimize    with fpath+=~/.zfunc before compinit in ~/.zshrc
  fish        optimize completions fish > ~/.config/fish/completions/optimize.fish
  powershell  optimize completions powershell >> $PROFILE
  elvish      optimize completions elvish >> ~/.config/elvish/rc.elv";

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The folder for them, such as ~/.local/share/man/man1; it is made if there is none
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
}
