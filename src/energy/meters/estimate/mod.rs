//! Where nothing can be measured: CPU time times a stated figure of watts.

pub(crate) mod watts;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use rustix::param::clock_ticks_per_second;

use super::meter::{EnergySource, Meter, Reading, Shares};
use crate::energy::error::EnergyError;
use crate::energy::system::clock::Clock;
use crate::energy::system::process_tree::ProcessTree;
use crate::energy::units::{DomainKind, Method, PowerDomain};
use watts::WattsPerCore;

/// How often processes are looked at whose last moments nobody tells.
const LOOK: Duration = Duration::from_millis(20);

/// How long programs are looked at so often from the beginning on, to see what they are like.
const EARLY: Duration = Duration::from_secs(2);

/// Looks take no more than this part of the time, however many processes there are.
const PART: u32 = 20;

/// The CPU time of a process tree, as energy.
#[derive(Debug)]
pub(crate) struct EstimateMeter {
    tree: Arc<Mutex<WatchedTree>>,
    watts_per_core: f64,
    source: [EnergySource; 1],
}

#[derive(Debug)]
struct WatchedTree {
    tree: ProcessTree,
    /// Whether a thread looks at it.
    by_thread: bool,
    /// Whether there is anything to see for one: trees of tests change when the test says so.
    is_real: bool,
}

impl EstimateMeter {
    /// The meter of all descendants of the process `root`, and of itself if `with_root`, by `/proc` at `proc`; `figure` is
    /// what a busy logical processor draws.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Setting`] if `figure` is not a positive number, [`EnergyError::Unavailable`] if there is no
    /// such process or no `/proc`.
    pub(crate) fn open(proc: &Path, root: u32, with_root: bool, figure: &WattsPerCore) -> Result<Self, EnergyError> {
        let WattsPerCore { watts: watts_per_core, ref origin } = *figure;
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
                alternative: None,
            })?;
        let source = EnergySource {
            domain: PowerDomain { kind: DomainKind::Cpu, id: "processes".to_owned() },
            method: Method::Estimate,
            sampling: format!(
                "CPU time of the processes, times {watts_per_core} W per busy logical processor ({origin})"
            ),
            // The clocks count microseconds. Of a process that is running the kernel tells those up to the last tick of
            // its scheduler, 1 to 10 ms ago. Or it tells those up to its last system call that waited. Short windows
            // carry a note.
            resolution: Duration::from_millis(1),
        };
        let tree = WatchedTree { tree, by_thread: false, is_real: proc == Path::new("/proc") };
        let meter = Self { tree: Arc::new(Mutex::new(tree)), watts_per_core, source: [source] };
        if !with_root {
            meter.watch(EARLY);
        }
        Ok(meter)
    }

    /// Has a thread look at the processes often: for so long, and for as long as there are some that do not wait for their children.
    fn watch(&self, at_least: Duration) {
        let mut tree = locked(&self.tree);
        if tree.by_thread || !tree.is_real {
            return;
        }
        let weak = Arc::downgrade(&self.tree);
        let thread = thread::Builder::new().name("processes".to_owned());
        // Without one, more of them goes unseen, and that is told.
        tree.by_thread = thread.spawn(move || look(&weak, at_least)).is_ok();
    }
}

fn look(tree: &Weak<Mutex<WatchedTree>>, at_least: Duration) {
    let begun = Instant::now();
    let mut pause = LOOK;
    loop {
        thread::sleep(pause);
        let Some(tree) = tree.upgrade() else { return };
        let mut tree = locked(&tree);
        let look = Instant::now();
        if tree.tree.advance().is_err() || (begun.elapsed() > at_least && !tree.tree.loses()) {
            tree.by_thread = false;
            return;
        }
        pause = LOOK.max(look.elapsed() * PART);
    }
}

fn locked(tree: &Mutex<WatchedTree>) -> std::sync::MutexGuard<'_, WatchedTree> {
    tree.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Meter for EstimateMeter {
    fn name(&self) -> &'static str {
        "estimate"
    }

    fn sources(&self) -> &[EnergySource] {
        &self.source
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let domain = || self.source[0].domain.clone();
        let (time, loses) = {
            let mut tree = locked(&self.tree);
            (tree.tree.advance(), tree.tree.loses())
        };
        if loses {
            self.watch(Duration::ZERO);
        }
        let reading = match time {
            Ok(microseconds) => Ok(Reading {
                at: clock.now(),
                microjoules: (microseconds as f64 * self.watts_per_core).round() as u64,
                segment: 0,
            }),
            Err(error) => Err(EnergyError::Read { domain: domain(), reason: error.to_string() }),
        };
        vec![reading]
    }

    fn shares(&self) -> Vec<Shares> {
        let tree = locked(&self.tree);
        let sd = tree.tree.unseen() as f64 * 1e-6 * self.watts_per_core;
        vec![Shares { sd, unwaited: tree.tree.unwaited(), ..Shares::default() }]
    }
}
