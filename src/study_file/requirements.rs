//! What the parameters of every point must keep together: `[[require]]`.

use std::ops::Range;

use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::points::{PlacedPart, ends, fixed_setting};
use super::reader::Section;
use super::reference::REQUIRE;
use super::space::Searched;
use super::spelling::nearest;
use crate::optimizer::problem::Requirement;
use crate::optimizer::space::{Domain, Value};

const EXAMPLE: &str = "that = \"width * batch_size <= 200000\"";

/// Reads `[[require]]`, each with its expression in `that`, or `require = ["...", "..."]`. `text` is the whole file.
pub(super) fn read(
    root: &Section,
    searched: &Searched,
    text: &str,
    findings: &mut Findings,
) -> Vec<PlacedPart<Requirement>> {
    let Some(entry) = root.get("require") else { return Vec::new() };
    let mut written: Vec<(&str, Span)> = Vec::new();
    if let Some(elements) = entry.strings() {
        written.extend(elements);
    } else {
        for section in entry.tables(&REQUIRE, findings) {
            section.refuse_unknown_keys(findings);
            match section.get("that") {
                Some(that) => written.extend(that.string(EXAMPLE, findings).map(|text| (text, that.span()))),
                None if section.misspells("that") => {}
                None => section.missing("`that`", EXAMPLE, findings),
            }
        }
    }
    let before = findings.len();
    let read = |(written, span): (&str, Span)| read_one(written, span, root, searched, text, findings);
    let read: Vec<PlacedPart<Requirement>> = written.into_iter().filter_map(read).collect();
    if findings.len() == before {
        refuse_contradictions(&read, searched, findings);
    }
    read
}

/// Requirements that nothing keeps together. Those of parameters that may be inactive hold there.
fn refuse_contradictions(read: &[PlacedPart<Requirement>], searched: &Searched, findings: &mut Findings) {
    let always = |name: &&str| searched.places.get(*name).is_some_and(|places| places.condition.is_none());
    let certain: Vec<_> = read.iter().filter(|r| r.part.parameters().iter().all(always)).collect();
    let (Some(last), true) = (certain.last(), certain.len() > 1) else { return };
    let requirements: Vec<&Requirement> = certain.iter().map(|r| &r.part).collect();
    let named = |name: &str| requirements.iter().any(|r| r.parameters().contains(&name));
    let parameters = searched.parameters.iter().filter(|p| named(&p.name));
    let extents: Vec<_> = parameters.filter_map(|p| Some((p.name.as_str(), ends(&p.domain)?))).collect();
    if Requirement::none_keeps_all(&requirements, &extents) {
        let message = "no point of the space keeps all requirements together".to_owned();
        let draft = Draft::new(IssueKind::Requirement { message }).at(last.span.clone());
        let others = &certain[..certain.len() - 1];
        let draft = others.iter().fold(draft, |draft, other| draft.also(other.span.clone(), "and this"));
        findings.push(draft.help("loosen one of them, or widen the ranges that they name"));
    }
}

