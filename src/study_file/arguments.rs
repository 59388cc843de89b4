//! What becomes of the values of a parameter in the arguments of a program.

use super::error::IssueKind;
use super::findings::Draft;
use crate::evaluation::{CommandLine, Form, Placeholder, Template};
use crate::optimizer::space::{Domain, Parameter, Space, Value};

/// Complains about a form that does not fit the values of its parameter.
pub(super) fn refuse_form(template: &Template, placeholder: &Placeholder, parameter: &Parameter) -> Option<Draft> {
    let name = &placeholder.name;
    let refuse = |expected: &str, help: String| {
        let (expected, value) = (expected.to_owned(), format!("\"{}\"", template.source()));
        Some(Draft::new(IssueKind::BadValue { key: "argv".to_owned(), expected, value }).help(help))
    };
    let values: &[Value] = if let Domain::Choice { values } = &parameter.domain { values } else { &[] };
    match &placeholder.form {
        Form::Plain => None,
        Form::Each if !values.iter().any(|value| matches!(value, Value::List(_))) => refuse(
            "arguments whose `...` stands for lists",
            format!("`{name}` has no lists among its values: write {{{name}}}"),
        ),
        Form::Each if template.placeholders().filter(|other| other.form == Form::Each).count() > 1 => {
            refuse("arguments with one `...` each", "write one argument for each list".to_owned())
        }
        Form::Flag { .. } if !values.iter().any(|v| matches!(v, Value::Bool(_))) || !values.iter().all(is_truth) => {
            refuse(
                "flags of parameters that are true or false",
                format!("write {{{name}}}, or make it a choice = [true, false]"),
            )
        }
        Form::Flag { on, off } if on.is_empty() || (template.is_bare() && off.as_deref() == Some("")) => {
            let help = format!("write {{{name}:--{name}}}: no argument is left where it is false");
            refuse("flags with a text", help)
        }
        Form::Each | Form::Flag { .. } => None,
    }
}

/// A placeholder for messages, without its braces.
pub(super) fn shown(placeholder: &Placeholder) -> String {
    let form = match placeholder.form {
        Form::Plain => "",
        Form::Each => "...",
        Form::Flag { .. } => ":...",
    };
    format!("{}{form}", placeholder.name)
}

fn is_truth(value: &Value) -> bool {
    matches!(value, Value::Bool(_) | Value::None)
}

/// Whether the parameter has a value of which this placeholder makes no argument.
pub(super) fn may_be_nothing(placeholder: &Placeholder, domain: &Domain) -> bool {
    let Domain::Choice { values } = domain else { return false };
    values.iter().any(|value| match (&placeholder.form, value) {
        (Form::Flag { .. }, _) => false,
        (Form::Each, Value::List(values)) => values.is_empty(),
        (_, value) => *value == Value::None,
    })
}

/// What `check` says of arguments that programs may take for something else.
pub(super) fn warn(command: &CommandLine, space: &Space) -> Vec<String> {
    let negative = |template: &&Template| {
        let first = template.begins_with().filter(|first| !matches!(first.form, Form::Flag { .. }));
        first.and_then(|first| space.get(&first.name)).is_some_and(|parameter| may_be_negative(&parameter.domain))
    };
    let arguments: Vec<String> = command.argv.iter().filter(negative).map(|t| format!("`{}`", t.source())).collect();
    let Some(first) = command.argv.iter().find(negative).and_then(Template::begins_with) else { return Vec::new() };
    let (name, count) = (&first.name, arguments.len());
    let (begin, take) = if count == 1 { ("begins", "it") } else { ("begin", "them") };
    vec![format!(
        "{} in argv {begin} with a minus where the value is below zero, and many programs take {take} for an option then; one argument is \
         safe: \"--{name}={{{name}}}\"",
        arguments.join(" and ")
    )]
}

fn may_be_negative(domain: &Domain) -> bool {
    let below = |value: &Value| value.as_f64().is_some_and(|v| v < 0.0);
    match domain {
        Domain::Float { low, .. } => *low < 0.0,
        Domain::Int { low, .. } => *low < 0,
        Domain::Choice { values } => values.iter().any(|value| match value {
            Value::List(elements) => elements.iter().any(below),
            value => below(value),
        }),
    }
}
