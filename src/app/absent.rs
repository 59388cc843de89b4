//! A study file that is not there: what could be meant by its name.

use std::path::Path;

use crate::guard::file;
use crate::study_file::nearest;

/// No more files are looked into, nor larger ones.
const LOOKED_INTO: usize = 100;
const LARGEST: u64 = 1 << 20;
/// As many names fit into a sentence.
const NAMED: usize = 5;

/// What to do about a study file that is not there.
pub(super) fn instead_of(path: &Path) -> String {
    let mut beside = study_files(path.parent().unwrap_or(Path::new("")));
    let stem = |name: &str| Path::new(name).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let stems: Vec<String> = beside.iter().filter_map(|name| stem(name)).collect();
    let wanted = path.file_stem().unwrap_or_default().to_string_lossy();
    let shown = |name: &str| path.with_file_name(name).display().to_string();
    if let Some(near) = nearest(&wanted, stems.iter().map(String::as_str)) {
        return format!("did you mean {}?", shown(&format!("{near}.toml")));
    }
    if beside.is_empty() {
        return format!("`optimize init {}` writes one to begin with", path.display());
    }
    let more = if beside.len() > NAMED { ", ..." } else { "" };
    beside.truncate(NAMED);
    let names: Vec<String> = beside.iter().map(|name| shown(name)).collect();
    format!("there are: {}{more}\n`optimize init {}` writes one to begin with", names.join(", "), path.display())
}

/// The names of the study files of a folder, in order.
fn study_files(folder: &Path) -> Vec<String> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "toml"));
    let is_study = |text: String| text.lines().any(|line| line.trim_start().starts_with("[space"));
    let studies = files
        .take(LOOKED_INTO)
        .filter(|entry| file::read_text(&entry.path(), LARGEST).is_ok_and(is_study))
        .filter_map(|entry| entry.file_name().into_string().ok());
    let mut names: Vec<String> = studies.collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_answered_with_those_that_are() {
        let folder = tempfile::tempdir().unwrap();
        let told = |name: &str| {
            let told = instead_of(&folder.path().join(name));
            told.replace(&format!("{}/", folder.path().display()), "")
        };
        std::fs::write(folder.path().join("Cargo.toml"), "[package]\n").unwrap();
        assert_eq!(told("nosuch.toml"), "`optimize init nosuch.toml` writes one to begin with");
        std::fs::write(folder.path().join("mine.toml"), "[space]\n").unwrap();
        assert_eq!(told("mien.toml"), "did you mean mine.toml?");
        assert_eq!(told("xyzzy.toml"), "there are: mine.toml\n`optimize init xyzzy.toml` writes one to begin with");
        assert_eq!(told("nowhere/a.toml"), "`optimize init nowhere/a.toml` writes one to begin with");
    }
}
