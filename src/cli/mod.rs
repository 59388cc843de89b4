//! The command line: parses, calls, prints.

mod advice;
mod again;
mod args;
mod ask_tell;
mod bar;
mod carbon;
mod check;
mod compare;
mod conduct;
mod data;
mod data_seen;
mod devices;
mod dry_run;
mod failure;
mod front;
mod hardware;
mod leftovers;
mod live;
mod look;
mod meter;
mod open;
mod outputs;
mod print;
mod progress;
mod run;
mod signals;
mod skip;
mod store;
mod trainer;
mod training;
mod warm_start;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::guard::text::is_obeyed;
use args::{Cli, Command};
use failure::Failure;

#[cfg(feature = "torch")]
pub use trainer::trainer_main;

/// Runs the `optimize` command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // What was typed may come from anywhere, and is repeated in the error.
            if std::env::args_os().any(|word| word.to_string_lossy().contains(is_obeyed)) {
                print::warn(error.render().to_string().trim_end());
            } else {
                // Nothing can be done if even the help cannot be printed.
                let _ = error.print();
            }
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { ExitCode::SUCCESS } else { Failure::USAGE.into() };
        }
    };
    let done = match &cli.command {
        None => run::run(&cli.run),
        Some(Command::Check(args)) => check::check(args),
        Some(Command::Pick(args)) => front::pick(args),
        Some(Command::Report(args)) => front::report(args),
        Some(Command::Export(args)) => front::export(args),
        Some(Command::Compare(args)) => compare::compare(args),
        Some(Command::Confirm(args)) => again::confirm(args),
        Some(Command::Train(args)) => again::train(args),
        Some(Command::AskTell(args)) => ask_tell::ask_tell(args),
        Some(Command::Skip(args)) => skip::skip(args),
        Some(Command::Data(args)) => data::data(args),
        Some(Command::Store(args)) => store::store(args),
        Some(Command::Devices(args)) => devices::devices(args),
        Some(Command::Guard) => conduct::guard_here(),
        Some(Command::Meter(args)) => return finish(meter::meter(args)),
    };
    finish(done.map(|()| ExitCode::SUCCESS))
}

fn finish(done: Result<ExitCode, Failure>) -> ExitCode {
    let code = match done {
        Ok(code) => code,
        Err(failure) => {
            if let Some(text) = failure.text() {
                // As the escapes in it are its own.
                let _ = writeln!(std::io::stderr(), "{text}");
            }
            if std::env::current_dir().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
                print::warn(
                    "the folder in which this was started has been removed: change to another one, or name all files and \
                     --results by absolute paths",
                );
            }
            failure.code().into()
        }
    };
    signals::end_as_told();
    code
}
