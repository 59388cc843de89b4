//! Signals to a study: the wish to stop, and what is put back before the process ends at once.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::flag::register_conditional_shutdown;
use signal_hook::iterator::Signals;
use signal_hook::low_level;

use crate::energy::restore_limits_and_end;
use crate::guard::text::lines;
use crate::study::Interrupt;

/// The exit code of a study that was stopped.
const STOPPED: i32 = 130;

/// The first Ctrl-C (or SIGTERM) asks the study to end; the second ends the process at once, as SIGHUP and SIGQUIT do, unless it
/// was told to ignore them. Before that the limits of GPUs are put back, which a further Ctrl-C does not wait for.
pub(super) fn catch_signals(interrupt: &Interrupt) -> io::Result<()> {
    let ending = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        register_conditional_shutdown(signal, STOPPED, Arc::clone(&ending))?;
    }
    let caught = [SIGINT, SIGTERM].into_iter().chain([SIGHUP, SIGQUIT].into_iter().filter(|s| !is_ignored(*s)));
    let mut signals = Signals::new(caught)?;
    let interrupt = interrupt.clone();
    let heed = move || {
        for signal in signals.forever() {
            let asks = matches!(signal, SIGINT | SIGTERM);
            let again = interrupt.is_raised();
            // Also where the process ends: nothing shall be set any more.
            interrupt.raise();
            if asks && !again {
                continue;
            }
            ending.store(true, Ordering::SeqCst);
            for error in restore_limits_and_end() {
                // Where nobody listens any more there is nobody to tell.
                let _ = writeln!(io::stderr(), "error: {}", lines(&error.to_string()));
            }
            if !asks {
                let _ = low_level::emulate_default_handler(signal);
            }
            low_level::exit(STOPPED);
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(heed)?;
    Ok(())
}

/// Whether `nohup` or a script has this process ignore a signal.
pub(super) fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::zeroed();
    // SAFETY: without a new action the call only fills the place, which outlives it; zeroes are a valid action.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
