//! Wishes that exclude each other, or that no metric can fulfil.

use super::bounds::PlacedConstraint;
use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::objectives::Placed;
use super::reader::Section;
use super::reference::{PREFERENCE, PREFERRED};
use crate::optimizer::problem::{Bound, Goal, Objective, Preference};
use crate::record::EnergyMetric;

/// Checks constraints, references and preferences against each other and against what metrics can be; `trained` where the trainer
/// reports them, whose metrics are known.
pub(super) fn check(
    root: &Section,
    objectives: &[Placed],
    constraints: &[PlacedConstraint],
    preferences: &[Preference],
    trained: bool,
    findings: &mut Findings,
) {
    for (i, low) in constraints.iter().enumerate() {
        check_pairs(i, low, constraints, findings);
        let (metric, bound) = (&low.constraint.metric, low.constraint.bound);
        let told = check_nature(metric, bound, "constraint", low.span.clone(), trained, findings);
        let objective = objectives.iter().find(|o| o.objective.metric == *metric);
        if let Some(objective) = objective.filter(|_| !told) {
            check_side(low, &objective.objective, &objective.span, findings);
        }
    }
    for Placed { objective, span } in objectives {
        check_reference(objective, span, constraints, trained, findings);
    }
    for preference in preferences {
        let place = |key: &str| {
            let entry = root.get("preference").and_then(|section| section.child(&PREFERENCE, &preference.metric))?;
            entry.child(&PREFERRED, key).and_then(|entry| entry.span())
        };
        let Some(bound) = preference.within else { continue };
        let side = if matches!(bound, Bound::AtLeast(_)) { "at_least" } else { "at_most" };
        check_nature(&preference.metric, bound, "preference", place(side), trained, findings);
        for other in constraints.iter().filter(|c| c.constraint.metric == preference.metric) {
            if excludes(other.constraint.bound, bound) {
                let message = format!("what is preferred, `{}` {bound}, breaks a constraint", preference.metric);
                let draft = Draft::new(IssueKind::Doubtful { message }).at(place(side));
                let draft = draft.also(other.span.clone(), format!("{}", other.constraint));
                findings.doubt(draft.help("no trial can be both: change one of them"));
            }
        }
    }
    if let [only] = objectives {
        let weight = root.get("preference");
        let weight = weight.and_then(|s| s.child(&PREFERENCE, &only.objective.metric)?.child(&PREFERRED, "weight"));
        if let Some(weight) = weight {
            let help = "remove it, or add a second objective";
            findings.warn("a weight has no effect beside a single objective", weight.whole(), help);
        }
    }
}

/// Whether nothing keeps both.
fn excludes(a: Bound, b: Bound) -> bool {
    match (a, b) {
        (Bound::AtLeast(low), Bound::AtMost(high)) | (Bound::AtMost(high), Bound::AtLeast(low)) => low > high,
        _ => false,
    }
}

/// Two constraints of one metric in sections of their own; those in one section were read together.
fn check_pairs(i: usize, one: &PlacedConstraint, constraints: &[PlacedConstraint], findings: &mut Findings) {
    let metric = &one.constraint.metric;
    for other in constraints[..i].iter().filter(|o| o.constraint.metric == *metric) {
        if excludes(one.constraint.bound, other.constraint.bound) {
            let (a, b) = (other.constraint.bound, one.constraint.bound);
            let message = format!("`{metric}` is to be {a} and {b}: no trial can keep both");
            let draft = Draft::new(IssueKind::Impossible { message }).at(one.span.clone());
            findings.push(draft.also(other.span.clone(), format!("{a} here")).help("loosen or remove one of them"));
        } else if let (Bound::AtLeast(a), Bound::AtMost(b)) | (Bound::AtMost(b), Bound::AtLeast(a)) =
            (one.constraint.bound, other.constraint.bound)
            && a == b
        {
            let message = format!("`{metric}` is to be exactly {a}, which next to no trial is");
            let draft = Draft::new(IssueKind::Doubtful { message }).at(one.span.clone());
            findings.doubt(draft.also(other.span.clone(), "").help("leave some room between both bounds"));
        }
    }
}

/// The least and the greatest that a metric can be, as far as that is known.
fn nature(metric: &str, trained: bool) -> (Option<f64>, Option<f64>) {
    if let Ok(energy) = metric.parse::<EnergyMetric>() {
        // Above the power at rest, a trial may have taken less than nothing, by the error of its figures.
        return (Some(0.0).filter(|_| !energy.net), None);
    }
    match metric {
        _ if !trained => (None, None),
        "accuracy" | "train_accuracy" => (Some(0.0), Some(1.0)),
        "r2" | "train_r2" => (None, Some(1.0)),
        "rmse" | "parameters" => (Some(0.0), None),
        _ if metric.ends_with("_seconds") || metric.ends_with("_loss") => (Some(0.0), None),
        _ => (None, None),
    }
}

