//! A file that is written where it is.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::place::same;

/// A file that is written where it is, and untouched until then. One that was made for it and never written is removed again.
pub(crate) struct InPlace {
    file: File,
    path: PathBuf,
    made: bool,
}

impl InPlace {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (opened, made) = match File::create_new(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => (File::options().write(true).open(path), false),
            opened => (opened, true),
        };
        Ok(Self { file: opened?, path: path.to_owned(), made })
    }

    /// The file, to be written from its beginning, if there is room for so many bytes.
    pub(crate) fn emptied(mut self, room: usize) -> io::Result<File> {
        self.keep_room(room)?;
        self.file.set_len(0)?;
        self.made = false;
        self.file.try_clone()
    }

    /// Writes the text over what is there, if there is room for it.
    pub(crate) fn write(mut self, text: &[u8]) -> io::Result<()> {
        self.keep_room(text.len())?;
        self.made = false;
        self.file.write_all_at(text, 0)?;
        self.file.set_len(text.len() as u64)?;
        self.file.sync_all()
    }

    /// Where a disk is full, that is to be known before anything is written over.
    fn keep_room(&self, bytes: usize) -> io::Result<()> {
        let bytes = bytes.try_into().unwrap_or(libc::off64_t::MAX);
        // SAFETY: it takes numbers alone, and the descriptor is open.
        if unsafe { libc::fallocate64(self.file.as_raw_fd(), libc::FALLOC_FL_KEEP_SIZE, 0, bytes) } == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            // Not every file system can.
            Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL | libc::ENODEV) => Ok(()),
            _ => Err(error),
        }
    }
}

impl Drop for InPlace {
    fn drop(&mut self) {
        let named = fs::symlink_metadata(&self.path).ok().zip(self.file.metadata().ok());
        if self.made && named.is_some_and(|(named, open)| same(&named, &open)) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_written_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("new"), folder.path().join("old"));
        fs::write(&old, "long before").unwrap();
        drop((InPlace::open(&new).unwrap(), InPlace::open(&old).unwrap()));
        assert!(!new.exists() && fs::read(&old).unwrap() == b"long before");
        InPlace::open(&old).unwrap().write(b"now").unwrap();
        InPlace::open(&new).unwrap().write(b"now").unwrap();
        assert!(fs::read(&old).unwrap() == b"now" && fs::read(&new).unwrap() == b"now");
    }
}
