//! How a command fails: what is printed, and the exit code.

use std::borrow::Cow;
use std::path::Path;

use super::advice::{advice, in_lines, what};
use super::colour::on_stderr;
use super::run::quoted;
use crate::app::explained::Explained;
use crate::app::{AppError, ErrorKind};
use crate::guard::text::lines;
use crate::study::StudyError;

/// A failed command.
#[derive(Debug)]
pub(super) struct Failure {
    code: u8,
    text: Option<String>,
    /// Whether the text is fit for a terminal as it is, with its colours.
    rendered: bool,
}

impl Failure {
    pub(super) const USAGE: u8 = 2;
    const OTHER: u8 = 1;
    const NOTHING: u8 = 5;

    /// Something went wrong.
    pub(super) fn other(error: impl Explained) -> Self {
        Self::with_code(Self::OTHER, error)
    }

    /// Something went wrong, with a code of its own.
    pub(super) fn with_code(code: u8, error: impl Explained) -> Self {
        let text = format!("error: {}", in_lines(&error.what(), error.advice().as_deref()));
        Self { code, text: Some(text), rendered: false }
    }

    /// The same with another code.
    pub(super) fn coded(self, code: u8) -> Self {
        Self { code, ..self }
    }

    /// The command line or the study file is wrong.
    pub(super) fn usage(error: impl Explained) -> Self {
        Self::with_code(Self::USAGE, error)
    }

    /// There is nothing to answer with.
    pub(super) fn nothing(error: impl Explained) -> Self {
        Self::with_code(Self::NOTHING, error)
    }

    /// The same with what to do about it, on a line of its own.
    pub(super) fn with_help(self, help: impl std::fmt::Display) -> Self {
        Self { text: self.text.map(|text| format!("{text}\nhelp: {help}")), ..self }
    }

    /// The same with the study that the command line names, where help speaks of any.
    pub(super) fn naming(self, study: &Path) -> Self {
        if self.rendered || study.is_dir() {
            return self;
        }
        let study = quoted(study);
        let named = |line: &str| match line.starts_with("help: ") {
            true => line.replace("STUDY.toml", &study),
            false => line.to_owned(),
        };
        let text = self.text.map(|text| text.split('\n').map(named).collect::<Vec<_>>().join("\n"));
        Self { text, ..self }
    }

    /// The user stopped it.
    pub(super) fn interrupted() -> Self {
        AppError::Stopped.into()
    }

    pub(super) fn code(&self) -> u8 {
        self.code
    }

    /// What to print, fit for a terminal.
    pub(super) fn text(&self) -> Option<Cow<'_, str>> {
        let text = self.text.as_deref()?;
        Some(if self.rendered { Cow::Borrowed(text) } else { lines(text) })
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let code = code_of(error.kind());
        match &error {
            AppError::Stopped => Self { code, text: None, rendered: false },
            AppError::File(errors) => Self { code, text: Some(errors.render(on_stderr())), rendered: true },
            error => {
                let text = format!("error: {}", in_lines(&what(error), advice(error).as_deref()));
                Self { code, text: Some(text), rendered: false }
            }
        }
    }
}

impl From<StudyError> for Failure {
    fn from(error: StudyError) -> Self {
        AppError::from(error).into()
    }
}

fn code_of(kind: ErrorKind) -> u8 {
    match kind {
        ErrorKind::Usage => Failure::USAGE,
        ErrorKind::Conflict => 3,
        ErrorKind::Environment => 4,
        ErrorKind::Nothing => Failure::NOTHING,
        ErrorKind::Hopeless => 6,
        ErrorKind::Interrupted => 130,
        ErrorKind::Other => Failure::OTHER,
    }
}
