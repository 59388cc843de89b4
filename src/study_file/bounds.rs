//! The constraints and preferences of a study file.

use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::objectives::{Placed, read_metric};
use super::reader::{Entry, Section};
use super::reference::{CONSTRAINT, PREFERENCE, PREFERRED, Values};
use super::spelling::nearest;
use crate::optimizer::problem::{Bound, Constraint, Goal, Objective, Preference};
use crate::optimizer::space::Scale;
use crate::record::EnergyMetric;

const SIDES: [&str; 2] = ["at_least", "at_most"];
const EXAMPLE: &str = "accuracy = { at_least = 0.93 } or energy = { at_most = 2000, weight = 2 }";

/// A constraint with the place of its metric.
pub(super) struct PlacedConstraint {
    pub(super) constraint: Constraint,
    pub(super) span: Span,
}

/// Reads `[[constraint]]`, whatever is reported by whom. One that bounds both sides becomes two.
pub(super) fn read_constraints(root: &Section, findings: &mut Findings) -> Vec<PlacedConstraint> {
    let mut constraints: Vec<PlacedConstraint> = Vec::new();
    let sections = root.get("constraint").map(|e| e.tables(&CONSTRAINT, findings)).unwrap_or_default();
    for section in sections {
        section.refuse_unknown_keys(findings);
        let bounds = read_bounds(&section, findings);
        let Some(entry) = section.get("metric") else {
            section.missing("`metric`", "metric = \"accuracy\"", findings);
            continue;
        };
        let Some((metric, span)) = read_metric(entry, findings) else { continue };
        for (bound, entry) in bounds {
            if let (Bound::AtMost(most), true) = (bound, EnergyMetric::is_reserved(&metric))
                && most <= 0.0
            {
                entry.bad_value("above zero, because it bounds an energy", &most.to_string(), findings);
            }
            let same = |other: &&PlacedConstraint| {
                let side = |b: &Bound| matches!(b, Bound::AtLeast(_));
                other.constraint.metric == metric && side(&other.constraint.bound) == side(&bound)
            };
            if let Some(first) = constraints.iter().find(same) {
                let kind = IssueKind::DuplicateConstraint { metric: metric.clone(), side: entry.name().to_owned() };
                let draft = Draft::new(kind).at(span.clone()).also(first.span.clone(), "first here");
                findings.push(draft.help("keep the tighter one"));
                continue;
            }
            let constraint = Constraint { metric: metric.clone(), bound };
            constraints.push(PlacedConstraint { constraint, span: span.clone() });
        }
    }
    constraints
}

/// `at_least` and `at_most`, of which at least one must be there.
fn read_bounds<'a>(section: &Section<'a>, findings: &mut Findings) -> Vec<(Bound, Entry<'a>)> {
    let [least, most] = SIDES.map(|side| section.get(side));
    if least.is_none() && most.is_none() {
        if !SIDES.iter().any(|side| section.misspells(side)) {
            section.missing("one of `at_least` and `at_most`", "at_least = 0.9", findings);
        }
        return Vec::new();
    }
    let least = least.and_then(|e| Some((e.number("at_least = 0.9", findings)?, e)));
    let most = most.and_then(|e| Some((e.number("at_most = 100", findings)?, e)));
    if let (Some((low, _)), Some((high, entry))) = (&least, &most)
        && low > high
    {
        let draft = entry.draft_bad_value(&format!("no less than `at_least`, which is {low}"), &high.to_string());
        findings.push(draft.help("nothing could keep both"));
        return Vec::new();
    }
    let least = least.map(|(v, e)| (Bound::AtLeast(v), e));
    least.into_iter().chain(most.map(|(v, e)| (Bound::AtMost(v), e))).collect()
}

