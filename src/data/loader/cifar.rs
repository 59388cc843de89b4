//! The binary versions of CIFAR-10 and CIFAR-100, in a folder or in the publisher's archive.
//!
//! As <https://www.cs.toronto.edu/~kriz/cifar.html> describes them: an image is one byte for its class and 3,072 bytes
//! for 32 x 32 pixels, red, green and then blue. CIFAR-100 has two bytes for the class, the coarse one before the fine
//! one.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::archive::{Kind, visit};
use super::stream::Stream;
use super::{FETCH_AGAIN, MEMORY, fault};
use crate::data::{DataError, DataPlace, Dataset, Shape};

const SHAPE: Shape = Shape { channels: 3, height: 32, width: 32 };
const PIXELS: usize = 3 * 32 * 32;

/// Which of the two, and what its files are called.
struct Layout {
    train: &'static [&'static str],
    test: &'static str,
    names: &'static str,
    /// Bytes before the pixels, of which the last is the class.
    labels: usize,
    classes: usize,
}

const TEN: Layout = Layout {
    train: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
    test: "test_batch.bin",
    names: "batches.meta.txt",
    labels: 1,
    classes: 10,
};

const HUNDRED: Layout =
    Layout { train: &["train.bin"], test: "test.bin", names: "fine_label_names.txt", labels: 2, classes: 100 };

impl Layout {
    fn of(name: &str) -> Option<&'static Self> {
        [&TEN, &HUNDRED].into_iter().find(|layout| layout.train.contains(&name) || layout.test == name)
    }

    fn files(&self) -> impl Iterator<Item = &'static str> {
        self.train.iter().copied().chain([self.test])
    }
}

/// Whether this is the name of a file of such data.
pub(super) fn is_file_of(name: &str) -> bool {
    Layout::of(name).is_some()
}

/// What the publisher calls the folders in the archives.
const FOLDERS: [&str; 2] = ["cifar-10-batches-bin", "cifar-100-binary"];

/// The folder itself, or one that the archive was unpacked to within it.
fn home(folder: &Path) -> Option<PathBuf> {
    let within = FOLDERS.iter().map(|name| folder.join(name));
    let is_home = |folder: &PathBuf| [&TEN, &HUNDRED].iter().any(|layout| folder.join(layout.train[0]).is_file());
    [folder.to_owned()].into_iter().chain(within).find(is_home)
}

/// Whether a folder holds such data.
pub(super) fn is_in(folder: &Path) -> bool {
    home(folder).is_some()
}

/// Reads a folder or an archive. Takes the memory of the dataset, 184 MB, at most twice.
pub(super) fn load(path: &Path, name: &str) -> Result<Dataset, DataError> {
    let mut files =
        if path.is_dir() { from_folder(&home(path).unwrap_or_else(|| path.to_owned()))? } else { from_archive(path)? };
    let Some(layout) = files.keys().find_map(|name| Layout::of(name)) else {
        return Err(missing(path, TEN.train[0]));
    };
    let (mut labels, mut pixels, mut test_from) = (Vec::new(), Vec::new(), 0);
    for file in layout.files() {
        let bytes = files.remove(file).ok_or_else(|| missing(path, file))?;
        test_from = labels.len();
        append(&bytes, layout, &mut labels, &mut pixels).map_err(|(at, problem)| {
            let problem = format!("byte {at}: {problem}");
            fault(path, DataPlace::Entry(file.to_owned()), problem, FETCH_AGAIN)
        })?;
    }
    let dataset = Dataset::from_bytes(name, SHAPE, pixels, labels, layout.classes)?.with_test_from(test_from)?;
    match files.remove(layout.names) {
        Some(text) => dataset.with_class_names(class_names(path, layout, &text)?),
        None => Ok(dataset),
    }
}

fn missing(path: &Path, file: &str) -> DataError {
    fault(path, DataPlace::Whole, format!("there is no {file}"), "the data are not complete: fetch them again")
}

type Files = BTreeMap<String, Vec<u8>>;

fn from_folder(folder: &Path) -> Result<Files, DataError> {
    let mut files = Files::new();
    let layout = if folder.join(TEN.train[0]).is_file() { &TEN } else { &HUNDRED };
    for name in layout.files().chain([layout.names]) {
        let path = folder.join(name);
        if path.is_file() {
            files.insert(name.to_owned(), Stream::open(&path)?.read_up_to(MEMORY)?);
        }
    }
    Ok(files)
}

