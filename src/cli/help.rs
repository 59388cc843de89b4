//! `optimize help`: what a command does, and what may be in a study file.

use std::ffi::OsString;
use std::fmt::Write;

use clap::{CommandFactory, Parser};

use super::args::{Cli, HelpArgs};
use super::colour;
use super::failure::Failure;
use super::print::print_as_it_is;
use super::wrap::wrap;
use crate::study_file::nearest;
use crate::study_file::reference::{Names, Shown, TABLES, Table};

/// The topic that is no command.
const TOPIC: &str = "study-file";

pub(super) fn help(args: &HelpArgs) -> Result<(), Failure> {
    match args.words.split_first() {
        Some((topic, words)) if topic == TOPIC => {
            // Words that are not one behind the other in the file are asked for one by one.
            let joined = words.join(".");
            let asked = if words.len() > 1 && find(&joined).is_empty() { words.to_vec() } else { vec![joined] };
            let told: Result<Vec<String>, Failure> = asked.iter().map(|word| study_file(word, width())).collect();
            print_as_it_is(&told?.join("\n"))
        }
        _ => print_as_it_is(&command(&args.words)?),
    }
}

/// The words of a command line with `help` in front of a command that has others: `optimize data help fetch` is `optimize help data
/// fetch`.
pub(super) fn asked_in_front(mut words: Vec<OsString>) -> Vec<OsString> {
    let cli = Cli::command();
    let has_others =
        |word: &OsString| cli.get_subcommands().any(|command| command.has_subcommands() && word == command.get_name());
    if words.get(1).is_some_and(has_others) && words.get(2).is_some_and(|word| word == "help") {
        words.swap(1, 2);
    }
    words
}

/// Whether there is help of this, for those who only read a command line.
pub(super) fn is_known(args: &HelpArgs) -> Result<(), String> {
    match args.words.split_first() {
        Some((topic, _)) if topic == TOPIC => Ok(()),
        _ => command(&args.words).map(drop).map_err(|failure| failure.text().unwrap_or_default().into_owned()),
    }
}

/// The help of a command, or of `optimize` itself.
fn command(words: &[String]) -> Result<String, Failure> {
    let mut command = Cli::command();
    command.build();
    let mut here = &mut command;
    for (i, word) in words.iter().enumerate() {
        let names = names_of(here);
        here = match here.find_subcommand_mut(word) {
            Some(found) => found,
            None if i == 0 => return Err(unknown_command(word, &names)),
            None => return Err(unknown_part(&words[..i].join(" "), word, &names)),
        };
    }
    // The same as with --help behind the command, to the letter.
    let words = ["optimize"].into_iter().chain(words.iter().map(String::as_str)).chain(["--help"]);
    let text = match Cli::try_parse_from(words) {
        Err(error) => error.render(),
        Ok(_) => here.render_long_help(),
    };
    Ok(if colour::on_stdout() { text.ansi().to_string() } else { text.to_string() })
}

/// The commands that a command has, but for those that are not shown.
fn names_of(command: &clap::Command) -> Vec<String> {
    command.get_subcommands().filter(|c| !c.is_hide_set()).map(|c| c.get_name().to_owned()).collect()
}

/// The commands of `optimize`.
pub(super) fn command_names() -> Vec<String> {
    names_of(&Cli::command())
}

/// A word behind a command that has it not.
fn unknown_part(command: &str, word: &str, names: &[String]) -> Failure {
    if names.is_empty() {
        return Failure::usage(format!("`{command}` has no commands of its own, and so no `{word}`"))
            .with_help(format!("`optimize help {command}` says what it does"));
    }
    let help = match nearest(word, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("there are: {}", names.join(", ")),
    };
    Failure::usage(format!("`{command}` has no command `{word}`")).with_help(help)
}

fn unknown_command(word: &str, names: &[String]) -> Failure {
    let known = names.iter().map(String::as_str).chain([TOPIC]);
    let help = match nearest(word, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if !find(word).is_empty() => format!("of the study file, `optimize help {TOPIC} {word}` tells"),
        None => format!("there are: {}", known.collect::<Vec<_>>().join(", ")),
    };
    Failure::usage(format!("there is no command `{word}`")).with_help(help)
}

/// Characters in a line that are read with ease, where there is room for them.
const WIDEST: usize = 100;

