//! One argument with placeholders.

use super::Secrets;
use crate::evaluation::TrialTask;
use crate::optimizer::space::Value;

/// One argument: text with placeholders such as `{learning_rate}`; `{trial}` is the trial's number, `{seed}` its
/// seed, `{attempt}` counts the attempts at it from 1, and secrets stand under their names. `{{` and `}}` stand for the braces themselves.
///
/// | placeholder | what becomes of the argument |
/// |---|---|
/// | `{rate}` | the value, spelt as [`Value::plain`] says; elements of a list stand between commas |
/// | `{layers...}` | as many arguments as the list has elements, each with one of them |
/// | `{amp:--amp}` | `--amp` where the parameter is true, no argument where it is false |
/// | `{amp:--amp:--no-amp}` | the first where it is true, the second where it is false |
///
/// No argument is left of one whose parameter is inactive, or has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Placeholder(Placeholder),
}

/// A name in braces, and how its value is put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placeholder {
    /// The name of a parameter, of a secret, or one of [`Template::RESERVED`].
    pub name: String,
    /// What becomes of the value.
    pub form: Form,
}

/// How the value of a placeholder is put into an argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    /// As it is: `{rate}`.
    Plain,
    /// Each element of a list in an argument of its own: `{layers...}`.
    Each,
    /// A text for each truth value: `{amp:--amp}` or `{amp:--amp:--no-amp}`.
    Flag {
        /// For true.
        on: String,
        /// For false; without one there is no argument.
        off: Option<String>,
    },
}

impl Template {
    /// Names with a meaning of their own in placeholders, which no parameter may have.
    pub const RESERVED: [&'static str; 3] = ["trial", "seed", "attempt"];

    /// Takes the text apart.
    ///
    /// # Errors
    /// The byte at which a brace stands that has no partner.
    pub fn parse(source: &str) -> Result<Self, usize> {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source.char_indices().peekable();
        while let Some((at, c)) = rest.next() {
            match c {
                '{' | '}' if rest.next_if(|(_, next)| *next == c).is_some() => text.push(c),
                '{' => {
                    let inside = &source[at + 1..];
                    let end = inside.find(['{', '}']).filter(|&i| inside[i..].starts_with('}')).ok_or(at)?;
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(Part::Placeholder(Placeholder::of(&inside[..end])));
                    while rest.next_if(|(i, _)| *i <= at + 1 + end).is_some() {}
                }
                '}' => return Err(at),
                _ => text.push(c),
            }
        }
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Self { source: source.to_owned(), parts })
    }

    /// The text as written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The placeholders, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &Placeholder> {
        self.parts.iter().filter_map(|part| if let Part::Placeholder(own) = part { Some(own) } else { None })
    }

    /// The placeholder with which the argument begins, if it begins with one.
    #[must_use]
    pub fn begins_with(&self) -> Option<&Placeholder> {
        if let [Part::Placeholder(first), ..] = &self.parts[..] { Some(first) } else { None }
    }

    /// Whether the argument is one placeholder and nothing else.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        matches!(self.parts[..], [Part::Placeholder(_)])
    }

    /// What becomes of the argument for one trial: none where a parameter is inactive, has no value, or is false and has no text for
    /// that; several where a list gives each of its elements one.
    #[must_use]
    pub fn fill(&self, task: TrialTask<'_>, secrets: &Secrets) -> Vec<String> {
        let mut words = vec![String::new()];
        for part in &self.parts {
            let endings = match part {
                Part::Text(text) => vec![text.clone()],
                Part::Placeholder(own) => own.fill(task, secrets),
            };
            words = words.iter().flat_map(|word| endings.iter().map(move |end| format!("{word}{end}"))).collect();
        }
        words
    }
}

impl Placeholder {
    fn of(inside: &str) -> Self {
        let (name, form) = match (inside.split_once(':'), inside.strip_suffix("...")) {
            (Some((name, texts)), _) => {
                let (on, off) = texts.split_once(':').map_or((texts, None), |(on, off)| (on, Some(off)));
                (name, Form::Flag { on: on.to_owned(), off: off.map(str::to_owned) })
            }
            (None, Some(name)) => (name, Form::Each),
            (None, None) => (inside, Form::Plain),
        };
        Self { name: name.to_owned(), form }
    }

