//! A study of the trainer on some data.

use std::path::{Component, Path, PathBuf, absolute};

use super::text::{self, Aligned, Examples, Training};
use crate::app::AppError;
use crate::data::{self, DataError, DataFolder, DataSource, Dataset, FETCHABLE, Task};
use crate::guard::text::line;
use crate::optimizer::space::Value;
use crate::study_file::nearest;

/// More samples than this, and a trial has fewer epochs.
const MANY: usize = 20_000;

/// The side, in pixels, that images of different sizes are brought to.
const SIDE: u32 = 32;

/// What is known of the data.
pub(crate) struct Data {
    /// As the study file names them.
    named: String,
    /// `None` of published data that are not here yet.
    dataset: Option<Dataset>,
    /// The side that images are brought to, if they differ in size.
    image_size: Option<u32>,
}

impl Data {
    /// Looks at the data that a study file at `study` would train on.
    pub(crate) fn of(dataset: &str, study: &Path) -> Result<Self, AppError> {
        let folder = DataFolder::of(|name| std::env::var(name).ok());
        let is_path = is_path(dataset, folder.as_ref());
        if is_path && !Path::new(dataset).exists() {
            return Err(AppError::wrong(format!("there is no {dataset}, which should be the data")).advised(
                "a path is that of a folder with a folder of images for each class, an archive of one, or a table",
            ));
        }
        let open = |image_size: Option<u32>| {
            data::open(&DataSource { image_size, ..DataSource::named(dataset) }, folder.as_ref())
        };
        let (opened, image_size) = match open(None) {
            Err(error) if error.to_string().contains("image_size") => (open(Some(SIDE)).map_err(|_| error), Some(SIDE)),
            opened => (opened, None),
        };
        let named = if is_path { from_folder_of(study, dataset) } else { dataset.to_owned() };
        match opened {
            Ok(dataset) => Ok(Self { named, dataset: Some(dataset), image_size }),
            Err(DataError::Unknown { name, .. }) if FETCHABLE.contains(&name.as_str()) => {
                Ok(Self { named, dataset: None, image_size: None })
            }
            Err(DataError::Unknown { name, known, fetchable }) => Err(unknown(&name, &known, &fetchable)),
            Err(error) => Err(AppError::Data { cause: Box::new(error), besides: None }),
        }
    }

    /// The published data that are to be fetched first.
    pub(crate) fn to_fetch(&self) -> Option<&str> {
        self.dataset.is_none().then_some(self.named.as_str())
    }

    fn is_image(&self) -> bool {
        self.dataset.as_ref().is_none_or(|dataset| dataset.shape().is_image())
    }

    fn is_many(&self) -> bool {
        self.dataset.as_ref().is_none_or(|dataset| dataset.len() > MANY)
    }

    /// The study file, which is called `file`.
    pub(crate) fn study(&self, file: &str, examples: Option<&Examples>) -> String {
        let regression = self.dataset.as_ref().is_some_and(|dataset| dataset.task() == Task::Regression);
        let (metric, goal) = if regression { ("rmse", "minimize") } else { ("accuracy", "maximize") };
        text::of_training(
            examples,
            Training { file, data: &self.described(), metric, goal, space: &self.space(), train: &self.train() },
        )
    }

    /// What the data are, as a comment.
    fn described(&self) -> String {
        let Some(dataset) = &self.dataset else { return String::new() };
        let shape = dataset.shape();
        let what = match dataset.task() {
            _ if shape.is_image() => format!("images of {} x {} pixels", shape.width, shape.height),
            _ => format!("rows of {} numbers", shape.len()),
        };
        let told = match (dataset.task(), dataset.label()) {
            (Task::Regression, Some(label)) => format!("`{}` is predicted", label.column),
            (_, Some(label)) => format!("{} classes of `{}`", dataset.classes(), label.column),
            (_, None) => format!("{} classes", dataset.classes()),
        };
        // The name of a column may hold anything.
        format!("# The data: {}\n#\n", line(&format!("{} {what}; {told}.", dataset.len())))
    }

