//! How a trial ended that the store could not take, because somebody else held it locked: kept in a file beside the store until the next
//! who opens it stores it, in its place and once.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::format::{Row, checksum};
use super::{StoreError, encode};
use crate::disk::{sync_folder_of, write_whole};
use crate::guard::file::read_text;
use crate::record::{Event, StoredEvent};

/// Its name beside the store.
pub const UNDELIVERED: &str = "undelivered.json";

/// The layout that this version writes.
const FORMAT: u32 = 1;
/// More than any trial leaves.
const MOST: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
struct Page {
    /// For people.
    about: String,
    format: u32,
    study: Option<String>,
    before: Option<String>,
    events: Vec<Line>,
}

/// To which store events belong, and where in it: what is kept may be copied, and so may a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bond {
    /// The checksum of the store's first event.
    pub(super) study: Option<u64>,
    /// That of the event before the first that is kept.
    pub(super) before: Option<u64>,
}

/// What is kept.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) bond: Bond,
    /// In order.
    pub(super) rows: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    seq: u64,
    time: f64,
    /// The event as JSON, in the very words of which the checksum is.
    body: String,
    /// XXH3 of place, time and body, in hexadecimal digits.
    sum: String,
}

/// Where what is kept for the store at `path` is.
pub(super) fn place(path: &Path) -> PathBuf {
    path.with_file_name(UNDELIVERED)
}

/// Whether an event tells how a trial ended: what nobody can find out again.
pub(super) fn is_outcome(event: &Event) -> bool {
    matches!(event, Event::TrialFinished { .. } | Event::TrialFailed { .. })
}

/// Keeps rows for the store at `path`.
pub(super) fn keep(path: &Path, bond: Bond, rows: &[Row]) -> std::io::Result<PathBuf> {
    let line = |Row { entry, body }: &Row| Line {
        seq: entry.seq,
        time: entry.time,
        body: body.clone(),
        sum: digits(checksum(entry.seq, entry.time, body)),
    };
    let about = "how a trial ended while the store was locked by another program; optimize stores it when the study is run again, and \
                 then removes this file";
    let (study, before) = (bond.study.map(digits), bond.before.map(digits));
    let page = Page { about: about.to_owned(), format: FORMAT, study, before, events: rows.iter().map(line).collect() };
    let place = place(path);
    write_whole(&place, &serde_json::to_vec_pretty(&page)?)?;
    Ok(place)
}

/// A checksum as it is written.
fn digits(sum: u64) -> String {
    format!("{sum:016x}")
}

/// What is kept for the store at `path`; `None` if nothing is.
pub(super) fn read(path: &Path) -> Result<Option<Kept>, StoreError> {
    let place = place(path);
    let wrong = |reason: String| StoreError::Undeliverable { path: place.clone(), reason };
    let text = match read_text(&place, MOST) {
        Ok(text) => text,
        Err(_) if std::fs::symlink_metadata(&place).is_err_and(|e| e.kind() == ErrorKind::NotFound) => {
            return Ok(None);
        }
        Err(error) => return Err(wrong(format!("it cannot be read: {error}"))),
    };
    let page: Page = serde_json::from_str(&text).map_err(|error| wrong(format!("it is damaged: {error}")))?;
    if page.format != FORMAT {
        return Err(wrong(format!("it has format {}, which this version does not know", page.format)));
    }
    let row = |Line { seq, time, body, sum }: Line| {
        if sum != digits(checksum(seq, time, &body)) {
            return Err(wrong(format!("it is damaged at event {seq}: its checksum does not fit")));
        }
        let event = serde_json::from_str(&body).map_err(|error| wrong(format!("event {seq}: {error}")))?;
        let (_, event) = encode(&event)?;
        Ok(Row { entry: StoredEvent { seq, time, event }, body })
    };
    let number = |sum: &Option<String>| sum.as_ref().and_then(|sum| u64::from_str_radix(sum, 16).ok());
    let bond = Bond { study: number(&page.study), before: number(&page.before) };
    let rows: Vec<Row> = page.events.into_iter().map(row).collect::<Result<_, _>>()?;
    Ok((!rows.is_empty()).then_some(Kept { bond, rows }))
}

/// Removes what is kept, once it is stored. If that fails, the next who opens the store finds it stored already.
pub(super) fn remove(path: &Path) {
    let place = place(path);
    if std::fs::remove_file(&place).is_ok() {
        let _ = sync_folder_of(&place);
    }
}
