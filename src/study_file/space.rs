//! The space of a study file.

use std::collections::BTreeMap;

use super::doubts;
use super::error::IssueKind;
use super::findings::{Draft, Findings, Span};
use super::objectives::read_scale;
use super::points::fixed_setting;
use super::priors;
use super::reader::{Element, Entry, Section};
use super::reference::{PARAMETER, SPACE, WHEN};
use super::spelling::nearest;
use crate::evaluation::Template;
use crate::optimizer::problem::Prior;
use crate::optimizer::space::{Clause, Domain, Parameter, Scale, Space, SpaceError, Value};
use crate::record::EnergyMetric;

const EXAMPLE: &str = "learning_rate = { float = [1e-5, 1e-1], scale = \"log\" }";
const DOMAINS: [&str; 3] = ["float", "int", "choice"];

/// How many parameters there may be. No sampler finds its way among more.
const MOST_PARAMETERS: usize = 1000;

/// How many characters the name of a parameter may have.
const PARAMETER_LIMIT: usize = 200;

/// What is searched, as far as it can be read.
#[derive(Default)]
pub(super) struct Searched {
    /// The space, if nothing is wrong with it.
    pub(super) space: Option<Space>,
    /// Parameters whose domain is right, without their conditions.
    pub(super) parameters: Vec<Parameter>,
    /// The priors of these.
    pub(super) priors: BTreeMap<String, Prior>,
    /// What parameters were in trials of earlier studies that did not search them.
    pub(super) was: BTreeMap<String, Value>,
    /// Where every parameter stands, also those that are wrong.
    pub(super) places: BTreeMap<String, Places>,
}

/// Where the parts of a parameter are.
#[derive(Default)]
pub(super) struct Places {
    pub(super) key: Span,
    /// The array after `float`, `int` or `choice`.
    pub(super) domain: Span,
    /// The elements of that array.
    pub(super) values: Vec<Span>,
    pub(super) condition: Span,
    scale: Span,
    step: Span,
}

/// Reads `[space]`.
pub(super) fn read(root: &Section, findings: &mut Findings) -> Searched {
    let mut searched = Searched::default();
    let Some(entry) = root.get("space") else {
        if root.misspells("space") {
            return searched;
        }
        let kind = IssueKind::Missing { what: "a section [space]".to_owned(), section: "the study".to_owned() };
        findings.push(Draft::new(kind).help(format!("list there what is searched, for example: {EXAMPLE}")));
        return searched;
    };
    let before = findings.len();
    let Some(section) = entry.table(&SPACE, SPACE.title, EXAMPLE, findings) else { return searched };
    let mut tables: Vec<(String, Section)> = Vec::new();
    let count = section.entries().count();
    if count > MOST_PARAMETERS {
        let kind = IssueKind::BadValue {
            key: "[space]".to_owned(),
            expected: format!("a list of at most {MOST_PARAMETERS} parameters"),
            value: format!("{count} of them"),
        };
        findings.push(
            Draft::new(kind).at(section.span).help("fix those that matter least in [train], or in the program itself"),
        );
        return searched;
    }
    for entry in section.entries() {
        check_name(entry, &searched, findings);
        let places = Places { key: entry.key_span(), ..Places::default() };
        searched.places.insert(entry.name().to_owned(), places);
        if let Some(table) = parameter_table(entry, findings) {
            read_parameter(entry.name(), &table, &mut searched, findings);
            tables.push((entry.name().to_owned(), table));
        }
    }
    if section.entries().next().is_none() {
        findings.push(Draft::new(SpaceError::Empty).at(section.span).help(format!("for example: {EXAMPLE}")));
    }
    let mut complete = searched.parameters.clone();
    for (name, table) in &tables {
        let condition = read_condition(name, table, root, &mut searched, findings);
        if let Some(parameter) = complete.iter_mut().find(|p| p.name == *name) {
            parameter.condition = condition;
        }
    }
    if findings.len() == before {
        match Space::new(complete) {
            Ok(space) => searched.space = Some(space),
            Err(error) => refuse_space(error, &searched, findings),
        }
    }
    searched
}

