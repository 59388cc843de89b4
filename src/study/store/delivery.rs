//! What is kept beside a store goes into it, or is read with it, if it is the store's own.

use super::StoreError;
use super::format::{self, Row};
use super::patience::say;
use super::sqlite::{SqliteStore, what};
use super::undelivered::{self, Kept};
use crate::guard::told::with_help;

impl SqliteStore {
    /// Whether what is kept beside a store that is only read is among what [`load`](super::Store::load) gives, or why it is not. Beside it lies
    /// how a trial ended while the store was locked.
    ///
    /// # Errors
    /// Why it is not of this study, or cannot be read.
    pub fn kept_beside(&self) -> Result<bool, String> {
        self.beside.as_ref().map(|rows| !rows.is_empty()).map_err(Clone::clone)
    }

    /// Stores what an earlier process had to keep beside the store.
    pub(super) fn deliver(&mut self) -> Result<(), StoreError> {
        let Some(kept) = undelivered::read(&self.path)? else { return Ok(()) };
        let wrong = |reason: String| StoreError::Undeliverable { path: undelivered::place(&self.path), reason };
        let new = self.new_of(&kept).map_err(|e| self.failed(e))?.map_err(wrong)?;
        let Some(last) = new.last().map(|row| row.entry.event.clone()) else {
            undelivered::remove(&self.path);
            return Ok(());
        };
        self.last += new.len() as u64;
        self.waiting = new;
        self.write_patiently(&last)?;
        self.copy_log(true).map_err(|e| self.failed(e))?;
        undelivered::remove(&self.path);
        say(&format!("{}, kept while the study's store was locked, is now stored in it", what(&last)));
        Ok(())
    }

    /// The checksums of the first event in the file, and of the last.
    pub(super) fn find_ends(&self) -> Result<(Option<u64>, Option<u64>), StoreError> {
        let sum = |seq| format::sum_at(&self.connection, seq).map_err(|e| self.failed(e));
        Ok((sum(1)?, sum(self.last)?))
    }

    /// What of the kept events the store does not have yet, or why they are not the store's.
    fn new_of(&self, kept: &Kept) -> rusqlite::Result<Result<Vec<Row>, String>> {
        let Some(first) = kept.rows.first().map(|row| row.entry.seq) else { return Ok(Ok(Vec::new())) };
        let fits = |sum: Option<u64>, seq| {
            format::sum_at(&self.connection, seq).map(|stored| stored.is_some() && stored == sum)
        };
        if !fits(kept.bond.study, 1)? {
            return Ok(Err("it is of another study than the store, or does not say of which".to_owned()));
        }
        for row in kept.rows.iter().filter(|row| row.entry.seq <= self.last) {
            let stored = format::body_at(&self.connection, row.entry.seq)?;
            if stored.as_ref() != Some(&row.body) {
                return Ok(Err(format!("the store has another event in its place ({})", row.entry.seq)));
            }
        }
        let new: Vec<Row> = kept.rows.iter().filter(|row| row.entry.seq > self.last).cloned().collect();
        if let Some(gap) = new.iter().zip(self.last + 1..).find(|(row, seq)| row.entry.seq != *seq) {
            let seq = gap.0.entry.seq;
            return Ok(Err(format!("the store has {} events, and it goes on with {seq}", self.last)));
        }
        if !fits(kept.bond.before, first.saturating_sub(1))? {
            return Ok(Err(format!("the store has another event before it ({})", first.saturating_sub(1))));
        }
        Ok(Ok(new))
    }

    /// Finds what is kept beside a store that is only read, and leaves it there.
    pub(super) fn look_beside(&mut self) -> Result<(), StoreError> {
        self.beside = match undelivered::read(&self.path) {
            Ok(None) => Ok(Vec::new()),
            Ok(Some(kept)) => self.new_of(&kept).map_err(|e| self.failed(e))?,
            Err(StoreError::Undeliverable { reason, .. }) => Err(reason),
            Err(error) => Err(with_help(&error, error.help())),
        };
        Ok(())
    }
}
