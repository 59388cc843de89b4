//! Calls of foreign code that are late, so that the like of them is not waited for again.

use std::mem;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::deadline::{NoAnswer, PendingCall};

/// What `call` gives within `limit`. While one of this name is late, which is `what` it is of where, it is not made again: what
/// it owns is then never dropped, for that may hang just as well.
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
) -> Result<PendingCall<T>, NoAnswer> {
    if let Some(time) = UnderWay::longest(what).filter(|time| *time >= limit) {
        mem::forget(call);
        return Err(NoAnswer::Late(time));
    }
    let number = UnderWay::begin(what);
    let begun = PendingCall::begin(move || {
        let _under_way = UnderWay(number);
        call()
    });
    if begun.is_err() {
        drop(UnderWay(number));
    }
    begun
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
    /// The number of a call that is under way until what has this number is dropped.
    fn begin(what: &str) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        under_way().push(Call { what: what.to_owned(), number, since: Instant::now() });
        number
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
    use std::sync::mpsc::{Sender, channel, sync_channel};
    use std::thread::{self, ThreadId};

    use super::super::deadline::CallLimits;
    use super::*;

    #[test]
    fn a_call_that_is_late_is_not_made_again_until_it_returns() {
        let (let_go, held) = sync_channel::<()>(0);
        let late = Duration::from_millis(20);
        let first = known("a call of this test", late, move || held.recv());
        assert!(matches!(first, Err(NoAnswer::Late(_))));
        let again = known("a call of this test", late, || 7);
        assert!(matches!(again, Err(NoAnswer::Late(time)) if time >= late), "{again:?}");
        assert_eq!(known("another call of this test", CallLimits::USUAL.opening, || 7), Ok(7));
        drop(let_go);
        while UnderWay::longest("a call of this test").is_some() {
            thread::yield_now();
        }
        assert_eq!(known("a call of this test", CallLimits::USUAL.opening, || 7), Ok(7));
    }

    /// Tells in which thread it is dropped.
    struct Owned(Sender<ThreadId>);

    impl Drop for Owned {
        fn drop(&mut self) {
            let _ = self.0.send(thread::current().id());
        }
    }

    #[test]
    fn what_a_call_owns_is_never_dropped_by_who_makes_it() {
        let (dropped, drops) = channel();
        let owned = || Owned(dropped.clone());
        let (let_go, held) = sync_channel::<()>(0);
        let (what, late) = ("a call of another test", Duration::from_millis(20));
        let first = owned();
        let answer = known(what, late, move || {
            let _ = held.recv();
            drop(first);
        });
        assert!(matches!(answer, Err(NoAnswer::Late(_))));
        for _ in 0..3 {
            let (one, other) = (owned(), owned());
            assert!(known(what, late, move || drop(one)).is_err());
            assert!(begin_known(what, late, move || drop(other)).is_err());
        }
        assert!(drops.try_recv().is_err(), "neither here nor elsewhere");
        drop(let_go);
        assert_ne!(drops.recv().unwrap(), thread::current().id());
        while UnderWay::longest(what).is_some() {
            thread::yield_now();
        }
        // In its thread also if it panics or leaves them untouched.
        let (one, other) = (owned(), owned());
        let panics = move || {
            let _one = &one;
            panic!("as told")
        };
        assert!(matches!(known::<()>(what, CallLimits::USUAL.opening, panics), Err(NoAnswer::Failed(_))));
        assert_ne!(drops.recv().unwrap(), thread::current().id());
        assert_eq!(known(what, CallLimits::USUAL.opening, move || drop(other)), Ok(()));
        assert_ne!(drops.recv().unwrap(), thread::current().id());
    }
}
