//! What a meter is.

use std::time::Duration;

use crate::energy::error::EnergyError;
use crate::energy::system::clock::{Clock, Moment};
use crate::energy::system::unwaited::Unwaited;
use crate::energy::units::{DeviceState, Method, PowerDomain};

/// One figure that a meter reads: of which hardware, how, and how finely.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnergySource {
    /// The hardware.
    pub domain: PowerDomain,
    /// How the figure comes about.
    pub method: Method,
    /// What exactly is read, and how: `total-energy counter, a tick every 100 ms`.
    pub sampling: String,
    /// The time between two changes of the figure. A window of less than two of these is not resolved; a counter that stands still
    /// for 0.25 s and for three and a half of these hangs.
    pub resolution: Duration,
}

/// What the [`sampling`](EnergySource::sampling) of a GPU's counter begins with where it is that of the whole module.
pub(crate) const OF_MODULE: &str = "of the whole module, with its processor and memory: ";

/// And where that cannot be told.
pub(crate) const OF_MODULE_PERHAPS: &str =
    "of the GPU alone or of its whole module, with processor and memory, which cannot be told: ";

impl EnergySource {
    /// A figure of this hardware, by this method, with what is read in words, and the time between two of its changes.
    pub fn new(domain: PowerDomain, method: Method, sampling: impl Into<String>, resolution: Duration) -> Self {
        Self { domain, method, sampling: sampling.into(), resolution }
    }

    /// What is to be said of each figure, where it is of more than its domain says, or may be. The energy of the processor then is, or
    /// may be, in it already.
    pub(crate) fn holds_more(&self) -> Option<&'static str> {
        let found = [OF_MODULE, OF_MODULE_PERHAPS].into_iter().find(|words| self.sampling.contains(words));
        found.map(|words| words.trim_end_matches(": "))
    }
}

/// The cumulative energy of one source at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The moment whose energy it is: when it was read, or a little before if the figure stands still in between.
    pub at: Moment,
    /// Energy since the meter was opened, in microjoules (whole ones, so that differences are exact).
    pub microjoules: u64,
    /// Readings of one segment can be subtracted from each other. A counter that starts anew, or stood unread for too
    /// long, starts the next segment, because the energy in between is unknown.
    pub segment: u64,
}

impl Reading {
    /// So many microjoules since the meter was opened, at this moment, in this segment.
    #[must_use]
    pub fn new(at: Moment, microjoules: u64, segment: u64) -> Self {
        Self { at, microjoules, segment }
    }
}

/// What is known so far of the shares of a device that others use too, and of what else was made up for. All of it adds up from the opening of the meter on:
/// the difference between two edges is a window's.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Shares {
    /// The standard deviation of what errs the same way in all of a window, in joules.
    pub sd: f64,
    /// The variance of what errs by chance, in square joules.
    pub variance: f64,
    /// How often processes computed that this system does not show, as those of other containers. They counted as others.
    pub unseen: u64,
    /// The variance of what was bridged where dates did not say how much time passed, in square joules.
    pub bridged: f64,
    /// How often somebody set the wall clock that dates what is read, and by how many seconds in all.
    pub clock_set: u64,
    /// See [`clock_set`](Self::clock_set).
    pub clock_set_by: f64,
    /// Of a model by the time of processes: whose time is not known to their end. What those may have used up unseen is in `sd`.
    pub unwaited: Unwaited,
}

/// How finely a second figure is known so far, beside its reading. All but the lag adds up from the opening of the meter on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Grain {
    /// By how much power that changed between its readings may have led it astray, in joules. This supposes a load in
    /// step with them, which does so every time.
    pub unrest: f64,
    /// The variance of the same if it led the figure astray by chance, in square joules.
    pub variance: f64,
    /// Of how many readings of power it consists.
    pub readings: u64,
    /// How much older than the reading the newest power in it is.
    pub lag: Duration,
}

/// A reader of energy.
///
/// # Contract
///
/// * [`sources`](Self::sources) never changes; no two of its domains are the same and no energy is in two of them.
/// * [`read`](Self::read) answers with exactly one entry per source, in the order of the sources.
/// * `at` and `segment` never fall from one successful reading of a source to the next; within one segment neither does
///   `microjoules`. When a segment ends, `microjoules` goes on from its last value: unknown energy is not counted.
/// * What cannot be read is an error, never zero, never the value before. A reading after a failed one is right again, or
///   in a new segment: then windows across it are told what the error said.
/// * Readings are some milliseconds' work at most; a session reads at every edge of a window and two to ten times a second, from a thread
///   of the meter's own. A reading that takes longer than two seconds is given up: it is missing, and so is every other until it
///   is over. So is all of a meter that has panicked.
/// * [`counterparts`](Self::counterparts) never changes, and [`cross_check`](Self::cross_check) answers in the same order,
///   with an entry where there is a counterpart and none elsewhere. Its readings keep what is said above of readings, each
///   source for itself, and cost no more than those of `read`. They count from the first one on, and their segments are
///   their own.
pub trait Meter: Send {
    /// The name of the meter, such as `rapl`.
    fn name(&self) -> &'static str;

    /// What the meter reads.
    fn sources(&self) -> &[EnergySource];

    /// Reads all sources now, by this clock.
    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>>;

    /// For each source how a second, independent figure of the same energy comes about, to be held against the first.
    /// Default: there are none.
    fn counterparts(&self) -> Vec<Option<EnergySource>> {
        self.sources().iter().map(|_| None).collect()
    }

    /// Reads the second figures; about twice a second is enough, and a meter may answer with its last reading where it is
    /// asked more often.
    fn cross_check(&mut self, clock: &dyn Clock) -> Vec<Option<Result<Reading, EnergyError>>> {
        let _ = clock;
        self.sources().iter().map(|_| None).collect()
    }

    /// How finely the second figures are known, in the order of the sources. Asked for after each
    /// [`cross_check`](Self::cross_check). Default: each reading counts as one of power.
    fn grains(&self) -> Vec<Option<Grain>> {
        self.sources().iter().map(|_| None).collect()
    }

    /// How far the shares may be off, for figures that are parts of a whole ([`Method::Attributed`]); and for any
    /// figures, what was made up for. In the order of the sources. Asked for after each reading. Default: nothing is
    /// shared, and nothing was.
    fn shares(&self) -> Vec<Shares> {
        vec![Shares::default(); self.sources().len()]
    }

    /// A second reader of the same sources. From then on it is asked for second figures and states in place of this
    /// one, from another thread. So a call for these that does not return costs no figure. Asked for once, before
    /// anything is read. Default: there is none.
    fn aside(&mut self) -> Option<Box<dyn Meter>> {
        None
    }

    /// The state of each source's device, in the order of the sources. Never asked for in the midst of what is metered
    /// closely: it may take its time. Default: nothing is known.
    fn states(&mut self) -> Vec<Option<DeviceState>> {
        self.sources().iter().map(|_| None).collect()
    }
}
