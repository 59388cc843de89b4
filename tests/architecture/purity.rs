//! Walls around what is not of this crate: the system, libtorch, NVML, and the calls that change files.

use std::collections::BTreeMap;

use crate::sources;
use crate::tree::{Crate, Place};
use crate::uses::uses_of;

/// What the optimizer must not touch, so that it embeds anywhere and replays exactly.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::time::Instant",
    "std::time::SystemTime",
    "rustix",
    "libc",
];

/// Crates of which one room alone knows.
const AT_HOME: &[(&str, &str)] = &[
    ("tch", "training"),
    ("nvml_wrapper", "energy"),
    ("nvml_wrapper_sys", "energy"),
    ("rusqlite", "study"),
    ("clap", "cli"),
    ("clap_complete", "cli"),
    ("clap_mangen", "cli"),
    ("console", "cli"),
    ("indicatif", "cli"),
    ("signal_hook", "cli"),
    ("faer", "optimizer"),
];

/// What each module names of other crates: the path, the line, and whether a test does.
pub type Foreign = BTreeMap<String, Vec<(String, usize, bool)>>;

pub fn foreign(krate: &Crate) -> Foreign {
    let of = |module: &String| {
        let uses = uses_of(krate, module).into_iter().filter_map(|found| {
            let path = match found.is_foreign {
                true => found.path.join("::"),
                false => match krate.resolve(module, &found.path) {
                    Place::Outside(path) => path,
                    _ => return None,
                },
            };
            Some((path, found.line, found.is_test))
        });
        (module.clone(), uses.collect())
    };
    krate.modules.keys().map(of).collect()
}

fn is_within(path: &str, home: &str) -> bool {
    path.strip_prefix(home).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[test]
fn the_optimizer_is_pure() {
    for (module, paths) in sources().foreign.iter().filter(|(module, _)| is_within(module, "optimizer")) {
        for (path, line, is_test) in paths {
            let is_impure = IMPURE.iter().any(|word| is_within(path, word));
            assert!(*is_test || !is_impure, "crate::{module}, line {line}, uses {path}");
        }
    }
}

#[test]
fn libtorch_nvml_the_store_and_the_terminal_are_known_in_one_room_each() {
    for (name, home) in AT_HOME {
        let mut is_used = false;
        for (module, paths) in &sources().foreign {
            for (path, line, _) in paths.iter().filter(|(path, ..)| is_within(path, name)) {
                is_used = true;
                assert!(is_within(module, home), "crate::{module}, line {line}, uses {path}");
            }
        }
        assert!(is_used, "nobody uses {name}: take it out of the list");
    }
}

/// Files are changed through the C library, where `tests/fakes/disk` sees it: `rustix` asks the kernel by itself.
#[test]
fn what_changes_files_can_be_made_to_fail() {
    let words = ["renameat", "unlinkat", "mkdirat", "linkat", "ftruncate", "fallocate", "fsync", "fdatasync", "pwrite"];
    let flags = ["OFlags::CREATE", "OFlags::WRONLY", "OFlags::RDWR", "OFlags::TRUNC", "io::write"];
    for (module, paths) in &sources().foreign {
        for (path, line, _) in paths.iter().filter(|(path, ..)| is_within(path, "rustix")) {
            let changes = words.iter().chain(&flags).any(|word| path.contains(word));
            assert!(!changes, "crate::{module}, line {line}, uses {path}; std::fs has it, too");
        }
    }
}
