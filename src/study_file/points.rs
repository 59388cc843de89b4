//! The starts and the forbidden combinations of a study file.

use std::cmp::Ordering;

use super::coverage;
use super::doubts;
use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::reader::{Element, Entry, Section};
use super::reference::{self, FORBIDDEN_RANGE, START};
use super::space::{Searched, value_advice};
use super::spelling::nearest;
use crate::optimizer::problem::{Forbidden, Match, Problem, Requirement};
use crate::optimizer::space::{Domain, Point, PointError, Scale, Space, Value};

const EXAMPLE: &str = "learning_rate = 1e-3";
const FORBID: &str = "optimizer = \"sgd\", batch_size = [128, 256] or width = { at_least = 64 }";

/// Finite spaces are searched up to this size for a point that is not forbidden.
const ENUMERABLE: u64 = 1 << 16;

/// A start or a forbidden combination with the place of its section.
pub(super) struct PlacedPart<T> {
    pub(super) part: T,
    pub(super) span: Span,
}

/// Reads `[[start]]`. Points are complete: active parameters that the file leaves out are at the middle of their domains.
pub(super) fn read_starts(root: &Section, searched: &Searched, findings: &mut Findings) -> Vec<PlacedPart<Point>> {
    let sections = root.get("start").map(|e| e.tables(&START, findings)).unwrap_or_default();
    sections.iter().filter_map(|section| read_start(section, root, searched, findings)).collect()
}

fn read_start(
    section: &Section,
    root: &Section,
    searched: &Searched,
    findings: &mut Findings,
) -> Option<PlacedPart<Point>> {
    let before = findings.len();
    let mut point = Point::new();
    for entry in section.entries() {
        if !searched.places.contains_key(entry.name()) {
            findings.push(unknown_parameter(entry, root, searched));
            continue;
        }
        let domain = domain_of(entry.name(), searched);
        let value = match domain {
            Some(Domain::Choice { .. }) => entry.value(EXAMPLE, findings),
            _ => entry.scalar(EXAMPLE, findings),
        };
        let (Some(value), Some(domain)) = (value, domain) else { continue };
        point.insert(entry.name(), check_value(entry.name(), value, domain, entry.span(), searched, findings));
    }
    let space = searched.space.as_ref().filter(|_| findings.len() == before)?;
    match space.complete(&point) {
        Ok(part) => Some(PlacedPart { part, span: section.span.clone() }),
        Err(error) => {
            findings.push(refuse_point(error, section, space, searched));
            None
        }
    }
}

/// All that can be wrong with a point whose names and values are right: a parameter that is not active there.
fn refuse_point(error: PointError, section: &Section, space: &Space, searched: &Searched) -> Draft {
    let name = match &error {
        PointError::Inactive { name } | PointError::Missing { name } | PointError::Unknown { name, .. } => name.clone(),
        PointError::Value { name, .. } => name.clone(),
    };
    let entry = section.get(&name);
    let draft = Draft::new(error).at(entry.map_or_else(|| section.span.clone(), |e| e.whole()));
    let condition = searched.places.get(&name).and_then(|p| p.condition.clone());
    let draft = draft.also(condition, "its condition");
    let clauses = space.get(&name).map(|p| p.condition.as_slice()).unwrap_or_default();
    let clauses: Vec<String> = clauses
        .iter()
        .map(|c| {
            let values: Vec<String> = c.values.iter().map(ToString::to_string).collect();
            format!("{} is {}", c.parameter, values.join(" or "))
        })
        .collect();
    draft.help(format!("remove it: `{name}` is active only where {}", clauses.join(" and ")))
}

/// Reads `[[forbid]]`.
pub(super) fn read_forbidden(
    root: &Section,
    searched: &Searched,
    findings: &mut Findings,
) -> Vec<PlacedPart<Forbidden>> {
    let sections = root.get("forbid").map(|e| e.tables(&reference::FORBID, findings)).unwrap_or_default();
    let mut all = Vec::new();
    for section in sections {
        let before = findings.len();
        let mut clauses = Vec::new();
        for entry in section.entries() {
            if !searched.places.contains_key(entry.name()) {
                findings.push(unknown_parameter(entry, root, searched));
                continue;
            }
            let clause = match entry.is_table() && !entry.is_none() {
                true => read_range(entry, searched, findings),
                false => read_values(entry, searched, findings),
            };
            if let (Some(Match::Values(values)), Some(domain)) = (&clause, domain_of(entry.name(), searched))
                && let Some(lone) = values.iter().find(|value| doubts::is_lone(domain, value))
                && !doubts::visits_levels(root)
            {
                doubt_lone(entry, domain, lone, findings);
            }
            clauses.extend(clause.map(|clause| (entry.name().to_owned(), clause)));
        }
        if section.entries().next().is_none() {
            section.missing("at least one parameter", FORBID, findings);
        }
        if findings.len() == before && !clauses.is_empty() {
            all.push(PlacedPart { part: Forbidden { clauses }, span: section.span });
        }
    }
    all
}

