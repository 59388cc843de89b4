//! The table of ARCHITECTURE.md, "Who may know whom", held against the code.

use std::collections::BTreeSet;

use crate::tree::{Crate, Place, join};
use crate::uses::uses_of;

/// A row for one room.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// A module's path, such as `energy::units`.
    pub room: String,
    /// Modules, or items in them; none where all may be known.
    pub knows: Option<Vec<String>>,
    /// What its tests know besides.
    pub tests_know: Vec<String>,
}

impl Row {
    /// Each with whether it is for tests alone.
    fn walls(&self) -> impl Iterator<Item = (&str, bool)> {
        let walls = self.knows.iter().flatten().map(|wall| (wall.as_str(), false));
        walls.chain(self.tests_know.iter().map(|wall| (wall.as_str(), true)))
    }
}

/// Reads all tables headed `| room | knows |`. Rooms and what they know stand in backticks, as `energy/units` or
/// `energy::units`; what stands in parentheses is for people. What follows `in tests` only tests may know.
///
/// # Errors
///
/// What cannot be understood.
pub fn rows_of(text: &str) -> Result<Vec<Row>, String> {
    let mut rows: Vec<Row> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
        if !line.trim_start().starts_with('|') {
            is_inside = false;
        } else if cells == ["room", "knows"] {
            is_inside = true;
        } else if is_inside && !cells[0].starts_with('-') {
            let [rooms, knows] = cells[..] else { return Err(format!("{line:?} has not two columns")) };
            let understood = |cell, words| names_of(cell, words).map_err(|word| not_understood(&word, line));
            let (knows, tests) = knows.split_once("in tests ").unwrap_or((knows, ""));
            let (word, names) = understood(knows, &["nobody", "all"])?;
            let knows = match (word, names) {
                (Some("all"), names) if names.is_empty() => None,
                (Some("nobody"), names) if names.is_empty() => Some(names),
                (None, names) if !names.is_empty() => Some(names),
                _ => return Err(format!("{line:?} says neither whom it knows, nor nobody, nor all")),
            };
            let tests_know = understood(tests, &[])?.1;
            for room in understood(rooms, &[])?.1 {
                if rows.iter().any(|row| row.room == room) {
                    return Err(format!("`{room}` has two rows"));
                }
                rows.push(Row { room, knows: knows.clone(), tests_know: tests_know.clone() });
            }
        }
    }
    if rows.is_empty() { Err("there is no table headed | room | knows |".into()) } else { Ok(rows) }
}

fn not_understood(word: &str, line: &str) -> String {
    format!("{word:?} in {line:?} is not understood: names stand in backticks, notes in parentheses")
}

/// The names in backticks, and one of these words if it stands there.
fn names_of<'a>(cell: &str, words: &[&'a str]) -> Result<(Option<&'a str>, Vec<String>), String> {
    let (mut plain, mut depth) = (String::new(), 0_usize);
    for c in cell.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    let (mut found, mut names) = (None, Vec::new());
    for (i, part) in plain.split('`').enumerate() {
        if i % 2 == 1 {
            names.push(part.trim_end_matches('/').replace('/', "::"));
            continue;
        }
        for word in part.split([' ', ',', ';']).filter(|word| !word.is_empty()) {
            found = Some(*words.iter().find(|known| **known == word).ok_or(word)?);
        }
    }
    Ok((found, names))
}

/// What of the table and the code do not agree, each with what to do.
pub fn faults(krate: &Crate, rows: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    for row in rows.iter().filter(|row| !krate.modules.contains_key(&row.room)) {
        faults.push(format!("the table has a row for `{}`, which is no module: take the row out", row.room));
    }
    for room in rooms_of(krate, rows) {
        if !rows.iter().any(|row| row.room == room) {
            faults.push(format!("src/{} is in no row of the table: say whom it knows", room.replace("::", "/")));
        }
    }
    let mut used = BTreeSet::new();
    for (module, parsed) in &krate.modules {
        let Some((i, row)) = row_of(rows, module) else { continue };
        for found in uses_of(krate, module) {
            if found.is_foreign {
                continue;
            }
            let (written, defined) = targets(krate, module, &found.path);
            let Some(shown) = written.as_ref().or(defined.as_ref()) else { continue };
            let targets = [&written, &defined];
            let is_in = |wall: &str| targets.iter().any(|target| target.as_ref().is_some_and(|t| lies_in(t, wall)));
            let walls: Vec<_> = row.walls().filter(|(wall, tests)| is_in(wall) && (found.is_test || !tests)).collect();
            if walls.is_empty() && row.knows.is_some() && !is_in(&row.room) {
                let test = if found.is_test { ", in tests" } else { "" };
                faults.push(format!(
                    "src/{}:{}: `{}` does not know crate::{shown}{test}",
                    parsed.file, found.line, row.room
                ));
            }
            for (wall, tests) in walls {
                used.insert((i, wall, tests, found.is_test));
            }
        }
    }
    for (i, row) in rows.iter().enumerate() {
        for (wall, tests) in row.walls().filter(|(wall, tests)| !used.contains(&(i, *wall, *tests, *tests))) {
            let who = match used.contains(&(i, wall, false, true)) {
                _ if tests => "which no test in it uses: take that out",
                true => "which only its tests use: let it stand behind `in tests`",
                false => "which nothing in it uses: take that out",
            };
            faults.push(format!("the table lets `{}` know `{wall}`, {who}", row.room));
        }
    }
    faults
}

/// Where a path leads within the crate: as it is written, and as it is defined behind all exports.
fn targets(krate: &Crate, module: &str, path: &[String]) -> (Option<String>, Option<String>) {
    let is_glob = path.last().is_some_and(|last| last == "*");
    let path = if is_glob { &path[..path.len() - 1] } else { path };
    match krate.resolve(module, path) {
        Place::Inside(place) => (krate.absolute(module, path), Some(place)),
        // What a macro has made has no place, but a path that says where to look.
        Place::Unknown if ["crate", "super", "self"].contains(&path[0].as_str()) => {
            (krate.absolute(module, path), None)
        }
        _ => (None, None),
    }
}

fn lies_in(path: &str, wall: &str) -> bool {
    path.strip_prefix(wall).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// The row of the innermost room that has this module.
fn row_of<'a>(rows: &'a [Row], module: &str) -> Option<(usize, &'a Row)> {
    let around = rows.iter().enumerate().filter(|(_, row)| lies_in(module, &row.room));
    around.max_by_key(|(_, row)| row.room.len())
}

/// All folders and files of `src`; and of a room of which a row has a part, the folders.
fn rooms_of(krate: &Crate, rows: &[Row]) -> Vec<String> {
    let is_divided = |parent: &str| rows.iter().any(|row| row.room != parent && lies_in(&row.room, parent));
    let is_folder = |module: &str| {
        let children =
            krate.modules.iter().filter(|(name, _)| name.rsplit_once("::").is_some_and(|(p, _)| p == module));
        children.into_iter().any(|(_, child)| !child.is_test && child.file != krate.modules[module].file)
    };
    let rooms = krate.modules.iter().filter(|(name, module)| match name.rsplit_once("::") {
        None => !name.is_empty() && !module.is_test,
        Some((parent, _)) => !module.is_test && is_divided(parent) && is_folder(name),
    });
    rooms.map(|(name, _)| join("", name)).collect()
}
