//! `optimize compare`: many studies, run in turn, and what they say of their samplers.

use super::args::CompareArgs;
use super::compare_progress::ComparisonProgress;
use super::failure::Failure;
use super::print::{closing_of, print, print_data, warn};
use super::signals::control;
use super::terminal::Terminal;
use crate::app::compare::{self, CompareObserver, CompareWish};
use crate::report::comparison::{json, text};
use crate::study::EndReason;

pub(super) fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let samplers: Vec<String> = args.samplers.iter().map(|name| name.trim().to_owned()).collect();
    let (mut progress, mut quiet) = (ComparisonProgress::default(), Terminal::Quiet);
    let observer: &mut dyn CompareObserver = if args.answer.is_quiet() { &mut quiet } else { &mut progress };
    let wish = CompareWish {
        file: &args.study,
        samplers: &samplers,
        seeds: args.seeds,
        trials: args.trials,
        results: args.results.as_deref(),
        fresh: args.fresh,
        control: &control,
    };
    let compared = compare::compare(&wish, observer)?;
    if compared.end == EndReason::Interrupted {
        warn("stopped; run the same command again to go on");
        return Err(Failure::interrupted());
    }
    let comparison = compared.comparison?;
    if args.answer.is_json() {
        return print_data(json::comparison_text(&comparison));
    }
    print(text::closing(&comparison, &closing_of(&compared.folder.join("comparison.html"))))?;
    if compared.others.is_empty() || args.answer.is_quiet() {
        return Ok(());
    }
    print(format!("there are runs of {} too, which were not named and are not compared", compared.others.join(", ")))
}
