//! A `/proc` for tests, and moments.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::clock::Moment;

/// A `/proc` in a temporary folder.
pub(crate) struct FakeProc {
    folder: TempDir,
}

impl FakeProc {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A process with its own user time and that of the children it waited for, in ticks.
    pub(crate) fn process(&self, pid: u32, parent: u32, own: u64, waited: u64) -> &Self {
        let folder = self.root().join(pid.to_string());
        fs::create_dir_all(&folder).unwrap();
        let start = u64::from(pid) * 7;
        let text = format!(
            "{pid} (a (tricky) name) S {parent} 1 1 0 -1 0 0 0 0 0 {own} 0 {waited} 0 20 0 1 0 {start} 0 0 0 0 0\n"
        );
        fs::write(folder.join("stat"), text).unwrap();
        self
    }

    /// The same of one that ignores the ends of its children.
    pub(crate) fn ignoring(&self, pid: u32, parent: u32, own: u64, waited: u64) -> &Self {
        let stat = self.process(pid, parent, own, waited).root().join(format!("{pid}/stat"));
        let text = fs::read_to_string(&stat).unwrap();
        fs::write(stat, format!("{} 0 0 0 0 0 {} 0\n", text.trim_end(), 1 << (libc::SIGCHLD - 1))).unwrap();
        self
    }

    /// What the kernel lists as the children of a process with one thread.
    pub(crate) fn children(&self, pid: u32, children: &str) -> &Self {
        let thread = self.root().join(format!("{pid}/task/{pid}"));
        fs::create_dir_all(&thread).unwrap();
        fs::write(thread.join("children"), children).unwrap();
        self
    }

    pub(crate) fn end(&self, pid: u32) -> &Self {
        fs::remove_dir_all(self.root().join(pid.to_string())).unwrap();
        self
    }
}

pub(crate) fn moment(seconds: f64) -> Moment {
    Moment::from_monotonic_seconds(seconds).unwrap()
}
