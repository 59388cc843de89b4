//! The command line: parses, calls, prints.

mod advice;
mod args;
mod ask_tell;
mod bar;
mod carbon;
mod check;
mod compare;
mod compare_progress;
mod data;
mod devices;
mod failure;
mod front;
mod meter;
mod meter_signals;
mod print;
mod progress;
mod repeat;
mod repeat_progress;
mod run;
mod signals;
mod skip;
mod store;
mod terminal;
#[cfg(feature = "torch")]
mod trainer;

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
        Some(Command::Confirm(args)) => repeat::confirm(args),
        Some(Command::Train(args)) => repeat::train(args),
        Some(Command::AskTell(args)) => ask_tell::ask_tell(args),
        Some(Command::Skip(args)) => skip::skip(args),
        Some(Command::Data(args)) => data::data(args),
        Some(Command::Store(args)) => store::store(args),
        Some(Command::Devices(args)) => devices::devices(args),
        Some(Command::Guard) => {
            signals::guard_here();
            Ok(())
        }
        Some(Command::Meter(args)) => return finish(meter::meter(args)),
    };
    finish(done.map(|()| ExitCode::SUCCESS))
}

/// Reads a command line, its program's name first, and does nothing of it: so tests hold documents to what there is.
///
/// # Errors
///
/// What is wrong with it, in the words of `optimize`.
#[doc(hidden)]
pub fn read_only(words: &[String]) -> Result<(), String> {
    match Cli::try_parse_from(words) {
        Err(error) if !matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            Err(error.to_string())
        }
        _ => Ok(()),
    }
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
