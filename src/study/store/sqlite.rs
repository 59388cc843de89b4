//! Events in a SQLite database.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::format::{self, APPLICATION_ID, Marks, Row, Unsound};
use super::log::{Log, to_the_end};
use super::patience::{Patience, Wait};
use super::undelivered::{self, Bond, is_outcome};
use super::{Fault, Store, StoreError, encode, wall_clock};
use crate::disk::{Place, Whereabouts};
use crate::guard::told::with_help;
use crate::record::{Event, SCHEMA_VERSION, StoredEvent};
use crate::study::Interrupt;

/// How long another process's lock on the database is waited for by whoever only reads.
const BUSY: Duration = Duration::from_secs(10);
/// And by steps of a running trial, which may come later: whoever waits for them does not listen.
const BRIEFLY: Duration = Duration::from_millis(20);
/// Steps, and what devices tell of themselves, wait for company at most so long, or until there are so many of them.
pub(super) const COMPANY: (Duration, usize) = (Duration::from_secs(1), 512);

/// A trial begins only with so many free bytes on the disk.
const ROOM: u64 = 64 << 10;

/// Keeps events in a file, in transactions: an event, with the steps reported since the one before it.
///
/// When [`append`](Store::append) returns, everything but steps (and what devices tell of themselves) is on the disk
/// and not only with the operating system. That holds if file system and disk keep what they promise at a sync. Steps
/// within a trial follow after a second at most.
///
/// The database has a write-ahead log beside it (`-wal`). Its pages are copied into the file itself after every event
/// but the begin of a trial and its steps. So the file alone has every finished trial, also that of a killed process.
///
/// Locks of other programs are waited for as long as it takes. Meanwhile an outcome is kept in a file beside the store.
/// Whoever opens the store next delivers it, if this process does not live to do it.
///
/// After a failure to write, nothing more is written: what the disk then holds is known only to who opens it anew.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) path: PathBuf,
    pub(super) connection: Connection,
    /// After the connection, for it ends in this order. `None` where the file is only read, or has no log.
    log: Option<Log>,
    /// The format that the file is marked with.
    version: u32,
    /// Place of the last event, those that wait included.
    pub(super) last: u64,
    /// The checksums of the first event in the file, and of the last.
    pub(super) ends: (Option<u64>, Option<u64>),
    /// What is kept beside a store that is only read, and fits; or why it does not.
    pub(super) beside: Result<Vec<Row>, String>,
    /// Steps that are not in the file yet, and since when.
    pub(super) waiting: Vec<Row>,
    since: Option<Instant>,
    /// After a lock they are not tried before that: the time it takes is that of the running trial.
    pub(super) not_before: Option<Instant>,
    /// The file; `None` where it is only read.
    place: Option<Place>,
    /// The least that the file has in bytes.
    size: u64,
    /// How locks are waited for.
    pub(super) patience: Patience,
    /// Why nothing can be written any more.
    broken: Option<String>,
    /// Whether the file was there before it was opened, and held nothing.
    hollow: bool,
    /// The copy that is read instead of a file beside which nothing can be written. Removed with this.
    copy: Option<tempfile::TempDir>,
}

