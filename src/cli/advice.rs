//! What the application says, in words of the command line: the one place where its arguments are named in messages.

use crate::app::{AppError, Lesson, Notice};
use crate::study::StudyError;
use crate::study::store::StoreError;

/// An error and what to do about it.
pub(super) fn in_words(error: &AppError) -> String {
    let fresh = "--fresh begins anew and keeps the old results";
    match error {
        AppError::Study(error) => of_study(error),
        AppError::AnotherStudy { .. } => {
            format!("{error}\nput the file back as it was, or name the results of this study with --results")
        }
        AppError::OtherSettings { lesson, .. } => {
            let lesson = lesson.as_ref().map_or_else(String::new, |lesson| format!("{}\n", of_lesson(lesson)));
            format!(
                "{error}\n{lesson}run it with --fresh to keep the old results beside the new ones, or give the study a new name"
            )
        }
        AppError::ReadOtherwise { .. } => format!("{error}\n{fresh}"),
        AppError::LearnsFromItself { aside, .. } => {
            let aside = aside.as_ref().map_or_else(String::new, |aside| {
                let aside = aside.display();
                format!("; {aside} has what was moved aside last, from which --warm-start {aside} learns")
            });
            format!("--warm-start {error}; with --fresh it begins anew and learns from what is there now{aside}")
        }
        AppError::Seeds { most } => format!("--seeds must be from 1 to {most}"),
        AppError::NoTrials => "--trials must be at least 1".to_owned(),
        AppError::NoTraining => {
            "`optimize train` is for studies with [train]; `optimize confirm --trial N` runs your own \
                                 program again"
                .to_owned()
        }
        AppError::IsComparison { .. } => format!("{error}: {}", error.help().unwrap_or_default()),
        AppError::OnlyCompared { .. } => format!("{error}: {}", error.help().unwrap_or_default()),
        AppError::RepairTo { help, .. } if help.starts_with("the damaged") => format!("{error}: {help} with --to"),
        AppError::RepairTo { help, .. } => format!("{error}; {help} with --to"),
        AppError::Within { study, source } => match &**source {
            AppError::File(errors) => format!("{study}:\n{errors}"),
            source => format!("{study}: {}", in_words(source)),
        },
        error => match error.help() {
            Some(help) => format!("{error}; {help}"),
            None => error.to_string(),
        },
    }
}

/// What is in the way of a study, with the arguments that help.
fn of_study(error: &StudyError) -> String {
    let help = error.help().unwrap_or_default();
    let anew = || help.replace("begin anew", "begin anew with --fresh");
    match error {
        StudyError::Folder { .. } => format!("{error}; {help} with --results"),
        StudyError::Occupied { .. } | StudyError::Locked { .. } | StudyError::NotComparison { .. } => {
            format!("{error}; {help} with --results")
        }
        StudyError::Store(StoreError::Foreign { .. }) => format!("{error}: {help} with --results"),
        StudyError::Hollow { .. } | StudyError::Preferences => format!("{error}; {}", anew()),
        StudyError::Metering { .. } => format!("{error}: {}", anew()),
        StudyError::WarmStart { stored, now } => format!(
            "the study learns from {stored}, since its beginning, and --warm-start now gives {now}; leave --warm-start out to go on \
             with what it has, or begin anew with --fresh"
        ),
        StudyError::TooFewSamplers => format!("{error}, such as --samplers gp,random"),
        StudyError::Unreadable(_) => error.to_string().replace("begin anew", "begin anew with --fresh"),
        StudyError::NeverTold { .. }
        | StudyError::NoFirstStep { .. }
        | StudyError::Hopeless { .. }
        | StudyError::Environment { .. } => format!("{error}\n{}", anew()),
        error if help.is_empty() => error.to_string(),
        error => format!("{error}; {help}"),
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
