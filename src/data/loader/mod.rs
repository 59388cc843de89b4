//! Readers of the formats that data sets come in. Nothing is unpacked to the disk, and no file is trusted: what it says
//! of its size is believed only as far as bytes follow.

mod archive;
mod cifar;
mod columns;
mod decode;
pub(super) mod folder;
mod idx;
mod images;
mod odd;
mod parts;
mod pool;
mod rows;
mod stream;
mod table;
mod table_notes;
mod table_parts;
mod tree;

use std::ops::ControlFlow;
use std::path::Path;

use super::{DataError, DataPlace, DataSource, Dataset};

/// What a folder or file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Idx,
    Cifar,
    Images,
    Table,
    /// A table for each part of the data.
    Tables,
}

impl Format {
    /// Told by the names of a folder's or archive's files, or by a file's own.
    pub(super) fn of(path: &Path) -> Result<Self, DataError> {
        if std::fs::metadata(path).map_err(|e| unreadable(path, &e))?.is_dir() {
            return Ok(match () {
                () if idx::is_in(path) => Self::Idx,
                () if cifar::is_in(path) => Self::Cifar,
                () if table_parts::is_in(path) => Self::Tables,
                () => Self::Images,
            });
        }
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if rows::is_table(&name) {
            return Ok(Self::Table);
        }
        if !archive::is_archive(&name) {
            let advice = "use a folder, a .tar, .tar.gz or .tar.zst, or a table as .csv or .tsv";
            return Err(fault(path, DataPlace::Whole, "is in no format that is read", advice));
        }
        let mut format = Self::Images;
        archive::visit(path, |entry| {
            let is_cifar = cifar::is_file_of(entry.path.rsplit('/').next().unwrap_or_default());
            if is_cifar {
                format = Self::Cifar;
            }
            let is_known = is_cifar || tree::Sort::of(&entry.path) == tree::Sort::Image;
            Ok(if is_known { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(format)
    }
}

/// Reads data of this format.
pub(super) fn load(path: &Path, format: Format, source: &DataSource) -> Result<Dataset, DataError> {
    let name = source.dataset.as_str();
    match format {
        Format::Idx => idx::load(path, name),
        Format::Cifar => cifar::load(path, name),
        Format::Images => images::load(path, name, images::Reading::new(source.image_size)),
        Format::Table => {
            let dataset = table::load(path, name, source.label.as_deref(), source.task)?;
            Ok(match table_parts::beside(path) {
                Some(note) => dataset.noted(note),
                None => dataset,
            })
        }
        Format::Tables => table::load_files(&table_parts::of_folder(path)?, name, source.label.as_deref(), source.task),
    }
}

/// A dataset may take so many bytes of memory at most, 8 GiB: its features, decoded.
pub(super) const MEMORY: u64 = 8 << 30;

pub(super) fn fault(path: &Path, place: DataPlace, problem: impl Into<String>, help: impl Into<String>) -> DataError {
    DataError::File { path: path.to_owned(), place, problem: problem.into(), help: help.into() }
}

/// What the system said when a file was opened or read.
pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> DataError {
    fault(path, DataPlace::Whole, format!("cannot be read: {error}"), "see that it is there and that you may read it")
}

/// What to do about a file that holds less or other than it should.
const FETCH_AGAIN: &str = "it is damaged or was cut short: fetch it again";
