//! Calls of foreign code, which may never return.

use std::fmt;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

/// So long a driver may take to start: one without persistence brings up each GPU first, some seconds for each.
pub(crate) const OPENING: Duration = Duration::from_secs(30);

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
            Self::Late(limit) => write!(f, "no answer for {} s: it hangs", limit.as_secs_f64()),
            Self::Failed(reason) => f.write_str(reason),
        }
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
    let (sender, answer) = sync_channel(1);
    // Nobody may be waiting any more.
    let run = move || drop(sender.send(call()));
    let started = thread::Builder::new().name("driver".to_owned()).spawn(run);
    started.map_err(|error| NoAnswer::Failed(format!("a thread cannot be started: {error}")))?;
    answer.recv_timeout(limit).map_err(|error| match error {
        RecvTimeoutError::Timeout => NoAnswer::Late(limit),
        RecvTimeoutError::Disconnected => NoAnswer::Failed("the call ended in a panic".to_owned()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_returns_is_told_and_what_does_not_is_left_to_itself() {
        assert_eq!(within(OPENING, || 7), Ok(7));
        let late = Duration::from_millis(20);
        let hangs = || loop {
            thread::park();
        };
        let answer: Result<(), _> = within(late, hangs);
        assert_eq!(answer.unwrap_err().to_string(), "no answer for 0.02 s: it hangs");
    }
}
