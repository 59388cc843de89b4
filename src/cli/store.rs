//! `optimize store repair`: what is whole of a damaged study, in a new folder.

use super::args::{StoreArgs, StoreCommand};
use super::failure::Failure;
use super::print::print;
use super::terminal::Terminal;
use crate::app::{self, Repaired};

pub(super) fn store(args: &StoreArgs) -> Result<(), Failure> {
    let StoreCommand::Repair(args) = &args.command;
    let results = args.study.results.as_deref();
    let repaired = app::repair(&args.study.study, results, args.to.as_deref(), &mut Terminal::Talkative)?;
    let rest = match repaired {
        Repaired::Whole { .. } => "",
        Repaired::Kept { .. } => "; to go on, put the new folder in the old one's place, or name it with --results",
    };
    match args.json {
        true => print(format!("{:#}", repaired.json())),
        false => print(format!("{}{rest}", repaired.text())),
    }
}
