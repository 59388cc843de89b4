//! Whether counters that change all the time still do after an edge.

use std::time::Duration;

use super::readers::Wanted;
use super::{Mark, Session, Usage};

/// How long a counter that changes all the time is given to show that it goes on after an edge; and how often it is
/// asked.
const CONFIRMING: Duration = Duration::from_millis(300);
const CONFIRM_EVERY: Duration = Duration::from_millis(2);

impl Session {
    /// Waits until the counters in use that change all the time were seen to go on after an edge: some milliseconds, or a
    /// quarter of a second where one hangs.
    pub(super) fn confirm(&self, mark: &Mark, usage: &Usage) {
        let shared = self.shared();
        if self.poller.thread.is_none() || mark.session != shared.id {
            return;
        }
        let (chosen, _) = shared.select(usage);
        let moving = || {
            let state = shared.lock();
            chosen.iter().all(|index| state.tracks[*index].is_confirmed(mark.moment))
        };
        for _ in 0..CONFIRMING.as_millis() / CONFIRM_EVERY.as_millis() {
            if moving() {
                break;
            }
            shared.read(Wanted::Fast);
            if moving() {
                break;
            }
            shared.clock().sleep(CONFIRM_EVERY);
        }
    }
}
