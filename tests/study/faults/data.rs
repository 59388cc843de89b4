//! The cache of decoded images: a file is there whole or not at all, and without it the images are decoded again.
//!
//! The process whose disk fails is this test itself, started once more.

use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::process::Command;

use image::{Rgb, RgbImage};
use twox_hash::XxHash3_64;
use wattfront::data::{self, DataFolder, DataSource, Dataset};

use super::findings::Wrong;
use super::library::Fault;
use super::positions::{Done, Flow};
use super::scene::{End, files};
use crate::bench::Bench;

/// Where the process that is started once more finds its images; the data folder is `results` beside them.
const PLACE: &str = "WATTFRONT_TEST_IMAGES";

fn open(place: &Path) -> Dataset {
    let source = DataSource::named(place.join("images").to_string_lossy());
    data::open(&source, Some(&DataFolder::new(place.join("results")))).unwrap()
}

fn draw(place: &Path) {
    for (class, colour) in [("a", [200, 10, 10]), ("b", [10, 10, 200])] {
        let folder = place.join("images").join(class);
        fs::create_dir_all(&folder).unwrap();
        for number in 0..4 {
            RgbImage::from_pixel(8, 8, Rgb(colour)).save(folder.join(format!("{number}.png"))).unwrap();
        }
    }
}

fn cached(place: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.join("results/cache")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn images_are_decoded_once() {
    // What is checked here runs elsewhere on a disk that fails.
    if let Some(place) = std::env::var_os(PLACE) {
        assert_eq!(open(Path::new(&place)).len(), 8);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    draw(folder.path());
    let decoded = open(folder.path());
    assert_eq!((cached(folder.path()).len(), open(folder.path())), (1, decoded));
}

/// Opening a folder of images.
pub struct Opens;

impl Flow for Opens {
    fn name(&self) -> &'static str {
        "opening a folder of images"
    }

    fn prepared(&self) -> Bench {
        let bench = Bench::new();
        draw(bench.path());
        bench
    }

    fn act(&self, bench: &Bench, arm: &dyn Fn(&mut Command)) -> Done {
        let own = std::env::current_exe().unwrap();
        let mut command = Command::new(&own);
        command.args(["--exact", "faults::data::images_are_decoded_once", "--nocapture"]);
        command.env(PLACE, bench.path()).env("DISK_FAULTS_PROGRAM", own.file_name().unwrap());
        arm(&mut command);
        Done { end: End::of(bench, command), talk: Vec::new(), runs_before: 0 }
    }

    fn judge(&self, bench: &Bench, whole: &Bench, done: &Done, fault: Option<&Fault>) -> Vec<(Wrong, String)> {
        let mut wrongs = Vec::new();
        let ended = done.end.is_killed() || done.end.code() == Some(0);
        if !ended {
            // The cache is a convenience.
            wrongs.push((Wrong::Crashed, format!("{:?} {} {}", done.end.status, done.end.out, done.end.err)));
        }
        for path in files(bench, |name| name.ends_with(".bin")) {
            let bytes = fs::read(bench.path().join("results").join(&path)).unwrap();
            let (held, sum) = bytes.split_at(bytes.len().saturating_sub(8));
            let mut hash = XxHash3_64::new();
            hash.write(held);
            if hash.finish().to_le_bytes() != sum {
                wrongs.push((Wrong::Torn, format!("{} is not whole: {} bytes", path.display(), bytes.len())));
            }
        }
        // What cannot be removed stays.
        if !done.end.is_killed() && fault.is_none_or(|fault| !fault.stays) {
            let parts = files(bench, |name| name.ends_with(".part") || name.ends_with(".tmp"));
            if !parts.is_empty() {
                wrongs.push((Wrong::Torn, format!("{parts:?} are left behind")));
            }
        }
        let (opened, expected) = (open(bench.path()), open(whole.path()));
        if (opened.features(), opened.labels()) != (expected.features(), expected.labels()) {
            wrongs.push((Wrong::Different, "the images are other images now".to_owned()));
        }
        wrongs
    }
}
