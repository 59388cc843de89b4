//! The meters of a session, each in a thread of its own, and the thread that has them read on and on.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::book::{Book, BookState};
use super::mark::{Edges, Mark};
use super::worker::MeterWorker;
use super::young::{Uneven, Young};
use crate::energy::error::EnergyError;
use crate::energy::meters::meter::{EnergySource, Meter};
use crate::energy::system::clock::{Clock, Moment};
use crate::energy::system::deadline::CallLimits;
use crate::energy::system::lock::DeviceLock;
use crate::energy::system::process_tree::Descendants;
use crate::energy::units::{Baseline, Consumer, ConsumerName, DeviceState, Method};
use crate::energy::windows::bursts::EVERY;
use crate::energy::windows::track::{Track, settles_late, ticks_slowly};

/// A meter that is done with its last call is dropped in less, but for a driver that hangs at its end.
const LONGEST_END: Duration = Duration::from_secs(1);

/// Second figures are not asked for more often than this: a little less than the shortest time between those readings.
const SECOND_FIGURES: Duration = Duration::from_millis(50);

/// How often counters that change all the time are read: one that freezes for longer than a quarter of a second is seen to.
const FAST_COUNTERS: Duration = Duration::from_millis(150);

/// The times between two polls differ by so much of what they are on average.
const UNEVEN: f64 = 0.4;

/// What a session is opened with, beside its meters.
pub(crate) struct Opening {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) poll: Option<Duration>,
    pub(crate) missing_gpus_matter: bool,
    pub(crate) gain: f64,
    pub(crate) locks: Vec<DeviceLock>,
    pub(crate) descendants: Descendants,
    /// The instances of boards that are metered as a whole: their UUIDs, and those of the boards.
    pub(crate) instances: Vec<(String, String)>,
    pub(crate) inventory: Consumers,
    pub(crate) limits: CallLimits,
}

/// What there is that draws power.
#[derive(Debug, Default)]
pub(crate) struct Consumers {
    pub(crate) all: Vec<Consumer>,
    /// Names of what was to be left out and is not there.
    pub(crate) absent: Vec<ConsumerName>,
    /// What is left out.
    pub(crate) without: Vec<ConsumerName>,
}

pub(super) struct SessionCore {
    pub(super) id: u64,
    /// With whether it serves only where no other source does.
    pub(super) sources: Vec<(EnergySource, bool)>,
    /// What each source is held against.
    pub(super) counterparts: Vec<Option<EnergySource>>,
    pub(super) missing_gpus_matter: bool,
    /// The standard deviation of the gain of hardware, as a part of the figure.
    pub(super) gain: f64,
    pub(super) descendants: Descendants,
    /// What is used as the first is metered as the second.
    pub(super) instances: Vec<(String, String)>,
    pub(super) inventory: Consumers,
    _locks: Vec<DeviceLock>,
    pub(super) baseline: Mutex<Option<Arc<Baseline>>>,
    readers: Vec<MeterReader>,
    book: Arc<Book>,
    polls: AtomicU64,
}

/// One meter, and which of the session's sources are its own.
struct MeterReader {
    meter: MeterWorker,
    /// Reads second figures and states, so that these keep nobody waiting.
    aside: Option<MeterWorker>,
    /// When that was last asked for second figures.
    checked: Mutex<Option<Moment>>,
    sources: Range<usize>,
    slow: bool,
    late: bool,
    fast: bool,
    paired: bool,
}

/// What was asked of a meter.
struct Rounds<'a> {
    reader: &'a MeterReader,
    figures: u64,
    aside: Option<(&'a MeterWorker, u64)>,
}

/// Which meters are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    /// Those with a counter that ticks slowly.
    Slow,
    /// Those whose edges are known late.
    Late,
    /// Those with a counter that changes all the time.
    Fast,
    /// Those with something to hold against a counter.
    Paired,
}

impl Wanted {
    fn has(self, reader: &MeterReader) -> bool {
        match self {
            Self::All => true,
            Self::Slow => reader.slow,
            Self::Late => reader.late,
            Self::Fast => reader.fast,
            Self::Paired => reader.paired,
        }
    }
}

impl MeterReader {
    fn start(
        mut meter: Box<dyn Meter>,
        sources: Range<usize>,
        book: &Arc<Book>,
        limits: CallLimits,
    ) -> Result<Self, EnergyError> {
        let has = |is: fn(&EnergySource) -> bool| meter.sources().iter().any(is);
        let (slow, late) = (has(ticks_slowly), has(settles_late));
        let fast = has(|source| source.method == Method::Counter && !ticks_slowly(source));
        let paired = meter.counterparts().iter().any(Option::is_some);
        let aside = meter.aside();
        let start = |meter: Box<dyn Meter>| {
            let (name, own, range) = (meter.name(), Arc::clone(book), sources.clone());
            let record = move |answer| own.record(range.clone(), name, answer);
            MeterWorker::start(meter, Arc::clone(&book.clock), limits, record)
        };
        let (meter, aside) = (start(meter)?, aside.map(start).transpose()?);
        Ok(Self { meter, aside, checked: Mutex::new(None), sources, slow, late, fast, paired })
    }

