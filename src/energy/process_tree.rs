//! The CPU time of a process and everything that it started, as `/proc` and the processes' own clocks tell it.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

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

/// What was counted of a process when it was last seen, in microseconds.
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
    seen: HashMap<Process, Seen>,
    /// Time of processes that ended which their heirs did not show yet: see [`Self::count`].
    owed: HashMap<Process, u64>,
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
        let mut tree = Self { proc, root, tick, with_root, seen: HashMap::new(), owed: HashMap::new(), total: 0 };
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
        self.count(&now);
        self.seen = now;
        Ok(self.total)
    }

    /// Adds the CPU time that is in `now` and was not counted before.
    fn count(&mut self, now: &HashMap<Process, Seen>) {
        // What was counted of the ended, to be found again in the waited-for time of the nearest ancestor that lives. A
        // parent is looked at before its children, so one that ended in between is in its figures at the next look only.
        let old = std::mem::take(&mut self.owed);
        let mut ended: HashMap<Process, u64> = HashMap::new();
        for (process, last) in self.seen.iter().filter(|(process, _)| !now.contains_key(process)) {
            let mut heir = last.parent;
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

    fn seen_now(&self, parent: Option<Process>, pid: u32, stat: Stat) -> Seen {
        let (mut own, mut waited) = (None, None);
        // The clocks are those of this machine, which another root (of a test) is not.
        if self.proc == Path::new("/proc") {
            own = process_clock(pid);
            waited = (pid == std::process::id()).then(waited_for).flatten();
        }
        Seen { parent, own: own.unwrap_or(stat.own * self.tick), waited: waited.unwrap_or(stat.waited * self.tick) }
    }

    fn stat(&self, pid: u32) -> io::Result<Stat> {
        let path = self.proc.join(pid.to_string()).join("stat");
        let text = fs::read(&path)?;
        Stat::parse(&String::from_utf8_lossy(&text))
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
pub(crate) struct Family {
    proc: PathBuf,
    root: u32,
}

impl Family {
    pub(crate) fn new(proc: PathBuf, root: u32) -> Self {
        Self { proc, root }
    }

    /// Whether the process is the root or descends from it; `None` if this system does not show such a process, as
    /// one of another container.
    pub(crate) fn has(&self, pid: u32) -> Option<bool> {
        let stat = |pid: u32| Stat::parse(&fs::read_to_string(self.proc.join(pid.to_string()).join("stat")).ok()?);
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
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    use proptest::prelude::*;

    use super::super::testing::FakeProc;
    use super::*;

    fn open(proc: &FakeProc, root: u32) -> ProcessTree {
        ProcessTree::open(proc.root().to_owned(), root, 1, true).unwrap()
    }

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let text = "7 (a) b (c)) S 3 1 1 0 -1 0 0 0 0 0 11 13 17 19 20 0 1 0 23 0 0";
        let stat = Stat::parse(text).unwrap();
        assert_eq!(stat, Stat { parent: 3, start: 23, own: 24, waited: 36 });
        assert_eq!(Stat::parse("7 (a) S 3"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn a_child_that_was_seen_and_waited_for_counts_once() {
        let proc = FakeProc::new();
        proc.process(10, 1, 0, 0);
        let mut tree = open(&proc, 10);
        proc.process(11, 10, 40, 0);
        assert_eq!(tree.advance().unwrap(), 40);
        proc.end(11).process(10, 1, 0, 45);
        assert_eq!(tree.advance().unwrap(), 45);
    }

    #[test]
    fn a_family_is_told_from_strangers_and_from_those_that_nobody_sees() {
        let proc = FakeProc::new();
        proc.process(1, 0, 0, 0).process(10, 1, 0, 0).process(11, 10, 0, 0).process(12, 11, 0, 0).process(20, 1, 0, 0);
        let family = Family::new(proc.root().to_owned(), 10);
        let known = [10, 11, 12, 20, 1, 99].map(|pid| family.has(pid));
        assert_eq!(known, [Some(true), Some(true), Some(true), Some(false), Some(false), None]);
    }

    #[test]
    fn the_root_itself_may_be_left_out() {
        let proc = FakeProc::new();
        proc.process(10, 1, 7, 0);
        let mut tree = ProcessTree::open(proc.root().to_owned(), 10, 1, false).unwrap();
        proc.process(10, 1, 1000, 0).process(11, 10, 40, 0);
        assert_eq!(tree.advance().unwrap(), 40);
        proc.end(11).process(10, 1, 2000, 45);
        assert_eq!(tree.advance().unwrap(), 45);
    }

    #[test]
    fn a_grandchild_that_ended_with_its_parent_counts_once() {
        let proc = FakeProc::new();
        proc.process(10, 1, 0, 0).process(11, 10, 5, 0).process(12, 11, 5, 0);
        let mut tree = open(&proc, 10);
        proc.process(11, 10, 15, 0).process(12, 11, 25, 0);
        assert_eq!(tree.advance().unwrap(), 30);
        proc.end(11).end(12).process(10, 1, 0, 44);
        assert_eq!(tree.advance().unwrap(), 34, "44 ticks less the 10 from before the tree was opened");
    }

    #[test]
    fn a_child_that_ends_between_two_looks_at_its_family_counts_once() {
        let proc = FakeProc::new();
        proc.process(10, 1, 0, 0).process(11, 10, 0, 0);
        let mut tree = open(&proc, 10);
        proc.process(11, 10, 40, 0);
        assert_eq!(tree.advance().unwrap(), 40);
        // Its parent was looked at just before it was waited for.
        proc.end(11);
        assert_eq!(tree.advance().unwrap(), 40);
        proc.process(10, 1, 0, 45);
        assert_eq!(tree.advance().unwrap(), 45);
        proc.process(10, 1, 0, 60);
        assert_eq!(tree.advance().unwrap(), 60);
    }

    #[test]
    fn a_child_that_nobody_waited_for_is_not_taken_back() {
        let proc = FakeProc::new();
        proc.process(10, 1, 0, 0).process(11, 10, 0, 0);
        let mut tree = open(&proc, 10);
        proc.process(11, 10, 40, 0);
        assert_eq!(tree.advance().unwrap(), 40);
        proc.end(11).process(10, 1, 3, 0);
        assert_eq!(tree.advance().unwrap(), 43);
        // Nor is its time held against later children for long.
        tree.advance().unwrap();
        proc.process(10, 1, 3, 10);
        assert_eq!(tree.advance().unwrap(), 53);
    }

    #[test]
    fn a_process_that_left_the_tree_is_followed_until_its_number_is_anothers() {
        let proc = FakeProc::new();
        proc.process(10, 1, 0, 0).process(11, 10, 0, 0).process(12, 11, 0, 0);
        let mut tree = open(&proc, 10);
        proc.end(11).process(12, 1, 20, 0);
        assert_eq!(tree.advance().unwrap(), 20);
        let stat = proc.root().join("12/stat");
        let other =
            std::fs::read_to_string(&stat).unwrap().replace(" 84 ", " 9999 ").replace(" 20 0 0 0 ", " 70 0 0 0 ");
        std::fs::write(&stat, other).unwrap();
        assert_eq!(tree.advance().unwrap(), 20);
    }

    #[test]
    fn the_kernels_lists_of_children_are_used_where_they_are_kept() {
        let proc = FakeProc::new();
        proc.process(10, 1, 0, 0).children(10, "11 ").process(11, 10, 0, 0).children(11, "");
        let mut tree = open(&proc, 10);
        // 12 claims to be a child too, but who has the lists asks nobody.
        proc.process(11, 10, 6, 0).process(12, 10, 100, 0);
        assert_eq!(tree.advance().unwrap(), 6);
    }

    #[test]
    fn a_root_that_ended_is_an_error_and_nothing_is_lost() {
        let proc = FakeProc::new();
        proc.process(10, 1, 0, 0);
        let mut tree = open(&proc, 10);
        proc.process(10, 1, 8, 0);
        assert_eq!(tree.advance().unwrap(), 8);
        proc.end(10);
        assert!(tree.advance().is_err());
        proc.process(10, 1, 9, 0);
        assert_eq!(tree.advance().unwrap(), 9);
    }

    #[test]
    fn on_this_machine_the_time_of_children_that_ended_is_found() {
        let busy = "busy() { i=0; while [ $i -lt 400000 ]; do i=$((i+1)); done; }; read go; (busy); echo; read end";
        let mut shell =
            Command::new("sh").args(["-c", busy]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut tree = ProcessTree::open(PathBuf::from("/proc"), shell.id(), 10_000, true).unwrap();
        let mut input = shell.stdin.take().unwrap();
        std::io::Write::write_all(&mut input, b"\n").unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let before = tree.advance().unwrap();
        assert!(before > 0, "400,000 rounds of a shell take more than a tick");
        assert!(tree.advance().unwrap() >= before);
        drop(input);
        shell.wait().unwrap();
        assert!(tree.advance().is_err());
    }

    #[test]
    fn on_this_machine_much_less_than_a_tick_is_seen() {
        let mut tree = ProcessTree::open(PathBuf::from("/proc"), std::process::id(), 10_000, true).unwrap();
        let mut last = 0;
        let mut steps = Vec::new();
        for _ in 0..50 {
            let begin = std::hint::black_box((0..20_000_u64).fold(0, |a, b| std::hint::black_box(a ^ b)));
            std::hint::black_box(begin);
            let now = tree.advance().unwrap();
            steps.push(now - last);
            last = now;
        }
        assert!(steps.iter().any(|step| *step > 0 && *step % 10_000 != 0), "{steps:?}");
    }

    #[test]
    fn on_this_machine_a_child_that_ended_is_not_counted_twice() {
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo; read end";
        let mut tree = ProcessTree::open(PathBuf::from("/proc"), std::process::id(), 10_000, true).unwrap();
        let mut shell =
            Command::new("sh").args(["-c", busy]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let alive = process_clock(shell.id()).unwrap();
        assert!(tree.advance().unwrap() >= alive);
        let before = waited_for().unwrap();
        let own = process_clock(std::process::id()).unwrap();
        let counted = tree.advance().unwrap();
        drop(shell.stdin.take());
        shell.wait().unwrap();
        let after = tree.advance().unwrap();
        // Other tests of this process may burn time and wait for children, but no more than the clocks tell.
        let possible = waited_for().unwrap() - before + process_clock(std::process::id()).unwrap() - own;
        assert!(after - counted <= possible, "{} of at most {possible}", after - counted);
        assert!(process_clock(shell.id()).is_none());
    }

    /// Processes as the kernel would keep them.
    #[derive(Debug, Clone, Copy)]
    struct Simulated {
        pid: u32,
        parent: u32,
        own: u64,
        waited: u64,
    }

    #[derive(Debug, Clone)]
    enum Step {
        Burn(usize, u64),
        Fork(usize),
        /// Ends; the flag tells whether the parent waits for it.
        End(usize, bool),
        Look,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (any::<usize>(), 1_u64..50).prop_map(|(who, ticks)| Step::Burn(who, ticks)),
            2 => any::<usize>().prop_map(Step::Fork),
            2 => (any::<usize>(), prop::bool::weighted(0.7)).prop_map(|(who, waits)| Step::End(who, waits)),
            2 => Just(Step::Look),
        ];
        prop::collection::vec(step, 1..60)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn the_sum_never_falls_nor_exceeds_the_truth(steps in steps()) {
            let proc = FakeProc::new();
            let mut alive = vec![Simulated { pid: 2, parent: 1, own: 100, waited: 9 }];
            proc.process(2, 1, 100, 9);
            let mut tree = open(&proc, 2);
            let (mut truth, mut told, mut next, mut all_waited) = (0, 0, 3, true);
            for step in steps {
                match step {
                    Step::Burn(who, ticks) => {
                        let index = who % alive.len();
                        alive[index].own += ticks;
                        truth += ticks;
                    }
                    Step::Fork(who) => {
                        let parent = alive[who % alive.len()].pid;
                        alive.push(Simulated { pid: next, parent, own: 0, waited: 0 });
                        next += 1;
                    }
                    Step::End(who, waits) if alive.len() > 1 => {
                        let ended = alive.remove(1 + who % (alive.len() - 1));
                        proc.root().join(ended.pid.to_string()).exists().then(|| proc.end(ended.pid));
                        let parent = alive.iter_mut().find(|p| p.pid == ended.parent);
                        match parent {
                            Some(parent) if waits => parent.waited += ended.own + ended.waited,
                            _ => all_waited = false,
                        }
                        for orphan in alive.iter_mut().filter(|p| p.parent == ended.pid) {
                            orphan.parent = 1;
                            all_waited = false;
                        }
                    }
                    Step::End(..) => {}
                    Step::Look => {
                        for p in &alive {
                            proc.process(p.pid, p.parent, p.own, p.waited);
                        }
                        let now = tree.advance().unwrap();
                        prop_assert!(now >= told);
                        prop_assert!(now <= truth, "{now} of {truth}");
                        prop_assert!(!all_waited || now == truth, "{now} of {truth}");
                        told = now;
                    }
                }
            }
        }
    }
}
