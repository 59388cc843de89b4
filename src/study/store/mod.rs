//! Where a study's events are kept.

#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod delivery;
mod fault;
mod format;
mod log;
mod memory;
mod patience;
mod repair;
mod salvage;
#[cfg(test)]
mod shared;
mod sqlite;
#[cfg(test)]
mod tests;
mod undelivered;

pub use fault::Fault;
pub use memory::MemoryStore;
pub use repair::Repair;
pub use salvage::Salvage;
pub use sqlite::SqliteStore;
pub use undelivered::UNDELIVERED;

use std::path::PathBuf;

use super::Interrupt;
use crate::record::{Event, SCHEMA_VERSION, StoredEvent};

/// Why events could not be kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database does not answer as it should.
    #[error("the study's store {} failed", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: Fault,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "the study's store {} has format {found}, but this version knows formats up to {SCHEMA_VERSION}", .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The file is something else.
    #[error("{} is not a store of a Wattfront study, or its begin is damaged", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file holds nothing at all.
    #[error("the study's store {} is empty: there is no study in it", .path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The file is missing or empty, but its log is there.
    #[error(
        "the study's store {} is missing or empty, but {} beside it is not, and may hold trials; nothing was \
         changed", .path.display(), .log.display()
    )]
    Hollow {
        /// The file.
        path: PathBuf,
        /// What is beside it.
        log: PathBuf,
    },
    /// An event could not be written.
    #[error("{what} could not be stored in {}, and everything before it is stored", .path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// What is lost.
        what: String,
        /// What SQLite says.
        source: Fault,
    },
    /// The user did not want to wait any longer for a lock.
    #[error(
        "the study's store {} is still locked by another program, so {what} is not in it{}", .path.display(),
        match .kept {
            Some(Ok(kept)) => format!(": it is kept in {} and stored when the study is run again", kept.display()),
            Some(Err(reason)) => format!(", nor could it be kept beside it ({reason}), and is lost"),
            None => String::new(),
        }
    )]
    Locked {
        /// The file.
        path: PathBuf,
        /// What was to be written.
        what: String,
        /// Where it is kept instead, or why it is not; `None` where that was not needed.
        kept: Option<Result<PathBuf, String>>,
    },
    /// What was kept for the store cannot be stored.
    #[error(
        "{} holds how a trial ended while the store was locked, and cannot be stored: {reason}", .path.display()
    )]
    Undeliverable {
        /// The file beside the store.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The file can be read and not written.
    #[error(
        "the study's store {} cannot be opened to write to it (unable to open database file)", .path.display()
    )]
    NotWritable {
        /// The file.
        path: PathBuf,
    },
    /// There is no room for the result of a trial.
    #[error(
        "only {} KiB are free on the disk of the study's store {}, and the result of a trial might find no room, so none is begun", .free >> 10, .path.display()
    )]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// Free bytes.
        free: u64,
        /// How many there must be.
        needed: u64,
    },
    /// Somebody else has changed the file.
    #[error(
        "{what} could not be stored in {}: another program has changed the store meanwhile (it has {found} events, not \
         {expected})", .path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// What is lost.
        what: String,
        /// How many events there are.
        found: u64,
        /// How many there should be.
        expected: u64,
    },
    /// The log is not that of the file, or damaged.
    #[error(
        "the log study.db-wal beside the study's store {} is damaged: with it there are {with} events, and {alone} without it", .path.display()
    )]
    DamagedLog {
        /// The file.
        path: PathBuf,
        /// Events of the file alone.
        alone: u64,
        /// Events with the log.
        with: u64,
    },
    /// The tables are not what they should be.
    #[error("the study's store {} is damaged: {reason}", .path.display())]
    Unsound {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Nothing is written after an error.
    #[error("nothing more is written to the study's store {}, after this: {reason}", .path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// The error.
        reason: String,
    },
    /// The file was moved, or another one is in its place.
    #[error(
        "the study's store {} was moved, or replaced, while the study ran; what has finished is in the file that was \
         moved", .path.display()
    )]
    Moved {
        /// Where it was.
        path: PathBuf,
    },
    /// The file was removed.
    #[error(
        "the study's store {} was removed, or replaced by another one, while the study ran{}", .path.display(),
        .kept.as_ref().map_or_else(
            || ", and with it all trials; nothing of it could be kept".to_owned(),
            |kept| format!("; what it held is now in {}", kept.display())
        )
    )]
    Removed {
        /// Where it was.
        path: PathBuf,
        /// Where what it held is now.
        kept: Option<PathBuf>,
    },
    /// The file was emptied.
    #[error("the study's store {} was emptied, or cut short, while the study ran", .path.display())]
    Emptied {
        /// The file.
        path: PathBuf,
    },
    /// The operating system does not give what the store needs.
    #[error("the study's store {} cannot be used", .path.display())]
    Folder {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// An event that would not read back as what it is.
    #[error("an event cannot be stored: {reason}")]
    Unstorable {
        /// Why.
        reason: String,
    },
    /// An event that cannot be read.
    #[error("the study's store {} is damaged at event {seq}: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Place of the event.
        seq: u64,
        /// What is wrong with it.
        reason: String,
    },
}

/// Keeps the events of one study, in order. What [`append`](Self::append) has accepted survives the end of the process,
/// however it comes; of the steps of a running trial, those of the last second may not (not for [`MemoryStore`]).
pub trait Store: Send {
    /// Adds an event and returns it with its place and time. It is kept whole or not at all.
    ///
    /// # Errors
    /// A [`StoreError`] if it could not be kept.
    fn append(&mut self, event: Event) -> Result<StoredEvent, StoreError>;

    /// Writes steps that wait for company, if they have waited for long. Whoever appends steps calls this now and then. Default:
    /// nothing waits.
    ///
    /// # Errors
    /// A [`StoreError`] if they could not be kept.
    fn tend(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// From here on whoever raises this ends the waiting for locks of other programs. Default: nothing is waited for.
    fn heed(&mut self, interrupt: &Interrupt) {
        let _ = interrupt;
    }

    /// All events, in order.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be read.
    fn load(&self) -> Result<Vec<StoredEvent>, StoreError>;
}

/// The event as JSON, and as it will be read back: what lives on in memory is what a resumed study would see.
fn encode(event: &Event) -> Result<(String, Event), StoreError> {
    let unstorable = |error: serde_json::Error| StoreError::Unstorable { reason: error.to_string() };
    let body = serde_json::to_string(event).map_err(unstorable)?;
    let event = serde_json::from_str(&body).map_err(unstorable)?;
    Ok((body, event))
}

/// Seconds since 1970 by the wall clock.
fn wall_clock() -> f64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0.0, |d| d.as_secs_f64())
}