    /// Asks for the figures, and for the second ones by a poll of some number at some time, unless they were just asked for. Gives the
    /// rounds to wait for.
    fn ask(&self, poll: Option<(u64, Moment)>, awaited: bool) -> Rounds<'_> {
        let (number, check) = (poll.map(|(number, _)| number), poll.is_some());
        let aside = self.aside.as_ref().filter(|_| poll.is_some_and(|(_, now)| self.is_due(now)));
        let aside = aside.map(|aside| (aside, aside.ask((false, true), number, awaited)));
        Rounds { reader: self, figures: self.meter.ask((true, check && self.aside.is_none()), number, awaited), aside }
    }

    fn is_due(&self, now: Moment) -> bool {
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = checked.is_none_or(|at| now.since(at) >= SECOND_FIGURES);
        if due {
            *checked = Some(now);
        }
        due
    }

    fn workers(&self) -> impl Iterator<Item = &MeterWorker> {
        [&self.meter].into_iter().chain(&self.aside)
    }
}

impl SessionCore {
    fn new(meters: Vec<(Box<dyn Meter>, bool)>, opening: Opening) -> Result<Self, EnergyError> {
        let Opening { clock, poll: _, missing_gpus_matter, gain, locks, descendants, instances, inventory, limits } =
            opening;
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let sources: Vec<(EnergySource, bool)> = meters
            .iter()
            .flat_map(|(meter, fallback)| meter.sources().iter().map(|source| (source.clone(), *fallback)))
            .collect();
        let counterparts = meters.iter().flat_map(|(meter, _)| {
            let (mut found, count) = (meter.counterparts(), meter.sources().len());
            found.resize(count, None);
            found
        });
        let counterparts = counterparts.collect();
        let tracks = sources.iter().map(|(source, _)| Track::new(source.clone())).collect();
        let book = Arc::new(Book::new(clock, tracks));
        let mut shared = Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            sources,
            counterparts,
            missing_gpus_matter,
            gain,
            descendants,
            instances,
            inventory,
            _locks: locks,
            baseline: Mutex::new(None),
            readers: Vec::new(),
            book,
            polls: AtomicU64::new(0),
        };
        let mut first = 0;
        for (meter, _) in meters {
            let range = first..first + meter.sources().len();
            first = range.end;
            shared.readers.push(MeterReader::start(meter, range, &shared.book, limits)?);
        }
        Ok(shared)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BookState> {
        self.book.lock()
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.book.clock
    }

    /// Reads these meters side by side, and waits for them.
    pub(super) fn read(&self, wanted: Wanted) {
        let asked = Instant::now();
        let rounds: Vec<Rounds<'_>> = self.wanted(wanted).map(|reader| reader.ask(None, true)).collect();
        self.wait(&rounds, asked);
    }

    /// Reads everything, what sources are held against as well, and waits for it.
    pub(super) fn poll(&self) {
        let (asked, poll) = (Instant::now(), Some(self.next_poll()));
        let rounds: Vec<Rounds<'_>> = self.readers.iter().map(|reader| reader.ask(poll, true)).collect();
        self.wait(&rounds, asked);
    }

