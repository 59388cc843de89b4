//! Bursts: when counters that tick slowly are sampled at a higher rate, around the edges of windows.

use std::time::Duration;

use crate::energy::system::clock::Moment;

/// How often that is.
pub(crate) const EVERY: Duration = Duration::from_millis(10);

/// How often after an edge that is taken as it happens: for half a second. The two ticks after the edge need 0.2 s; the
/// rest is for an edge that opens a piece of work. The work may set up for a moment before its own edge, and the ticks
/// before that are needed.
pub(crate) const OPENING: u32 = 50;

/// How often after an edge that was stamped elsewhere, within a piece of work.
pub(crate) const PASSING: u32 = 25;

/// Edges that follow one another with no more than this between them are a row. Epochs of a second are none.
const ROW: Duration = Duration::from_millis(900);

/// So long into a row readings are frequent. After that the edges are the epochs of a long training, which must not be
/// disturbed.
const LONGEST: Duration = Duration::from_secs(2);

/// Counts the readings that are left of a burst, and keeps bursts rare where edges are frequent.
#[derive(Debug, Default)]
pub(crate) struct Bursts {
    left: u32,
    /// Somebody sets up, and what comes before his next edge is wanted too.
    opening: bool,
    /// The first and the last edge of the row under way.
    row: Option<(Moment, Moment)>,
}

impl Bursts {
    /// An edge was taken at `now` that wants so many readings; says whether a burst begins that was not under way.
    pub(crate) fn ask(&mut self, now: Moment, readings: u32) -> bool {
        let first = match self.row {
            Some((first, last)) if now.since(last) <= ROW => first,
            _ => now,
        };
        self.row = Some((first, now));
        if now.since(first) > LONGEST {
            return false;
        }
        let begins = self.left == 0;
        self.left = self.left.max(readings);
        self.opening |= readings == OPENING;
        begins
    }

    /// The next edge begins a row.
    pub(crate) fn renew(&mut self) {
        self.row = None;
    }

    /// All edges are known. What was only for them ends.
    pub(crate) fn settle(&mut self) {
        if !self.opening {
            self.left = 0;
        }
    }

    /// Whether a burst is under way.
    pub(crate) fn is_on(&self) -> bool {
        self.left > 0
    }

    /// Takes one reading of the burst, if there is one left.
    pub(crate) fn take(&mut self) -> bool {
        let on = self.is_on();
        self.left = self.left.saturating_sub(1);
        self.opening &= self.is_on();
        on
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::system::testing::moment;

    /// How many readings edges `gap` seconds apart get until `end`, if all are made that are asked for.
    fn readings(gap: f64, end: f64, renew: bool) -> u32 {
        let (mut bursts, mut count, mut next) = (Bursts::default(), 0, 0.0);
        for step in 0..(end * 100.0) as u32 {
            let now = f64::from(step) * 0.01;
            if now >= next {
                bursts.ask(moment(now), OPENING);
                if renew {
                    bursts.renew();
                }
                next += gap;
            }
            count += u32::from(bursts.take());
        }
        count
    }

    #[test]
    fn an_edge_is_followed_by_half_a_second_of_readings() {
        assert_eq!(readings(1e9, 5.0, false), OPENING);
        assert_eq!(readings(1.5, 5.9, false), 4 * OPENING, "far enough apart, each edge is");
    }

    #[test]
    fn the_epochs_of_a_long_training_are_left_alone_after_a_while() {
        assert!(readings(0.2, 600.0, false) <= 251);
        assert!(readings(0.2, 600.0, true) > 50_000, "but trials that short are not");
    }

    #[test]
    fn only_the_beginning_of_a_burst_wakes_the_reader() {
        let mut bursts = Bursts::default();
        assert!(!bursts.is_on() && !bursts.take());
        assert!(bursts.ask(moment(1.0), PASSING));
        assert!(!bursts.ask(moment(1.1), OPENING));
        assert_eq!(
            std::iter::from_fn(|| bursts.take().then_some(())).count(),
            OPENING as usize,
            "the longer one counts"
        );
        assert!(bursts.ask(moment(1.7), PASSING));
        bursts.settle();
        assert!(!bursts.is_on(), "the next ticks were seen");
        assert!(bursts.ask(moment(1.9), OPENING));
        bursts.settle();
        assert!(bursts.is_on(), "somebody sets up");
    }
}
