//! A file in the making.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::put_in_place;

/// Names under which what was left is looked for, even if nobody is in the way.
const SWEPT: u32 = 4;
/// Files of one name that may be in the making at a time.
const MOST: u32 = 4096;

/// A file that appears in its place, in place of what was there, once it is [finished](Self::finish); dropped before that, it
/// leaves nothing. Several processes may make a file of one name at the same time; whoever finishes last is read.
#[derive(Debug)]
pub(crate) struct WholeFile {
    file: Option<File>,
    part: PathBuf,
    path: PathBuf,
}

impl WholeFile {
    /// Begins a file beside `path`, as `.NAME.part`, or `.NAME.1.part` and so on where others are making one. What killed processes have
    /// left of such names is removed: whoever makes a file holds a lock on it. Where the file system gives no locks, nothing is removed.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "it names no file"))?;
        let part = |k: u32| {
            let mut part_name = std::ffi::OsString::from(".");
            part_name.push(name);
            part_name.push(if k == 0 { ".part".to_owned() } else { format!(".{k}.part") });
            path.with_file_name(part_name)
        };
        (1..SWEPT).for_each(|k| remove_left(&part(k)));
        for k in 0..MOST {
            let part = part(k);
            remove_left(&part);
            // Never through a link or into a pipe that lies there.
            match File::create_new(&part) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
                // Before it was locked, somebody else may have taken it for something left.
                Ok(file) => match file.try_lock() {
                    Err(TryLockError::WouldBlock) => {}
                    Ok(()) if !is_at(&file, &part) => {}
                    Ok(()) | Err(TryLockError::Error(_)) => {
                        return Ok(Self { file: Some(file), part, path: path.to_owned() });
                    }
                },
            }
        }
        let what = format!("{MOST} files in the making are beside it, such as {}; remove them", part(0).display());
        Err(io::Error::new(ErrorKind::AlreadyExists, what))
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
            self.forget(&file);
        }
        done
    }

    /// Removes what was made, while it is locked: once it is not, the name may be another process's.
    fn forget(&self, file: &File) {
        if is_at(file, &self.part) {
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Removes what a killed process has left at `part`, and nothing that somebody is making.
fn remove_left(part: &Path) {
    let Ok(found) = fs::symlink_metadata(part) else { return };
    if !found.is_file() {
        // Nobody makes a file of that kind. If it cannot be removed, as a folder cannot, another name is taken.
        let _ = fs::remove_file(part);
        return;
    }
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let Ok(file) = File::options().read(true).write(true).custom_flags(flags).open(part) else { return };
    if file.try_lock().is_ok() && is_at(&file, part) {
        let _ = fs::remove_file(part);
    }
}

/// Whether the name is still that of the open file.
fn is_at(file: &File, path: &Path) -> bool {
    let named = fs::symlink_metadata(path).ok().zip(file.metadata().ok());
    named.is_some_and(|(named, open)| (named.dev(), named.ino()) == (open.dev(), open.ino()))
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
        if let Some(file) = self.file.take() {
            self.forget(&file);
        }
    }
}
