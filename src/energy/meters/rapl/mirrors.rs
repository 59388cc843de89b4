//! Whether zones of one package show one and the same counter, and whether a counter stands at 0.
//!
//! On AMD's processors with several dies some kernels show the counter of the package once for each die; Intel's dies have
//! counters of their own. The values tell which it is: two that are equal now and a moment later are one.

use std::thread::sleep;
use std::time::Duration;

use super::tree::Zone;

/// What two zones of one counter may differ by when they are read at the same time, in microjoules.
const CLOSE: u64 = 50_000;

/// Values that are further apart are of two counters. A package does not draw as much in the time for which a reader
/// may be held up between two files.
const APART: u64 = 200_000_000;

/// Real counters change every millisecond.
const PAUSE: Duration = Duration::from_millis(2);

/// For how many pauses a counter may stand still before it is said to: 0.1 s.
const PATIENCE: usize = 50;

/// Whether two zones are one counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SameCounter {
    No,
    /// They are equal, and were when they had changed.
    Yes,
    /// They are equal, and neither changed.
    Standing,
}

/// What was seen.
#[derive(Debug)]
pub(super) struct ZoneLook {
    /// For each zone whether it stays at 0.
    pub(super) silent: Vec<bool>,
    /// For each pair how it compared: often close, seen moving, far apart.
    pairs: Vec<Vec<ZonePair>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct ZonePair {
    close: usize,
    apart: bool,
    moved: bool,
}

impl ZonePair {
    fn decided(self) -> bool {
        self.apart || (self.close >= 2 && self.moved)
    }
}

impl ZoneLook {
    pub(super) fn same(&self, one: usize, other: usize) -> SameCounter {
        let pair = self.pairs[one][other];
        match (pair.apart || pair.close < 2, pair.moved) {
            (true, _) => SameCounter::No,
            (false, true) => SameCounter::Yes,
            (false, false) => SameCounter::Standing,
        }
    }
}

/// Looks at the zones of one package, each with whether it is silent if it stays at 0.
pub(super) fn look(zones: &[(&Zone, bool)]) -> ZoneLook {
    let count = zones.len();
    let mut look = ZoneLook { silent: vec![false; count], pairs: vec![vec![ZonePair::default(); count]; count] };
    let read = || zones.iter().map(|(zone, _)| zone.read().ok()).collect::<Vec<_>>();
    let first = read();
    look.silent = (0..count).map(|k| zones[k].1 && first[k] == Some(0)).collect();
    for round in 0..=PATIENCE {
        let (values, again) = match round {
            0 => (first.clone(), read()),
            _ => (read(), read()),
        };
        for (silent, value) in look.silent.iter_mut().zip(&again) {
            *silent &= value.is_none_or(|value| value == 0);
        }
        for one in 0..count {
            for other in one + 1..count {
                let (Some(a), Some(b), Some(a2), Some(b2)) = (values[one], values[other], again[one], again[other])
                else {
                    continue;
                };
                let pair = &mut look.pairs[one][other];
                // Read at about the same time if the one lies between the two readings of the other.
                pair.close += usize::from(a <= b2.saturating_add(CLOSE) && b <= a2.saturating_add(CLOSE));
                pair.apart |= a2.abs_diff(b2) > APART && a.abs_diff(b) > APART;
                pair.moved |=
                    first[one].is_some_and(|first| first != a2) && first[other].is_some_and(|first| first != b2);
            }
        }
        let pairs = (0..count).flat_map(|one| (one + 1..count).map(move |other| (one, other)));
        if !look.silent.contains(&true) && pairs.into_iter().all(|(one, other)| look.pairs[one][other].decided()) {
            break;
        }
        sleep(PAUSE);
    }
    look
}
