//! Windows of energy over a set of meters.

mod between;
mod book;
pub(crate) mod builder;
mod confirm;
mod contradiction;
mod devices;
mod idle;
pub(crate) mod limits;
mod mark;
mod opening;
pub(crate) mod profile;
mod readers;
#[cfg(test)]
mod tests;
mod usage;
mod window;
mod worker;
mod young;

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use builder::SessionBuilder;
pub use mark::Mark;
pub(crate) use readers::{Consumers, Opening};
use readers::{Poller, SessionCore, Wanted};
pub use usage::Usage;
pub use window::Window;

use crate::energy::error::EnergyError;
use crate::energy::meters::meter::{EnergySource, Meter};
use crate::energy::system::clock::Moment;
use crate::energy::units::{Baseline, Method};
use crate::energy::windows::bursts::{EVERY, OPENING, PASSING};
use crate::energy::windows::track::settles_late;

/// Meters under way: take a [`Mark`] at each edge of what you want to know the energy of, and ask for the energy between.
///
/// A session is a handle; clones share the meters, and may be used from any thread. A background thread has the meters
/// read about twice a second, and counters of processors every 0.15 s. So no counter wraps unseen, and power is
/// integrated. The thread ends when the last handle is dropped.
///
/// A meter may hang, for a driver may. So each is called from a thread of its own, and an edge waits for it no longer
/// than two seconds ([`DRIVER_LIMIT_VARIABLE`](crate::energy::DRIVER_LIMIT_VARIABLE)). While a call is known to hang it
/// does not wait at all. What the meter would have told is missing, with that reason, until it answers again. Other
/// meters are read meanwhile, and other GPUs.
///
/// ```
/// use wattfront::energy::{Meters, Session};
///
/// let session = Session::builder().meters(Meters::estimate()).open()?;
/// let (sum, energy) = session.measure(|| (0..1_000_000_u64).sum::<u64>());
/// println!("{sum} took {:.3} s, {}", energy.seconds, energy.provenance());
///
/// let training = session.window();
/// let first = session.mark();
/// // one epoch
/// let epoch = session.between(&first, &session.mark());
/// let whole = training.close();
/// assert!(whole.seconds >= epoch.seconds);
/// # Ok::<(), wattfront::energy::EnergyError>(())
/// ```
#[derive(Clone)]
pub struct Session {
    poller: Arc<Poller>,
}

/// So long two ticks of a counter are waited for.
const LONGEST_TICKS: Duration = Duration::from_millis(250);

/// So long the next sample of utilisation is waited for, or that none comes: 1.2 s, and one more poll.
const LONGEST_STRETCH: Duration = Duration::from_millis(1700);