impl SqliteStore {
    /// Opens the store at `path`, or makes an empty one.
    ///
    /// # Errors
    /// [`StoreError::Newer`], and [`StoreError::Foreign`] for a file that is something else. [`StoreError::Hollow`]
    /// where the file is missing or empty and its log is not. [`StoreError::DamagedLog`] and [`StoreError::Unsound`]
    /// for what is damaged, [`StoreError::NotWritable`], [`StoreError::Folder`], [`StoreError::Database`],
    /// [`StoreError::Undeliverable`].
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_until(path, None)
    }

    /// The same for somebody who may be told to end while a lock of another program is waited for.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and [`StoreError::Locked`] if that happens.
    pub fn open_until(path: &Path, interrupt: Option<&Interrupt>) -> Result<Self, StoreError> {
        let patience = Patience { interrupt: interrupt.cloned(), ..Patience::default() };
        let mut wait = Wait::default();
        let mut store = loop {
            match Self::open_now(path, &patience) {
                Err(StoreError::Database { source, .. }) if source.code() == Some(ErrorCode::DatabaseBusy) => {
                    if !wait.goes_on(&patience, path, "") {
                        let what = "what is to come".to_owned();
                        return Err(StoreError::Locked { path: path.to_owned(), what, kept: None });
                    }
                }
                opened => break opened?,
            }
        };
        wait.is_over(path);
        store.deliver()?;
        Ok(store)
    }

    fn open_now(path: &Path, patience: &Patience) -> Result<Self, StoreError> {
        refuse_lonely_log(path)?;
        let was_there = path.exists();
        let alone = count_without_log(path);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut store = Self::connect(path, path, flags, patience.step)?;
        store.patience = patience.clone();
        if store.connection.is_readonly("main").map_err(|e| store.failed(e))? {
            // SQLite falls back to that, and then fails at the first event.
            return Err(StoreError::NotWritable { path: path.to_owned() });
        }
        if store.version == 0 {
            store.hollow = was_there;
            format::create(&store.connection).map_err(|e| store.failed(e))?;
            crate::disk::sync_folder_of(path).map_err(|e| StoreError::Folder { path: path.to_owned(), source: e })?;
            store.version = SCHEMA_VERSION;
        }
        store.last = format::last_seq(&store.connection).map_err(|e| store.failed(e))?;
        store.believe_log(alone)?;
        store.ends = store.find_ends()?;
        // From here on the end of the last connection may copy the log into the file, and remove it.
        leave_log(&store.connection, false);
        store.log = Log::of(path, &store.connection).map_err(|e| store.failed(e))?;
        if store.last == 0 {
            store.copy_log(true).map_err(|e| store.failed(e))?;
        }
        store.place = Some(Place::hold(path).map_err(|e| StoreError::Folder { path: path.to_owned(), source: e })?);
        store.size = size_of(path);
        Ok(store)
    }

    /// Opens an existing store to read from it, also while another process writes to it.
    ///
    /// Where nothing can be written beside the file, as on read-only media, it is a copy that is read.
    ///
    /// # Errors
    /// As for [`open`](Self::open), and [`StoreError::Database`] if there is no such file.
    pub fn open_to_read(path: &Path) -> Result<Self, StoreError> {
        refuse_lonely_log(path)?;
        let alone = count_without_log(path);
        // Reading a database in WAL mode needs write access to its side files; nothing is appended through it.
        let readable = |mut store: Self| {
            store.last = format::last_seq(&store.connection).map_err(|e| store.failed(e))?;
            store.believe_log(alone)?;
            store.look_beside()?;
            Ok(store)
        };
        match Self::connect(path, path, OpenFlags::SQLITE_OPEN_READ_WRITE, BUSY).and_then(readable) {
            // What was in the way first says more than that no copy can be made.
            Err(first @ StoreError::Database { .. }) if path.exists() => match copy(path) {
                Ok(copy) => Self::open_copy(path, copy).and_then(readable),
                Err(_) => Err(first),
            },
            other => other,
        }
    }

    pub(super) fn open_copy(path: &Path, (folder, copy): (tempfile::TempDir, PathBuf)) -> Result<Self, StoreError> {
        let mut store = Self::connect(path, &copy, OpenFlags::SQLITE_OPEN_READ_WRITE, BUSY)?;
        store.copy = Some(folder);
        Ok(store)
    }

    /// Whether there was a file when it was opened, without anything in it: as a process leaves it that ends just then, or as a copy is
    /// whose log was left behind.
    #[must_use]
    pub fn was_hollow(&self) -> bool {
        self.hollow
    }

    /// Opens the database in the file `name`, which is, or is a copy of, the store at `path`.
    fn connect(path: &Path, name: &Path, flags: OpenFlags, busy: Duration) -> Result<Self, StoreError> {
        let connection = Connection::open_with_flags(name, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(|source| database_error(path, Fault::of_opening(source)))?;
        leave_log(&connection, true);
        let failed = |source| database_error(path, Fault::of(&connection, source));
        connection.busy_timeout(busy).map_err(failed)?;
        let marks = Marks::read(&connection).map_err(failed)?;
        if marks == (Marks { application: 0, version: 0 }) {
            let tables: u32 =
                connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).map_err(failed)?;
            if tables > 0 {
                return Err(StoreError::Foreign { path: path.to_owned() });
            }
            if !flags.contains(OpenFlags::SQLITE_OPEN_CREATE) {
                return Err(StoreError::Empty { path: path.to_owned() });
            }
            // Where the file system has no room for a log's index in memory, it stays with a rollback journal, which does as well.
            to_the_end(&connection, "PRAGMA journal_mode = WAL").map_err(failed)?;
        } else if marks.application != APPLICATION_ID {
            return Err(StoreError::Foreign { path: path.to_owned() });
        } else if marks.version == 0 {
            return Err(StoreError::Unsound { path: path.to_owned(), reason: "its format is not known".to_owned() });
        } else if marks.version > SCHEMA_VERSION {
            return Err(StoreError::Newer { path: path.to_owned(), found: marks.version });
        } else if !format::has_table(&connection, "events").map_err(failed)? {
            return Err(StoreError::Foreign { path: path.to_owned() });
        }
        connection.execute_batch("PRAGMA synchronous = EXTRA").map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            connection,
            version: marks.version,
            last: 0,
            ends: (None, None),
            beside: Ok(Vec::new()),
            waiting: Vec::new(),
            since: None,
            not_before: None,
            log: None,
            place: None,
            patience: Patience::default(),
            broken: None,
            size: 0,
            hollow: false,
            copy: None,
        })
    }

    /// Writes what waits as one transaction. `durable`: it is on the disk when this returns.
    fn write(&mut self, durable: bool) -> Result<(), Unwritten> {
        let Self { connection, version, waiting, last, .. } = self;
        if !durable {
            connection.execute_batch("PRAGMA synchronous = NORMAL")?;
        }
        let before = *last - waiting.len() as u64;
        let done = format::transaction(connection, || {
            if *version < SCHEMA_VERSION {
                format::migrate(connection, *version)?;
            }
            match format::last_seq(connection)? {
                found if found == before => Ok(format::insert(connection, waiting)?),
                found => Err(Unwritten::Changed { found, expected: before }),
            }
        });
        if !durable {
            connection.execute_batch("PRAGMA synchronous = EXTRA")?;
        }
        done?;
        *version = SCHEMA_VERSION;
        let sum = |row: &Row| format::checksum(row.entry.seq, row.entry.time, &row.body);
        if let Some(first) = waiting.first().filter(|first| first.entry.seq == 1) {
            self.ends.0 = Some(sum(first));
        }
        if let Some(last) = waiting.last() {
            self.ends.1 = Some(sum(last));
        }
        waiting.clear();
        self.since = None;
        self.not_before = None;
        Ok(())
    }

    /// Copies the log's pages into the file. `synced`: waits for the disk. Where another program holds a lock it is left to the next time:
    /// what was committed is safe in the log.
    pub(super) fn copy_log(&mut self, synced: bool) -> rusqlite::Result<()> {
        let copied = match &mut self.log {
            Some(log) if synced => log.finish(&self.connection),
            Some(log) => log.copy(&self.connection),
            None => Ok(()),
        };
        match copied {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {}
            copied => copied?,
        }
        self.size = size_of(&self.path);
        Ok(())
    }

    /// Refuses a log with which the store has fewer events than without it: SQLite reads a damaged log up to the damage, and takes the old
    /// pages in it for newer than those of the file.
    fn believe_log(&self, alone: Option<u64>) -> Result<(), StoreError> {
        match alone {
            Some(alone) if alone > self.last => {
                Err(StoreError::DamagedLog { path: self.path.clone(), alone, with: self.last })
            }
            _ => Ok(()),
        }
    }

    /// Whether the result of a trial that begins will find room: training may take hours.
    fn has_room(&self, event: &Event) -> Result<(), StoreError> {
        // What cannot be told is found out when it is written.
        if !matches!(event, Event::TrialStarted { .. }) {
            return Ok(());
        }
        let Some(free) = crate::disk::free_bytes(&self.path) else { return Ok(()) };
        if free >= ROOM { Ok(()) } else { Err(StoreError::NoRoom { path: self.path.clone(), free, needed: ROOM }) }
    }

    /// What has become of the file.
    fn look(&self) -> Result<Whereabouts, StoreError> {
        let Some(place) = &self.place else { return Ok(Whereabouts::Here) };
        let found = place.look().map_err(|source| StoreError::Folder { path: self.path.clone(), source })?;
        // Part of it is as bad as all.
        let is_short = found == Whereabouts::Here && size_of(&self.path) < self.size;
        Ok(if is_short { Whereabouts::Emptied } else { found })
    }

    /// The error for a file that is not where, or what, it was.
    fn gone(&self, found: Whereabouts) -> StoreError {
        let path = self.path.clone();
        match found {
            Whereabouts::Here | Whereabouts::Elsewhere => StoreError::Moved { path },
            Whereabouts::Removed => StoreError::Removed { kept: self.keep(), path },
            Whereabouts::Emptied => StoreError::Emptied { path },
        }
    }

    /// Writes what a removed file still holds beside where it was; or above its folder, or among temporary files, if that is gone, too.
    fn keep(&self) -> Option<PathBuf> {
        let folder = self.path.parent()?;
        let name = folder.file_name().map_or_else(|| "study".to_owned(), |name| name.to_string_lossy().into_owned());
        let places = [(Some(folder), "study"), (folder.parent(), &name), (Some(&*std::env::temp_dir()), &name)];
        places.into_iter().find_map(|(folder, name)| {
            let path = |k| folder.map(|folder| folder.join(format!("{name}.kept-{k}.db")));
            let free = (1..100).filter_map(path).find(|path| !path.exists())?;
            self.connection.execute("VACUUM INTO ?1", [free.to_str()?]).ok().map(|_| free)
        })
    }

    /// Writes what waits, of which `event` is the last, and waits for other processes' locks: a result may be hours of work, and is kept
    /// beside the store meanwhile.
    pub(super) fn write_patiently(&mut self, event: &Event) -> Result<(), StoreError> {
        let mut wait = Wait::default();
        let mut kept = None;
        loop {
            match self.write(true) {
                Err(error) if error.is_lock() => {
                    if !wait.has_begun() && is_outcome(event) {
                        let bond = Bond { study: self.ends.0, before: self.ends.1 };
                        let done = undelivered::keep(&self.path, bond, &self.waiting);
                        kept = Some(done.map_err(|error| error.to_string()));
                    }
                    let meanwhile = match &kept {
                        Some(Ok(place)) => format!("; {} is kept in {} meanwhile", what(event), place.display()),
                        Some(Err(reason)) => {
                            format!("; {} could not be kept beside it meanwhile: {reason}", what(event))
                        }
                        None => String::new(),
                    };
                    if !wait.goes_on(&self.patience, &self.path, &meanwhile) {
                        return Err(StoreError::Locked { path: self.path.clone(), what: what(event), kept });
                    }
                }
                Err(error) => return Err(error.into_error(self, what(event))),
                Ok(()) => {
                    if kept.is_some_and(|kept| kept.is_ok()) {
                        undelivered::remove(&self.path);
                    }
                    wait.is_over(&self.path);
                    return Ok(());
                }
            }
        }
    }

    /// Nothing is written after this error.
    fn broken_by(&mut self, error: StoreError) -> StoreError {
        self.broken.get_or_insert_with(|| with_help(&error, error.help()));
        error
    }

    pub(super) fn failed(&self, source: rusqlite::Error) -> StoreError {
        database_error(&self.path, Fault::of(&self.connection, source))
    }
}

