//! The public API against its record in `tests/public_api`.

use std::fs;

use crate::listing::difference;
use crate::{root, sources};

/// Set, the record is written anew.
const ACCEPT: &str = "ACCEPT_PUBLIC_API";

/// Where another crate may be named: within which path, what of it, and why.
const KNOWN_LEAKS: &[(&str, &str, &str)] = &[
    ("record", "serde_json::Value", "the study file's settings as the first event has them, of any form"),
    ("report", "serde_json::Value", "outputs for programs before they are written"),
    ("study_file", "serde_json::Value", "identities are compared as the JSON that stores have"),
];

#[test]
fn the_public_api_is_the_recorded_one() {
    let folder = root().join("tests/public_api");
    let rooms = sources().listing.rooms();
    if std::env::var_os(ACCEPT).is_some_and(|value| !value.is_empty()) {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (room, text) in &rooms {
            fs::write(folder.join(format!("{room}.txt")), text).unwrap();
        }
    }
    let recorded = |room: &str| fs::read_to_string(folder.join(format!("{room}.txt"))).unwrap_or_default();
    let mut changes: Vec<String> = rooms.iter().flat_map(|(room, text)| difference(&recorded(room), text)).collect();
    for entry in fs::read_dir(&folder).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let room = name.trim_end_matches(".txt");
        if !rooms.contains_key(room) {
            changes.extend(difference(&recorded(room), ""));
        }
    }
    assert!(
        changes.is_empty(),
        "the public API is not the recorded one; a change that is meant is accepted with\n\
         {ACCEPT}=1 cargo test --test architecture\nand belongs in CHANGELOG.md:\n{}",
        changes.join("\n")
    );
}

#[test]
fn every_public_item_is_documented() {
    let undocumented = &sources().listing.undocumented;
    assert!(undocumented.is_empty(), "no word of documentation:\n{}", undocumented.join("\n"));
}

#[test]
fn no_public_signature_names_another_crate() {
    let leaks = &sources().listing.leaks;
    let is_in = |item: &str, known: &str| item.strip_prefix(known).is_some_and(|s| s.is_empty() || s.starts_with("::"));
    let is_known = |item: &str, path: &str| KNOWN_LEAKS.iter().any(|(known, of, _)| is_in(item, known) && *of == path);
    let new: Vec<_> = leaks.iter().filter(|(item, path)| !is_known(item, path)).collect();
    assert!(new.is_empty(), "their next release would be a breaking one of this crate: {new:#?}");
    for (known, path, _) in KNOWN_LEAKS {
        let is_there = leaks.iter().any(|(item, of)| is_in(item, known) && of == path);
        assert!(is_there, "{known} does not name {path} any more: take it out of the list");
    }
}
