//! A counter in a plan, and the words that join what both ways say of it.

use super::counter::RaplCounter;
use super::survey::{CounterState, FoundCounter};
use crate::energy::units::DomainKind;

/// A counter that is shown, open if it is to be read.
#[derive(Debug)]
pub(super) struct PlannedCounter {
    pub(super) found: FoundCounter,
    pub(super) counter: Option<Box<dyn RaplCounter>>,
}

impl PlannedCounter {
    pub(super) fn said(found: FoundCounter) -> Self {
        Self { found, counter: None }
    }

    pub(super) fn rename(&mut self, id: String) {
        self.found.domain.id = id;
        if let Some(counter) = &mut self.counter {
            counter.rename(&self.found.domain);
        }
    }

    /// Whether it is of the processors and their memory.
    pub(super) fn counts(&self) -> bool {
        self.is(DomainKind::Cpu) || self.is(DomainKind::Dram)
    }

    /// Whether it is the platform's counter, and not of a zone that nobody knows.
    pub(super) fn is_platform(&self) -> bool {
        self.is(DomainKind::Platform) && self.found.domain.id.starts_with("psys")
    }

    pub(super) fn is(&self, kind: DomainKind) -> bool {
        self.found.domain.kind == kind
    }
}

/// An event, because the tree is closed.
pub(super) fn because(mut planned: PlannedCounter, masked: &str) -> PlannedCounter {
    match &mut planned.found.state {
        CounterState::Counted { sampling, note } => {
            let why = format!("by {sampling}, because of {masked}");
            *note = Some(note.take().map_or(why.clone(), |note| format!("{why}; {note}")));
        }
        CounterState::Closed { reason, .. } => *reason = both(masked, reason),
        CounterState::Silent { .. } | CounterState::Within { .. } => {}
    }
    planned
}

/// Why neither way is open.
pub(super) fn both(masked: &str, denied: &str) -> String {
    format!("{masked}; nor by perf events: {denied}")
}

/// What opens the one way or the other.
pub(super) fn either(masked: &str, denied: &str) -> String {
    match (masked, denied) {
        (one, "") | ("", one) => one.to_owned(),
        _ => format!("{masked}; or {denied}"),
    }
}
