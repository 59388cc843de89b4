//! The command line: parses, calls, prints.

mod again;
mod args;
mod ask_tell;
mod bar;
mod carbon;
mod check;
mod compare;
mod conduct;
mod data;
mod devices;
mod failure;
mod front;
mod leftovers;
mod meter;
mod open;
mod outputs;
mod print;
mod progress;
mod run;
mod signals;
mod skip;
mod training;
mod warm_start;

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Cli, Command};
use failure::Failure;

/// Runs the `optimize` command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nothing can be done if even the help cannot be printed.
            let _ = error.print();
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
        Some(Command::Devices(args)) => devices::devices(args),
        Some(Command::TrainWorker) => run::train_worker(),
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
                print::warn(text);
            }
            failure.code().into()
        }
    };
    signals::end_as_told();
    code
}
