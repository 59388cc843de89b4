//! The command line: parses, calls, prints.

mod advice;
mod args;
mod ask_tell;
mod bar;
mod carbon;
mod check;
mod colour;
mod compare;
mod compare_progress;
mod data;
mod devices;
mod failure;
mod front;
mod help;
mod init;
mod manual;
mod meant;
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
mod wrap;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use crate::guard::text::is_obeyed;
use args::{Cli, Command};
use colour::Colour;
use failure::Failure;

#[cfg(feature = "torch")]
pub use trainer::trainer_main;

/// Runs the `optimize` command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let words = help::asked_in_front(colour::behind_the_command(std::env::args_os().collect()));
    if let Some(failure) = meant::mistaken(&words) {
        colour::decide(Colour::among(&words));
        return finish(Err(failure));
    }
    let parsed = Cli::try_parse_from(&words);
    colour::decide(parsed.as_ref().map_or_else(|_| Colour::among(&words), |cli| cli.color));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // What was typed may come from anywhere, and is repeated in the error.
            if std::env::args_os().any(|word| word.to_string_lossy().contains(is_obeyed)) {
                print::warn(error.render().to_string().trim_end());
            } else {
                show(&error);
            }
            let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if asked { ExitCode::SUCCESS } else { Failure::USAGE.into() };
        }
    };
    let done = match &cli.command {
        None => run::run(&cli.run),
        Some(Command::Init(args)) => init::init(args),
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
        Some(Command::Help(args)) => help::help(args),
        Some(Command::Completions(args)) => manual::completions(args),
        Some(Command::Man(args)) => manual::man(args),
        Some(Command::Guard) => {
            signals::guard_here();
            Ok(())
        }
        Some(Command::Meter(args)) => return finish(meter::meter(args)),
    };
    let named = done.map_err(|failure| match cli.command.as_ref().and_then(Command::study) {
        Some(study) => failure.naming(study),
        None => failure,
    });
    finish(named.map(|()| ExitCode::SUCCESS))
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
        Ok(Cli { command: Some(Command::Help(args)), .. }) => help::is_known(&args),
        _ => Ok(()),
    }
}

/// Prints a help or a complaint of the command line's parser.
fn show(error: &clap::Error) {
    let text = error.render();
    // Nothing can be done if even that cannot be printed.
    let _ = match error.use_stderr() {
        true if colour::on_stderr() => write!(std::io::stderr(), "{}", text.ansi()),
        true => write!(std::io::stderr(), "{text}"),
        false if colour::on_stdout() => write!(std::io::stdout(), "{}", text.ansi()),
        false => write!(std::io::stdout(), "{text}"),
    };
}

fn finish(done: Result<ExitCode, Failure>) -> ExitCode {
    let code = match done {
        Ok(code) => code,
        Err(failure) => {
            if let Some(text) = failure.text() {
                // As the escapes in it are its own.
                let _ = writeln!(std::io::stderr(), "{}", colour::marked(&text));
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
