//! Images in one folder per class, read from a folder or an archive.
//!
//! Classes are sorted by their names and images by their paths, so that a folder and its archive are the same dataset. All
//! pixels take one byte per channel. One channel is kept if all files are grey inside, or else there are three.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use super::archive::{Kind, visit};
use super::decode::{Decoded, LARGEST};
use super::folder::{self, Item};
use super::pool::{Decoders, too_large};
use super::tree::{Sort, arrange};
use super::{MEMORY, fault, unreadable};
use crate::data::{DataError, DataPlace, Dataset, Shape};
use crate::guard::file;

/// The file of one image may have so many bytes at most: 64 MiB.
const FILE: u64 = 64 << 20;

/// How images are to be read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reading {
    /// The side that all are brought to; none if all have one size already.
    pub(super) side: Option<u32>,
    /// What the decoded pixels may take, in bytes.
    pub(super) memory: u64,
    /// How many threads decode. The result does not depend on it.
    pub(super) threads: usize,
}

impl Reading {
    /// With 8 GiB of memory and all cores, 16 at most.
    pub(super) fn new(side: Option<u32>) -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get().min(16));
        Self { side, memory: MEMORY, threads }
    }
}

/// Reads a folder or an archive. Takes at most twice the memory of the dataset; besides, for each thread, 256 MiB for an
/// image in the making and up to three files as they are.
pub(super) fn load(path: &Path, name: &str, reading: Reading) -> Result<Dataset, DataError> {
    if let Some(side) = reading.side.filter(|side| !(1..=LARGEST).contains(side)) {
        let reason = format!("images of {side} x {side} pixels cannot be");
        let help = Some(format!("say an image size from 1 to {LARGEST}"));
        return Err(DataError::Invalid { name: name.to_owned(), reason, help });
    }
    let mut found = Found::default();
    let decoded = Decoders::run(path, reading, |decoders| {
        if path.is_dir() {
            let items = folder::list(path)?;
            found.in_folder(path, &items, decoders)
        } else {
            found.in_archive(path, decoders)
        }
    })?;
    assemble(path, name, &found, decoded, reading.memory)
}

/// What was seen on the way, in the order in which it came.
#[derive(Default)]
struct Found {
    images: Vec<String>,
    folders: Vec<String>,
    /// How many files are no images, and the first of them by name.
    ignored: usize,
    first_ignored: Option<String>,
}

impl Found {
    fn in_folder(&mut self, root: &Path, items: &[Item], decoders: &mut Decoders<'_>) -> Result<(), DataError> {
        for item in items {
            let kind = if item.is_folder { Kind::Folder } else { Kind::File };
            if self.is_wanted(root, &item.path, kind)? {
                let path = root.join(&item.path);
                let mut bytes = Vec::with_capacity(item.size.min(FILE) as usize);
                let file = file::open(&path).map_err(|e| unreadable(&path, &e))?;
                file.take(FILE + 1).read_to_end(&mut bytes).map_err(|e| unreadable(&path, &e))?;
                if decoders.add(&item.path, checked(root, &item.path, bytes)?)?.is_break() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn in_archive(&mut self, archive: &Path, decoders: &mut Decoders<'_>) -> Result<(), DataError> {
        visit(archive, |mut entry| {
            if !self.is_wanted(archive, &entry.path, entry.kind)? {
                return Ok(ControlFlow::Continue(()));
            }
            let bytes = entry.read_up_to(FILE + 1)?;
            decoders.add(&entry.path, checked(archive, &entry.path, bytes)?)
        })
    }

    /// Takes note of an entry, and says whether it is an image to be decoded.
    fn is_wanted(&mut self, origin: &Path, path: &str, kind: Kind) -> Result<bool, DataError> {
        let wrong =
            |problem: &str, advice: &str| Err(fault(origin, DataPlace::Entry(path.to_owned()), problem, advice));
        match (kind, Sort::of(path)) {
            (Kind::Folder, _) => self.folders.push(path.to_owned()),
            (_, Sort::Other) => {
                self.ignored += 1;
                if self.first_ignored.as_deref().is_none_or(|first| path < first) {
                    self.first_ignored = Some(path.to_owned());
                }
            }
            (Kind::Link, _) => {
                return wrong(
                    "is a link, and archives are not unpacked",
                    "pack the files themselves: tar --dereference",
                );
            }
            (Kind::File, Sort::Foreign) => {
                return wrong(
                    "is an image in a format that is not read",
                    "turn it into a PNG or JPEG, or move it away",
                );
            }
            (Kind::File, Sort::Image) => self.images.push(path.to_owned()),
        }
        Ok(kind == Kind::File && Sort::of(path) == Sort::Image)
    }
}

fn checked(origin: &Path, path: &str, bytes: Vec<u8>) -> Result<Vec<u8>, DataError> {
    if bytes.len() as u64 > FILE {
        let problem = format!("has more than {} MiB", FILE >> 20);
        return Err(fault(origin, DataPlace::Entry(path.to_owned()), problem, "make it smaller, or move it away"));
    }
    Ok(bytes)
}

/// Puts images side by side in the order of their classes and paths.
fn assemble(
    origin: &Path,
    name: &str,
    found: &Found,
    decoded: Vec<Decoded>,
    memory: u64,
) -> Result<Dataset, DataError> {
    let arranged = arrange(origin, &found.images, &found.folders)?;
    let channels = decoded.iter().map(|image| image.channels).max().unwrap_or(1);
    let (height, width) = decoded.first().map_or((0, 0), |image| (image.height, image.width));
    let shape = Shape { channels, height: height as usize, width: width as usize };
    let size = shape.len().saturating_mul(decoded.len());
    let mut pixels = Vec::new();
    if size as u64 > memory || pixels.try_reserve_exact(size).is_err() {
        return Err(too_large(origin, memory));
    }
    let mut decoded: Vec<Option<Decoded>> = decoded.into_iter().map(Some).collect();
    for image in arranged.order.iter().filter_map(|index| decoded[*index].take()) {
        for _ in 0..channels / image.channels {
            pixels.extend_from_slice(&image.pixels);
        }
    }
    let unseen = arranged.classes_without_a_part();
    let mut dataset = Dataset::from_bytes(name, shape, pixels, arranged.labels, arranged.classes.len())?
        .with_class_names(arranged.classes)?;
    if let Some(index) = arranged.test_from {
        dataset = dataset.with_test_from(index)?;
    }
    if let Some(index) = arranged.validation_from {
        dataset = dataset.with_validation_from(index)?;
    }
    dataset = arranged.otherwise.into_iter().fold(dataset, Dataset::read_otherwise_before);
    if let Some(first) = &found.first_ignored {
        let count = found.ignored;
        let files = if count == 1 {
            "1 file that is hidden or no image was".to_owned()
        } else {
            format!("{count} files that are hidden or no images were")
        };
        dataset = dataset.noted(format!("{files} left out, such as `{first}`"));
    }
    dataset = unseen.into_iter().fold(dataset, Dataset::noted);
    Ok(match arranged.note {
        Some(note) => dataset.noted(note),
        None => dataset,
    })
}

#[cfg(test)]
mod tests;
