//! Why something was not done.

use std::path::PathBuf;

use super::absent;
use super::explained::Explained;
use super::warm_start::Lesson;
use crate::data::DataError;
use crate::guard::told::chain;
use crate::study::store::StoreError;
use crate::study::{HelpWords, StudyError};
use crate::study_file::SpecErrors;

/// What kind of thing is in the way, and so what a program can make of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was asked for, or the study file, is wrong.
    Usage,
    /// The results folder belongs to another study, or another process uses it.
    Conflict,
    /// The machine is at fault: trial after trial failed for no fault of its configuration, or what is asked for is not metered.
    Environment,
    /// There is nothing to answer with.
    Nothing,
    /// Nothing finished, and trial after trial failed in the same way: the program or the study file has to be mended.
    Hopeless,
    /// Somebody asked it to stop. What was finished is safe, and the same call goes on.
    Interrupted,
    /// Anything else.
    Other,
}

/// Why something was not done. Its text says what is wrong; [`help`](Self::help) says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// A study cannot begin or go on.
    #[error("{}", chain(.0))]
    Study(StudyError),
    /// The study file is not there, or cannot be read.
    #[error("cannot read the study file {}: {reason}", .path.display())]
    NoFile {
        /// Its path.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The study file is wrong.
    #[error(transparent)]
    File(#[from] SpecErrors),
    /// The results are of another study than the file.
    #[error("the study in {} is another one than {}:\n{}", .results.display(), .file.display(), indented(.differences))]
    AnotherStudy {
        /// The results folder.
        results: PathBuf,
        /// The study file.
        file: PathBuf,
        /// What differs, a line each.
        differences: Vec<String>,
    },
    /// The results folder holds a study that was begun with other settings.
    #[error("{} holds a study that was begun with other settings:\n{}", .results.display(), indented(.differences))]
    OtherSettings {
        /// The results folder.
        results: PathBuf,
        /// What differs, a line each.
        differences: Vec<String>,
        /// What could be learned from the trials there.
        lesson: Option<Box<Lesson>>,
    },
    /// An earlier version read the study's data otherwise.
    #[error(
        "the study in {} began with an earlier version, which read its data otherwise, so its trials are not to be compared with \
         new ones:\n{}", .results.display(), indented(.otherwise)
    )]
    ReadOtherwise {
        /// The results folder.
        results: PathBuf,
        /// In what they were read otherwise, a sentence each.
        otherwise: Vec<String>,
    },
    /// A study is to learn from its own folder, and does not begin anew.
    #[error("{}: a study cannot learn from itself", .folder.display())]
    LearnsFromItself {
        /// The folder, as it was named.
        folder: PathBuf,
        /// The results that were moved aside last, if there are any.
        aside: Option<PathBuf>,
    },
    /// A number of seeds that nobody means.
    #[error("the number of seeds must be from 1 to {most}")]
    Seeds {
        /// The most.
        most: u64,
    },
    /// A study of no trials.
    #[error("the number of trials must be at least 1")]
    NoTrials,
    /// A training is asked for of a study that runs a program.
    #[error("only studies with [train] can be trained")]
    NoTraining,
    /// A comparison is asked for as if it were a study.
    #[error("{} is a comparison of samplers, and no study", .folder.display())]
    IsComparison {
        /// Its folder.
        folder: PathBuf,
    },
    /// The study was compared, and never run.
    #[error("the study itself has not been run; its comparison of samplers is in {}", .folder.display())]
    OnlyCompared {
        /// The folder of the comparison.
        folder: PathBuf,
    },
    /// What is repaired is not written there.
    #[error("{} {what}", .folder.display())]
    RepairTo {
        /// The folder that was asked for.
        folder: PathBuf,
        /// Why not.
        what: String,
        /// What to do instead, as far as that is no choice of another folder.
        help: &'static str,
    },
    /// A data set cannot be read.
    #[error("{}", chain(&**.cause))]
    Data {
        /// Why not.
        cause: Box<DataError>,
        /// What to do besides what the error itself says.
        besides: Option<String>,
    },
    /// A command cannot be started.
    #[error("the program `{program}` {reason}")]
    NotStarted {
        /// The command.
        program: String,
        /// Why.
        reason: String,
        /// What to do about it; may be empty.
        help: &'static str,
        /// Whether it is there, and is no program that runs here.
        is_there: bool,
    },
    /// What was asked for, or the study file, is wrong.
    #[error("{what}")]
    Wrong {
        /// What is wrong.
        what: String,
        /// What to do; may be empty.
        help: String,
    },
    /// There is nothing to answer with.
    #[error("{what}")]
    Nothing {
        /// What there is not.
        what: String,
        /// What to do; may be empty.
        help: String,
    },
    /// The program tells nothing of what is searched for.
    #[error("{what}")]
    Hopeless {
        /// What is missing.
        what: String,
    },
    /// Something else failed.
    #[error("{what}")]
    Failed {
        /// What.
        what: String,
        /// What to do; may be empty.
        help: String,
    },
    /// Somebody asked it to stop, and what was finished is safe.
    #[error("stopped")]
    Stopped,
    /// It happened in one of several studies.
    #[error("{study}: {cause}")]
    Within {
        /// Which of them.
        study: String,
        /// What happened.
        cause: Box<AppError>,
    },
}

/// Lines of a list, each two characters from the edge.
fn indented(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}

impl AppError {
    pub(crate) fn wrong(error: impl Explained) -> Self {
        Self::Wrong { what: error.what(), help: error.advice().unwrap_or_default() }
    }

    pub(crate) fn nothing(error: impl Explained) -> Self {
        Self::Nothing { what: error.what(), help: error.advice().unwrap_or_default() }
    }

