//! Where a study's events are kept.

#[cfg(test)]
mod contract;
mod memory;
mod sqlite;

pub use memory::MemoryStore;
pub use sqlite::SqliteStore;

use std::path::PathBuf;

use crate::record::{Entry, Event, SCHEMA_VERSION};

/// Why events could not be kept or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database does not answer as it should.
    #[error("the study's store {} failed: {source}", .path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "the study's store {} has format {found}, but this version of optimize knows formats up to {SCHEMA_VERSION}; \
         use the version that wrote it or a newer one", .path.display()
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
    },
    /// The file is something else.
    #[error("{} is not a store of a Wattfront study; move it away, or choose another folder with --results", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// An event that would not read back as what it is.
    #[error("an event cannot be stored: {reason}")]
    Unstorable {
        /// Why.
        reason: String,
    },
    /// An event that cannot be read.
    #[error("the study's store {} is damaged at event {seq}: {reason}; a copy of the file may be older but whole", .path.display())]
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
/// however it comes (not for [`MemoryStore`]).
pub trait Store: Send {
    /// Adds an event and returns it with its place and time. It is kept whole or not at all.
    ///
    /// # Errors
    /// A [`StoreError`] if it could not be kept.
    fn append(&mut self, event: Event) -> Result<Entry, StoreError>;

    /// All events, in order.
    ///
    /// # Errors
    /// A [`StoreError`] if they cannot be read.
    fn load(&self) -> Result<Vec<Entry>, StoreError>;
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
