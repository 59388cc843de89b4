//! Whether what is printed has colours. It is decided here, once, before anything is printed.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::sync::OnceLock;

use clap::ValueEnum;

/// What the command line says of colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(super) enum Colour {
    /// On a terminal, unless the environment says otherwise: NO_COLOR, CLICOLOR=0, CLICOLOR_FORCE=1, TERM=dumb
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Which of the two outputs have colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Decision {
    stdout: bool,
    stderr: bool,
}

static DECISION: OnceLock<Decision> = OnceLock::new();

/// Decides for this process. Only the first decision counts.
pub(super) fn decide(colour: Colour) {
    let variable = |name: &str| std::env::var_os(name);
    let decision = Decision {
        stdout: colour.is_on(std::io::stdout().is_terminal(), variable),
        stderr: colour.is_on(std::io::stderr().is_terminal(), variable),
    };
    let decision = DECISION.get_or_init(|| decision);
    // The bars of a study are drawn by a crate that asks for itself.
    console::set_colors_enabled(decision.stdout);
    console::set_colors_enabled_stderr(decision.stderr);
}

/// Whether standard output has colours.
pub(super) fn on_stdout() -> bool {
    DECISION.get().is_some_and(|decision| decision.stdout)
}

/// Whether standard error has colours.
pub(super) fn on_stderr() -> bool {
    DECISION.get().is_some_and(|decision| decision.stderr)
}

impl Colour {
    fn is_on(self, is_terminal: bool, variable: impl Fn(&str) -> Option<OsString>) -> bool {
        let is = |name: &str, test: fn(&OsStr) -> bool| variable(name).is_some_and(|value| test(&value));
        match self {
            Self::Always => true,
            Self::Never => false,
            // https://no-color.org and https://bixense.com/clicolors
            Self::Auto if is("NO_COLOR", |value| !value.is_empty()) => false,
            Self::Auto if is("CLICOLOR_FORCE", |value| !value.is_empty() && value != "0") => true,
            Self::Auto => is_terminal && !is("CLICOLOR", |value| value == "0") && !is("TERM", |value| value == "dumb"),
        }
    }

    /// What the words of a command line say that was not understood.
    pub(super) fn among(words: &[OsString]) -> Self {
        let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).take_while(|word| word != "--").collect();
        let after = |pair: &[std::borrow::Cow<'_, str>]| (pair[0] == "--color").then(|| pair[1].to_string());
        let joined = words.iter().find_map(|word| word.strip_prefix("--color=").map(str::to_owned));
        let said = joined.or_else(|| words.windows(2).find_map(after));
        said.and_then(|said| Self::from_str(&said, false).ok()).unwrap_or_default()
    }
}

/// The words of a command line with `--color` behind the command before which it stands: there it is understood with every command.
pub(super) fn behind_the_command(mut words: Vec<OsString>) -> Vec<OsString> {
    let joined = |word: &OsString| word.to_string_lossy().starts_with("--color=");
    let mut count = 1;
    while let Some(word) = words.get(count) {
        match word {
            word if joined(word) => count += 1,
            word if word == "--color" && words.len() > count + 1 => count += 2,
            _ => break,
        }
    }
    if count > 1 && count < words.len() {
        words[1..=count].rotate_right(1);
    }
    words
}

/// A text for standard error, whose first word has a colour if it says what kind of message it is.
pub(super) fn marked(text: &str) -> String {
    let kinds = [("error", "31"), ("warning", "33"), ("note", "36"), ("help", "36")];
    let kind = kinds.iter().find(|(kind, _)| text.strip_prefix(kind).is_some_and(|rest| rest.starts_with(": ")));
    match kind {
        Some((kind, code)) if on_stderr() => format!("\u{1b}[1;{code}m{kind}\u{1b}[0m{}", &text[kind.len()..]),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn the_command_line_is_heard_before_the_environment_and_that_before_the_terminal() {
        let env = |set: &'static [(&str, &str)]| {
            move |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, value)| OsString::from(value))
        };
        for (colour, is_terminal, set, on) in [
            (Colour::Auto, true, &[][..], true),
            (Colour::Auto, false, &[], false),
            (Colour::Auto, true, &[("NO_COLOR", "1")], false),
            (Colour::Auto, true, &[("NO_COLOR", "")], true),
            (Colour::Auto, false, &[("CLICOLOR_FORCE", "1")], true),
            (Colour::Auto, false, &[("CLICOLOR_FORCE", "0")], false),
            (Colour::Auto, true, &[("CLICOLOR", "0")], false),
            (Colour::Auto, true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], false),
            (Colour::Auto, true, &[("TERM", "dumb")], false),
            (Colour::Always, false, &[("NO_COLOR", "1")], true),
            (Colour::Never, true, &[("CLICOLOR_FORCE", "1")], false),
        ] {
            assert_eq!(colour.is_on(is_terminal, env(set)), on, "{colour:?} {is_terminal} {set:?}");
        }
    }

    #[test]
    fn it_may_stand_before_the_command() {
        for (given, heard) in [
            ("optimize --color never check a.toml", "optimize check --color never a.toml"),
            ("optimize --color=never a.toml", "optimize a.toml --color=never"),
            ("optimize --color never --color=always check", "optimize check --color never --color=always"),
            ("optimize check --color never", "optimize check --color never"),
            ("optimize --color", "optimize --color"),
            ("optimize --color never", "optimize --color never"),
            ("optimize", "optimize"),
        ] {
            assert_eq!(behind_the_command(words(given)), words(heard), "{given}");
        }
    }

    #[test]
    fn a_command_line_that_is_wrong_still_says_it() {
        assert_eq!(Colour::among(&words("optimize --trails 3 --color never")), Colour::Never);
        assert_eq!(Colour::among(&words("optimize --color=always --trails")), Colour::Always);
        assert_eq!(Colour::among(&words("optimize --color=pink")), Colour::Auto);
        assert_eq!(Colour::among(&words("optimize meter -- ls --color always")), Colour::Auto);
    }
}
