//! The `optimize-trainer` binary: answers requests on standard input, or a word on the command line.

use std::process::ExitCode;

use super::failure::Failure;
use super::print::print_data;
use crate::app::trainer::{NAME, serve};

/// Runs the trainer of this process.
#[must_use]
pub fn trainer_main() -> ExitCode {
    // Started by a descriptor it would be called by its number.
    let _ = std::fs::write("/proc/self/comm", NAME);
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let done = serve(&words).map_err(Failure::from).and_then(|said| said.map_or(Ok(()), print_data));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if let Some(text) = failure.text() {
                eprintln!("{text}");
            }
            failure.code().into()
        }
    }
}