impl Session {
    /// A session with the meters that this machine has; see [`Meters::Auto`](crate::energy::Meters::Auto).
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] if not even an estimate is possible.
    pub fn open() -> Result<Self, EnergyError> {
        Self::builder().open()
    }

    /// A session of one's own choice.
    #[must_use]
    pub fn builder() -> SessionBuilder {
        SessionBuilder::default()
    }

    pub(crate) fn start(meters: Vec<(Box<dyn Meter>, bool)>, opening: Opening) -> Result<Self, EnergyError> {
        Ok(Self { poller: Arc::new(Poller::start(meters, opening)?) })
    }

    /// Takes an edge now. Synchronise the device first: work that is queued but not done is not in the figures.
    #[must_use]
    pub fn mark(&self) -> Mark {
        self.mark_now(OPENING)
    }

    /// Takes an edge that another thread or process stamped a little while ago: up to five minutes. The energy at that
    /// moment is interpolated between the readings around it, which lie half a second apart at most. A moment in the
    /// future is taken as now.
    ///
    /// ```
    /// # use wattfront::energy::{Meters, Moment, Session};
    /// # let session = Session::builder().meters(Meters::estimate()).open()?;
    /// # let told_by_a_child = Moment::now().monotonic_seconds();
    /// let edge = Moment::from_monotonic_seconds(told_by_a_child).map(|moment| session.mark_at(moment));
    /// # assert!(edge.is_some());
    /// # Ok::<(), wattfront::energy::EnergyError>(())
    /// ```
    #[must_use]
    pub fn mark_at(&self, moment: Moment) -> Mark {
        let shared = self.shared();
        let moment = moment.min(shared.clock().now());
        shared.read(Wanted::All);
        shared.mark(moment, PASSING)
    }

    /// When the meters were last read before a moment; `None` if that is not known any more. An [edge](Self::mark_at) at that
    /// moment is exact also where nothing was read for long after it.
    #[must_use]
    pub fn last_read_before(&self, moment: Moment) -> Option<Moment> {
        let state = self.shared().lock();
        state.tracks.iter().filter_map(|track| track.last_read_before(moment)).min()
    }

    /// Waits until what follows an edge is known of the counters in use that tick slowly: for a GPU 0.2 s after the edge, and
    /// never more than 0.25 s from now. Returns at once where no counter ticks slowly. Of a GPU that is
    /// [shared](SessionBuilder::share) it takes until the next sample of utilisation, mostly half a second and at most 1.7 s.
    ///
    /// Before that, an edge is known to a tick of such a counter, which for a GPU is 0.1 s; after it, to what power does within
    /// that tick, for the energy is interpolated between the ticks around the edge. An edge [beside rest](Mark::beside_rest)
    /// is known to some milliseconds of the power at rest. Between two of those a window shorter than two ticks has a figure
    /// too: what it spent is told from the padding between it and the ticks around it, whose power is that of the next
    /// whole tick.
    ///
    /// To see the ticks, each mark has such counters read every 10 ms for the next half second. For a mark that was
    /// stamped elsewhere it is a quarter of a second. Take a mark when the work begins to set up, and those at the
    /// edges within some milliseconds. Where marks follow one another for longer than two seconds, as short epochs of a
    /// long training do, that stops. It begins again when there was none for 0.9 seconds, or when this is called: call
    /// it at the end of every piece of work, long or short.
    ///
    /// ```
    /// # use wattfront::energy::{Meters, Session, Usage};
    /// # let session = Session::builder().meters(Meters::estimate()).open()?;
    /// let (open, close) = (session.mark().beside_rest(), session.mark().beside_rest());
    /// session.settle(&close, &Usage::All);
    /// let energy = session.between(&open, &close);
    /// # Ok::<(), wattfront::energy::EnergyError>(())
    /// ```
    pub fn settle(&self, mark: &Mark, usage: &Usage) {
        self.confirm(mark, usage);
        let shared = self.shared();
        let (mut slow, _) = shared.select(usage);
        slow.retain(|index| settles_late(&shared.sources[*index].0));
        if slow.is_empty() || mark.session != shared.id {
            return;
        }
        let parts = slow.iter().any(|index| shared.sources[*index].0.method == Method::Attributed);
        let longest = if parts { LONGEST_STRETCH } else { LONGEST_TICKS };
        // Counted, for a clock that stands still must not hold up anybody.
        for _ in 0..longest.as_millis() / EVERY.as_millis() {
            let mut state = shared.lock();
            if slow.iter().all(|index| state.tracks[*index].is_settled(mark.moment)) {
                break;
            }
            let now = shared.clock().now();
            let is_due = |at: Option<Moment>| at.is_none_or(|at| now.since(at) >= EVERY / 2);
            if slow.iter().any(|index| is_due(state.tracks[*index].last_read())) {
                drop(state);
                shared.read(Wanted::Late);
            } else {
                state.settle(now);
                drop(state);
            }
            shared.clock().sleep(EVERY);
        }
        let mut state = shared.lock();
        state.settle(shared.clock().now());
        state.bursts.renew();
    }

    /// Whether all is known of an edge that will ever be.
    pub(super) fn is_settled(&self, mark: &Mark) -> bool {
        let sources = self.shared().sources.iter().map(|(source, _)| source);
        sources.zip(&mark.edges.between_ticks).all(|(source, levels)| !settles_late(source) || levels.get().is_some())
    }

    /// An edge within a piece of work, after which slow counters are watched no longer than it takes to see the next ticks.
    pub(super) fn mark_passing(&self) -> Mark {
        self.mark_now(PASSING)
    }

    fn mark_now(&self, readings: u32) -> Mark {
        let shared = self.shared();
        let moment = shared.clock().now();
        shared.read(Wanted::All);
        shared.mark(moment, readings)
    }

    /// Whether a background thread would read slow counters every 10 ms now. Counts as one of these readings.
    #[cfg(test)]
    pub(super) fn is_watching(&self) -> bool {
        self.shared().lock().bursts.take()
    }

    /// Has slow counters watched closely after the next mark, however many there were of late: call it before an edge that
    /// matters, such as the end of a long row of epochs.
    pub fn watch_closely(&self) {
        self.shared().lock().bursts.renew();
    }

    /// What is metered for work of this usage: the domains of a window, with their methods.
    #[must_use]
    pub fn sources(&self, usage: &Usage) -> Vec<EnergySource> {
        let (chosen, _) = self.shared().select(usage);
        chosen.into_iter().map(|index| self.shared().sources[index].0.clone()).collect()
    }

    /// Whether the devices in use are still there.
    ///
    /// # Errors
    ///
    /// [`EnergyError::DeviceLost`] if the last reading of one of them said that it is gone. What ran on it then failed
    /// because of its surroundings, and not because of its settings.
    pub fn check(&self, usage: &Usage) -> Result<(), EnergyError> {
        let (chosen, _) = self.shared().select(usage);
        let state = self.shared().lock();
        let lost = chosen.iter().find_map(|index| state.tracks[*index].last_error().filter(|e| e.is_device_lost()));
        lost.map_or(Ok(()), |error| Err(error.clone()))
    }

    /// From now on this is the power at rest.
    pub(super) fn take_baseline(&self, baseline: Baseline) {
        *self.shared().baseline.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(baseline));
    }

    /// Lets time pass by the session's clock.
    pub(super) fn sleep(&self, time: Duration) {
        self.shared().clock().sleep(time);
    }

    /// Reads all meters now. Only needed in a session without a background thread.
    pub fn poll(&self) {
        self.shared().poll();
    }

    fn shared(&self) -> &SessionCore {
        &self.poller.shared
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("sources", &self.shared().sources).finish_non_exhaustive()
    }
}
