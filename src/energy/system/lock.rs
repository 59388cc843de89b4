//! Locks on metered hardware, so that two studies cannot spoil each other's figures.
//!
//! A lock is `flock` on a file named after the hardware, which the kernel lets go of when the process ends, however it
//! does. The file stays, and says who held it last.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::energy::error::EnergyError;
use crate::energy::units::PowerDomain;
use crate::guard::{file, text};

/// Names the folder of lock files in place of `/tmp`.
pub const LOCK_FOLDER_VARIABLE: &str = "WATTFRONT_LOCKS";

/// All users of a machine must find the same files. Containers with a folder of their own do not see each other.
pub(crate) const FOLDER: &str = "/tmp";

/// Who else may meter the same hardware.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Nobody.
    Alone,
    /// Those that share it too.
    Together,
}

/// Hardware that nobody meters who must not.
#[derive(Debug)]
pub(crate) struct DeviceLock {
    _file: File,
}

impl DeviceLock {
    /// Locks `domain` for `holder`, a word or two for people.
    ///
    /// # Errors
    ///
    /// [`EnergyError::InUse`] if another process holds it, [`EnergyError::Lock`] if the file cannot be had.
    pub(crate) fn take(folder: &Path, domain: &PowerDomain, holder: &str, hold: Hold) -> Result<Self, EnergyError> {
        let path = path(folder, domain);
        let failed = |error: io::Error| EnergyError::Lock { path: path.clone(), reason: error.to_string() };
        let mut file = open(&path).map_err(failed)?;
        let locked = match hold {
            Hold::Alone => file.try_lock(),
            Hold::Together => file.try_lock_shared(),
        };
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut by = Vec::new();
                // Who holds it is a courtesy; that somebody does is what matters.
                let _ = file.take(200).read_to_end(&mut by);
                let by = String::from_utf8_lossy(&by);
                let by = if by.trim().is_empty() { "another process".into() } else { text::line(by.trim()) };
                let by = by.into_owned();
                return Err(EnergyError::InUse { domain: domain.clone(), by });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let note = format!("{holder} (process {})\n", std::process::id());
        let _ = file.rewind().and_then(|()| file.set_len(0)).and_then(|()| file.write_all(note.as_bytes()));
        Ok(Self { _file: file })
    }
}

fn path(folder: &Path, domain: &PowerDomain) -> PathBuf {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let id: String = domain.id.chars().map(plain).collect();
    folder.join(format!("wattfront-{}-{id}.lock", domain.kind.name()))
}

/// Any user may lock it. Never what a link of somebody else's points to.
fn open(path: &Path) -> io::Result<File> {
    let there = || file::open_lock(path, false);
    match there() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return file::open_lock_to_read(path);
        }
        known => return known,
    }
    match OpenOptions::new().read(true).write(true).create_new(true).open(path) {
        Ok(file) => {
            file.set_permissions(Permissions::from_mode(0o666))?;
            Ok(file)
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => there(),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::units::DomainKind;

    fn gpu(id: &str) -> PowerDomain {
        PowerDomain { kind: DomainKind::Gpu, id: id.to_owned() }
    }

    #[test]
    fn hardware_is_held_by_one_at_a_time_and_the_other_learns_by_whom() {
        let folder = tempfile::tempdir().unwrap();
        let take = |id: &str, holder: &str| DeviceLock::take(folder.path(), &gpu(id), holder, Hold::Alone);
        let first = take("GPU-a/../x", "study one").unwrap();
        let other = take("GPU-b", "study two");
        assert!(other.is_ok(), "another device");
        match take("GPU-a/../x", "study two").unwrap_err() {
            EnergyError::InUse { by, .. } => assert_eq!(by, format!("study one (process {})", std::process::id())),
            error => panic!("{error}"),
        }
        drop(first);
        assert!(take("GPU-a/../x", "study two").is_ok());
        let names: Vec<_> = folder.path().read_dir().unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
    }

    #[test]
    fn those_that_share_keep_out_whoever_wants_it_alone() {
        let folder = tempfile::tempdir().unwrap();
        let take = |hold: Hold| DeviceLock::take(folder.path(), &gpu("GPU-a"), "a study", hold);
        let (one, other) = (take(Hold::Together).unwrap(), take(Hold::Together).unwrap());
        assert!(matches!(take(Hold::Alone), Err(EnergyError::InUse { .. })));
        drop(one);
        assert!(take(Hold::Alone).is_err());
        drop(other);
        let alone = take(Hold::Alone).unwrap();
        assert!(matches!(take(Hold::Together), Err(EnergyError::InUse { .. })));
        drop(alone);
    }

    #[test]
    fn a_link_is_not_followed_and_a_missing_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let precious = folder.path().join("precious");
        std::fs::write(&precious, "precious").unwrap();
        std::os::unix::fs::symlink(&precious, path(folder.path(), &gpu("GPU-a"))).unwrap();
        assert!(matches!(
            DeviceLock::take(folder.path(), &gpu("GPU-a"), "me", Hold::Alone),
            Err(EnergyError::Lock { .. })
        ));
        assert_eq!(std::fs::read_to_string(precious).unwrap(), "precious");
        assert!(matches!(
            DeviceLock::take(&folder.path().join("no"), &gpu("GPU-a"), "me", Hold::Alone),
            Err(EnergyError::Lock { .. })
        ));
    }
}
