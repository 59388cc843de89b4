use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::super::args::Cli;
use super::super::failure::Failure;
use super::*;
use crate::study::StudyError;

/// Flags that words of ours name and that are other programs'.
const FOREIGN: [(&str, &str); 8] = [
    ("--release", "cargo"),
    ("--features", "cargo"),
    ("--cap-add", "docker"),
    ("--dereference", "tar"),
    ("--gpu-reset", "nvidia-smi"),
    ("--gpus", "docker"),
    ("--pid", "docker"),
    ("--security-opt", "docker and podman"),
];

/// What rooms below the command line name all the same: the room, the words, and why.
const EXCEPTIONS: [(&str, &str, &str); 6] = [
    ("app/init", "--dry-run", "it stands in the study file that is written, for people at the command line"),
    ("app/init", "--lr", "an example of a program's own arguments"),
    (
        "study_file/reference",
        "",
        "the page of keys: it shows arguments of users' programs, and is printed by the command line alone",
    ),
    ("app", "`optimize", "it is what the binary does"),
    ("study_file", "`optimize devices", "its help says where names of hardware come from"),
    ("study_file", "--lr", "an example of a program's own arguments"),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(sources(&path)),
            false => files.extend(path.extension().is_some_and(|end| end == "rs").then_some(path)),
        }
    }
    files
}

/// The literal texts of a piece of Rust, without those of comments.
fn literals(code: &str) -> Vec<String> {
    let chars: Vec<char> = code.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let (mut found, mut i) = (Vec::new(), 0);
    while i < chars.len() {
        match (at(i), at(i + 1)) {
            ('/', '/') => i += chars[i..].iter().take_while(|c| **c != '\n').count(),
            // One character, and not the name of a lifetime.
            ('\'', '\\') => i += 3 + chars[i + 3..].iter().take_while(|c| **c != '\'').count(),
            ('\'', _) if at(i + 2) == '\'' => i += 2,
            ('r', '"' | '#') if !(i > 0 && (at(i - 1).is_alphanumeric() || at(i - 1) == '_')) => {
                let hashes = chars[i + 1..].iter().take_while(|c| **c == '#').count();
                if at(i + 1 + hashes) == '"' {
                    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
                    let begin = i + 2 + hashes;
                    let length = chars[begin..].windows(end.len()).position(|w| w == end).unwrap_or(0);
                    found.push(chars[begin..begin + length].iter().collect());
                    i = begin + length + hashes;
                }
            }
            ('"', _) => {
                let begin = i + 1;
                i = begin;
                while i < chars.len() && at(i) != '"' {
                    i += if at(i) == '\\' { 2 } else { 1 };
                }
                found.push(chars[begin..i.min(chars.len())].iter().collect());
            }
            _ => {}
        }
        i += 1;
    }
    found
}

/// The flags in a text, such as `--fresh`.
fn flags(text: &str) -> Vec<String> {
    let begins = |at: &usize| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
    let flag = |at: usize| {
        let name = |c: &char| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-';
        text[at..].chars().take_while(name).collect::<String>().trim_end_matches('-').to_owned()
    };
    let found = text.match_indices("--").map(|(at, _)| at).filter(begins).map(flag);
    found.filter(|flag| flag.len() > 2).collect()
}

/// The commands of ours in a text, such as `` `optimize check``.
fn commands(text: &str) -> Vec<String> {
    let word = |at: usize| {
        let rest = &text[at + "`optimize ".len()..];
        rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '-').collect::<String>()
    };
    let found = text.match_indices("`optimize ").map(|(at, _)| word(at)).filter(|word| !word.is_empty());
    found.map(|word| format!("`optimize {word}")).collect()
}

/// Whether `--ink` and the like are variables of a style sheet in it.
fn is_style(text: &str) -> bool {
    text.starts_with("--") || [":root", "var(--", ";--"].iter().any(|sign| text.contains(sign))
}

/// The code that is no test.
fn code_of(path: &Path) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let of_tests = ["tests", "testing", "contract"].iter().any(|end| name.ends_with(end));
    if of_tests || path.components().any(|part| part.as_os_str() == "tests") {
        return String::new();
    }
    let text = std::fs::read_to_string(path).unwrap();
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned()
}

