//! Meters are foreign code, which may never return: each is called from a thread of its own, and waited for no longer than it
//! deserves.
//!
//! The thread passes on what it has read before it says that it is done. So what is kept of a meter is in the order of
//! its readings, whoever asked for them. Once a call is given up, its answer is nobody's, should it come after all.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::energy::error::EnergyError;
use crate::energy::meters::meter::{Grain, Meter, Reading, Shares};
use crate::energy::system::clock::Clock;
use crate::energy::system::deadline::CallLimits;
use crate::energy::units::DeviceState;

/// An answer is mostly there within some microseconds, which is sooner than a thread falls asleep and wakes up again: so long
/// whoever waits looks out for it, and the meter's thread for the next question of one who waits.
const LOOKED_OUT: Duration = Duration::from_micros(40);
const LISTENED: Duration = Duration::from_micros(20);

/// What a meter is asked for.
#[derive(Debug, Default)]
struct WorkerWish {
    read: bool,
    check: bool,
    /// The number of the poll that it is for.
    poll: Option<u64>,
    states: Vec<Sender<States>>,
    /// Whether somebody waits.
    awaited: bool,
}

type States = Vec<Option<DeviceState>>;

/// What a meter has read.
#[derive(Debug, Default)]
pub(crate) struct MeterAnswer {
    /// The figures; `None` if they were not asked for.
    pub(crate) readings: Option<Vec<Result<Reading, EnergyError>>>,
    /// What is known of shares by them.
    pub(crate) shares: Vec<Shares>,
    /// The second figures likewise.
    pub(crate) seconds: Option<Vec<Option<Result<Reading, EnergyError>>>>,
    /// How finely those are known.
    pub(crate) grains: Vec<Option<Grain>>,
    /// The number of the poll that asked for second figures.
    pub(crate) poll: Option<u64>,
}

/// Why there is no answer, as the end of a sentence about a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MeterSilence(pub(crate) String);

/// A meter in a thread of its own.
#[derive(Debug)]
pub(crate) struct MeterWorker {
    name: &'static str,
    limits: CallLimits,
    desk: Arc<WorkerDesk>,
}

#[derive(Debug, Default)]
struct WorkerDesk {
    turn: Mutex<WorkerRounds>,
    asked: Condvar,
    answered: Condvar,
    /// The same as in `turn`, to be looked at without its lock.
    wished: AtomicU64,
    done: AtomicU64,
}

/// Rounds have numbers. What is asked while one is under way is for the next, for an answer must not be older than its question.
#[derive(Debug, Default)]
struct WorkerRounds {
    /// The last round that was asked for, that began, and that is over.
    wished: u64,
    begun: u64,
    done: u64,
    /// Of the round that has not begun.
    wish: WorkerWish,
    /// Since when a round is under way, and how long it may be.
    busy: Option<(Instant, Duration)>,
    /// Nobody waits any more for the round that is under way.
    given_up: bool,
    /// Somebody sleeps until there is an answer; the meter's thread sleeps until there is a question.
    sleepers: bool,
    asleep: bool,
    stop: bool,
    /// The thread has ended, and the meter is dropped; why, if that was not wanted.
    gone: bool,
    ended: Option<String>,
}

impl WorkerRounds {
    /// Takes note that the round under way has had its time.
    fn silence(&mut self, name: &str) -> Option<MeterSilence> {
        if let Some(reason) = &self.ended {
            return Some(MeterSilence(reason.clone()));
        }
        let (since, limit) = self.busy?;
        self.given_up |= since.elapsed() >= limit;
        self.given_up.then(|| late(name, since.elapsed()))
    }
}

fn late(name: &str, time: Duration) -> MeterSilence {
    MeterSilence(format!("the meter `{name}` has not answered for {:.1} s: it hangs", time.as_secs_f64()))
}

