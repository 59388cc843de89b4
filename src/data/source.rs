//! From what a study file says to a dataset.

use std::fs;
use std::path::{Path, PathBuf};

use super::cache::{Cache, Key};
use super::loader::{self, Format};
use super::published::{PUBLISHED, described};
use super::{DataError, DataPlace, Dataset, Task, load};

/// Which data are meant, and how they are to be taken.
///
/// ```
/// use wattfront::data::{self, DataSource};
///
/// let source = DataSource { samples: Some(300), ..DataSource::named("digits") };
/// assert_eq!(data::open(&source, None)?.len(), 300);
/// # Ok::<(), wattfront::data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DataSource {
    /// A built-in name, a name in the data folder, or a path.
    pub dataset: String,
    /// The column of a table that is to be predicted; default: the one called `label`, `target` or `class`, or else the
    /// last.
    pub label: Option<String>,
    /// What to predict from a table; default: classes if the labels are texts or at most 20 different whole numbers, or
    /// else a number.
    pub task: Option<Task>,
    /// The side, in pixels, that images of a folder or archive are brought to, 1 to 4096; default: their own, which must
    /// be one for all.
    pub image_size: Option<u32>,
    /// How many samples to take, besides the publisher's test part; default: all. See [`Dataset::subset`].
    pub samples: Option<usize>,
    /// The seed that chooses them.
    pub seed: u64,
}

impl DataSource {
    /// All samples of this dataset, taken as they are; with the seed 0.
    #[must_use]
    pub fn named(dataset: impl Into<String>) -> Self {
        Self { dataset: dataset.into(), label: None, task: None, image_size: None, samples: None, seed: 0 }
    }
}

/// The folder in which data sets are known by their names: as `NAME/`, or as a file `NAME.tar`, `NAME.csv` and the like.
/// Decoded images are kept in `cache/` within it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFolder(PathBuf);

/// What a name may end in, as a file in the data folder.
const ENDS: [&str; 9] = [".tar", ".tar.gz", ".tgz", ".tar.zst", ".tzst", ".csv", ".tsv", ".csv.gz", ".tsv.gz"];

