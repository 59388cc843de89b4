//! Which image is of which class, by the folders that it lies in.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::fault;
use super::parts::Part;
use crate::data::{DataError, DataPlace};

/// How people lay images out, for advice.
const LAYOUT: &str = "lay the images out as CLASS/IMAGE, or as train/CLASS/IMAGE, val/CLASS/IMAGE and test/CLASS/IMAGE";

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
    /// Where the images for validation begin, which are before those for the test.
    pub(super) validation_from: Option<usize>,
    pub(super) test_from: Option<usize>,
    /// What became of the parts, if that is not plain.
    pub(super) note: Option<&'static str>,
    /// In what earlier versions arranged the same images otherwise.
    pub(super) otherwise: Vec<String>,
}

impl Arranged {
    /// What is said of parts that have nothing of some classes, which are then not judged by them.
    pub(super) fn classes_without_a_part(&self) -> Vec<String> {
        let end = self.labels.len();
        let validation = self.validation_from.map(|from| ("validation", from..self.test_from.unwrap_or(end)));
        let test = self.test_from.map(|from| ("test", from..end));
        let parts = [validation, test].into_iter().flatten().filter(|(_, range)| !range.is_empty());
        let unseen = parts.filter_map(|(part, range)| {
            let seen: BTreeSet<u32> = self.labels[range].iter().copied().collect();
            let missing = (0..).zip(&self.classes).filter(|(label, _)| !seen.contains(label)).map(|(_, name)| name);
            let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
            let named = missing.iter().take(MOST_NAMED).cloned().collect::<Vec<_>>().join(", ");
            let more = match missing.len().saturating_sub(MOST_NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            (!missing.is_empty()).then(|| format!("the {part} part has nothing of {named}{more}"))
        });
        unseen.collect()
    }
}

/// So many classes are named.
const MOST_NAMED: usize = 3;

/// Arranges images, and checks that all is there: `origin` is the folder or archive, `images` and `folders` are the paths in
/// it.
pub(super) fn arrange(origin: &Path, images: &[String], folders: &[String]) -> Result<Arranged, DataError> {
    let wrong = |place: &str, problem: &str, advice: &str| {
        let place = if place.is_empty() { DataPlace::Whole } else { DataPlace::Entry(place.to_owned()) };
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
    if !divided {
        refuse_unknown_parts(origin, &all)?;
    }
    // Some archives have a folder for the part within that for the part.
    let is_twofold = divided
        && all.iter().all(|parts| parts.len() > 3 && in_part(parts).is_some() && Part::of(&parts[1]) == in_part(parts));
    let depth = usize::from(divided) + usize::from(is_twofold);
    let mut placed = Vec::with_capacity(images.len());
    for (index, parts) in all.iter().enumerate() {
        let part = if divided { in_part(parts) } else { Some(Part::Train) };
        let (Some(part), true) = (part, parts.len() > depth + 1) else {
            let top = &parts[0];
            return match parts.len() > 1 && divided && Part::is_alluded_to(top) && Part::of(top).is_none() {
                true => wrong(
                    &images[index],
                    &format!("lies in `{top}`, which looks like a part of the data, but not plainly which"),
                    "call it train, val or test, or move it away",
                ),
                false => wrong(&images[index], "lies outside of the classes' folders", LAYOUT),
            };
        };
        placed.push((part, parts[depth].as_str(), parts[depth..].join("/"), index));
    }
    let has = |part| placed.iter().any(|(p, ..)| *p == part);
    let (has_validation, has_test) = (has(Part::Validation), has(Part::Test));
    // Who has no test part has kept one for validation.
    let note = match (has_validation, has_test) {
        (true, false) => Some("the folder for validation is taken as the test part, as there is no other"),
        _ => None,
    };
    for (part, ..) in placed.iter_mut().filter(|_| note.is_some()) {
        *part = if *part == Part::Validation { Part::Test } else { *part };
    }
    let mut otherwise = Vec::new();
    if has_validation && has_test {
        otherwise.push("the folder for validation is the validation part now; it was trained on before".to_owned());
    }
    let was_known = |top: &str| top.eq_ignore_ascii_case("train") || top.eq_ignore_ascii_case("training");
    if divided && !all.iter().any(|parts| was_known(&parts[0])) {
        otherwise.push(format!("folders such as `{}` are parts of the data now; they were classes before", all[0][0]));
    }
    let is_kept = |part: Part| part != Part::Train;

    let classes: BTreeSet<&str> = placed.iter().filter(|p| !is_kept(p.0)).map(|p| p.1).collect();
    if let Some((.., index)) = placed.iter().find(|p| !classes.contains(p.1)) {
        return wrong(&images[*index], "is of a class of which there is nothing to train on", LAYOUT);
    }
    for folder in folders.iter().filter(|f| !is_hidden(f)) {
        let parts = parts_of(folder);
        let is_class = parts.len() == depth + 1 && (!divided || Part::of(&parts[0]) == Some(Part::Train));
        if is_class && !classes.contains(parts[depth].as_str()) {
            return wrong(folder, "is the folder of a class, but holds no images", "fill it, or remove it");
        }
    }
    if classes.len() < 2 {
        let only = classes.first().map_or("", |name| name);
        return wrong("", &format!("has one class alone, `{only}`, so there is nothing to tell apart"), LAYOUT);
    }
    let classes: Vec<String> = classes.into_iter().map(str::to_owned).collect();
    placed.sort_unstable_by(|a, b| (a.0, a.1, &a.2, a.3).cmp(&(b.0, b.1, &b.2, b.3)));
    if let Some(twice) = placed.windows(2).find(|w| (w[0].0, &w[0].2) == (w[1].0, &w[1].2)) {
        let [one, other] = [twice[0].3, twice[1].3].map(|index| images[index].as_str());
        let folder = |image: &str| image.split('/').next().unwrap_or_default().to_owned();
        return match (folder(one), folder(other)) {
            (a, b) if a != b => wrong(
                other,
                &format!("is in `{a}` too, and `{a}` and `{b}` are two folders for one part"),
                "keep one of the two folders",
            ),
            _ => wrong(other, "is there twice", "pack each image once"),
        };
    }
    let labels = placed.iter().filter_map(|p| classes.binary_search_by(|c| c.as_str().cmp(p.1)).ok());
    let from = |part| placed.iter().position(|p| p.0 == part);
    Ok(Arranged {
        labels: labels.map(|label| label as u32).collect(),
        order: placed.iter().map(|p| p.3).collect(),
        validation_from: from(Part::Validation),
        test_from: from(Part::Test),
        classes,
        note,
        otherwise,
    })
}

/// Refuses folders that look like parts and would be taken for classes.
fn refuse_unknown_parts(origin: &Path, all: &[Vec<String>]) -> Result<(), DataError> {
    let inner = all.iter().filter(|parts| parts.len() > 2).filter_map(|parts| Some((Part::of(&parts[1])?, parts)));
    let inner: BTreeMap<Part, &Vec<String>> = inner.collect();
    if let (Some(within), true) = (inner.get(&Part::Train), inner.len() > 1) {
        let place = DataPlace::Entry(within[..2].join("/"));
        let problem = "is a part of the data within a class, so that all parts would be trained on";
        return Err(fault(origin, place, problem, LAYOUT));
    }
    let tops: BTreeSet<&str> = all.iter().filter(|parts| parts.len() > 1).map(|parts| parts[0].as_str()).collect();
    let alluding: Vec<&str> = tops.iter().copied().filter(|top| Part::is_alluded_to(top)).collect();
    let (Some(first), true) = (alluding.first(), tops.len() > 1) else { return Ok(()) };
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for parts in all.iter().filter(|parts| parts.len() > 2) {
        owners.entry(&parts[1]).or_default().insert(&parts[0]);
    }
    let shared = owners.values().any(|tops| tops.len() > 1 && tops.iter().any(|top| Part::is_alluded_to(top)));
    let names = alluding.iter().take(5).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let wrong =
        |problem: String, advice: &str| Err(fault(origin, DataPlace::Entry((*first).to_owned()), problem, advice));
    if shared {
        return wrong(
            format!("the folders {names} look like parts of the data, but not plainly which"),
            "call them train, val and test; or, if they are classes, rename them",
        );
    }
    if alluding.len() == tops.len() && all.iter().all(|parts| parts.len() == 2) {
        return wrong(
            format!("the folders {names} look like parts of the data, and hold no folders of classes"),
            LAYOUT,
        );
    }
    Ok(())
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
mod tests;
