//! The command: started with this process's own input and output, waited for, and told what this process is told.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::super::failure::Failure;
use crate::energy::{Mark, Session};

const NOT_FOUND: u8 = 127;
const NOT_EXECUTABLE: u8 = 126;

/// A command under way.
pub(super) struct Child {
    events: Receiver<Event>,
}

/// What happened meanwhile.
pub(super) enum Event {
    /// Nothing.
    Nothing,
    /// The command has ended.
    Ended {
        /// How.
        status: ExitStatus,
        /// When.
        at: Mark,
    },
    /// It cannot be waited for.
    Lost {
        /// Why.
        reason: String,
    },
}

impl Child {
    /// Starts it, and a thread each that waits for its end and that hands on signals.
    pub(super) fn start(command: &[OsString], session: &Session) -> Result<Self, Failure> {
        let (program, arguments) = command.split_first().ok_or_else(|| Failure::usage("there is no command to run"))?;
        // What `nohup` or a script has this process ignore, the command shall ignore too.
        let handed_on = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2].into_iter().filter(|s| !is_ignored(*s));
        // Caught before the command is there, so that none falls in between.
        let mut signals = SignalsInfo::<WithOrigin>::new(handed_on)
            .map_err(|e| Failure::with_code(super::OWN, format!("signals cannot be caught: {e}")))?;
        let mut child = Command::new(program).args(arguments).spawn().map_err(|e| {
            let (code, advice) = match e.kind() {
                ErrorKind::NotFound => (NOT_FOUND, "was not found; give its path, or install it".to_owned()),
                ErrorKind::PermissionDenied => (NOT_EXECUTABLE, "may not be executed; `chmod +x` it?".to_owned()),
                _ => (NOT_EXECUTABLE, format!("could not be started: {e}")),
            };
            Failure::with_code(code, format!("the program `{}` {advice}", program.to_string_lossy()))
        })?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        thread::spawn(move || {
            for origin in signals.forever() {
                if let (Some(pid), Some(signal)) = (pid, to_hand_on(&origin)) {
                    // It may have ended in this very moment.
                    let _ = kill_process(pid, signal);
                }
            }
        });
        let (sender, events) = channel();
        let session = session.clone();
        thread::spawn(move || {
            let event = match child.wait() {
                Ok(status) => Event::Ended { status, at: session.mark() },
                Err(error) => Event::Lost { reason: format!("the command cannot be waited for: {error}") },
            };
            // The receiver waits for nothing else.
            let _ = sender.send(event);
        });
        Ok(Self { events })
    }

    /// What happens next, if anything does within this time.
    pub(super) fn next(&mut self, within: Duration) -> Event {
        match self.events.recv_timeout(within) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::Nothing,
            Err(RecvTimeoutError::Disconnected) => Event::Lost { reason: "the thread that waits is gone".to_owned() },
        }
    }
}

fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call only fills the place, which outlives it; zeroes are a valid action.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}

/// The signal to hand on. What the terminal sends (Ctrl-C) goes to the command as well as to this process, and twice would
/// be once too often.
fn to_hand_on(origin: &Origin) -> Option<Signal> {
    if origin.cause == Cause::Kernel {
        return None;
    }
    Signal::from_named_raw(origin.signal)
}

/// The exit code that stands for how a command ended: its own, or 128 and the number of the signal that ended it.
pub(super) fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
