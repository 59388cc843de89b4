//! What SQLite says when the disk is at fault, with what the operating system said beneath it.

use std::fmt;
use std::io::{Error, ErrorKind};

use rusqlite::{Connection, ErrorCode};

/// A failure of the database.
#[derive(Debug)]
pub struct Fault {
    sqlite: rusqlite::Error,
    system: Option<Error>,
}

impl Fault {
    /// Where there is no connection. To be called at once: the operating system's reason is that of its last failure.
    pub(super) fn unconnected(sqlite: rusqlite::Error) -> Self {
        Self::because_of(sqlite, Error::last_os_error())
    }

    /// A failure of a statement of this connection.
    pub(super) fn of(connection: &Connection, sqlite: rusqlite::Error) -> Self {
        // Whatever is asked of SQLite from here on may fail, too.
        let last = Error::last_os_error();
        // SAFETY: the connection, and so its handle, is open during the call, which only reads a number of it.
        let told = unsafe { rusqlite::ffi::sqlite3_system_errno(connection.handle()) };
        let damaged = sqlite.sqlite_error_code() == Some(ErrorCode::DatabaseCorrupt);
        let system = if told == 0 || damaged { last } else { Error::from_raw_os_error(told) };
        Self::because_of(sqlite, system)
    }

    fn because_of(sqlite: rusqlite::Error, last: Error) -> Self {
        let code = sqlite.sqlite_error_code();
        let told = match code {
            Some(ErrorCode::SystemIoFailure) => true,
            // What cannot be made is then tried to be read, which hides the reason.
            Some(ErrorCode::CannotOpen) => last.kind() != ErrorKind::NotFound,
            // A block that the disk does not give is called damage by SQLite.
            Some(ErrorCode::DatabaseCorrupt) => last.raw_os_error() == Some(libc::EIO),
            _ => false,
        };
        let system = (told && last.raw_os_error().is_some_and(|number| number != 0)).then_some(last);
        Self { sqlite, system }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.system {
            Some(system) => write!(f, "{system} (SQLite: {})", self.sqlite),
            None => self.sqlite.fmt(f),
        }
    }
}

impl std::error::Error for Fault {}

impl Fault {
    pub(super) fn code(&self) -> Option<ErrorCode> {
        self.sqlite.sqlite_error_code()
    }

    /// What is to be done about it, as the end of a sentence.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        const ROOM: &str = "; make room on the disk and run the same command again";
        const DISK: &str = "; see to the disk (`dmesg` may tell) and run the same command again";
        const WRITABLE: &str = "; make it writable and run the same command again";
        match self.system.as_ref().map(Error::kind) {
            Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => return ROOM,
            Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) => return WRITABLE,
            _ => {}
        }
        match self.code() {
            Some(ErrorCode::CannotOpen) => {
                "; see whether the disk is full or may not be written to, and run the same command again"
            }
            Some(ErrorCode::DiskFull) => ROOM,
            Some(ErrorCode::SystemIoFailure) => DISK,
            Some(ErrorCode::DatabaseCorrupt) if self.system.is_some() => DISK,
            Some(ErrorCode::ReadOnly) => WRITABLE,
            Some(ErrorCode::DatabaseBusy) => "; end the other program that holds it, and run the same command again",
            Some(ErrorCode::DatabaseCorrupt) => "; `optimize store repair` keeps what is whole, in a new folder",
            _ => "; if that stays so, `optimize store repair` keeps what is whole, in a new folder",
        }
    }
}
