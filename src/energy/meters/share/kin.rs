//! Which of the processes on a device are ours.

use std::collections::HashMap;
use std::time::Duration;

use crate::energy::system::clock::Moment;
use crate::energy::system::process_tree::Descendants;

/// For so long it is known whose a process was that has ended: what it computed is told up to a second later.
const REMEMBERED: Duration = Duration::from_secs(10);

/// The processes of one family, and those that have ended of late.
#[derive(Debug)]
pub(crate) struct Kin {
    descendants: Descendants,
    known: HashMap<u32, (bool, Moment)>,
}

impl Kin {
    pub(crate) fn new(descendants: Descendants) -> Self {
        Self { descendants, known: HashMap::new() }
    }

    /// Whether the process is ours; `None` if this system does not show it and has not of late.
    pub(crate) fn has(&mut self, pid: u32, now: Moment) -> Option<bool> {
        match self.descendants.has(pid) {
            Some(ours) => {
                self.known.insert(pid, (ours, now));
                Some(ours)
            }
            None => self.known.get(&pid).filter(|(_, at)| now.since(*at) <= REMEMBERED).map(|(ours, _)| *ours),
        }
    }

    /// Forgets who ended long ago.
    pub(crate) fn forget(&mut self, now: Moment) {
        self.known.retain(|_, (_, at)| now.since(*at) <= REMEMBERED);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::system::testing::{FakeProc, moment};

    #[test]
    fn a_process_that_ended_is_whose_it_was_for_a_while() {
        let proc = FakeProc::new();
        proc.process(1, 0, 0, 0).process(10, 1, 0, 0).process(11, 10, 0, 0).process(20, 1, 0, 0);
        let mut kin = Kin::new(Descendants::new(proc.root().to_owned(), 10));
        let mut look = |at: f64| [11, 20, 99].map(|pid| kin.has(pid, moment(at)));
        assert_eq!(look(1.0), [Some(true), Some(false), None]);
        proc.end(11).end(20);
        assert_eq!(look(5.0), [Some(true), Some(false), None]);
        assert_eq!(look(12.0), [None, None, None], "by then the number may be another's");
        kin.forget(moment(20.0));
        assert!(kin.known.is_empty());
    }
}
