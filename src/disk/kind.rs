//! Where a file is, and on what kind of file system.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, fstat, openat, statfs};

/// A file or folder that was found at a path, held so that it is known again wherever it goes.
///
/// It is held by a descriptor that cannot be read from (`O_PATH`): closing that, unlike any other, takes no POSIX locks of this
/// process off the file.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    held: OwnedFd,
}

/// What has become of a [`Place`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// It is where it was.
    Here,
    /// It was moved, or another one was put in its place.
    Elsewhere,
    /// It was removed.
    Removed,
    /// It is where it was, and empty.
    Emptied,
}

impl Place {
    /// Holds what is at the path now.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn hold(path: &Path) -> io::Result<Self> {
        let held = openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Self { path: path.to_owned(), held })
    }

    /// What has become of it.
    ///
    /// # Errors
    /// Those of the file system, other than that nothing is there.
    pub(crate) fn look(&self) -> io::Result<Whereabouts> {
        let held = fstat(&self.held)?;
        let there = match rustix::fs::stat(&self.path) {
            Ok(there) => Some((there.st_dev, there.st_ino)),
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => None,
            Err(error) => return Err(error.into()),
        };
        let is_file = rustix::fs::FileType::from_raw_mode(held.st_mode).is_file();
        Ok(match there {
            // A folder that was removed counts no link either.
            _ if held.st_nlink == 0 => Whereabouts::Removed,
            Some(there) if there != (held.st_dev, held.st_ino) => Whereabouts::Elsewhere,
            None => Whereabouts::Elsewhere,
            Some(_) if is_file && held.st_size == 0 => Whereabouts::Emptied,
            Some(_) => Whereabouts::Here,
        })
    }
}

/// How many bytes this user can still write to the file system of a path, if that can be told.
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let known = rustix::fs::statvfs(path).ok()?;
    // Some is kept back for root.
    let blocks = if rustix::process::geteuid().is_root() { known.f_bfree } else { known.f_bavail };
    // Some file systems do not count.
    (known.f_blocks > 0).then(|| blocks.saturating_mul(known.f_frsize))
}

/// The name of the network file system that a path is on, if it is one whose locks and syncs depend on a server.
pub(crate) fn network_file_system(path: &Path) -> Option<&'static str> {
    let magic = statfs(path).ok()?.f_type;
    let magic = magic as u32;
    NETWORK.iter().find(|(known, _)| *known == magic).map(|(_, name)| *name)
}

/// Magic numbers of statfs(2) and of the file systems' own headers.
const NETWORK: &[(u32, &str)] = &[
    (0x6969, "NFS"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x517b, "SMB"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x6b41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00c3_6400, "Ceph"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
    (0x1983_0326, "BeeGFS"),
    (0xaad7_aaea, "PanFS"),
    (0x0116_1970, "GFS2"),
    (0x7461_636f, "OCFS2"),
    (0x786f_4256, "a shared folder of VirtualBox"),
    (0x6573_5546, "FUSE"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_is_known_again_wherever_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        let (path, other) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&path, "x").unwrap();
        let place = Place::hold(&path).unwrap();
        assert_eq!(place.look().unwrap(), Whereabouts::Here);
        fs::write(&path, "").unwrap();
        assert_eq!(place.look().unwrap(), Whereabouts::Emptied);
        fs::rename(&path, &other).unwrap();
        assert_eq!(place.look().unwrap(), Whereabouts::Elsewhere, "moved");
        fs::write(&path, "y").unwrap();
        assert_eq!(place.look().unwrap(), Whereabouts::Elsewhere, "another one of its name");
        fs::remove_file(&other).unwrap();
        assert_eq!(place.look().unwrap(), Whereabouts::Removed);
    }

    #[test]
    fn a_folder_is_known_again_too() {
        let above = tempfile::tempdir().unwrap();
        let (path, other) = (above.path().join("a"), above.path().join("b"));
        fs::create_dir(&path).unwrap();
        let place = Place::hold(&path).unwrap();
        assert_eq!(place.look().unwrap(), Whereabouts::Here);
        fs::rename(&path, &other).unwrap();
        assert_eq!(place.look().unwrap(), Whereabouts::Elsewhere);
        fs::create_dir(&path).unwrap();
        assert_eq!(place.look().unwrap(), Whereabouts::Elsewhere);
        fs::remove_dir(&other).unwrap();
        assert_eq!(place.look().unwrap(), Whereabouts::Removed);
    }

    #[test]
    fn a_local_folder_is_on_no_network() {
        assert_eq!(network_file_system(Path::new("/proc")), None);
    }
}
