//! The messages that the book explains are in the code, and those of studies and stores are all explained.

use std::fs;
use std::path::Path;

use super::page::{Page, root};

/// What the page explains: the text between the placeholders of each message.
fn explained() -> Vec<(usize, Vec<String>)> {
    let page = Page::read("docs/src/troubleshooting.md");
    let heads = page.prose.iter().filter_map(|(number, line)| Some((number, line.strip_prefix("**`")?)));
    let pieces = heads.map(|(number, line)| {
        // A message with backticks in it stands between two of them.
        let (line, end) = line.strip_prefix("` ").map_or((line, "`**"), |line| (line, " ``**"));
        let (message, _) = line.split_once(end).unwrap_or_else(|| panic!("troubleshooting.md:{number}: no end"));
        let pieces = message.split('…').map(str::trim).filter(|piece| piece.chars().any(char::is_alphabetic));
        (*number, pieces.map(str::to_owned).collect())
    });
    pieces.collect()
}

/// Whether the pieces follow one another in the text, not far apart.
fn has(text: &str, pieces: &[String]) -> bool {
    let Some((first, rest)) = pieces.split_first() else { return false };
    text.match_indices(first.as_str()).any(|(at, _)| {
        let mut from = at + first.len();
        rest.iter().all(|piece| {
            let found = text[from..].find(piece.as_str()).filter(|gap| *gap < 400);
            from += found.unwrap_or_default() + piece.len();
            found.is_some()
        })
    })
}

/// Source text with its string literals as they are printed.
fn printed(text: &str) -> String {
    let mut joined = String::new();
    for line in text.lines() {
        match line.strip_suffix('\\') {
            // The next line goes on without its indentation.
            Some(begun) => joined += begun.trim_start(),
            None => {
                joined += line.trim_start();
                joined.push('\n');
            }
        }
    }
    joined.replace("\\\"", "\"").replace("{{", "{").replace("}}", "}")
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(printed(&fs::read_to_string(path).unwrap()));
        }
    }
}

fn all_sources() -> Vec<String> {
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    files
}

#[test]
fn what_is_explained_is_said_by_the_code() {
    let files = all_sources();
    let explained = explained();
    assert!(explained.len() > 100, "only {} were found", explained.len());
    let mut unsaid = Vec::new();
    for (number, pieces) in explained {
        let long = pieces.iter().map(String::len).sum::<usize>() >= 10;
        assert!(long, "troubleshooting.md:{number}: {pieces:?} could be anything");
        if !files.iter().any(|text| has(text, &pieces)) {
            unsaid.push(format!("troubleshooting.md:{number}: {pieces:?}"));
        }
    }
    assert!(unsaid.is_empty(), "nothing says this:\n{}", unsaid.join("\n"));
}

#[test]
fn messages_of_studies_and_stores_are_explained() {
    let (files, explained) = (all_sources(), explained());
    let mut left = Vec::new();
    for name in ["StudyError", "StoreError"] {
        let source = files.iter().find(|text| text.contains(&format!("pub enum {name} {{"))).expect(name);
        let attributes: Vec<&str> = source.split("#[error(").skip(1).collect();
        assert!(attributes.len() > 10, "{name}: its messages are elsewhere");
        for attribute in
            attributes.iter().filter(|text| !text.starts_with("transparent") && !text.starts_with("\"{0}\""))
        {
            let message = attribute.split_once(")]").map_or(*attribute, |(message, _)| message);
            if !explained.iter().any(|(_, pieces)| has(message, pieces)) {
                left.push(format!("{name}: {message}"));
            }
        }
    }
    assert!(left.is_empty(), "troubleshooting.md does not explain this:\n{}", left.join("\n"));
}

#[test]
fn exit_codes_are_those_of_the_help() {
    let page = Page::read("docs/src/commands.md");
    let help = crate::bench::Bench::new().optimize(&["--help"]).code(0).out();
    let (_, codes) = help.split_once("Exit codes:").unwrap();
    let codes =
        codes.lines().filter_map(|line| line.trim().split_once("  ")).filter(|(code, _)| code.parse::<u8>().is_ok());
    let codes: Vec<String> = codes.map(|(code, _)| code.to_owned()).collect();
    assert!(codes.len() > 5, "{help}");
    for code in &codes {
        assert!(page.prose.iter().any(|(_, line)| line.starts_with(&format!("| {code} |"))), "{code} is not explained");
    }
}
