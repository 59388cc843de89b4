//! What a program lets a study do to its process, and how it stops it.

use crate::study::{Interrupt, Stops};

/// What a program lets a study do to its process, and how it stops it. By default a study leaves the process as it is.
///
/// A study catches no signals. What Ctrl-C does to a program that does not care is to end it at once: the kernel then ends the
/// trial's program too, and the next run counts the trial as lost, to be tried again. To end in good order instead, let a handler
/// or another thread call [`Interrupt::raise`] on what [`interrupt`](Self::interrupt) gives.
///
/// Limits of GPUs (`power_limit`, `sm_clock`) that a study has set outlive a process that is ended at once. A handler that ends it
/// calls [`restore_limits_and_end`](crate::energy::restore_limits_and_end), which puts them back first.
///
/// A program that is ignored `SIGCHLD` for cannot learn how the programs of trials end: whoever runs a study leaves `SIGCHLD` at
/// its default.
#[derive(Debug, Clone, Default)]
pub struct ProcessControl {
    pub(crate) interrupt: Interrupt,
    pub(crate) stops: Stops,
    pub(crate) guardian: Vec<String>,
    pub(crate) adopts_orphans: bool,
}

impl ProcessControl {
    /// The wish to stop, shared with whoever has a clone of it, such as another thread.
    #[must_use]
    pub fn interrupt(&self) -> Interrupt {
        self.interrupt.clone()
    }

    /// The same, to be stopped by this.
    #[must_use]
    pub fn stopped_by(self, interrupt: Interrupt) -> Self {
        Self { interrupt, ..self }
    }

    /// The same, with times in which the process stood still as this is told of them.
    #[must_use]
    pub fn with_stops(self, stops: Stops) -> Self {
        Self { stops, ..self }
    }

    /// The same, with a guardian: a process that ends what the trials have started, should this one be killed. `command` starts a
    /// program that calls [`become_guardian`](crate::evaluation::become_guardian) and then [`guard`](crate::evaluation::guard) on
    /// its standard input.
    #[must_use]
    pub fn guarded_by(self, command: Vec<String>) -> Self {
        Self { guardian: command, ..self }
    }

    /// The same, with orphans of a trial's program as children of this process, so that an estimate counts their processor time.
    /// That holds for all orphans among its descendants, and to the end of the process, which has to wait for them.
    #[must_use]
    pub fn adopting_orphans(self) -> Self {
        Self { adopts_orphans: true, ..self }
    }
}