/// What only shows when all parameters are seen together: conditions in a circle.
fn refuse_space(error: SpaceError, searched: &Searched, findings: &mut Findings) {
    let names = match &error {
        SpaceError::ConditionCycle { names } => names.clone(),
        other => other.parameter().map(str::to_owned).into_iter().collect(),
    };
    let mut conditions = names.iter().filter_map(|n| searched.places.get(n)?.condition.clone());
    let draft = Draft::new(error).at(conditions.next()).help("remove `when` from one of them");
    findings.push(conditions.fold(draft, |draft, span| draft.also(Some(span), "")));
}

fn check_name(entry: Entry, searched: &Searched, findings: &mut Findings) {
    let name = entry.name();
    let usable = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !usable(name) {
        let draft = Draft::new(IssueKind::BadName { what: "parameter", name: name.to_owned() }).at(entry.key_span());
        let draft = draft.help("it becomes a part of an environment variable: letters, digits and `_`");
        let cleaned: String = name.chars().map(|c| if usable(&c.to_string()) { c } else { '_' }).collect();
        let draft = if usable(&cleaned) { draft.help(format!("for example: {cleaned}")) } else { draft };
        findings.push(draft);
    }
    if name.chars().count() > PARAMETER_LIMIT {
        let short: String = name.chars().take(PARAMETER_LIMIT).collect();
        let draft = Draft::new(IssueKind::BadName { what: "parameter", name: format!("{short}...") });
        findings.push(draft.at(entry.key_span()).help(format!("a name has at most {PARAMETER_LIMIT} characters")));
    }
    let lower = name.to_lowercase();
    if Template::RESERVED.contains(&lower.as_str()) {
        let draft = Draft::new(IssueKind::BadName { what: "parameter", name: name.to_owned() }).at(entry.key_span());
        findings.push(draft.help(format!("{{{lower}}} already stands for the trial's own {}", reserved(&lower))));
    }
    if EnergyMetric::is_reserved(&lower) {
        let draft = Draft::new(IssueKind::BadName { what: "parameter", name: name.to_owned() }).at(entry.key_span());
        findings.push(draft.help("`energy` names what is metered"));
    }
    if let Some((first, places)) = searched.places.iter().find(|(other, _)| other.to_lowercase() == lower) {
        let kind = IssueKind::CaseCollision { first: first.clone(), second: name.to_owned() };
        let draft = Draft::new(kind).at(entry.key_span()).also(places.key.clone(), "first here");
        findings.push(draft.help("rename one of them: both would be the same environment variable"));
    }
}

fn reserved(name: &str) -> &'static str {
    if name == "trial" { "number" } else { "seed" }
}

fn parameter_table<'a>(entry: Entry<'a>, findings: &mut Findings) -> Option<Section<'a>> {
    let title = format!("the parameter `{}`", entry.name());
    if entry.is_table() {
        return entry.table(&PARAMETER, &title, EXAMPLE, findings);
    }
    let (key, expected) = (entry.name().to_owned(), "a table with `float`, `int` or `choice`".to_owned());
    let (found, help) = if entry.is_array() {
        let help =
            format!("write {key} = {{ float = [low, high] }} for a range, {key} = {{ choice = [...] }} for a list");
        ("an array", help)
    } else {
        ("a plain value", "a setting that does not change belongs in [train], or in the program itself".to_owned())
    };
    let kind = IssueKind::WrongType { key, expected, found: found.to_owned() };
    findings.push(Draft::new(kind).at(entry.span()).help(help));
    None
}

