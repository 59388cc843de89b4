//! `optimize pick`, `report` and `export`: answers from the record.

use super::args::{ExportArgs, ExportFormat, PickArgs, ReportArgs};
use super::carbon::carbon_of;
use super::failure::Failure;
use super::open::Found;
use super::outputs::{print_closing, write_outputs};
use super::print::print_data;
use crate::report::pick::{Choice, pick_preferring};
use crate::report::svg::{Chart, front_chart};
use crate::report::{csv, json, preferences_of};
use crate::study::ResultsFolder;

pub(super) fn pick(args: &PickArgs) -> Result<(), Failure> {
    let choice = match (&args.within, args.trial) {
        (Some(within), _) => Choice::within(within).map_err(Failure::usage)?,
        (None, Some(trial)) => Choice::Trial(trial),
        (None, None) => Choice::Knee,
    };
    let found = Found::of(&args.study)?;
    let carbon = carbon_of(&found, &args.carbon)?;
    // Preferences may have changed since the study was last run.
    let record = match &found.file {
        Some(file) => found.record.preferring(file.problem().preferences().to_vec()),
        None => found.record,
    };
    let preferences = preferences_of(record.problem(), &args.at_least, &args.at_most, &args.weights);
    let picked = pick_preferring(&record, choice, preferences.map_err(Failure::usage)?).map_err(Failure::nothing)?;
    let picked = picked.with_carbon(&record, &carbon);
    print_data(if args.json {
        serde_json::to_string_pretty(&picked.to_json()).map_err(Failure::other)?
    } else {
        picked.to_toml()
    })
}

pub(super) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let found = Found::of(&args.study)?;
    let carbon = carbon_of(&found, &args.carbon)?;
    let folder = ResultsFolder::open(&found.folder)?;
    write_outputs(&folder, &found.record, &carbon)?;
    print_closing(&found.record, &carbon, &found.folder)
}

pub(super) fn export(args: &ExportArgs) -> Result<(), Failure> {
    if args.front && args.format != ExportFormat::Csv {
        return Err(Failure::usage("--front goes with --format csv; the others show the front anyway"));
    }
    if args.format != ExportFormat::Json && (args.carbon.carbon_intensity.is_some() || args.carbon.pue.is_some()) {
        return Err(Failure::usage("--carbon-intensity and --pue go with --format json; the others have joules alone"));
    }
    let found = Found::of(&args.study)?;
    let record = &found.record;
    print_data(match args.format {
        ExportFormat::Csv if args.front => csv::front(record),
        ExportFormat::Csv => csv::trials(record),
        ExportFormat::Json => json::study_text(record, &carbon_of(&found, &args.carbon)?),
        ExportFormat::Svg => front_chart(record, &Chart::default()),
    })
}
