//! `optimize pick`, `report` and `export`: answers from the record.

use super::advice::{NoPdf, Refused};
use super::args::{ExportArgs, ExportFormat, Figure, PickArgs, PickFormat, ReportArgs, StudyArg};
use super::carbon::carbon_of;
use super::failure::Failure;
use super::print::{print, print_bytes, print_closing, print_data, refuse_terminal, warn};
use super::terminal::Terminal;
use crate::analysis::comparison::Comparison;
use crate::app::compare::comparison_in;
use crate::app::{Found, write_beside, write_outputs};
use crate::report::chart::{Chart, Over, attainment_chart, bands_chart, front_chart, hypervolume_chart};
use crate::report::study::pick::{Choice, pick_preferring};
use crate::report::study::{csv, json, preferences_of};
use crate::report::{ReportError, comparison, pdf};
use crate::study::{ResultsFolder, StudyError};

fn found(study: &StudyArg) -> Result<Found, Failure> {
    Ok(Found::of(&study.study, study.results.as_deref(), &mut Terminal::Talkative)?)
}

pub(super) fn pick(args: &PickArgs) -> Result<(), Failure> {
    let choice = match (&args.within, args.trial) {
        (Some(within), _) => Choice::within(within).map_err(|error| Failure::usage(Refused(&error)))?,
        (None, Some(trial)) => Choice::Trial(trial),
        (None, None) => Choice::Knee,
    };
    let found = found(&args.study)?;
    let carbon = carbon_of(&found, &args.carbon)?;
    // Preferences may have changed since the study was last run.
    let record = match &found.file {
        Some(file) => found.record.preferring(file.problem().preferences().to_vec()),
        None => found.record,
    };
    let preferences = preferences_of(record.problem(), &args.at_least, &args.at_most, &args.weights);
    let picked = pick_preferring(&record, choice, preferences.map_err(|error| Failure::usage(Refused(&error)))?);
    let picked = picked.map_err(|error| match error {
        ReportError::WideTolerance { .. } | ReportError::UnknownTrial { .. } | ReportError::NotFinished { .. } => {
            Failure::usage(Refused(&error))
        }
        error => Failure::nothing(Refused(&error)),
    })?;
    let picked = picked.with_carbon(&record, &carbon);
    print_data(if args.json || args.format == Some(PickFormat::Json) {
        serde_json::to_string_pretty(&picked.to_json()).map_err(Failure::other)?
    } else {
        picked.to_toml()
    })
}

pub(super) fn report(args: &ReportArgs) -> Result<(), Failure> {
    let found = found(&args.study)?;
    let carbon = carbon_of(&found, &args.carbon)?;
    let running = match ResultsFolder::open(&found.folder) {
        Ok(folder) => {
            write_outputs(&folder, &found.record, &carbon)?;
            None
        }
        Err(StudyError::Locked { owner, .. }) => {
            let as_of = write_beside(&found.folder, &found.record, &carbon)?;
            let process = owner.map_or_else(String::new, |pid| format!(" (process {pid})"));
            let done = found.record.counted_trials();
            Some(format!("the study is running{process}: this is as of {as_of}, after {}", counted(done)))
        }
        Err(error) => return Err(error.into()),
    };
    print_closing(&found.record, &carbon, &found.folder)?;
    running.map_or(Ok(()), print)
}

fn counted(trials: u64) -> String {
    if trials == 1 { "1 trial".to_owned() } else { format!("{trials} trials") }
}

pub(super) fn export(args: &ExportArgs) -> Result<(), Failure> {
    let format = if args.json { ExportFormat::Json } else { args.format };
    if args.front && format != ExportFormat::Csv {
        return Err(Failure::usage("--front goes with --format csv; the others show the front anyway"));
    }
    if format != ExportFormat::Json && (args.carbon.carbon_intensity.is_some() || args.carbon.pue.is_some()) {
        return Err(Failure::usage("--carbon-intensity and --pue go with --format json; the others have joules alone"));
    }
    if args.figure.is_some() && !matches!(format, ExportFormat::Svg | ExportFormat::Pdf) {
        return Err(Failure::usage("--figure goes with --format svg and pdf"));
    }
    if format == ExportFormat::Pdf {
        refuse_terminal("a PDF", "figure.pdf")?;
    }
    let folder = args.study.results.as_deref().unwrap_or(&args.study.study);
    if let Some(comparison) = comparison_in(folder, &mut Terminal::Talkative)? {
        return export_comparison(&comparison, args, format);
    }
    let found = found(&args.study)?;
    let record = &found.record;
    let figure = || match args.figure {
        None | Some(Figure::Front) => Ok(front_chart(record, &Chart::default())),
        Some(Figure::Hypervolume) => Ok(hypervolume_chart(record, &Chart::default())),
        Some(Figure::Energy) => {
            Err(Failure::usage("--figure energy is of comparisons: `optimize export results/NAME-compare`"))
        }
    };
    match format {
        ExportFormat::Csv if args.front => print_data(csv::front(record)),
        ExportFormat::Csv => print_data(csv::trials(record)),
        ExportFormat::Json => print_data(json::study_text(record, &carbon_of(&found, &args.carbon)?)),
        ExportFormat::Svg => print_data(figure()?),
        ExportFormat::Pdf => print_pdf(&figure()?),
    }
}

fn print_pdf(svg: &str) -> Result<(), Failure> {
    let page = pdf::page(svg).map_err(|error| Failure::other(NoPdf(&error)))?;
    print_bytes(&page.bytes)?;
    if !page.missing.is_empty() {
        let missing: Vec<String> = page.missing.iter().map(|c| format!("`{c}`")).collect();
        warn(&format!(
            "`?` stands in the PDF for {}, which its fonts, Helvetica and Helvetica-Bold, lack; `--format svg` has them",
            missing.join(", ")
        ));
    }
    Ok(())
}

/// The same of a comparison of samplers.
fn export_comparison(comparison: &Comparison, args: &ExportArgs, format: ExportFormat) -> Result<(), Failure> {
    if args.front {
        return Err(Failure::usage("--front is of studies; the fronts of a comparison are in its attainment.csv"));
    }
    if args.carbon.carbon_intensity.is_some() || args.carbon.pue.is_some() {
        return Err(Failure::usage("a comparison is exported in joules alone, without --carbon-intensity and --pue"));
    }
    let chart = Chart::default();
    let figure = || match args.figure {
        None | Some(Figure::Hypervolume) => bands_chart(comparison, Over::Trials, &chart),
        Some(Figure::Energy) => bands_chart(comparison, Over::Joules, &chart),
        Some(Figure::Front) => attainment_chart(comparison, &chart),
    };
    match format {
        ExportFormat::Csv => print_data(comparison::csv::samplers(comparison)),
        ExportFormat::Json => print_data(comparison::json::comparison_text(comparison)),
        ExportFormat::Svg => print_data(figure()),
        ExportFormat::Pdf => print_pdf(&figure()),
    }
}
