//! A child process in a group of its own: its lines with the moment of their arrival, its end, and its killing.
//!
//! Three threads watch it: for its standard output, its standard error, and its end. They end with it, or when its owner
//! drops it.

use std::collections::VecDeque;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, WaitOptions};

use super::family::ProcessFamily;
use super::lines::{Line, each_line, keep_tail, last_words, shown_tail};
use super::mailbox::Mailbox;
use super::output::{Outputs, Tee};
use super::running::Running;
use super::{EvaluationFailure, Secrets, Stamp, guardian, procfs};
use crate::optimizer::history::FailureKind;

/// How long a killed process may take to end.
const LAST_BREATH: Duration = Duration::from_secs(5);
/// While an end is waited for, a longer leap of the clock is none of the time that was given: this process was stopped.
const LEAP: Duration = Duration::from_millis(200);

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
    /// It wrote a line of more than 1 MiB, which is dropped.
    Overlong {
        /// The begin of it.
        begin: String,
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

impl ProcessEvent {
    /// When it happened, or was noticed; `None` where that says nothing.
    pub(super) fn at(&self) -> Option<Stamp> {
        match self {
            Self::Line { at, .. } | Self::Overlong { at, .. } | Self::Exited { at } => Some(*at),
            Self::Closed => None,
        }
    }
}

/// A child process that leads a process group. Dropping it kills the whole group, and those of its descendants that have
/// left the group as far as they can be found.
#[derive(Debug)]
pub struct Process {
    child: Child,
    group: Pid,
    family: ProcessFamily,
    running: Arc<Running>,
    mark: String,
    mailbox: Arc<Mailbox>,
    tail: Arc<Mutex<VecDeque<String>>>,
    oom_kills: u64,
    status: Option<ExitStatus>,
    gone: bool,
    stuck: bool,
}

impl Process {
    /// Starts `command` in a new process group. It is the first that the kernel chooses when memory runs out, and it is
    /// killed should the calling *thread* end (`PR_SET_PDEATHSIG`, prctl(2)): call this on a thread that lives as long as
    /// the process shall, such as the main thread.
    ///
    /// Descendants that leave the group can be killed only if they become children of this process when their parents
    /// end, or still have them: make it a child subreaper (`PR_SET_CHILD_SUBREAPER`).
    ///
    /// # Errors
    /// Those of starting a program.
    pub fn spawn(command: &mut Command) -> std::io::Result<Self> {
        Self::spawn_for("", command)
    }

    /// The same for the study of a home, such as its results folder in a spelling without `/`, `+` and blanks; of several homes with
    /// `+` between them. Should this process be killed outright, [`end_leftovers`](super::end_leftovers) finds by the home
    /// what lives on.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn).
    pub fn spawn_for(home: &str, command: &mut Command) -> std::io::Result<Self> {
        Self::spawn_kept(home, command, None, &Secrets::default())
    }

    /// The same, with what it prints kept, for a program that was told these secrets.
    pub(super) fn spawn_kept(
        home: &str,
        command: &mut Command,
        outputs: Option<&Outputs>,
        secrets: &Secrets,
    ) -> std::io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{home}/{}-{number}-{:.9}", std::process::id(), Stamp::now().0);
        command.env(ProcessFamily::VARIABLE, &mark);
        guardian::tell_mark(&mark);
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
        let mut child = command.spawn().inspect_err(|_| guardian::tell_end(&mark))?;
        let group = Pid::from_child(&child);
        guardian::tell_leader(&mark, group);
        let running = Running::enter(group, &mark);
        // Best effort: without it the kernel may choose the study itself.
        let _ = std::fs::write(format!("/proc/{}/oom_score_adj", child.id()), "500");
        let mailbox = Arc::new(Mailbox::default());
        if let Some(stream) = child.stdout.take() {
            let stdout = Tee::new(stream, outputs.map(|outputs| Arc::clone(&outputs.out)));
            let mailbox = Arc::clone(&mailbox);
            thread::spawn(move || {
                each_line(stdout, |line, _| {
                    let at = Stamp::now();
                    mailbox.put(match line {
                        Line::Whole(text) => ProcessEvent::Line { text, at },
                        Line::Overlong(begin) => ProcessEvent::Overlong { begin, at },
                    })
                });
                mailbox.close();
            });
        }
        let tail = Arc::new(Mutex::new(VecDeque::new()));
        if let Some(stream) = child.stderr.take() {
            let stderr = Tee::new(stream, outputs.map(|outputs| Arc::clone(&outputs.err)));
            let (tail, secrets) = (Arc::clone(&tail), secrets.clone());
            thread::spawn(move || keep_tail(stderr, &tail, &secrets));
        }
        let watched = Arc::clone(&mailbox);
        thread::spawn(move || {
            // NOWAIT leaves the process to be reaped by its owner, so its number cannot be reused before that.
            while let Err(rustix::io::Errno::INTR) =
                rustix::process::waitid(WaitId::Pid(group), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            {}
            watched.exit(Stamp::now());
        });
        let family = ProcessFamily::new(group, &mark);
        let (status, gone, stuck) = (None, false, false);
        Ok(Self { child, group, family, running, mark, mailbox, tail, oom_kills, status, gone, stuck })
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
        self.mailbox.next(patience)
    }

    /// Whether it has ended. It is not reaped by this.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
        // What cannot be waited for has ended and was reaped.
        self.status.is_some() || !matches!(rustix::process::waitid(WaitId::Pid(self.group), look), Ok(None))
    }

    /// Whether it is stopped, by somebody or by itself, and so does nothing.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        procfs::read(self.group).is_some_and(|stat| stat.is_stopped())
    }

    /// Says that a trial begins in a process that was there before: what the kernel has killed for memory until now was
    /// another trial's.
    pub(super) fn begin_trial(&mut self) {
        self.oom_kills = oom_kills();
    }

    /// Ends the whole group: asks it to (`SIGTERM`), and after `grace` kills it.
    pub fn end(&mut self, grace: Duration) {
        if !self.gone {
            self.family.remember();
            self.signal(Signal::TERM);
            // One that is stopped could not heed it.
            self.signal(Signal::CONT);
            self.wait_for_end(grace);
        }
        self.kill();
    }

    /// Kills the process, what is left of its group, and its descendants elsewhere; reaps them. A process that does not
    /// end even so, because it hangs in the kernel, is given up after some seconds.
    pub fn kill(&mut self) {
        // Once all is over the group's number may belong to somebody else.
        if self.gone {
            return;
        }
        self.gone = true;
        self.family.remember();
        self.signal(Signal::KILL);
        self.stuck = !self.wait_for_end(LAST_BREATH);
        self.family.kill();
        if !self.stuck {
            let child = &mut self.child;
            self.status = self.running.leave(|| child.wait().ok());
            guardian::tell_end(&self.mark);
        } else {
            self.running.leave(|| ());
            // Whenever it ends, it must not stay a zombie.
            let group = self.group;
            thread::spawn(move || rustix::process::waitpid(Some(group), WaitOptions::empty()));
        }
    }

    /// Reaps the ended process and says what its end means: `Ok` for exit code 0, otherwise the kind of failure.
    ///
    /// # Errors
    /// [`FailureKind::OutOfMemory`] when the kernel killed it for memory, [`FailureKind::WorkerLost`] when somebody
    /// killed it, else [`FailureKind::Exit`].
    pub fn verdict(&mut self) -> Result<(), EvaluationFailure> {
        self.kill();
        let Some(status) = self.status else {
            let hangs = "the process was killed but does not end: it hangs in the kernel, perhaps in a driver";
            let message = if self.stuck { hangs } else { "the process could not be waited for" };
            return Err(EvaluationFailure::new(FailureKind::WorkerLost, message));
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
        let kept = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        let (tail, words) = (shown_tail(&kept), last_words(&Vec::from_iter(kept.iter().cloned()).join("\n")));
        drop(kept);
        let message = match words {
            Some(words) if words != tail => format!("{what}: {words}; the end of its standard error:\n{tail}"),
            Some(words) => format!("{what}: {words}"),
            None => what,
        };
        Err(EvaluationFailure::new(kind, message))
    }

    /// Whether it ends within `patience`.
    fn wait_for_end(&self, patience: Duration) -> bool {
        let (mut waited, mut last) = (Duration::ZERO, Instant::now());
        while !self.has_ended() {
            if waited > patience {
                return false;
            }
            thread::sleep(Duration::from_millis(2));
            waited += last.elapsed().min(LEAP);
            last = Instant::now();
        }
        true
    }

    fn signal(&self, signal: Signal) {
        // An empty group is no error: everything has ended.
        let _ = rustix::process::kill_process_group(self.group, signal);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        self.mailbox.abandon();
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