fn width() -> usize {
    console::Term::stdout().size_checked().map_or(80, |(_, columns)| usize::from(columns)).clamp(30, WIDEST)
}

/// A table of the reference with some of its keys, or with all of them and what it is for.
type Found = (&'static Table, Option<Vec<Shown>>);

/// What the reference says of a section or a key; of everything, if it is empty.
fn study_file(word: &str, width: usize) -> Result<String, Failure> {
    let found: Vec<Found> =
        if word.is_empty() { TABLES.iter().map(|table| (*table, None)).collect() } else { find(word) };
    if found.is_empty() {
        return Err(unknown_key(word));
    }
    let mut text = String::new();
    if word.is_empty() {
        let first = format!(
            "The keys of a study file, section by section. `optimize help {TOPIC} SECTION` or KEY tells of one."
        );
        text += &paragraph(&first, 0, width);
        text.push('\n');
    }
    for (i, (table, keys)) in found.iter().enumerate() {
        if i > 0 {
            text.push('\n');
        }
        write_table(table, keys.as_deref(), width, &mut text);
    }
    Ok(text)
}

/// The sections and keys that a word may mean: `energy`, `[energy]`, `energy.idle`, `idle`.
fn find(word: &str) -> Vec<Found> {
    let word = word.replace(['[', ']', '"'], "").to_lowercase();
    let sections: Vec<Found> =
        TABLES.iter().filter(|table| is_section(table, &word)).map(|table| (*table, None)).collect();
    if !sections.is_empty() {
        return sections;
    }
    let (section, key) = word.rsplit_once('.').map_or((None, word.as_str()), |(section, key)| (Some(section), key));
    let of = |table: &&&Table| section.is_none_or(|section| path(table) == section || table.name == section);
    let keys = TABLES.iter().filter(of).filter_map(|table| {
        let keys: Vec<Shown> =
            table.shown().into_iter().filter(|shown| shown.name == key && !shown.is_section).collect();
        (!keys.is_empty()).then_some((*table, Some(keys)))
    });
    keys.collect()
}

/// The name of a table without the names that users choose: `space` of a parameter's, `space.prior` of its prior's.
fn path(table: &Table) -> String {
    let parts = table.name.split('.').filter(|part| part.chars().any(char::is_lowercase));
    parts.collect::<Vec<_>>().join(".")
}

fn is_section(table: &Table, word: &str) -> bool {
    let path = path(table);
    let last = path.rsplit('.').next().unwrap_or_default();
    path == word || path.starts_with(&format!("{word}.")) || (last == word && path.contains('.'))
}

fn unknown_key(word: &str) -> Failure {
    let sections = TABLES.iter().map(|table| table.name.split('.').next().unwrap_or_default());
    let mut sections: Vec<&str> = sections.collect();
    sections.dedup();
    let keys: Vec<&str> = TABLES.iter().flat_map(|table| table.known()).collect();
    let last = word.rsplit('.').next().unwrap_or(word);
    let help = match nearest(last, sections.iter().copied().chain(keys)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("its sections are: {}", sections.join(", ")),
    };
    Failure::usage(format!("a study file has no section or key `{word}`")).with_help(help)
}

fn write_table(table: &Table, keys: Option<&[Shown]>, width: usize, text: &mut String) {
    let _ = writeln!(text, "{}", bold(table.title));
    let all = table.shown();
    if keys.is_none() {
        for about in table.about {
            *text += &paragraph(about, 2, width);
            text.push('\n');
        }
        for line in table.example.trim_end().lines() {
            let _ = writeln!(text, "{}", if line.is_empty() { String::new() } else { format!("    {line}") });
        }
        if let Names::Open(what) = table.names {
            text.push('\n');
            *text += &paragraph(&format!("Its keys are {what}."), 2, width);
            *text += &paragraph(&format!("When one changes: {}.", table.change), 2, width);
        }
    }
    let (sections, keys): (Vec<&Shown>, Vec<&Shown>) = keys.unwrap_or(&all).iter().partition(|shown| shown.is_section);
    for shown in keys {
        text.push('\n');
        write_key(shown, width, text);
    }
    if !sections.is_empty() {
        let _ = writeln!(text, "\n  {}", bold("Sections"));
    }
    let room = sections.iter().map(|shown| shown.name.len()).max().unwrap_or(0) + 6;
    for shown in sections {
        let about = shown.about.first().map(String::as_str).unwrap_or_default();
        *text += &hanging(&format!("    {}", shown.name), about, room, width);
    }
}

fn write_key(shown: &Shown, width: usize, text: &mut String) {
    let _ = writeln!(text, "  {}", bold(shown.name));
    for about in &shown.about {
        *text += &paragraph(about, 4, width);
    }
    let mut row = |name: &str, said: &str| *text += &hanging(&format!("    {name}"), said, 14, width);
    row("values", &shown.values);
    for (word, meaning) in &shown.words {
        row("", &format!("\"{word}\": {meaning}"));
    }
    row("default", &shown.default);
    row("changed", &shown.change.to_string());
    if !shown.example.is_empty() {
        let _ = writeln!(text, "    example   {}", shown.example);
    }
}

fn bold(text: &str) -> String {
    if colour::on_stdout() { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Lines with so many blanks before each.
fn paragraph(text: &str, indent: usize, width: usize) -> String {
    let lines = wrap(text, width.saturating_sub(indent)).into_iter();
    lines.map(|line| format!("{:indent$}{line}\n", "")).collect()
}

/// A name, and behind it lines that begin in the same column.
fn hanging(name: &str, text: &str, column: usize, width: usize) -> String {
    let lines = wrap(text, width.saturating_sub(column));
    let mut shown = String::new();
    for (i, line) in lines.iter().enumerate() {
        let _ = writeln!(shown, "{:column$}{line}", if i == 0 { name } else { "" });
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(word: &str) -> String {
        study_file(word, 80).unwrap_or_else(|failure| failure.text().unwrap_or_default().into_owned())
    }

    #[test]
    fn a_section_or_a_key_is_found_however_it_is_written() {
        for (word, titles) in [
            ("budget", &["[budget]"][..]),
            ("[budget]", &["[budget]"]),
            ("[[objective]]", &["[[objective]]"]),
            ("budget.trials", &["[budget]"]),
            ("trials", &["[budget]"]),
            ("energy", &["[energy]", "`cool_down` of [energy]"]),
            ("energy.idle", &["[energy]"]),
            ("cool_down", &["`cool_down` of [energy]"]),
            ("space.scale", &["a parameter of [space]"]),
            ("scale", &["[[objective]]", "a parameter of [space]"]),
            ("spread", &["`prior` of a parameter"]),
            ("batch_size", &["[train]"]),
            ("seed", &["the study file"]),
        ] {
            let found: Vec<&str> = find(word).iter().map(|(table, _)| table.title).collect();
            assert_eq!(found, titles, "{word}");
        }
    }

    #[test]
    fn a_word_behind_a_command_is_one_of_its_own() {
        for (words, said) in [
            (&["init", "foo"][..], "`init` has no commands of its own"),
            (&["data", "ftech"], "`data` has no command `ftech`\nhelp: did you mean `fetch`?"),
            (&["data", "xyzzy"], "help: there are: fetch, list, path"),
            (&["data", "fetch", "foo"], "`data fetch` has no commands of its own"),
            (&["chek"], "did you mean `check`?"),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let told = command(&words).unwrap_err().text().unwrap_or_default().into_owned();
            assert!(told.contains(said), "{words:?}: {told}");
        }
    }

    #[test]
    fn one_key_is_told_alone() {
        insta::assert_snapshot!(told("on_interrupt"));
    }

    #[test]
    fn everything_fits_narrow_and_wide_terminals() {
        for width in [30, 40, 80, 100] {
            let text = study_file("", width).unwrap();
            for table in TABLES {
                assert!(text.contains(table.title), "{} at {width}", table.title);
            }
            // Examples stay as they are, to be copied.
            let is_long = |line: &&str| line.chars().count() > width && line.trim().contains(' ');
            let long = text.lines().filter(is_long).filter(|line| !line.contains(" = ") && !line.contains("[["));
            assert_eq!(long.collect::<Vec<_>>(), Vec::<&str>::new(), "at {width}");
        }
    }

    #[test]
    fn what_there_is_not_is_answered_with_what_was_meant() {
        assert!(told("budgte").contains("did you mean `budget`?"), "{}", told("budgte"));
        assert!(told("energy.idel").contains("did you mean `idle`?"));
        assert!(told("lerning_rate").contains("did you mean `learning_rate`?"));
        assert!(told("xyzzyx").contains("its sections are: top, budget"));
    }
}