impl DataFolder {
    /// This folder, which need not exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The one that the environment says: `WATTFRONT_DATA`, or else `wattfront/data` in `XDG_CACHE_HOME`, or else
    /// `.cache/wattfront/data` in `HOME`. None if it says nothing.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let path = |name: &str| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        // A relative path there is to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/
        let cache = path("XDG_CACHE_HOME").filter(|p| p.is_absolute());
        let cache = || cache.or_else(|| path("HOME").map(|home| home.join(".cache")));
        path("WATTFRONT_DATA").or_else(|| cache().map(|p| p.join("wattfront/data"))).map(Self)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The names of what lies in it, sorted; none if it does not exist.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            if entry.path().is_dir() {
                names.extend((name != CACHE && !name.starts_with('.')).then_some(name));
            } else if let Some(end) = ENDS.iter().filter(|end| name.ends_with(*end)).max_by_key(|end| end.len()) {
                names.push(name[..name.len() - end.len()].to_owned());
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Where the data of this name lie, if they do.
    ///
    /// # Errors
    /// [`DataError::File`] if two files or folders have this name.
    pub fn find(&self, name: &str) -> Result<Option<PathBuf>, DataError> {
        if name.is_empty() || name == CACHE || name.starts_with('.') || name.contains(['/', '\\']) {
            return Ok(None);
        }
        let ends = ENDS.iter().map(|end| self.0.join(format!("{name}{end}"))).filter(|p| p.is_file());
        let mut found = Some(self.0.join(name)).into_iter().filter(|p| p.is_dir()).chain(ends);
        match (found.next(), found.next()) {
            (Some(one), Some(other)) => {
                let problem = format!("is called `{name}` as {} is", other.display());
                Err(loader::fault(
                    &one,
                    DataPlace::Whole,
                    problem,
                    "rename one of them, or say the path of the one you mean",
                ))
            }
            (found, _) => Ok(found),
        }
    }
}

const CACHE: &str = "cache";

/// Opens a dataset: by its built-in name, by its name in the data folder, or by its path. A name with `/` in it or `.`
/// before it is a path; any other is looked for in the data folder first.
///
/// | path | is read as |
/// |---|---|
/// | a folder with `train-images-idx3-ubyte` | MNIST and its look-alikes, files also as `.gz` |
/// | a folder or archive with `data_batch_1.bin` or `train.bin` | the binary CIFAR-10 or CIFAR-100 |
/// | any other folder or `.tar`, `.tar.gz`, `.tar.zst` | JPEG and PNG images, one folder per class, with or without `train/`, `val/` and `test/` around |
/// | `.csv`, `.tsv`, also `.gz` | a table with a header |
/// | a folder with tables alone: `train.csv`, `val.csv`, `test.csv` and the like | a table for each part |
///
/// A dataset may take 8 GiB of memory. Archives are not unpacked to the disk, and may expand to 8 GiB and 200 times their
/// size. Decoded images are kept in the data folder, about as large as in memory, and decoded anew when their source
/// has changed; where that folder cannot be written, they are decoded each time.
///
/// # Errors
/// [`DataError::Unknown`] for a name that is neither built in nor in the data folder. [`DataError::File`] for what
/// cannot be read or understood, [`DataError::Invalid`] for an option that does not fit the data.
pub fn open(source: &DataSource, folder: Option<&DataFolder>) -> Result<Dataset, DataError> {
    let name = source.dataset.as_str();
    let dataset = if super::NAMES.contains(&name) {
        fits(source, None)?;
        load(name)?
    } else {
        let path = locate(name, folder)?;
        let format = Format::of(&path)?;
        fits(source, Some(format))?;
        let cache = folder.map(|folder| Cache(folder.0.join(CACHE)));
        let dataset = match (format, cache) {
            (Format::Images, Some(cache)) => {
                let key = Key::of(&path, source.image_size)?;
                match cache.read(&key, name) {
                    Some(dataset) => dataset,
                    None => {
                        let dataset = loader::load(&path, format, source)?;
                        // Without it the images are decoded again, which is slow and no error.
                        let _ = cache.write(&key, &dataset);
                        dataset
                    }
                }
            }
            _ => loader::load(&path, format, source)?,
        };
        described(dataset)?
    };
    match source.samples {
        Some(samples) => dataset.subset(samples, source.seed),
        None => Ok(dataset),
    }
}

fn locate(name: &str, folder: Option<&DataFolder>) -> Result<PathBuf, DataError> {
    if name.contains('/') || name.starts_with('.') {
        return Ok(PathBuf::from(name));
    }
    if let Some(folder) = folder
        && let Some(path) = folder.find(name)?
    {
        return Ok(path);
    }
    if !name.is_empty() && Path::new(name).exists() {
        return Ok(PathBuf::from(name));
    }
    let mut known: Vec<String> = super::NAMES.iter().map(|n| (*n).to_owned()).collect();
    known.extend(folder.map(DataFolder::names).unwrap_or_default());
    let fetchable = PUBLISHED.iter().map(|p| p.name.to_owned()).filter(|name| !known.contains(name)).collect();
    Err(DataError::Unknown { name: name.to_owned(), known, fetchable })
}

/// Refuses options that would not be heeded.
fn fits(source: &DataSource, format: Option<Format>) -> Result<(), DataError> {
    let table = matches!(format, Some(Format::Table | Format::Tables));
    let images = format == Some(Format::Images);
    for (option, is_said, is_heeded, what) in [
        ("label", source.label.is_some(), table, "tables"),
        ("task", source.task.is_some(), table, "tables"),
        ("image_size", source.image_size.is_some(), images, "folders and archives of images"),
    ] {
        if is_said && !is_heeded {
            let (reason, help) = (format!("`{option}` is for {what} alone"), Some("leave it out".to_owned()));
            return Err(DataError::Invalid { name: source.dataset.clone(), reason, help });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
