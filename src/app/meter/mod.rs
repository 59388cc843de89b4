//! What a command costs in energy: run under the meters, and its figures as a table, as JSON and as CSV.

mod child;
mod coverage;
mod files;
mod in_place;
mod place;
mod refusal;
mod stream;
mod table;
mod total;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

pub(crate) use child::{Child, Event, code};
pub(crate) use coverage::Coverage;
pub(crate) use files::{Outcome, Series, Summed, Trouble};
pub(crate) use stream::Patience;
pub(crate) use table::render;

use super::AppError;
use crate::energy::{Profile, ProfileSummary};

/// Follows a command to its end, looks at the power in between, and says how it ended and what it took.
pub(crate) fn follow(
    child: &mut Child,
    mut profile: Profile,
    interval: Duration,
    series: &mut Option<Series>,
) -> Result<(ExitStatus, ProfileSummary), AppError> {
    let (status, end) = loop {
        match child.next(interval) {
            Event::Nothing => {
                for interval in profile.sample() {
                    series.iter_mut().for_each(|series| series.add(interval.until, &interval.energy));
                }
            }
            Event::Ended { status, at } => break (status, at.beside_rest()),
            Event::Lost { reason } => return Err(AppError::failed(reason)),
        }
    };
    let (rest, summary) = profile.close_at(&end);
    for interval in rest {
        series.iter_mut().for_each(|series| series.add(interval.until, &interval.energy));
    }
    Ok((status, summary))
}

/// Whether two files are one, so that the one would be written over the other.
pub(crate) fn are_one(one: &Path, other: &Path) -> bool {
    let plain = |path: &Path| -> PathBuf {
        let whole = path.canonicalize().or_else(|_| std::path::absolute(path));
        whole.unwrap_or_else(|_| path.to_owned())
    };
    one == other || plain(one) == plain(other) || place::are_one(one, other)
}