impl Store for SqliteStore {
    fn append(&mut self, event: Event) -> Result<StoredEvent, StoreError> {
        if let Some(reason) = &self.broken {
            return Err(StoreError::Broken { path: self.path.clone(), reason: reason.clone() });
        }
        let (body, event) = encode(&event)?;
        let entry = StoredEvent { seq: self.last + 1, time: wall_clock(), event };
        self.waiting.push(Row { entry: entry.clone(), body });
        self.last += 1;
        if waits(&entry.event) {
            self.since.get_or_insert_with(Instant::now);
            self.tend()?;
            return Ok(entry);
        }
        self.has_room(&entry.event).map_err(|error| self.broken_by(error))?;
        let before = self.look().map_err(|error| self.broken_by(error))?;
        if matches!(before, Whereabouts::Removed | Whereabouts::Emptied) {
            // What has just ended may be kept with the rest.
            let _ = self.write(true);
            return Err(self.broken_by(self.gone(before)));
        }
        // A file that was moved still takes what has just ended; what begins after that finds out.
        self.write_patiently(&entry.event).map_err(|error| self.broken_by(error))?;
        let copied = match entry.event {
            Event::TrialStarted { .. } => Ok(()),
            Event::SessionEnded { .. } => self.copy_log(true),
            _ => self.copy_log(false),
        };
        if let Err(error) = copied {
            // The event itself is safe in the log. It is the last one.
            let error = self.broken_by(self.failed(error));
            if matches!(entry.event, Event::SessionEnded { .. }) {
                return Err(error);
            }
        }
        match self.look().map_err(|error| self.broken_by(error))? {
            Whereabouts::Here => Ok(entry),
            found => Err(self.broken_by(self.gone(found))),
        }
    }