/// Doubts a single number of a continuum, and says what to write instead.
fn doubt_lone(entry: Entry, domain: &Domain, lone: &Value, findings: &mut Findings) {
    let name = entry.name();
    let message = format!("`{name}` is a continuum of numbers: a single one of it is next to never tried");
    let stretch = lone.as_f64().map_or_else(String::new, |value| stretch(domain, value));
    let other = match domain {
        Domain::Float { scale: Scale::Log, .. } => format!("make `{name}` a `choice`"),
        _ => format!("give `{name}` a `step`"),
    };
    findings.warn(message, entry.span(), format!("forbid a stretch, such as {name} = {stretch}, or {other}"));
}

/// A stretch around a value of a continuum, a fiftieth of it to both sides, as it is written.
fn stretch(domain: &Domain, value: f64) -> String {
    let (low, high) = match domain {
        Domain::Float { low, high, scale: Scale::Log, .. } => {
            let factor = (high / low).powf(0.02);
            ((value / factor).max(*low), (value * factor).min(*high))
        }
        domain => {
            let (low, high) = ends(domain).unwrap_or((value, value));
            let half = (high - low) / 50.0;
            ((value - half).max(low), (value + half).min(high))
        }
    };
    let short = |v: f64| format!("{v:.2e}").parse::<f64>().map_or_else(|_| v.to_string(), |v| format!("{v:?}"));
    format!("{{ at_least = {}, at_most = {} }}", short(low), short(high))
}

fn read_values(entry: Entry, searched: &Searched, findings: &mut Findings) -> Option<Match> {
    let elements = entry.one_or_more(FORBID, findings)?;
    if elements.is_empty() {
        findings.push(entry.draft_bad_value("at least one value", "an empty array").help(format!("write {FORBID}")));
        return None;
    }
    let domain = domain_of(entry.name(), searched)?;
    let read = |element: &Element, findings: &mut Findings| {
        let value = element.value(findings)?;
        Some(check_value(entry.name(), value, domain, element.span(), searched, findings))
    };
    Some(Match::Values(elements.iter().filter_map(|element| read(element, findings)).collect()))
}

fn read_range(entry: Entry, searched: &Searched, findings: &mut Findings) -> Option<Match> {
    let section = entry.table(&FORBIDDEN_RANGE, &format!("the range of `{}`", entry.name()), FORBID, findings)?;
    section.refuse_unknown_keys(findings);
    let mut number = |key: &str| section.get(key).map(|e| e.number(&format!("{key} = 64"), findings));
    let (low, high) = (number("at_least"), number("at_most"));
    if low.is_none() && high.is_none() {
        if !["at_least", "at_most"].iter().any(|side| section.misspells(side)) {
            section.missing("`at_least`, `at_most` or both", FORBID, findings);
        }
        return None;
    }
    let (at_least, at_most) = (low.map_or(Some(None), |v| v.map(Some))?, high.map_or(Some(None), |v| v.map(Some))?);
    let domain = domain_of(entry.name(), searched)?;
    if !domain.is_ordered() {
        let context = "for a choice among names, which have no order".to_owned();
        let kind = IssueKind::Meaningless { key: "a range".to_owned(), context };
        findings.push(Draft::new(kind).at(entry.span()).help("list the forbidden values"));
        return None;
    }
    let range = Match::Range { at_least, at_most };
    let (from, to) = (at_least.unwrap_or(f64::NEG_INFINITY), at_most.unwrap_or(f64::INFINITY));
    let hits = match domain {
        Domain::Choice { values } => values.iter().any(|v| range.holds(domain, v)),
        _ if domain.cardinality().is_some() => first_from(domain, from).is_some_and(|v| range.holds(domain, &v)),
        _ => ends(domain).is_some_and(|(low, high)| from <= high && low <= to && from <= to),
    };
    if !hits {
        let place = searched.places.get(entry.name()).and_then(|p| p.domain.clone());
        let draft = entry.draft_bad_value("a range that holds some of its values", "one that holds none");
        findings.push(draft.also(place, "its values"));
        return None;
    }
    Some(range)
}

/// The least value of a range with steps that is no less than this.
fn first_from(domain: &Domain, bound: f64) -> Option<Value> {
    let bound = domain.typed(Value::Float(bound));
    let above = |v: &Value| v.number_order(&bound) == Some(Ordering::Greater);
    if domain.contains(&bound) { Some(bound) } else { domain.neighbours(&bound).into_iter().find(above) }
}

/// What rules points out.
pub(super) struct Restrictions {
    pub(super) forbidden: Vec<PlacedPart<Forbidden>>,
    pub(super) required: Vec<PlacedPart<Requirement>>,
}