fn read_one(
    written: &str,
    span: Span,
    root: &Section,
    searched: &Searched,
    text: &str,
    findings: &mut Findings,
) -> Option<PlacedPart<Requirement>> {
    let within = |at: Range<usize>| inside(text, &span, written, at);
    let requirement: Requirement = match written.parse() {
        Ok(requirement) => requirement,
        Err(error) => {
            let kind = IssueKind::Requirement { message: error.message().to_owned() };
            findings.push(error.help().into_iter().fold(Draft::new(kind).at(within(error.at())), Draft::help));
            return None;
        }
    };
    let before = findings.len();
    let names: Vec<String> = requirement.parameters().iter().map(|name| (*name).to_owned()).collect();
    for name in &names {
        if let Some(draft) = refuse_name(name, root, searched) {
            findings.push(draft.at(within(word(written, name))));
        }
    }
    if findings.len() > before {
        return None;
    }
    // Parameters with an error of their own are looked at no further.
    let parameters = names.iter().map(|name| searched.parameters.iter().find(|p| p.name == *name));
    let domains: Option<Vec<&Domain>> = parameters.map(|p| p.map(|p| &p.domain)).collect();
    let domains = domains?;
    let continuum = names.iter().zip(&domains).find(|(_, domain)| domain.cardinality().is_none());
    if let (true, Some((name, _))) = (requirement.is_equality(), continuum) {
        let message = format!("no point that is tried could keep `{requirement}`: `{name}` is a continuum of numbers");
        let place = searched.places.get(name).and_then(|places| places.domain.clone());
        let draft = Draft::new(IssueKind::Requirement { message }).at(span).also(place, "without steps");
        findings.push(draft.help(format!(
            "let both sides be near each other, such as abs(left - right) <= 0.01, or give `{name}` a `step`"
        )));
        return None;
    }
    let extent = |name: &str| ends(domains[names.iter().position(|n| n == name)?]);
    let conditional = names.iter().find(|name| searched.places.get(*name).is_some_and(|p| p.condition.is_some()));
    match (requirement.verdict(extent), conditional) {
        (Some(false), None) => {
            let message = format!("no point of the space keeps `{requirement}`");
            let help = "loosen it, or widen the ranges that it names";
            findings.push(Draft::new(IssueKind::Requirement { message }).at(span).help(help));
            return None;
        }
        (Some(false), Some(name)) => {
            let message = format!("no point of the space keeps `{requirement}` where `{name}` is active");
            findings.warn(
                message,
                span.clone(),
                format!("so `{name}` is never searched; loosen it, or remove `{name}`"),
            );
        }
        (Some(true), _) => {
            let message = format!("every point of the space keeps `{requirement}`, so it rules nothing out");
            findings.warn(message, span.clone(), "tighten it, or remove it");
        }
        (None, _) => {}
    }
    Some(PlacedPart { part: requirement, span })
}

/// What is wrong with a name, if anything is.
fn refuse_name(name: &str, root: &Section, searched: &Searched) -> Option<Draft> {
    let Some(places) = searched.places.get(name) else {
        let draft = Draft::new(IssueKind::UnknownName { what: "parameter", value: name.to_owned() });
        let fixed = fixed_setting(root, name);
        return Some(draft.help(match nearest(name, searched.places.keys().map(String::as_str)) {
            _ if fixed.is_some() => format!("`{name}` is fixed in [train] and the same in all trials: write its value"),
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                let names: Vec<&str> = searched.places.keys().map(String::as_str).collect();
                format!("the parameters of [space] are: {}", names.join(", "))
            }
        }));
    };
    let parameter = searched.parameters.iter().find(|p| p.name == name)?;
    let Domain::Choice { values } = &parameter.domain else { return None };
    let value = values.iter().find(|value| !value.is_number())?;
    let what = if matches!(value, Value::Bool(_)) { "truth values" } else { "names" };
    let message = format!("`{name}` is a choice among {what}, and a requirement compares numbers");
    let draft = Draft::new(IssueKind::Requirement { message }).also(places.domain.clone(), "its values");
    Some(draft.help(format!("write a [[forbid]] for the values of `{name}` that must not come together with others")))
}

/// Where a part of a string is in the file; all of the string where it has escapes.
fn inside(text: &str, span: &Span, written: &str, at: Range<usize>) -> Span {
    let whole = span.clone()?;
    let source = text.get(whole.clone())?;
    let start = source.find(written).filter(|_| !written.is_empty() && source.len() == written.len() + 2);
    Some(start.map_or(whole.clone(), |start| {
        let begin = whole.start + start + at.start;
        // A place behind the last character is seen at the closing quotation mark.
        begin..whole.start + start + at.end.max(at.start + 1)
    }))
}

/// Where a name stands as a word of its own.
fn word(written: &str, name: &str) -> Range<usize> {
    let belongs = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let alone = |i: &usize| {
        let behind = &written[i + name.len()..];
        !belongs(written[..*i].chars().next_back())
            && !belongs(behind.chars().next())
            // Not the function of that name.
            && !behind.trim_start().starts_with('(')
    };
    let at = written.match_indices(name).map(|(i, _)| i).find(alone).unwrap_or(0);
    at..at + name.len()
}
