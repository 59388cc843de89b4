//! The processes that a leader has started, wherever they have gone: found in `/proc`, killed and reaped.

use std::collections::HashSet;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, pidfd_send_signal, waitpid};

/// How long the killed are waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The leader's descendants. Best effort: without `/proc` none is found.
///
/// A process belongs to the family if it is in the leader's group, if the chain of its parents leads to the leader or
/// to another member, or if it was re-parented to this process (as a child subreaper) and has inherited the leader's
/// mark in its environment. So only who leaves the group, loses its parents, and clears its environment gets away.
#[derive(Debug)]
pub(super) struct Family {
    leader: Pid,
    mark: String,
    known: HashSet<(Pid, u64)>,
}

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stat {
    pid: Pid,
    /// Clock ticks since boot; tells a process from a later one of the same number.
    start: u64,
    parent: i32,
    group: i32,
    ended: bool,
}

impl Family {
    /// Environment variable that carries the mark. No parameter's variable can have this name.
    pub(super) const VARIABLE: &str = "_WATTFRONT_PROCESS";

    /// The family of a leader that was started with `mark`, different for each, in its environment.
    pub(super) fn new(leader: Pid, mark: &str) -> Self {
        Self { leader, mark: format!("{}={mark}", Self::VARIABLE), known: HashSet::new() }
    }

    /// Remembers the members there are now. While the leader lives, even one without the mark is found.
    pub(super) fn remember(&mut self) {
        self.members();
    }

    /// Kills all members but the leader, and reaps those that have become children of this process. The leader must
    /// have ended and not been reaped yet, so that its number, which is the group's, cannot be another's.
    pub(super) fn kill(&mut self) {
        let here = getpid().as_raw_pid();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut left = self.members();
            // Of those that have ended, only its own children are a process's business.
            left.retain(|stat| !stat.ended || stat.parent == here);
            if left.is_empty() || Instant::now() > deadline {
                return;
            }
            for stat in left {
                kill(stat);
                if stat.parent == here {
                    let _ = waitpid(Some(stat.pid), WaitOptions::NOHANG);
                }
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn members(&mut self) -> Vec<Stat> {
        let here = getpid().as_raw_pid();
        let mut others: Vec<_> = all().into_iter().filter(|stat| stat.pid != self.leader).collect();
        let mut parents = vec![self.leader.as_raw_pid()];
        let mut members = others
            .extract_if(.., |stat| {
                stat.group == self.leader.as_raw_pid()
                    || self.known.contains(&(stat.pid, stat.start))
                    || stat.parent == here && self.is_marked(stat)
            })
            .collect::<Vec<_>>();
        parents.extend(members.iter().map(|stat| stat.pid.as_raw_pid()));
        while let Some(parent) = parents.pop() {
            let children = others.extract_if(.., |stat| stat.parent == parent);
            let begin = members.len();
            members.extend(children);
            parents.extend(members[begin..].iter().map(|stat| stat.pid.as_raw_pid()));
        }
        self.known.extend(members.iter().map(|stat| (stat.pid, stat.start)));
        members
    }

    fn is_marked(&self, stat: &Stat) -> bool {
        let environment = fs::read(format!("/proc/{}/environ", stat.pid.as_raw_pid())).unwrap_or_default();
        environment.split(|byte| *byte == 0).any(|variable| variable == self.mark.as_bytes())
    }
}

/// Kills a process unless its number is by now another's.
fn kill(stat: Stat) {
    let Ok(process) = pidfd_open(stat.pid, PidfdFlags::empty()) else { return };
    if read(stat.pid).is_some_and(|now| now.start == stat.start) {
        let _ = pidfd_send_signal(process, Signal::KILL);
    }
}

fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| read(Pid::from_raw(pid)?)).collect()
}

fn read(pid: Pid) -> Option<Stat> {
    parse(pid, &fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?)
}

/// Understands `/proc/PID/stat` (proc_pid_stat(5)).
fn parse(pid: Pid, text: &str) -> Option<Stat> {
    // The program's name may hold anything, spaces and parentheses included.
    let fields: Vec<_> = text.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(Stat {
        pid,
        start: fields.get(19)?.parse().ok()?,
        parent: fields.get(1)?.parse().ok()?,
        group: fields.get(2)?.parse().ok()?,
        ended: matches!(*fields.first()?, "Z" | "X"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_program_may_hold_anything() {
        let pid = Pid::from_raw(42).unwrap();
        let text = "42 (a) Z 1 (b) S 7 9 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 9 9\n";
        let expected = Stat { pid, start: 12345, parent: 7, group: 9, ended: false };
        assert_eq!(parse(pid, text), Some(expected));
        assert_eq!(parse(pid, "42 (short) S 7"), None);
    }

    #[test]
    fn a_stranger_is_no_member() {
        let mut stranger = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let mut leader = std::process::Command::new("true").spawn().unwrap();
        let mut family = Family::new(Pid::from_child(&leader), "mark");
        family.kill();
        assert!(stranger.try_wait().unwrap().is_none(), "it lives");
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        leader.wait().unwrap();
    }
}
