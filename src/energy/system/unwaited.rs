//! Processes that do not wait for their children: the kernel then tells nobody what those have used up.

use std::collections::{HashMap, HashSet};

use super::process::{Process, ProcessUsage};

/// So many ticks the time of ended children may be behind, by the rounding of two figures.
const ROUNDING: u64 = 3;

/// Processes that ended without anybody being told what they had used up, because their parents do not wait for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Unwaited {
    /// How many were seen to end so.
    pub ends: u64,
    /// The number of the last one's parent.
    pub parent: u32,
    /// Its name, as the kernel keeps it, ended by zeros.
    pub name: [u8; 16],
    /// Whether it ignores `SIGCHLD`; else it told the kernel so by `SA_NOCLDWAIT`.
    pub ignores: bool,
}

impl std::fmt::Display for Unwaited {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.name.split(|byte| *byte == 0).next().unwrap_or_default();
        let how = if self.ignores { "ignores SIGCHLD" } else { "has SA_NOCLDWAIT" };
        write!(f, "process {} (`{}`) {how}", self.parent, String::from_utf8_lossy(name).escape_debug())
    }
}

/// What is known of ends that nobody was told of.
///
/// A process that ignores `SIGCHLD` says so in its `/proc/PID/stat`. One that asks the kernel by `SA_NOCLDWAIT` does not; it is
/// found out by the time of a child that ended, and that does not come to be in the parent's figures.
#[derive(Debug, Default)]
pub(super) struct UnwaitedEnds {
    found_out: HashSet<Process>,
    suspects: HashMap<Process, Suspect>,
    told: Unwaited,
    /// CPU time that may have been used up unseen, in microseconds: of each that ended so, since it was last seen.
    unseen: u64,
}

/// What a parent's figures must come to show, since the first end that was seen; rounding does not add up.
#[derive(Debug, Default)]
struct Suspect {
    /// The time of its ended children, in microseconds: those that it had a look's time to wait for, and the rest.
    owed: u64,
    fresh: u64,
    /// What it had waited for before.
    waited: u64,
    ends: u64,
    unseen: u64,
}

impl UnwaitedEnds {
    pub(super) fn told(&self) -> Unwaited {
        self.told
    }

    pub(super) fn unseen(&self) -> u64 {
        self.unseen
    }

    /// Whether a process is one whose children's time is lost.
    pub(super) fn loses(&self, process: &Process, seen: &ProcessUsage) -> bool {
        seen.ignores_ends || self.found_out.contains(process)
    }

    /// Holds the processes of a look against those of the one before, so many microseconds ago.
    pub(super) fn look(
        &mut self,
        before: &HashMap<Process, ProcessUsage>,
        now: &HashMap<Process, ProcessUsage>,
        since: u64,
        tick: u64,
    ) {
        self.found_out.retain(|process| now.contains_key(process));
        let mut suspects = std::mem::take(&mut self.suspects);
        suspects.retain(|process, suspect| {
            let Some(seen) = now.get(process) else { return false };
            suspect.owed += std::mem::take(&mut suspect.fresh);
            let paid = seen.waited.saturating_sub(suspect.waited) + ROUNDING * tick + suspect.owed / 10;
            if paid < suspect.owed {
                self.found_out.insert(*process);
                self.tell(process, seen, suspect.ends, suspect.unseen);
            }
            paid >= suspect.owed
        });
        self.suspects = suspects;
        for last in before.iter().filter(|(process, _)| !now.contains_key(process)).map(|(_, last)| last) {
            let Some((parent, was)) = last.parent.and_then(|parent| Some((parent, before.get(&parent)?))) else {
                continue;
            };
            if self.loses(&parent, was) {
                self.tell(&parent, was, 1, since);
            } else if now.contains_key(&parent) {
                // It may have been looked at before it waited; the next look tells.
                let first = || Suspect { waited: was.waited, ..Suspect::default() };
                let suspect = self.suspects.entry(parent).or_insert_with(first);
                suspect.fresh += last.own + last.waited;
                suspect.ends += 1;
                suspect.unseen += since;
            }
        }
    }

    fn tell(&mut self, parent: &Process, seen: &ProcessUsage, ends: u64, unseen: u64) {
        let ends = self.told.ends + ends;
        self.told = Unwaited { ends, parent: parent.pid, name: seen.name, ignores: seen.ignores_ends };
        self.unseen += unseen;
    }
}
