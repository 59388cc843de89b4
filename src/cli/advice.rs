//! What the application says, in words of the command line: the one place where its arguments are named in messages.

use crate::app::{AppError, Lesson, Notice};

/// An error and what to do about it.
pub(super) fn in_words(error: &AppError) -> String {
    let fresh = "--fresh begins anew and keeps the old results";
    match error {
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
