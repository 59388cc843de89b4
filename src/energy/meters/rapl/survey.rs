//! Everything here that counts the energy of processors and memory, whether it can be read or not.

use crate::energy::units::{DomainKind, PowerDomain};

/// A counter that is shown: a zone of the powercap tree, or a perf event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FoundCounter {
    pub(crate) domain: PowerDomain,
    /// The zone's folder or the perf event, for people.
    pub(crate) place: String,
    pub(crate) state: CounterState,
}

/// What becomes of a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CounterState {
    /// It is read.
    Counted { sampling: String, note: Option<String> },
    /// It is there and cannot be read.
    Closed { reason: String, remedy: String },
    /// It is shown and does not count.
    Silent { reason: String },
    /// It is part of, or contains, or shows again what others count.
    Within { of: String },
}

impl FoundCounter {
    /// The kernel's number of the processor package, as `physical id` in `/proc/cpuinfo`; of a package or its memory,
    /// where the name tells it.
    pub(crate) fn package(&self) -> Option<u32> {
        match self.domain.kind {
            DomainKind::Cpu | DomainKind::Dram => {
                let digits: String =
                    self.domain.id.split_once('-')?.1.chars().take_while(char::is_ascii_digit).collect();
                digits.parse().ok()
            }
            DomainKind::Gpu | DomainKind::Accelerator | DomainKind::Platform => None,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.state, CounterState::Closed { .. })
    }

    pub(crate) fn is_counted(&self) -> bool {
        matches!(self.state, CounterState::Counted { .. })
    }
}

#[cfg(test)]
mod tests;