/// Refuses starts that are ruled out, and a space of which nothing is left; doubts starts that are there twice.
pub(super) fn check(
    problem: &Problem,
    starts: &[PlacedPart<Point>],
    Restrictions { forbidden, required }: &Restrictions,
    findings: &mut Findings,
) {
    for (i, start) in starts.iter().enumerate() {
        let place = problem.space().describe(&start.part);
        for broken in required.iter().filter(|r| !r.part.holds(&start.part)) {
            let draft = Draft::new(IssueKind::BrokenStart { requirement: broken.part.to_string() });
            let draft = draft.at(start.span.clone()).also(broken.span.clone(), "by this");
            findings.push(draft.help(format!("completed, the start is {place}: change it, or loosen the requirement")));
        }
        if let Some(first) = starts[..i].iter().find(|first| first.part == start.part) {
            let message = "this start is the same as another, and is tried once".to_owned();
            let draft = Draft::new(IssueKind::Doubtful { message }).at(start.span.clone());
            let draft = draft.also(first.span.clone(), "first here");
            findings.doubt(draft.help(format!("completed, both are {place}: change one, or remove it")));
        }
        if let Some(forbid) = forbidden.iter().find(|f| f.part.matches(problem.space(), &start.part)) {
            let draft = Draft::new(IssueKind::ForbiddenStart).at(start.span.clone());
            let draft = draft.also(forbid.span.clone(), "by this");
            findings.push(draft.help(format!("completed, the start is {place}: change it, or remove the [[forbid]]")));
        }
    }
    if let Some(span) = all_forbidden(problem, forbidden, required) {
        findings.push(Draft::new(IssueKind::AllForbidden).at(span).help("loosen it until something is left to try"));
    }
}

/// Where the last straw is, if every point is ruled out and that is cheaply known: in a finite space of moderate size, and
/// where the forbidden boxes cover the ranges of the parameters that they name.
fn all_forbidden(
    problem: &Problem,
    forbidden: &[PlacedPart<Forbidden>],
    required: &[PlacedPart<Requirement>],
) -> Option<Span> {
    let spans = forbidden.iter().map(|f| &f.span).chain(required.iter().map(|r| &r.span));
    let last = spans.max_by_key(|span| span.as_ref().map_or(0, |span| span.start))?.clone();
    if let Some(points) = problem.space().points(ENUMERABLE) {
        return points.iter().all(|p| problem.forbids(p)).then_some(last);
    }
    if let Some(one) = forbidden.iter().find(|f| coverage::covers_all(problem.space(), std::slice::from_ref(&f.part))) {
        return Some(one.span.clone());
    }
    let parts: Vec<Forbidden> = forbidden.iter().map(|f| f.part.clone()).collect();
    let straw = forbidden.last()?;
    coverage::covers_all(problem.space(), &parts).then(|| straw.span.clone())
}

/// Least and largest value of a domain of numbers.
pub(super) fn ends(domain: &Domain) -> Option<(f64, f64)> {
    match domain {
        Domain::Float { low, high, .. } => Some((*low, *high)),
        Domain::Int { low, high, .. } => Some((*low as f64, *high as f64)),
        Domain::Choice { values } => {
            let numbers: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
            let ends = |(low, high): (f64, f64), v: f64| (low.min(v), high.max(v));
            Some(numbers?.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), ends))
        }
    }
}

/// The domain of a parameter; `None` for one with an error of its own.
fn domain_of<'a>(name: &str, searched: &'a Searched) -> Option<&'a Domain> {
    searched.parameters.iter().find(|p| p.name == name).map(|p| &p.domain)
}

/// The value in the type of its domain; complains if it is none of its values.
fn check_value(
    name: &str,
    value: Value,
    domain: &Domain,
    span: Span,
    searched: &Searched,
    findings: &mut Findings,
) -> Value {
    let value = domain.typed(value);
    if !domain.contains(&value) {
        let draft = Draft::new(PointError::value(name.to_owned(), value.clone(), domain)).at(span);
        let place = searched.places.get(name).and_then(|p| p.domain.clone());
        let advice = value_advice(&value, domain).unwrap_or_else(|| "change the value, or the range".to_owned());
        findings.push(draft.also(place, "its values").help(advice));
    }
    value
}

/// What `[train]` fixes a setting at.
pub(super) fn fixed_setting<'a>(root: &Section<'a>, name: &str) -> Option<Entry<'a>> {
    root.get("train").filter(|_| reference::TRAIN.reads(name))?.child(&reference::TRAIN, name)
}

fn unknown_parameter(entry: Entry, root: &Section, searched: &Searched) -> Draft {
    let name = entry.name();
    let draft = Draft::new(IssueKind::UnknownName { what: "parameter", value: name.to_owned() }).at(entry.key_span());
    let fixed = fixed_setting(root, name);
    draft.help(match nearest(name, searched.places.keys().map(String::as_str)) {
        _ if fixed.is_some() => format!("`{name}` is fixed in [train] and the same in all trials: remove it here"),
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            format!("the parameters of [space] are: {}", searched.places.keys().cloned().collect::<Vec<_>>().join(", "))
        }
    })
}
