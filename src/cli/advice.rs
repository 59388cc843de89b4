//! Errors in the words of the command line. Rooms below say what is wrong and what helps, and know nothing of commands and their
//! flags; here, and nowhere else, help names them.

use crate::analysis::AnalysisError;
use crate::carbon::CarbonError;
use crate::data::DataError;
use crate::energy::EnergyError;
use crate::evaluation::SecretError;
use crate::guard::told::{chain, joined};
use crate::report::pdf::PdfError;
use crate::report::{PreferenceFault, PreferenceKind, ReportError};
use crate::study::store::StoreError;
use crate::study::{HelpWords, RequestError, StudyError};
use crate::training::RecipeError;

/// How the command line is asked for what would help.
const WORDS: HelpWords = HelpWords {
    run_it: "run `optimize STUDY.toml`",
    again: "run the same command again",
    begin_anew: "begin anew with --fresh",
    other_folder: "choose another folder with --results",
    learn_as_before: "leave --warm-start out",
    repair: "`optimize store repair`",
    check: "`optimize check`",
    devices: "`optimize devices`",
    as_root: "run `sudo -E optimize ...`",
    samplers: "such as --samplers gp,random",
};

/// What a command fails with: what is wrong, and what to do about it.
pub(super) trait Explained {
    /// What is wrong and what it comes from, each part once.
    fn what(&self) -> String;

    /// What to do about it, a line for each thing; `None` where it is said together with what is wrong, or not known.
    fn advice(&self) -> Option<String> {
        None
    }

    /// Both in one text, for answers that have no room for two.
    fn in_full(&self) -> String {
        joined(self.what(), self.advice().as_deref())
    }
}

impl<T: Explained + ?Sized> Explained for &T {
    fn what(&self) -> String {
        (**self).what()
    }

    fn advice(&self) -> Option<String> {
        (**self).advice()
    }
}

/// Sentences of commands themselves, and errors of others.
macro_rules! without_help {
    ($($error:ty),+ $(,)?) => {
        $(impl Explained for $error {
            fn what(&self) -> String {
                self.to_string()
            }
        })+
    };
}

without_help!(str, String, std::io::Error, serde_json::Error, std::time::TryFromFloatSecsError);

/// Errors whose help is the same whoever asks.
macro_rules! with_own_help {
    ($($error:ty),+ $(,)?) => {
        $(impl Explained for $error {
            fn what(&self) -> String {
                chain(self)
            }

            fn advice(&self) -> Option<String> {
                <$error>::help(self).map(Into::into)
            }
        })+
    };
}

with_own_help!(AnalysisError, CarbonError, EnergyError, RecipeError, SecretError);

/// Errors whose help names flags or commands.
macro_rules! with_advice {
    ($($error:ty: $advice:expr),+ $(,)?) => {
        $(impl Explained for $error {
            fn what(&self) -> String {
                chain(self)
            }

            fn advice(&self) -> Option<String> {
                $advice(self)
            }
        })+
    };
}

with_advice!(
    StudyError: |error: &StudyError| error.help_in(&WORDS).map(Into::into),
    StoreError: |error: &StoreError| error.help_in(&WORDS).map(Into::into),
    RequestError: |error: &RequestError| error.help_in(&WORDS).map(Into::into),
    DataError: data,
    PdfError: pdf,
);

fn data(error: &DataError) -> Option<String> {
    match error {
        DataError::Unknown { fetchable, .. } if !fetchable.is_empty() => {
            Some(format!("`optimize data fetch` brings {}", fetchable.join(", ")))
        }
        error => error.help().map(Into::into),
    }
}

fn pdf(error: &PdfError) -> Option<String> {
    match error {
        PdfError::Unknown(_) => Some("`--format svg` has it".to_owned()),
        error => error.help().map(Into::into),
    }
}

impl Explained for ReportError {
    fn what(&self) -> String {
        match self {
            Self::Preference { kind, text, fault } => format!("`{} {text}`: {fault}", flag_of(*kind)),
            error => chain(error),
        }
    }

    fn advice(&self) -> Option<String> {
        match self {
            Self::Preference { kind, fault, .. } => match fault {
                PreferenceFault::Twice { .. } => Some(format!("give {} once for each metric", flag_of(*kind))),
                PreferenceFault::WrongSide { metric, value, wanted } => {
                    Some(format!("write {} {metric}={value}", flag_of(*wanted)))
                }
                fault => fault.help().map(Into::into),
            },
            error => ReportError::help(error).map(Into::into),
        }
    }
}

fn flag_of(kind: PreferenceKind) -> &'static str {
    match kind {
        PreferenceKind::AtLeast => "--at-least",
        PreferenceKind::AtMost => "--at-most",
        PreferenceKind::Weight => "--weights",
    }
}

/// What is wrong and what to do, in words of the moment.
pub(super) struct Explanation {
    pub(super) what: String,
    pub(super) help: Vec<String>,
}

impl Explained for Explanation {
    fn what(&self) -> String {
        self.what.clone()
    }

    fn advice(&self) -> Option<String> {
        (!self.help.is_empty()).then(|| self.help.join("\n"))
    }
}

#[cfg(test)]
#[path = "advice_tests.rs"]
mod tests;
