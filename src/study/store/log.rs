//! The write-ahead log beside the database: when its pages are copied into the file, and when that is synced.
//!
//! What was committed is durable in the log, and the log is what counts after a crash. So the file can be kept up to date after
//! every event without waiting for the disk, as long as the log is not begun anew, over what the file does not durably have
//! yet. SQLite begins it anew at the first write after all was copied, unless somebody reads from the log: so a connection does,
//! from each copying until the next write. Every so often, and at the end, the file is synced and the log may begin anew.

use std::fs::File;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

/// After so many copyings the file is synced, and the log begins anew: it then has some megabytes at most, but for long events.
const COPIES: u32 = 200;

/// The log of a database that is written to.
#[derive(Debug)]
pub(super) struct Log {
    reader: Connection,
    reads: bool,
    /// Copyings since the file was synced.
    copies: u32,
    /// The database, to sync it. Closed after all connections: closing it takes this process's locks off the file.
    file: File,
}

impl Log {
    /// That of the database at `path`; `None` where it has none, because the file system does not permit it.
    pub(super) fn of(path: &Path, connection: &Connection) -> rusqlite::Result<Option<Self>> {
        let mode = connection.pragma_query_value(None, "journal_mode", |row| row.get::<_, String>(0))?;
        if mode != "wal" {
            return Ok(None);
        }
        let cannot = |error: std::io::Error| {
            let text = Some(format!("it cannot be opened to sync it: {error}"));
            rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN), text)
        };
        let reader =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        let file = File::options().read(true).write(true).open(path).map_err(cannot)?;
        to_the_end(connection, "PRAGMA wal_autocheckpoint = 0")?;
        Ok(Some(Self { reader, reads: false, copies: 0, file }))
    }

    /// Says that something was written: the log is longer now than what was copied of it, so it is not begun anew.
    pub(super) fn was_written(&mut self) -> rusqlite::Result<()> {
        if std::mem::take(&mut self.reads) {
            self.reader.execute("ROLLBACK", [])?;
        }
        Ok(())
    }

    /// Copies what was committed into the file, as far as no other reader is in the way.
    pub(super) fn copy(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if self.copies >= COPIES {
            return self.finish(connection);
        }
        if !self.reads {
            self.reader.execute("BEGIN", [])?;
            self.reads = true;
            self.reader.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        }
        self.copies += 1;
        connection.execute_batch("PRAGMA synchronous = OFF")?;
        let copied = to_the_end(connection, "PRAGMA wal_checkpoint(PASSIVE)");
        connection.execute_batch("PRAGMA synchronous = EXTRA")?;
        copied
    }

    /// Copies what was committed into the file and syncs it.
    pub(super) fn finish(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        to_the_end(connection, "PRAGMA wal_checkpoint(PASSIVE)")?;
        if self.copies > 0 {
            self.file.sync_all().map_err(|error| {
                let text = Some(format!("the file could not be synced: {error}"));
                rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC), text)
            })?;
        }
        self.copies = 0;
        self.was_written()
    }

    /// Leaves the log as it is when the connections end, for the next to open the database: the file may lack what is in it.
    pub(super) fn leave(&self, connection: &Connection) {
        for connection in [connection, &self.reader] {
            // Best effort: a connection that cannot be told so has not written either.
            let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
    }
}

/// Runs a statement that answers with rows to its end: what goes wrong after its last row counts, too.
pub(super) fn to_the_end(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while rows.next()?.is_some() {}
    Ok(())
}
