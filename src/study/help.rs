//! What to do about what stops a study.
//!
//! What is wrong stands in the errors themselves. What helps is often something that the user tells the program: to begin anew,
//! say. How he tells it depends on who runs the study, a command line or a program of his own, so that comes from there.

use std::borrow::Cow;

use super::StudyError;
use super::store::StoreError;

/// How the user asks for what would help, in the words of whoever runs the study. Each is a part of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HelpWords {
    /// Run the study for the first time.
    pub run_it: &'static str,
    /// Do again what has failed.
    pub again: &'static str,
    /// Begin the study anew. The results so far are moved aside and kept.
    pub begin_anew: &'static str,
    /// Take another results folder.
    pub other_folder: &'static str,
    /// Learn from no other earlier studies than at the beginning.
    pub learn_as_before: &'static str,
    /// Who looks for what is whole in a damaged store, and writes it into a new folder.
    pub repair: &'static str,
    /// Who says of all that draws power why it has no figure.
    pub check: &'static str,
    /// Who says what hardware there is.
    pub devices: &'static str,
    /// Run the study with the permissions of root.
    pub as_root: &'static str,
    /// Which samplers could be compared.
    pub samplers: &'static str,
}

impl Default for HelpWords {
    /// Those of nobody in particular.
    fn default() -> Self {
        Self {
            run_it: "run the study",
            again: "run the study again",
            begin_anew: "begin anew",
            other_folder: "choose another results folder",
            learn_as_before: "name none",
            repair: "a repair of the store",
            check: "the list of what draws power",
            devices: "the list of what draws power",
            as_root: "run it as root",
            samplers: "such as gp and random",
        }
    }
}

impl StudyError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        self.help_in(&HelpWords::default())
    }

    /// The same in the words of whoever runs the study. Of several lines each says something else to do.
    #[must_use]
    pub fn help_in(&self, words: &HelpWords) -> Option<Cow<'static, str>> {
        let HelpWords { run_it, begin_anew, other_folder, .. } = words;
        let very_trial = |retry: bool| if retry { " with this very trial" } else { "" };
        Some(match self {
            Self::Folder { .. } | Self::NotComparison { .. } | Self::OfComparison { .. } => (*other_folder).into(),
            Self::Gone { .. } => format!("put it back and {}", words.again).into(),
            Self::Hollow { .. } => {
                format!("bring it back with all that was beside it, or {begin_anew}, which keeps what is there").into()
            }
            Self::Occupied { .. } => format!("move it away, or {other_folder}").into(),
            Self::Locked { .. } => format!("wait for it, or {other_folder}").into(),
            Self::NoStudy { .. } => format!("{run_it} first").into(),
            Self::NothingToLearn { help, .. } => help.clone()?.into(),
            Self::WarmStart { .. } => {
                format!("{} to go on with what it has, or {begin_anew}", words.learn_as_before).into()
            }
            Self::Metering { .. } => format!(
                "run the study where it was begun, or {begin_anew}, and with `meters` in [energy] if it should never be anything else"
            )
            .into(),
            Self::Unmetered => format!(
                "{} says of all that draws power why, and `without` in [energy] may leave out too much",
                words.check
            )
            .into(),
            Self::Unreadable(unreadable) => unreadable.help_in(words).into(),
            Self::UnknownSampler { help, .. } => help.clone().into(),
            Self::RepeatedSampler { .. } => "name each once".into(),
            Self::TooFewSamplers => format!("name two or more, {}", words.samplers).into(),
            Self::TooManySeeds { .. } => "set a smaller `seed`".into(),
            Self::LongName { .. } => "shorten `name` in the study file".into(),
            Self::Preferences => format!("restore them, or {begin_anew}").into(),
            Self::Store(error) => return error.help_in(words),
            Self::Record(error) => return error.help(),
            Self::Energy(error) => return error.help(),
            Self::Sampler(error) => return error.help(),
            Self::NoGpuToLimit { .. } => format!("{} says what there is", words.devices).into(),
            Self::LimitRefused { .. } => format!(
                "limits take root's permissions (CAP_SYS_ADMIN): {}, or leave them out of the study file",
                words.as_root
            )
            .into(),
            Self::LimitOutOfRange { .. } => "keep to that in the study file".into(),
            Self::NoBaseline { .. } => {
                "let nothing else use the hardware and run the study again, or search for gross energy".into()
            }
            Self::NeverTold { retry, .. } => format!(
                "mend the program, so that it tells it by that name, and run the study again: it goes on{}\n\
                 if the name is wrong in the study file, correct it there and {begin_anew}\n\
                 if only some configurations tell it, run the study again as it is",
                very_trial(*retry)
            )
            .into(),
            Self::NoFirstStep { retry, .. } => format!(
                "let the program print {{\"step\": 0}} before it trains and run the study again: it goes on{}\n\
                 or remove energy_from, which is another study: {begin_anew}",
                very_trial(*retry)
            )
            .into(),
            Self::Hopeless { .. } => format!(
                "if the program or the study file is at fault, mend it and {begin_anew}\n\
                 if only these configurations are, run the study again: it goes on"
            )
            .into(),
            Self::Environment { .. } => {
                "mend the cause and run the study again: it goes on where it stopped".into()
            }
            // The first has the findings of the study file with their own help.
            Self::SamplerRefused { .. } | Self::Unskippable { .. } => return None,
        })
    }
}

impl StoreError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        self.help_in(&HelpWords::default())
    }

    /// The same in the words of whoever runs the study.
    #[must_use]
    pub fn help_in(&self, words: &HelpWords) -> Option<Cow<'static, str>> {
        let HelpWords { again, repair, .. } = words;
        Some(match self {
            Self::Database { source, .. } | Self::Unwritten { source, .. } => return source.help_in(words),
            Self::Newer { .. } => "use the version that wrote it or a newer one".into(),
            Self::Foreign { .. } => {
                format!("if it was one, {repair} looks for what is whole; if not, {}", words.other_folder).into()
            }
            Self::Hollow { .. } => format!("put the store back, or see with {repair} what the log holds").into(),
            Self::Locked { kept: None, .. } => format!("{again} once that program has ended").into(),
            Self::Undeliverable { .. } => "look into it, and move it away to go on without it".into(),
            Self::NotWritable { .. } => "make it writable, or see whether the disk is full or read-only".into(),
            Self::NoRoom { .. } => format!("make room and {again}").into(),
            Self::Changed { .. } => format!("let nobody else write to it, and {again}").into(),
            Self::DamagedLog { .. } => format!(
                "{repair} keeps what is whole of both, and without the log, moved away, the store is as it was when the last trial ended"
            )
            .into(),
            Self::Unsound { .. } => format!("{repair} keeps what is whole, in a new folder").into(),
            Self::Moved { .. } => format!("put it back, with its folder, and {again}").into(),
            Self::Removed { kept: Some(_), .. } => format!("name that study.db and {again}").into(),
            Self::Emptied { .. } => format!("bring a copy back, or see with {repair} what is left").into(),
            Self::Damaged { .. } => format!(
                "{repair} keeps what is whole, in a new folder, and an older copy of the file may have all of it"
            )
            .into(),
            Self::Empty { .. }
            | Self::Locked { kept: Some(_), .. }
            | Self::Broken { .. }
            | Self::Removed { kept: None, .. }
            | Self::Folder { .. }
            | Self::Unstorable { .. } => return None,
        })
    }
}
