//! A new store of what is whole in a damaged one.

use std::collections::BTreeSet;
use std::path::Path;

use super::format::{self, Row};
use super::salvage::Salvage;
use super::{Fault, SqliteStore, Store, StoreError, encode};
use crate::guard::told::with_help;
use crate::record::{Event, StoredEvent, StudyRecord, TrialState};

/// So many events after the last one that was found are believed to be lost.
const MOST_LOST: u64 = 1_000_000;

/// What became of a damaged store.
#[derive(Debug)]
#[non_exhaustive]
pub struct Repair {
    /// The events of the new store, counted anew.
    pub entries: Vec<StoredEvent>,
    /// What they fold into.
    pub record: StudyRecord,
    /// Whether the study's begin was lost, and is that of its study file.
    pub begun_anew: bool,
    /// Events that are lost or damaged, by their places in the old store.
    pub lost: Vec<u64>,
    /// Events that are whole but speak of what is lost, by their places in the old store.
    pub orphans: Vec<u64>,
    /// How many of the kept events have no checksum, being of an early version.
    pub unchecked: usize,
    /// Trials whose begin is there but not their end: they run again.
    pub open: Vec<u64>,
    /// Trials of which an event is there, but not their begin, with their configuration: they are lost.
    pub without_begin: Vec<u64>,
}

impl Repair {
    /// Sorts out what was found. `begin` stands in for the event that creates the study, if that is lost.
    ///
    /// `None` if there is nothing to make a study of.
    #[must_use]
    pub fn of(salvage: Salvage, begin: Option<Event>) -> Option<Self> {
        let Salvage { entries: found, unchecked, damaged, last } = salvage;
        let end = found.iter().map(|entry| entry.seq).chain(damaged).max().unwrap_or(0);
        // A damaged number may be anything.
        let last = last.filter(|last| *last <= end.saturating_add(MOST_LOST));
        let end = last.unwrap_or(0).max(end);
        let there: BTreeSet<u64> = found.iter().map(|entry| entry.seq).collect();
        let lost: Vec<u64> = (1..=end).filter(|seq| !there.contains(seq)).collect();
        let mut found = found.into_iter().peekable();
        let created = found.next_if(|entry| matches!(entry.event, Event::StudyCreated { .. }));
        let begun_anew = created.is_none();
        let first = match (created, begin) {
            (Some(entry), _) => entry,
            (None, Some(event)) => StoredEvent { seq: 1, time: found.peek()?.time, event },
            (None, None) => return None,
        };
        let mut record = StudyRecord::from_entries([StoredEvent { seq: 1, ..first.clone() }]).ok()?;
        let mut entries = vec![StoredEvent { seq: 1, ..first }];
        let mut orphans = Vec::new();
        let mut without_begin = BTreeSet::new();
        for entry in found {
            let (place, seq) = (entry.seq, entries.len() as u64 + 1);
            let entry = StoredEvent { seq, ..entry };
            match record.apply(entry.clone()) {
                Ok(()) => entries.push(entry),
                Err(_) => {
                    without_begin.extend(trial_of(&entry.event));
                    orphans.push(place);
                }
            }
        }
        without_begin.retain(|trial| record.trial(*trial).is_none());
        let open = record.trials().iter().filter(|trial| trial.state == TrialState::Running).map(|trial| trial.id);
        let (open, without_begin) = (open.collect(), without_begin.into_iter().collect());
        Some(Self { entries, record, begun_anew, lost, orphans, unchecked, open, without_begin })
    }

    /// Writes the new store.
    ///
    /// # Errors
    /// A [`StoreError`], such as that there is one already.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        if path.exists() {
            let source = std::io::ErrorKind::AlreadyExists.into();
            return Err(StoreError::Folder { path: path.to_owned(), source });
        }
        let mut rows = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            rows.push(Row { body: encode(&entry.event)?.0, entry: entry.clone() });
        }
        SqliteStore::open(path)?.restore(&rows)
    }
}

fn trial_of(event: &Event) -> Option<u64> {
    match event {
        Event::TrialStarted { trial, .. }
        | Event::DevicesSeen { trial, .. }
        | Event::StepReported { trial, .. }
        | Event::TrialFinished { trial, .. }
        | Event::TrialFailed { trial, .. } => Some(*trial),
        _ => None,
    }
}

impl SqliteStore {
    /// What is wrong with a store that can be read: tried on a copy of it, to the writing of one more event.
    ///
    /// # Errors
    /// Why it cannot be written to.
    pub fn try_out(path: &Path) -> Result<(), String> {
        let (folder, copy) = super::sqlite::copy(path).map_err(|error| format!("it cannot be copied: {error}"))?;
        let mut store = Self::open(&copy).map_err(|error| with_help(&error, error.help()))?;
        let checked = store.connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0));
        match checked {
            Ok(answer) if answer == "ok" => {}
            Ok(answer) => return Err(answer),
            Err(error) => return Err(error.to_string()),
        }
        let event = Event::SessionEnded { reason: "a trial of the store".to_owned() };
        let written = store.append(event).map(|_| ()).map_err(|error| with_help(&error, error.help()));
        drop(store);
        drop(folder);
        written
    }

    /// Writes events with their own places and times into an empty store.
    fn restore(&mut self, rows: &[Row]) -> Result<(), StoreError> {
        let written = format::transaction(&self.connection, || format::insert(&self.connection, rows));
        let done: Result<(), rusqlite::Error> = written.and_then(|()| self.copy_log(true));
        done.map_err(|source| StoreError::Unwritten {
            path: self.path.clone(),
            what: "what was whole".to_owned(),
            source: Fault::of(&self.connection, source),
        })
    }
}
