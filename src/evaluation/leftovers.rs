//! What a study that was killed outright has left running, its orphans: found by the mark that all of it has inherited,
//! and ended.
//!
//! The mark is a value of an environment variable: the homes of the study, a slash, and what tells one process from all
//! others. The homes are its results folders, in a spelling of the caller's, joined by `+`. So it survives that a
//! folder is renamed, and nobody else's processes have it.

use std::collections::HashSet;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getpid};

use super::family::{ProcessFamily, with_descendants};
use super::procfs::{self, Stat, send};

/// How long what was asked to end may take before it is killed.
const GRACE: Duration = Duration::from_secs(2);
/// How long the killed are waited for.
const LAST_BREATH: Duration = Duration::from_secs(5);

/// What became of what was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leftovers {
    /// So many processes have ended.
    pub ended: usize,
    /// So many have not: they belong to somebody else, or hang in the kernel.
    pub left: usize,
}

/// Ends the processes that were started for the study of this home, and all that descends from them: asks them to (`SIGTERM`),
/// and kills them after two seconds. Whoever calls it must know that no living process runs that study, such as by its lock.
/// This process and those that it descends from are spared. What has cleared its environment is not found, nor what
/// `/proc` does not show.
#[must_use]
pub fn end_leftovers(home: &str) -> Leftovers {
    let is_of_home = |stat: &Stat| mark_of(stat).is_some_and(|mark| homes(&mark).any(|found| found == home));
    hunt(is_of_home, GRACE)
}

/// The mark that a process has inherited.
pub(super) fn mark_of(stat: &Stat) -> Option<String> {
    procfs::variable(stat.pid, ProcessFamily::VARIABLE)
}

/// The homes in a mark.
fn homes(mark: &str) -> impl Iterator<Item = &str> {
    mark.split_once('/').map_or("", |(homes, _)| homes).split('+').filter(|home| !home.is_empty())
}

/// Ends the processes of a kind and all that descends from them until there are none: asks them to, and kills them after `grace`.
/// What comes meanwhile is found as well. This process and those that it descends from are spared.
pub(super) fn hunt(wanted: impl Fn(&Stat) -> bool, grace: Duration) -> Leftovers {
    let begun = Instant::now();
    // Once their parents are gone, those who hide their origin would not be found any more.
    let mut met: HashSet<(Pid, u64)> = HashSet::new();
    loop {
        let found = find(|stat| met.contains(&(stat.pid, stat.start)) || wanted(stat));
        let late = begun.elapsed() >= grace;
        for stat in &found {
            let new = met.insert((stat.pid, stat.start));
            if late {
                send(stat, Signal::KILL);
            } else if new {
                send(stat, Signal::TERM);
                // One that is stopped could not heed it.
                send(stat, Signal::CONT);
            }
        }
        if found.is_empty() || begun.elapsed() > grace + LAST_BREATH {
            return Leftovers { ended: met.len() - found.len(), left: found.len() };
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The living processes of a kind, and all that descend from them, but for this one and its ancestors.
fn find(wanted: impl Fn(&Stat) -> bool) -> Vec<Stat> {
    let mut all = procfs::all();
    let mut spared = Vec::new();
    let mut at = Some(getpid().as_raw_pid());
    while let Some(pid) = at.filter(|pid| !spared.contains(pid)) {
        spared.push(pid);
        at = all.iter().find(|stat| stat.pid.as_raw_pid() == pid).map(|stat| stat.parent);
    }
    all.retain(|stat| !stat.has_ended() && !spared.contains(&stat.pid.as_raw_pid()));
    let (members, others): (Vec<Stat>, Vec<Stat>) = all.into_iter().partition(wanted);
    with_descendants(members, &[], others)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_has_homes_and_what_follows_is_none() {
        let all = |mark: &'static str| homes(mark).collect::<Vec<_>>();
        assert_eq!(all("1-2/77-0-1.5"), ["1-2"]);
        assert_eq!(all("1-2+3-4/77-0-1.5"), ["1-2", "3-4"]);
        assert_eq!(all("/77-0-1.5"), [""; 0]);
        assert_eq!(all("77-0-1.5"), [""; 0], "as earlier versions wrote it");
    }

    #[test]
    fn only_what_is_marked_with_the_home_is_ended_with_what_descends_from_it() {
        let start = |mark: &str, script: &str| {
            let mut command = std::process::Command::new("sh");
            command.args(["-c", script]).env(ProcessFamily::VARIABLE, mark).stdout(std::process::Stdio::piped());
            let mut child = command.spawn().unwrap();
            let mut line = String::new();
            let output = child.stdout.take().unwrap();
            std::io::BufRead::read_line(&mut std::io::BufReader::new(output), &mut line).unwrap();
            (child, line)
        };
        let home = format!("test-{}", std::process::id());
        let stubborn = "trap '' TERM; env -i sh -c 'echo ready; sleep 100' & wait; sleep 100";
        let (mut own, _) = start(&format!("other+{home}/1"), stubborn);
        let (mut others, _) = start(&format!("{home}x/1"), "echo ready; exec sleep 100");
        // Both would be zombies until they are waited for.
        let waiter = std::thread::spawn(move || own.wait().unwrap());
        let found = end_leftovers(&home);
        assert!(found.ended >= 2 && found.left == 0, "{found:?}");
        assert!(!waiter.join().unwrap().success());
        assert!(others.try_wait().unwrap().is_none(), "it is not of this home");
        others.kill().unwrap();
        others.wait().unwrap();
        assert_eq!(end_leftovers(&home), Leftovers::default());
    }
}
