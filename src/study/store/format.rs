//! How events lie in the database: the schema, its marks, and the checksums.

use std::hash::Hasher;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};
use twox_hash::XxHash3_64;

use crate::record::{SCHEMA_VERSION, StoredEvent};

/// Marks the file as ours: "Watt" in ASCII.
pub(super) const APPLICATION_ID: u32 = 0x5761_7474;

/// The first format with checksums and `head`.
const CHECKED: u32 = 4;

const EVENTS: &str = "
    CREATE TABLE events (
        seq  INTEGER PRIMARY KEY,  -- place in the study, from 1, without gaps
        time REAL NOT NULL,        -- seconds since 1970
        body TEXT NOT NULL,        -- the event as JSON
        sum  INTEGER               -- XXH3 (64 bits) of seq, time and body
    ) STRICT;";

const HEAD: &str = "
    CREATE TABLE head (
        id  INTEGER PRIMARY KEY CHECK (id = 1),
        seq INTEGER NOT NULL       -- place of the last event
    ) STRICT;
    INSERT INTO head (id, seq) VALUES (1, 0);
    CREATE TABLE copied (
        times INTEGER NOT NULL     -- how often the log was copied into the file; the file itself may lag behind
    ) STRICT;
    INSERT INTO copied (times) VALUES (0);";

/// An event as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) entry: StoredEvent,
    pub(super) body: String,
}

/// The checksum of an event: XXH3 of its place and time (8 bytes each, little endian) and its JSON.
pub(super) fn checksum(seq: u64, time: f64, body: &str) -> u64 {
    let mut hash = XxHash3_64::new();
    hash.write(&seq.to_le_bytes());
    hash.write(&time.to_bits().to_le_bytes());
    hash.write(body.as_bytes());
    hash.finish()
}

/// What a database says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Marks {
    pub(super) application: u32,
    /// The format, 0 where nothing was written yet.
    pub(super) version: u32,
}

impl Marks {
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let number = |pragma: &str| number(pragma).map(|value| value as u32);
        Ok(Self { application: number("application_id")?, version: number("user_version")? })
    }
}

/// Makes the tables in a database without any. Whole or not at all.
pub(super) fn create(connection: &Connection) -> rusqlite::Result<()> {
    let stamp = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA_VERSION};");
    transaction(connection, || connection.execute_batch(&format!("{EVENTS} {HEAD} {stamp}")))
}

/// Runs statements as one transaction. Every one of them is run to its end, the `COMMIT` included, so that a failure at any point
/// is an error here; the database is then as before.
pub(super) fn transaction<E: From<rusqlite::Error>>(
    connection: &Connection,
    work: impl FnOnce() -> Result<(), E>,
) -> Result<(), E> {
    connection.execute("BEGIN IMMEDIATE", [])?;
    let done = work().and_then(|()| connection.execute("COMMIT", []).map(|_| ()).map_err(E::from));
    if done.is_err() {
        // SQLite has rolled back by itself after most failures, and says so by an error here.
        let _ = connection.execute("ROLLBACK", []);
    }
    done
}

/// Brings an older format up to this one, within a transaction: from here on it holds what an older program would misread.
pub(super) fn migrate(connection: &Connection, version: u32) -> rusqlite::Result<()> {
    if version < CHECKED && !has_column(connection, "sum")? {
        connection.execute("ALTER TABLE events ADD COLUMN sum INTEGER", [])?;
        connection.execute_batch(HEAD)?;
        let mut seal = connection.prepare("UPDATE events SET sum = ?2 WHERE seq = ?1")?;
        let mut last = 0;
        for (seq, time, body) in rows(connection)? {
            let sum = checksum(seq.cast_unsigned(), time, &body);
            seal.execute(params![seq, sum.cast_signed()])?;
            last = seq;
        }
        connection.execute("UPDATE head SET seq = ?1", [last])?;
    }
    connection.execute_batch(&format!("PRAGMA user_version = {SCHEMA_VERSION}"))
}

fn rows(connection: &Connection) -> rusqlite::Result<Vec<(i64, f64, String)>> {
    let mut select = connection.prepare("SELECT seq, time, body FROM events ORDER BY seq")?;
    let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

fn has_column(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let mut columns = connection.prepare("SELECT 1 FROM pragma_table_info('events') WHERE name = ?1")?;
    columns.exists([name])
}

/// Whether there is a table of this name.
pub(super) fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let found =
        connection.query_row("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1", [name], |_| Ok(()));
    Ok(found.optional()?.is_some())
}

