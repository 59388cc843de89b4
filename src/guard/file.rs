//! Files that are nothing but files. Opening a named pipe waits for whoever writes into it, a device may never end, and
//! what was given as a text may be anything.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io;
#[cfg(feature = "study")]
use std::io::Read;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Opens a file to read it. What is no regular file is refused, and never waited for.
///
/// # Errors
/// Those of the system; [`io::ErrorKind::InvalidInput`] with words for people for a folder, pipe, device or socket.
#[cfg(any(feature = "study", feature = "torch"))]
pub(crate) fn open(path: &Path) -> io::Result<File> {
    // Of some devices the very opening does something.
    regular(&std::fs::metadata(path)?)?;
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    regular(&file.metadata()?)?;
    Ok(file)
}

/// Opens, or makes, a file for a lock: to read and write, never through a link, and never waiting.
///
/// # Errors
/// As for [`open`].
pub(crate) fn open_lock(path: &Path, create: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(create).truncate(false);
    checked_lock(options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK), path)
}

/// Opens a file for a lock that may only be read, as [`open_lock`] does.
///
/// # Errors
/// As for [`open`].
pub(crate) fn open_lock_to_read(path: &Path) -> io::Result<File> {
    checked_lock(OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK), path)
}

fn checked_lock(options: &OpenOptions, path: &Path) -> io::Result<File> {
    match options.open(path) {
        Ok(file) => regular(&file.metadata()?).map(|()| file),
        Err(error) if error.raw_os_error() == Some(libc::ELOOP) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "it is a link, which is not followed for a lock"))
        }
        // What a pipe without a reader, or a socket, says.
        Err(error) if error.raw_os_error() == Some(libc::ENXIO) => Err(refusal("no regular file")),
        Err(error) => Err(error),
    }
}

/// Makes a file, or empties the one that is there, to write into it. A pipe is written into if somebody reads it, and a
/// device such as `/dev/null` as it is.
///
/// # Errors
/// Those of the system; with words for people for a folder, and for a pipe that nobody reads.
#[cfg(feature = "study")]
pub(crate) fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true).custom_flags(libc::O_NONBLOCK);
    let file = options.open(path).map_err(|error| match error.raw_os_error() {
        Some(libc::ENXIO) => refusal("a named pipe that nobody reads, or a socket"),
        Some(libc::EISDIR) => refusal("a folder"),
        _ => error,
    })?;
    // Whoever writes waits for a slow reader.
    let flags = rustix::fs::fcntl_getfl(&file)?;
    rustix::fs::fcntl_setfl(&file, flags - rustix::fs::OFlags::NONBLOCK)?;
    Ok(file)
}

/// Refuses what is no regular file.
pub(crate) fn regular(meta: &Metadata) -> io::Result<()> {
    if meta.is_file() { Ok(()) } else { Err(refusal(kind_of(meta.file_type()))) }
}

fn refusal(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("it is {what}, and a file is needed"))
}

fn kind_of(kind: FileType) -> &'static str {
    match () {
        () if kind.is_dir() => "a folder",
        () if kind.is_fifo() => "a named pipe",
        () if kind.is_socket() => "a socket",
        () if kind.is_char_device() || kind.is_block_device() => "a device",
        () => "no regular file",
    }
}

/// Why a file is no text that can be read.
#[cfg(feature = "study")]
#[derive(Debug, thiserror::Error)]
pub(crate) enum TextError {
    /// It cannot be opened or read.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It is larger than such a file may be.
    #[error("it has more than {} KiB, the most that such a file may have", .most >> 10)]
    Large {
        /// In bytes.
        most: u64,
    },
    /// It is something else.
    #[error("line {line}, column {column} (byte {byte}): {what}")]
    NoText {
        /// Counted from 1.
        line: usize,
        /// In characters, counted from 1.
        column: usize,
        /// Counted from 0.
        byte: usize,
        /// What is there, and what to do.
        what: &'static str,
    },
}

/// The text of a file that is read whole, of at most so many bytes. The mark that some editors put before UTF-8 is left out.
///
/// # Errors
/// A [`TextError`] that says where the text ends to be one.
#[cfg(feature = "study")]
pub(crate) fn read_text(path: &Path, most: u64) -> Result<String, TextError> {
    let mut bytes = Vec::new();
    open(path)?.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(TextError::Large { most });
    }
    into_text(bytes)
}