#[test]
fn the_command_line_alone_names_its_flags_and_commands() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for path in sources(&src).into_iter().filter(|path| !path.starts_with(src.join("cli"))) {
        let short = path.strip_prefix(&src).unwrap().display().to_string();
        for text in literals(&code_of(&path)) {
            let style = short.starts_with("report/") && is_style(&text);
            let named = flags(&text).into_iter().filter(|_| !style).chain(commands(&text));
            for word in named.filter(|word| !FOREIGN.iter().any(|(flag, _)| flag == word)) {
                let known = |(room, what, _): &(&str, &str, &str)| {
                    short.starts_with(&format!("{room}/")) && word.starts_with(what)
                };
                if !EXCEPTIONS.iter().any(known) {
                    wrong.push(format!("{short}: {word} in {text:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "words that belong to the command line:\n{}", wrong.join("\n"));
}

#[test]
fn flags_and_commands_that_are_named_are_there() {
    fn collect(command: &clap::Command, flags: &mut BTreeSet<String>, names: &mut BTreeSet<String>) {
        flags.extend(command.get_arguments().filter_map(|a| a.get_long()).map(|long| format!("--{long}")));
        names.insert(format!("`optimize {}", command.get_name()));
        command.get_subcommands().for_each(|command| collect(command, flags, names));
    }
    let mut command = Cli::command();
    command.build();
    let (mut known, mut names) = (BTreeSet::new(), BTreeSet::new());
    collect(&command, &mut known, &mut names);
    let code = code_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/advice.rs"));
    let texts = literals(&code);
    let (named, called): (Vec<_>, Vec<_>) = texts.iter().map(|text| (flags(text), commands(text))).unzip();
    let unknown = |word: &&String, known: &BTreeSet<String>| !known.contains(*word);
    let wrong: Vec<_> = named.iter().flatten().filter(|word| unknown(word, &known)).collect();
    assert!(wrong.is_empty(), "flags that are none: {wrong:?}");
    let wrong: Vec<_> = called.iter().flatten().filter(|word| unknown(word, &names)).collect();
    assert!(wrong.is_empty(), "commands that are none: {wrong:?}");
    assert!(named.iter().flatten().count() > 6 && called.iter().flatten().count() > 3);
}

#[test]
fn the_test_itself_finds_words() {
    let code = "let a = \"with --fresh\"; // \"--not\"\nlet b: &'static str = r#\"`optimize store repair` \"x\" --to\"#; let c = '\"'; \"{a:--b}\"";
    let texts = literals(code);
    assert_eq!(texts, ["with --fresh", "`optimize store repair` \"x\" --to", "{a:--b}"]);
    assert_eq!(texts.iter().flat_map(|text| flags(text)).collect::<Vec<_>>(), ["--fresh", "--to", "--b"]);
    assert_eq!(commands(&texts[1]), ["`optimize store"]);
    assert!(flags("a -- b, a--b").is_empty());
}

#[test]
fn what_is_wrong_and_what_to_do_stand_in_lines_of_their_own() {
    let shown = |error: StudyError| Failure::from(error).text().unwrap().into_owned();
    let locked = StudyError::Locked { path: "results/a".into(), owner: Some(7) };
    assert_eq!(locked.help().as_deref(), Some("wait for it, or choose another results folder"));
    assert_eq!(
        shown(locked),
        "error: the study in results/a is being run by another process (7)\nhelp: wait for it, or choose another folder with --results"
    );
    // A source is told once, behind what it has led to.
    let source = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let folder = StudyError::Folder { path: "results/a".into(), source };
    assert_eq!(
        shown(folder),
        "error: cannot write to the results folder results/a: permission denied\nhelp: choose another folder with --results"
    );
    let differences = vec!["seed: 1 became 2".to_owned()];
    let other = AppError::OtherSettings { results: "results/a".into(), differences, lesson: None };
    assert_eq!(
        Failure::from(other).text().unwrap().into_owned(),
        "error: results/a holds a study that was begun with other settings:\n  seed: 1 became 2\n\
         help: begin anew with --fresh, which keeps the old results beside the new ones, or give the study a new name"
    );
}

#[test]
fn help_in_answers_of_one_text_follows_what_is_wrong() {
    let error = crate::study::RequestError::Count { count: "0".to_owned() };
    assert!(error.in_full().starts_with("`count` is 0; it must be a whole number from 1 to "));
    let error = ReportError::Preference {
        kind: PreferenceKind::AtLeast,
        text: "energy=5".to_owned(),
        fault: PreferenceFault::WrongSide { metric: "energy".to_owned(), value: 5.0, wanted: PreferenceKind::AtMost },
    };
    assert_eq!(Refused(&error).in_full(), "`--at-least energy=5`: `energy` is minimized; write --at-most energy=5");
    let (known, fetchable) = (vec!["digits".to_owned()], vec!["mnist".to_owned()]);
    let error = DataError::Unknown { name: "x".to_owned(), known, fetchable };
    assert!(error.help().is_some_and(|help| !help.contains("optimize")));
    let text = Failure::from(AppError::Data { cause: Box::new(error), besides: None }).text().unwrap().into_owned();
    assert_eq!(text, "error: there is no dataset `x` (there is: digits)\nhelp: `optimize data fetch` brings mnist");
}

#[test]
fn what_could_be_metered_by_choice_is_told_by_its_flag() {
    let refused = |alternative| EnergyError::Unavailable {
        meter: "rapl",
        reason: "no package".to_owned(),
        remedy: "look".to_owned(),
        alternative,
    };
    let advice = |alternative| NotMetered(&refused(alternative)).advice();
    assert_eq!(advice(None).as_deref(), Some("look"));
    let psys = "look\n`optimize meter --meters psys` meters the whole platform";
    assert_eq!(advice(Some(Alternative::Platform)).as_deref(), Some(psys));
    assert!(advice(Some(Alternative::WholeBoard)).is_some_and(|text| text.contains("--mig-whole-board")));
    let error = consumer("gpus").unwrap_err();
    assert!(
        error.contains("`gpus` names nothing") && error.ends_with("; `optimize devices` has those of this machine")
    );
}
