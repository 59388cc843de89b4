//! What a path that figures are written to stands for.

use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, OFlags, access};
use rustix::io::{Errno, FdFlags, fcntl_getfd};

use crate::guard::file;

/// As many links as the kernel follows.
const LINKS: usize = 40;

/// Where something goes. Nothing there is emptied or made by finding out.
pub(crate) enum Place {
    /// A file, there or not, links followed: the one that `>` of a shell would write.
    File(PathBuf),
    /// A named pipe.
    Pipe(PathBuf),
    /// A device, opened.
    Device(File),
    /// What this process was started with: standard output, or a shell's `>(...)`.
    Given(OwnedFd),
}

impl Place {
    /// `-` is standard output.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Given(io::stdout().as_fd().try_clone_to_owned()?));
        }
        let mut path = path.to_owned();
        for _ in 0..LINKS {
            // Such names are links to what may have no name.
            if let Some(number) = number_of_own(&path) {
                return given(number).map(Self::Given);
            }
            let Ok(target) = fs::read_link(&path) else { break };
            path = path.parent().unwrap_or(Path::new("")).join(target);
        }
        let meta = match fs::metadata(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::File(path)),
            meta => meta?,
        };
        match meta.file_type() {
            kind if kind.is_file() => match output_of_own(&meta) {
                Some(output) => Ok(Self::Given(output?)),
                None => Ok(Self::File(path.canonicalize().unwrap_or(path))),
            },
            kind if kind.is_fifo() => access(&path, Access::WRITE_OK).map(|()| Self::Pipe(path)).map_err(Into::into),
            _ => file::create(&path).map(Self::Device),
        }
    }
}

/// Whether two paths lead to one thing that cannot take both.
pub(crate) fn are_one(one: &Path, other: &Path) -> bool {
    let known = |path: &Path| match path == Path::new("-") {
        true => io::stdout().as_fd().try_clone_to_owned().and_then(|output| File::from(output).metadata()).ok(),
        false => fs::metadata(path).ok(),
    };
    known(one).zip(known(other)).is_some_and(|(one, other)| same(&one, &other) && !one.file_type().is_char_device())
}

pub(crate) fn same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// The number of a descriptor of this process, if the path is that: `/dev/fd/3`, `/proc/self/fd/3`.
fn number_of_own(path: &Path) -> Option<i32> {
    let number = path.file_name()?.to_str()?.parse().ok()?;
    let folder = path.parent()?.canonicalize().ok()?;
    let own = Path::new("/proc/self/fd").canonicalize().ok()?;
    (folder == own).then_some(number).filter(|number: &i32| *number >= 0)
}

/// Another descriptor of what this process was started with.
fn given(number: i32) -> io::Result<OwnedFd> {
    // SAFETY: nobody closes what this process was started with; of others, only whether they are that is asked for.
    let fd = unsafe { BorrowedFd::borrow_raw(number) };
    if fcntl_getfd(fd)?.contains(FdFlags::CLOEXEC) {
        return Err(Errno::BADF.into()); // one that was opened since
    }
    if rustix::fs::fcntl_getfl(fd)? & OFlags::RWMODE == OFlags::RDONLY {
        return Err(io::Error::new(ErrorKind::PermissionDenied, "it is open for reading alone"));
    }
    fd.try_clone_to_owned()
}

/// Standard output or standard error, if it goes to this very file: what the command writes there must not be lost for another
/// file in its place.
fn output_of_own(meta: &Metadata) -> Option<io::Result<OwnedFd>> {
    let to_it = |fd: BorrowedFd<'_>| {
        let fd = fd.try_clone_to_owned().map(File::from).ok()?;
        fd.metadata().is_ok_and(|own| same(&own, meta)).then(|| OwnedFd::from(fd))
    };
    to_it(io::stdout().as_fd()).or_else(|| to_it(io::stderr().as_fd())).map(Ok)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_to_what_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        let link = |name: &str, to: &str| symlink(to, folder.path().join(name)).unwrap();
        link("a", "b");
        link("b", "c.json");
        let Ok(Place::File(path)) = Place::of(&folder.path().join("a")) else { panic!("it is a file to be") };
        assert_eq!(path, folder.path().join("c.json"));
        link("round", "round");
        assert!(Place::of(&folder.path().join("round")).is_err());
    }

    #[test]
    fn descriptors_that_this_process_has_opened_itself_are_nobodys_place() {
        let file = tempfile::tempfile().unwrap();
        let number = std::os::fd::AsRawFd::as_raw_fd(&file);
        assert!(Place::of(Path::new(&format!("/dev/fd/{number}"))).is_err());
        assert!(Place::of(Path::new("/dev/fd/99999")).is_err());
    }
}
