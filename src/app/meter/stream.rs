//! Pipes and their kind, whose readers come late, stall and go away, and hold up nobody.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a reader that takes nothing is waited for once the command has ended.
const LONGEST: Duration = Duration::from_secs(10);

const LOOK: Duration = Duration::from_millis(10);

/// So much is kept for a reader that does not keep up, in bytes: about a day of lines.
const MOST: usize = 16 << 20;

/// So much a pipe takes whole or not at all.
const PIECE: usize = 4096;

/// The time that readers have together, from the end of the command on, and anew from each time that one of them takes something.
pub(crate) struct Patience(Instant);

impl Patience {
    pub(crate) fn begin() -> Self {
        Self(Instant::now())
    }
}

/// Whether an error is the reader's doing: what was to be written is not there, and nobody is there who wants it.
pub(crate) fn is_of_reader(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::TimedOut)
}

/// Takes what is written at once, and hands it on as its reader takes it.
pub(crate) struct Stream {
    end: End,
    pending: Vec<u8>,
}

enum End {
    /// A named pipe that nobody has been seen to read.
    Unread(PathBuf),
    /// A description of one's own, which never waits.
    Own(File),
    /// One that others write by as well, and which may not be told not to wait for their sake.
    Shared(File),
}

impl Stream {
    /// Into a named pipe, once somebody reads it.
    pub(crate) fn named(path: PathBuf) -> Self {
        Self::to(End::Unread(path))
    }

    /// Into what this process has opened for itself.
    pub(crate) fn own(file: File) -> io::Result<Self> {
        let flags = rustix::fs::fcntl_getfl(&file)?;
        rustix::fs::fcntl_setfl(&file, flags | rustix::fs::OFlags::NONBLOCK)?;
        Ok(Self::to(End::Own(file)))
    }

    /// Into what this process was started with.
    pub(crate) fn given(fd: OwnedFd) -> Self {
        let file = File::from(fd);
        let waits = file.metadata().is_ok_and(|m| m.file_type().is_fifo() || m.file_type().is_char_device());
        let again = waits.then(|| open(Path::new(&format!("/proc/self/fd/{}", file.as_raw_fd()))));
        Self::to(match again {
            Some(Ok(own)) => End::Own(own),
            _ => End::Shared(file),
        })
    }

    fn to(end: End) -> Self {
        Self { end, pending: Vec::new() }
    }

    /// Adds bytes, of which the reader gets what it takes now.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(bytes);
        self.hand_on()?;
        match self.pending.len() > MOST {
            true => Err(io::Error::new(ErrorKind::TimedOut, "whoever reads it does not keep up")),
            false => Ok(()),
        }
    }

    /// Waits for the reader to take the rest.
    pub(crate) fn finish(&mut self, patience: &mut Patience) -> io::Result<()> {
        loop {
            if self.hand_on()? {
                patience.0 = Instant::now();
            }
            if self.pending.is_empty() {
                return Ok(());
            }
            if patience.0.elapsed() >= LONGEST {
                let what = match self.end {
                    End::Unread(_) => format!("nobody has opened this pipe to read it, for {} s", LONGEST.as_secs()),
                    _ => format!("whoever reads it has taken nothing for {} s", LONGEST.as_secs()),
                };
                return Err(io::Error::new(ErrorKind::TimedOut, what));
            }
            thread::sleep(LOOK);
        }
    }

    /// Whether the reader took something.
    fn hand_on(&mut self) -> io::Result<bool> {
        let mut taken = false;
        while !self.pending.is_empty() {
            if let End::Unread(path) = &self.end {
                match open(path) {
                    Ok(file) => self.end = End::Own(file),
                    Err(error) if error.raw_os_error() == Some(libc::ENXIO) => return Ok(taken),
                    Err(error) => return Err(error),
                }
            }
            match self.write_piece() {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => drop(self.pending.drain(..written)),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(taken),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                    return Err(io::Error::new(ErrorKind::BrokenPipe, "whoever read it has gone away"));
                }
                Err(error) => return Err(error),
            }
            taken = true;
        }
        Ok(taken)
    }

    fn write_piece(&mut self) -> io::Result<usize> {
        let most = &self.pending[..self.pending.len().min(PIECE)];
        // Whole lines, for others may write there too.
        let piece = most.iter().rposition(|byte| *byte == b'\n').map_or(most, |end| &most[..=end]);
        match &mut self.end {
            End::Unread(_) => Err(ErrorKind::WouldBlock.into()),
            End::Own(file) => file.write(piece),
            End::Shared(file) if takes(file)? => file.write(piece),
            End::Shared(_) => Err(ErrorKind::WouldBlock.into()),
        }
    }
}

impl Drop for Stream {
    /// Who has waited to read it all the while is told that there is nothing.
    fn drop(&mut self) {
        if let End::Unread(path) = &self.end {
            let _ = open(path);
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    File::options().write(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// Whether a write of a piece would not wait.
fn takes(file: &File) -> io::Result<bool> {
    let mut poll = libc::pollfd { fd: file.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    // SAFETY: the place outlives the call, and there is one of it.
    match unsafe { libc::poll(&raw mut poll, 1, 0) } {
        -1 => Err(io::Error::last_os_error()),
        ready => Ok(ready > 0),
    }
}
