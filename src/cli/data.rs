//! `optimize data`: published data sets, fetched when asked for, and where data sets lie.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::args::{DataArgs, DataCommand};
use super::failure::Failure;
use super::print::{print, print_data, say};
use crate::app::data::Listing;
use crate::data::{DataFolder, FETCHABLE, Fetch};
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
    let listing = Listing::of(folder);
    match as_json {
        true => print_data(format!("{:#}", listing.json(folder))),
        false => {
            let missing = listing.missing();
            let rest = match missing.is_empty() {
                true => String::new(),
                false => format!("\n`optimize data fetch NAME` brings {}\n", missing.join(", ")),
            };
            print(listing.text() + &rest)
        }
    }
}
