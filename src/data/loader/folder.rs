//! What lies in a folder and all folders within it.

use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::archive::ENTRIES;
use super::tree::is_hidden;
use super::{fault, unreadable};
use crate::data::{DataError, DataPlace};

/// Folders within each other; more are links that lead in a circle.
const DEPTH: usize = 32;

/// A file or folder within a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::data) struct Item {
    /// Its path within the folder, with `/` in between.
    pub(in crate::data) path: String,
    pub(in crate::data) is_folder: bool,
    /// In bytes.
    pub(in crate::data) size: u64,
    /// Nanoseconds since 1970 when it was last written; 0 where the system does not say.
    pub(in crate::data) modified: u128,
}

/// All that is not hidden, sorted by path. Links are followed: a folder is its owner's, unlike an archive.
pub(in crate::data) fn list(folder: &Path) -> Result<Vec<Item>, DataError> {
    let mut items = Vec::new();
    descend(folder, "", 0, &mut items)?;
    items.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(items)
}

fn descend(root: &Path, within: &str, depth: usize, items: &mut Vec<Item>) -> Result<(), DataError> {
    let folder = root.join(within);
    if depth > DEPTH {
        let problem = format!("is more than {DEPTH} folders deep");
        return Err(fault(&folder, DataPlace::Whole, problem, "see that no link leads back to a folder above it"));
    }
    for entry in fs::read_dir(&folder).map_err(|e| unreadable(&folder, &e))? {
        let entry = entry.map_err(|e| unreadable(&folder, &e))?;
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else {
            return Err(fault(&entry.path(), DataPlace::Whole, "the name is not UTF-8", "rename it, or move it away"));
        };
        if is_hidden(&name) {
            continue;
        }
        let path = if within.is_empty() { name } else { format!("{within}/{name}") };
        let meta = fs::metadata(entry.path()).map_err(|e| unreadable(&entry.path(), &e))?;
        let modified = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let modified = modified.map_or(0, |since| since.as_nanos());
        if meta.is_dir() {
            descend(root, &path, depth + 1, items)?;
        }
        if items.len() as u64 >= ENTRIES {
            let problem = format!("holds more than {ENTRIES} files and folders");
            return Err(fault(root, DataPlace::Whole, problem, "see that no link leads back to a folder above it"));
        }
        if meta.is_dir() || meta.is_file() {
            items.push(Item {
                path,
                is_folder: meta.is_dir(),
                size: if meta.is_dir() { 0 } else { meta.len() },
                modified,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::said;

    #[test]
    fn a_folder_is_listed_sorted_and_without_what_is_hidden() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["b/2.png", "b/x/1.png", "a-b/1.png", "a/1.png", ".git/x.png", "a/.DS_Store"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"12").unwrap();
        }
        std::os::unix::fs::symlink("../a/1.png", folder.path().join("b/0.png")).unwrap();
        let items = list(folder.path()).unwrap();
        let paths: Vec<&str> = items.iter().filter(|i| !i.is_folder).map(|i| i.path.as_str()).collect();
        assert_eq!(paths, ["a-b/1.png", "a/1.png", "b/0.png", "b/2.png", "b/x/1.png"]);
        assert_eq!(items.iter().filter(|i| i.is_folder).count(), 4);
        assert!(items.iter().all(|i| i.is_folder || (i.size == 2 && i.modified > 0)));
    }

    #[test]
    fn circles_and_dead_links_are_told() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(".", folder.path().join("again")).unwrap();
        assert!(said(&list(folder.path()).unwrap_err()).contains("leads back to a folder above it"));
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("nowhere", folder.path().join("x.png")).unwrap();
        assert!(said(&list(folder.path()).unwrap_err()).contains("x.png: cannot be read"));
    }
}