    fn tend(&mut self) -> Result<(), StoreError> {
        let due = |since: Instant| since.elapsed() >= COMPANY.0 || self.waiting.len() >= COMPANY.1;
        let is_too_soon = self.not_before.is_some_and(|then| Instant::now() < then);
        if self.broken.is_some() || is_too_soon || !self.since.is_some_and(due) {
            return Ok(());
        }
        // Best effort: with the longer patience it is only slower.
        let _ = self.connection.busy_timeout(BRIEFLY);
        let written = self.write(false);
        let _ = self.connection.busy_timeout(self.patience.step);
        match written {
            // They wait a little longer.
            Err(error) if error.is_lock() => {
                self.not_before = Some(Instant::now() + COMPANY.0);
                Ok(())
            }
            written => written.map_err(|error| {
                let error = error.into_error(self, "steps of a running trial".to_owned());
                self.broken_by(error)
            }),
        }
    }

    fn heed(&mut self, interrupt: &Interrupt) {
        self.patience.interrupt = Some(interrupt.clone());
    }

    fn load(&self) -> Result<Vec<StoredEvent>, StoreError> {
        let mut entries = format::load(&self.connection).map_err(|unsound| match unsound {
            Unsound::Database(source) => self.failed(source),
            Unsound::Event { seq, reason } => StoreError::Damaged { path: self.path.clone(), seq, reason },
        })?;
        // Unless whoever runs the study has stored it meanwhile.
        let beside = self.beside.iter().flatten().map(|row| &row.entry);
        if beside.clone().next().is_some_and(|entry| entry.seq == entries.len() as u64 + 1) {
            entries.extend(beside.cloned());
        }
        entries.extend(self.waiting.iter().map(|row| row.entry.clone()));
        Ok(entries)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // Steps of a trial whose end is not in the store: nothing depends on them.
        if self.broken.is_none() && !self.waiting.is_empty() {
            let _ = self.write(false);
        }
        if self.broken.is_some() || self.copy_log(true).is_err() {
            leave_log(&self.connection, true);
            self.log.iter().for_each(Log::leave);
        }
    }
}

