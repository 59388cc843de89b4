//! `optimize confirm` and `optimize train`: trials of a study run again with other seeds.

use std::collections::BTreeMap;

use super::args::{AnswerArgs, ConfirmArgs, TrainArgs};
use super::failure::Failure;
use super::print::{closing_of, print, print_data, say, warn};
use super::repeat_progress::RepeatProgress;
use super::run::reasons;
use super::signals::control;
use super::terminal::Terminal;
use crate::app::AppError;
use crate::app::repeat::changes::value_of;
use crate::app::repeat::{self, Confirmed, RepeatObserver, TrainWish, Wish};
use crate::optimizer::space::Value;
use crate::report::confirmation::{json, text};
use crate::study::EndReason;

pub(super) fn confirm(args: &ConfirmArgs) -> Result<(), Failure> {
    let wish = Wish {
        file: &args.study,
        results: args.results.as_deref(),
        seeds: args.seeds,
        fresh: args.fresh,
        control: &control,
    };
    let confirmed = watched(args.answer.is_quiet(), |observer| repeat::confirm(&wish, &args.trial, observer))?;
    answer(&confirmed, &args.answer)
}

pub(super) fn train(args: &TrainArgs) -> Result<(), Failure> {
    let what = TrainWish { trial: args.trial, changes: changes(args)? };
    let wish = Wish {
        file: &args.study,
        results: args.results.as_deref(),
        seeds: args.seeds,
        fresh: args.fresh,
        control: &control,
    };
    let confirmed = watched(args.answer.is_quiet(), |observer| repeat::train(&wish, what, observer))?;
    answer(&confirmed, &args.answer)?;
    if !args.answer.is_quiet() {
        say(&format!("weights     {}", confirmed.folder.display()));
    }
    Ok(())
}

fn watched(
    quiet: bool,
    run: impl FnOnce(&mut dyn RepeatObserver) -> Result<Confirmed, AppError>,
) -> Result<Confirmed, AppError> {
    if quiet { run(&mut Terminal::Quiet) } else { run(&mut RepeatProgress::default()) }
}

/// Prints what came of it.
fn answer(confirmed: &Confirmed, asked: &AnswerArgs) -> Result<(), Failure> {
    let confirmation = &confirmed.confirmation;
    if asked.is_json() {
        print_data(json::confirmation_text(confirmation))?;
    } else {
        print(text::closing(confirmation, &closing_of(&confirmed.folder.join("report.html"))))?;
    }
    if confirmed.end == EndReason::Interrupted {
        warn("stopped; run the same command again to go on");
        return Err(Failure::interrupted());
    }
    if confirmation.members.iter().all(|member| member.failures() == member.runs.len()) {
        let hint = match confirmed.nothing_left {
            true => "nothing was left to run; once the reason is mended, --fresh starts anew".to_owned(),
            false => reasons(&confirmed.record, asked.is_quiet()),
        };
        return Err(Failure::nothing(format!("no trial has finished with any new seed; {hint}")));
    }
    Ok(())
}

/// The settings that the command line names, by name.
fn changes(args: &TrainArgs) -> Result<BTreeMap<String, Value>, Failure> {
    let mut changes = BTreeMap::new();
    for text in &args.set {
        let (name, value) =
            text.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty()).ok_or_else(|| {
                Failure::usage(format!("--set {text}: write NAME=VALUE, such as --set learning_rate=1e-3"))
            })?;
        if changes.insert(name.to_owned(), value_of(value)).is_some() {
            return Err(Failure::usage(format!("--set {name}: it is given twice")));
        }
    }
    if let Some(epochs) = args.epochs
        && changes.insert("epochs".to_owned(), Value::Int(epochs)).is_some()
    {
        return Err(Failure::usage("--set epochs: --epochs says it, too"));
    }
    Ok(changes)
}
