//! What the joules of a study that is asked about stand for.

use super::args::CarbonArgs;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::app::Found;
use crate::carbon::{Carbon, CarbonError};

/// By the study's own setting; arguments come before it.
pub(super) fn carbon_of(found: &Found, args: &CarbonArgs) -> Result<Carbon, Failure> {
    with_arguments(found.carbon(&mut Terminal::Talkative), args).map_err(Failure::usage)
}

fn with_arguments(carbon: Carbon, args: &CarbonArgs) -> Result<Carbon, CarbonError> {
    let carbon = match args.carbon_intensity {
        Some(grams) => carbon.with_intensity(grams, "by --carbon-intensity", None)?,
        None => carbon,
    };
    match args.pue {
        Some(pue) => carbon.with_pue(pue),
        None => Ok(carbon),
    }
}