    fn wait(&self, rounds: &[Rounds<'_>], asked: Instant) {
        for Rounds { reader, figures, .. } in rounds {
            if let Err(silence) = reader.meter.wait(*figures, asked) {
                self.book.miss(reader.sources.clone(), &silence);
            }
        }
        for (aside, round) in rounds.iter().filter_map(|rounds| rounds.aside) {
            // No figure depends on it.
            let _ = aside.wait(round, asked);
        }
    }

    fn wanted(&self, wanted: Wanted) -> impl Iterator<Item = &MeterReader> {
        self.readers.iter().filter(move |reader| wanted.has(reader))
    }

    /// The number of a poll, and the time.
    fn next_poll(&self) -> (u64, Moment) {
        (self.polls.fetch_add(1, Ordering::Relaxed), self.clock().now())
    }

    /// Has these meters read, and waits for none; of those that hang it takes note that they do. Says whether there was one to be
    /// read.
    fn have_read(&self, wanted: Wanted, poll: Option<(u64, Moment)>) -> bool {
        let mut any = false;
        for reader in self.wanted(wanted) {
            match reader.meter.silence() {
                Some(silence) => self.book.miss(reader.sources.clone(), &silence),
                // One reading is enough where the last has not begun yet, or takes longer than it should.
                None if poll.is_none() && reader.meter.is_busy() => continue,
                None => {}
            }
            any = true;
            // Of one that hangs as well: once it answers, the next reading follows.
            reader.ask(poll, false);
        }
        any
    }

    /// The states of devices, by source, where these sources belong to them.
    pub(super) fn states(&self, chosen: &[usize]) -> Vec<Option<DeviceState>> {
        let mut states: Vec<Option<DeviceState>> = self.sources.iter().map(|_| None).collect();
        let of_chosen = |reader: &&MeterReader| chosen.iter().any(|index| reader.sources.contains(index));
        let asked = self.readers.iter().filter(of_chosen).map(|reader| {
            let worker = reader.aside.as_ref().unwrap_or(&reader.meter);
            (reader, worker, worker.ask_states())
        });
        // All are asked before the first is waited for.
        for (reader, worker, asked) in asked.collect::<Vec<_>>() {
            let found = worker.states(&asked).unwrap_or_default();
            states[reader.sources.clone()].iter_mut().zip(found).for_each(|(state, found)| *state = found);
        }
        states
    }

    /// An edge, around which the slow counters are read often from now on.
    pub(super) fn mark(&self, moment: Moment, readings: u32) -> Mark {
        let mut state = self.lock();
        let read = state.tracks.iter().map(|track| track.edge(moment)).collect();
        let between_ticks = state.tracks.iter().map(|_| OnceLock::new()).collect();
        let edges = Arc::new(Edges { read, between_ticks });
        if self.sources.iter().any(|(source, _)| settles_late(source)) {
            state.pending.push((moment, Arc::clone(&edges)));
        }
        let slow = self.sources.iter().any(|(source, _)| ticks_slowly(source));
        if slow && state.bursts.ask(self.clock().now(), readings) {
            self.book.woken.notify_all();
        }
        Mark { session: self.id, moment, edges, rest: false }
    }

    fn poll_until_stopped(&self, interval: Duration) {
        let mut due = Instant::now() + interval;
        let mut uneven = Uneven::default();
        let mut young = Young::begin(self.counterparts.iter().any(Option::is_some));
        let any_fast = self.readers.iter().any(|reader| reader.fast);
        let mut fast = any_fast.then(|| Instant::now() + FAST_COUNTERS);
        loop {
            let state = self.lock();
            if state.stop {
                return;
            }
            let next = [Some(due), young.due(), fast].into_iter().flatten().min().unwrap_or(due);
            let rest = next.saturating_duration_since(Instant::now());
            let wait = if state.bursts.is_on() { rest.min(EVERY) } else { rest };
            let (state, timeout) = self.book.woken.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            let (stop, is_on) = (state.stop, state.bursts.is_on());
            drop(state);
            if stop {
                return;
            }
            if Instant::now() >= due {
                self.have_read(Wanted::All, Some(self.next_poll()));
                due = Instant::now() + uneven.around(interval, UNEVEN);
            } else if young.due().is_some_and(|due| Instant::now() >= due) {
                self.have_read(Wanted::Paired, Some(self.next_poll()));
                young.next();
            } else if fast.is_some_and(|due| Instant::now() >= due) {
                self.have_read(Wanted::Fast, None);
                fast = Some(Instant::now() + FAST_COUNTERS);
            } else if timeout.timed_out() && is_on && self.have_read(Wanted::Slow, None) {
                self.lock().bursts.take();
            }
        }
    }
}

#[cfg(test)]
impl SessionCore {
    /// Whether a meter is known to hang.
    pub(super) fn hangs(&self) -> bool {
        self.readers.iter().any(|reader| reader.meter.silence().is_some())
    }
}

/// Ends the threads with the last handle.
pub(super) struct Poller {
    pub(super) shared: Arc<SessionCore>,
    pub(super) thread: Option<JoinHandle<()>>,
}

impl Poller {
    pub(super) fn start(meters: Vec<(Box<dyn Meter>, bool)>, opening: Opening) -> Result<Self, EnergyError> {
        let poll = opening.poll;
        // From here on threads end with it, also if another cannot be had.
        let mut poller = Self { shared: Arc::new(SessionCore::new(meters, opening)?), thread: None };
        poller.shared.poll();
        if let Some(interval) = poll {
            let shared = Arc::clone(&poller.shared);
            let run = move || shared.poll_until_stopped(interval);
            let started = std::thread::Builder::new().name("energy".to_owned()).spawn(run);
            poller.thread = Some(started.map_err(|e| EnergyError::Background { reason: e.to_string() })?);
        }
        Ok(poller)
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.shared.lock().stop = true;
        self.shared.book.woken.notify_all();
        if let Some(thread) = self.thread.take() {
            // It waits for no meter.
            let _ = thread.join();
        }
        let until = Instant::now() + LONGEST_END;
        let workers = || self.shared.readers.iter().flat_map(MeterReader::workers);
        workers().for_each(MeterWorker::stop);
        workers().for_each(|worker| worker.wait_for_end(until));
    }
}
