//! What evaluates the points: `[train]`, `[command]`, or neither.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::parse::section;
use super::reader::{Element, Entry, Section};
use super::reference;
use super::space::Searched;
use super::spelling::{advice, nearest};
use super::{EnergySpec, Keep, TrainSpec, TrialSource, arguments, omitted, secrets};
use crate::evaluation::{CommandLine, Form, Template};
use crate::optimizer::space::{Domain, Parameter, Value};
use crate::training::{DefaultValue, Range, RecipeError, SETTINGS, Setting, check_settings};

const ARGV: &str = "argv = [\"python3\", \"train.py\", \"--lr\", \"{learning_rate}\"]";

/// Reads the source; `None` if there is something wrong with it.
pub(super) fn read(
    root: &Section,
    searched: &Searched,
    energy: &EnergySpec,
    findings: &mut Findings,
) -> Option<TrialSource> {
    let before = findings.len();
    let source = match (root.get("train"), root.get("command")) {
        (None, None) => TrialSource::None,
        (Some(train), Some(command)) => {
            let (section, first, second) = ("the study file".to_owned(), "[train]".to_owned(), "[command]".to_owned());
            let draft = Draft::new(IssueKind::Conflict { section, first, second }).at(command.key_span());
            findings.push(draft.also(train.key_span(), "").help("keep the one that is to train the models"));
            return None;
        }
        (Some(_), None) => {
            TrialSource::Train(read_train(&section(root, &reference::TRAIN, findings)?, searched, energy, findings))
        }
        (None, Some(_)) => TrialSource::Command(read_command(
            &section(root, &reference::COMMAND, findings)?,
            searched,
            energy,
            findings,
        )?),
    };
    (findings.len() == before).then_some(source)
}

fn read_train(section: &Section, searched: &Searched, energy: &EnergySpec, findings: &mut Findings) -> TrainSpec {
    let is_setting = |parameter: &str| energy.limit_parameters().all(|limit| limit != parameter);
    let before = findings.len();
    let mut settings = BTreeMap::new();
    let keep = section.get("keep").and_then(|entry| read_keep(entry, findings)).unwrap_or_default();
    for entry in section.entries().filter(|entry| entry.name() != "keep") {
        let name = entry.name();
        let Ok(setting) = Setting::find(name) else {
            let kind = IssueKind::UnknownKey { key: name.to_owned(), section: section.title.clone() };
            findings.push(Draft::new(kind).at(entry.key_span()).help(setting_advice(name)));
            continue;
        };
        if let Some(places) = searched.places.get(name) {
            let draft = Draft::new(IssueKind::FixedAndSearched { setting: name.to_owned() }).at(entry.key_span());
            findings.push(draft.also(places.key.clone(), "searched here").help("remove it from one of the two"));
            continue;
        }
        let example = setting
            .default
            .value()
            .map_or_else(|| format!("{name} = \"digits\""), |v| format!("{name} = {}", v.to_toml()));
        let Some(value) = entry.scalar(&example, findings) else { continue };
        match setting.check_value(&value) {
            Ok(()) => {
                // A whole number where any number may be: one setting, however it is spelt.
                let value = match (setting.range, value.as_f64()) {
                    (Range::Float { .. }, Some(v)) => Value::Float(v),
                    _ => value,
                };
                settings.insert(name.to_owned(), value);
            }
            Err(error) => findings.push(refuse_value(setting, &value, error).at(entry.span())),
        }
    }
    for parameter in searched.places.keys().filter(|name| is_setting(name)) {
        if let Err(error) = Setting::find(parameter) {
            let RecipeError::Unknown { name, .. } = error else { continue };
            let draft =
                Draft::new(IssueKind::NoSuchSetting { parameter: name }).at(searched.places[parameter].key.clone());
            findings.push(draft.help(setting_advice(parameter)));
        }
    }
    for parameter in searched.parameters.iter().filter(|p| is_setting(&p.name)) {
        check_domain(parameter, searched, findings);
    }
    for setting in SETTINGS.iter().filter(|s| s.default == DefaultValue::None) {
        if section.get(setting.name).is_none() && !searched.places.contains_key(setting.name) {
            section.missing(&format!("`{}`", setting.name), &example_value(setting), findings);
        }
    }
    // What only shows when all settings are seen together: settings without a meaning.
    if findings.len() == before
        && let Some(space) = &searched.space
    {
        let of_trainer: Vec<Parameter> = space.parameters().iter().filter(|p| is_setting(&p.name)).cloned().collect();
        if let Err(error) = check_settings(&settings, &of_trainer) {
            findings.push(refuse_recipe(error, section, searched));
        }
    }
    TrainSpec { settings, defaults: None, keep }
}

