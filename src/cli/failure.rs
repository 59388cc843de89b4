//! How a command fails: what is printed, and the exit code.

use std::borrow::Cow;
use std::fmt::Display;

use crate::guard::text::lines;
use crate::study::StudyError;
use crate::study::store::StoreError;

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
    pub(super) const CONFLICT: u8 = 3;
    const ENVIRONMENT: u8 = 4;
    const NOTHING: u8 = 5;
    pub(super) const HOPELESS: u8 = 6;
    const INTERRUPTED: u8 = 130;

    /// Something went wrong.
    pub(super) fn other(error: impl Display) -> Self {
        Self { code: Self::OTHER, text: Some(format!("error: {error}")), rendered: false }
    }

    /// Something went wrong, with a code of its own.
    pub(super) fn with_code(code: u8, error: impl Display) -> Self {
        Self { code, text: Some(format!("error: {error}")), rendered: false }
    }

    /// The command line or the study file is wrong.
    pub(super) fn usage(error: impl Display) -> Self {
        Self { code: Self::USAGE, text: Some(format!("error: {error}")), rendered: false }
    }

    /// The study file is wrong; `rendered` shows where.
    pub(super) fn study_file(rendered: String) -> Self {
        Self { code: Self::USAGE, text: Some(rendered), rendered: true }
    }

    /// There is nothing to answer with.
    pub(super) fn nothing(error: impl Display) -> Self {
        Self { code: Self::NOTHING, text: Some(format!("error: {error}")), rendered: false }
    }

    /// The same with what to do about it, on a line of its own.
    pub(super) fn with_help(self, help: impl Display) -> Self {
        Self { text: self.text.map(|text| format!("{text}\n  help: {help}")), ..self }
    }

    /// The user stopped it.
    pub(super) fn interrupted() -> Self {
        Self { code: Self::INTERRUPTED, text: None, rendered: false }
    }

    /// Says in which of several studies it happened.
    pub(super) fn within(self, study: &str) -> Self {
        let text = self.text.map(|text| match text.strip_prefix("error: ") {
            Some(reason) => format!("error: {study}: {reason}"),
            None => format!("{study}:\n{text}"),
        });
        Self { text, ..self }
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

impl From<StudyError> for Failure {
    fn from(error: StudyError) -> Self {
        let code = match &error {
            StudyError::Locked { .. }
            | StudyError::Occupied { .. }
            | StudyError::Different { .. }
            | StudyError::Metering { .. }
            | StudyError::NotComparison { .. }
            | StudyError::Preferences
            | StudyError::Hollow { .. }
            | StudyError::Store(StoreError::Foreign { .. } | StoreError::Hollow { .. }) => Self::CONFLICT,
            StudyError::Store(StoreError::Locked { .. }) => Self::INTERRUPTED,
            StudyError::Environment { .. }
            | StudyError::NoBaseline { .. }
            | StudyError::Unreadable(_)
            | StudyError::Unmetered => Self::ENVIRONMENT,
            StudyError::Hopeless { .. } | StudyError::NeverTold { .. } | StudyError::NoFirstStep { .. } => {
                Self::HOPELESS
            }
            StudyError::NoStudy { .. } | StudyError::Store(StoreError::Empty { .. }) => Self::NOTHING,
            StudyError::WarmStart { .. } => Self::CONFLICT,
            StudyError::Sampler(_)
            | StudyError::NothingToLearn { .. }
            | StudyError::UnknownSampler { .. }
            | StudyError::RepeatedSampler { .. }
            | StudyError::TooFewSamplers
            | StudyError::TooManySeeds { .. }
            | StudyError::LongName { .. }
            | StudyError::LimitOutOfRange { .. }
            | StudyError::Unskippable { .. }
            | StudyError::SamplerRefused { .. } => Self::USAGE,
            _ => Self::OTHER,
        };
        Self { code, text: Some(format!("error: {error}")), rendered: false }
    }
}
