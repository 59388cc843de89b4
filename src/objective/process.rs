//! A child process in a group of its own: its lines with the moment of their arrival, its end, and its killing.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use super::{Failure, Stamp};
use crate::optimizer::history::FailureKind;

/// Longest line that is kept; of a longer one the rest is dropped.
const LINE_LIMIT: u64 = 1 << 20;
/// Lines of standard error that are kept for failure messages.
const TAIL_LINES: usize = 12;

/// What happens to a process.
#[derive(Debug, Clone, PartialEq)]
pub enum ProcessEvent {
    /// It wrote a line to standard output.
    Line {
        /// The line, without its end.
        text: String,
        /// When it arrived.
        at: Stamp,
    },
    /// Its standard output was closed: no more lines.
    Closed,
    /// It ended.
    Exited {
        /// When.
        at: Stamp,
    },
}

/// A child process that leads a process group. Dropping it kills the whole group.
#[derive(Debug)]
pub struct Process {
    child: Child,
    group: Pid,
    events: Receiver<ProcessEvent>,
    tail: Arc<Mutex<VecDeque<String>>>,
    oom_kills: u64,
    status: Option<ExitStatus>,
    gone: bool,
}

impl Process {
    /// Starts `command` in a new process group. It is killed should this process end, and is the first that the kernel
    /// chooses when memory runs out.
    ///
    /// # Errors
    /// Those of starting a program.
    pub fn spawn(command: &mut Command) -> std::io::Result<Self> {
        let oom_kills = oom_kills();
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let parent = rustix::process::getpid();
        // SAFETY: only async-signal-safe system calls happen between fork and exec.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                // The parent may have ended before the line above.
                if rustix::process::getppid() == Some(parent) { Ok(()) } else { Err(std::io::ErrorKind::Other.into()) }
            });
        }
        let mut child = command.spawn()?;
        let group = Pid::from_child(&child);
        // Best effort: without it the kernel may choose the study itself.
        let _ = std::fs::write(format!("/proc/{}/oom_score_adj", child.id()), "500");
        let (sender, events) = channel();
        if let Some(stdout) = child.stdout.take() {
            let sender = sender.clone();
            thread::spawn(move || forward_lines(stdout, &sender));
        }
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(stderr) = child.stderr.take() {
            let tail = Arc::clone(&tail);
            thread::spawn(move || keep_tail(stderr, &tail));
        }
        thread::spawn(move || {
            // NOWAIT leaves the process to be reaped by its owner, so its number cannot be reused before that.
            while let Err(rustix::io::Errno::INTR) =
                rustix::process::waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {}
            let _ = sender.send(ProcessEvent::Exited { at: Stamp::now() });
        });
        Ok(Self { child, group, events, tail, oom_kills, status: None, gone: false })
    }

    /// The process's number.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its standard input, if it was piped.
    pub fn stdin(&mut self) -> Option<&mut ChildStdin> {
        self.child.stdin.as_mut()
    }

    /// The next event, or `None` if there was none within `patience`.
    pub fn next_event(&mut self, patience: Duration) -> Option<ProcessEvent> {
        match self.events.recv_timeout(patience) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(patience);
                None
            }
        }
    }

    /// Ends the whole group: asks it to (`SIGTERM`), and after `grace` kills it.
    pub fn end(&mut self, grace: Duration) {
        self.signal(Signal::TERM);
        let deadline = Instant::now() + grace;
        while self.reap_if_ended().is_none() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        self.kill();
    }

    /// Kills what is left of the group and reaps the process.
    pub fn kill(&mut self) {
        // Once all is over the group's number may belong to somebody else.
        if !self.gone {
            self.signal(Signal::KILL);
            if self.status.is_none() {
                self.status = self.child.wait().ok();
            }
            self.gone = true;
        }
    }

    /// The last lines of standard error, joined.
    #[must_use]
    pub fn stderr_tail(&self) -> String {
        let tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Reaps the ended process and says what its end means: `Ok` for exit code 0, otherwise the kind of failure.
    ///
    /// # Errors
    /// [`FailureKind::OutOfMemory`] when the kernel killed it for memory, [`FailureKind::WorkerLost`] when somebody
    /// killed it, else [`FailureKind::Exit`].
    pub fn verdict(&mut self) -> Result<(), Failure> {
        self.kill();
        let Some(status) = self.status else {
            return Err(Failure::new(FailureKind::WorkerLost, "the process could not be waited for"));
        };
        if status.success() {
            return Ok(());
        }
        let (kind, what) = match (status.code(), status.signal()) {
            (Some(code), _) => (FailureKind::Exit, format!("ended with exit code {code}")),
            (None, Some(9)) if oom_kills() > self.oom_kills => {
                (FailureKind::OutOfMemory, "killed by the kernel because memory ran out".to_owned())
            }
            (None, Some(signal @ (1 | 2 | 9 | 15))) => {
                (FailureKind::WorkerLost, format!("killed by somebody else (signal {signal})"))
            }
            (None, signal) => (FailureKind::Exit, format!("ended by signal {}", signal.unwrap_or_default())),
        };
        // The pipe may still hold lines when the process is already gone.
        thread::sleep(Duration::from_millis(20));
        let tail = self.stderr_tail();
        let message = if tail.is_empty() { what } else { format!("{what}; the end of its standard error:\n{tail}") };
        Err(Failure::new(kind, message))
    }

    fn reap_if_ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }

    fn signal(&self, signal: Signal) {
        // An empty group is no error: everything has ended.
        let _ = rustix::process::kill_process_group(self.group, signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

fn forward_lines(stdout: impl Read, sender: &Sender<ProcessEvent>) {
    each_line(stdout, |text| {
        let _ = sender.send(ProcessEvent::Line { text, at: Stamp::now() });
    });
    let _ = sender.send(ProcessEvent::Closed);
}

fn keep_tail(stderr: impl Read, tail: &Mutex<VecDeque<String>>) {
    each_line(stderr, |mut text| {
        if let Some((cut, _)) = text.char_indices().nth(400) {
            text.truncate(cut);
        }
        let mut tail = tail.lock().unwrap_or_else(PoisonError::into_inner);
        if tail.len() == TAIL_LINES {
            tail.pop_front();
        }
        tail.push_back(text);
    });
}

/// Calls `take` with every line. Invalid UTF-8 is replaced; of overlong lines only the first part is taken.
fn each_line(input: impl Read, mut take: impl FnMut(String)) {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.by_ref().take(LINE_LIMIT).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LINE_LIMIT && input.skip_until(b'\n').is_err() {
            return;
        }
        take(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned());
    }
}

/// How often the kernel has killed for memory, on this machine and in this control group.
fn oom_kills() -> u64 {
    let count = |path: &str| -> Option<u64> {
        let text = std::fs::read_to_string(path).ok()?;
        text.lines().find_map(|line| line.strip_prefix("oom_kill "))?.trim().parse().ok()
    };
    count("/proc/vmstat").unwrap_or(0) + count("/sys/fs/cgroup/memory.events").unwrap_or(0)
}