/// Why events could not be written.
enum Unwritten {
    Database(rusqlite::Error),
    /// Somebody else has written or removed events.
    Changed {
        found: u64,
        expected: u64,
    },
}

impl From<rusqlite::Error> for Unwritten {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl Unwritten {
    fn is_lock(&self) -> bool {
        matches!(self, Self::Database(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }

    fn into_error(self, store: &SqliteStore, what: String) -> StoreError {
        let path = store.path.clone();
        match self {
            Self::Database(source) => {
                StoreError::Unwritten { path, what, source: Fault::of(&store.connection, source) }
            }
            Self::Changed { found, expected } => StoreError::Changed { path, what, found, expected },
        }
    }
}

/// Whether an event may wait for the next one: nothing that is decided depends on it.
fn waits(event: &Event) -> bool {
    matches!(event, Event::StepReported { .. } | Event::DevicesSeen { .. })
}

/// What is lost with an event, in words.
pub(super) fn what(event: &Event) -> String {
    match event {
        Event::TrialStarted { trial, .. } => format!("the begin of trial {trial}"),
        Event::TrialFinished { trial, .. } => format!("the result of trial {trial}"),
        Event::TrialFailed { trial, .. } => format!("the failure of trial {trial}"),
        Event::StudyCreated { .. } => "the begin of the study".to_owned(),
        Event::SessionEnded { .. } => "the end of this session".to_owned(),
        _ => "what happened last".to_owned(),
    }
}

/// Whether the log is left as it is when the last connection ends, for the next to open the database.
pub(super) fn leave_log(connection: &Connection, left: bool) {
    // Best effort: a connection that cannot be told so has not written either.
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, left);
}

/// How many events the file has without its log, where there is one. Before a connection is there: the end of this reading takes the
/// process's locks off the file.
fn count_without_log(path: &Path) -> Option<u64> {
    (size_of(&log_of(path)) > 0).then(|| super::salvage::last_in_file(path)).flatten()
}

fn size_of(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |found| found.len())
}

/// The log beside a database.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    name.into()
}

