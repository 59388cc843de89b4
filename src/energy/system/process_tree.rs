//! The CPU time of a process and everything that it started, as `/proc` and the processes' own clocks tell it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::process::{Process, ProcessStat, ProcessUsage};
use super::unwaited::{Unwaited, UnwaitedEnds};

/// Adds up the CPU time of a process tree. The sum never falls.
///
/// A process that ended is in the figures of the parent that waited for it; what was counted while it lived is taken
/// off again there, once. A process that left the tree (its parent ended before it) is followed on by its number.
/// Nobody tells the last moments of a process whose parent does not wait for it. They are told if the root is a child
/// subreaper (`PR_SET_CHILD_SUBREAPER`), which is for the caller to arrange. Processes whose last moments nobody tells
/// are counted up to when they were last seen, and [told of](Self::unwaited).
///
/// `/proc` counts in ticks, usually hundredths of a second, too coarse for a training of some milliseconds. So what lives
/// is read by its own clock, and the ended children of this very process by their resource usage; both count
/// microseconds. Only what ended further down is counted in ticks.
#[derive(Debug)]
pub(crate) struct ProcessTree {
    proc: PathBuf,
    root: u32,
    tick: u64,
    /// Whether the root's own time counts, beside that of its descendants.
    with_root: bool,
    seen: HashMap<Process, ProcessUsage>,
    /// Time of processes that ended which their heirs did not show yet: see [`Self::count`].
    owed: HashMap<Process, u64>,
    ends: UnwaitedEnds,
    looked: Instant,
    total: u64,
}

impl ProcessTree {
    /// The tree below `root`, whose CPU time counts from now on, that of `root` itself only if `with_root`. A tick of
    /// `/proc` is `tick` microseconds.
    ///
    /// # Errors
    ///
    /// If the process does not exist, or there is no `/proc`.
    pub(crate) fn open(proc: PathBuf, root: u32, tick: u64, with_root: bool) -> io::Result<Self> {
        let (seen, owed, ends, looked) = (HashMap::new(), HashMap::new(), UnwaitedEnds::default(), Instant::now());
        let mut tree = Self { proc, root, tick, with_root, seen, owed, ends, looked, total: 0 };
        tree.advance()?;
        tree.total = 0;
        Ok(tree)
    }

    /// CPU time since the tree was opened, in microseconds, as of now.
    ///
    /// # Errors
    ///
    /// If the root is gone or `/proc` cannot be read; what was counted stays.
    pub(crate) fn advance(&mut self) -> io::Result<u64> {
        let now = self.look()?;
        let looked = Instant::now();
        let since = looked.duration_since(std::mem::replace(&mut self.looked, looked)).as_micros();
        self.ends.look(&self.seen, &now, since.try_into().unwrap_or(u64::MAX), self.tick);
        self.count(&now);
        self.seen = now;
        Ok(self.total)
    }

    /// The ends of processes so far of which nobody was told what those had used up.
    pub(crate) fn unwaited(&self) -> Unwaited {
        self.ends.told()
    }

    /// What those may have used up since they were last seen, in microseconds.
    pub(crate) fn unseen(&self) -> u64 {
        self.ends.unseen()
    }

    /// Whether a process lives whose children are counted only as long as they are seen.
    pub(crate) fn loses(&self) -> bool {
        self.seen.iter().any(|(process, seen)| self.ends.loses(process, seen))
    }

    /// Adds the CPU time that is in `now` and was not counted before.
    fn count(&mut self, now: &HashMap<Process, ProcessUsage>) {
        // What was counted of the ended, to be found again in the waited-for time of the nearest ancestor that lives. A
        // parent is looked at before its children, so one that ended in between is in its figures at the next look only.
        let old = std::mem::take(&mut self.owed);
        let mut ended: HashMap<Process, u64> = HashMap::new();
        for (process, last) in self.seen.iter().filter(|(process, _)| !now.contains_key(process)) {
            let mut heir = last.parent;
            // Nobody will find it in the figures of one that ignores ends. One that is only suspected of it may wait all the same.
            if heir.is_some_and(|heir| now.get(&heir).is_some_and(|seen| seen.ignores_ends)) {
                continue;
            }
            let mut climbed = HashSet::from([*process]);
            while let Some(gone) = heir.filter(|p| !now.contains_key(p) && climbed.insert(*p)) {
                heir = self.seen.get(&gone).and_then(|seen| seen.parent);
            }
            if let Some(heir) = heir {
                *ended.entry(heir).or_default() += last.own + last.waited + old.get(process).unwrap_or(&0);
            }
        }
        for (process, seen) in now {
            let last = self.seen.get(process);
            let counts = self.with_root || process.pid != self.root;
            let own = if counts { seen.own.saturating_sub(last.map_or(0, |l| l.own)) } else { 0 };
            let waited = seen.waited.saturating_sub(last.map_or(0, |l| l.waited));
            let ended = ended.get(process).copied().unwrap_or(0);
            let counted = ended + old.get(process).unwrap_or(&0);
            self.total += own + waited.saturating_sub(counted);
            let unpaid = counted.saturating_sub(waited).min(ended);
            if unpaid > 0 {
                self.owed.insert(*process, unpaid);
            }
        }
    }

