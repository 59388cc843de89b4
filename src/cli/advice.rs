//! Errors and notices in the words of the command line. Rooms below say what is wrong and what helps, and know nothing of flags;
//! here, and nowhere else, help names them.

use crate::app::explained::Explained;
use crate::app::{AppError, Lesson, Notice};
use crate::data::DataError;
use crate::energy::units::{ConsumerName, ConsumerNameError};
use crate::energy::{Alternative, EnergyError};
use crate::report::pdf::PdfError;
use crate::report::{PreferenceFault, PreferenceKind, ReportError};
use crate::study::HelpWords;

/// How the command line is asked for what would help.
pub(super) const WORDS: HelpWords = HelpWords {
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

/// What is wrong, and below it what to do, a line for each thing.
pub(super) fn in_lines(what: &str, help: Option<&str>) -> String {
    let help = help.unwrap_or_default().lines().map(|line| format!("\nhelp: {line}"));
    format!("{what}{}", help.collect::<String>())
}

/// What is wrong, in words of the command line.
pub(super) fn what(error: &AppError) -> String {
    match error {
        AppError::LearnsFromItself { .. } => format!("--warm-start {error}"),
        AppError::Seeds { most } => format!("--seeds must be from 1 to {most}"),
        AppError::NoTrials => "--trials must be at least 1".to_owned(),
        AppError::NoTraining => "`optimize train` is for studies with [train]".to_owned(),
        AppError::Within { study, cause } => match &**cause {
            AppError::File(errors) => format!("{study}:\n{errors}"),
            cause => format!("{study}: {}", what(cause)),
        },
        error => error.to_string(),
    }
}

/// What to do about it, a line for each thing.
pub(super) fn advice(error: &AppError) -> Option<String> {
    let own = || error.help_in(&WORDS);
    match error {
        AppError::OtherSettings { lesson, .. } => {
            let lines = lesson.as_deref().map(of_lesson).into_iter().chain(own());
            Some(lines.collect::<Vec<_>>().join("\n"))
        }
        AppError::LearnsFromItself { aside, .. } => {
            let aside = aside.as_ref().map_or_else(String::new, |aside| {
                let aside = aside.display();
                format!("\n{aside} has what was moved aside last, from which --warm-start {aside} learns")
            });
            Some(format!("with --fresh it begins anew and learns from what is there now{aside}"))
        }
        AppError::NoTraining => Some("`optimize confirm STUDY.toml --trial N` runs your own program again".to_owned()),
        AppError::RepairTo { .. } => own().map(|help| format!("{help} with --to")),
        AppError::Data { cause, besides } => match &**cause {
            DataError::Unknown { fetchable, .. } if !fetchable.is_empty() => {
                let fetch = format!("`optimize data fetch` brings {}", fetchable.join(", "));
                Some([fetch].into_iter().chain(besides.clone()).collect::<Vec<_>>().join("\n"))
            }
            _ => own(),
        },
        AppError::Within { cause, .. } => advice(cause),
        _ => own(),
    }
}

/// What could be learned from a study that is in the way, and how.
fn of_lesson(lesson: &Lesson) -> String {
    let command = format!("--warm-start {}", lesson.folder.display());
    let advice = lesson.advice.as_ref().map_or_else(String::new, |advice| format!("; {advice}"));
    let known = &lesson.known;
    match known.study.trials.is_empty() {
        true => {
            format!("with {command} it could begin anew and learn from the trials there, but can use {known}{advice}")
        }
        false => format!("with {command} it begins anew, learns from {known} and keeps the old results, too{advice}"),
    }
}

/// A notice.
pub(super) fn of_notice(notice: &Notice) -> String {
    match notice {
        Notice::OlderDefaults { .. } => format!("{notice}; --fresh begins anew with those of today"),
        Notice::GrownSince { .. } => format!("{notice} (--fresh)"),
        notice => notice.to_string(),
    }
}

/// A report that is refused, as what is wrong and what helps.
pub(super) struct Refused<'a>(pub(super) &'a ReportError);

impl Explained for Refused<'_> {
    fn what(&self) -> String {
        match self.0 {
            ReportError::Preference { kind, text, fault } => format!("`{} {text}`: {fault}", flag_of(*kind)),
            error => error.what(),
        }
    }

    fn advice(&self) -> Option<String> {
        match self.0 {
            ReportError::Preference { kind, fault, .. } => match fault {
                PreferenceFault::Twice { .. } => Some(format!("give {} once for each metric", flag_of(*kind))),
                PreferenceFault::WrongSide { metric, value, wanted } => {
                    Some(format!("write {} {metric}={value}", flag_of(*wanted)))
                }
                fault => fault.help().map(Into::into),
            },
            error => Explained::advice(error),
        }
    }
}

/// Hardware that a command cannot be metered by.
pub(super) struct NotMetered<'a>(pub(super) &'a EnergyError);

impl Explained for NotMetered<'_> {
    fn what(&self) -> String {
        match self.0 {
            EnergyError::Setting { setting: "watts_per_core", value, expected } => {
                format!("--watts-per-core {value} is out of range: {expected}")
            }
            error => error.what(),
        }
    }

    fn advice(&self) -> Option<String> {
        let flag = self.0.alternative().map(|alternative| match alternative {
            Alternative::WholeBoard => "`optimize meter --mig-whole-board` meters whole boards",
            Alternative::Platform => "`optimize meter --meters psys` meters the whole platform",
        });
        let lines: Vec<String> = Explained::advice(self.0).into_iter().chain(flag.map(str::to_owned)).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// A name of hardware from the command line.
pub(super) fn consumer(name: &str) -> Result<ConsumerName, String> {
    name.parse().map_err(|error: ConsumerNameError| format!("{error}; {} has those of this machine", WORDS.devices))
}

/// A picture that is no PDF.
pub(super) struct NoPdf<'a>(pub(super) &'a PdfError);

impl Explained for NoPdf<'_> {
    fn what(&self) -> String {
        self.0.what()
    }

    fn advice(&self) -> Option<String> {
        match self.0 {
            PdfError::Unknown(_) => Some("`--format svg` has it".to_owned()),
            error => Explained::advice(error),
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

#[cfg(test)]
mod tests;
