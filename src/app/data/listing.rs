//! Which data sets there are, and which can be fetched.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::app::explained::Explained;
use crate::data::{DataError, DataFolder, FETCHABLE, NAMES};

/// The data sets of a data folder, by name; each with its place, or why that is not clear.
pub(crate) struct Listing(Vec<(String, Result<Option<PathBuf>, DataError>)>);

impl Listing {
    pub(crate) fn of(folder: &DataFolder) -> Self {
        let found = folder.names().into_iter().map(|name| {
            let path = folder.find(&name);
            (name, path)
        });
        Self(found.collect())
    }

    /// Those that can be fetched and are not there.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        FETCHABLE.into_iter().filter(|name| !self.0.iter().any(|(n, _)| n == name)).collect()
    }

    /// For programs.
    pub(crate) fn json(&self, folder: &DataFolder) -> Value {
        let built_in = NAMES.iter().map(|name| json!({ "name": name, "path": null, "problem": null }));
        let entry = |(name, path): &(String, Result<Option<PathBuf>, DataError>)| match path {
            Ok(path) => json!({ "name": name, "path": path, "problem": null }),
            Err(error) => json!({ "name": name, "path": null, "problem": error.in_full() }),
        };
        let all: Vec<Value> = built_in.chain(self.0.iter().map(entry)).collect();
        json!({ "folder": folder.path(), "datasets": all, "fetchable": self.missing() })
    }

    /// For people, a line each.
    pub(crate) fn text(&self) -> String {
        let names = NAMES.iter().copied().chain(self.0.iter().map(|(name, _)| name.as_str()));
        let width = names.map(str::len).max().unwrap_or(0);
        let mut text = String::new();
        for name in NAMES {
            text += &format!("{name:width$}  built in\n");
        }
        for (name, path) in &self.0 {
            let place = match path {
                Ok(path) => path.as_deref().unwrap_or(Path::new("-")).display().to_string(),
                Err(error) => format!("not clear: {}", error.in_full()),
            };
            text += &format!("{name:width$}  {place}\n");
        }
        text
    }
}
