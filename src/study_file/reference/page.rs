//! The page of the book that is made from the tables.

use std::fmt::Write;

use super::{Names, Preset, Shown, TABLES, TOP, Table};

/// The whole page, in Markdown.
pub(super) fn page() -> String {
    let mut page = "# Study file reference\n\n".to_owned();
    page += "<!-- Made from src/study_file/reference by its tests: change it there. -->\n\n";
    page += "`optimize help study-file` prints the same, and `optimize help study-file KEY` one key. `optimize init` writes a \
             study file to begin with.\n";
    for table in TABLES {
        write_table(table, &mut page);
    }
    page
}

fn write_table(table: &Table, page: &mut String) {
    let title = if *table == TOP { "The file as a whole".to_owned() } else { code(table.title) };
    let _ = write!(page, "\n## {title}\n");
    for about in table.about {
        let _ = write!(page, "\n{about}\n");
    }
    *page += "\n<!-- no study: a section, which a test of the reference completes -->\n";
    let _ = write!(page, "```toml\n{}```\n", table.example);
    if let Names::Open(what) = table.names {
        let _ = write!(page, "\nIts keys are {what}. {}\n", said(table));
    }
    let (sections, keys): (Vec<Shown>, Vec<Shown>) = table.shown().into_iter().partition(|shown| shown.is_section);
    for shown in keys {
        write_key(&shown, page);
    }
    if !sections.is_empty() {
        *page += "\n### Sections\n\n";
    }
    for shown in sections {
        let needed = if shown.default == Preset::Needed.to_string() { " Needed." } else { "" };
        let _ = writeln!(page, "- `{}`: {}{needed}", shown.name, shown.about.join(" "));
    }
}

/// What becomes of a study whose section changes.
fn said(table: &Table) -> String {
    format!("When one changes: {}.", table.change)
}

fn write_key(shown: &Shown, page: &mut String) {
    let _ = write!(page, "\n### `{}`\n", shown.name);
    for about in &shown.about {
        let _ = write!(page, "\n{about}\n");
    }
    let _ = write!(page, "\n- values: {}\n", shown.values);
    for (word, meaning) in &shown.words {
        let _ = writeln!(page, "  - `\"{word}\"`: {meaning}");
    }
    let _ = write!(page, "- default: {}\n- when it changes: {}\n", shown.default, shown.change);
    if !shown.example.is_empty() {
        let _ = writeln!(page, "- example: `{}`", shown.example);
    }
}

/// A title with its section as code: brackets are links in Markdown.
fn code(title: &str) -> String {
    let words: Vec<String> = title
        .split(' ')
        .map(|word| if word.starts_with('[') { format!("`{word}`") } else { word.to_owned() })
        .collect();
    words.join(" ")
}
