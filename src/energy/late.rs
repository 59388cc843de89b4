//! Calls of foreign code that are late, so that the like of them is not waited for again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::deadline::{NoAnswer, Pending};

/// What `call` gives within `limit`. While one of this name is late, which is `what` it is of where, it is not made again.
///
/// # Errors
///
/// [`NoAnswer`], at once where the earlier call has had this time.
pub(crate) fn known<T: Send + 'static>(
    what: &str,
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoAnswer> {
    begin_known(what, limit, call)?.within(limit)
}

/// The same, to be waited for later.
pub(crate) fn begin_known<T: Send + 'static>(
    what: &str,
    limit: Duration,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<Pending<T>, NoAnswer> {
    if let Some(time) = UnderWay::longest(what).filter(|time| *time >= limit) {
        return Err(NoAnswer::Late(time));
    }
    let guard = UnderWay::begin(what);
    Pending::begin(move || {
        let answer = call();
        drop(guard);
        answer
    })
}

/// A call under way that has a name.
struct Call {
    what: String,
    number: u64,
    since: Instant,
}

/// In the order in which they began.
static UNDER_WAY: Mutex<Vec<Call>> = Mutex::new(Vec::new());

fn under_way() -> MutexGuard<'static, Vec<Call>> {
    UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends a call's being under way.
struct UnderWay(u64);

impl UnderWay {
    fn begin(what: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        under_way().push(Call { what: what.to_owned(), number, since: Instant::now() });
        Self(number)
    }

    /// For how long the first of this name is.
    fn longest(what: &str) -> Option<Duration> {
        under_way().iter().find(|call| call.what == what).map(|call| call.since.elapsed())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        under_way().retain(|call| call.number != self.0);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::sync_channel;
    use std::thread;

    use super::super::deadline::Limits;
    use super::*;

    #[test]
    fn a_call_that_is_late_is_not_made_again_until_it_returns() {
        let (let_go, held) = sync_channel::<()>(0);
        let late = Duration::from_millis(20);
        let first = known("a call of this test", late, move || held.recv());
        assert!(matches!(first, Err(NoAnswer::Late(_))));
        let again = known("a call of this test", late, || 7);
        assert!(matches!(again, Err(NoAnswer::Late(time)) if time >= late), "{again:?}");
        assert_eq!(known("another call of this test", Limits::USUAL.opening, || 7), Ok(7));
        drop(let_go);
        while UnderWay::longest("a call of this test").is_some() {
            thread::yield_now();
        }
        assert_eq!(known("a call of this test", Limits::USUAL.opening, || 7), Ok(7));
    }
}
