//! `[carbon]`: what the joules of a study stand for.

use super::error::IssueKind;
use super::findings::{Draft, Findings};
use super::parse::section;
use super::reader::{Entry, Section};
use super::reference::CARBON;
use crate::carbon::{Carbon, CarbonError, check};

const SOURCE: &str = "source = \"ENTSO-E, Germany\"";

/// Reads `[carbon]`. Defaults stand where something is wrong.
pub(super) fn read(root: &Section, findings: &mut Findings) -> Carbon {
    let carbon = Carbon::default();
    let Some(section) = section(root, &CARBON, findings) else { return carbon };
    section.refuse_unknown_keys(findings);
    let intensity =
        number(&section, "intensity", "intensity = 350, in grams of CO2e per kWh", check::intensity, findings);
    let source = text(&section, "source", SOURCE, findings);
    let date = text(&section, "date", "date = \"2026-10\"", findings);
    let pue = number(&section, "pue", "pue = 1.2", check::pue, findings);
    let price = number(&section, "price", "price = 0.32", check::price, findings);
    let currency = text(&section, "currency", "currency = \"EUR\"", findings);

    refuse_alone(&section, "source", "intensity", findings);
    refuse_alone(&section, "date", "intensity", findings);
    refuse_alone(&section, "currency", "price", findings);
    if section.get("intensity").is_some() && section.get("source").is_none() && !section.misspells("source") {
        let kind = IssueKind::Missing { what: "`source`".to_owned(), section: section.title.clone() };
        let draft = Draft::new(kind).at(section.span.clone()).help(format!("for example: {SOURCE}"));
        findings.push(
            draft.help("it stands beside every gram: a figure of which nobody knows the source cannot be checked"),
        );
    }
    if section.get("price").is_some() && section.get("currency").is_none() && !section.misspells("currency") {
        section.missing("`currency`", "currency = \"EUR\"", findings);
    }

    // All of it has been checked, so nothing falls back to the default here.
    let carbon = match intensity.zip(source) {
        Some((grams, source)) => carbon.with_intensity(grams, &source, date.as_deref()).unwrap_or_default(),
        None => carbon,
    };
    let carbon = match pue {
        Some(pue) => carbon.with_pue(pue).unwrap_or_default(),
        None => carbon,
    };
    match price.zip(currency) {
        Some((price, currency)) => carbon.with_price(price, &currency).unwrap_or_default(),
        None => carbon,
    }
}

fn number(
    section: &Section,
    key: &str,
    example: &str,
    checked: fn(f64) -> Result<f64, CarbonError>,
    findings: &mut Findings,
) -> Option<f64> {
    let entry = section.get(key)?;
    let value = entry.number(example, findings)?;
    checked(value).map_err(|error| refuse(entry, &error, &value.to_string(), findings)).ok()
}

fn text(section: &Section, key: &'static str, example: &str, findings: &mut Findings) -> Option<String> {
    let entry = section.get(key)?;
    let text = entry.string(example, findings)?;
    check::words(key, text).map_err(|error| refuse(entry, &error, &format!("{text:?}"), findings)).ok()
}

fn refuse(entry: Entry, error: &CarbonError, value: &str, findings: &mut Findings) {
    let draft = entry.draft_bad_value(&error.expected(), value);
    findings.push(error.help().into_iter().fold(draft, Draft::help));
}

/// Complains about a key that says something of another one which is not there.
fn refuse_alone(section: &Section, key: &str, of: &str, findings: &mut Findings) {
    if let Some(entry) = section.get(key)
        && section.get(of).is_none()
        && !section.misspells(of)
    {
        let kind = IssueKind::Meaningless { key: key.to_owned(), context: format!("without `{of}`") };
        findings.push(Draft::new(kind).at(entry.whole()).help(format!("add `{of}`, or remove it")));
    }
}
