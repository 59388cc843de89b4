//! Where nothing can be measured: CPU time times a stated figure of watts.

use std::path::Path;
use std::time::Duration;

use rustix::param::clock_ticks_per_second;

use super::clock::Clock;
use super::error::EnergyError;
use super::meter::{Meter, Reading, Source};
use super::process_tree::ProcessTree;
use super::units::{Domain, DomainKind, Method};
use super::watts::Figure;

/// The CPU time of a process tree, as energy.
#[derive(Debug)]
pub(crate) struct EstimateMeter {
    tree: ProcessTree,
    watts_per_core: f64,
    source: [Source; 1],
}

impl EstimateMeter {
    /// The meter of all descendants of the process `root`, and of itself if `with_root`, by `/proc` at `proc`; `figure` is
    /// what a busy logical processor draws.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Setting`] if `figure` is not a positive number, [`EnergyError::Unavailable`] if there is no
    /// such process or no `/proc`.
    pub(crate) fn open(proc: &Path, root: u32, with_root: bool, figure: &Figure) -> Result<Self, EnergyError> {
        let Figure { watts: watts_per_core, ref origin } = *figure;
        if !(watts_per_core > 0.0 && watts_per_core <= 1000.0) {
            return Err(EnergyError::Setting {
                setting: "watts_per_core",
                value: watts_per_core,
                expected: "above 0 and at most 1000",
            });
        }
        let tick = 1_000_000 / clock_ticks_per_second().max(1);
        let tree =
            ProcessTree::open(proc.to_owned(), root, tick, with_root).map_err(|error| EnergyError::Unavailable {
                meter: "estimate",
                reason: format!("the CPU time of process {root} cannot be read: {error}"),
                remedy: "it needs Linux with /proc mounted".to_owned(),
            })?;
        let source = Source {
            domain: Domain { kind: DomainKind::Cpu, id: "processes".to_owned() },
            method: Method::Estimate,
            sampling: format!(
                "CPU time of the processes, times {watts_per_core} W per busy logical processor ({origin})"
            ),
            // The clocks count microseconds, but of a process that is running the kernel tells those up to the last tick of
            // its scheduler, 1 to 10 ms ago, or up to its last system call that waited. Short windows carry a note.
            resolution: Duration::from_millis(1),
        };
        Ok(Self { tree, watts_per_core, source: [source] })
    }
}

impl Meter for EstimateMeter {
    fn name(&self) -> &'static str {
        "estimate"
    }

    fn sources(&self) -> &[Source] {
        &self.source
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let domain = || self.source[0].domain.clone();
        let reading = match self.tree.advance() {
            Ok(microseconds) => Ok(Reading {
                at: clock.now(),
                microjoules: (microseconds as f64 * self.watts_per_core).round() as u64,
                segment: 0,
            }),
            Err(error) => Err(EnergyError::Read { domain: domain(), reason: error.to_string() }),
        };
        vec![reading]
    }
}