/// Reads `[preference]`, which speaks of objectives by their metrics.
pub(super) fn read_preferences(root: &Section, objectives: &[Placed], findings: &mut Findings) -> Vec<Preference> {
    let Some(section) = super::parse::section(root, &PREFERENCE, findings) else { return Vec::new() };
    let preferences = section.entries().filter_map(|entry| read_preference(entry, objectives, findings)).collect();
    if section.entries().next().is_none() {
        section.missing("at least one objective", EXAMPLE, findings);
    }
    preferences
}

fn read_preference(entry: Entry, objectives: &[Placed], findings: &mut Findings) -> Option<Preference> {
    let metric = entry.name();
    let names = || objectives.iter().map(|o| o.objective.metric.as_str());
    let Some(Placed { objective, .. }) = objectives.iter().find(|o| o.objective.metric == metric) else {
        // Without objectives, or with broken ones, there is nothing to compare with.
        if !objectives.is_empty() {
            let kind = IssueKind::NoSuchObjective { metric: metric.to_owned() };
            let dotted = names().find(|name| name.strip_prefix(metric).is_some_and(|rest| rest.starts_with('.')));
            let help = match (dotted.filter(|_| entry.is_table()), nearest(metric, names())) {
                (Some(dotted), _) => format!("write \"{dotted}\" in quotation marks, for it has a dot"),
                (None, Some(near)) => format!("did you mean `{near}`?"),
                (None, None) => {
                    let all: Vec<&str> = names().collect();
                    format!("the objectives are: {}; of other metrics write a [[constraint]]", all.join(", "))
                }
            };
            findings.push(Draft::new(kind).at(entry.key_span()).help(help));
        }
        return None;
    };
    let section = entry.table(&PREFERRED, &format!("the preference for `{metric}`"), EXAMPLE, findings)?;
    section.refuse_unknown_keys(findings);
    if section.entries().next().is_none() {
        section.missing("a bound or a `weight`", EXAMPLE, findings);
        return None;
    }
    let mut preference = Preference { metric: metric.to_owned(), within: None, weight: 1.0 };
    for side in SIDES {
        let Some(entry) = section.get(side) else { continue };
        let Some(value) = entry.number(&format!("{side} = 0.9"), findings) else { continue };
        preference.within = check_side(entry, objective, value, findings).or(preference.within);
    }
    if let Some(entry) = section.get("weight") {
        preference.weight = read_weight(entry, findings).unwrap_or(1.0);
    }
    Some(preference)
}

fn read_weight(entry: Entry, findings: &mut Findings) -> Option<f64> {
    let Values::Number { low, high, .. } = *entry.values() else { unreachable!("a weight is a number with bounds") };
    let weight = entry.number(entry.example(), findings)?;
    let (expected, shown, help) = match weight {
        _ if (low..=high).contains(&weight) => return Some(weight),
        _ if weight <= 0.0 => {
            let help = "an objective that does not count at all is none: remove it";
            ("above zero".to_owned(), weight.to_string(), help)
        }
        _ => (format!("from {low:e} to {high:e}"), format!("{weight:e}"), "only the ratio of weights counts"),
    };
    findings.push(entry.draft_bad_value(&expected, &shown).help(help));
    None
}

/// A bound must be on the objective's bad side: more of what is wanted is never unwanted.
fn check_side(entry: Entry, objective: &Objective, value: f64, findings: &mut Findings) -> Option<Bound> {
    let (wanted, goal, bound) = match objective.goal {
        Goal::Maximize => ("at_least", "maximized", Bound::AtLeast(value)),
        Goal::Minimize => ("at_most", "minimized", Bound::AtMost(value)),
    };
    if entry.name() != wanted {
        let context = format!("for `{}`, which is {goal}", objective.metric);
        let kind = IssueKind::Meaningless { key: entry.name().to_owned(), context };
        findings.push(Draft::new(kind).at(entry.whole()).help(format!("write {wanted} = {value:?}")));
        return None;
    }
    if objective.scale == Scale::Log && value <= 0.0 {
        entry.bad_value("above zero, because the objective has a log scale", &value.to_string(), findings);
        return None;
    }
    Some(bound)
}