    /// The living processes of the tree, and those once seen in it.
    fn look(&self) -> io::Result<HashMap<Process, ProcessUsage>> {
        let root = self.stat(self.root)?;
        let mut found = HashMap::new();
        let mut open: Vec<(Option<Process>, u32, ProcessStat)> = vec![(None, self.root, root)];
        let mut rest: Vec<Process> = self.seen.keys().copied().collect();
        rest.sort_unstable();
        let mut children = Children::default();
        loop {
            while let Some((parent, pid, stat)) = open.pop() {
                let process = Process { pid, start: stat.start };
                if found.insert(process, self.seen_now(parent, pid, stat)).is_some() {
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

    fn seen_now(&self, parent: Option<Process>, pid: u32, stat: ProcessStat) -> ProcessUsage {
        let (mut own, mut waited) = (None, None);
        // The clocks are those of this machine, which another root (of a test) is not.
        if self.proc == Path::new("/proc") {
            own = process_clock(pid);
            waited = (pid == std::process::id()).then(waited_for).flatten();
        }
        ProcessUsage {
            parent,
            own: own.unwrap_or(stat.own * self.tick),
            waited: waited.unwrap_or(stat.waited * self.tick),
            ignores_ends: stat.ignores_ends,
            name: stat.name,
        }
    }

    fn stat(&self, pid: u32) -> io::Result<ProcessStat> {
        let path = self.proc.join(pid.to_string()).join("stat");
        let text = fs::read(&path)?;
        ProcessStat::parse(&String::from_utf8_lossy(&text))
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, format!("{} is not understood", path.display())))
    }
}

/// CPU time of a process, its ended threads included, in microseconds; `None` if it is gone.
fn process_clock(pid: u32) -> Option<u64> {
    let mut clock: libc::clockid_t = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both places outlive the calls, and the clock is one that the first call gave.
    let known = unsafe {
        libc::clock_getcpuclockid(pid.try_into().ok()?, &raw mut clock) == 0
            && libc::clock_gettime(clock, &raw mut time) == 0
    };
    known.then(|| microseconds(time.tv_sec, time.tv_nsec / 1000)).flatten()
}

/// CPU time of the children of this process that ended and were waited for, and of theirs, in microseconds.
fn waited_for() -> Option<u64> {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::uninit();
    // SAFETY: the place outlives the call, which fills it if it succeeds.
    let usage = unsafe {
        if libc::getrusage(libc::RUSAGE_CHILDREN, usage.as_mut_ptr()) != 0 {
            return None;
        }
        usage.assume_init()
    };
    let (user, system) = (usage.ru_utime, usage.ru_stime);
    Some(microseconds(user.tv_sec, user.tv_usec)? + microseconds(system.tv_sec, system.tv_usec)?)
}

fn microseconds(seconds: i64, microseconds: i64) -> Option<u64> {
    Some(u64::try_from(seconds).ok()? * 1_000_000 + u64::try_from(microseconds).ok()?)
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

/// Which processes descend from one.
#[derive(Debug)]
pub(crate) struct Descendants {
    proc: PathBuf,
    root: u32,
}

impl Descendants {
    pub(crate) fn new(proc: PathBuf, root: u32) -> Self {
        Self { proc, root }
    }

    /// Whether the process is the root or descends from it; `None` if this system does not show such a process, as
    /// one of another container.
    pub(crate) fn has(&self, pid: u32) -> Option<bool> {
        let stat =
            |pid: u32| ProcessStat::parse(&fs::read_to_string(self.proc.join(pid.to_string()).join("stat")).ok()?);
        let mut at = pid;
        // Counted, for processes come and go meanwhile, and a number may be somebody else's by then.
        for _ in 0..1000 {
            if at == self.root {
                return Some(true);
            }
            match stat(at) {
                Some(found) if found.parent != 0 => at = found.parent,
                Some(_) => return Some(false),
                None if at == pid => return None,
                None => return Some(false),
            }
        }
        Some(false)
    }
}

#[cfg(test)]
mod tests;
