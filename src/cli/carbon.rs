//! What the joules of a study that is asked about stand for.

use super::args::CarbonArgs;
use super::failure::Failure;
use super::open::{Found, read_spec};
use super::print::warn;
use crate::carbon::{Carbon, CarbonError};

/// By the study file that was named, or else by that of the results folder, which is as last run; arguments come before both.
pub(super) fn carbon_of(found: &Found, args: &CarbonArgs) -> Result<Carbon, Failure> {
    let carbon = match &found.file {
        Some(file) => file.carbon().clone(),
        None => of_folder(found),
    };
    with_arguments(carbon, args).map_err(Failure::usage)
}

fn of_folder(found: &Found) -> Carbon {
    let path = found.folder.join("study.toml");
    match path.is_file().then(|| read_spec(&path)) {
        Some(Ok(spec)) => spec.carbon().clone(),
        // Grams are no reason to withhold the figures that are right.
        Some(Err(_)) => {
            let path = path.display();
            warn(&format!(
                "warning: {path} cannot be read, so its [carbon] is not known (`optimize check {path}` says why)"
            ));
            Carbon::default()
        }
        None => Carbon::default(),
    }
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
