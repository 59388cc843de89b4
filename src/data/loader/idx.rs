//! The IDX format of MNIST and its look-alikes: a magic number, sizes, and then bytes.
//!
//! Described at the end of <http://yann.lecun.com/exdb/mnist/>: two zeros, the type (8 for bytes), the number of
//! dimensions, each dimension as a big-endian number of 32 bits, and the data.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::stream::Stream;
use super::{FETCH_AGAIN, MEMORY, fault};
use crate::data::{DataError, DataPlace, Dataset, Shape};

const BYTES: u8 = 8;

/// Where files of a part may lie.
const TRAIN: [&str; 2] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];
const TEST: [&str; 2] = ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// The file of this name in a folder: also with a dot for the second dash, and also compressed.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let dotted = name.replace("-idx", ".idx");
    let names = [name.to_owned(), dotted.clone(), format!("{name}.gz"), format!("{dotted}.gz")];
    names.iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Whether a folder holds such data.
pub(super) fn is_in(folder: &Path) -> bool {
    TRAIN.iter().chain(&TEST).any(|name| find(folder, name).is_some())
}

/// Reads the training part and, if it is there, the test part. Takes the memory of the dataset, and while labels are
/// read, theirs twice.
pub(super) fn load(folder: &Path, name: &str) -> Result<Dataset, DataError> {
    let file = |name: &str| {
        find(folder, name).ok_or_else(|| {
            let advice = format!("put it there, as it is or as {name}.gz");
            fault(folder, DataPlace::Whole, format!("there is no {name}"), advice)
        })
    };
    let (shape, mut pixels, mut labels) = part(&file(TRAIN[0])?, &file(TRAIN[1])?, MEMORY)?;
    let train = labels.len();
    let test = find(folder, TEST[0]).is_some() || find(folder, TEST[1]).is_some();
    if test {
        let path = file(TEST[0])?;
        let (test_shape, test_pixels, test_labels) = part(&path, &file(TEST[1])?, MEMORY - pixels.len() as u64)?;
        if test_shape != shape {
            let sizes =
                format!("{} x {} and not {} x {}", test_shape.height, test_shape.width, shape.height, shape.width);
            let problem = format!("images of the test are {sizes} as those for training");
            return Err(fault(&path, DataPlace::Offset(8), problem, "use files that belong together"));
        }
        pixels.extend_from_slice(&test_pixels);
        labels.extend(test_labels);
    }
    let classes = labels.iter().max().map_or(0, |most| *most as usize + 1);
    let dataset = Dataset::from_bytes(name, shape, pixels, labels, classes)?;
    if test { dataset.with_test_from(train) } else { Ok(dataset) }
}

type Part = (Shape, Vec<u8>, Vec<u32>);

fn part(images: &Path, labels: &Path, memory: u64) -> Result<Part, DataError> {
    let (dimensions, pixels) = read(images, 3, memory)?;
    let (labels_dimensions, classes) = read(labels, 1, memory)?;
    if labels_dimensions[0] != dimensions[0] {
        let problem = format!("{} labels do not fit {} images", labels_dimensions[0], dimensions[0]);
        return Err(fault(labels, DataPlace::Offset(4), problem, "use files that belong together"));
    }
    let shape = Shape { channels: 1, height: dimensions[1] as usize, width: dimensions[2] as usize };
    Ok((shape, pixels, classes.into_iter().map(u32::from).collect()))
}

