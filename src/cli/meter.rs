//! `optimize meter`: what a command costs in energy.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::advice::NotMetered;
use super::args::MeterArgs;
use super::failure::Failure;
use super::meter_signals::Signals;
use super::signals::heed_the_ends_of_children;
use crate::app::AppError;
use crate::app::explained::Explained;
use crate::app::meter::{Child, Coverage, Outcome, Patience, Series, Summed, Trouble, are_one, code, follow, render};
use crate::energy::{EnergyError, MeterKind, Meters, MigPolicy, Profile, Session};
use crate::guard::text::lines;

/// What `optimize` itself fails with, so that it is told apart from the command's own codes, as `timeout` and `env` do.
const OWN: u8 = 125;
/// As a shell says it of a command that is there and cannot be run, and of one that is not there.
const NOT_EXECUTABLE: u8 = 126;
const NOT_FOUND: u8 = 127;

/// Runs the command under the meters and gives its exit code.
pub(super) fn meter(args: &MeterArgs) -> Result<ExitCode, Failure> {
    let own = |error: &dyn Explained| Failure::with_code(OWN, error);
    refuse_one_file_for_both(args)?;
    let interval = Duration::try_from_secs_f64(args.interval).map_err(|e| own(&e))?;
    // Orphans of the command become children of this process, and so their CPU time is known when they end.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let session = open(args).map_err(|e| own(&NotMetered(&e)))?;
    let json = args.json.as_deref().map(Summed::create).transpose().map_err(|e| own(&e))?;
    let mut series = args.csv.as_deref().map(Series::create).transpose().map_err(|e| own(&e))?;

    let profile = Profile::open_after_rest(&session);
    // Caught before the command is there, so that none falls in between.
    let signals = Signals::catch().map_err(|e| own(&format!("signals cannot be caught: {e}")))?;
    heed_the_ends_of_children();
    let mut handed_on = None;
    let mut child = Child::start(&args.command, &session, |pid| {
        let told = Arc::clone(handed_on.insert(signals.hand_on(pid)).told());
        move || told.command_ended()
    })
    .map_err(refused)?;
    let (status, summary) =
        follow(&mut child, profile, interval, &mut series).map_err(|e| Failure::from(e).coded(OWN))?;
    let stopped = handed_on.as_ref().map_or(Duration::ZERO, |signals| signals.told().stopped());
    let coverage = Coverage { consumers: session.consumers(), absent: session.absent(), asked_by: "--without " };
    let outcome = Outcome { command: &args.command, status, summary, stopped, coverage };
    // From here on nothing may keep the command's own code from the caller, unless that would say that all went well.
    let mut patience = Patience::begin();
    let mut troubles: Vec<Trouble> = series.and_then(|series| series.finish(&mut patience).err()).into_iter().collect();
    troubles.extend(json.and_then(|json| json.write(&outcome, &mut patience).err()));
    let mut text = String::new();
    // Figures that went into no file are better printed than lost.
    if !args.quiet || !troubles.is_empty() {
        text.push_str(&render(&outcome));
    }
    for trouble in &troubles {
        let word = if trouble.is_of_reader { "warning" } else { "error" };
        text.push_str(&format!("{word}: {}\n", trouble.text));
    }
    let _ = std::io::stderr().lock().write_all(lines(&text).as_bytes());
    if let Some(signals) = handed_on {
        signals.heed(status);
    }
    match code(status) {
        // Who does not read on has what he wanted.
        0 if troubles.iter().any(|trouble| !trouble.is_of_reader) => Ok(OWN.into()),
        code => Ok(code.into()),
    }
}

/// A command that cannot be started has the codes of the shell.
fn refused(error: AppError) -> Failure {
    match &error {
        AppError::NotStarted { is_there: true, .. } => Failure::from(error).coded(NOT_EXECUTABLE),
        AppError::NotStarted { is_there: false, .. } => Failure::from(error).coded(NOT_FOUND),
        _ => error.into(),
    }
}

/// The one would be written over the other.
fn refuse_one_file_for_both(args: &MeterArgs) -> Result<(), Failure> {
    match (&args.json, &args.csv) {
        (Some(json), Some(csv)) if are_one(json, csv) => {
            Err(Failure::usage(format!("--json and --csv both go to {}; give each a file of its own", json.display())))
        }
        _ => Ok(()),
    }
}

/// With the estimate of the processor's energy beside GPUs, where it has no counters: it is better than nothing, as long as it is
/// not added to what is measured.
fn open(args: &MeterArgs) -> Result<Session, EnergyError> {
    let builder = Session::builder().meters(meters(args)?).descendants_only().estimate_beside(true);
    let builder = builder.in_environment(|name| std::env::var(name).ok()).without(args.without.iter().cloned());
    let builder = if args.mig_whole_board { builder.mig(MigPolicy::WholeBoard) } else { builder };
    match args.watts_per_core {
        Some(watts) => builder.watts_per_core(watts).open(),
        None => builder.open(),
    }
}

fn meters(args: &MeterArgs) -> Result<Meters, EnergyError> {
    if args.meters.is_empty() || args.meters == ["auto"] {
        return Ok(Meters::Auto);
    }
    let kinds: Result<Vec<MeterKind>, _> = args.meters.iter().map(|name| name.parse()).collect();
    kinds.map(Meters::List)
}
