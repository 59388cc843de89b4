//! What SQLite says when the disk is at fault, with what the operating system said beneath it.

use std::borrow::Cow;
use std::fmt;
use std::io::{Error, ErrorKind};

use rusqlite::{Connection, ErrorCode};

use crate::study::HelpWords;

/// A failure of the database.
#[derive(Debug)]
pub struct Fault {
    sqlite: rusqlite::Error,
    system: Option<Error>,
}

impl Fault {
    /// Where there is no connection. To be called at once: the operating system's reason is that of its last failure.
    pub(super) fn of_opening(sqlite: rusqlite::Error) -> Self {
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

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        self.help_in(&HelpWords::default())
    }

    /// The same in the words of whoever runs the study.
    pub(in crate::study) fn help_in(&self, words: &HelpWords) -> Option<Cow<'static, str>> {
        let HelpWords { again, repair, .. } = words;
        let room = || format!("make room on the disk and {again}");
        let disk = || format!("see to the disk (`dmesg` may tell) and {again}");
        let writable = || format!("make it writable and {again}");
        let help = match (self.system.as_ref().map(Error::kind), self.code()) {
            (Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded), _) => room(),
            (Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied), _) => writable(),
            (_, Some(ErrorCode::CannotOpen)) => {
                format!("see whether the disk is full or may not be written to, and {again}")
            }
            (_, Some(ErrorCode::DiskFull)) => room(),
            (_, Some(ErrorCode::SystemIoFailure)) | (Some(_), Some(ErrorCode::DatabaseCorrupt)) => disk(),
            (_, Some(ErrorCode::ReadOnly)) => writable(),
            (_, Some(ErrorCode::DatabaseBusy)) => format!("end the other program that holds it, and {again}"),
            (_, Some(ErrorCode::DatabaseCorrupt)) => format!("{repair} keeps what is whole, in a new folder"),
            _ => format!("if that stays so, {repair} keeps what is whole, in a new folder"),
        };
        Some(help.into())
    }
}
