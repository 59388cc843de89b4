//! `optimize check`.

use super::args::CheckArgs;
use super::dry_run::dry_run;
use super::failure::Failure;
use super::hardware::hardware;
use super::open::read_spec;
use super::print::print;
use super::training::{look_at_data, slow_here};
use crate::study_file::Source;

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
    if *spec.source() == Source::None {
        if args.dry_run {
            return Err(Failure::usage(
                "--dry-run has nothing to run: the study file has neither [train] nor [command]",
            ));
        }
        // Complete for `ask-tell`.
        return Ok(());
    }
    super::conduct::check_source(&spec)?;
    super::conduct::check_program(&spec, &args.study)?;
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
    print(format!("\n{}", here.text()))?;
    if args.dry_run { here.start().and_then(|()| dry_run(&spec, &args.study)) } else { Ok(()) }
}
