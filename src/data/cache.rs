//! Decoded images, kept so that they are decoded once.
//!
//! A cached dataset is one file of about the size that it has in memory: 184 MB for CIFAR-10. Its name is a hash of the
//! path and the image size, so a source that has changed replaces its old file. It begins with 8 bytes of magic, the
//! length of a header, and the header in JSON. The labels in 4 bytes each, the pixels, and a checksum (XXH3) of all
//! this follow. Whatever is wrong with a file, it is as if there were none.

use std::fs::{self, File};
use std::hash::Hasher;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::loader::{folder, unreadable};
use super::{DataError, Dataset, Features, Shape};
use crate::disk::{create_folders, put_in_place};

const MAGIC: &[u8; 8] = b"WATTDAT\x01";

/// Changes whenever the same source would be decoded to other pixels.
const VERSION: u32 = 2;

/// Half-written files of processes that were killed are removed when they are as old as this.
const ABANDONED: Duration = Duration::from_secs(3600);

/// What a cached dataset was made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Key {
    path: String,
    side: Option<u32>,
    /// Bytes, of a folder those of all files.
    size: u64,
    /// When it was last written; of a folder, a hash of all paths, sizes and times.
    state: u128,
    version: u32,
}

impl Key {
    /// Looks at a folder or archive, but not into files.
    pub(super) fn of(path: &Path, side: Option<u32>) -> Result<Self, DataError> {
        let whole = fs::canonicalize(path).map_err(|e| unreadable(path, &e))?;
        let meta = fs::metadata(&whole).map_err(|e| unreadable(path, &e))?;
        let (size, state) = if meta.is_dir() {
            let items = folder::list(path)?;
            let mut hash = XxHash3_64::new();
            for item in &items {
                hash.write(format!("{}\0{}\0{}\0{}\n", item.path, item.is_folder, item.size, item.modified).as_bytes());
            }
            (items.iter().map(|item| item.size).sum(), u128::from(hash.finish()))
        } else {
            let modified = meta.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
            (meta.len(), modified.map_or(0, |since| since.as_nanos()))
        };
        Ok(Self { path: whole.to_string_lossy().into_owned(), side, size, state, version: VERSION })
    }

    fn file(&self) -> String {
        format!("{:016x}.bin", XxHash3_64::oneshot(format!("{}\0{:?}", self.path, self.side).as_bytes()))
    }
}

#[derive(Serialize, Deserialize)]
struct Header {
    key: Key,
    channels: usize,
    height: usize,
    width: usize,
    samples: usize,
    class_names: Vec<String>,
    validation_from: Option<usize>,
    test_from: Option<usize>,
    notes: Vec<String>,
    otherwise: Vec<String>,
}

impl Header {
    /// Bytes after the header: labels, pixels and checksum.
    fn rest(&self) -> Option<u64> {
        let shape = Shape { channels: self.channels, height: self.height, width: self.width };
        (self.samples as u64).checked_mul((shape.len() as u64).checked_add(4)?)?.checked_add(8)
    }
}

/// A folder of cached datasets.
pub(super) struct Cache(pub(super) PathBuf);

