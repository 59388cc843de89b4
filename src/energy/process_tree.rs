//! The CPU time of a process and everything that it started, as `/proc` tells it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::PathBuf;

/// A process: its number, and when it started (in ticks since boot), because numbers are used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Process {
    pid: u32,
    start: u64,
}

/// What `/proc/PID/stat` says, in clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    parent: u32,
    start: u64,
    /// User and system time of the process itself, its ended threads included.
    own: u64,
    /// The same of its ended children that it waited for, and of theirs.
    waited: u64,
}

impl Stat {
    /// The fields of <https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>. The name (field 2) may hold spaces and
    /// parentheses, so counting begins behind its last one.
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.get(text.rfind(')')? + 1..)?.split_ascii_whitespace().collect();
        let field = |number: usize| fields.get(number - 3)?.parse::<i64>().ok();
        let ticks = |number: usize| Some(u64::try_from(field(number)?).unwrap_or(0));
        Some(Self {
            parent: u32::try_from(field(4)?).ok()?,
            own: ticks(14)? + ticks(15)?,
            waited: ticks(16)? + ticks(17)?,
            start: ticks(22)?,
        })
    }
}

/// What was counted of a process when it was last seen.
#[derive(Debug, Clone, Copy)]
struct Seen {
    parent: Option<Process>,
    own: u64,
    waited: u64,
}

/// Adds up the CPU time of a process tree. The sum never falls.
///
/// A process that ended is in the figures of the parent that waited for it; what was counted while it lived is taken off
/// again there, once. A process that left the tree (its parent ended before it) is followed on by its number. Nobody tells
/// the last moments of a process whose parent does not wait for it, unless the root is a child subreaper
/// (`PR_SET_CHILD_SUBREAPER`), which is for the caller to arrange.
#[derive(Debug)]
pub(crate) struct ProcessTree {
    proc: PathBuf,
    root: u32,
    seen: HashMap<Process, Seen>,
    total: u64,
}

impl ProcessTree {
    /// The tree below `root`, whose CPU time counts from now on.
    ///
    /// # Errors
    ///
    /// If the process does not exist, or there is no `/proc`.
    pub(crate) fn open(proc: PathBuf, root: u32) -> io::Result<Self> {
        let mut tree = Self { proc, root, seen: HashMap::new(), total: 0 };
        tree.advance()?;
        tree.total = 0;
        Ok(tree)
    }

    /// CPU time since the tree was opened, in clock ticks, as of now.
    ///
    /// # Errors
    ///
    /// If the root is gone or `/proc` cannot be read; what was counted stays.
    pub(crate) fn advance(&mut self) -> io::Result<u64> {
        let now = self.look()?;
        self.total += self.new_ticks(&now);
        self.seen = now;
        Ok(self.total)
    }

    /// The CPU time that is in `now` and was not counted before.
    fn new_ticks(&self, now: &HashMap<Process, Seen>) -> u64 {
        // What was counted of the ended, to be found again in the waited-for time of the nearest ancestor that lives.
        let mut inherited: HashMap<Process, u64> = HashMap::new();
        for (process, last) in self.seen.iter().filter(|(process, _)| !now.contains_key(process)) {
            let mut heir = last.parent;
            let mut climbed = HashSet::from([*process]);
            while let Some(ended) = heir.filter(|p| !now.contains_key(p) && climbed.insert(*p)) {
                heir = self.seen.get(&ended).and_then(|seen| seen.parent);
            }
            if let Some(heir) = heir {
                *inherited.entry(heir).or_default() += last.own + last.waited;
            }
        }
        let fresh = |(process, seen): (&Process, &Seen)| {
            let last = self.seen.get(process);
            let own = seen.own.saturating_sub(last.map_or(0, |l| l.own));
            let waited = seen.waited.saturating_sub(last.map_or(0, |l| l.waited));
            own + waited.saturating_sub(inherited.get(process).copied().unwrap_or(0))
        };
        now.iter().map(fresh).sum()
    }

    /// The living processes of the tree, and those once seen in it.
    fn look(&self) -> io::Result<HashMap<Process, Seen>> {
        let root = self.stat(self.root)?;
        let mut found = HashMap::new();
        let mut open: Vec<(Option<Process>, u32, Stat)> = vec![(None, self.root, root)];
        let mut rest: Vec<Process> = self.seen.keys().copied().collect();
        rest.sort_unstable();
        let mut children = Children::default();
        loop {
            while let Some((parent, pid, stat)) = open.pop() {
                let process = Process { pid, start: stat.start };
                if found.insert(process, Seen { parent, own: stat.own, waited: stat.waited }).is_some() {
                    continue;
                }
                for child in children.of(self, pid) {
                    // A child that ended in between is in its parent's figures next time.
                    if let Ok(stat) = self.stat(child) {
                        open.push((Some(process), child, stat));
                    }
                }
            }
            let Some(process) = rest.pop() else { return Ok(found) };
            if found.contains_key(&process) {
                continue;
            }
            if let Ok(stat) = self.stat(process.pid)
                && stat.start == process.start
            {
                open.push((None, process.pid, stat));
            }
        }
    }

    fn stat(&self, pid: u32) -> io::Result<Stat> {
        let path = self.proc.join(pid.to_string()).join("stat");
        let text = fs::read(&path)?;
        Stat::parse(&String::from_utf8_lossy(&text))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{} is not understood", path.display())))
    }
}

/// Who is whose child: by the kernel's own lists where it keeps them (`CONFIG_PROC_CHILDREN`), else by asking everybody
/// for his parent, once per look.
#[derive(Debug, Default)]
struct Children {
    by_parent: Option<HashMap<u32, Vec<u32>>>,
}

impl Children {
    fn of(&mut self, tree: &ProcessTree, pid: u32) -> Vec<u32> {
        if self.by_parent.is_none() {
            match listed(tree, pid) {
                Some(children) => return children,
                None => self.by_parent = Some(everybody(tree)),
            }
        }
        self.by_parent.as_ref().and_then(|all| all.get(&pid)).cloned().unwrap_or_default()
    }
}

/// `/proc/PID/task/TID/children` of all threads; `None` if the kernel keeps no such lists.
fn listed(tree: &ProcessTree, pid: u32) -> Option<Vec<u32>> {
    let tasks = tree.proc.join(pid.to_string()).join("task");
    let threads = match fs::read_dir(&tasks) {
        Ok(threads) => threads,
        // A tree without threads lists no children; a process that ended has none.
        Err(_) => return (!tasks.parent()?.exists()).then(Vec::new),
    };
    let mut children = Vec::new();
    for thread in threads.filter_map(Result::ok) {
        match fs::read_to_string(thread.path().join("children")) {
            Ok(pids) => children.extend(pids.split_ascii_whitespace().filter_map(|pid| pid.parse::<u32>().ok())),
            Err(_) if !thread.path().exists() => {} // the thread ended
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(_) => {}
        }
    }
    Some(children)
}

fn everybody(tree: &ProcessTree) -> HashMap<u32, Vec<u32>> {
    let mut by_parent: HashMap<u32, Vec<u32>> = HashMap::new();
    let pids = fs::read_dir(&tree.proc)
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    for pid in pids {
        if let Ok(stat) = tree.stat(pid) {
            by_parent.entry(stat.parent).or_default().push(pid);
        }
    }
    by_parent
}