#[cfg(feature = "study")]
fn into_text(bytes: Vec<u8>) -> Result<String, TextError> {
    const UTF_16: &str = "this is UTF-16, as some editors save it; save it as UTF-8";
    const BINARY: &str = "a NUL byte, which no text has: this is another kind of file";
    const NO_UTF_8: &str = "this byte is no UTF-8; save the file as UTF-8, or see that it is the one you mean";
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(TextError::NoText { line: 1, column: 1, byte: 0, what: UTF_16 });
    }
    // Every other byte of Latin text in UTF-16 is zero, also where no mark says so.
    let nul = bytes.iter().position(|byte| *byte == 0);
    let wide = nul.is_some_and(|at| at < 2 && bytes.iter().skip(at).step_by(2).take(32).all(|byte| *byte == 0));
    let (start, invalid) = match std::str::from_utf8(&bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let start = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
            (start, Some(error.valid_up_to()))
        }
    };
    let fault = match (nul, invalid) {
        (Some(_), _) if wide && bytes.len() > 3 => Some((0, UTF_16)),
        (Some(nul), invalid) if invalid.is_none_or(|at| nul < at) => Some((nul, BINARY)),
        (_, Some(at)) => Some((at, NO_UTF_8)),
        _ => None,
    };
    if let Some((byte, what)) = fault {
        let before = &start[..byte];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        let (line, column) = (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1);
        return Err(TextError::NoText { line, column, byte, what });
    }
    let marked = bytes.starts_with(b"\xef\xbb\xbf");
    String::from_utf8(if marked { bytes[3..].to_vec() } else { bytes })
        .map_err(|error| TextError::Io(io::Error::new(io::ErrorKind::InvalidData, error)))
}

#[cfg(test)]
#[cfg(feature = "study")]
mod tests {
    use std::time::Instant;

    use super::*;

    fn pipe(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR).unwrap();
        path
    }

    #[test]
    fn only_files_are_opened_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "text").unwrap();
        assert_eq!(read_text(&path, 4).unwrap(), "text");
        let pipe = pipe(folder.path());
        for (path, what) in [
            (pipe.as_path(), "it is a named pipe"),
            (folder.path(), "it is a folder"),
            (Path::new("/dev/zero"), "it is a device"),
        ] {
            assert!(open(path).unwrap_err().to_string().contains(what));
            assert!(read_text(path, 10).unwrap_err().to_string().contains(what));
        }
        assert!(open_lock(&pipe, true).unwrap_err().to_string().contains("it is a named pipe"));
        assert!(open_lock_to_read(&pipe).unwrap_err().to_string().contains("it is a named pipe"));
        assert!(create(&pipe).unwrap_err().to_string().contains("nobody reads"));
        assert!(create(folder.path()).unwrap_err().to_string().contains("a folder"));
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(open_lock(&link, true).unwrap_err().to_string().contains("a link"));
        assert!(create(Path::new("/dev/null")).is_ok() && open(&link).is_ok());
    }

    #[test]
    fn a_pipe_that_somebody_reads_is_written_into() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = pipe(folder.path());
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || std::fs::read_to_string(pipe).unwrap())
        };
        let begin = Instant::now();
        let mut file = loop {
            match create(&pipe) {
                Ok(file) => break file,
                Err(_) if begin.elapsed().as_secs() < 60 => std::thread::yield_now(),
                Err(error) => panic!("{error}"),
            }
        };
        let long = "x".repeat(1 << 18);
        io::Write::write_all(&mut file, long.as_bytes()).unwrap();
        drop(file);
        assert!(reader.join().unwrap() == long);
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        let utf_16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        for (bytes, said) in [
            (b"a = 1\nb = \"\xff\"\n".to_vec(), "line 2, column 6 (byte 11): this byte is no UTF-8"),
            ("\u{e4}\u{e4}\n\u{e4}\0".into(), "line 2, column 2 (byte 7): a NUL byte"),
            (b"\x7fELF\x02\x01\x01\0\0\0\xff".to_vec(), "line 1, column 8 (byte 7): a NUL byte"),
            ([&[0xff, 0xfe][..], &utf_16("a = 1")].concat(), "line 1, column 1 (byte 0): this is UTF-16"),
            (utf_16("name = \"digits\""), "line 1, column 1 (byte 0): this is UTF-16"),
            (b"\xe2\x82".to_vec(), "line 1, column 1 (byte 0): this byte is no UTF-8"),
        ] {
            let error = into_text(bytes).unwrap_err().to_string();
            assert!(error.starts_with(said), "{error}");
        }
        assert_eq!(into_text(b"\xef\xbb\xbfa = 1\r\n".to_vec()).unwrap(), "a = 1\r\n");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("long");
        std::fs::write(&path, vec![b' '; 4097]).unwrap();
        assert!(read_text(&path, 4096).unwrap_err().to_string().contains("more than 4 KiB"));
    }
}
