//! `optimize completions` and `optimize man`: what a shell completes, and pages of the manual.

use std::path::Path;

use clap::CommandFactory;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use super::args::{Cli, CompletionsArgs, ManArgs};
use super::failure::Failure;
use super::print::{print, print_data};
use crate::study_file::reference::{Names, Shown, TABLES, Table};

/// The page of the study file.
const STUDY: &str = "optimize-study.5";

/// Prints the script that a shell completes words by.
pub(super) fn completions(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "optimize", &mut script);
    print_data(String::from_utf8_lossy(&script))
}

/// Writes a page for each command, and one of the study file.
pub(super) fn man(args: &ManArgs) -> Result<(), Failure> {
    let folder = &args.folder;
    let failed =
        |error: std::io::Error| Failure::other(format!("the pages cannot be written to {}: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), folder).map_err(failed)?;
    std::fs::write(folder.join(STUDY), study_page()).map_err(failed)?;
    print(said(folder))
}

fn said(folder: &Path) -> String {
    let shown = folder.display();
    let page = folder.join("optimize.1");
    format!(
        "the pages are in {shown}: `man {}` shows the first, `man {}` the study file",
        local(&page),
        local(&folder.join(STUDY))
    )
}

/// A path that `man` does not take for a name.
fn local(path: &Path) -> String {
    let shown = path.display().to_string();
    if shown.contains('/') { shown } else { format!("./{shown}") }
}

/// The page of the study file, from the tables that its parser has.
fn study_page() -> String {
    let mut page = Roff::new();
    let version = format!("optimize {}", env!("CARGO_PKG_VERSION"));
    page.control("TH", ["optimize-study", "5", "", version.as_str()]);
    page.control("SH", ["NAME"]);
    page.text([roman("optimize-study - the study file of optimize")]);
    for table in TABLES {
        write_table(table, &mut page);
    }
    page.control("SH", ["SEE ALSO"]);
    page.text([
        bold("optimize"),
        roman("(1), "),
        bold("optimize-check"),
        roman("(1), "),
        bold("optimize-init"),
        roman("(1)"),
    ]);
    page.render()
}

/// Words with those in backticks in bold.
fn inlines(text: &str) -> Vec<Inline> {
    let parts = text.split('`').enumerate();
    parts.map(|(i, part)| if i % 2 == 1 { bold(part) } else { roman(part) }).collect()
}

fn write_table(table: &Table, page: &mut Roff) {
    page.control("SH", [table.title.to_uppercase().as_str()]);
    for about in table.about {
        page.text(inlines(about));
        page.control("PP", []);
    }
    if let Names::Open(what) = table.names {
        page.text(inlines(&format!("Its keys are {what}. When one changes: {}.", table.change)));
        page.control("PP", []);
    }
    page.control("nf", []);
    page.control("RS", ["4"]);
    for line in table.example.lines() {
        page.text([roman(line)]);
    }
    page.control("RE", []);
    page.control("fi", []);
    for shown in table.shown() {
        write_key(&shown, page);
    }
}

fn write_key(shown: &Shown, page: &mut Roff) {
    page.control("TP", []);
    page.text([bold(shown.name)]);
    page.text(inlines(&shown.about.join(" ")));
    if shown.is_section {
        return;
    }
    let rows = [
        ("Values", shown.values.clone()),
        ("Default", shown.default.clone()),
        ("When it changes", shown.change.to_string()),
    ];
    for (name, said) in rows {
        page.control("br", []);
        page.text(inlines(&format!("{name}: {said}")));
    }
    for (word, meaning) in &shown.words {
        page.control("br", []);
        page.text(inlines(&format!("\"{word}\": {meaning}")));
    }
    if !shown.example.is_empty() {
        page.control("br", []);
        page.text([roman(format!("Example: {}", shown.example))]);
    }
}
