//! What a session keeps of its meters: their readings, and the edges that they are not done with yet.

use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::mark::Edges;
use super::worker::{MeterAnswer, MeterSilence};
use crate::energy::error::EnergyError;
use crate::energy::meters::meter::{Grain, Reading};
use crate::energy::system::clock::{Clock, Moment};
use crate::energy::windows::bursts::Bursts;
use crate::energy::windows::cross_check::FigurePairs;
use crate::energy::windows::track::{Track, settles_late};

/// Two figures that were read further apart are not held against each other.
const APART: Duration = Duration::from_millis(20);

/// The state with its lock, which nobody holds while a meter is asked.
pub(super) struct Book {
    pub(super) clock: Arc<dyn Clock>,
    state: Mutex<BookState>,
    pub(super) woken: Condvar,
}

impl Book {
    pub(super) fn new(clock: Arc<dyn Clock>, tracks: Vec<Track>) -> Self {
        let pairs = tracks.iter().map(|_| FigurePairs::default()).collect();
        let halves = tracks.iter().map(|_| Halves::default()).collect();
        let state = BookState { tracks, pairs, halves, bursts: Bursts::default(), pending: Vec::new(), stop: false };
        Self { clock, state: Mutex::new(state), woken: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, BookState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what the meter of these sources has read.
    pub(super) fn record(&self, sources: Range<usize>, name: &str, answer: MeterAnswer) {
        let now = self.clock.now();
        let mut state = self.lock();
        let MeterAnswer { readings, shares, seconds, grains, poll } = answer;
        let of_poll = readings.as_ref().filter(|_| poll.is_some());
        let firsts = of_poll.map(|readings| readings.iter().map(|reading| reading.as_ref().ok().copied()).collect());
        if let Some(readings) = readings {
            let (mut readings, mut shares) = (readings.into_iter(), shares.into_iter());
            for track in &mut state.tracks[sources.clone()] {
                let domain = track.source.domain.clone();
                let missing = || EnergyError::Read { domain, reason: format!("the meter {name} gave no reading") };
                track.shared(shares.next().unwrap_or_default());
                track.record(readings.next().unwrap_or_else(|| Err(missing())), now);
            }
        }
        if let Some(poll) = poll {
            state.pair(
                poll,
                sources.start,
                firsts.unwrap_or_default(),
                seconds.unwrap_or_default().into_iter().zip(grains).collect(),
            );
        }
        state.settle(now);
    }

    /// Takes note that there is no answer of the meter of these sources.
    pub(super) fn miss(&self, sources: Range<usize>, silence: &MeterSilence) {
        let now = self.clock.now();
        let mut state = self.lock();
        for track in &mut state.tracks[sources] {
            let domain = track.source.domain.clone();
            track.record(Err(EnergyError::Read { domain, reason: silence.0.clone() }), now);
        }
        state.settle(now);
    }
}

pub(super) struct BookState {
    pub(super) tracks: Vec<Track>,
    pub(super) pairs: Vec<FigurePairs>,
    halves: Vec<Halves>,
    pub(super) bursts: Bursts,
    /// Edges whose surrounding ticks were not all seen yet.
    pub(super) pending: Vec<(Moment, Arc<Edges>)>,
    pub(super) stop: bool,
}

/// Second figures by source, with how finely each is known.
type Seconds = Vec<(Option<Result<Reading, EnergyError>>, Option<Grain>)>;

/// The two figures of a source that one poll has asked for, as far as they are there, with the number of the poll.
#[derive(Default)]
struct Halves {
    first: Option<(u64, Reading)>,
    second: Option<(u64, Reading, Option<Grain>)>,
}

impl BookState {
    /// Holds figures of one poll against each other once both are there.
    fn pair(&mut self, poll: u64, start: usize, firsts: Vec<Option<Reading>>, seconds: Seconds) {
        for (halves, first) in self.halves[start..].iter_mut().zip(firsts) {
            halves.first = first.map(|reading| (poll, reading));
        }
        for (halves, (second, grain)) in self.halves[start..].iter_mut().zip(seconds) {
            halves.second = second.and_then(Result::ok).map(|reading| (poll, reading, grain));
        }
        for (halves, pairs) in self.halves[start..].iter_mut().zip(&mut self.pairs[start..]) {
            if let (Some((one, first)), Some((other, second, grain))) = (halves.first, halves.second)
                && one == other
            {
                *halves = Halves::default();
                if first.at.since(second.at).max(second.at.since(first.at)) <= APART {
                    pairs.record(first, second, grain);
                }
            }
        }
    }

    /// Completes the edges that are settled by now. A meter that tells nothing any more keeps none of them waiting.
    pub(super) fn settle(&mut self, now: Moment) {
        let tracks = &mut self.tracks;
        self.pending.retain(|(moment, edges)| {
            let mut open = false;
            for (track, levels) in tracks.iter_mut().zip(&edges.between_ticks) {
                if !settles_late(&track.source) || levels.get().is_some() {
                    continue;
                }
                match track.settled_levels(*moment, now) {
                    Some(found) => drop(levels.set(found)),
                    None => open = true,
                }
            }
            open
        });
        if self.pending.is_empty() {
            self.bursts.settle();
        }
    }
}
