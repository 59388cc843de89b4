//! `optimize check`.

use super::args::CheckArgs;
use super::failure::Failure;
use super::open::read_spec;
use super::print::print;
use super::training::{Look, look_at_data, slow_here};
use crate::study::spec::Source;

pub(super) fn check(args: &CheckArgs) -> Result<(), Failure> {
    let spec = read_spec(&args.study)?;
    print(spec.summary())?;
    if !spec.doubts().is_empty() {
        print(format!("\n{}", spec.render_doubts(&args.study.display().to_string(), false)))?;
    }
    if *spec.source() == Source::None {
        // Complete for `ask-tell`.
        return Ok(());
    }
    super::conduct::check_source(&spec)?;
    super::conduct::check_program(&spec, &args.study)?;
    let Look { to_fetch, mut notes } = look_at_data(&spec, &args.study)?;
    notes.extend(slow_here(&spec));
    if let Some(name) = to_fetch {
        print(format!("\nthe data set `{name}` is not here yet: `optimize data fetch {name}` brings it"))?;
    }
    if !notes.is_empty() {
        print(format!("\n{}", notes.join("\n")))?;
    }
    Ok(())
}
