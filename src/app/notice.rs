//! What is said while something is done, and to whom.

use std::fmt;
use std::path::PathBuf;

use crate::record::{EarlierStudy, StudyRecord};
use crate::study::HelpWords;
use crate::study::{EndReason, RunObserver};

/// How much a notice matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Weight {
    /// Good to know; not for those who want the result alone.
    Remark,
    /// Something to know in any case.
    Notice,
    /// Something doubtful in what was asked for; not for those who want the result alone.
    Doubt,
    /// Something went wrong, or may.
    Warning,
}

/// Something that is said beside the result. Displays as words for people.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Notice {
    /// The study file has changed, so the study begins anew and learns from the trials there are.
    BeginsAnew {
        /// What has changed, a line each.
        changes: Vec<String>,
    },
    /// The old results were moved.
    MovedAside {
        /// Where they are now.
        to: PathBuf,
    },
    /// What is to be known of the place where the study is kept.
    Caveat(String),
    /// The study goes on with the defaults of an earlier version.
    OlderDefaults {
        /// Them, such as `` `preprocessing` = none (today standardize) ``.
        settings: String,
    },
    /// What a study learns from has grown since it began, which counts only for one that begins anew.
    GrownSince {
        /// What it learned then.
        then: EarlierStudy,
        /// How many trials could be learned from now.
        now: usize,
        /// Where.
        folder: String,
    },
    /// Good to know.
    Remark(String),
    /// Doubtful in the study file.
    Doubt(String),
    /// Something went wrong, or may.
    Warning(String),
}

impl Notice {
    /// How much it matters.
    #[must_use]
    pub fn weight(&self) -> Weight {
        match self {
            Self::BeginsAnew { .. } | Self::Caveat(_) => Weight::Notice,
            Self::Doubt(_) => Weight::Doubt,
            Self::Warning(_) => Weight::Warning,
            Self::MovedAside { .. } | Self::OlderDefaults { .. } | Self::GrownSince { .. } | Self::Remark(_) => {
                Weight::Remark
            }
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BeginsAnew { changes } => {
                f.write_str(
                    "the study file has changed, so the study begins anew and learns from the trials there are:",
                )?;
                changes.iter().try_for_each(|line| write!(f, "\n  {line}"))
            }
            Self::MovedAside { to } => write!(f, "the old results are now in {}", to.display()),
            Self::OlderDefaults { settings } => {
                write!(f, "note: this study began with an earlier version and goes on with its defaults: {settings}")
            }
            Self::GrownSince { then, now, folder } => write!(
                f,
                "learned from {} trials of `{}` when it began; the folder {folder} now has {now}, which count only for a study that \
                 begins anew",
                then.study.trials.len(),
                then.study.name
            ),
            Self::Caveat(line) | Self::Remark(line) | Self::Doubt(line) | Self::Warning(line) => f.write_str(line),
        }
    }
}

/// Is told what happens while a study is opened and run. Every method may be left out.
pub trait Observer: RunObserver {
    /// How the user asks for what helps against errors that are answered or told on the way; by default in nobody's words in
    /// particular.
    fn words(&self) -> HelpWords {
        HelpWords::default()
    }

    /// Something to say.
    fn notice(&mut self, notice: &Notice) {
        let _ = notice;
    }

    /// All is settled, and the hardware is opened next; `trials` is the budget, where it has that many.
    fn opening(&mut self, record: &StudyRecord, trials: Option<u64>) {
        let _ = (record, trials);
    }

    /// The run is over: `end` says why, unless by an error. The outputs are written next.
    fn closed(&mut self, record: &StudyRecord, end: Option<EndReason>) {
        let _ = (record, end);
    }
}

/// Cares for nothing.
impl Observer for () {}
