//! The results folder of a study.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::StudyError;
use crate::disk::{Place, Whereabouts, create_folders, network_file_system, sync_folder_of, write_whole};
use crate::guard;

/// What a study leaves in its folder beside its store.
pub const OUTPUTS: [&str; 5] = ["study.toml", "trials.csv", "front.csv", "report.html", "environment.json"];

/// A folder that belongs to one study, and to this process as long as this value lives.
#[derive(Debug)]
pub struct ResultsFolder {
    path: PathBuf,
    place: Place,
    lock: File,
}

impl ResultsFolder {
    /// Makes the folder if need be and locks it. The lock goes with the process, however it ends.
    ///
    /// # Errors
    /// [`StudyError::Folder`] if it cannot be written to, [`StudyError::Locked`] if another process holds it.
    pub fn open(path: &Path) -> Result<Self, StudyError> {
        create_folders(path).map_err(|e| folder_error(path, e))?;
        let place = Place::hold(path).map_err(|e| folder_error(path, e))?;
        let file = path.join("study.lock");
        let mut lock = guard::file::open_lock(&file, true).map_err(|e| folder_error(&file, e))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut text = String::new();
                let owner = lock.take(32).read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(StudyError::Locked { path: path.to_owned(), owner });
            }
            Err(fs::TryLockError::Error(e)) => return Err(folder_error(&file, e)),
        }
        let named =
            lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| writeln!(lock, "{}", std::process::id()));
        named.map_err(|e| folder_error(&file, e))?;
        Ok(Self { path: path.to_owned(), place, lock })
    }

    /// Moves what is in the folder aside, to the first free name of `NAME.1`, `NAME.2`, ..., and starts an empty one.
    /// Returns where the old results are now, or `None` if there were none.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn set_aside(self) -> Result<(Self, Option<PathBuf>), StudyError> {
        if !self.has_study() {
            return Ok((self, None));
        }
        let (new, aside) = self.put_aside()?;
        Ok((new, Some(aside)))
    }

    /// Moves whatever is in the folder aside as [`set_aside`](Self::set_aside) does, and starts an empty one. Returns where
    /// the old results are now.
    ///
    /// # Errors
    /// As for [`open`](Self::open).
    pub fn put_aside(self) -> Result<(Self, PathBuf), StudyError> {
        let name = self.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let free = (1u32..).map(|k| self.path.with_file_name(format!("{name}.{k}"))).find(|p| !p.exists());
        let aside = free.unwrap_or_else(|| self.path.with_extension("old"));
        fs::rename(&self.path, &aside)
            .and_then(|()| sync_folder_of(&aside))
            .map_err(|e| folder_error(&self.path, e))?;
        let path = self.path.clone();
        drop(self);
        Ok((Self::open(&path)?, aside))
    }

    /// Whether a study was begun in it.
    #[must_use]
    pub fn has_study(&self) -> bool {
        let log = self.path.join("study.db-wal");
        self.store_path().exists() || log.exists()
    }

    /// Refuses to begin a study in the place of one whose trials are not in the store any more.
    ///
    /// # Errors
    /// [`StudyError::Hollow`] if one of `outputs` is there, which a study writes once it has trials.
    pub fn refuse_lost_trials(&self, outputs: &[&str]) -> Result<(), StudyError> {
        match outputs.iter().find(|name| **name != "study.toml" && self.path.join(name).exists()) {
            Some(name) => Err(StudyError::Hollow { path: self.path.clone(), file: (*name).to_owned() }),
            None => Ok(()),
        }
    }

    /// Whether the store is a file of no length.
    #[must_use]
    pub fn has_empty_store(&self) -> bool {
        fs::metadata(self.store_path()).is_ok_and(|found| found.len() == 0)
    }

    /// What is to be known of the file system that the folder is on, if it is one of a network.
    #[must_use]
    pub fn caveat(&self) -> Option<String> {
        let name = network_file_system(&self.path)?;
        Some(format!(
            "the results folder {} is on a network file system ({name}), whose locks and syncs are as good as its server: let no other \
             machine run this study, and copy the results to a local disk for safety",
            self.path.display()
        ))
    }

    /// Refuses a folder without a study in which files of other people's making would be written over.
    ///
    /// # Errors
    /// [`StudyError::Occupied`] if there is a report, a table or a study file that is none of `study_files`.
    pub fn refuse_foreign_files(&self, study_files: &[&str]) -> Result<(), StudyError> {
        let longest = study_files.iter().map(|text| text.len()).max().unwrap_or_default();
        let own = |name: &&str| {
            let text = guard::file::read_text(&self.path.join(name), longest as u64 + 3);
            *name == "study.toml" && text.is_ok_and(|text| study_files.contains(&text.as_str()))
        };
        match OUTPUTS.iter().find(|name| self.path.join(name).exists() && !own(name)) {
            Some(name) => Err(StudyError::Occupied { path: self.path.clone(), file: (*name).to_owned() }),
            None => Ok(()),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the events are.
    #[must_use]
    pub fn store_path(&self) -> PathBuf {
        store_path(&self.path)
    }

    /// Writes a file into a folder that another process holds: whole or not at all, so whoever of the two comes last is read.
    ///
    /// # Errors
    /// [`StudyError::Folder`].
    pub fn write_beside(folder: &Path, name: &str, contents: &[u8]) -> Result<(), StudyError> {
        let path = folder.join(name);
        write_whole(&path, contents).map_err(|e| folder_error(&path, e))
    }

    /// Writes a file of the folder, whole or not at all; it is on the disk when this returns.
    ///
    /// # Errors
    /// [`StudyError::Folder`] if it cannot be written, [`StudyError::Gone`] if this folder is no longer where it was.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StudyError> {
        // What lies there now may be somebody else's.
        if self.place.look().map_err(|e| folder_error(&self.path, e))? != Whereabouts::Here {
            return Err(StudyError::Gone { path: self.path.clone() });
        }
        let target = self.path.join(name);
        write_whole(&target, bytes).map_err(|e| folder_error(&target, e))
    }
}

impl Drop for ResultsFolder {
    fn drop(&mut self) {
        // An unlocked file with a number in it would only puzzle; failing to empty it does no harm.
        let _ = self.lock.set_len(0);
    }
}

/// Whether a process runs the study in a folder. Nothing is written there.
#[must_use]
pub fn is_in_use(folder: &Path) -> bool {
    let opened = guard::file::open_lock_to_read(&folder.join("study.lock"));
    opened.is_ok_and(|lock| matches!(lock.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

/// Where the events of the study in a folder are.
#[must_use]
pub fn store_path(folder: &Path) -> PathBuf {
    folder.join("study.db")
}

fn folder_error(path: &Path, source: std::io::Error) -> StudyError {
    let source = match source.kind() {
        ErrorKind::AlreadyExists => std::io::Error::new(source.kind(), "there is a file of this name"),
        _ => source,
    };
    StudyError::Folder { path: path.to_owned(), source }
}