fn from_archive(path: &Path) -> Result<Files, DataError> {
    let (mut files, mut room) = (Files::new(), MEMORY);
    visit(path, |mut entry| {
        let name = entry.path.rsplit('/').next().unwrap_or_default().to_owned();
        let wanted = Layout::of(&name).is_some() || [TEN.names, HUNDRED.names].contains(&name.as_str());
        if wanted && entry.kind == Kind::File {
            let bytes = entry.read_up_to(room)?;
            room -= bytes.len() as u64;
            if files.insert(name.clone(), bytes).is_some() {
                let advice = "pack one data set in one archive, and each file once";
                return Err(fault(path, DataPlace::Entry(entry.path), format!("there is another {name}"), advice));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(files)
}

/// Adds the images of one file; if they are wrong, says at which byte and in which way.
fn append(bytes: &[u8], layout: &Layout, labels: &mut Vec<u32>, pixels: &mut Vec<u8>) -> Result<(), (usize, String)> {
    let record = layout.labels + PIXELS;
    if bytes.is_empty() || !bytes.len().is_multiple_of(record) {
        return Err((bytes.len(), format!("the file ends here, not after a whole number of images of {record} bytes")));
    }
    pixels.reserve_exact(bytes.len() / record * PIXELS);
    for (index, image) in bytes.chunks_exact(record).enumerate() {
        let label = image[layout.labels - 1];
        if usize::from(label) >= layout.classes {
            let at = index * record + layout.labels - 1;
            return Err((at, format!("image {index} is of class {label}, but there are {} classes", layout.classes)));
        }
        labels.push(u32::from(label));
        pixels.extend_from_slice(&image[layout.labels..]);
    }
    Ok(())
}

fn class_names(path: &Path, layout: &Layout, text: &[u8]) -> Result<Vec<String>, DataError> {
    let text = String::from_utf8_lossy(text);
    let names: Vec<String> = text.lines().map(str::trim).filter(|l| !l.is_empty()).map(str::to_owned).collect();
    if names.len() != layout.classes {
        let problem = format!("has {} names for {} classes", names.len(), layout.classes);
        return Err(fault(path, DataPlace::Entry(layout.names.to_owned()), problem, "mend it, or leave it out"));
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::data::Features;
    use crate::data::testing::said;
    use crate::data::testing::{Tar, gzip};

    /// A record: labels, and 3,072 times the same pixel.
    fn record(labels: &[u8], pixel: u8) -> Vec<u8> {
        [labels, &[pixel; PIXELS]].concat()
    }

    fn ten() -> Vec<(String, Vec<u8>)> {
        let names: String = (0..10).map(|i| format!("class{i}\n")).chain(["\n".to_owned()]).collect();
        let batch = |i: u8| (format!("data_batch_{i}.bin"), [record(&[i], i), record(&[9 - i], 10 + i)].concat());
        // Not in order, as in the publisher's archive.
        let mut files: Vec<_> = [4, 1, 5, 2, 3].map(batch).into();
        files.push(("test_batch.bin".to_owned(), record(&[0], 200)));
        files.push(("batches.meta.txt".to_owned(), names.into_bytes()));
        files
    }

    fn hundred() -> Vec<(String, Vec<u8>)> {
        let names: String = (0..100).map(|i| format!("fine{i}\n")).collect();
        vec![
            ("train.bin".to_owned(), [record(&[19, 99], 1), record(&[0, 7], 2)].concat()),
            ("test.bin".to_owned(), record(&[3, 50], 3)),
            ("fine_label_names.txt".to_owned(), names.into_bytes()),
            ("coarse_label_names.txt".to_owned(), b"x\n".to_vec()),
        ]
    }

    fn write(files: &[(String, Vec<u8>)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        folder
    }

    fn archive(files: &[(String, Vec<u8>)]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let tar = files
            .iter()
            .fold(Tar::new().folder("cifar/"), |tar, (name, bytes)| tar.file(&format!("cifar/{name}"), bytes));
        let path = folder.path().join("cifar.tar.gz");
        fs::write(&path, gzip(&tar.bytes())).unwrap();
        (folder, path)
    }

    #[test]
    fn cifar_10_is_read_batch_after_batch() {
        let folder = write(&ten());
        assert!(is_in(folder.path()));
        let data = load(folder.path(), "cifar10").unwrap();
        assert_eq!((data.len(), data.classes(), data.test_from()), (11, 10, Some(10)));
        assert_eq!(data.labels(), [1, 8, 2, 7, 3, 6, 4, 5, 5, 4, 0]);
        assert_eq!(data.class_names()[9], "class9");
        let Features::Bytes(pixels) = data.features() else { panic!("images are bytes") };
        assert_eq!((pixels.len(), pixels[0], pixels[PIXELS], pixels[10 * PIXELS]), (11 * PIXELS, 1, 11, 200));
        let (_folder, path) = archive(&ten());
        assert!(load(&path, "cifar10").unwrap() == data);
    }

    #[test]
    fn cifar_100_is_read_by_its_fine_classes() {
        let folder = write(&hundred());
        assert!(is_in(folder.path()));
        let data = load(folder.path(), "cifar100").unwrap();
        assert_eq!((data.labels(), data.classes(), data.test_from()), (&[99, 7, 50][..], 100, Some(2)));
        assert_eq!(data.class_names()[50], "fine50");
        let (_folder, path) = archive(&hundred());
        assert!(load(&path, "cifar100").unwrap() == data);
    }

    #[test]
    fn wrong_files_are_answered() {
        let with = |at: usize, bytes: Vec<u8>| {
            let mut files = ten();
            files[at].1 = bytes;
            said(&load(write(&files).path(), "cifar10").unwrap_err())
        };
        let error = with(1, [record(&[1], 1), record(&[10], 2)].concat());
        assert!(error.contains("`data_batch_1.bin`: byte 3073: image 1 is of class 10"), "{error}");
        let error = with(5, vec![0; 3000]);
        assert!(error.contains("`test_batch.bin`: byte 3000: the file ends here"), "{error}");
        assert!(with(5, vec![]).contains("byte 0: the file ends here"));
        let error = with(6, b"a\nb\n".to_vec());
        assert!(error.contains("`batches.meta.txt`: has 2 names for 10 classes; mend it"), "{error}");
        let mut files = ten();
        files.remove(4);
        let (_folder, path) = archive(&files);
        assert!(said(&load(&path, "cifar10").unwrap_err()).contains("there is no data_batch_3.bin"));
        files.push(files[0].clone());
        let (_folder, path) = archive(&files);
        assert!(said(&load(&path, "cifar10").unwrap_err()).contains("there is another data_batch_4.bin"));
    }
}