/// A bound that nothing can keep, or that everything does. Whether there was anything to say.
fn check_nature(metric: &str, bound: Bound, what: &str, span: Span, trained: bool, findings: &mut Findings) -> bool {
    let (low, high) = nature(metric, trained);
    let (end, never, always) = match bound {
        Bound::AtLeast(value) => {
            (high.map(|h| format!("never above {h}")), high.is_some_and(|h| value > h), low.is_some_and(|l| value <= l))
        }
        // Of energies, a constraint at zero is refused where it is read.
        Bound::AtMost(value) => {
            (low.map(|l| format!("never below {l}")), low.is_some_and(|l| value < l), high.is_some_and(|h| value >= h))
        }
    };
    if never {
        let message = format!("`{metric}` is {}, so no trial can be {bound}", end.unwrap_or_default());
        let draft = Draft::new(IssueKind::Impossible { message }).at(span);
        findings.push(with_share(metric, bound_value(bound), draft));
    } else if always {
        let message = format!("every trial has `{metric}` {bound}, so this {what} says nothing");
        findings.warn(message, span, "change the bound, or remove it");
    }
    never || always
}

/// Hints at percent in the place of a share.
fn with_share(metric: &str, value: f64, draft: Draft) -> Draft {
    match metric.contains("accuracy") && value > 1.0 && value <= 100.0 {
        true => draft.help(format!("it is a share and not in percent: did you mean {}?", value / 100.0)),
        false => draft.help("change it, or remove it"),
    }
}

fn bound_value(bound: Bound) -> f64 {
    match bound {
        Bound::AtLeast(value) | Bound::AtMost(value) => value,
    }
}

/// A constraint on the side to which the objective pulls.
fn check_side(constraint: &PlacedConstraint, objective: &Objective, place: &Span, findings: &mut Findings) {
    let (goal, meant) = match (objective.goal, constraint.constraint.bound) {
        (Goal::Maximize, Bound::AtMost(value)) => ("maximized", format!("at_least = {value:?}")),
        (Goal::Minimize, Bound::AtLeast(value)) => ("minimized", format!("at_most = {value:?}")),
        _ => return,
    };
    let message = format!("`{}` is {goal}, and this constraint rules out the best of it", objective.metric);
    let draft = Draft::new(IssueKind::Doubtful { message }).at(constraint.span.clone());
    findings.doubt(draft.also(place.clone(), format!("{goal} here")).help(format!("did you mean {meant}?")));
}

/// A coordinate of the reference point that nothing is better than.
fn check_reference(
    objective: &Objective,
    span: &Span,
    constraints: &[PlacedConstraint],
    trained: bool,
    findings: &mut Findings,
) {
    let Some(reference) = objective.reference else { return };
    let metric = &objective.metric;
    let (low, high) = nature(metric, trained);
    let (end, never, word) = match objective.goal {
        Goal::Maximize => (high, high.is_some_and(|h| reference >= h), "above"),
        Goal::Minimize => (low, low.is_some_and(|l| reference <= l), "below"),
    };
    if let (true, Some(end)) = (never, end) {
        let message =
            format!("`{metric}` is never {word} {end}, so no trial can be better than the reference, {reference}");
        let draft = Draft::new(IssueKind::Impossible { message }).at(span.clone());
        let help = "the reference is the worst value that is still of use";
        findings.push(with_share(metric, reference, draft).help(help));
        return;
    }
    for PlacedConstraint { constraint, span: place } in constraints.iter().filter(|c| c.constraint.metric == *metric) {
        let contradicts = match (objective.goal, constraint.bound) {
            (Goal::Maximize, Bound::AtMost(most)) => most <= reference,
            (Goal::Minimize, Bound::AtLeast(least)) => least >= reference,
            _ => false,
        };
        if contradicts {
            let message =
                format!("no trial that keeps a constraint is better than the reference of `{metric}`, {reference}");
            let draft = Draft::new(IssueKind::Doubtful { message }).at(span.clone());
            let draft = draft.also(place.clone(), format!("{constraint}"));
            findings.doubt(draft.help("the reference is the worst value that is still of use: change one of them"));
        }
    }
}
