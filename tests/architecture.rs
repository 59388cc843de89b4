//! The rooms of the crate and who may know whom, as ARCHITECTURE.md states them.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// For each room (a folder of `src`, or a part of one), the rooms that it may name by `crate::`.
const ALLOWED: &[(&str, &[&str])] = &[
    ("optimizer", &[]),
    ("disk", &[]),
    ("guard", &[]),
    ("energy", &["guard"]),
    ("data", &["disk", "guard"]),
    ("carbon", &["energy::units"]),
    ("training", &["data", "disk", "optimizer"]),
    ("evaluation", &["optimizer", "training", "energy::REST", "guard"]),
    ("record", &["optimizer", "energy::units"]),
    ("study_file", &["carbon", "energy", "evaluation", "guard", "optimizer", "record", "training"]),
    ("study", &["study_file", "evaluation", "record", "carbon", "disk", "energy", "optimizer", "training", "guard"]),
    ("analysis", &["record", "carbon", "optimizer", "energy::units"]),
    ("report", &["analysis", "record", "carbon", "optimizer", "energy::units", "guard"]),
    (
        "app",
        &[
            "study",
            "report",
            "analysis",
            "record",
            "carbon",
            "energy",
            "optimizer",
            "evaluation",
            "study_file",
            "training",
            "data",
            "disk",
            "guard",
        ],
    ),
    (
        "cli",
        &[
            "app",
            "study",
            "report",
            "analysis",
            "record",
            "carbon",
            "energy",
            "optimizer",
            "evaluation",
            "study_file",
            "training",
            "data",
            "disk",
            "guard",
        ],
    ),
];

/// What the optimizer must not touch, so that it embeds anywhere and replays exactly.
const IMPURE: &[&str] = &["std::fs", "std::env", "std::net", "std::process", "Instant", "SystemTime", "tch::", "nvml"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// The code without comments and without what stands behind `#[cfg(test)]` to the end of the file.
fn code_of(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// The `crate::` paths of a piece of code, groups in braces expanded to their first level.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (i, _) in code.match_indices("crate::") {
        if code[..i].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[i + "crate::".len()..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(rest.len());
        let path = rest[..end].trim_end_matches(':');
        match rest[end..].strip_prefix('{') {
            Some(group) => {
                let group = &group[..group.find('}').unwrap_or(group.len())];
                for item in group.split(',').map(str::trim).filter(|item| !item.is_empty()) {
                    let joint = if path.is_empty() { "" } else { "::" };
                    paths.insert(format!("{path}{joint}{item}"));
                }
            }
            None => {
                paths.insert(path.to_owned());
            }
        }
    }
    paths
}

/// Whether the code names `word`, and not only a longer name that ends in it.
fn names(code: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(i, _)| !code[..i].ends_with(inside))
}

fn is_allowed(path: &str, room: &str, allowed: &[&str]) -> bool {
    let inside = |wall: &str| path == wall || path.strip_prefix(wall).is_some_and(|rest| rest.starts_with("::"));
    inside(room) || allowed.iter().any(|wall| inside(wall))
}

#[test]
fn rooms_know_only_whom_they_may() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (room, allowed) in ALLOWED {
        for file in sources(&src.join(room)) {
            for path in crate_paths(&code_of(&file)) {
                if !is_allowed(&path, room, allowed) {
                    wrong.push(format!("{}: crate::{path}", file.strip_prefix(&src).unwrap().display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "paths through walls:\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_is_a_known_room() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for entry in fs::read_dir(&src).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(!path.is_dir() || ALLOWED.iter().any(|(room, _)| *room == name), "src/{name} is in no table");
    }
}

#[test]
fn the_optimizer_is_pure() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/optimizer");
    for file in sources(&room) {
        let code = code_of(&file);
        for word in IMPURE {
            assert!(!names(&code, word), "{} uses {word}", file.display());
        }
    }
}

#[test]
fn only_one_room_knows_torch_and_one_nvml() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (word, home) in [("tch::", "training"), ("nvml_wrapper", "energy")] {
        for file in sources(&src) {
            let at_home = file.starts_with(src.join(home));
            assert!(at_home || !names(&code_of(&file), word), "{} uses {word}", file.display());
        }
    }
}

/// Files are changed through the C library, where `examples/disk_faults.rs` sees it: `rustix` asks the kernel by itself.
#[test]
fn what_changes_files_can_be_made_to_fail() {
    let words = ["renameat", "unlinkat", "mkdirat", "linkat", "ftruncate", "fallocate", "fsync", "fdatasync", "pwrite"];
    let flags = ["OFlags::CREATE", "OFlags::WRONLY", "OFlags::RDWR", "OFlags::TRUNC", "rustix::io::write"];
    for file in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        let code = code_of(&file);
        for word in words.iter().chain(&flags).filter(|_| code.contains("rustix")) {
            assert!(!names(&code, word), "{} uses {word} beside rustix; std::fs has it, too", file.display());
        }
    }
}

#[test]
fn the_test_itself_finds_paths() {
    let code = "use crate::optimizer::space::{Space, Value};\nuse crate::{record, study::run};\nlet x = crate::energy::units::Joules(1.0);";
    let found = crate_paths(code);
    for path in ["optimizer::space::Space", "optimizer::space::Value", "record", "study::run", "energy::units::Joules"]
    {
        assert!(found.contains(path), "{path} not in {found:?}");
    }
    assert!(!is_allowed("energy::Session", "record", &["energy::units"]));
    assert!(is_allowed("energy::units::Joules", "record", &["energy::units"]));
}
