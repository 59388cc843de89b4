//! The rooms of the crate and who may know whom, as ARCHITECTURE.md states them; and the public API, as it is recorded.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod api;
mod itself;
mod listed;
mod listing;
mod marks;
mod purity;
mod signature;
mod table;
mod tree;
mod uses;

use std::path::Path;
use std::sync::OnceLock;

use listing::Listing;
use purity::Foreign;
use tree::Crate;

/// What one reading of the sources has shown.
struct Sources {
    /// Where the table of ARCHITECTURE.md and the code do not agree.
    faults: Vec<String>,
    strays: Vec<String>,
    foreign: Foreign,
    listing: Listing,
}

fn sources() -> &'static Sources {
    static SOURCES: OnceLock<Sources> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let dependencies = dependencies();
        let dependencies: Vec<&str> = dependencies.iter().map(String::as_str).collect();
        let krate = Crate::read(&tree::files_of(&root().join("src")), &dependencies);
        let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
        let faults = table::rows_of(&text).map_or_else(|e| vec![e], |rows| table::faults(&krate, &rows));
        let (foreign, listing) = (purity::foreign(&krate), Listing::of(&krate));
        Sources { faults, strays: krate.strays, foreign, listing }
    })
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The names of dependencies as code writes them.
fn dependencies() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let mut names = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        if line.starts_with('[') {
            is_inside = line.trim_matches(['[', ']']).ends_with("dependencies");
        } else if let Some((name, _)) = line.split_once('=').filter(|(name, _)| is_inside && !name.starts_with('#')) {
            names.push(name.trim().replace('-', "_"));
        }
    }
    names
}

#[test]
fn rooms_know_only_whom_they_may() {
    let faults = &sources().faults;
    assert!(faults.is_empty(), "ARCHITECTURE.md and the code do not agree:\n{}", faults.join("\n"));
}

#[test]
fn every_file_is_a_part_of_the_crate() {
    let strays = &sources().strays;
    assert!(strays.is_empty(), "no module declares these, so nobody compiles them: {strays:?}");
}
