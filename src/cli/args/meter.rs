//! Of `meter` and `devices`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::cli::advice::consumer;
use crate::energy::units::ConsumerName;

#[derive(Debug, Args)]
#[command(after_help = METER_CODES)]
pub(in crate::cli) struct MeterArgs {
    /// Seconds between looks at the power, for its peak and for --csv; 0.2 or more
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = interval)]
    pub(in crate::cli) interval: f64,
    /// Write what it took as JSON to this file; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) json: Option<PathBuf>,
    /// Write the power over time to this file, one line per interval and domain; `-` is standard output
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) csv: Option<PathBuf>,
    /// auto (the default), or some of nvml, rapl and estimate, or psys alone
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(in crate::cli) meters: Vec<String>,
    /// Watts that the estimate takes for a busy logical processor [default: by its model, as `optimize devices` says]
    #[arg(long, value_name = "WATTS", allow_negative_numbers = true)]
    pub(in crate::cli) watts_per_core: Option<f64>,
    /// Meter GPUs that are cut into MIG instances as whole boards, with the work of everybody on them
    #[arg(long)]
    pub(in crate::cli) mig_whole_board: bool,
    /// Leave this out, by its name of `optimize devices`: gpu:1, dram:dram-0, or gpu for all GPUs; may be given again
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = consumer)]
    pub(in crate::cli) without: Vec<ConsumerName>,
    /// Print no table on standard error
    #[arg(long, short)]
    pub(in crate::cli) quiet: bool,
    /// The command with its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub(in crate::cli) command: Vec<OsString>,
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
pub(in crate::cli) struct DevicesArgs {
    /// JSON, for programs; with --watch a line per look
    #[arg(long)]
    pub(in crate::cli) json: bool,
    /// Show what the hardware draws, again and again, until Ctrl-C
    #[arg(long)]
    pub(in crate::cli) watch: bool,
    /// Seconds between looks; 0.2 or more
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0, value_parser = interval, requires = "watch")]
    pub(in crate::cli) interval: f64,
}
