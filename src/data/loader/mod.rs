//! Readers of the formats that data sets come in. Nothing is unpacked to the disk, and no file is trusted: what it says
//! of its size is believed only as far as bytes follow.

mod archive;
mod cifar;
mod columns;
mod decode;
pub(super) mod folder;
mod idx;
pub(super) mod images;
mod pool;
mod stream;
pub(super) mod table;
mod tree;

use std::path::Path;

use super::{DataError, Place};

/// A dataset may take so many bytes of memory at most, 8 GiB: its features, decoded.
pub(super) const MEMORY: u64 = 8 << 30;

pub(super) fn fault(path: &Path, place: Place, problem: impl Into<String>, advice: impl Into<String>) -> DataError {
    DataError::File { path: path.to_owned(), place, problem: problem.into(), advice: advice.into() }
}

/// What the system said when a file was opened or read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> DataError {
    fault(path, Place::Whole, format!("cannot be read: {error}"), "see that it is there and that you may read it")
}

/// What to do about a file that holds less or other than it should.
const FETCH_AGAIN: &str = "it is damaged or was cut short: fetch it again";
