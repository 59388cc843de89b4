//! The command: started with this process's own input and output, waited for, and told what this process is told.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, wait};

use super::refusal::refusal;
use crate::app::AppError;
use crate::energy::{Mark, Session};

/// A command under way.
pub(crate) struct Child {
    events: Receiver<Event>,
}

/// What happened meanwhile.
pub(crate) enum Event {
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
    /// Starts it, and a thread that waits for its end. `started` is told of it at once, and gives what is called as soon as it has
    /// ended.
    pub(crate) fn start<F: FnOnce() + Send + 'static>(
        command: &[OsString],
        session: &Session,
        started: impl FnOnce(Pid) -> F,
    ) -> Result<Self, AppError> {
        let (program, arguments) =
            command.split_first().ok_or_else(|| AppError::wrong("there is no command to run"))?;
        let child = Command::new(program).args(arguments).spawn().map_err(|e| refusal(program, &e))?;
        let pid = Pid::from_child(&child);
        let ended = started(pid);
        let (sender, events) = channel();
        let session = session.clone();
        thread::spawn(move || reap(pid, &session, ended, &sender));
        Ok(Self { events })
    }

    /// What happens next, if anything does within this time.
    pub(crate) fn next(&mut self, within: Duration) -> Event {
        match self.events.recv_timeout(within) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::Nothing,
            Err(RecvTimeoutError::Disconnected) => Event::Lost { reason: "the thread that waits is gone".to_owned() },
        }
    }
}

/// Waits for the command, and for its orphans too, which are this process's children: those that nobody waits for would stay
/// as zombies, and their processor time would not be known.
fn reap(command: Pid, session: &Session, ended: impl FnOnce(), sender: &Sender<Event>) {
    let mut ended = Some(ended);
    loop {
        let event = match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == command => {
                if let Some(ended) = ended.take() {
                    ended();
                }
                Event::Ended { status: ExitStatus::from_raw(status.as_raw()), at: session.mark() }
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => continue,
            // Without children there are no descendants either. The receiver waits for nothing that comes later.
            Err(error) => {
                let _ = sender.send(Event::Lost { reason: format!("the command cannot be waited for: {error}") });
                return;
            }
        };
        let _ = sender.send(event);
    }
}

/// The exit code that stands for how a command ended: its own, or 128 and the number of the signal that ended it.
pub(crate) fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
