//! Calls of foreign code, which may never return.

use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::energy::error::EnergyError;

/// Names the seconds that a driver may take for any one call, from 0.05 to 3600. The usual ones are 30 s for its start,
/// 5 s to ask and 2 s to read. Longer than for its start no call is waited for.
pub const DRIVER_LIMIT_VARIABLE: &str = "WATTFRONT_DRIVER_LIMIT";

/// How long calls may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallLimits {
    /// What may start a driver: one without persistence brings up each GPU first, some seconds for each.
    pub(crate) opening: Duration,
    /// What asks for or sets anything else than energy: some milliseconds' work.
    pub(crate) asking: Duration,
    /// A reading.
    pub(crate) reading: Duration,
}

impl CallLimits {
    /// The usual ones.
    pub(super) const USUAL: Self =
        Self { opening: Duration::from_secs(30), asking: Duration::from_secs(5), reading: Duration::from_secs(2) };

    /// The usual ones, or those that the environment asks for.
    pub(crate) fn of_environment() -> Self {
        Self::asked().unwrap_or(Self::USUAL)
    }

    /// The same.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Setting`] if the environment asks for what cannot be.
    pub(crate) fn asked() -> Result<Self, EnergyError> {
        let Some(text) = std::env::var_os(DRIVER_LIMIT_VARIABLE).filter(|text| !text.is_empty()) else {
            return Ok(Self::USUAL);
        };
        let seconds = text.to_str().and_then(|text| text.trim().parse::<f64>().ok());
        match seconds.filter(|seconds| (0.05..=3600.0).contains(seconds)) {
            Some(seconds) => Ok(Self::at_most(Duration::from_secs_f64(seconds))),
            None => Err(EnergyError::Setting {
                setting: DRIVER_LIMIT_VARIABLE,
                value: seconds.unwrap_or(f64::NAN),
                expected: "0.05 to 3600 (seconds)",
            }),
        }
    }

    /// For what is asked in the midst of readings, which wait meanwhile.
    #[cfg(feature = "nvml")]
    pub(crate) fn aside(self) -> Duration {
        self.reading / 2
    }

    pub(crate) fn at_most(limit: Duration) -> Self {
        Self { opening: limit, asking: limit.min(Self::USUAL.asking), reading: limit.min(Self::USUAL.reading) }
    }
}

/// Why a call has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// It did not return for so long.
    Late(Duration),
    /// It panicked, or no thread could be had for it.
    Failed(String),
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Late(time) => write!(f, "no answer for {:.1} s: it hangs", time.as_secs_f64()),
            Self::Failed(reason) => f.write_str(reason),
        }
    }
}

/// A call under way in a thread of its own.
pub(crate) struct PendingCall<T> {
    answer: Receiver<T>,
    begun: Instant,
}

impl<T: Send + 'static> PendingCall<T> {
    /// What the call owns is dropped in its thread, for that may hang as well; where there is none, never.
    ///
    /// # Errors
    ///
    /// [`NoAnswer::Failed`] if there is no thread to be had.
    pub(crate) fn begin(call: impl FnOnce() -> T + Send + 'static) -> Result<Self, NoAnswer> {
        Self::begin_in(thread::Builder::new(), call)
    }

    fn begin_in(thread: thread::Builder, call: impl FnOnce() -> T + Send + 'static) -> Result<Self, NoAnswer> {
        let (sender, answer) = sync_channel(1);
        let call = ManuallyDrop::new(call);
        // Nobody may be waiting any more.
        let run = move || drop(sender.send(ManuallyDrop::into_inner(call)()));
        let started = thread.name("driver".to_owned()).spawn(run);
        started.map_err(|error| NoAnswer::Failed(format!("a thread cannot be started: {error}")))?;
        Ok(Self { answer, begun: Instant::now() })
    }

    /// What it gives within this time of its begin.
    ///
    /// # Errors
    ///
    /// [`NoAnswer`] if there is no result by then.
    pub(crate) fn within(self, limit: Duration) -> Result<T, NoAnswer> {
        let rest = limit.saturating_sub(self.begun.elapsed());
        self.answer.recv_timeout(rest).map_err(|error| match error {
            RecvTimeoutError::Timeout => NoAnswer::Late(self.begun.elapsed()),
            RecvTimeoutError::Disconnected => NoAnswer::Failed("the call ended in a panic".to_owned()),
        })
    }
}

/// What `call` gives within `limit`, from a thread of its own that is left to itself if it takes longer.
///
/// # Errors
///
/// [`NoAnswer`] if there is no result by then.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    PendingCall::begin(call)?.within(limit)
}

/// What the kernel shows as files may hang as drivers do: a pipe in place of a counter, a dead mount.
pub(crate) fn in_time<M: Send + 'static>(
    meter: &'static str,
    limit: Duration,
    open: impl FnOnce() -> Result<M, EnergyError> + Send + 'static,
) -> Result<M, EnergyError> {
    let opened = within(limit, open);
    opened.unwrap_or_else(|silence| {
        let remedy = "see what hangs where its files are".to_owned();
        Err(EnergyError::Unavailable { meter, reason: silence.to_string(), remedy, alternative: None })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_thread_what_a_call_owns_is_not_dropped_here() {
        struct Hangs;
        impl Drop for Hangs {
            fn drop(&mut self) {
                panic!("it is left to itself");
            }
        }
        let owned = Hangs;
        // More than there is room for.
        let builder = thread::Builder::new().stack_size(1 << 60);
        let begun = PendingCall::begin_in(builder, move || drop(owned));
        assert!(matches!(begun.err(), Some(NoAnswer::Failed(reason)) if reason.contains("a thread")));
    }

    #[test]
    fn what_returns_is_told_and_what_does_not_is_left_to_itself() {
        assert_eq!(within(CallLimits::USUAL.opening, || 7), Ok(7));
        let late = Duration::from_millis(100);
        let hangs = || loop {
            thread::park();
        };
        let answer: Result<(), _> = within(late, hangs);
        assert_eq!(answer.unwrap_err().to_string(), "no answer for 0.1 s: it hangs");
        let answer: Result<(), _> = within(CallLimits::USUAL.opening, || panic!("as told"));
        assert!(matches!(answer, Err(NoAnswer::Failed(_))));
    }
}
