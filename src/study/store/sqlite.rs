//! Events in a SQLite database.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{Store, StoreError, encode, wall_clock};
use crate::record::{Entry, Event, SCHEMA_VERSION};

/// Marks the file as ours: "Watt" in ASCII.
const APPLICATION_ID: u32 = 0x5761_7474;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS events (
        seq  INTEGER PRIMARY KEY,  -- place in the study, from 1
        time REAL NOT NULL,        -- seconds since 1970
        body TEXT NOT NULL         -- the event as JSON
    ) STRICT;";

/// Keeps events in a file, each in a transaction of its own.
///
/// Everything but the steps within a trial is also on the disk, not only with the operating system, when
/// [`append`](Store::append) returns.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Connection,
    /// The format that the file is marked with.
    version: u32,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes an empty one.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::Foreign`] for a file that is something else, [`StoreError::Database`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
    }

    /// Opens an existing store to read from it, also while another process writes to it.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and [`StoreError::Database`] if there is no such file.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        // Reading a database in WAL mode needs write access to its side files; nothing is appended through it.
        let readable = |store: Self| {
            let count = store.connection.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0));
            count.map(|_| ()).map_err(|e| store.failed(e)).map(|()| store)
        };
        match Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE).and_then(readable) {
            Err(StoreError::Database { .. }) => {
                // On read-only media there are no side files to write; nobody else can change the file there either.
                let uri = format!(
                    "file:{}?immutable=1",
                    path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
                );
                Self::connect_as(path, Path::new(&uri), OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
            }
            other => other,
        }
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        Self::connect_as(path, path, flags)
    }

    fn connect_as(path: &Path, name: &Path, flags: OpenFlags) -> Result<Self, StoreError> {
        let failed = |source| database_error(path, source);
        let connection = Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
        connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(failed)?;
        let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, u32>(0));
        let (id, mut version) = (number("application_id").map_err(failed)?, number("user_version").map_err(failed)?);
        if id == 0 && version == 0 && flags.contains(OpenFlags::SQLITE_OPEN_CREATE) {
            let tables: u32 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
            if tables > 0 {
                return Err(StoreError::Foreign { path: path.to_owned() });
            }
            connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
            let stamp = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};");
            connection.execute_batch(&format!("BEGIN; {SCHEMA} {stamp} COMMIT;")).map_err(failed)?;
            version = SCHEMA_VERSION;
        } else if id != APPLICATION_ID {
            return Err(StoreError::Foreign { path: path.to_owned() });
        } else if version > SCHEMA_VERSION {
            return Err(StoreError::Newer { path: path.to_owned(), found: version });
        }
        Ok(Self { path: path.to_owned(), connection, version })
    }

    fn failed(&self, source: rusqlite::Error) -> StoreError {
        database_error(&self.path, source)
    }
}

impl Store for SqliteStore {
    fn append(&mut self, event: Event) -> Result<Entry, StoreError> {
        let (body, event) = encode(&event)?;
        let time = wall_clock();
        // Steps come often and within metered windows; the end of their trial makes them durable.
        let synchronous = if matches!(event, Event::StepReported { .. }) { "NORMAL" } else { "FULL" };
        self.connection.pragma_update(None, "synchronous", synchronous).map_err(|e| self.failed(e))?;
        if self.version < SCHEMA_VERSION {
            // From here on it may hold what an older version of this program would misread.
            self.connection.pragma_update(None, "user_version", SCHEMA_VERSION).map_err(|e| self.failed(e))?;
            self.version = SCHEMA_VERSION;
        }
        let seq = self
            .connection
            .prepare_cached(
                "INSERT INTO events (seq, time, body)
                 SELECT coalesce(max(seq), 0) + 1, ?1, ?2 FROM events RETURNING seq",
            )
            .and_then(|mut insert| insert.query_row(params![time, body], |row| row.get::<_, i64>(0)))
            .map_err(|e| self.failed(e))?;
        Ok(Entry { seq: seq.unsigned_abs(), time, event })
    }

    fn load(&self) -> Result<Vec<Entry>, StoreError> {
        let known = self
            .connection
            .query_row("SELECT 1 FROM sqlite_schema WHERE name = 'events'", [], |_| Ok(()))
            .optional()
            .map_err(|e| self.failed(e))?;
        if known.is_none() {
            return Err(StoreError::Foreign { path: self.path.clone() });
        }
        let mut select =
            self.connection.prepare("SELECT seq, time, body FROM events ORDER BY seq").map_err(|e| self.failed(e))?;
        let rows = select
            .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, f64>(1)?, row.get::<_, String>(2)?)))
            .map_err(|e| self.failed(e))?;
        let mut entries = Vec::new();
        for row in rows {
            let (seq, time, body) = row.map_err(|e| self.failed(e))?;
            let seq = seq.unsigned_abs();
            let event = serde_json::from_str(&body).map_err(|error| StoreError::Damaged {
                path: self.path.clone(),
                seq,
                reason: error.to_string(),
            })?;
            entries.push(Entry { seq, time, event });
        }
        Ok(entries)
    }
}

fn database_error(path: &Path, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StoreError::Foreign { path: path.to_owned() },
        _ => StoreError::Database { path: path.to_owned(), source },
    }
}
