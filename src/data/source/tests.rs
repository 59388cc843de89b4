use std::collections::BTreeMap;

use super::*;
use crate::data::testing::said;
use crate::data::testing::{Tar, grey_png, zstd};
use crate::data::{Partition, Shape, Split};

fn images(shade: u8) -> Vec<u8> {
    let image = |value: u8| grey_png(2, 2, move |_, _| value);
    let tar = Tar::new().file("a/1.png", &image(shade)).file("b/1.png", &image(2)).file("b/2.png", &image(3));
    zstd(&tar.bytes())
}

/// A data folder with a table, an archive and a folder.
fn home() -> (tempfile::TempDir, DataFolder) {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("pets.csv"), "size,kind\n1,cat\n2,dog\n3,cat\n").unwrap();
    fs::write(home.path().join("dots.tar.zst"), images(1)).unwrap();
    for class in ["cats", "dogs"] {
        fs::create_dir_all(home.path().join("photos").join(class)).unwrap();
        fs::write(home.path().join("photos").join(class).join("1.png"), grey_png(2, 2, |_, _| 9)).unwrap();
    }
    let folder = DataFolder::new(home.path());
    (home, folder)
}

fn error(source: &DataSource, folder: Option<&DataFolder>) -> String {
    said(&open(source, folder).unwrap_err())
}

#[test]
fn the_environment_says_where_the_data_folder_is() {
    let of = |pairs: &[(&str, &str)]| {
        let map: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        DataFolder::of(|name| map.get(name).cloned()).map(|f| f.path().display().to_string())
    };
    let (own, cache, home) = (("WATTFRONT_DATA", "d"), ("XDG_CACHE_HOME", "/c"), ("HOME", "/h"));
    assert_eq!(of(&[own, cache, home]).unwrap(), "d");
    assert_eq!(of(&[("WATTFRONT_DATA", ""), cache, home]).unwrap(), "/c/wattfront/data");
    assert_eq!(of(&[("XDG_CACHE_HOME", "c"), home]).unwrap(), "/h/.cache/wattfront/data");
    assert_eq!(of(&[]), None);
}

#[test]
fn data_are_found_by_name_and_by_path() {
    let (home, folder) = home();
    assert_eq!(folder.names(), ["dots", "pets", "photos"]);
    assert_eq!(open(&DataSource::named("pets"), Some(&folder)).unwrap().class_names(), ["cat", "dog"]);
    assert_eq!(open(&DataSource::named("dots"), Some(&folder)).unwrap().len(), 3);
    let path = home.path().join("photos").display().to_string();
    for source in ["photos", &path] {
        let photos = open(&DataSource::named(source), Some(&folder)).unwrap();
        assert_eq!((photos.name(), photos.class_names().len()), (source, 2));
    }
    assert_eq!(folder.names(), ["dots", "pets", "photos"], "the cache is no dataset");
    assert_eq!(open(&DataSource::named("digits"), None).unwrap(), load("digits").unwrap());
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let (home, folder) = home();
    let text = error(&DataSource::named("pest"), Some(&folder));
    assert!(
        text.contains("no dataset `pest` (there is: digits, dots, pets, photos); these can be fetched: mnist"),
        "{text}"
    );
    assert!(error(&DataSource::named("mnist"), None).contains("no dataset `mnist` (there is: digits)"));
    assert!(error(&DataSource::named("./nowhere"), None).contains("./nowhere: cannot be read"));
    for name in ["", "..", "cache", ".hidden"] {
        assert!(open(&DataSource::named(name), Some(&folder)).is_err(), "{name}");
    }
    fs::write(home.path().join("pets.tsv"), "").unwrap();
    assert!(error(&DataSource::named("pets"), Some(&folder)).contains("is called `pets` as"));
    fs::write(home.path().join("x.zip"), "").unwrap();
    let path = home.path().join("x.zip").display().to_string();
    assert!(error(&DataSource::named(path), None).contains("is in no format that is read; use a folder"));
}

#[test]
fn options_that_would_not_be_heeded_are_refused() {
    let (_home, folder) = home();
    let size = |name: &str| DataSource { image_size: Some(4), ..DataSource::named(name) };
    assert_eq!(open(&size("dots"), Some(&folder)).unwrap().shape(), Shape { channels: 1, height: 4, width: 4 });
    for name in ["pets", "digits"] {
        assert!(error(&size(name), Some(&folder)).contains("`image_size` is for folders and archives of images alone"));
    }
    let label = DataSource { label: Some("size".to_owned()), ..DataSource::named("dots") };
    assert!(error(&label, Some(&folder)).contains("`label` is for tables alone; leave it out"));
    let task = DataSource { task: Some(Task::Regression), ..DataSource::named("digits") };
    assert!(error(&task, None).contains("`task` is for tables alone"));
    let label =
        DataSource { task: Some(Task::Regression), label: Some("size".to_owned()), ..DataSource::named("pets") };
    assert_eq!(open(&label, Some(&folder)).unwrap().values(), [1.0, 2.0, 3.0]);
}

