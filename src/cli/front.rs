//! `optimize pick`, `report` and `export`: answers from the record.

use super::args::{ExportArgs, ExportFormat, PickArgs, ReportArgs, StudyArg};
use super::failure::Failure;
use super::open::{find_results, read_record, read_spec};
use super::outputs::{print_closing, write_outputs};
use super::print::print;
use crate::record::StudyRecord;
use crate::report::pick::{Choice, pick_preferring};
use crate::report::svg::{Chart, front_chart};
use crate::report::{csv, json, preferences_of};
use crate::study::ResultsFolder;
use crate::study::spec::differences;

pub(super) fn pick(args: &PickArgs) -> Result<(), Failure> {
    let choice = match (&args.within, args.trial) {
        (Some(within), _) => Choice::within(within).map_err(Failure::usage)?,
        (None, Some(trial)) => Choice::Trial(trial),
        (None, None) => Choice::Knee,
    };
    let record = preferring_as_the_file(read_record(&find_results(&args.study)?)?, &args.study)?;
    let preferences = preferences_of(record.problem(), &args.at_least, &args.at_most, &args.weights);
    let picked = pick_preferring(&record, choice, preferences.map_err(Failure::usage)?).map_err(Failure::nothing)?;
    print(if args.json {
        serde_json::to_string_pretty(&picked.to_json()).map_err(Failure::other)?
    } else {
        picked.to_toml()
    })
}

/// The record with the preferences of the study file, if one was given: they may have changed since the study was last run.
fn preferring_as_the_file(record: StudyRecord, arg: &StudyArg) -> Result<StudyRecord, Failure> {
    if !arg.study.is_file() {
        return Ok(record);
    }
    let spec = read_spec(&arg.study)?;
    // Those of a file that has become another study are not about these trials.
    if !differences(&record.header().identity, &spec.identity_beside(&record.header().identity)).is_empty() {
        return Ok(record);
    }
    Ok(record.preferring(spec.problem().preferences().to_vec()))
}

pub(super) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let path = find_results(&args.study)?;
    let record = read_record(&path)?;
    let folder = ResultsFolder::open(&path)?;
    write_outputs(&folder, &record)?;
    print_closing(&record, &path)
}

pub(super) fn export(args: &ExportArgs) -> Result<(), Failure> {
    if args.front && args.format != ExportFormat::Csv {
        return Err(Failure::usage("--front goes with --format csv; the others show the front anyway"));
    }
    let record = read_record(&find_results(&args.study)?)?;
    print(match args.format {
        ExportFormat::Csv if args.front => csv::front(&record),
        ExportFormat::Csv => csv::trials(&record),
        ExportFormat::Json => json::study_text(&record),
        ExportFormat::Svg => front_chart(&record, &Chart::default()),
    })
}
