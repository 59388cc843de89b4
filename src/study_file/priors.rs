//! The priors of a study file: where the best values of a parameter are expected.

use super::error::IssueKind;
use super::findings::{Draft, Findings};
use super::reader::{Element, Entry};
use super::reference::PRIOR;
use crate::optimizer::problem::Prior;
use crate::optimizer::space::{Domain, Scale};

const AROUND: &str = "prior = { around = 1e-3, spread = 3 }";
const WEIGHTS: &str = "prior = [1, 3], a weight for each value";

/// Reads the `prior` of a parameter with this domain.
pub(super) fn read(entry: Entry, domain: &Domain, findings: &mut Findings) -> Option<Prior> {
    match domain {
        Domain::Choice { values } => read_weights(entry, values.len(), findings),
        Domain::Float { low, high, scale, .. } => read_around(entry, (*low, *high), *scale, findings),
        Domain::Int { low, high, scale, .. } => read_around(entry, (*low as f64, *high as f64), *scale, findings),
    }
}

fn read_weights(entry: Entry, count: usize, findings: &mut Findings) -> Option<Prior> {
    if entry.is_table() {
        let kind = IssueKind::Meaningless { key: "prior".to_owned(), context: "as a table for a choice".to_owned() };
        findings.push(Draft::new(kind).at(entry.span()).help(format!("write {WEIGHTS}")));
        return None;
    }
    let before = findings.len();
    let elements = entry.array(WEIGHTS, findings)?;
    if elements.len() != count {
        let expected = format!("as many weights as there are values, {count}");
        entry.bad_value(&expected, &format!("{} of them", elements.len()), findings);
    }
    let read = |element: &Element, findings: &mut Findings| {
        let weight = element.number_of("an array of numbers", findings)?;
        if !(weight.is_finite() && weight >= 0.0) {
            let draft = entry.draft_bad_value("a list of weights, each zero or above", &weight.to_string());
            findings.push(draft.at(element.span()));
        }
        Some(weight)
    };
    let weights: Vec<f64> = elements.iter().filter_map(|e| read(e, findings)).collect();
    if findings.len() == before && weights.iter().all(|w| *w == 0.0) {
        let draft = entry.draft_bad_value("a list of weights, not all of them zero", "one of zeros");
        findings.push(draft.help("equal weights say nothing: leave the prior out"));
    }
    (findings.len() == before).then_some(Prior::Weights(weights))
}

fn read_around(entry: Entry, (low, high): (f64, f64), scale: Scale, findings: &mut Findings) -> Option<Prior> {
    if entry.is_array() {
        let kind = IssueKind::Meaningless { key: "prior".to_owned(), context: "as a list for a range".to_owned() };
        findings.push(Draft::new(kind).at(entry.span()).help(format!("write {AROUND}")));
        return None;
    }
    let before = findings.len();
    let section = entry.table(&PRIOR, "`prior`", AROUND, findings)?;
    section.refuse_unknown_keys(findings);
    let mut number = |key: &str| match section.get(key) {
        Some(entry) => Some((entry.number(AROUND, findings)?, entry)),
        None => {
            section.missing(&format!("`{key}`"), AROUND, findings);
            None
        }
    };
    let (around, spread) = (number("around"), number("spread"));
    if let Some((value, entry)) = around
        && !(low..=high).contains(&value)
    {
        entry.bad_value(&format!("within the range, from {low:?} to {high:?}"), &format!("{value:?}"), findings);
    }
    if let Some((spread, entry)) = spread {
        match scale {
            Scale::Linear if spread <= 0.0 => {
                let draft = entry.draft_bad_value("above zero", &format!("{spread:?}"));
                findings.push(draft.help("it is one standard deviation, in the units of the parameter"));
            }
            Scale::Log if spread <= 1.0 => {
                let draft =
                    entry.draft_bad_value("above one, because the scale is a log scale", &format!("{spread:?}"));
                findings.push(draft.help(
                    "it is one standard deviation as a factor: spread = 3 means mostly from a third to three times",
                ));
            }
            Scale::Linear | Scale::Log => {}
        }
    }
    let (value, spread) = (around?.0, spread?.0);
    (findings.len() == before).then_some(Prior::Around { value, spread })
}
