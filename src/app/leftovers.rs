//! What an earlier session of a study has left running.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Notice, Observer};
use crate::evaluation::{Leftovers, end_leftovers};
use crate::study::ResultsFolder;

/// What the processes of a study are known by: the inode of the lock that its folder has. It stays when the folder is
/// renamed, and a copy of the folder has another one. No other file can have it while somebody holds the lock.
pub(crate) fn home_of(folder: &ResultsFolder) -> String {
    let lock = fs::metadata(folder.path().join("study.lock"));
    lock.map_or_else(|_| String::new(), |lock| format!("{:x}-{:x}", lock.dev(), lock.ino()))
}

/// Ends what was started for the study of this folder by a session that is no more: the lock says that there is none.
pub(crate) fn end_what_was_left(folder: &ResultsFolder, observer: &mut dyn Observer) {
    let mut warn = |line: String| observer.notice(&Notice::Warning(line));
    let home = home_of(folder);
    if home.is_empty() {
        return;
    }
    if !Path::new("/proc/self/stat").exists() && folder.has_study() {
        warn(
            "note: there is no /proc here, so nobody looks for what an earlier session may have left running"
                .to_owned(),
        );
        return;
    }
    let count = |n: usize| if n == 1 { "1 process".to_owned() } else { format!("{n} processes") };
    let Leftovers { ended, left } = end_leftovers(&home);
    if ended > 0 {
        warn(format!("ended {} that an earlier session of this study had left running", count(ended)));
    }
    if left > 0 {
        let these = count(left);
        warn(format!("warning: {these} of an earlier session of this study cannot be ended and may still compute"));
    }
}
