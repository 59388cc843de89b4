//! A small process beside a study that ends what the study has started, should it be killed outright: a watchdog.
//!
//! It reads from a pipe whose other end the study alone holds. So it learns of the study's end however that comes, and
//! then kills what was not told to have ended. Until then it waits in `read`, and costs nothing. It is no child of the
//! study: nobody waits for it, and no meter counts it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Pid;

use super::leftovers::{Leftovers, hunt, mark_of};
use super::procfs::{self, Stat};

/// The pipe to the guardian of this process.
static GUARDIAN: Mutex<Option<File>> = Mutex::new(None);

/// Starts a guardian for all processes that this one starts from now on as [`Process`](super::Process); `command` runs
/// [`guard`] on its standard input, usually this program with a hidden subcommand. A second call does nothing. Without
/// one, a killed study takes along only the processes that it has started itself. What those have started is ended when
/// the study goes on: see [`end_leftovers`](super::end_leftovers).
///
/// # Errors
/// Those of starting a program.
pub fn start_guardian(command: &[String]) -> std::io::Result<()> {
    let mut guardian = GUARDIAN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((program, arguments)) = command.split_first().filter(|_| guardian.is_none()) else { return Ok(()) };
    let (ours, theirs) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)?;
    let mut starter = Command::new(program);
    starter.args(arguments).arg0("optimize").current_dir("/");
    starter.stdin(Stdio::from(ours)).stdout(Stdio::null()).stderr(Stdio::null());
    // SAFETY: only async-signal-safe system calls happen between fork and exec.
    unsafe {
        starter.pre_exec(|| {
            match libc::fork() {
                -1 => return Err(std::io::Error::last_os_error()),
                0 => {}
                // The orphan is init's, or whoever's who reaps here.
                _ => libc::_exit(0),
            }
            // What the terminal sends is not for it.
            rustix::process::setsid()?;
            keep_nothing_open();
            Ok(())
        });
    }
    starter.spawn()?.wait()?;
    // A guardian that was stopped by somebody must not hold up the study.
    rustix::io::ioctl_fionbio(&theirs, true)?;
    *guardian = Some(File::from(theirs));
    Ok(())
}

/// Descriptors that this process was started with would be held open by the guardian, such as the lock of `flock`.
fn keep_nothing_open() {
    const CLOSE_RANGE_CLOEXEC: libc::c_uint = 4;
    // SAFETY: nothing is closed before the program is executed; older kernels refuse the call.
    unsafe { libc::syscall(libc::SYS_close_range, 3 as libc::c_uint, libc::c_uint::MAX, CLOSE_RANGE_CLOEXEC) };
}

/// Tells the guardian, if there is one, of a process that will be started with this mark.
pub(super) fn tell_mark(mark: &str) {
    tell(&format!("+ {mark}\n"));
}

/// That it was started, and leads a group.
pub(super) fn tell_leader(mark: &str, leader: Pid) {
    if let Some(stat) = procfs::read(leader) {
        tell(&format!("= {mark} {} {}\n", leader.as_raw_pid(), stat.start));
    }
}

/// That it has ended with all that it had started.
pub(super) fn tell_end(mark: &str) {
    tell(&format!("- {mark}\n"));
}

fn tell(line: &str) {
    let mut guardian = GUARDIAN.lock().unwrap_or_else(PoisonError::into_inner);
    // A line is short enough to be written whole or not at all. One that is gone was killed by somebody, and one that does not read
    // was stopped: both leave a study without.
    if guardian.as_mut().is_some_and(|pipe| pipe.write_all(line.as_bytes()).is_err()) {
        *guardian = None;
    }
}

/// What the guardian does: listens to `input` until it is closed, and then kills what has not ended.
pub fn guard(input: impl BufRead) -> Leftovers {
    // By mark: the number of the group, and when its leader started.
    let mut guarded: BTreeMap<String, Option<(i32, u64)>> = BTreeMap::new();
    for line in input.lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["+", mark] => drop(guarded.insert(mark.to_owned(), None)),
            ["=", mark, leader, start] => {
                let leader = leader.parse().ok().zip(start.parse().ok());
                guarded.insert(mark.to_owned(), leader);
            }
            ["-", mark] => drop(guarded.remove(mark)),
            _ => {}
        }
    }
    if guarded.is_empty() {
        return Leftovers::default();
    }
    let is_guarded = |stat: &Stat| {
        let group = guarded.values().flatten().any(|(leader, start)| {
            // A number that is used again is that of a later leader.
            let leads = Pid::from_raw(*leader).and_then(procfs::read);
            stat.group == *leader && leads.is_none_or(|leads| leads.start == *start)
        });
        group || mark_of(stat).is_some_and(|mark| guarded.contains_key(&mark))
    };
    hunt(is_guarded, Duration::ZERO)
}

/// Has this process, a guardian, outlive whatever signal is sent to the study and to it alike: it ends when the study has.
pub fn become_guardian() {
    let _ = rustix::thread::set_name(c"optimize-guard");
    for signal in 1..=libc::SIGRTMAX() {
        if !matches!(signal, libc::SIGCHLD | libc::SIGSEGV | libc::SIGBUS | libc::SIGFPE | libc::SIGILL) {
            // SAFETY: ignoring a signal runs no code of this process; those that cannot be ignored are refused.
            unsafe { libc::signal(signal, libc::SIG_IGN) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::family::ProcessFamily;
    use super::*;

    #[test]
    fn what_has_not_ended_when_the_line_goes_dead_is_killed() {
        let start = |mark: &str| {
            let mut command = Command::new("sleep");
            command.arg("100").env(ProcessFamily::VARIABLE, mark).process_group(0);
            command.spawn().unwrap()
        };
        let name = |what: &str| format!("guard-{}/{what}", std::process::id());
        let (ended, marked, grouped) = (name("ended"), name("marked"), name("grouped"));
        let (mut spared, mut first) = (start(&ended), start(&marked));
        let mut second = start("of somebody else");
        let leader = Pid::from_child(&second);
        let start = procfs::read(leader).unwrap().start;
        let other = Pid::from_child(&spared);
        let lines = format!(
            "+ {ended}\n- {ended}\n+ {marked}\n+ {grouped}\n= {grouped} {} {start}\nnonsense\n= {} 1\n+ {}\n= {} {} 1\n",
            leader.as_raw_pid(),
            name("cut"),
            name("reused"),
            name("reused"),
            other.as_raw_pid(),
        );
        let waiters = [std::thread::spawn(move || first.wait()), std::thread::spawn(move || second.wait())];
        let found = guard(lines.as_bytes());
        assert_eq!(found, Leftovers { ended: 2, left: 0 });
        for waiter in waiters {
            assert!(!waiter.join().unwrap().unwrap().success());
        }
        assert!(spared.try_wait().unwrap().is_none(), "it was told to have ended, and its number was another's");
        spared.kill().unwrap();
        spared.wait().unwrap();
    }
}