impl Cache {
    /// The dataset of this key, if it is there and whole.
    pub(super) fn read(&self, key: &Key, name: &str) -> Option<Dataset> {
        let file = File::open(self.0.join(key.file())).ok()?;
        let size = file.metadata().ok()?.len();
        let mut source = Hashed { inner: file, hash: XxHash3_64::new() };
        let mut start = [0; 16];
        source.read_exact(&mut start).ok()?;
        let (magic, length) = start.split_at(8);
        let length = u64::from_le_bytes(length.try_into().ok()?);
        if magic != MAGIC || length > size {
            return None;
        }
        let header: Header = serde_json::from_slice(&source.take_exactly(length)?).ok()?;
        if header.key != *key || header.rest()?.checked_add(16)?.checked_add(length)? != size {
            return None;
        }
        let labels = source.take_exactly(4 * header.samples as u64)?;
        let labels = labels.chunks_exact(4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
        let pixels = source.take_exactly(header.rest()? - 8 - 4 * header.samples as u64)?;
        let hash = source.hash.finish();
        if source.take_exactly(8)? != hash.to_le_bytes() {
            return None;
        }
        let Header { channels, height, width, class_names, validation_from, test_from, notes, otherwise, .. } = header;
        let shape = Shape { channels, height, width };
        let dataset = Dataset::from_bytes(name, shape, pixels, labels, class_names.len()).ok()?;
        let dataset = dataset.with_class_names(class_names).ok()?;
        let dataset = if let Some(index) = test_from { dataset.with_test_from(index).ok()? } else { dataset };
        let dataset = match validation_from {
            Some(index) => dataset.with_validation_from(index).ok()?,
            None => dataset,
        };
        let dataset = notes.into_iter().fold(dataset, Dataset::noted);
        Some(otherwise.into_iter().fold(dataset, Dataset::read_otherwise_before))
    }

    /// Keeps a dataset, if its features are bytes. It appears at once and whole, also beside other processes that do
    /// the same.
    pub(super) fn write(&self, key: &Key, dataset: &Dataset) -> io::Result<()> {
        let Features::Bytes(pixels) = dataset.features() else { return Ok(()) };
        create_folders(&self.0)?;
        self.remove_abandoned(&key.file());
        let Shape { channels, height, width } = dataset.shape();
        let header = Header {
            key: key.clone(),
            channels,
            height,
            width,
            samples: dataset.len(),
            class_names: dataset.class_names().to_vec(),
            validation_from: dataset.validation_from(),
            test_from: dataset.test_from(),
            notes: dataset.notes().to_vec(),
            otherwise: dataset.otherwise_before().to_vec(),
        };
        let header = serde_json::to_vec(&header)?;
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let unique = (std::process::id(), WRITTEN.fetch_add(1, Ordering::Relaxed));
        let temporary = self.0.join(format!("{}.{}-{}.tmp", key.file(), unique.0, unique.1));
        let written = (|| {
            let mut target = Hashed { inner: File::create_new(&temporary)?, hash: XxHash3_64::new() };
            target.put(MAGIC)?;
            target.put(&(header.len() as u64).to_le_bytes())?;
            target.put(&header)?;
            target.put(&dataset.labels().iter().flat_map(|l| l.to_le_bytes()).collect::<Vec<u8>>())?;
            target.put(pixels)?;
            target.put(&target.hash.finish().to_le_bytes())?;
            target.inner.sync_all()?;
            put_in_place(&temporary, &self.0.join(key.file()))
        })();
        if written.is_err() {
            // Whether or not it was there: what matters is the error that is passed on.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn remove_abandoned(&self, file: &str) {
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_old = || {
                let modified = entry.metadata().and_then(|m| m.modified()).ok();
                modified.and_then(|m| SystemTime::now().duration_since(m).ok()).is_some_and(|age| age > ABANDONED)
            };
            if name.starts_with(file) && name.ends_with(".tmp") && is_old() {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A file whose bytes are hashed on their way.
struct Hashed {
    inner: File,
    hash: XxHash3_64,
}

impl Hashed {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.write(bytes);
        self.inner.write_all(bytes)
    }

    fn read_exact(&mut self, bytes: &mut [u8]) -> io::Result<()> {
        self.inner.read_exact(bytes)?;
        self.hash.write(bytes);
        Ok(())
    }

    fn take_exactly(&mut self, length: u64) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(usize::try_from(length).ok()?).ok()?;
        (&self.inner).take(length).read_to_end(&mut bytes).ok()?;
        self.hash.write(&bytes);
        (bytes.len() as u64 == length).then_some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dataset(name: &str) -> Dataset {
        let shape = Shape { channels: 3, height: 1, width: 2 };
        let dataset = Dataset::from_bytes(name, shape, (0..24).collect(), vec![0, 1, 1, 0], 2).unwrap();
        let dataset = dataset.with_class_names(vec!["ä".to_owned(), "b".to_owned()]).unwrap();
        let dataset = dataset.with_test_from(3).unwrap().with_validation_from(2).unwrap();
        dataset.noted("one").noted("two").read_otherwise_before("three")
    }

    fn key() -> Key {
        Key { path: "/x/y.tar".to_owned(), side: Some(32), size: 5, state: u128::MAX, version: VERSION }
    }

    #[test]
    fn what_was_kept_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache(folder.path().join("cache"));
        assert_eq!(cache.read(&key(), "tiny"), None);
        cache.write(&key(), &dataset("tiny")).unwrap();
        assert_eq!(cache.read(&key(), "other name").unwrap(), dataset("other name"));
        let files: Vec<_> = fs::read_dir(&cache.0).unwrap().flatten().map(|e| e.file_name()).collect();
        assert_eq!(files, [&*key().file()]);
    }

    #[test]
    fn another_state_or_version_is_not_taken_and_another_size_lies_beside() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache(folder.path().to_owned());
        cache.write(&key(), &dataset("tiny")).unwrap();
        for other in [
            Key { state: 3, ..key() },
            Key { size: 6, ..key() },
            Key { version: VERSION + 1, ..key() },
            Key { side: None, ..key() },
            Key { path: "/x/z.tar".to_owned(), ..key() },
        ] {
            assert_eq!(cache.read(&other, "tiny"), None);
        }
        cache.write(&Key { side: None, ..key() }, &dataset("tiny")).unwrap();
        cache.write(&Key { state: 3, ..key() }, &dataset("tiny")).unwrap();
        assert_eq!(fs::read_dir(&cache.0).unwrap().count(), 2);
    }

    #[test]
    fn any_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache(folder.path().to_owned());
        cache.write(&key(), &dataset("tiny")).unwrap();
        let path = folder.path().join(key().file());
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 4;
            fs::write(&path, &damaged).unwrap();
            assert_eq!(cache.read(&key(), "tiny"), None, "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(cache.read(&key(), "tiny"), None, "{at} bytes");
        }
        cache.write(&key(), &dataset("tiny")).unwrap();
        assert!(cache.read(&key(), "tiny").is_some());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_an_error_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), b"").unwrap();
        assert!(Cache(folder.path().join("file")).write(&key(), &dataset("tiny")).is_err());
    }

    #[test]
    fn a_folder_is_known_by_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        fs::write(folder.path().join("a/1.png"), b"1").unwrap();
        let before = Key::of(folder.path(), None).unwrap();
        assert_eq!(before, Key::of(folder.path(), None).unwrap());
        fs::write(folder.path().join("a/2.png"), b"").unwrap();
        assert_ne!(before, Key::of(folder.path(), None).unwrap());
        assert!(Key::of(&folder.path().join("nowhere"), None).unwrap_err().to_string().contains("nowhere: cannot be"));
    }
}
