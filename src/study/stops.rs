//! When a study stood still: stopped by its user (Ctrl-Z), by a scheduler (`SIGSTOP`), or not run by the machine.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::energy::{Mark, Moment, Session};
use crate::evaluation::{continue_programs, programs_were_stopped, stop_programs};

/// How often somebody looks at the clock.
const TICK: Duration = Duration::from_millis(100);
/// Looks that lie further apart, with a `SIGCONT` between them, had a stop between them.
const APART: Duration = Duration::from_millis(200);
/// And without one: what freezes whole groups of processes sends no signal, and a busy machine is late by less.
const UNSEEN: Duration = Duration::from_secs(2);
/// How long after a stop the signal that ended it may come to its handler.
const HANDLED: Duration = Duration::from_millis(100);

/// Who stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standstill {
    /// The study and its program: that time is no trial's.
    Whole,
    /// The study alone: its program may have computed meanwhile.
    Study,
    /// Nobody told: all of it was frozen, or the machine was too busy to run the study.
    Unknown,
}

/// A time in which a study stood still.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Stop {
    /// The last moment at which it was seen to run.
    pub from: Moment,
    /// When it ran again.
    pub to: Moment,
    /// Who stood still.
    pub who: Standstill,
    /// Its edges, if the meters were read at them.
    pub(super) edges: Option<(Mark, Mark)>,
}

impl Stop {
    /// How long it was.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.to.since(self.from)
    }
}

