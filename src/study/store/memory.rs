//! Events in memory, for embedders and tests.

use super::{Store, StoreError, encode, wall_clock};
use crate::record::{Event, StoredEvent};

/// Keeps events as long as it lives.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    entries: Vec<StoredEvent>,
}

impl Store for MemoryStore {
    fn append(&mut self, event: Event) -> Result<StoredEvent, StoreError> {
        let (_, event) = encode(&event)?;
        let entry = StoredEvent { seq: self.entries.len() as u64 + 1, time: wall_clock(), event };
        self.entries.push(entry.clone());
        Ok(entry)
    }

    fn load(&self) -> Result<Vec<StoredEvent>, StoreError> {
        Ok(self.entries.clone())
    }
}
