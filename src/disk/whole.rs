//! A file in the making.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::put_in_place;

/// A file that appears in its place, in place of what was there, once it is [finished](Self::finish); dropped before that, it
/// leaves nothing. Only one process may make a file of one name at a time.
#[derive(Debug)]
pub(crate) struct WholeFile {
    file: Option<File>,
    part: PathBuf,
    path: PathBuf,
}

impl WholeFile {
    /// Begins a file beside `path`, as `.NAME.part`. What a killed process has left of that name is removed.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "it names no file"))?;
        let mut part_name = std::ffi::OsString::from(".");
        part_name.push(name);
        part_name.push(".part");
        let part = path.with_file_name(part_name);
        match fs::remove_file(&part) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        // Never through a link or into a pipe that lies there.
        let file = File::create_new(&part)?;
        Ok(Self { file: Some(file), part, path: path.to_owned() })
    }

    /// Where it is until it is finished, for writers that want a path.
    #[cfg(feature = "torch")]
    pub(crate) fn part(&self) -> &Path {
        &self.part
    }

    /// Syncs it and puts it in its place.
    ///
    /// # Errors
    /// Those of the file system; what was there is then untouched.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let done = file.sync_all().and_then(|()| put_in_place(&self.part, &self.path));
        if done.is_err() {
            // What matters is the error that is passed on.
            let _ = fs::remove_file(&self.part);
        }
        done
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_mut().map_or(Ok(0), |file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.part);
        }
    }
}
