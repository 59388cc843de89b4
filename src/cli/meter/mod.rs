//! `optimize meter`: what a command costs in energy.

mod child;
mod files;
mod table;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use child::{Child, Event};
use files::Series;

use super::args::MeterArgs;
use super::failure::Failure;
use crate::energy::{MeterKind, Meters, Profile, Session};

/// What `optimize` itself fails with, so that it is told apart from the command's own codes, as `timeout` and `env` do.
const OWN: u8 = 125;

/// Runs the command under the meters and gives its exit code.
pub(super) fn meter(args: &MeterArgs) -> Result<ExitCode, Failure> {
    let own = |error: &dyn std::fmt::Display| Failure::with_code(OWN, error);
    let interval = Duration::try_from_secs_f64(args.interval).map_err(|e| own(&e))?;
    // Orphans of the command become children of this process, and so their CPU time is known when they end.
    let _ = rustix::process::set_child_subreaper(Some(rustix::process::getpid()));
    let mut builder = Session::builder().meters(meters(args).map_err(|e| own(&e))?).descendants_only();
    if let Some(watts) = args.watts_per_core {
        builder = builder.watts_per_core(watts);
    }
    let session = builder.open().map_err(|e| own(&e))?;
    let json = args.json.as_deref().map(files::Summed::create).transpose().map_err(|e| own(&e))?;
    let mut series = args.csv.as_deref().map(Series::create).transpose().map_err(|e| own(&e))?;

    let mut profile = Profile::open(&session);
    let mut child = Child::start(&args.command, &session)?;
    let (status, end) = loop {
        match child.next(interval) {
            Event::Nothing => {
                let sample = profile.sample();
                if let Some(series) = &mut series {
                    series.add(profile.sampled_seconds(), &sample);
                }
            }
            Event::Ended { status, at } => {
                if let Some(series) = &mut series {
                    // It may have ended in the very moment of the last look.
                    let rest = Some(profile.rest(&at)).filter(|rest| rest.seconds > 0.0);
                    rest.iter().for_each(|rest| series.add(profile.sampled_seconds() + rest.seconds, rest));
                }
                break (status, at);
            }
            Event::Lost { reason } => return Err(own(&reason)),
        }
    };
    let summary = profile.close_at(&end);
    // From here on nothing may keep the command's own code from the caller.
    let mut troubles: Vec<String> = series.and_then(|series| series.finish().err()).into_iter().collect();
    troubles.extend(json.and_then(|json| json.write(&args.command, status, &summary).err()));
    let mut text = String::new();
    // Figures that went into no file are better printed than lost.
    if !args.quiet || !troubles.is_empty() {
        text.push_str(&table::render(&args.command, &summary, args.interval));
    }
    troubles.iter().for_each(|trouble| text.push_str(&format!("error: {trouble}\n")));
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
    Ok(child::code(status).into())
}

fn meters(args: &MeterArgs) -> Result<Meters, crate::energy::EnergyError> {
    if args.meters.is_empty() || args.meters == ["auto"] {
        return Ok(Meters::Auto);
    }
    let kinds: Result<Vec<MeterKind>, _> = args.meters.iter().map(|name| name.parse()).collect();
    kinds.map(Meters::List)
}
