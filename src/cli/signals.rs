//! Signals to a study: to end in good order, at once, or to stand still for a while.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGCONT, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::flag::{register, register_conditional_shutdown};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use super::print::warn;
use crate::app::{AppError, ProcessControl};
use crate::energy::restore_limits_and_end;
use crate::evaluation::{become_guardian, end_programs, guard};
use crate::study::{Interrupt, Stops};
use crate::study_file::OnInterrupt;

/// The exit code of a study that was stopped by Ctrl-C or `SIGTERM`.
const STOPPED: i32 = 130;
/// Whoever sends a signal to a process and to its group, as `timeout` does, sends it once.
const ONCE: Duration = Duration::from_millis(250);
/// How long a study may take to end in good order after a signal that ends other programs at once: the program of the trial has
/// five seconds of it.
const LONGEST: Duration = Duration::from_secs(20);
/// How long it may take to note that its trial was ended, when somebody insists.
const AT_ONCE: Duration = Duration::from_secs(3);

/// The signal that this process ends by when all is done; 0 for none.
static ENDS_BY: AtomicI32 = AtomicI32::new(0);

/// Every signal that ends a process that does not care, but for those of its own faults (`SIGSEGV`, ...) and `SIGKILL`.
pub(super) fn ending_signals() -> impl Iterator<Item = i32> {
    use libc::{
        SIGABRT, SIGALRM, SIGHUP, SIGIO, SIGPROF, SIGPWR, SIGTRAP, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ,
    };
    let plain = [
        SIGHUP, SIGINT, SIGQUIT, SIGTRAP, SIGABRT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM,
        SIGPROF, SIGIO, SIGPWR,
    ];
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    let plain = plain.into_iter().chain([libc::SIGSTKFLT]);
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let plain = plain.into_iter();
    plain.chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

/// What starts what ends the programs of a study that is killed: the very program that runs, even if the file has been replaced
/// meanwhile.
fn guardian() -> Vec<String> {
    vec!["/proc/self/exe".to_owned(), "guard".to_owned()]
}

/// The process that does so.
pub(super) fn guard_here() {
    become_guardian();
    guard(io::stdin().lock());
}

/// How a study is stopped that runs in this process, which is all its own: by signals, which are caught from here on.
pub(super) fn control(on_interrupt: OnInterrupt) -> Result<ProcessControl, AppError> {
    catch_signals(on_interrupt).map_err(AppError::failed)
}

/// Catches what ends or stops a process, unless it was told to ignore it; Ctrl-C and `SIGTERM` also then.
///
/// The first signal that ends asks the study to end in good order: its program is ended with all that it has started, the trial is
/// stored as interrupted, and limits of GPUs are put back. By Ctrl-C and `SIGTERM` that takes as long as it takes; by others
/// not long. A second Ctrl-C or `SIGTERM`, or a `SIGQUIT` at any time, kills the program, and then there is little time; a
/// further Ctrl-C waits for nothing. Where the study file says so, a Ctrl-C before all of these lets the running trial finish.
fn catch_signals(on_interrupt: OnInterrupt) -> io::Result<ProcessControl> {
    heed_the_ends_of_children();
    let (interrupt, stops) = (Interrupt::default(), Stops::default());
    let at_once = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM].into_iter().filter(|signal| is_default(*signal)) {
        register_conditional_shutdown(signal, STOPPED, Arc::clone(&at_once))?;
    }
    register(SIGCONT, stops.continued())?;
    // Those that were caught a line above count as well.
    let caught = ending_signals().filter(|signal| is_default(*signal) || matches!(*signal, SIGINT | SIGTERM));
    let caught: Vec<i32> = caught.chain([SIGTSTP].into_iter().filter(|signal| is_default(*signal))).collect();
    let mut signals = Signals::new(caught)?;
    let may_finish = on_interrupt == OnInterrupt::Finish;
    let mut ending = Ending { interrupt: interrupt.clone(), may_finish, asked: None, first: None, at_once };
    let told = stops.clone();
    let heed = move || {
        for signal in signals.forever() {
            match signal {
                SIGTSTP => told.stand_still(stop_as_told),
                signal => ending.heed(signal),
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(heed)?;
    Ok(ProcessControl::default().stopped_by(interrupt).with_stops(stops).guarded_by(guardian()).adopting_orphans())
}

struct Ending {
    interrupt: Interrupt,
    /// Whether the first Ctrl-C lets the running trial finish.
    may_finish: bool,
    /// When that came.
    asked: Option<Instant>,
    /// When the first signal came.
    first: Option<Instant>,
    at_once: Arc<AtomicBool>,
}

impl Ending {
    fn heed(&mut self, signal: i32) {
        if signal == SIGINT && self.may_finish && self.first.is_none() {
            let again = self.asked.is_some_and(|asked| asked.elapsed() > ONCE);
            if !again {
                self.asked.get_or_insert_with(Instant::now);
                self.interrupt.raise_after_trial();
                return;
            }
        }
        let asks = matches!(signal, SIGINT | SIGTERM);
        let again = self.first.is_some_and(|first| first.elapsed() > ONCE);
        self.first.get_or_insert_with(Instant::now);
        if !asks {
            // The first of them is the one that others learn of.
            let _ = ENDS_BY.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
        }
        self.interrupt.raise();
        if signal == SIGQUIT || (asks && again) {
            if !self.at_once.swap(true, Ordering::SeqCst) {
                end_after(AT_ONCE);
                end_programs(Duration::ZERO);
                restore_limits();
            }
        } else if !asks {
            end_after(LONGEST);
        }
    }
}

/// Ends this process after so long, whatever it does.
fn end_after(time: Duration) {
    let end = move || {
        thread::sleep(time);
        end_programs(Duration::ZERO);
        restore_limits();
        end_as_told();
        low_level::exit(STOPPED);
    };
    // Without a thread it ends when it ends.
    let _ = thread::Builder::new().name("end".to_owned()).spawn(end);
}

fn restore_limits() {
    for error in restore_limits_and_end() {
        warn(&format!("error: {}", error.with_help()));
    }
}

/// Ends this process by the signal that has ended its study, if that was another than Ctrl-C or `SIGTERM`. So whoever
/// started it learns of it.
pub(super) fn end_as_told() {
    let signal = ENDS_BY.load(Ordering::SeqCst);
    if signal != 0 {
        by_default(signal);
        // Something holds it back.
        low_level::exit(128 + signal);
    }
}

/// What a terminal's Ctrl-Z does to a program that does not care. Returns when this process goes on.
fn stop_as_told() {
    by_default(SIGTSTP);
}

/// Has the signal do to this process what it does to one that does not care.
pub(super) fn by_default(signal: i32) {
    let mut caught = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: the default action runs no code of this process; all places outlive the calls, and zeroes are a valid action.
    unsafe {
        let mut default: libc::sigaction = std::mem::zeroed();
        default.sa_sigaction = libc::SIG_DFL;
        if libc::sigaction(signal, &raw const default, caught.as_mut_ptr()) != 0 {
            return;
        }
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut set);
        libc::sigaddset(&raw mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &raw const set, std::ptr::null_mut());
        libc::raise(signal);
        // It was stopped, or the signal is none that ends.
        libc::sigaction(signal, caught.as_ptr(), std::ptr::null_mut());
    }
}

/// Who starts this process may have it ignore `SIGCHLD`, and then nobody learns how a child ended.
pub(super) fn heed_the_ends_of_children() {
    // SAFETY: the default action runs no code of this process.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// Whether `nohup` or a script has this process ignore a signal.
pub(super) fn is_ignored(signal: i32) -> bool {
    action_of(signal) == Some(libc::SIG_IGN)
}

/// Whether nothing in this process, and nobody who started it, has said what the signal does.
pub(super) fn is_default(signal: i32) -> bool {
    action_of(signal) == Some(libc::SIG_DFL)
}

fn action_of(signal: i32) -> Option<libc::sighandler_t> {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call only fills the place, which outlives it; zeroes are a valid action.
    unsafe {
        (libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0).then(|| action.assume_init().sa_sigaction)
    }
}