/// SQLite takes a log beside an empty database for a leftover, and removes it: all that there is of the study, perhaps.
fn refuse_lonely_log(path: &Path) -> Result<(), StoreError> {
    // A rollback journal beside it, which a begin leaves that was cut short, holds nothing of an empty file.
    let log = log_of(path);
    match size_of(path) == 0 && size_of(&log) > 0 {
        true => Err(StoreError::Hollow { path: path.to_owned(), log }),
        false => Ok(()),
    }
}

/// A copy of a database with its log in a temporary folder.
pub(super) fn copy(path: &Path) -> std::io::Result<(tempfile::TempDir, PathBuf)> {
    let folder = tempfile::tempdir()?;
    let name = path.file_name().unwrap_or_default();
    for ending in ["", "-wal"] {
        let mut from = path.as_os_str().to_owned();
        from.push(ending);
        let mut to = folder.path().join(name).into_os_string();
        to.push(ending);
        if ending.is_empty() || Path::new(&from).exists() {
            std::io::copy(&mut std::fs::File::open(&from)?, &mut std::fs::File::create(&to)?)?;
        }
    }
    let copy = folder.path().join(name);
    Ok((folder, copy))
}

fn database_error(path: &Path, source: Fault) -> StoreError {
    match source.code() {
        Some(ErrorCode::NotADatabase) => StoreError::Foreign { path: path.to_owned() },
        // A row or table that must be there is not, or is something else.
        None => StoreError::Unsound { path: path.to_owned(), reason: source.to_string() },
        _ => StoreError::Database { path: path.to_owned(), source },
    }
}
