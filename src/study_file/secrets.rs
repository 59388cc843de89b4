//! `secrets` of [command]: names of environment variables whose values are nobody's business.

use std::collections::BTreeMap;

use super::error::IssueKind;
use super::findings::{Draft, Findings};
use super::reader::Entry;
use super::space::Searched;
use crate::evaluation::Template;

const EXAMPLE: &str = "secrets = [\"API_TOKEN\"]";

/// Reads the names, each of which may be a placeholder in arguments.
pub(super) fn read(
    entry: Entry,
    env: &BTreeMap<String, String>,
    searched: &Searched,
    findings: &mut Findings,
) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for element in entry.array(EXAMPLE, findings).unwrap_or_default() {
        let Some(name) = element.string(findings) else { continue };
        let usable = !name.starts_with(|c: char| c.is_ascii_digit())
            && !name.is_empty()
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let bad = || Draft::new(IssueKind::BadName { what: "secret", name: name.to_owned() }).at(element.span());
        if !usable || name.starts_with("WATTFRONT_") {
            let help = "it is the name of a variable of the environment in which you start optimize, such as API_TOKEN: \
                        letters, digits and `_`, and not WATTFRONT_...; the value stands in no file";
            findings.push(bad().help(help));
        } else if env.contains_key(name) {
            let help = "`env` has it too, where its value would stand in every copy of this file: remove it there, and set \
                        it in the environment in which you start optimize";
            findings.push(bad().help(help));
        } else if searched.places.contains_key(name) || Template::RESERVED.contains(&name) {
            findings.push(bad().help(format!("{{{name}}} stands for something else already: rename the variable")));
        } else if names.iter().any(|other| other == name) {
            findings.push(bad().help("it is listed twice: remove one of them"));
        } else {
            names.push(name.to_owned());
        }
    }
    names
}