/// The stops of a study, shared by its clones. Found out only while a study is run.
#[derive(Debug, Clone, Default)]
pub struct Stops(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    woken: Condvar,
    continued: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct State {
    /// Who is metered, and when somebody last looked at the clock; `None` while nobody does.
    watched: Option<(Session, Moment)>,
    stops: Vec<Stop>,
    /// When the programs were last found stopped, and a `SIGCONT` to have come. Both are told once, perhaps in the midst of a look
    /// that had begun before the stop.
    stopped: Option<Moment>,
    continued: Option<Moment>,
}

impl Stops {
    /// To be set when a `SIGCONT` comes; without it, only long stops are noticed, and who stood still in them is not known.
    #[must_use]
    pub fn continued(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0.continued)
    }

    /// Notices stops until what comes back is dropped.
    #[must_use]
    pub(super) fn watch(&self, session: &Session) -> Watch {
        self.lock().watched = Some((session.clone(), Moment::now()));
        let shared = Arc::clone(&self.0);
        let thread = thread::Builder::new().name("stops".to_owned()).spawn(move || shared.tick());
        if thread.is_err() {
            // Better none is noticed than that all wait for one who never looks.
            self.lock().watched = None;
        }
        Watch { stops: self.clone(), thread: thread.ok() }
    }

    /// Stops the programs that run, calls `stop`, which returns when this process goes on, and lets them go on. Meant for the thread
    /// that handles signals, to whom somebody said `SIGTSTP`.
    pub fn stand_still(&self, stop: impl FnOnce()) {
        // Held until all is noted, so that nobody takes the time for his own.
        let mut state = self.lock();
        let session = state.watched.as_ref().map(|(session, _)| session.clone());
        stop_programs();
        let from = Moment::now();
        let first = session.as_ref().map(Session::mark);
        stop();
        let last = session.as_ref().map(Session::mark);
        let to = Moment::now();
        let who = if continue_programs() { Standstill::Whole } else { Standstill::Study };
        self.0.continued.store(false, Ordering::SeqCst);
        if let Some((_, heard)) = &mut state.watched {
            *heard = to;
            if to.since(from) >= TICK {
                state.stops.push(Stop { from, to, who, edges: first.zip(last) });
            }
        }
    }

    /// How long it stood still since then, so far as was noticed.
    #[must_use]
    pub fn since(&self, moment: Moment) -> Duration {
        self.lock().stops.iter().map(|stop| stop.to.since(stop.from.max(moment))).sum()
    }

    /// All stops but so many that are known already.
    #[must_use]
    pub(super) fn but(&self, known: usize) -> Vec<Stop> {
        self.lock().stops.get(known..).unwrap_or_default().to_vec()
    }

    /// Whether a stop that has just ended would be noticed by now.
    #[must_use]
    pub(super) fn is_up_to_date(&self) -> bool {
        self.lock().watched.as_ref().is_none_or(|(_, heard)| Moment::now().since(*heard) < APART)
    }

    /// Waits until that is so, if somebody watches: some milliseconds after a stop, and else not at all.
    pub(super) fn catch_up(&self) {
        // Counted, for on a machine that is too busy nobody may look for long.
        for _ in 0..100 {
            if self.is_up_to_date() {
                return;
            }
            self.0.woken.notify_all();
            thread::sleep(Duration::from_millis(5));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) {
        let mut state = self.lock();
        while let Some((_, heard)) = state.watched {
            let now = Moment::now();
            if programs_were_stopped() {
                state.stopped = Some(now);
            }
            if self.was_continued(now.since(heard)) {
                state.continued = Some(now);
            }
            let lately = |told: Option<Moment>| told.is_some_and(|at| at.after(APART) >= heard);
            let (stopped, continued) = (lately(state.stopped), lately(state.continued));
            let least = if continued { APART } else { UNSEEN };
            if now.since(heard) >= least {
                let who = match (continued, stopped) {
                    (false, _) => Standstill::Unknown,
                    (true, true) => Standstill::Whole,
                    (true, false) => Standstill::Study,
                };
                state.stops.push(Stop { from: heard, to: now, who, edges: None });
            }
            // Not the present: this process may be stopped in the midst of this.
            if let Some((_, heard)) = &mut state.watched {
                *heard = now;
            }
            state = self.woken.wait_timeout(state, TICK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Whether a `SIGCONT` has come since this was last asked; waits for its handler, which has its turn in another thread.
    fn was_continued(&self, gap: Duration) -> bool {
        let patience = match gap {
            gap if gap < APART => Duration::ZERO,
            gap if gap < UNSEEN => HANDLED / 5,
            _ => HANDLED,
        };
        let begun = Moment::now();
        while !self.continued.load(Ordering::SeqCst) && Moment::now().since(begun) < patience {
            thread::sleep(Duration::from_millis(2));
        }
        self.continued.swap(false, Ordering::SeqCst)
    }
}

/// Notices stops until it is dropped.
pub(super) struct Watch {
    stops: Stops,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stops.lock().watched = None;
        self.stops.0.woken.notify_all();
        if let Some(thread) = self.thread.take() {
            // One that panicked has said so on standard error already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::Meters;

    #[test]
    fn what_stood_still_is_counted_from_the_moment_that_is_asked_for() {
        let stops = Stops::default();
        let at = |seconds: f64| Moment::from_monotonic_seconds(seconds).unwrap();
        for (from, to) in [(10.0, 12.0), (20.0, 25.0)] {
            stops.lock().stops.push(Stop { from: at(from), to: at(to), who: Standstill::Whole, edges: None });
        }
        let since = |seconds: f64| stops.since(at(seconds)).as_secs_f64();
        assert_eq!([since(0.0), since(11.0), since(15.0), since(24.0), since(30.0)], [7.0, 6.0, 5.0, 1.0, 0.0]);
        assert_eq!(stops.but(1).len(), 1);
        assert!(stops.but(5).is_empty());
        assert!(stops.is_up_to_date(), "nobody watches");
    }

    #[test]
    fn a_wish_to_stop_is_noted_with_its_edges() {
        let _turn = crate::evaluation::turn();
        let stops = Stops::default();
        let session = Session::builder().meters(Meters::estimate()).open().unwrap();
        let watch = stops.watch(&session);
        stops.stand_still(|| thread::sleep(Duration::from_millis(300)));
        let noted = stops.but(0);
        assert_eq!(noted.len(), 1, "{noted:?}");
        assert!(noted[0].edges.is_some() && noted[0].length() >= Duration::from_millis(300));
        // One that had no effect is none.
        stops.stand_still(|| {});
        assert_eq!(stops.but(0).len(), 1);
        drop(watch);
        assert!(stops.lock().watched.is_none());
    }
}
