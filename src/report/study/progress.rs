//! One line per trial, for the screen and for logs.

use crate::analysis::{Provenance, Quantity, broken, is_on_front};
use crate::record::{StudyRecord, TrialRecord, TrialResult, TrialState};
use crate::report::words::{cut, point, wrap};

/// Lines of fewer characters have no room for all words.
const NARROW: usize = 90;

/// The line of a trial that just ended, such as
/// `trial 12  accuracy 96.4 %  energy 3.21 J (cpu, ESTIMATED)  + front  learning_rate=0.0123 width=64`, or for a failure
/// `trial 13  FAILED out of memory: needs 9.1 GiB  learning_rate=...`. `None` for an unknown trial or one that runs.
///
/// What does not fit into `width` characters (at least 40) goes on in further lines, which are indented; nothing is cut off. Where the
/// width is below 90, a mere `+` after the number says `+ front`, and a `!` that a constraint is broken.
#[must_use]
pub fn trial_line(record: &StudyRecord, trial: u64, width: usize) -> Option<String> {
    let trial = record.trial(trial)?;
    let narrow = width < NARROW;
    let mut line = format!("trial {:<3}", trial.id);
    match &trial.state {
        TrialState::Running => return None,
        TrialState::Finished(_) => line += &result(record, trial, narrow),
        TrialState::Failed(failure) => {
            line += &format!(" FAILED {}: {}", failure.kind.label(), on_one_line(&failure.message))
        }
        TrialState::Waiting(failure) => {
            line += &format!(" {}, will be tried again: {}", failure.kind.label(), on_one_line(&failure.message));
        }
    }
    Some(fitted(&line, &point(record, trial), width.max(40)))
}

/// The line of a trial that was run again, which begins with `label` and says nothing of a front; as for [`trial_line`].
#[must_use]
pub fn again_line(record: &StudyRecord, trial: u64, label: &str, width: usize) -> Option<String> {
    let trial = record.trial(trial)?;
    let told = match &trial.state {
        TrialState::Running => return None,
        TrialState::Finished(result) => values(record, result, width < NARROW),
        TrialState::Failed(failure) => format!(" FAILED {}: {}", failure.kind.label(), on_one_line(&failure.message)),
        TrialState::Waiting(failure) => {
            format!(" {}, will be tried again: {}", failure.kind.label(), on_one_line(&failure.message))
        }
    };
    Some(fitted(&format!("{label} {told}"), "", width.max(40)))
}

fn result(record: &StudyRecord, trial: &TrialRecord, narrow: bool) -> String {
    let Some(result) = trial.result() else { return String::new() };
    let on_front = is_on_front(record, trial.id);
    let broken: Vec<String> = broken(record, trial).iter().map(ToString::to_string).collect();
    let text = match (narrow, on_front) {
        (false, _) => String::new(),
        (true, true) => "+".to_owned(),
        (true, false) if !broken.is_empty() => "!".to_owned(),
        (true, false) => " ".to_owned(),
    };
    let text = text + &values(record, result, narrow);
    match (narrow, on_front) {
        (true, _) => text,
        (false, true) => text + " + front",
        (false, false) if !broken.is_empty() => text + " infeasible: " + &broken.join("; "),
        (false, false) => text + "        ",
    }
}

/// The objectives, and how energies came about.
fn values(record: &StudyRecord, result: &TrialResult, narrow: bool) -> String {
    let mut text = String::new();
    for objective in record.problem().objectives() {
        let quantity = Quantity::of(record, &objective.metric);
        let Some(value) = result.metrics.get(&objective.metric) else { continue };
        let value = quantity.show(*value);
        text +=
            &if narrow { format!(" {} {value}", quantity.name()) } else { format!(" {} {value:<6} ", quantity.name()) };
        let provenance = Provenance::of_metric(result, &objective.metric).filter(|_| quantity.is_energy());
        text += &match provenance {
            Some(provenance) if narrow => format!(" ({provenance})"),
            Some(provenance) => format!("({provenance}) "),
            None => String::new(),
        };
    }
    text
}

/// The lines of a failure, so that one can be told from the next.
fn on_one_line(message: &str) -> String {
    let mut text = String::new();
    for line in message.lines().map(str::trim).filter(|line| !line.is_empty()) {
        text += match &*text {
            "" => "",
            before if before.ends_with([':', ';', '|']) => " ",
            _ => " | ",
        };
        text += line;
    }
    text
}

/// What happened, and the point behind it: on one line if there is room for both, else each on lines of its own, broken at spaces.
fn fitted(what: &str, point: &str, width: usize) -> String {
    let clean = |text: &str| cut(text, usize::MAX);
    let whole = clean(&format!("{what}  {point}"));
    if whole.chars().count() <= width {
        return whole;
    }
    let mut lines: Vec<String> = Vec::new();
    for part in [clean(what), clean(point)].iter().filter(|part| !part.is_empty()) {
        if lines.is_empty() && part.chars().count() <= width {
            lines.push(part.clone());
            continue;
        }
        for line in wrap(part, width.saturating_sub(INDENT.len())).lines() {
            let indent = if lines.is_empty() { "" } else { INDENT };
            lines.push(format!("{indent}{line}"));
        }
    }
    lines.join("\n")
}

/// Before lines that go on with a trial.
const INDENT: &str = "          ";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::fixture::{StudyFixture, counters, digits, digits_point, digits_problem, estimate};
    use crate::optimizer::history::FailureKind;

    #[test]
    fn lines_of_a_study() {
        let record = digits(estimate);
        let lines: Vec<_> = (0..record.trials().len() as u64).filter_map(|t| trial_line(&record, t, 110)).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn a_trial_that_waits_and_others_without_a_line() {
        let mut fixture = StudyFixture::new("lines", digits_problem()).wait(
            digits_point(1e-3, 8, 16, None),
            FailureKind::WorkerLost,
            "signal 9\nand more",
        );
        let running = fixture.start(digits_point(1e-3, 9, 16, None));
        let record = fixture.record();
        let line = trial_line(&record, 0, 200).unwrap();
        assert!(line.contains("worker lost, will be tried again: signal 9 | and more"), "{line}");
        assert_eq!(trial_line(&record, running, 100), None);
        assert_eq!(trial_line(&record, 99, 100), None);
    }

    #[test]
    fn what_does_not_fit_goes_on_in_further_lines_and_is_not_cut() {
        let record = digits(counters);
        for width in [40, 60, 80, 120, usize::MAX] {
            for trial in 0..record.trials().len() as u64 {
                let text = trial_line(&record, trial, width).unwrap();
                assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
                let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
                let whole = trial_line(&record, trial, usize::MAX).unwrap();
                assert!(!text.contains('…') && whole.lines().count() == 1, "{text}");
                let point = words(&point(&record, record.trial(trial).unwrap()));
                assert!(words(&text).ends_with(&point), "{text}");
            }
        }
    }

    #[test]
    fn narrow_lines_keep_the_front_and_the_method() {
        let lines = |record: &StudyRecord| (0..6).filter_map(|t| trial_line(record, t, 60)).collect::<Vec<_>>();
        let all = [lines(&digits(counters)), lines(&digits(estimate))].concat();
        assert!(all.iter().flat_map(|text| text.lines()).all(|line| line.chars().count() <= 60));
        insta::assert_snapshot!(all.join("\n"));
    }
}
