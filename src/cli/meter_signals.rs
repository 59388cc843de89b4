//! Signals: handed on to the command while it runs, and heeded by this process itself afterwards.

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open, pidfd_send_signal};
use signal_hook::consts::{SIGCONT, SIGTSTP};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::backend::Handle;
use signal_hook::iterator::exfiltrator::WithOrigin;
use signal_hook::low_level::emulate_default_handler;
use signal_hook::low_level::siginfo::{Cause, Origin};

use super::signals::{by_default, ending_signals, is_ignored};
use crate::app::meter::code;
use crate::energy::Moment;

/// Nobody presses Ctrl-C for the meter alone so soon after the command has ended.
const BOTH: Duration = Duration::from_millis(200);

/// Signals to this process from now on.
pub(super) struct Signals(SignalsInfo<WithOrigin>);

/// What this process was told to do for itself.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// When the command ended.
    ended: OnceLock<Moment>,
    /// The first signal after the command's end; 0 for none.
    late: AtomicI32,
    stopped_nanoseconds: AtomicU64,
}

impl Told {
    /// From now on signals are for this process alone.
    pub(super) fn command_ended(&self) {
        let _ = self.ended.set(Moment::now());
    }

    /// For how long the command was stopped together with this process.
    pub(super) fn stopped(&self) -> Duration {
        Duration::from_nanos(self.stopped_nanoseconds.load(Ordering::SeqCst))
    }

    fn stop(&self) {
        let before = Moment::now();
        // The threads of this process stand still in here.
        let _ = emulate_default_handler(SIGTSTP);
        let stopped = u64::try_from(Moment::now().since(before).as_nanos()).unwrap_or(u64::MAX);
        self.stopped_nanoseconds.fetch_add(stopped, Ordering::SeqCst);
    }
}

/// Signals that are handed on until they are heeded.
pub(super) struct HandedOn {
    told: Arc<Told>,
    handle: Handle,
    thread: JoinHandle<()>,
}

impl HandedOn {
    /// What this process was told to do for itself.
    pub(super) fn told(&self) -> &Arc<Told> {
        &self.told
    }

    /// Ends this process as a signal says that came after the command's end. One that the command ended of is no other one:
    /// Ctrl-C goes to both.
    pub(super) fn heed(self, status: ExitStatus) {
        self.handle.close();
        let _ = self.thread.join();
        let signal = self.told.late.load(Ordering::SeqCst);
        if signal != 0 && i32::from(code(status)) != 128 + signal {
            by_default(signal);
        }
    }
}

impl Signals {
    /// Catches what ends or stops a process. What `nohup` or a script has this process ignore, the command shall ignore too.
    pub(super) fn catch() -> io::Result<Self> {
        SignalsInfo::new(ending_signals().chain([SIGTSTP, SIGCONT]).filter(|signal| !is_ignored(*signal))).map(Self)
    }

    /// Hands them on to a child that nobody has waited for yet, from a thread of its own.
    pub(super) fn hand_on(mut self, pid: Pid) -> HandedOn {
        let told = Arc::new(Told::default());
        let (target, heard, handle) = (Target::of(pid), Arc::clone(&told), self.0.handle());
        let heed = move |origin: Origin| {
            // What this process does to itself, such as to abort, is not for the command.
            let own = origin.process.is_some_and(|sender| u32::try_from(sender.pid) == Ok(std::process::id()));
            if !own {
                take(origin.signal, origin.cause, &target, &heard);
            }
        };
        let thread = thread::spawn(move || {
            self.0.forever().for_each(&heed);
            // What was caught and not looked at yet when it was closed.
            self.0.pending().for_each(&heed);
        });
        HandedOn { told, handle, thread }
    }
}

fn take(signal: i32, cause: Cause, target: &Target, told: &Told) {
    // What the terminal sends (Ctrl-C) goes to the command as well as to this process, and twice would be once too often.
    let goes_to_both = || cause == Cause::Kernel;
    let ended = told.ended.get();
    let runs = ended.is_none();
    // The command may have ended of it before this thread had its turn, and with a code of its own.
    if ended.is_some_and(|at| goes_to_both() && Moment::now().since(*at) < BOTH) {
        return;
    }
    let stops = signal == SIGTSTP;
    if runs && (goes_to_both() || target.send(of_number(signal))) {
        if stops {
            told.stop();
        }
        return;
    }
    match signal {
        SIGCONT => {}
        SIGTSTP => {
            let _ = emulate_default_handler(SIGTSTP);
        }
        // What is being written shall be whole, unless somebody insists.
        signal => {
            if told.late.swap(signal, Ordering::SeqCst) != 0 {
                by_default(signal);
            }
        }
    }
}

/// One of the signals that are caught here.
fn of_number(signal: i32) -> Signal {
    // SAFETY: it came to this process, so there is one of this number, and libc keeps none of those that it gives away.
    Signal::from_named_raw(signal).unwrap_or_else(|| unsafe { Signal::from_raw_unchecked(signal) })
}

/// The command, by a descriptor that never means another process, or where the kernel has none (before 5.3) by its number.
enum Target {
    Descriptor(OwnedFd),
    Number(Pid),
}

impl Target {
    fn of(pid: Pid) -> Self {
        pidfd_open(pid, PidfdFlags::empty()).map_or(Self::Number(pid), Self::Descriptor)
    }

    /// Whether it is still there to take the signal.
    fn send(&self, signal: Signal) -> bool {
        let sent = match self {
            Self::Descriptor(descriptor) => pidfd_send_signal(descriptor, signal),
            Self::Number(pid) => kill_process(*pid, signal),
        };
        sent != Err(Errno::SRCH)
    }
}

#[cfg(test)]
mod tests {
    use signal_hook::consts::SIGINT;

    use super::*;

    fn late(cause: Cause) -> i32 {
        let told = Told::default();
        told.command_ended();
        let target = Target::Number(rustix::process::getpid());
        take(SIGINT, cause, &target, &told);
        told.late.load(Ordering::SeqCst)
    }

    #[test]
    fn what_the_command_may_have_ended_of_is_not_for_the_meter() {
        assert_eq!(late(Cause::Kernel), 0, "Ctrl-C went to both, and the command's code stands");
        assert_eq!(late(Cause::Unknown), SIGINT, "others are for this process alone");
    }
}