    fn fill(&self, task: TrialTask<'_>, secrets: &Secrets) -> Vec<String> {
        match self.name.as_str() {
            "trial" => vec![task.trial.to_string()],
            "seed" => vec![task.seed.to_string()],
            "attempt" => vec![task.attempt.to_string()],
            name => match (secrets.get(name), task.point.get(name)) {
                (Some(secret), _) => vec![secret.to_owned()],
                (None, Some(value)) => self.words(value),
                (None, None) => Vec::new(),
            },
        }
    }

    fn words(&self, value: &Value) -> Vec<String> {
        match (&self.form, value) {
            (Form::Each, Value::List(values)) => values.iter().filter_map(Value::plain).collect(),
            (Form::Flag { on, .. }, Value::Bool(true)) => vec![on.clone()],
            (Form::Flag { off, .. }, Value::Bool(false)) => off.iter().cloned().collect(),
            (_, value) => value.plain().into_iter().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::Point;

    fn fill(source: &str) -> Vec<String> {
        let values: [(&str, Value); 7] = [
            ("lr", (-2.31e-5).into()),
            ("layers", vec![64, 32].into()),
            ("empty", Value::List(Box::default())),
            ("nothing", Value::None),
            ("on", true.into()),
            ("off", false.into()),
            ("name", "a b".into()),
        ];
        let point: Point = values.into_iter().collect();
        let task = TrialTask { trial: 3, attempt: 1, point: &point, seed: 99 };
        Template::parse(source).expect("a template").fill(task, &Secrets::default())
    }

    #[test]
    fn placeholders_are_filled_and_doubled_braces_are_braces() {
        assert_eq!(fill("--lr={lr}"), ["--lr=-0.0000231"]);
        assert_eq!(fill("{name}-{trial}-{seed}"), ["a b-3-99"]);
        assert_eq!(fill("{{lr}} {{{lr}}}é{name}"), ["{lr} {-0.0000231}éa b"]);
        assert_eq!(fill(""), [""]);
    }

    #[test]
    fn an_argument_without_a_value_is_left_out() {
        assert_eq!(fill("--momentum={momentum}"), Vec::<String>::new());
        assert_eq!(fill("{nothing}"), Vec::<String>::new());
        assert_eq!(fill("--x={lr},{nothing}"), Vec::<String>::new());
    }

    #[test]
    fn truth_values_are_flags() {
        assert_eq!(fill("{on:--amp}"), ["--amp"]);
        assert_eq!(fill("{off:--amp}"), Vec::<String>::new());
        assert_eq!(fill("{off:--amp:--no-amp}"), ["--no-amp"]);
        assert_eq!(fill("model.amp={on:True:False}"), ["model.amp=True"]);
        assert_eq!(fill("{off:--at=1:--at=0:30}"), ["--at=0:30"]);
        assert_eq!(fill("{on}"), ["true"]);
        assert_eq!(fill("{nothing:--amp:--no-amp}"), Vec::<String>::new());
        assert_eq!(fill("{momentum:--amp:--no-amp}"), Vec::<String>::new());
    }

    #[test]
    fn lists_are_one_argument_or_several() {
        assert_eq!(fill("--layers={layers}"), ["--layers=64,32"]);
        assert_eq!(fill("layers=[{layers}]"), ["layers=[64,32]"]);
        assert_eq!(fill("{layers...}"), ["64", "32"]);
        assert_eq!(fill("--layer={layers...}"), ["--layer=64", "--layer=32"]);
        assert_eq!(fill("{name...}"), ["a b"]);
        assert_eq!(fill("{empty...}"), Vec::<String>::new());
        assert_eq!(fill("--layers={empty}"), ["--layers="]);
    }

    #[test]
    fn a_lonely_brace_is_refused_where_it_stands() {
        assert_eq!(Template::parse("ab{c"), Err(2));
        assert_eq!(Template::parse("a}b"), Err(1));
        assert_eq!(Template::parse("{a{b}}"), Err(0));
    }
}
