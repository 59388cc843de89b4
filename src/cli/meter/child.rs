//! The command: started with this process's own input and output, waited for, and told what this process is told.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, WaitOptions, wait};

use super::super::failure::Failure;
use super::super::signals::heed_the_ends_of_children;
use super::refusal::refusal;
use super::signals::{HandedOn, Signals, Told};
use crate::energy::{Mark, Session};

/// A command under way.
pub(super) struct Child {
    events: Receiver<Event>,
    signals: HandedOn,
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
        // Caught before the command is there, so that none falls in between.
        let signals =
            Signals::catch().map_err(|e| Failure::with_code(super::OWN, format!("signals cannot be caught: {e}")))?;
        heed_the_ends_of_children();
        let started = Command::new(program).args(arguments).spawn().map_err(|e| refusal(program, &e))?;
        let pid = Pid::from_child(&started);
        let signals = signals.hand_on(pid);
        let (sender, events) = channel();
        let (session, told) = (session.clone(), Arc::clone(signals.told()));
        thread::spawn(move || reap(pid, &session, &told, &sender));
        Ok(Self { events, signals })
    }

    /// What happens next, if anything does within this time.
    pub(super) fn next(&mut self, within: Duration) -> Event {
        match self.events.recv_timeout(within) {
            Ok(event) => event,
            Err(RecvTimeoutError::Timeout) => Event::Nothing,
            Err(RecvTimeoutError::Disconnected) => Event::Lost { reason: "the thread that waits is gone".to_owned() },
        }
    }

    /// For how long it was stopped together with this process.
    pub(super) fn stopped(&self) -> Duration {
        self.signals.told().stopped()
    }

    /// Ends this process if it was told so once the command had ended.
    pub(super) fn heed(self, status: ExitStatus) {
        self.signals.heed(status);
    }
}

/// Waits for the command, and for its orphans too, which are this process's children: those that nobody waits for would stay
/// as zombies, and their processor time would not be known.
fn reap(command: Pid, session: &Session, told: &Told, sender: &Sender<Event>) {
    loop {
        let event = match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if pid == command => {
                told.command_ended();
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
pub(super) fn code(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    u8::try_from(code).unwrap_or(1)
}