impl MeterWorker {
    /// Has `meter` called from a thread of its own; `record` is given what it reads.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Background`] if there is no thread to be had.
    pub(crate) fn start(
        meter: Box<dyn Meter>,
        clock: Arc<dyn Clock>,
        limits: CallLimits,
        record: impl Fn(MeterAnswer) + Send + 'static,
    ) -> Result<Self, EnergyError> {
        let (name, desk) = (meter.name(), Arc::new(WorkerDesk::default()));
        let own = Arc::clone(&desk);
        let run = move || own.serve(meter, &*clock, limits, &record);
        let started = thread::Builder::new().name("meter".to_owned()).spawn(run);
        started.map_err(|error| EnergyError::Background { reason: error.to_string() })?;
        Ok(Self { name, limits, desk })
    }

    /// Asks for figures that are read from now on: the first or the second ones, or both. With a number it is for that
    /// poll. Gives the round to [wait](Self::wait) for.
    pub(crate) fn ask(&self, (read, check): (bool, bool), poll: Option<u64>, awaited: bool) -> u64 {
        self.desk.ask(|wish| {
            wish.read |= read;
            wish.check |= check;
            wish.poll = wish.poll.max(poll);
            wish.awaited |= awaited;
        })
    }

    /// Waits for a round that was asked for at `asked`.
    ///
    /// # Errors
    ///
    /// [`MeterSilence`] if it is not over in time; at once if one is under way that was given up.
    pub(crate) fn wait(&self, round: u64, asked: Instant) -> Result<(), MeterSilence> {
        if self.desk.is_over_soon(round) {
            return Ok(());
        }
        let until = asked + self.limits.reading;
        let mut turn = self.desk.lock();
        loop {
            if turn.done >= round {
                return Ok(());
            }
            if let Some(silence) = turn.silence(self.name) {
                return Err(silence);
            }
            let now = Instant::now();
            if now >= until {
                return Err(late(self.name, now.duration_since(asked)));
            }
            let due = turn.busy.map_or(until, |(since, limit)| until.min(since + limit));
            turn.sleepers = true;
            let rest = due.saturating_duration_since(now);
            turn = self.desk.answered.wait_timeout(turn, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Why nothing can be had from the meter now, if it is known by now.
    pub(crate) fn silence(&self) -> Option<MeterSilence> {
        self.desk.lock().silence(self.name)
    }

    /// Whether it is at work, or will be soon.
    pub(crate) fn is_busy(&self) -> bool {
        let turn = self.desk.lock();
        turn.busy.is_some() || turn.wished > turn.begun
    }

    /// Asks for the states of its devices, unless it is known to hang: who knows how many would ask until it answers.
    pub(crate) fn ask_states(&self) -> Receiver<States> {
        let (sender, receiver) = channel();
        if self.silence().is_none() {
            self.desk.ask(|wish| wish.states.push(sender));
        }
        receiver
    }

    /// The states of its devices; `None` if they are not there in time.
    pub(crate) fn states(&self, asked: &Receiver<States>) -> Option<States> {
        match self.silence() {
            Some(_) => None,
            None => asked.recv_timeout(self.limits.asking).ok(),
        }
    }

    /// From now on nothing is asked.
    pub(crate) fn stop(&self) {
        self.desk.lock().stop = true;
        self.desk.asked.notify_all();
        self.desk.answered.notify_all();
    }

    /// Waits until the meter is dropped, but not for a call that hangs.
    pub(crate) fn wait_for_end(&self, until: Instant) {
        let mut turn = self.desk.lock();
        while !turn.gone && turn.silence(self.name).is_none() {
            let rest = until.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                return;
            }
            turn = self.desk.answered.wait_timeout(turn, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl WorkerDesk {
    fn lock(&self) -> MutexGuard<'_, WorkerRounds> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(&self, add: impl FnOnce(&mut WorkerWish)) -> u64 {
        let mut turn = self.lock();
        add(&mut turn.wish);
        if turn.wished == turn.begun {
            turn.wished += 1;
            self.wished.store(turn.wished, Ordering::SeqCst);
        }
        let (round, asleep) = (turn.wished, turn.asleep);
        drop(turn);
        if asleep {
            self.asked.notify_one();
        }
        round
    }

    /// Looks out for the end of a round for a moment.
    fn is_over_soon(&self, round: u64) -> bool {
        look_out(LOOKED_OUT, || self.done.load(Ordering::SeqCst) >= round)
    }

    fn serve(&self, meter: Box<dyn Meter>, clock: &dyn Clock, limits: CallLimits, record: &dyn Fn(MeterAnswer)) {
        let mut meter = meter;
        let (name, mut awaited) = (meter.name(), false);
        let ended = loop {
            let Some(wish) = self.next(awaited, limits) else { break None };
            awaited = wish.awaited;
            let WorkerWish { read, check, poll, states, .. } = wish;
            let answer = catch_unwind(AssertUnwindSafe(|| {
                let readings = read.then(|| meter.read(clock));
                let shares = if read { meter.shares() } else { Vec::new() };
                let seconds = check.then(|| meter.cross_check(clock));
                let grains = if check { meter.grains() } else { Vec::new() };
                let known = (!states.is_empty()).then(|| meter.states());
                (MeterAnswer { readings, shares, seconds, grains, poll }, known)
            }));
            let mut turn = self.lock();
            let Ok((answer, known)) = answer else {
                break Some(format!("the meter `{name}` has panicked, and is not asked any more"));
            };
            // Under the lock, so that nobody gives it up in the midst of it.
            if !turn.given_up {
                record(answer);
            }
            (turn.busy, turn.given_up, turn.done) = (None, false, turn.begun);
            self.done.store(turn.done, Ordering::SeqCst);
            // With the lock still held: whoever sleeps from now on does so for a later round.
            let sleepers = std::mem::take(&mut turn.sleepers);
            drop(turn);
            if sleepers {
                self.answered.notify_all();
            }
            if let Some(known) = known {
                // Nobody may be waiting any more.
                states.iter().for_each(|asked| drop(asked.send(known.clone())));
            }
        };
        {
            let mut turn = self.lock();
            (turn.busy, turn.ended) = (None, ended);
            self.answered.notify_all();
        }
        // It may hang, or panic, in its last moments as well.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(meter)));
        self.lock().gone = true;
        self.answered.notify_all();
    }

    /// The next round, which begins now; `None` if there is none any more. Where the last was waited for, the next may come soon.
    fn next(&self, soon: bool, limits: CallLimits) -> Option<WorkerWish> {
        if soon {
            let begun = self.done.load(Ordering::SeqCst);
            look_out(LISTENED, || self.wished.load(Ordering::SeqCst) > begun);
        }
        let mut turn = self.lock();
        while turn.wished == turn.begun && !turn.stop {
            turn.asleep = true;
            turn = self.asked.wait(turn).unwrap_or_else(PoisonError::into_inner);
        }
        turn.asleep = false;
        if turn.stop {
            return None;
        }
        turn.begun = turn.wished;
        let wish = std::mem::take(&mut turn.wish);
        let limit = if wish.states.is_empty() { limits.reading } else { limits.reading.max(limits.asking) };
        turn.busy = Some((Instant::now(), limit));
        Some(wish)
    }
}

/// Whether something comes true within this time, for which nobody sleeps. Where there is one processor, it cannot.
fn look_out(time: Duration, is_so: impl Fn() -> bool) -> bool {
    static SEVERAL: OnceLock<bool> = OnceLock::new();
    if is_so() {
        return true;
    }
    if !*SEVERAL.get_or_init(|| thread::available_parallelism().is_ok_and(|count| count.get() > 1)) {
        return false;
    }
    let begun = Instant::now();
    while begun.elapsed() < time {
        // On a busy machine both may be on one processor.
        thread::yield_now();
        if is_so() {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