/// Whether every trial of the trainer predicts samples once it is trained; also where nobody can say, for something else is wrong.
pub(super) fn infers(source: Option<&TrialSource>, searched: &Searched) -> bool {
    let Some(TrialSource::Train(train)) = source else { return true };
    let seconds = |value: &Value| value.as_f64().is_some_and(|seconds| seconds > 0.0);
    let parameter = searched.space.as_ref().and_then(|space| space.get("inference_seconds"));
    match (train.settings.get("inference_seconds"), parameter) {
        (Some(value), _) => seconds(value),
        (None, Some(parameter)) => {
            let least = match &parameter.domain {
                Domain::Float { low, .. } => *low > 0.0,
                Domain::Int { low, .. } => *low > 0,
                Domain::Choice { values } => values.iter().all(seconds),
            };
            parameter.condition.is_empty() && least
        }
        (None, None) => false,
    }
}

fn read_keep(entry: Entry, findings: &mut Findings) -> Option<Keep> {
    Some(match entry.word(findings)? {
        "all" => Keep::All,
        "none" => Keep::None,
        _ => Keep::Front,
    })
}

fn refuse_recipe(error: RecipeError, section: &Section, searched: &Searched) -> Draft {
    let name = error.setting();
    let place = section.get(name).and_then(|e| e.whole()).or_else(|| searched.places.get(name)?.key.clone());
    let draft = match error {
        RecipeError::Meaningless { name, on, value, allowed, help } => {
            let context = format!("with `{on}` = {value}, only where it is {}", allowed.join(" or "));
            Draft::new(IssueKind::Meaningless { key: name, context }).help(help)
        }
        other => Draft::new(other),
    };
    draft.at(place.or_else(|| section.span.clone()))
}

fn check_domain(parameter: &Parameter, searched: &Searched, findings: &mut Findings) {
    let Ok(setting) = Setting::find(&parameter.name) else { return };
    let Err(error) = setting.check_domain(&parameter.domain) else { return };
    let places = &searched.places[&parameter.name];
    findings.push(match &error {
        RecipeError::Value { value, .. } => {
            let index = match &parameter.domain {
                Domain::Float { low, .. } => usize::from(*value != Value::Float(*low)),
                Domain::Int { low, .. } => usize::from(*value != Value::Int(*low)),
                Domain::Choice { values } => values.iter().position(|v| v == value).unwrap_or(0),
            };
            let place = places.values.get(index).cloned().flatten().or_else(|| places.domain.clone());
            let value = value.clone();
            let draft = refuse_value(setting, &value, error).at(place);
            match (&parameter.domain, setting.range) {
                (Domain::Float { .. }, Range::Int { .. }) => draft.help("write `int` instead of `float`"),
                (Domain::Float { .. } | Domain::Int { .. }, Range::Names(_)) => draft.help("write a `choice` of names"),
                _ => draft,
            }
        }
        RecipeError::NotSearchable { .. } => {
            Draft::new(error).at(places.key.clone()).help("move it to [train] with one value")
        }
        _ => Draft::new(error).at(places.key.clone()),
    });
}

/// A value that a setting cannot have.
fn refuse_value(setting: &Setting, value: &Value, error: RecipeError) -> Draft {
    let (Range::Names(names), Some(name)) = (setting.range, value.as_str()) else { return Draft::new(error) };
    let what = setting.name;
    let help = advice(name, names.iter().copied(), &format!("`{what}` can be"));
    Draft::new(IssueKind::UnknownName { what, value: name.to_owned() }).help(help)
}

fn setting_advice(name: &str) -> String {
    advice(name, reference::TRAIN.known(), "the settings of the trainer are")
}

fn example_value(setting: &Setting) -> String {
    match setting.range {
        Range::Names(names) => format!("{} = \"{}\"", setting.name, names.first().unwrap_or(&"")),
        Range::Text(_) if setting.name == "dataset" => "dataset = \"digits\"".to_owned(),
        range => format!("{} = ({range})", setting.name),
    }
}