#[test]
fn a_known_name_brings_its_attribution() {
    let (home, folder) = home();
    fs::rename(home.path().join("dots.tar.zst"), home.path().join("cifar10.tar.zst")).unwrap();
    let data = open(&DataSource::named("cifar10"), Some(&folder)).unwrap();
    assert!(data.attribution().contains("A. Krizhevsky"));
    assert_eq!(data.class_names(), ["a", "b"]);
}

#[test]
fn decoded_images_are_kept_until_their_source_changes() {
    let (home, folder) = home();
    let source = DataSource::named("dots");
    let first = open(&source, Some(&folder)).unwrap();
    let kept = fs::read_dir(home.path().join(CACHE)).unwrap().next().unwrap().unwrap().path();
    assert_eq!(open(&source, Some(&folder)).unwrap(), first);
    // Told by its pixels: what is kept is what is taken, as long as the source looks the same.
    let changed = Dataset::from_bytes("x", first.shape(), vec![7; 12], first.labels().to_vec(), 2).unwrap();
    let changed = changed.with_class_names(first.class_names().to_vec()).unwrap();
    let key = Key::of(&home.path().join("dots.tar.zst"), None).unwrap();
    Cache(home.path().join(CACHE)).write(&key, &changed).unwrap();
    assert_eq!(open(&source, Some(&folder)).unwrap().features(), changed.features());
    fs::write(&kept, b"damaged").unwrap();
    assert_eq!(open(&source, Some(&folder)).unwrap(), first);
    assert!(fs::read(&kept).unwrap().len() > 100, "it is written anew");
    let mut longer = images(200);
    longer.extend_from_slice(&[0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 0]);
    fs::write(home.path().join("dots.tar.zst"), longer).unwrap();
    assert_ne!(open(&source, Some(&folder)).unwrap().features(), first.features());
}

#[test]
fn many_at_once_and_a_folder_that_cannot_be_written_do_no_harm() {
    let (home, folder) = home();
    let all: Vec<Dataset> = std::thread::scope(|scope| {
        let open = || open(&DataSource::named("dots"), Some(&folder)).unwrap();
        (0..8).map(|_| scope.spawn(open)).collect::<Vec<_>>().into_iter().map(|t| t.join().unwrap()).collect()
    });
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(fs::read_dir(home.path().join(CACHE)).unwrap().count(), 1);
    fs::remove_dir_all(home.path().join(CACHE)).unwrap();
    fs::write(home.path().join(CACHE), b"no folder").unwrap();
    assert_eq!(open(&DataSource::named("dots"), Some(&folder)).unwrap(), all[0]);
}

#[test]
fn fewer_samples_are_taken_by_the_seed() {
    let some = |samples, seed| open(&DataSource { samples: Some(samples), seed, ..DataSource::named("digits") }, None);
    assert_eq!(some(100, 1).unwrap(), load("digits").unwrap().subset(100, 1).unwrap());
    assert_ne!(some(100, 1).unwrap(), some(100, 2).unwrap());
    assert!(said(&some(1798, 1).unwrap_err()).contains("ask for 1 to 1797"));
}

/// The folder with real data beside the repository, where there is one.
fn shared(file: &str) -> Option<String> {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared").to_owned();
    let path = std::env::var("WATTFRONT_SHARED").unwrap_or(beside) + "/data/" + file;
    if Path::new(&path).is_file() {
        return Some(path);
    }
    println!("skipped: {path} is not there, and WATTFRONT_SHARED names no folder that has data/{file}");
    None
}

#[test]
fn the_digits_as_a_table_are_the_built_in_ones() {
    let Some(path) = shared("digits.csv") else { return };
    let table = open(&DataSource::named(path), None).unwrap();
    let digits = load("digits").unwrap();
    assert_eq!((table.labels(), table.classes()), (digits.labels(), 10));
    assert!(table.features().to_vec().iter().zip(digits.features().to_vec()).all(|(t, d)| t / 16.0 == d));
}

#[test]
fn cifar_10_as_an_archive_of_images_is_all_there() {
    let Some(path) = shared("cifar10-images.tar.zst") else { return };
    let data = open(&DataSource::named(path), None).unwrap();
    assert_eq!(data.shape(), Shape { channels: 3, height: 32, width: 32 });
    assert_eq!((data.len(), data.test_from(), data.features().size()), (60_000, Some(50_000), 184_320_000));
    let names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    assert_eq!(data.class_names(), names);
    let split = Split::of(&data, &Partition::default_for(&data), 0).unwrap();
    assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (45_000, 5000, 10_000));
    for class in 0..10 {
        let of = |part: &[usize]| part.iter().filter(|i| data.labels()[**i] == class).count();
        assert_eq!((of(&split.train), of(&split.validation), of(&split.test)), (4500, 500, 1000));
    }
}
