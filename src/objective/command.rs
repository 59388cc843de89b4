//! The user's own program as an objective.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::listen::{Until, listen};
use super::process::Process;
use super::{Failure, Objective, Scope, Task};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;

/// How long a program that was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Why an argument list is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// No program to start.
    #[error("the list of arguments is empty: it begins with the program to start")]
    Empty,
    /// An opening brace without a closing one.
    #[error("argument {index} (`{argument}`): a `{{` is not closed; write `{{{{` for a brace that is meant as such")]
    Unclosed {
        /// Place in the list, counted from 0.
        index: usize,
        /// The argument.
        argument: String,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Placeholder(String),
}

/// A program and its arguments, with `{parameter}` where a point's values go.
///
/// `{trial}` and `{seed}` stand for the trial's number and seed, `{{` and `}}` for braces. An argument that names an
/// inactive parameter is left out, so write `--momentum={momentum}` as one argument. No shell is involved.
///
/// ```
/// use wattfront::objective::CommandTemplate;
///
/// let template = CommandTemplate::parse(&["train".into(), "--lr={learning_rate}".into()])?;
/// assert_eq!(template.placeholders().collect::<Vec<_>>(), ["learning_rate"]);
/// # Ok::<(), wattfront::objective::TemplateError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandTemplate {
    arguments: Vec<Vec<Piece>>,
}

impl CommandTemplate {
    /// Reads an argument list, the program first.
    ///
    /// # Errors
    /// [`TemplateError`] for an empty list or a brace that is not closed.
    pub fn parse(argv: &[String]) -> Result<Self, TemplateError> {
        if argv.first().is_none_or(String::is_empty) {
            return Err(TemplateError::Empty);
        }
        let pieces = |(index, argument): (usize, &String)| {
            parse_pieces(argument).ok_or_else(|| TemplateError::Unclosed { index, argument: argument.clone() })
        };
        Ok(Self { arguments: argv.iter().enumerate().map(pieces).collect::<Result<_, _>>()? })
    }

    /// The names in braces, in order, `trial` and `seed` included.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().flatten().filter_map(|piece| match piece {
            Piece::Placeholder(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// The arguments for one task. Never empty.
    #[must_use]
    pub fn arguments(&self, task: Task<'_>) -> Vec<String> {
        let value = |name: &str| match (task.point.get(name), name) {
            (Some(value), _) => Some(value.to_string()),
            (None, "trial") => Some(task.trial.to_string()),
            (None, "seed") => Some(task.seed.to_string()),
            (None, _) => None,
        };
        let argument = |pieces: &Vec<Piece>| {
            let texts = pieces.iter().map(|piece| match piece {
                Piece::Text(text) => Some(text.clone()),
                Piece::Placeholder(name) => value(name),
            });
            texts.collect::<Option<String>>()
        };
        self.arguments.iter().filter_map(argument).collect()
    }
}

fn parse_pieces(argument: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = argument;
    while let Some(i) = rest.find(['{', '}']) {
        text.push_str(&rest[..i]);
        let brace = &rest[i..=i];
        rest = &rest[i + 1..];
        if let Some(after) = rest.strip_prefix(brace) {
            text.push_str(brace);
            rest = after;
        } else if brace == "}" {
            text.push('}');
        } else {
            let (name, after) = rest.split_once('}')?;
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(Piece::Placeholder(name.trim().to_owned()));
            rest = after;
        }
    }
    text.push_str(rest);
    if !text.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Some(pieces)
}

/// Starts the user's program for each trial and listens to it.
///
/// The program gets the point in its arguments and as environment variables `WATTFRONT_<PARAMETER>` (upper case), beside
/// `WATTFRONT_TRIAL`, `WATTFRONT_ATTEMPT` and `WATTFRONT_SEED`. It answers with the lines of the protocol in
/// [`Message`](super::Message). When it ends, or must end, its whole process group is ended.
#[derive(Debug)]
pub struct CommandObjective {
    template: CommandTemplate,
    directory: PathBuf,
}

impl CommandObjective {
    /// Runs `template` in the folder `directory`.
    #[must_use]
    pub fn new(template: CommandTemplate, directory: PathBuf) -> Self {
        Self { template, directory }
    }

    fn command(&self, task: Task<'_>) -> Command {
        let arguments = self.template.arguments(task);
        let program = arguments.first().map_or("", String::as_str);
        let mut command = Command::new(program);
        command.args(arguments.get(1..).unwrap_or_default()).current_dir(&self.directory).stdin(Stdio::null());
        // A study started from within a trial must not see that trial's values.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("WATTFRONT_") {
                command.env_remove(name);
            }
        }
        command.env("WATTFRONT_TRIAL", task.trial.to_string());
        command.env("WATTFRONT_ATTEMPT", task.attempt.to_string());
        command.env("WATTFRONT_SEED", task.seed.to_string());
        command.envs(task.point.iter().map(|(n, v)| (format!("WATTFRONT_{}", n.to_uppercase()), v.to_string())));
        command
    }
}

impl Objective for CommandObjective {
    fn evaluate(&mut self, task: Task<'_>, scope: &mut dyn Scope) -> Result<Metrics, Failure> {
        let mut command = self.command(task);
        let program = command.get_program().to_string_lossy().into_owned();
        let mut process = Process::spawn(&mut command).map_err(|error| {
            let message = format!("cannot start `{program}` in {}: {error}", self.directory.display());
            Failure::new(FailureKind::Exit, message)
        })?;
        let heard = listen(&mut process, scope, Until::Exit);
        if heard.failure.is_some() || heard.stopped {
            process.end(GRACE);
        }
        if let Some(failure) = heard.failure {
            return Err(failure);
        }
        let verdict = process.verdict();
        match heard.metrics {
            // A program that was told to stop early may well be ended by the signal.
            Some(metrics) if heard.stopped => Ok(metrics),
            Some(metrics) => verdict.map(|()| metrics),
            None => {
                verdict?;
                let message = "the program ended well but printed no line of metrics such as {\"accuracy\": 0.93}";
                Err(Failure::new(FailureKind::BadMetrics, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::{Point, Value};

    fn template(argv: &[&str]) -> Result<CommandTemplate, TemplateError> {
        CommandTemplate::parse(&argv.iter().map(|&s| s.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn placeholders_are_filled_and_inactive_arguments_left_out() {
        let argv = ["python3", "train.py", "--lr", "{lr}", "--momentum={momentum}", "{{literal}}", "s{seed}t{trial}"];
        let template = template(&argv).expect("a template");
        let point: Point = [("lr", Value::Float(0.001))].into_iter().collect();
        let task = Task { trial: 4, attempt: 1, point: &point, seed: 9 };
        assert_eq!(template.arguments(task), ["python3", "train.py", "--lr", "0.001", "{literal}", "s9t4"]);
    }

    #[test]
    fn broken_templates_are_refused() {
        assert_eq!(template(&[]), Err(TemplateError::Empty));
        assert_eq!(template(&[""]), Err(TemplateError::Empty));
        let unclosed = TemplateError::Unclosed { index: 1, argument: "{lr".into() };
        assert_eq!(template(&["a", "{lr"]), Err(unclosed));
    }
}
