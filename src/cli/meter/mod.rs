//! `optimize meter`: what a command costs in energy.

mod child;
mod coverage;
mod files;
mod in_place;
mod place;
mod refusal;
mod signals;
mod stream;
mod table;
mod total;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use child::{Child, Event};
use coverage::Coverage;
use files::{Outcome, Series, Trouble};
use stream::Patience;

use super::advice::Explained;
use super::args::MeterArgs;
use super::failure::Failure;
use crate::energy::{EnergyError, MeterKind, Meters, MigPolicy, Profile, Session};
use crate::guard::text::lines;

/// What `optimize` itself fails with, so that it is told apart from the command's own codes, as `timeout` and `env` do.
const OWN: u8 = 125;

/// Runs the command under the meters and gives its exit code.
pub(super) fn meter(args: &MeterArgs) -> Result<ExitCode, Failure> {
    let own = |error: &dyn Explained| Failure::with_code(OWN, error);
    refuse_one_file_for_both(args)?;
    let interval = Duration::try_from_secs_f64(args.interval).map_err(|e| own(&e))?;
    // Orphans of the command become children of this process, and so their CPU time is known when they end.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let session = open(args).map_err(|e| own(&e))?;
    let json = args.json.as_deref().map(files::Summed::create).transpose().map_err(|e| own(&e))?;
    let mut series = args.csv.as_deref().map(Series::create).transpose().map_err(|e| own(&e))?;

    let mut profile = Profile::open_after_rest(&session);
    let mut child = Child::start(&args.command, &session)?;
    let (status, end) = loop {
        match child.next(interval) {
            Event::Nothing => {
                for interval in profile.sample() {
                    series.iter_mut().for_each(|series| series.add(interval.until, &interval.energy));
                }
            }
            Event::Ended { status, at } => break (status, at.beside_rest()),
            Event::Lost { reason } => return Err(own(&reason)),
        }
    };
    let (rest, summary) = profile.close_at(&end);
    for interval in rest {
        series.iter_mut().for_each(|series| series.add(interval.until, &interval.energy));
    }
    let coverage = Coverage { consumers: session.consumers(), absent: session.absent() };
    let outcome = Outcome { command: &args.command, status, summary, stopped: child.stopped(), coverage };
    // From here on nothing may keep the command's own code from the caller, unless that would say that all went well.
    let mut patience = Patience::begin();
    let mut troubles: Vec<Trouble> = series.and_then(|series| series.finish(&mut patience).err()).into_iter().collect();
    troubles.extend(json.and_then(|json| json.write(&outcome, &mut patience).err()));
    let mut text = String::new();
    // Figures that went into no file are better printed than lost.
    if !args.quiet || !troubles.is_empty() {
        text.push_str(&table::render(&outcome));
    }
    for trouble in &troubles {
        let word = if trouble.is_of_reader { "warning" } else { "error" };
        text.push_str(&format!("{word}: {}\n", trouble.text));
    }
    let _ = std::io::stderr().lock().write_all(lines(&text).as_bytes());
    child.heed(status);
    match child::code(status) {
        // Who does not read on has what he wanted.
        0 if troubles.iter().any(|trouble| !trouble.is_of_reader) => Ok(OWN.into()),
        code => Ok(code.into()),
    }
}

/// The one would be written over the other.
fn refuse_one_file_for_both(args: &MeterArgs) -> Result<(), Failure> {
    let (Some(json), Some(csv)) = (&args.json, &args.csv) else { return Ok(()) };
    let plain = |path: &Path| -> PathBuf {
        let whole = path.canonicalize().or_else(|_| std::path::absolute(path));
        whole.unwrap_or_else(|_| path.to_owned())
    };
    if json == csv || plain(json) == plain(csv) || place::are_one(json, csv) {
        let text = format!("--json and --csv both go to {}; give each a file of its own", json.display());
        return Err(Failure::usage(text));
    }
    Ok(())
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