fn read_parameter(name: &str, table: &Section, searched: &mut Searched, findings: &mut Findings) {
    table.refuse_unknown_keys(findings);
    let given: Vec<Entry> = DOMAINS.iter().filter_map(|kind| table.get(kind)).collect();
    let entry = match given[..] {
        [] if DOMAINS.iter().any(|kind| table.misspells(kind)) => return,
        [] => {
            return table.missing(
                "one of `float`, `int` and `choice`",
                &format!("{name} = {{ float = [0.0, 1.0] }}"),
                findings,
            );
        }
        [entry] => entry,
        [first, second, ..] => {
            let quoted = |e: Entry| format!("`{}`", e.name());
            let kind =
                IssueKind::Conflict { section: table.title.clone(), first: quoted(first), second: quoted(second) };
            let draft = Draft::new(kind).at(second.key_span()).also(first.key_span(), "");
            return findings.push(draft.help("a parameter has one kind of values; keep one of them"));
        }
    };
    let before = findings.len();
    let elements = entry.array(&example_of(entry.name()), findings);
    let scale = table.get("scale").and_then(|e| read_scale(e, findings)).unwrap_or_default();
    if let Some(places) = searched.places.get_mut(name) {
        places.domain = entry.span();
        places.values = elements.iter().flatten().map(Element::span).collect();
        places.scale = table.get("scale").and_then(|e| e.whole());
        places.step = table.get("step").and_then(|e| e.span());
    }
    let Some(elements) = elements else { return };
    let domain = match entry.name() {
        "float" => read_float(entry, &elements, scale, table, findings),
        "int" => read_int(entry, &elements, scale, table, findings),
        _ => read_choice(&elements, table, findings),
    };
    let Some(domain) = domain else { return };
    let parameter = Parameter::new(name, domain);
    match Space::new([parameter.clone()]) {
        Err(error) => refuse_domain(error, &parameter, &searched.places[name], findings),
        Ok(_) if findings.len() == before => {
            let prior = table.get("prior").and_then(|entry| priors::read(entry, &parameter.domain, findings));
            searched.priors.extend(prior.map(|prior| (name.to_owned(), prior)));
            let was = table.get("was").and_then(|entry| read_was(entry, name, &parameter.domain, searched, findings));
            searched.was.extend(was.map(|value| (name.to_owned(), value)));
            searched.parameters.push(parameter);
        }
        Ok(_) => {}
    }
}

/// Reads what a parameter was before it was searched.
fn read_was(entry: Entry, name: &str, domain: &Domain, searched: &Searched, findings: &mut Findings) -> Option<Value> {
    let value = domain.typed(entry.scalar("was = 0.0", findings)?);
    if !domain.contains(&value) {
        let draft = entry.draft_bad_value("one of the values of the parameter", &value.to_string());
        let draft = draft.also(searched.places.get(name).and_then(|p| p.domain.clone()), "its values");
        let advice =
            value_advice(&value, domain).unwrap_or_else(|| "widen the range, so that it holds the value".to_owned());
        findings.push(draft.help(advice));
        return None;
    }
    Some(value)
}

fn example_of(kind: &str) -> String {
    match kind {
        "float" => "float = [0.0, 1.0]".to_owned(),
        "int" => "int = [1, 10]".to_owned(),
        _ => "choice = [\"sgd\", \"adam\"]".to_owned(),
    }
}

