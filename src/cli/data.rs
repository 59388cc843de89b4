//! `optimize data`: published data sets, fetched when asked for, and where data sets lie.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::args::{DataArgs, DataCommand};
use super::failure::Failure;
use super::print::{print, print_data, say};
use crate::app::explained::Explained;
use crate::data::{DataError, DataFolder, FETCHABLE, Fetch, NAMES};
use crate::study_file::nearest;

pub(super) fn data(args: &DataArgs) -> Result<(), Failure> {
    let folder = DataFolder::of(|name| std::env::var(name).ok()).ok_or_else(|| {
        Failure::usage("nothing says where data sets lie; set WATTFRONT_DATA to a folder, or HOME to your own")
    })?;
    match &args.command {
        DataCommand::Fetch { names, from } => fetch(folder, names, from.as_deref()),
        DataCommand::List { json } => list(&folder, *json),
        DataCommand::Path => print_data(folder.path().display().to_string()),
    }
}

fn fetch(folder: DataFolder, names: &[String], from: Option<&str>) -> Result<(), Failure> {
    // What would end with an error is told before anything is fetched.
    if let Some(name) = names.iter().find(|name| !FETCHABLE.contains(&name.as_str())) {
        let meant = nearest(name, FETCHABLE).map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
        let known = FETCHABLE.join(", ");
        return Err(Failure::usage(format!("`{name}` cannot be fetched; {meant}these can: {known}")));
    }
    let fetch = match from {
        Some(base) => Fetch::new(folder).from(base),
        None => Fetch::new(folder),
    };
    for name in names {
        let bar = std::io::stderr().is_terminal().then(bar);
        let path = fetch.fetch(name, &mut |progress| {
            if let Some(bar) = &bar {
                bar.set_length(progress.total.unwrap_or(progress.done));
                bar.set_position(progress.done);
                bar.set_message(progress.file.to_owned());
            }
        });
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        say(&format!("{name} is in {}", path.map_err(Failure::other)?.display()));
    }
    Ok(())
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(5));
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

fn list(folder: &DataFolder, as_json: bool) -> Result<(), Failure> {
    let mut found: Vec<(String, Result<Option<PathBuf>, DataError>)> = Vec::new();
    for name in folder.names() {
        let path = folder.find(&name);
        found.push((name, path));
    }
    let missing: Vec<&str> = FETCHABLE.into_iter().filter(|name| !found.iter().any(|(n, _)| n == name)).collect();
    if as_json {
        let built_in = NAMES.iter().map(|name| json!({ "name": name, "path": null, "problem": null }));
        let all: Vec<_> = built_in.chain(found.iter().map(|(name, path)| entry(name, path))).collect();
        let answer = json!({ "folder": folder.path(), "datasets": all, "fetchable": missing });
        return print_data(serde_json::to_string_pretty(&answer).map_err(Failure::other)?);
    }
    let width = NAMES.iter().copied().chain(found.iter().map(|(n, _)| n.as_str())).map(str::len).max().unwrap_or(0);
    let mut text = String::new();
    for name in NAMES {
        text += &format!("{name:width$}  built in\n");
    }
    for (name, path) in &found {
        let place = match path {
            Ok(path) => path.as_deref().unwrap_or(Path::new("-")).display().to_string(),
            Err(error) => format!("not clear: {}", error.in_full()),
        };
        text += &format!("{name:width$}  {place}\n");
    }
    if !missing.is_empty() {
        text += &format!("\n`optimize data fetch NAME` brings {}\n", missing.join(", "));
    }
    print(text)
}

fn entry(name: &str, path: &Result<Option<PathBuf>, DataError>) -> serde_json::Value {
    match path {
        Ok(path) => json!({ "name": name, "path": path, "problem": null }),
        Err(error) => json!({ "name": name, "path": null, "problem": error.in_full() }),
    }
}