    fn space(&self) -> String {
        let mut space = Aligned::default();
        let log = "a factor counts the same everywhere";
        if self.is_image() && !self.is_many() {
            space.add("model", "{ choice = [\"mlp\", \"cnn\"] }", "networks; also resnet18, vgg11, ...");
        }
        let rates = if self.is_image() && self.is_many() { "[1e-5, 1e-1]" } else { "[1e-4, 1e-1]" };
        space.add("learning_rate", &format!("{{ float = {rates}, scale = \"log\" }}"), log);
        space.add("batch_size", "{ choice = [16, 32, 64, 128, 256] }", "samples per step");
        let epochs =
            if self.is_many() { "{ int = [2, 20], scale = \"log\" }" } else { "{ int = [5, 80], scale = \"log\" }" };
        space.add("epochs", epochs, "passes over the training data");
        space.add("width", "{ int = [8, 128], scale = \"log\" }", "units of a layer, or channels");
        space.add("depth", "{ int = [1, 3] }", "hidden layers, or blocks");
        space.add("dropout", "{ float = [0.0, 0.5] }", "the share of activations dropped");
        space.add("weight_decay", "{ float = [1e-6, 1e-2], scale = \"log\" }", "the pull of weights to zero");
        space.add("optimizer", "{ choice = [\"sgd\", \"adam\", \"adamw\"] }", "how gradients change weights");
        space.add("momentum", "{ float = [0.0, 0.99], when = { optimizer = \"sgd\" } }", "adam and adamw have none");
        space.lines()
    }

    fn train(&self) -> String {
        let mut train = Aligned::default();
        train.add("dataset", &Value::from(self.named.as_str()).to_toml(), "a name, or a path relative to this file");
        if let Some(side) = self.image_size {
            train.add(
                "image_size",
                &side.to_string(),
                "the side in pixels to which images are brought: they differ in size",
            );
        }
        if self.is_image() && self.is_many() {
            train.add("model", "\"cnn\"", "others are mlp, resnet18, vgg11, mobilenetv2, ...");
        }
        train.plain_lines()
    }
}

/// Whether it is no name of data that are built in, published or in the data folder.
fn is_path(dataset: &str, folder: Option<&DataFolder>) -> bool {
    let in_folder = || folder.is_some_and(|folder| !matches!(folder.find(dataset), Ok(None)));
    let is_written_as_one = dataset.contains('/') || dataset.starts_with('.');
    is_written_as_one
        || (!data::NAMES.contains(&dataset) && !in_folder() && !dataset.is_empty() && Path::new(dataset).exists())
}

/// A path as seen from the folder of the study file.
fn from_folder_of(study: &Path, dataset: &str) -> String {
    let path = Path::new(dataset);
    let base = study.parent().filter(|base| !base.as_os_str().is_empty());
    let shown = |path: PathBuf| path.to_string_lossy().into_owned();
    if path.is_absolute() {
        return dataset.to_owned();
    }
    let Some(base) = base else {
        return if dataset.contains('/') { dataset.to_owned() } else { format!("./{dataset}") };
    };
    let whole = |path: &Path| path.canonicalize().or_else(|_| absolute(path));
    let (Ok(from), Ok(to)) = (whole(base), whole(path)) else { return dataset.to_owned() };
    let common = from.components().zip(to.components()).take_while(|(one, other)| one == other).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    let relative: PathBuf = up.chain(to.components().skip(common)).collect();
    if relative.starts_with("..") { shown(relative) } else { shown(Path::new(".").join(relative)) }
}

fn unknown(name: &str, known: &[String], fetchable: &[String]) -> AppError {
    let names = || known.iter().chain(fetchable).map(String::as_str);
    let meant = match nearest(name, names()) {
        Some(meant) => format!("did you mean `{meant}`? there are: {}", names().collect::<Vec<_>>().join(", ")),
        None => format!(
            "there are: {}; or give the path of a folder of images or of a table",
            names().collect::<Vec<_>>().join(", ")
        ),
    };
    AppError::wrong(format!("there is no data set `{name}`")).advised(meant)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_written_as_seen_from_the_study_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("studies")).unwrap();
        std::fs::create_dir_all(at("data/pets")).unwrap();
        assert_eq!(from_folder_of(Path::new("mine.toml"), "pets"), "./pets");
        assert_eq!(from_folder_of(Path::new("mine.toml"), "../pets"), "../pets");
        assert_eq!(from_folder_of(Path::new("studies/mine.toml"), "/data/pets"), "/data/pets");
        // Relative ones begin where the tests run.
        assert_eq!(from_folder_of(Path::new("src/mine.toml"), "src/cli"), "./cli");
        assert_eq!(from_folder_of(Path::new("src/data/mine.toml"), "src/cli"), "../cli");
    }
}
