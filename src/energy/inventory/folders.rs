//! Folders of the kernel.

use std::fs;
use std::path::{Path, PathBuf};

/// The entries of a folder, sorted; none if it cannot be listed.
pub(super) fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
