//! Events in memory, for embedders and tests.

use super::{Store, StoreError, encode, wall_clock};
use crate::record::{Entry, Event};

/// Keeps events as long as it lives.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    entries: Vec<Entry>,
}

impl Store for MemoryStore {
    fn append(&mut self, event: Event) -> Result<Entry, StoreError> {
        let (_, event) = encode(&event)?;
        let entry = Entry { seq: self.entries.len() as u64 + 1, time: wall_clock(), event };
        self.entries.push(entry.clone());
        Ok(entry)
    }

    fn load(&self) -> Result<Vec<Entry>, StoreError> {
        Ok(self.entries.clone())
    }
}
