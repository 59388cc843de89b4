//! The user's own program: its arguments with placeholders, its folder and its environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Secrets;
use crate::objective::Task;

/// How to start the user's program for a trial. No shell is involved.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandLine {
    /// The program and its arguments; at least one, and the first has no placeholder.
    pub argv: Vec<Template>,
    /// Where the program runs, as given: relative to the folder of the study file; `None` is the folder in which
    /// `optimize` was started.
    pub cwd: Option<PathBuf>,
    /// Environment variables in addition to those that are inherited.
    pub env: BTreeMap<String, String>,
    /// Names of inherited environment variables whose values are secret. They may stand in arguments as placeholders.
    pub secrets: Vec<String>,
}

impl CommandLine {
    /// Environment variable that carries a parameter: `WATTFRONT_LEARNING_RATE` for `learning_rate`.
    #[must_use]
    pub fn variable(parameter: &str) -> String {
        format!("WATTFRONT_{}", parameter.to_ascii_uppercase())
    }

    /// The program and its arguments for one trial. An argument with a placeholder of an inactive parameter is left
    /// out, and so is the [flag](Self::flag_of) that stands alone before it.
    #[must_use]
    pub fn arguments(&self, task: Task<'_>, secrets: &Secrets) -> Vec<String> {
        let is_own =
            |name: &str| Template::RESERVED.contains(&name) || self.secrets.iter().any(|secret| secret == name);
        let inactive = |t: &Template| t.placeholders().any(|name| !is_own(name) && task.point.get(name).is_none());
        let stays = |place: &usize| !self.is_left_alone(*place, inactive);
        (0..self.argv.len()).filter(stays).filter_map(|place| self.argv[place].fill(task, secrets)).collect()
    }

    /// The environment variables to add for one trial: `env`, `WATTFRONT_TRIAL` (the trial's number),
    /// `WATTFRONT_SEED` (its seed), `WATTFRONT_ATTEMPT` (counted from 1) and one variable per active parameter.
    #[must_use]
    pub fn environment(&self, task: Task<'_>) -> BTreeMap<String, String> {
        let mut environment = self.env.clone();
        environment.insert(Self::variable("trial"), task.trial.to_string());
        environment.insert(Self::variable("seed"), task.seed.to_string());
        environment.insert(Self::variable("attempt"), task.attempt.to_string());
        environment.extend(task.point.iter().map(|(name, value)| (Self::variable(name), value.to_string())));
        environment
    }
}

/// One argument: text with placeholders such as `{learning_rate}`; `{trial}` is the trial's number, `{seed}` its
/// seed, `{attempt}` counts the attempts at it from 1, and secrets stand under their names. `{{` and `}}` stand for the braces themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    source: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Parameter(String),
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
                    parts.push(Part::Parameter(inside[..end].to_owned()));
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

    /// Names in the placeholders, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| if let Part::Parameter(name) = part { Some(name.as_str()) } else { None })
    }

    /// Whether the argument is one placeholder and nothing else.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        matches!(self.parts[..], [Part::Parameter(_)])
    }

    /// The argument for one trial, or `None` where a parameter is inactive.
    #[must_use]
    pub fn fill(&self, task: Task<'_>, secrets: &Secrets) -> Option<String> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Parameter(name) => match name.as_str() {
                    "trial" => text.push_str(&task.trial.to_string()),
                    "seed" => text.push_str(&task.seed.to_string()),
                    "attempt" => text.push_str(&task.attempt.to_string()),
                    name => match secrets.get(name) {
                        Some(secret) => text.push_str(secret),
                        None => text.push_str(&task.point.get(name)?.to_string()),
                    },
                },
            }
        }
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::Point;

    fn task(point: &Point, trial: u64, seed: u64) -> Task<'_> {
        Task { trial, attempt: 1, point, seed }
    }

    fn fill(source: &str) -> Option<String> {
        let point: Point = [("lr", 0.1)].into_iter().collect();
        Template::parse(source).expect("a template").fill(task(&point, 3, 99), &Secrets::default())
    }

    #[test]
    fn placeholders_are_filled_and_doubled_braces_are_braces() {
        assert_eq!(fill("--lr={lr}").as_deref(), Some("--lr=0.1"));
        assert_eq!(fill("{lr}-{trial}-{seed}").as_deref(), Some("0.1-3-99"));
        assert_eq!(fill("{{lr}} {{{lr}}}é{lr}").as_deref(), Some("{lr} {0.1}é0.1"));
        assert_eq!(fill("").as_deref(), Some(""));
    }

    #[test]
    fn an_argument_of_an_inactive_parameter_is_left_out() {
        assert_eq!(fill("--momentum={momentum}"), None);
        let argv = ["train", "--momentum={momentum}", "--lr={lr}"].map(|s| Template::parse(s).expect("a template"));
        let command = CommandLine { argv: argv.to_vec(), cwd: None, env: BTreeMap::new(), secrets: Vec::new() };
        let point: Point = [("lr", 0.5)].into_iter().collect();
        assert_eq!(command.arguments(task(&point, 0, 0), &Secrets::default()), ["train", "--lr=0.5"]);
        let environment = command.environment(task(&point, 4, 5));
        let pairs: Vec<_> = environment.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(pairs, ["WATTFRONT_ATTEMPT=1", "WATTFRONT_LR=0.5", "WATTFRONT_SEED=5", "WATTFRONT_TRIAL=4"]);
    }

    #[test]
    fn a_lonely_brace_is_refused_where_it_stands() {
        assert_eq!(Template::parse("ab{c"), Err(2));
        assert_eq!(Template::parse("a}b"), Err(1));
        assert_eq!(Template::parse("{a{b}}"), Err(0));
    }
}
