//! What a study file says that works, but hardly as it was meant.

use std::collections::BTreeMap;

use super::bounds::PlacedConstraint;
use super::coverage;
use super::error::IssueKind;
use super::findings::{Draft, Findings};
use super::objectives::Placed;
use super::points::PlacedPart;
use super::reader::Section;
use super::reference::SAMPLER;
use super::space::Searched;
use crate::optimizer::problem::{Forbidden, Goal};
use crate::optimizer::space::{Domain, Parameter, Scale, Space, Value};

/// Over so large a ratio, nearly all values of a linear scale are of the largest order of magnitude.
const DECADES: f64 = 1000.0;

/// Metrics of which less is better by their names, and of which more is.
const LESS: [&str; 9] =
    ["loss", "val_loss", "validation_loss", "test_loss", "error", "rmse", "mae", "mse", "perplexity"];
const MORE: [&str; 7] = ["accuracy", "val_accuracy", "acc", "val_acc", "f1", "auc", "r2"];

/// Doubts what parameters, forbidden combinations and objectives say.
pub(super) fn check(
    searched: &Searched,
    forbidden: &[PlacedPart<Forbidden>],
    objectives: &[Placed],
    findings: &mut Findings,
) {
    if let Some(space) = &searched.space {
        for parameter in space.parameters() {
            check_parameter(parameter, space, searched, findings);
        }
        for forbid in forbidden.iter().filter(|f| !coverage::can_match(space, &f.part)) {
            let message = format!("no point is `{}`, so this forbids nothing", forbid.part);
            let help = "its parameters are never active with these values at once; remove it, or change the values";
            findings.warn(message, forbid.span.clone(), help);
        }
    }
    for Placed { objective, span } in objectives {
        let metric = objective.metric.as_str();
        let (odd, goal, other) = match objective.goal {
            Goal::Maximize => (
                LESS.contains(&metric) || metric.parse::<crate::record::EnergyMetric>().is_ok(),
                "maximized",
                "minimize",
            ),
            Goal::Minimize => (MORE.contains(&metric), "minimized", "maximize"),
        };
        if odd {
            let message = format!("`{metric}` is {goal}");
            findings.warn(message, span.clone(), format!("if that is not meant, write goal = \"{other}\""));
        }
    }
}

fn check_parameter(parameter: &Parameter, space: &Space, searched: &Searched, findings: &mut Findings) {
    let name = &parameter.name;
    let Some(places) = searched.places.get(name) else { return };
    if parameter.domain.cardinality() == Some(1) {
        let message = format!("`{name}` has a single value, so nothing of it is searched");
        findings.warn(message, places.domain.clone(), "widen it, or fix it elsewhere and remove it here");
    }
    if !can_be_active(parameter, space) {
        let message = format!("`{name}` is never active: its conditions cannot hold together");
        findings.warn(message, places.condition.clone(), "change one of them; without, it is never searched");
    }
    let ends = match parameter.domain {
        Domain::Float { low, high, scale: Scale::Linear, step: None } => Some((low, high)),
        Domain::Int { low, high, scale: Scale::Linear, step: 1 } => Some((low as f64, high as f64)),
        _ => None,
    };
    if let Some((low, high)) = ends.filter(|(low, high)| *low > 0.0 && high / low >= DECADES) {
        let message = format!(
            "`{name}` goes from {low:?} to {high:?} on a linear scale: nine of ten values tried are above {:?}",
            high / 10.0
        );
        findings.note(message, places.domain.clone(), "add scale = \"log\" to search all orders of magnitude alike");
    }
}

/// Whether all clauses that a parameter depends on, over any number of others, can hold together.
fn can_be_active(parameter: &Parameter, space: &Space) -> bool {
    let mut allowed: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    let mut left: Vec<&Parameter> = vec![parameter];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(parameter) = left.pop() {
        if seen.contains(&parameter.name.as_str()) {
            continue;
        }
        seen.push(&parameter.name);
        for clause in &parameter.condition {
            let values = allowed.entry(&clause.parameter).or_insert_with(|| clause.values.iter().collect());
            values.retain(|value| clause.values.contains(value));
            if values.is_empty() {
                return false;
            }
            left.extend(space.get(&clause.parameter));
        }
    }
    true
}

/// Metrics of a program whose names are words of the lines in which it tells them.
pub(super) fn check_words(objectives: &[Placed], constraints: &[PlacedConstraint], findings: &mut Findings) {
    let objectives = objectives.iter().map(|o| (&o.objective.metric, &o.span));
    for (metric, span) in objectives.chain(constraints.iter().map(|c| (&c.constraint.metric, &c.span))) {
        match metric.as_str() {
            "step" => {
                let message = "a program cannot report a metric `step`: a line with \"step\" is the report of an epoch"
                    .to_owned();
                let help = "let the program call it something else, such as `steps`";
                findings.push(Draft::new(IssueKind::Impossible { message }).at(span.clone()).help(help));
            }
            "begin" | "end" | "at" | "device" | "failed" | "message" => {
                let message = format!("`{metric}` is also a word of the lines in which a program reports");
                let help = "as text it means something else, and beside \"step\" it may be none of the metrics: another name is safer";
                findings.warn(message, span.clone(), help);
            }
            _ => {}
        }
    }
}

/// Whether a value is a single number within a continuum, which next to no trial has. Its ends are tried: the best often lies there.
pub(super) fn is_lone(domain: &Domain, value: &Value) -> bool {
    let Domain::Float { low, high, step: None, .. } = domain else { return false };
    low < high && value.as_f64().is_some_and(|value| value != *low && value != *high)
}

/// Whether the study visits evenly spaced values, which a single number out of a continuum may be among.
pub(super) fn visits_levels(root: &Section) -> bool {
    root.get("sampler").and_then(|section| section.child(&SAMPLER, "kind")).and_then(|kind| kind.as_str())
        == Some("grid")
}