/// The two ends of a range.
fn pair<'a, T>(
    entry: Entry,
    elements: &[Element<'a>],
    read: impl Fn(&Element<'a>, &mut Findings) -> Option<T>,
    findings: &mut Findings,
) -> Option<(T, T)> {
    let [low, high] = elements else {
        let found = format!("{} of them", elements.len());
        let draft = entry.draft_bad_value("two numbers, the lowest and the highest value", &found);
        let help = format!("for example: {}; a list of values is a `choice`", example_of(entry.name()));
        findings.push(draft.help(help));
        return None;
    };
    let (low, high) = (read(low, findings), read(high, findings));
    Some((low?, high?))
}

fn read_float(
    entry: Entry,
    elements: &[Element],
    scale: Scale,
    table: &Section,
    findings: &mut Findings,
) -> Option<Domain> {
    let range = pair(entry, elements, Element::number, findings);
    let step = table.get("step").map(|e| e.number("step = 0.1", findings));
    let (low, high) = range?;
    Some(Domain::Float { low, high, scale, step: step.map_or(Some(None), |s| s.map(Some))? })
}

fn read_int(
    entry: Entry,
    elements: &[Element],
    scale: Scale,
    table: &Section,
    findings: &mut Findings,
) -> Option<Domain> {
    let range = pair(entry, elements, Element::integer, findings);
    let step = table.get("step").map_or(Some(1), |e| e.integer("step = 8", findings));
    let ((low, high), step) = (range?, step?);
    if let Some(entry) = table.get("step")
        && low < high
        && step > 0
        && step.unsigned_abs() > high.abs_diff(low)
    {
        let expected = format!("at most {}, the width of the range", high.abs_diff(low));
        let draft = entry.draft_bad_value(&expected, &step.to_string());
        findings.push(draft.help(format!("{low} would be the only value")));
    }
    Some(Domain::Int { low, high, scale, step })
}

fn read_choice(elements: &[Element], table: &Section, findings: &mut Findings) -> Option<Domain> {
    for key in ["scale", "step"] {
        if let Some(entry) = table.get(key) {
            let kind = IssueKind::Meaningless { key: key.to_owned(), context: "for a choice".to_owned() };
            findings.push(Draft::new(kind).at(entry.whole()).help("remove it, or give a range with `float` or `int`"));
        }
    }
    let values: Vec<Option<Value>> = elements.iter().map(|e| e.value(findings)).collect();
    Some(Domain::Choice { values: values.into_iter().collect::<Option<_>>()? })
}

fn refuse_domain(error: SpaceError, parameter: &Parameter, places: &Places, findings: &mut Findings) {
    let whole = places.domain.clone();
    let draft = Draft::new(error.clone());
    findings.push(match error {
        SpaceError::Range { low, high, .. } if low > high => {
            let (low, high) = match parameter.domain {
                Domain::Int { low, high, .. } => (low.to_string(), high.to_string()),
                _ => (format!("{low:?}"), format!("{high:?}")),
            };
            draft.at(whole).help(format!("the lowest value comes first: did you mean [{high}, {low}]?"))
        }
        SpaceError::LogThroughZero { .. } => {
            let low = places.values.first().cloned().flatten();
            let help = "begin the range above zero, such as at 1e-6, or use a linear scale";
            draft.at(low).also(places.scale.clone(), "because of this").help(help)
        }
        SpaceError::TooWide { .. } => {
            draft.at(whole).help("narrow it, or search the logarithm with scale = \"log\" above zero")
        }
        SpaceError::TooNarrow { .. } => draft.at(whole).help("widen it, or list the values: write a `choice`"),
        SpaceError::LargeInteger { value, .. } => {
            let at = match &parameter.domain {
                Domain::Int { low, .. } if *low == value => places.values.first(),
                _ => places.values.get(1),
            };
            draft.at(at.cloned().flatten().or(whole)).help(
                "search a smaller number that your program adds to or multiplies, or list the values: write a `choice`",
            )
        }
        SpaceError::Step { advice, .. } => {
            let example = match &parameter.domain {
                Domain::Float { scale: Scale::Log, .. } => "remove `step` or `scale`",
                Domain::Int { .. } => "for example: int = [8, 128], step = 8",
                _ => "for example: float = [0.0, 0.5], step = 0.1",
            };
            // What is wrong with a step beside a log scale says all.
            let advice = advice.filter(|_| !matches!(parameter.domain, Domain::Float { scale: Scale::Log, .. }));
            advice.into_iter().fold(draft.at(places.step.clone().or(whole)), Draft::help).help(example)
        }

        SpaceError::ChoiceValue { value, .. } => {
            let same = |v: &Value| *v == value || v.is_same_number(&value);
            let at = match &parameter.domain {
                Domain::Choice { values } => values.iter().rposition(same).and_then(|i| places.values.get(i)?.clone()),
                _ => None,
            };
            draft.at(at.or(whole)).help("list every value once, each of them a text of its own")
        }
        _ => draft.at(whole),
    });
}

fn read_condition(
    name: &str,
    table: &Section,
    root: &Section,
    searched: &mut Searched,
    findings: &mut Findings,
) -> Vec<Clause> {
    const EXAMPLE: &str = "when = { optimizer = [\"sgd\", \"rmsprop\"] }";
    let Some(entry) = table.get("when") else { return Vec::new() };
    if let Some(places) = searched.places.get_mut(name) {
        places.condition = entry.whole();
    }
    let Some(section) = entry.table(&WHEN, "`when`", EXAMPLE, findings) else { return Vec::new() };
    let mut clauses = Vec::new();
    for clause in section.entries() {
        let on = clause.name();
        if !searched.places.contains_key(on) {
            findings.push(unknown_condition(name, clause, root, searched));
            continue;
        }
        let Some(elements) = clause.one_or_more(EXAMPLE, findings) else { continue };
        if elements.is_empty() {
            let draft = clause.draft_bad_value("at least one value", "an empty array");
            findings.push(draft.help(format!("`{name}` would never be active")));
        }
        let domain = searched.parameters.iter().find(|p| p.name == on).map(|p| &p.domain);
        let mut values = Vec::new();
        for element in elements {
            let Some(value) = element.value(findings) else { continue };
            // A parameter with an error of its own has no domain to check against.
            let Some(domain) = domain else { continue };
            let value = domain.typed(value);
            if !domain.contains(&value) {
                let (name, on) = (name.to_owned(), on.to_owned());
                let draft =
                    Draft::new(SpaceError::ConditionValue { name, on, value: value.clone() }).at(element.span());
                let place = searched.places.get(clause.name()).and_then(|p| p.domain.clone());
                let nearest = domain.neighbours(&value);
                let advice = value_advice(&value, domain).unwrap_or_else(|| match nearest[..] {
                    [] => "a condition on a range lists values of it; often a `choice` is meant".to_owned(),
                    _ => format!("its nearest values: {}", join(&nearest)),
                });
                findings.push(draft.also(place, "its values").help(advice));
            }
            values.push(value);
        }
        let lone = |value: &Value| domain.is_some_and(|domain| doubts::is_lone(domain, value));
        if !values.is_empty() && values.iter().all(lone) && !doubts::visits_levels(root) {
            let message = format!("`{on}` is a continuum of numbers, so `{name}` is next to never active");
            findings.warn(message, clause.span(), format!("give `{on}` a `step`, or make it a `choice`"));
        }
        clauses.push(Clause { parameter: on.to_owned(), values });
    }
    if section.entries().next().is_none() {
        let draft = entry.draft_bad_value("a table with at least one parameter", "empty");
        findings.push(draft.help(format!("for example: {EXAMPLE}")));
    }
    clauses
}

fn unknown_condition(name: &str, clause: Entry, root: &Section, searched: &Searched) -> Draft {
    let on = clause.name();
    let draft = Draft::new(SpaceError::UnknownCondition { name: name.to_owned(), on: on.to_owned(), nearest: None });
    let fixed = fixed_setting(root, on);
    let help = match nearest(on, searched.places.keys().map(String::as_str).filter(|p| *p != name)) {
        _ if fixed.is_some() => format!("`{on}` is fixed in [train] and never changes: remove the condition"),
        Some(near) => format!("did you mean `{near}`?"),
        None => format!(
            "a condition names another parameter of [space]: {}",
            searched.places.keys().cloned().collect::<Vec<_>>().join(", ")
        ),
    };
    draft.at(clause.key_span()).help(help)
}

/// What may have been meant, or what there is, for a choice; `None` for a range.
pub(super) fn value_advice(value: &Value, domain: &Domain) -> Option<String> {
    let Domain::Choice { values } = domain else { return None };
    let names: Vec<String> = values.iter().map(ToString::to_string).collect();
    if let Some(list) = values.iter().find(|v| matches!(v, Value::List(_)))
        && !matches!(value, Value::List(_))
    {
        return Some(format!(
            "its values are: {}; a list has brackets of its own, as [{}]",
            join(values),
            list.to_toml()
        ));
    }
    Some(match nearest(&value.to_string(), names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its values are: {}", join(values)),
    })
}

fn join(values: &[Value]) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
