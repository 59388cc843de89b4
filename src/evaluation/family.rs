//! The processes that a leader has started, wherever they have gone: found in `/proc`, signalled, killed and reaped.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitOptions, getpid, waitpid};

use super::procfs::{self, Stat, send};

/// How long the killed are waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The leader's descendants: its process tree and process group. Best effort: without `/proc` none is found.
///
/// A process belongs to the family if it is in the leader's group. It also does if the chain of its parents leads to
/// the leader or to another member. So does one that was re-parented to this process (as a child subreaper) and has
/// inherited the leader's mark in its environment. So only who leaves the group, loses its parents, and clears its
/// environment gets away.
#[derive(Debug)]
pub(super) struct ProcessFamily {
    leader: Pid,
    mark: String,
    known: HashSet<(Pid, u64)>,
}

impl ProcessFamily {
    /// Environment variable that carries the mark. No parameter's variable can have this name.
    pub(super) const VARIABLE: &str = "_WATTFRONT_PROCESS";

    /// The family of a leader that was started with `mark`, different for each, in its environment.
    pub(super) fn new(leader: Pid, mark: &str) -> Self {
        Self { leader, mark: mark.to_owned(), known: HashSet::new() }
    }

    /// Remembers the members there are now. While the leader lives, even one without the mark is found.
    pub(super) fn remember(&mut self) {
        self.members();
    }

    /// Sends a signal to the leader and all members. The leader must not have been reaped yet.
    pub(super) fn signal(&mut self, signal: Signal) {
        let members = self.members();
        procfs::read(self.leader).iter().chain(&members).filter(|stat| !stat.has_ended()).for_each(|stat| {
            send(stat, signal);
        });
    }

    /// Kills all members but the leader, and reaps those that have become children of this process. The leader must
    /// have ended and not been reaped yet, so that its number, which is the group's, cannot be another's.
    pub(super) fn kill(&mut self) {
        let here = getpid().as_raw_pid();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut left = self.members();
            // Of those that have ended, only its own children are a process's business.
            left.retain(|stat| !stat.has_ended() || stat.parent == here);
            if left.is_empty() {
                return;
            }
            for stat in left {
                send(&stat, Signal::KILL);
                if stat.parent == here {
                    let _ = waitpid(Some(stat.pid), WaitOptions::NOHANG);
                }
            }
            // Not before: this process may have been stopped meanwhile.
            if Instant::now() > deadline {
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn members(&mut self) -> Vec<Stat> {
        let here = getpid().as_raw_pid();
        let mut others: Vec<_> = procfs::all().into_iter().filter(|stat| stat.pid != self.leader).collect();
        let members = others
            .extract_if(.., |stat| {
                stat.group == self.leader.as_raw_pid()
                    || self.known.contains(&(stat.pid, stat.start))
                    || stat.parent == here && self.is_marked(stat)
            })
            .collect::<Vec<_>>();
        let members = with_descendants(members, &[self.leader.as_raw_pid()], others);
        self.known.extend(members.iter().map(|stat| (stat.pid, stat.start)));
        members
    }

    fn is_marked(&self, stat: &Stat) -> bool {
        procfs::variable(stat.pid, Self::VARIABLE).is_some_and(|mark| mark == self.mark)
    }
}

/// These and, among the others, all that descend from them or from these parents.
pub(super) fn with_descendants(mut members: Vec<Stat>, parents: &[i32], mut others: Vec<Stat>) -> Vec<Stat> {
    let mut parents = parents.to_vec();
    parents.extend(members.iter().map(|stat| stat.pid.as_raw_pid()));
    while let Some(parent) = parents.pop() {
        let children = others.extract_if(.., |stat| stat.parent == parent);
        let begin = members.len();
        members.extend(children);
        parents.extend(members[begin..].iter().map(|stat| stat.pid.as_raw_pid()));
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stranger_is_no_member() {
        let mut stranger = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let mut leader = std::process::Command::new("true").spawn().unwrap();
        let mut family = ProcessFamily::new(Pid::from_child(&leader), "mark");
        family.kill();
        assert!(stranger.try_wait().unwrap().is_none(), "it lives");
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        leader.wait().unwrap();
    }
}