fn read_command(
    section: &Section,
    searched: &Searched,
    energy: &EnergySpec,
    findings: &mut Findings,
) -> Option<CommandLine> {
    section.refuse_unknown_keys(findings);
    let cwd = section.get("cwd").and_then(|entry| {
        let text = plain_text(entry, entry.span(), entry.string("cwd = \".\"", findings)?, findings)?;
        if text.is_empty() {
            entry.bad_value("a folder", "empty", findings);
        }
        Some(PathBuf::from(text))
    });
    let env = section.get("env").map(|entry| read_env(entry, findings)).unwrap_or_default();
    let secrets =
        section.get("secrets").map(|entry| secrets::read(entry, &env, searched, findings)).unwrap_or_default();
    let Some(entry) = section.get("argv") else {
        section.missing("`argv`", ARGV, findings);
        return None;
    };
    if let Some(text) = entry.as_str() {
        let words: Vec<String> = text.split_whitespace().map(|w| format!("\"{w}\"")).collect();
        let draft = entry.draft_bad_value("an array of strings", "one string");
        findings.push(draft.help(format!("there is no shell: write argv = [{}]", words.join(", "))));
        return None;
    }
    let elements = entry.array(ARGV, findings)?;
    if elements.first().is_none_or(|e| e.as_str() == Some("")) {
        findings
            .push(entry.draft_bad_value("a program and its arguments", "empty").help(format!("for example: {ARGV}")));
    }
    let (mut argv, mut places) = (Vec::new(), Vec::new());
    for (i, element) in elements.iter().enumerate() {
        let Some(text) = element.string(findings).and_then(|text| plain_text(entry, element.span(), text, findings))
        else {
            continue;
        };
        match Template::parse(text) {
            Ok(template) => {
                check_placeholders(i == 0, &template, element, (searched, &secrets), findings);
                argv.push(template);
                places.push(element.span());
            }
            Err(_) => {
                let draft = Draft::new(IssueKind::LonelyBrace { argument: text.to_owned() }).at(element.span());
                findings.push(draft.help("a placeholder is written {name}; braces themselves are doubled: {{ and }}"));
            }
        }
    }
    let command = omitted::Command { argv: &argv, places: &places, env: &env, section: section.span.clone() };
    omitted::check(&command, searched, findings);
    let is_limit = |name: &str| energy.limit_parameters().any(|limit| limit == name);
    let parameters = searched.places.keys().map(String::as_str).filter(|name| !is_limit(name));
    omitted::note_unused(&argv, entry.key_span(), parameters, findings);
    Some(CommandLine { argv, cwd, env, secrets })
}

/// Text that can be handed to another program.
fn plain_text<'a>(entry: Entry, span: Span, text: &'a str, findings: &mut Findings) -> Option<&'a str> {
    if text.contains('\0') {
        findings.push(entry.draft_bad_value("free of NUL characters", "text with one").at(span));
        return None;
    }
    Some(text)
}

fn check_placeholders(
    is_program: bool,
    template: &Template,
    element: &Element,
    (searched, secrets): (&Searched, &[String]),
    findings: &mut Findings,
) {
    let is_word = |name: &str| Template::RESERVED.contains(&name) || secrets.iter().any(|secret| secret == name);
    for placeholder in template.placeholders() {
        let name = placeholder.name.as_str();
        if is_program {
            let (key, expected) = ("argv".to_owned(), "a program without placeholders, then its arguments".to_owned());
            let kind = IssueKind::BadValue { key, expected, value: format!("\"{}\"", template.source()) };
            findings.push(Draft::new(kind).at(element.span()).help("every trial runs the same program"));
        } else if let Some(places) = searched.places.get(name) {
            // What becomes of it where it is inactive shows when all arguments are seen together.
            let parameter = searched.parameters.iter().find(|parameter| parameter.name == name);
            let refused = parameter.and_then(|parameter| arguments::refuse_form(template, placeholder, parameter));
            findings.extend(refused.map(|draft| draft.at(element.span()).also(places.domain.clone(), "its values")));
        } else if !(placeholder.form == Form::Plain && is_word(name)) {
            let secrets = || secrets.iter().map(String::as_str);
            let names = || searched.places.keys().map(String::as_str).chain(Template::RESERVED).chain(secrets());
            let draft =
                Draft::new(IssueKind::UnknownPlaceholder { name: arguments::shown(placeholder) }).at(element.span());
            findings.push(draft.help(match nearest(name, names()) {
                Some(near) => format!("did you mean `{{{near}}}`?"),
                None => {
                    let all: Vec<String> = names().map(|n| format!("{{{n}}}")).collect();
                    format!("there are: {}; braces themselves are doubled: {{{{ and }}}}", all.join(", "))
                }
            }));
        }
    }
}

fn read_env(entry: Entry, findings: &mut Findings) -> BTreeMap<String, String> {
    const EXAMPLE: &str = "env = { OMP_NUM_THREADS = \"2\" }";
    let Some(section) = entry.table(&reference::ENV, "`env`", EXAMPLE, findings) else { return BTreeMap::new() };
    let mut env = BTreeMap::new();
    for variable in section.entries() {
        let name = variable.name();
        if name.is_empty() || name.contains(['=', '\0']) || name.starts_with("WATTFRONT_") {
            let draft = Draft::new(IssueKind::BadName { what: "variable", name: name.to_owned() });
            let help =
                "it must not be empty, contain `=`, or begin with WATTFRONT_, which is how parameters are passed";
            findings.push(draft.at(variable.key_span()).help(help));
        }
        let Some(value) = variable.string(EXAMPLE, findings) else { continue };
        let Some(value) = plain_text(variable, variable.span(), value, findings) else { continue };
        env.insert(name.to_owned(), value.to_owned());
    }
    env
}