/// The sizes and the bytes of a file that should have so many dimensions.
fn read(path: &Path, dimensions: u8, memory: u64) -> Result<(Vec<u32>, Vec<u8>), DataError> {
    let mut stream = Stream::open(path)?;
    let header = stream.read_up_to(4 + 4 * u64::from(dimensions))?;
    let kind = if dimensions == 3 { "images" } else { "labels" };
    if header.get(..4).is_some_and(|magic| *magic != [0, 0, BYTES, dimensions]) {
        let problem = format!("is not an IDX file of {kind}: it begins with {:02x?}", &header[..4]);
        return Err(fault(path, DataPlace::Offset(0), problem, format!("see that it is the file of {kind}, in bytes")));
    }
    let cut =
        |has: u64, of: u64| fault(path, DataPlace::Offset(has), format!("ends here, before {of} bytes"), FETCH_AGAIN);
    if header.len() < 4 + 4 * usize::from(dimensions) {
        return Err(cut(header.len() as u64, 4 + 4 * u64::from(dimensions)));
    }
    let sizes: Vec<u32> = header[4..].chunks_exact(4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]])).collect();
    let count = sizes.iter().try_fold(1_u64, |product, size| product.checked_mul(u64::from(*size)));
    let Some(count) = count.filter(|count| *count <= memory) else {
        let problem = format!("sizes of {sizes:?} are more than {} GiB", MEMORY >> 30);
        return Err(fault(path, DataPlace::Offset(4), problem, "see that it is an IDX file, and take fewer images"));
    };
    let bytes = stream.read_up_to(count)?;
    if (bytes.len() as u64) < count {
        return Err(cut(header.len() as u64 + bytes.len() as u64, header.len() as u64 + count));
    }
    match stream.read(&mut [0]) {
        Ok(0) => Ok((sizes, bytes)),
        Ok(_) => {
            let problem = format!("goes on after the {count} bytes that it says it has");
            Err(fault(path, DataPlace::Offset(header.len() as u64 + count), problem, FETCH_AGAIN))
        }
        Err(error) => Err(stream.broken(&error)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::data::testing::gzip;
    use crate::data::testing::said;

    fn idx(dimensions: &[u32], bytes: &[u8]) -> Vec<u8> {
        let mut file = vec![0, 0, 8, dimensions.len() as u8];
        file.extend(dimensions.iter().flat_map(|d| d.to_be_bytes()));
        file.extend(bytes);
        file
    }

    /// Four images of 2 x 3 for training and two for the test, in all spellings.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
        let pixels: Vec<u8> = (0..24).collect();
        write("train-images-idx3-ubyte", &idx(&[4, 2, 3], &pixels));
        write("train-labels.idx1-ubyte", &idx(&[4], &[0, 2, 1, 0]));
        write("t10k-images.idx3-ubyte.gz", &gzip(&idx(&[2, 2, 3], &pixels[6..18])));
        write("t10k-labels-idx1-ubyte.gz", &gzip(&idx(&[2], &[1, 2])));
        folder
    }

    fn error(folder: &tempfile::TempDir) -> String {
        said(&load(folder.path(), "tiny").unwrap_err())
    }

    #[test]
    fn both_parts_are_read_in_all_spellings() {
        let folder = folder();
        assert!(is_in(folder.path()));
        let tiny = load(folder.path(), "tiny").unwrap();
        assert_eq!((tiny.len(), tiny.classes(), tiny.test_from()), (6, 3, Some(4)));
        assert_eq!(tiny.shape(), Shape { channels: 1, height: 2, width: 3 });
        assert_eq!(tiny.labels(), [0, 2, 1, 0, 1, 2]);
        let pixels: Vec<u8> = (0..24).chain(6..18).collect();
        assert_eq!(*tiny.features(), crate::data::Features::Bytes(pixels));
    }

    #[test]
    fn the_test_part_may_be_missing_but_not_half_of_it() {
        let folder = folder();
        fs::remove_file(folder.path().join("t10k-labels-idx1-ubyte.gz")).unwrap();
        assert!(error(&folder).contains("there is no t10k-labels-idx1-ubyte; put it there"));
        fs::remove_file(folder.path().join("t10k-images.idx3-ubyte.gz")).unwrap();
        assert_eq!(load(folder.path(), "tiny").unwrap().test_from(), None);
    }

    #[test]
    fn wrong_files_are_answered() {
        let folder = folder();
        let write = |bytes: &[u8]| fs::write(folder.path().join("train-images-idx3-ubyte"), bytes).unwrap();
        let pixels = [0; 24];
        let whole = idx(&[4, 2, 3], &pixels);
        for (bytes, expected) in [
            (&whole[..30], "byte 30: ends here, before 40 bytes; it is damaged"),
            (&whole[..9], "byte 9: ends here, before 16 bytes"),
            (&[], "byte 0: ends here"),
            (&[&whole[..], &[0]].concat(), "byte 40: goes on after the 24 bytes"),
            (&idx(&[4], &[0; 4]), "is not an IDX file of images: it begins with [00, 00, 08, 01]"),
            (&idx(&[3, 2, 3], &[0; 18]), "4 labels do not fit 3 images"),
            (&idx(&[u32::MAX; 3], &[]), "are more than 8 GiB"),
            (&idx(&[1 << 20, 1 << 10, 8], &pixels), "ends here, before 8589934608 bytes"),
            (&idx(&[0, 2, 3], &[]), "4 labels do not fit 0 images"),
            (&idx(&[4, 3, 2], &pixels), "images of the test are 2 x 3 and not 3 x 2"),
            (&gzip(&whole)[..20], "cannot be read on from here"),
        ] {
            write(bytes);
            let error = error(&folder);
            assert!(error.contains(expected) && error.contains("ubyte"), "{error}");
        }
    }
}
