//! Which image is of which class, by the folders that it lies in.

use std::collections::BTreeSet;
use std::path::Path;

use super::fault;
use crate::data::{DataError, Place};

const TRAIN: [&str; 2] = ["train", "training"];
const TEST: [&str; 2] = ["test", "testing"];
const VALIDATION: [&str; 3] = ["val", "valid", "validation"];

/// How people lay images out, for advice.
const LAYOUT: &str = "lay the images out as CLASS/IMAGE, or as train/CLASS/IMAGE and test/CLASS/IMAGE";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Train,
    Validation,
    Test,
}

impl Part {
    fn of(folder: &str) -> Option<Self> {
        let folder = folder.to_ascii_lowercase();
        let is = |names: &[&str]| names.contains(&folder.as_str());
        [(Self::Train, &TRAIN[..]), (Self::Validation, &VALIDATION), (Self::Test, &TEST)]
            .into_iter()
            .find_map(|(part, names)| is(names).then_some(part))
    }
}

/// What a file is by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Image,
    /// An image in a format that is not read.
    Foreign,
    Other,
}

impl Sort {
    pub(super) fn of(path: &str) -> Self {
        if is_hidden(path) {
            return Self::Other;
        }
        let extension =
            path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, e)| e.to_ascii_lowercase());
        match extension.as_deref() {
            Some("png" | "jpg" | "jpeg") => Self::Image,
            Some("bmp" | "gif" | "tif" | "tiff" | "webp" | "ppm" | "pgm" | "avif" | "heic") => Self::Foreign,
            _ => Self::Other,
        }
    }
}

/// Whether it lies in something that a file manager or packer has put there for itself.
pub(super) fn is_hidden(path: &str) -> bool {
    path.split('/').any(|part| part.starts_with('.') || part == "__MACOSX")
}

/// Images in the order of the dataset.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arranged {
    /// The names of the classes, sorted.
    pub(super) classes: Vec<String>,
    /// Images by their index: those for training by class and path, then those for the test likewise.
    pub(super) order: Vec<usize>,
    /// The classes in this order.
    pub(super) labels: Vec<u32>,
    pub(super) test_from: Option<usize>,
    /// What became of a folder for validation, if there is one.
    pub(super) note: Option<&'static str>,
}

/// Arranges images, and checks that all is there: `origin` is the folder or archive, `images` and `folders` are the paths in
/// it.
pub(super) fn arrange(origin: &Path, images: &[String], folders: &[String]) -> Result<Arranged, DataError> {
    let wrong = |place: &str, problem: &str, advice: &str| {
        let place = if place.is_empty() { Place::Whole } else { Place::Entry(place.to_owned()) };
        Err(fault(origin, place, problem, advice))
    };
    if images.is_empty() {
        return wrong("", "holds no PNG or JPEG images", LAYOUT);
    }
    let skipped = wrapper(images, folders);
    let parts_of = |path: &str| path.split('/').skip(skipped).map(str::to_owned).collect::<Vec<String>>();
    let all: Vec<Vec<String>> = images.iter().map(|path| parts_of(path)).collect();
    let in_part = |parts: &[String]| if parts.len() > 2 { Part::of(&parts[0]) } else { None };
    let divided = all.iter().any(|parts| in_part(parts) == Some(Part::Train));
    if !divided && all.iter().all(|parts| in_part(parts).is_some()) {
        return wrong("", "has folders for parts of the data, but none called `train`", LAYOUT);
    }
    let depth = usize::from(divided);
    let mut placed = Vec::with_capacity(images.len());
    for (index, parts) in all.iter().enumerate() {
        let part = if divided { in_part(parts) } else { Some(Part::Train) };
        let (Some(part), true) = (part, parts.len() > depth + 1) else {
            return wrong(&images[index], "lies outside of the classes' folders", LAYOUT);
        };
        placed.push((part, parts[depth].as_str(), parts[depth..].join("/"), index));
    }
    let has = |part| placed.iter().any(|(p, ..)| *p == part);
    // Who has no test part has kept one for validation; who has both gets validation from the partition.
    let note = match (has(Part::Validation), has(Part::Test)) {
        (true, true) => Some("the folder for validation is trained on too: the partition says what is for validation"),
        (true, false) => Some("the folder for validation is taken as the test part, as there is no other"),
        (false, _) => None,
    };
    let kept = if has(Part::Test) { Part::Test } else { Part::Validation };
    let is_test = |part: Part| part == kept && part != Part::Train;

    let classes: BTreeSet<&str> = placed.iter().filter(|p| !is_test(p.0)).map(|p| p.1).collect();
    if let Some((.., index)) = placed.iter().find(|p| !classes.contains(p.1)) {
        return wrong(&images[*index], "is of a class of which there is nothing to train on", LAYOUT);
    }
    for folder in folders.iter().filter(|f| !is_hidden(f)) {
        let parts = parts_of(folder);
        let is_class = parts.len() == depth + 1 && (!divided || Part::of(&parts[0]).is_some_and(|part| !is_test(part)));
        if is_class && !classes.contains(parts[depth].as_str()) {
            return wrong(folder, "is the folder of a class, but holds no images", "fill it, or remove it");
        }
    }
    if classes.len() < 2 {
        let only = classes.first().map_or("", |name| name);
        return wrong("", &format!("has one class alone, `{only}`, so there is nothing to tell apart"), LAYOUT);
    }
    let classes: Vec<String> = classes.into_iter().map(str::to_owned).collect();
    placed.sort_unstable_by(|a, b| (is_test(a.0), a.1, &a.2, a.0, a.3).cmp(&(is_test(b.0), b.1, &b.2, b.0, b.3)));
    if let Some(twice) = placed.windows(2).find(|w| (w[0].0, &w[0].2) == (w[1].0, &w[1].2)) {
        return wrong(&images[twice[1].3], "is there twice", "pack each image once");
    }
    let labels = placed.iter().filter_map(|p| classes.binary_search_by(|c| c.as_str().cmp(p.1)).ok());
    let test_from = placed.iter().position(|p| is_test(p.0));
    Ok(Arranged {
        labels: labels.map(|label| label as u32).collect(),
        order: placed.iter().map(|p| p.3).collect(),
        classes,
        test_from,
        note,
    })
}

/// How many folders are around everything, as around most archives: `name/train/CLASS/IMAGE`.
fn wrapper(images: &[String], folders: &[String]) -> usize {
    let mut depth = 0;
    loop {
        let first = images[0].split('/').nth(depth).unwrap_or_default();
        let is_around = |path: &String| {
            let mut parts = path.split('/').skip(depth);
            parts.next().is_none_or(|part| part == first)
        };
        let all_deep = images.iter().all(|path| path.split('/').count() > depth + 2);
        let around = images.iter().all(is_around) && folders.iter().filter(|f| !is_hidden(f)).all(is_around);
        if !all_deep || !around || Part::of(first).is_some() {
            return depth;
        }
        depth += 1;
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