/// Place of the last event, 0 if there is none.
pub(super) fn last_seq(connection: &Connection) -> rusqlite::Result<u64> {
    let has_head = has_table(connection, "head")?;
    if !has_head && Marks::read(connection)?.version >= CHECKED {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    let from = if has_head { "SELECT seq FROM head" } else { "SELECT coalesce(max(seq), 0) FROM events" };
    Ok(connection.query_row(from, [], |row| row.get::<_, i64>(0))?.cast_unsigned())
}

/// The event at a place, as it is stored.
pub(super) fn body_at(connection: &Connection, seq: u64) -> rusqlite::Result<Option<String>> {
    let body = connection.query_row("SELECT body FROM events WHERE seq = ?1", [seq.cast_signed()], |row| row.get(0));
    body.optional()
}

/// The checksum of the event at a place, of what is stored there now; `None` if there is none that can be read.
pub(super) fn sum_at(connection: &Connection, seq: u64) -> rusqlite::Result<Option<u64>> {
    let row = connection.query_row("SELECT time, body FROM events WHERE seq = ?1", [seq.cast_signed()], |row| {
        Ok(checksum(seq, row.get(0)?, &row.get::<_, String>(1)?))
    });
    match row {
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => Err(error),
        // What is damaged is told by whoever loads it.
        row => Ok(row.ok()),
    }
}

/// Adds rows, within a transaction.
pub(super) fn insert(connection: &Connection, rows: &[Row]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached("INSERT INTO events (seq, time, body, sum) VALUES (?1, ?2, ?3, ?4)")?;
    for Row { entry, body } in rows {
        let sum = checksum(entry.seq, entry.time, body);
        insert.execute(params![entry.seq.cast_signed(), entry.time, body, sum.cast_signed()])?;
    }
    if let Some(last) = rows.last() {
        connection.prepare_cached("UPDATE head SET seq = ?1")?.execute([last.entry.seq.cast_signed()])?;
    }
    Ok(())
}

/// What is wrong with the stored events.
pub(super) enum Unsound {
    /// The database does not answer.
    Database(rusqlite::Error),
    /// An event is missing, or not what was stored.
    Event { seq: u64, reason: String },
}

impl From<rusqlite::Error> for Unsound {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

/// All events in order, each held against its checksum, and their number against what it should be.
pub(super) fn load(connection: &Connection) -> Result<Vec<StoredEvent>, Unsound> {
    // All of it as of one moment, for another process may be adding to it.
    let _as_of_now = connection.unchecked_transaction()?;
    let checked = has_column(connection, "sum")?;
    let sum = if checked { "sum" } else { "NULL" };
    let mut select = connection.prepare(&format!("SELECT seq, time, body, {sum} FROM events ORDER BY seq"))?;
    let mut rows = select.query([])?;
    let mut entries: Vec<StoredEvent> = Vec::new();
    while let Some(row) = rows.next()? {
        let expected = entries.len() as u64 + 1;
        let seq = row.get::<_, i64>(0)?.cast_unsigned();
        let wrong = |reason: String| Unsound::Event { seq: expected, reason };
        if seq != expected {
            return Err(wrong(format!("it is missing; the next one that is there is {seq}")));
        }
        let (time, body) = (row.get::<_, f64>(1)?, row.get::<_, String>(2).map_err(|error| wrong(error.to_string()))?);
        let stored = row.get::<_, Option<i64>>(3)?.map(i64::cast_unsigned);
        if checked && stored != Some(checksum(seq, time, &body)) {
            return Err(wrong("it is not what was stored there: its checksum does not fit".to_owned()));
        }
        let event = serde_json::from_str(&body).map_err(|error| wrong(error.to_string()))?;
        entries.push(StoredEvent { seq, time, event });
    }
    let last = last_seq(connection)?;
    if last != entries.len() as u64 {
        let count = entries.len();
        let reason = match last > count as u64 {
            true => format!("it is missing, as are all after it; there were {last}"),
            false => format!("the store says that it has {last} events, and {count} are there"),
        };
        return Err(Unsound::Event { seq: entries.len() as u64 + 1, reason });
    }
    Ok(entries)
}
