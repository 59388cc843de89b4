//! `optimize check`.

use super::args::CheckArgs;
use super::failure::Failure;
use super::print::print;
use super::signals::control;
use crate::app::data::{look_at_data, slow_here};
use crate::app::{Hardware, check_program, check_source, dry_run, hardware, read_spec};
use crate::study_file::TrialSource;

pub(super) fn check(args: &CheckArgs) -> Result<(), Failure> {
    let spec = read_spec(&args.study)?;
    let look = look_at_data(&spec, &args.study);
    let spec = match &look {
        Ok(look) => look.settle(spec),
        Err(_) => spec,
    };
    print(spec.summary())?;
    if !spec.doubts().is_empty() {
        print(format!("\n{}", spec.render_doubts(&args.study.display().to_string(), false)))?;
    }
    if *spec.source() == TrialSource::None {
        if args.dry_run {
            return Err(Failure::usage(
                "--dry-run has nothing to run: the study file has neither [train] nor [command]",
            ));
        }
        // Complete for `ask-tell`.
        return Ok(());
    }
    check_source(&spec)?;
    check_program(&spec, &args.study)?;
    let look = look?;
    let mut notes = look.lines();
    notes.extend(slow_here(&spec));
    if let Some(name) = &look.to_fetch {
        print(format!("\nthe data set `{name}` is not here yet: `optimize data fetch {name}` brings it"))?;
    }
    if !notes.is_empty() {
        print(format!("\n{}", notes.join("\n")))?;
    }
    let here = hardware(&spec)?;
    let (text, refusal) = shown(here);
    print(format!("\n{text}"))?;
    match refusal {
        _ if !args.dry_run => Ok(()),
        Some(refusal) => Err(refusal),
        None => {
            print("\ndry run: the first trial, of which nothing is stored")?;
            let dry = dry_run(&spec, &args.study, &control(spec.trial().on_interrupt)?)?;
            dry.lines.into_iter().try_for_each(print)?;
            if let Some(output) = dry.output {
                print(format!("  output      what it printed is in {}", output.display()))?;
            }
            Ok(dry.verdict?)
        }
    }
}

/// For people, without a line break at its end; and what keeps the study from starting.
fn shown(here: Hardware) -> (String, Option<Failure>) {
    let title = |i: usize| if i == 0 { "hardware" } else { "" };
    let lines = here.lines.iter().enumerate().map(|(i, line)| format!("{:<12}{line}", title(i)));
    let refusal = here.refusal.map(Failure::from);
    let told = refusal.as_ref().and_then(Failure::text);
    let told = told.map(|text| format!("{:<12}{}", "here", text.strip_prefix("error: ").unwrap_or(&text)));
    (lines.chain(told).collect::<Vec<_>>().join("\n"), refusal)
}
