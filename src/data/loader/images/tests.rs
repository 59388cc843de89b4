use std::fs;

use super::*;
use crate::data::Features;
use crate::data::testing::said;
use crate::data::testing::{Tar, grey_png, gzip, jpeg, png, zstd};

/// Two classes with two images for training and one for the test each, all of another shade.
fn files() -> Vec<(String, Vec<u8>)> {
    let shade = |value: u8| png(3, 2, move |x, y| [value, x as u8, y as u8]);
    let mut files = vec![("README.txt".to_owned(), b"about".to_vec())];
    for (value, path) in (1..).zip([
        "train/b/2.png",
        "train/b/10.png",
        "train/a/1.png",
        "test/b/9.png",
        "test/a/9.png",
        "train/a/x/0.png",
    ]) {
        files.push((path.to_owned(), shade(value)));
    }
    files
}

fn folder(files: &[(String, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn tar(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    files.iter().fold(Tar::new(), |tar, (path, bytes)| tar.file(path, bytes)).bytes()
}

fn reading(side: Option<u32>, threads: usize) -> Reading {
    Reading { side, memory: 1 << 20, threads }
}

fn from_archive(bytes: &[u8], reading: Reading) -> Result<Dataset, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("images.tar");
    fs::write(&path, bytes).unwrap();
    load(&path, "tiny", reading).map_err(|e| said(&e))
}

#[test]
fn folders_and_archives_are_the_same_dataset() {
    let files = files();
    let data = load(folder(&files).path(), "tiny", reading(None, 2)).unwrap();
    assert_eq!(data.shape(), Shape { channels: 3, height: 2, width: 3 });
    assert_eq!((data.class_names(), data.test_from()), (&["a".to_owned(), "b".to_owned()][..], Some(4)));
    assert_eq!(data.labels(), [0, 0, 1, 1, 0, 1]);
    let Features::Bytes(pixels) = data.features() else { panic!("images are bytes") };
    // The first channel tells which file it is: sorted by path within the class, `10` before `2`.
    let shades: Vec<u8> = pixels.chunks(18).map(|image| image[0]).collect();
    assert_eq!(shades, [3, 6, 2, 1, 5, 4]);
    assert_eq!(pixels[..18], [3, 3, 3, 3, 3, 3, 0, 1, 2, 0, 1, 2, 0, 0, 0, 1, 1, 1]);
    assert_eq!(data.notes(), ["1 file that is hidden or no image was left out, such as `README.txt`"]);
    let reversed: Vec<_> = files.iter().rev().cloned().collect();
    for bytes in [tar(&files), tar(&reversed), gzip(&tar(&files)), zstd(&tar(&reversed))] {
        for threads in [1, 3] {
            assert!(from_archive(&bytes, reading(None, threads)).unwrap() == data);
        }
    }
}

#[test]
fn grey_stays_grey_only_if_all_are() {
    let grey = |value: u8| grey_png(2, 2, move |_, _| value);
    let mut files = vec![("a/1.png".to_owned(), grey(1)), ("b/1.png".to_owned(), grey(2))];
    let data = from_archive(&tar(&files), reading(None, 2)).unwrap();
    assert_eq!((data.shape().channels, data.features()), (1, &Features::Bytes(vec![1, 1, 1, 1, 2, 2, 2, 2])));
    files.push(("b/2.png".to_owned(), png(2, 2, |_, _| [3, 4, 5])));
    let data = from_archive(&tar(&files), reading(None, 2)).unwrap();
    let Features::Bytes(pixels) = data.features() else { panic!("images are bytes") };
    assert_eq!((data.shape().channels, &pixels[..12]), (3, &[1; 12][..]));
    assert_eq!(pixels[24..], [3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5]);
}

#[test]
fn sizes_must_be_one_or_be_said() {
    let mut files = files();
    files.push(("train/a/z.jpg".to_owned(), jpeg(8, 8, |_, _| [9; 3])));
    files.push(("train/b/z.jpg".to_owned(), jpeg(4, 4, |_, _| [9; 3])));
    for threads in [1, 4] {
        let error = from_archive(&tar(&files), reading(None, threads)).unwrap_err();
        let expected = "`train/a/z.jpg`: is 8 x 8 pixels, but `train/b/2.png` is 3 x 2; say an image size";
        assert!(error.contains(expected), "{error}");
    }
    let data = from_archive(&tar(&files), reading(Some(4), 2)).unwrap();
    assert_eq!((data.shape(), data.len()), (Shape { channels: 3, height: 4, width: 4 }, 8));
    for side in [0, 4097] {
        let error = from_archive(&tar(&files), reading(Some(side), 2)).unwrap_err();
        assert!(error.contains("an image size from 1 to 4096"), "{error}");
    }
}

#[test]
fn the_first_broken_image_is_named_at_any_number_of_threads() {
    let mut files: Vec<_> = (0..60).map(|i| (format!("c{}/{i:02}.png", i % 2), grey_png(1, 1, |_, _| 9))).collect();
    for broken in [20, 21, 50] {
        files[broken].1.truncate(40);
    }
    for threads in [1, 2, 8] {
        let error = from_archive(&tar(&files), reading(None, threads)).unwrap_err();
        assert!(error.contains("`c0/20.png`: cannot be decoded") && error.contains("mend it"), "{error}");
    }
    let bytes = tar(&files);
    let error = from_archive(&bytes[..bytes.len() - 3000], reading(None, 2)).unwrap_err();
    assert!(error.contains("`c0/20.png`"), "a broken image comes before a broken end: {error}");
    files[0].1.truncate(10);
    assert!(from_archive(&tar(&files), reading(None, 2)).unwrap_err().contains("`c0/00.png`: cannot be decoded"));
}

#[test]
fn too_much_memory_is_refused() {
    let files: Vec<_> = (0..8).map(|i| (format!("c{}/{i}.png", i % 2), grey_png(4, 4, |_, _| 9))).collect();
    let limited = |memory| from_archive(&tar(&files), Reading { side: None, memory, threads: 2 });
    assert!(limited(128).is_ok());
    assert!(limited(127).unwrap_err().contains("more than 127 bytes of memory once they are decoded"));
    // One image in colour makes three channels of all.
    let mut files = files;
    files.push(("c1/9.png".to_owned(), png(4, 4, |_, _| [1, 2, 3])));
    let reading = Reading { side: None, memory: 300, threads: 2 };
    assert!(from_archive(&tar(&files), reading).unwrap_err().contains("more than 300 bytes"));
}

#[test]
fn links_and_other_formats_are_refused_and_hidden_files_are_not() {
    let tar = || Tar::new().file("a/1.png", &grey_png(1, 1, |_, _| 1)).file("b/1.png", &grey_png(1, 1, |_, _| 2));
    let read = |tar: Tar| from_archive(&tar.bytes(), reading(None, 2));
    assert_eq!(read(tar().file("a/._1.png", b"x").link("a/latest", "1.png")).unwrap().len(), 2);
    assert!(read(tar().link("b/2.png", "1.png")).unwrap_err().contains("`b/2.png`: is a link"));
    assert!(read(tar().file("b/2.webp", b"x")).unwrap_err().contains("`b/2.webp`: is an image in a format"));
    assert!(read(tar().folder("c/")).unwrap_err().contains("`c`: is the folder of a class"));
    assert!(read(tar().file("a/1.png", &grey_png(1, 1, |_, _| 1))).unwrap_err().contains("`a/1.png`: is there twice"));
    assert!(read(Tar::new().file("a.txt", b"x")).unwrap_err().contains("holds no PNG or JPEG images"));
}

#[test]
fn an_archive_may_be_packed_from_within_its_folder_or_around_it() {
    let files = files();
    let expected = load(folder(&files).path(), "tiny", reading(None, 2)).unwrap();
    // `tar c .` names the folder itself, and each path begins with `./`.
    let within = |tar: Tar| files.iter().fold(tar, |tar, (path, bytes)| tar.file(&format!("./{path}"), bytes));
    let folders = || Tar::new().folder("./").folder("./train/").folder("./train/a/").folder("./test/");
    for tar in [within(Tar::new()), within(folders()), within(Tar::new().folder("."))] {
        assert!(from_archive(&tar.bytes(), reading(None, 2)).unwrap() == expected);
    }
    let around = files.iter().fold(Tar::new().folder("top/"), |tar, (path, bytes)| {
        tar.file(&format!("top/{}", if path == "README.txt" { "x/README.txt" } else { path }), bytes)
    });
    let read = from_archive(&around.bytes(), reading(None, 2)).unwrap();
    assert_eq!((read.labels(), read.test_from()), (expected.labels(), expected.test_from()));
}

#[test]
fn what_packers_leave_is_passed_over_and_told() {
    let grey = |value: u8| grey_png(2, 2, move |_, _| value);
    let pax = b"30 mtime=1700000000.123456789\n";
    let tar = Tar::new()
        .special(tar::EntryType::XGlobalHeader, pax)
        .folder("./")
        .folder("./__MACOSX/")
        .file("./__MACOSX/._a", b"x")
        .file("./.DS_Store", b"x")
        .file("./a/._1.png", b"x")
        .special(tar::EntryType::XHeader, pax)
        .file("./a/1.png", &grey(1))
        .file("./b/1.png", &grey(2));
    let data = from_archive(&tar.bytes(), reading(None, 2)).unwrap();
    assert_eq!((data.len(), data.class_names()), (2, &["a".to_owned(), "b".to_owned()][..]));
    assert_eq!(data.notes(), ["3 files that are hidden or no images were left out, such as `.DS_Store`"]);
}

#[test]
fn a_folder_for_validation_is_validated_on() {
    let grey = |value: u8| grey_png(2, 2, move |_, _| value);
    let paths = ["train/a/1.png", "train/b/1.png", "val/a/2.png", "val/b/2.png", "test/a/3.png"];
    let files: Vec<_> = (1..).zip(paths).map(|(value, path)| (path.to_owned(), grey(value))).collect();
    let data = from_archive(&tar(&files), reading(None, 2)).unwrap();
    assert_eq!((data.validation_from(), data.test_from()), (Some(2), Some(4)));
    assert_eq!(data.features(), &Features::Bytes((1..=5).flat_map(|value| [value; 4]).collect()));
    assert_eq!(data.otherwise_before().len(), 1, "studies that trained on it do not go on");
}
