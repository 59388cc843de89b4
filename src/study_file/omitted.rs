//! What becomes of the arguments of a program where parameters are inactive, and what no shell will do with them.

use std::collections::BTreeMap;

use super::arguments;
use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::space::Searched;
use crate::evaluation::{CommandLine, Form, Template, is_flag};

/// Words that a shell would act upon, and that a program gets as they are.
const OF_SHELLS: [&str; 10] = ["|", "||", "&&", ";", ">", ">>", "<", "2>", "2>&1", "&"];

/// What must be known of a `[command]` to check it.
pub(super) struct Command<'a> {
    pub(super) argv: &'a [Template],
    /// Where each argument stands.
    pub(super) places: &'a [Span],
    pub(super) env: &'a BTreeMap<String, String>,
    /// Where `env` and `cwd` stand.
    pub(super) section: Span,
}

/// Checks what is left out of the arguments, and doubts what a program will hardly understand.
pub(super) fn check(command: &Command, searched: &Searched, findings: &mut Findings) {
    for place in 1..command.argv.len() {
        check_left_out(place, command, searched, findings);
        check_shell(place, command, findings);
    }
    for (name, value) in command.env {
        let names = Template::parse(value).ok();
        let known = |name: &str| searched.places.contains_key(name) || Template::RESERVED.contains(&name);
        if let Some(found) = names.iter().flat_map(Template::placeholders).map(|p| &p.name).find(|name| known(name)) {
            let message =
                format!("`{{{found}}}` in the variable `{name}` of `env` stays as it is: only `argv` has placeholders");
            let help = format!("the program finds the value in the variable {}", CommandLine::variable(found));
            findings.warn(message, command.section.clone(), help);
        }
    }
}

fn check_left_out(place: usize, command: &Command, searched: &Searched, findings: &mut Findings) {
    let argument = &command.argv[place];
    let Some(Absence { name, when, because }) = absence_of(argument, searched) else { return };
    let span = command.places[place].clone();
    let shown = argument.source();
    if let Some(flag) = CommandLine::flag_of(command.argv, place) {
        let flag = command.argv[flag].source();
        let message = format!("where `{name}` {when}, `{flag}` is left out along with `{shown}`");
        let help = format!("if `{flag}` has nothing to do with it, let another argument stand between them");
        return findings.note(message, span, help);
    }
    let before = &command.argv[place - 1];
    if is_flag(before) && place > 1 && !shown.starts_with('-') && !is_only_flags(argument) {
        let flag = before.source();
        let message = format!("where `{name}` {when}, `{shown}` is left out and `{flag}` stays");
        let help = format!("if `{flag}` belongs to it, write both as one argument: \"{flag}={shown}\"");
        return findings.warn(message, span, help);
    }
    if !argument.is_bare() || is_only_flags(argument) {
        return;
    }
    // Those that come and go with it do not take its place.
    let alike = |other: &Template| {
        other.is_bare() && absence_of(other, searched).is_some_and(|other| same_condition(name, other.name, searched))
    };
    let Some(next) = command.argv[place + 1..].iter().find(|next| !alike(next)) else { return };
    if next.source().starts_with('-') {
        return;
    }
    let consequence = format!("`{}` would take its place", next.source());
    let kind = IssueKind::VanishingArgument { parameter: name.to_owned(), when: when.to_owned(), consequence };
    let help = format!(
        "write one argument, such as \"--{name}={{{name}}}\", or a flag and its value, \"--{name}\", \"{{{name}}}\", which are left \
         out together where `{name}` {when}, or read the environment variable {}",
        CommandLine::variable(name)
    );
    let label = if when == INACTIVE { "its condition" } else { "its values" };
    findings.push(Draft::new(kind).at(span).also(because.clone(), label).help(help));
}

const INACTIVE: &str = "is inactive";

/// Why an argument may be left out.
struct Absence<'a> {
    name: &'a str,
    when: &'static str,
    /// Where it says so.
    because: &'a Span,
}

/// The first parameter of an argument that is not always active, or does not always have a value.
fn absence_of<'a>(argument: &'a Template, searched: &'a Searched) -> Option<Absence<'a>> {
    argument.placeholders().find_map(|own| {
        let name = own.name.as_str();
        let places = searched.places.get(name)?;
        let parameter = searched.parameters.iter().find(|parameter| parameter.name == name);
        if places.condition.is_some() {
            Some(Absence { name, when: INACTIVE, because: &places.condition })
        } else if parameter.is_some_and(|p| arguments::may_be_nothing(own, &p.domain)) {
            Some(Absence { name, when: "has no value", because: &places.domain })
        } else {
            None
        }
    })
}

/// Whether an argument is an option in itself, which has no place that others might take.
fn is_only_flags(argument: &Template) -> bool {
    argument.placeholders().all(|own| matches!(own.form, Form::Flag { .. }))
}

fn same_condition(a: &str, b: &str, searched: &Searched) -> bool {
    let condition = |name: &str| Some(&searched.space.as_ref()?.get(name)?.condition);
    a == b || (condition(a).is_some_and(|c| !c.is_empty()) && condition(a) == condition(b))
}

fn check_shell(place: usize, command: &Command, findings: &mut Findings) {
    let span = command.places[place].clone();
    let text = command.argv[place].source();
    let variable = text
        .strip_prefix('$')
        .is_some_and(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '{' || c == '_'));
    if OF_SHELLS.contains(&text) {
        let message = format!("there is no shell: the program gets `{text}` as an argument");
        findings.warn(message, span, "run a script that does it, or argv = [\"sh\", \"-c\", \"...\"]");
    } else if variable || text.contains("$WATTFRONT_") {
        // A script behind `sh -c` is a shell's.
        if command.argv.iter().take(place).any(|before| before.source() == "-c") {
            return;
        }
        let message = format!("there is no shell: the program gets `{text}` as it stands here");
        findings.warn(
            message,
            span,
            "write a placeholder such as {learning_rate}; variables are the program's to read",
        );
    } else if text.starts_with("~/") {
        let message = format!("there is no shell: `{text}` is not looked for in your home folder");
        findings.warn(message, span, "write the whole path");
    }
}

/// Notes the parameters that no argument uses.
pub(super) fn note_unused<'a>(
    argv: &[Template],
    place: Span,
    parameters: impl Iterator<Item = &'a str>,
    findings: &mut Findings,
) {
    let used = |name: &str| {
        // A shell in between may read the environment.
        let variable = CommandLine::variable(name);
        argv.iter().any(|argument| {
            argument.placeholders().any(|placeholder| placeholder.name == name) || argument.source().contains(&variable)
        })
    };
    let unused: Vec<&str> = parameters.filter(|name| !used(name)).collect();
    if unused.is_empty() {
        return;
    }
    let names: Vec<String> = unused.iter().map(|name| format!("`{name}`")).collect();
    let variables: Vec<String> = unused.iter().map(|name| CommandLine::variable(name)).collect();
    let message = format!("no argument uses {}", names.join(", "));
    let help = format!("the program must read the environment: {}", variables.join(", "));
    findings.note(message, place, help);
}
