//! The ways to the counters of processors, and what may be in them.

use std::path::PathBuf;
use std::sync::Arc;

use super::perf::{Kernel, Opener};
use super::source::Sysfs;

/// Where the counters may be found.
#[derive(Debug, Clone)]
pub(crate) struct RaplWays {
    /// The powercap tree.
    pub(crate) powercap: PathBuf,
    pub(super) sysfs: Sysfs,
    pub(super) opener: Arc<dyn Opener>,
    /// Whether the tree is that of the machine that describes itself there; else nothing there tells of the tree's counters.
    pub(super) one_machine: bool,
}

impl RaplWays {
    /// Those of a machine that describes itself at `sys` and `proc`.
    pub(crate) fn new(powercap: PathBuf, sys: PathBuf, proc: PathBuf) -> Self {
        let one_machine = powercap.starts_with(&sys);
        Self { powercap, sysfs: Sysfs { sys, proc }, opener: Arc::new(Kernel), one_machine }
    }
}

#[cfg(test)]
impl RaplWays {
    pub(crate) fn of(powercap: &std::path::Path, machine: &super::testing::PowerEvents) -> Self {
        Self { powercap: powercap.to_owned(), sysfs: machine.sysfs(), opener: machine.opener(), one_machine: true }
    }

    /// The powercap tree alone.
    pub(crate) fn files(powercap: &std::path::Path) -> Self {
        let nowhere = powercap.join("nowhere");
        Self::new(powercap.to_owned(), nowhere.clone(), nowhere)
    }
}
