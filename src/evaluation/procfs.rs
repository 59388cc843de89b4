//! Processes as `/proc` shows them, and signals that reach only the one that is meant.

use std::fs;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};

/// What `/proc/PID/stat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) pid: Pid,
    /// Clock ticks since boot; tells a process from a later one of the same number.
    pub(super) start: u64,
    pub(super) parent: i32,
    pub(super) group: i32,
    state: u8,
}

impl Stat {
    /// Whether it is a zombie, which nobody has waited for yet.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }

    /// Whether it is at work, or waits for it. One that waits in the kernel may have been stopped there, such as a shell whose new
    /// child was.
    pub(super) fn runs(&self) -> bool {
        matches!(self.state, b'R' | b'S')
    }

    /// Whether it is stopped, as by `SIGSTOP` or by whoever traces it.
    pub(super) fn is_stopped(&self) -> bool {
        matches!(self.state, b'T' | b't')
    }
}

/// All processes that are to be seen; none without `/proc`.
pub(super) fn all() -> Vec<Stat> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    pids.filter_map(|pid| read(Pid::from_raw(pid)?)).collect()
}

/// One process; `None` if it is gone, or not to be seen.
pub(super) fn read(pid: Pid) -> Option<Stat> {
    // The name in it is no text for certain.
    parse(pid, &String::from_utf8_lossy(&fs::read(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?))
}

/// The value of an environment variable that a process was started with. `None` also for a process of somebody else's, of which
/// nobody is told.
pub(super) fn variable(pid: Pid, name: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_pid())).ok()?;
    let value = |variable: &[u8]| {
        Some(String::from_utf8_lossy(variable.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?).into_owned())
    };
    environment.split(|byte| *byte == 0).find_map(value)
}

/// Sends a signal to a process unless its number is by now another's. Whether it is to be expected that it arrives: not for a
/// process of somebody else's.
pub(super) fn send(stat: &Stat, signal: Signal) -> bool {
    let process = pidfd_open(stat.pid, PidfdFlags::empty());
    if read(stat.pid).is_none_or(|now| now.start != stat.start) {
        return true;
    }
    let sent = match process {
        Ok(process) => pidfd_send_signal(process, signal),
        // Kernels before 5.3, and some sandboxes, have no such descriptors.
        Err(Errno::NOSYS | Errno::PERM) => kill_process(stat.pid, signal),
        Err(_) => return true,
    };
    !matches!(sent, Err(Errno::PERM))
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
        state: *fields.first()?.as_bytes().first()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_program_may_hold_anything() {
        let pid = Pid::from_raw(42).unwrap();
        let text = "42 (a) Z 1 (b) S 7 9 9 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 12345 9 9\n";
        let expected = Stat { pid, start: 12345, parent: 7, group: 9, state: b'S' };
        assert_eq!(parse(pid, text), Some(expected));
        assert_eq!(parse(pid, "42 (short) S 7"), None);
    }

    #[test]
    fn variables_are_those_that_a_process_was_started_with() {
        let mut child = std::process::Command::new("sleep").arg("100").env("_WATTFRONT_TEST", "a=b").spawn().unwrap();
        let pid = Pid::from_child(&child);
        // Until it executes it is a copy of this process.
        while variable(pid, "_WATTFRONT_TEST").is_none() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        assert_eq!(variable(pid, "_WATTFRONT_TEST").as_deref(), Some("a=b"));
        assert_eq!(variable(pid, "_WATTFRONT"), None, "only the whole name");
        let stat = read(pid).unwrap();
        let earlier = Stat { start: stat.start.wrapping_sub(1), ..stat };
        assert!(send(&earlier, Signal::KILL), "one that is gone needs no signal");
        assert!(child.try_wait().unwrap().is_none(), "its successor of the same number gets none");
        assert!(send(&stat, Signal::KILL));
        child.wait().unwrap();
        assert_eq!(read(pid), None);
    }
}
