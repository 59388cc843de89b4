//! Where the threads that watch a process leave what happens to it, until its owner asks.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Stamp;
use super::process::ProcessEvent;

/// So many bytes of lines may wait; whoever writes more is held back.
const CAPACITY: usize = 4 << 20;

/// A bounded queue of lines. The end of the process needs no room in it, and is told before the lines that wait.
#[derive(Debug, Default)]
pub(super) struct Mailbox {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<ProcessEvent>,
    bytes: usize,
    exited: Option<Stamp>,
    closed: bool,
    abandoned: bool,
}

impl State {
    fn next(&mut self) -> Option<ProcessEvent> {
        if let Some(at) = self.exited.take() {
            return Some(ProcessEvent::Exited { at });
        }
        if let Some(line) = self.lines.pop_front() {
            self.bytes -= cost(&line);
            return Some(line);
        }
        std::mem::take(&mut self.closed).then_some(ProcessEvent::Closed)
    }
}

impl Mailbox {
    /// Adds a line as soon as there is room. `false` when nobody will ever read it.
    pub(super) fn put(&self, line: ProcessEvent) -> bool {
        let mut state = self
            .changed
            .wait_while(self.lock(), |state| state.bytes >= CAPACITY && !state.abandoned)
            .unwrap_or_else(PoisonError::into_inner);
        if !state.abandoned {
            state.bytes += cost(&line);
            state.lines.push_back(line);
            self.changed.notify_all();
        }
        !state.abandoned
    }

    /// There will be no more lines.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// The process has ended.
    pub(super) fn exit(&self, at: Stamp) {
        self.lock().exited = Some(at);
        self.changed.notify_all();
    }

    /// Nobody will read any more: lets go whoever waits for room.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.abandoned = true;
        state.lines = VecDeque::new();
        self.changed.notify_all();
    }

    /// The next event, or `None` if there was none within `patience`.
    pub(super) fn next(&self, patience: Duration) -> Option<ProcessEvent> {
        let nothing = |state: &mut State| state.exited.is_none() && state.lines.is_empty() && !state.closed;
        let waited = self.changed.wait_timeout_while(self.lock(), patience, nothing);
        let event = waited.unwrap_or_else(PoisonError::into_inner).0.next();
        self.changed.notify_all();
        event
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn cost(line: &ProcessEvent) -> usize {
    let (ProcessEvent::Line { text, .. } | ProcessEvent::Overlong { begin: text, .. }) = line else { return 0 };
    text.len() + size_of::<ProcessEvent>()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    const NOW: Stamp = Stamp(0.0);

    fn line(text: &str) -> ProcessEvent {
        ProcessEvent::Line { text: text.to_owned(), at: NOW }
    }

    fn fill(mailbox: &Mailbox) -> usize {
        for _ in 0..4 {
            assert!(mailbox.put(line(&"x".repeat(CAPACITY / 4))));
        }
        4
    }

    #[test]
    fn the_end_passes_a_full_queue_and_the_lines_follow_in_order() {
        let mailbox = Arc::new(Mailbox::default());
        let full = fill(&mailbox);
        let writer = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || {
                assert!(mailbox.put(line("last")), "there is a reader");
                mailbox.close();
            }
        });
        mailbox.exit(NOW);
        assert_eq!(mailbox.next(Duration::MAX), Some(ProcessEvent::Exited { at: NOW }));
        for _ in 0..full {
            assert!(matches!(mailbox.next(Duration::MAX), Some(ProcessEvent::Line { .. })));
        }
        assert_eq!(mailbox.next(Duration::MAX), Some(line("last")));
        assert_eq!(mailbox.next(Duration::MAX), Some(ProcessEvent::Closed));
        assert_eq!(mailbox.next(Duration::ZERO), None, "all is told once");
        writer.join().unwrap();
    }

    #[test]
    fn a_writer_held_back_is_let_go_when_nobody_reads_any_more() {
        let mailbox = Arc::new(Mailbox::default());
        fill(&mailbox);
        let writer = thread::spawn({
            let mailbox = Arc::clone(&mailbox);
            move || mailbox.put(line("too much"))
        });
        mailbox.abandon();
        assert!(!writer.join().unwrap());
    }
}
