//! A first word that is neither a command nor a study file: what was meant by it.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::CommandFactory;

use super::args::Cli;
use super::failure::Failure;
use super::help::command_names;
use crate::study_file::nearest;

/// What is wrong with the words of a command line, its program's name first, before they are taken apart: a parser that takes
/// the first word for a study file would speak of the second.
pub(super) fn mistaken(words: &[OsString]) -> Option<Failure> {
    let (first, rest) = words.get(1..)?.split_first()?;
    let asks_for_help = |word: &OsString| ["-h", "--help", "-V", "--version"].iter().any(|help| word == help);
    let first = first.to_str().filter(|word| !word.is_empty() && !word.starts_with('-'))?;
    if Cli::command().find_subcommand(first).is_some() || rest.iter().any(asks_for_help) {
        return None;
    }
    let next = rest.first().and_then(|word| word.to_str()).filter(|word| !word.starts_with('-'));
    match is_study(first) {
        true => misplaced(first, next?),
        false => Some(unknown(first, next)),
    }
}

/// Whether a word is taken for a study file, whether or not it is there.
fn is_study(word: &str) -> bool {
    ends_in_toml(word) || word.contains('/') || Path::new(word).exists()
}

fn ends_in_toml(word: &str) -> bool {
    Path::new(word).extension().is_some_and(|ending| ending.eq_ignore_ascii_case(OsStr::new("toml")))
}

/// A command behind its study file.
fn misplaced(study: &str, command: &str) -> Option<Failure> {
    let is_command = command_names().iter().any(|name| name == command);
    is_command.then(|| {
        Failure::usage(format!("the command `{command}` stands behind the study file"))
            .with_help(format!("write `optimize {command} {study}`"))
    })
}

fn unknown(word: &str, next: Option<&str>) -> Failure {
    let names = command_names();
    let file = format!("{word}.toml");
    let near = nearest(word, names.iter().map(String::as_str));
    let also = if next.is_none() { ", nor a study file of that name" } else { "" };
    let failure = Failure::usage(format!("there is no command `{word}`{also}"));
    match (near, next) {
        (_, None) if Path::new(&file).is_file() => failure.with_help(format!("did you mean {file}?")),
        (Some(near), _) => failure.with_help(format!("did you mean `{near}`?")),
        (None, next) => {
            let failure = match next.filter(|next| ends_in_toml(next)) {
                Some(study) => failure.with_help(format!("`optimize {study}` runs that study")),
                None => failure,
            };
            failure.with_help(format!("there are: {}", names.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(words: &str) -> Option<String> {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        mistaken(&words).map(|failure| failure.text().unwrap_or_default().into_owned())
    }

    #[test]
    fn a_word_that_is_no_command_is_named_with_what_was_meant() {
        for (words, said) in [
            ("optimize ckeck mine.toml", "there is no command `ckeck`\nhelp: did you mean `check`?"),
            (
                "optimize run mine6.toml",
                "there is no command `run`\nhelp: `optimize mine6.toml` runs that study\nhelp: there are: init",
            ),
            ("optimize xyzzy", "there is no command `xyzzy`, nor a study file of that name\nhelp: there are: init"),
            ("optimize xyzzy --quiet", "there is no command `xyzzy`"),
            ("optimize mine.toml check", "behind the study file\nhelp: write `optimize check mine.toml`"),
        ] {
            let told = told(words).unwrap();
            assert!(told.contains(said), "{words}: {told}");
        }
    }

    #[test]
    fn commands_study_files_and_questions_are_left_to_the_parser() {
        for words in [
            "optimize",
            "optimize mine.toml",
            "optimize MINE.TOML --quiet",
            "optimize results/mine",
            "optimize check mine.toml",
            "optimize --quiet mine.toml",
            "optimize xyzzy --help",
            "optimize mine.toml other.toml",
        ] {
            assert_eq!(told(words), None, "{words}");
        }
    }
}