    pub(crate) fn failed(error: impl Explained) -> Self {
        Self::Failed { what: error.what(), help: error.advice().unwrap_or_default() }
    }

    /// A store that has failed once, so that nothing that follows could be answered for.
    pub(crate) fn broken(error: &StoreError) -> Self {
        Self::Failed { what: chain(error), help: error.help().map(Into::into).unwrap_or_default() }
    }

    /// The same with one more thing to do about it, where this kind of error takes that.
    pub(crate) fn advised(mut self, advice: impl Into<String>) -> Self {
        if let Self::Wrong { help, .. } | Self::Nothing { help, .. } | Self::Failed { help, .. } = &mut self {
            let separator = if help.is_empty() { "" } else { "\n" };
            *help += separator;
            *help += &advice.into();
        }
        self
    }

    /// Says in which of several studies it happened.
    pub(crate) fn within(self, study: &str) -> Self {
        match self {
            Self::Stopped => Self::Stopped,
            error => Self::Within { study: study.to_owned(), cause: Box::new(error) },
        }
    }

    /// What kind of thing is in the way.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Study(error) => kind_of(error),
            Self::AnotherStudy { .. } | Self::OtherSettings { .. } | Self::ReadOtherwise { .. } => ErrorKind::Conflict,
            Self::NoFile { .. }
            | Self::File(_)
            | Self::LearnsFromItself { .. }
            | Self::Seeds { .. }
            | Self::NoTrials
            | Self::NoTraining
            | Self::RepairTo { .. }
            | Self::Data { .. }
            | Self::NotStarted { .. }
            | Self::Wrong { .. } => ErrorKind::Usage,
            Self::IsComparison { .. } | Self::OnlyCompared { .. } | Self::Nothing { .. } => ErrorKind::Nothing,
            Self::Hopeless { .. } => ErrorKind::Hopeless,
            Self::Stopped => ErrorKind::Interrupted,
            Self::Failed { .. } => ErrorKind::Other,
            Self::Within { cause, .. } => cause.kind(),
        }
    }

    /// What to do about it, without a full stop, a line for each thing; `None` where the text says all that there is to say.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        self.help_in(&HelpWords::default())
    }

    /// The same in the words of whoever runs the study.
    #[must_use]
    pub fn help_in(&self, words: &HelpWords) -> Option<String> {
        let HelpWords { begin_anew, other_folder, .. } = words;
        let help = match self {
            Self::Study(error) => return error.help_in(words).map(Into::into),
            Self::Data { cause, besides } => {
                let help = cause.help().map(Into::into).into_iter().chain(besides.clone());
                help.collect::<Vec<String>>().join("\n")
            }
            Self::NoFile { path, .. } if path.is_dir() => "a study file ends in .toml".to_owned(),
            Self::NoFile { path, .. } if std::fs::symlink_metadata(path).is_err() => absent::instead_of(path),
            Self::AnotherStudy { .. } => format!("put the file back as it was, or {other_folder}"),
            Self::OtherSettings { .. } => {
                format!("{begin_anew}, which keeps the old results beside the new ones, or give the study a new name")
            }
            Self::ReadOtherwise { .. } => format!("{begin_anew}, which keeps the old results"),
            Self::LearnsFromItself { .. } => "begin anew, and it learns from what is there now".to_owned(),
            Self::IsComparison { folder } => {
                let place = folder.display();
                format!(
                    "{place}/comparison.html shows it, `optimize export {place}` prints it, and each of its runs is a study in a \
                     folder of its own"
                )
            }
            Self::OnlyCompared { folder } => format!("`optimize export {}` prints it", folder.display()),
            Self::RepairTo { help, .. } | Self::NotStarted { help, .. } => (*help).to_owned(),
            Self::Wrong { help, .. } | Self::Nothing { help, .. } | Self::Failed { help, .. } => help.clone(),
            Self::Within { cause, .. } => return cause.help_in(words),
            _ => String::new(),
        };
        (!help.is_empty()).then_some(help)
    }
}

/// Not a source: what it says is said already.
impl From<StudyError> for AppError {
    fn from(error: StudyError) -> Self {
        Self::Study(error)
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        Self::Study(error.into())
    }
}

fn kind_of(error: &StudyError) -> ErrorKind {
    match error {
        StudyError::Locked { .. }
        | StudyError::Occupied { .. }
        | StudyError::WarmStart { .. }
        | StudyError::Metering { .. }
        | StudyError::NotComparison { .. }
        | StudyError::OfComparison { .. }
        | StudyError::Preferences
        | StudyError::Hollow { .. }
        | StudyError::Store(StoreError::Foreign { .. } | StoreError::Hollow { .. }) => ErrorKind::Conflict,
        StudyError::Store(StoreError::Locked { .. }) => ErrorKind::Interrupted,
        StudyError::Environment { .. }
        | StudyError::NoBaseline { .. }
        | StudyError::Unreadable(_)
        | StudyError::Unmetered => ErrorKind::Environment,
        StudyError::Hopeless { .. } | StudyError::NeverTold { .. } | StudyError::NoFirstStep { .. } => {
            ErrorKind::Hopeless
        }
        StudyError::NoStudy { .. } | StudyError::Store(StoreError::Empty { .. }) => ErrorKind::Nothing,
        StudyError::Sampler(_)
        | StudyError::NothingToLearn { .. }
        | StudyError::UnknownSampler { .. }
        | StudyError::RepeatedSampler { .. }
        | StudyError::TooFewSamplers
        | StudyError::TooManySeeds { .. }
        | StudyError::LongName { .. }
        | StudyError::LimitOutOfRange { .. }
        | StudyError::Unskippable { .. }
        | StudyError::SamplerRefused { .. } => ErrorKind::Usage,
        _ => ErrorKind::Other,
    }
}
