//! The write-ahead log beside the database, and when its pages are copied into the file.
//!
//! What was committed is durable in the log, and the log is what counts after a crash. So the file can be kept up to
//! date after every event without waiting for the disk. SQLite itself does not sync the file where it copies a part of
//! the log only. It neither begins the log anew nor removes it before it has copied all of it and synced the file. So a
//! last frame is always left uncopied, one that only counts. Every so often, and at the end, all is copied and synced,
//! and the log begins anew.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::sqlite::leave_log;

/// After so many copyings the file is synced, and the log begins anew: it then has some megabytes at most, but for long events.
const COPIES: u32 = 200;

/// The log of a database that is written to.
#[derive(Debug)]
pub(super) struct Log {
    /// Keeps the last frame from being copied, by reading what was before it.
    reader: Connection,
    /// Copyings since the file was synced.
    copies: u32,
}

impl Log {
    /// That of the database at `path`; `None` where it has none, because the file system does not permit it.
    pub(super) fn of(path: &Path, connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))?;
        if mode != "wal" {
            return Ok(None);
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let reader = Connection::open_with_flags(path, flags)?;
        to_the_end(connection, "PRAGMA wal_autocheckpoint = 0")?;
        Ok(Some(Self { reader, copies: 0 }))
    }

    /// Copies what was committed into the file, as far as no other reader is in the way, and does not wait for the disk.
    pub(super) fn copy(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.copies >= COPIES {
            return self.finish(connection);
        }
        self.copies += 1;
        self.reader.execute("BEGIN", [])?;
        let read = self.reader.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
        let copied = read.and_then(|()| {
            connection.execute_batch("PRAGMA synchronous = OFF")?;
            // The frame that is left. It has a page of its own, for a page that changed later is not copied at all; and what
            // changes nothing would not be written.
            let copied = connection
                .execute("UPDATE copied SET times = times + 1", [])
                .and_then(|_| to_the_end(connection, "PRAGMA wal_checkpoint(PASSIVE)"));
            connection.execute_batch("PRAGMA synchronous = EXTRA")?;
            copied
        });
        self.reader.execute("ROLLBACK", [])?;
        copied
    }

    /// Has it left as it is when the last connection ends.
    pub(super) fn leave(&self) {
        leave_log(&self.reader, true);
    }

    /// Copies what was committed into the file and syncs it.
    pub(super) fn finish(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        to_the_end(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
        self.copies = 0;
        Ok(())
    }
}

/// Runs a statement that answers with rows to its end: what goes wrong after its last row counts, too.
pub(super) fn to_the_end(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
