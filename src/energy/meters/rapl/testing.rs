//! The event source `power` for tests: its folder, and the counters behind it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::perf::{Count, Counting, Opener};
use super::source::Sysfs;
use crate::energy::system::clock::testing::ManualClock;

/// A powercap tree in a temporary folder.
pub(crate) struct PowercapTree {
    folder: TempDir,
}

impl PowercapTree {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Adds or changes a zone, given by its path such as `intel-rapl:0/intel-rapl:0:1`.
    pub(crate) fn zone(&self, path: &str, name: &str, energy_uj: u64, range_uj: u64) -> &Self {
        let zone = self.root().join(path);
        fs::create_dir_all(&zone).unwrap();
        fs::write(zone.join("name"), format!("{name}\n")).unwrap();
        fs::write(zone.join("max_energy_range_uj"), format!("{range_uj}\n")).unwrap();
        self.set(path, energy_uj)
    }

    pub(crate) fn set(&self, path: &str, energy_uj: u64) -> &Self {
        fs::write(self.root().join(path).join("energy_uj"), format!("{energy_uj}\n")).unwrap();
        self
    }

    /// A folder in place of a file: nobody can read it, not even root.
    pub(crate) fn close(&self, file: &str) -> &Self {
        let path = self.root().join(file);
        let _ = fs::remove_file(&path);
        fs::create_dir(path).unwrap();
        self
    }

    pub(crate) fn garble(&self, path: &str) -> &Self {
        fs::write(self.root().join(path).join("energy_uj"), "").unwrap();
        self
    }
}

/// A machine whose kernel counts `energy-pkg` (event 2) and `energy-ram` (event 3), as far as it is told to.
pub(crate) struct PowerEvents {
    folder: TempDir,
    state: Arc<Mutex<FakeEvents>>,
}

#[derive(Debug, Default)]
struct FakeEvents {
    /// Since the machine started, by event.
    counts: BTreeMap<u64, u64>,
    enabled: Duration,
    running: Duration,
    offline: Vec<u32>,
    refused: Option<i32>,
    refused_configs: Vec<u64>,
    spoilt: bool,
    /// Counts that memory gains with each look, while time passes.
    by_itself: Option<u64>,
}

impl PowerEvents {
    /// With this `cpumask`, and processors as (number, package, die).
    pub(crate) fn new(cpumask: &str, processors: &[(u32, u32, u32)]) -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap(), state: Arc::default() };
        machine.write("type", "9").write("cpumask", cpumask).write("format/event", "config:0-7").vendor("GenuineIntel");
        for (name, event) in [("energy-pkg", "event=0x02"), ("energy-ram", "event=0x03"), ("energy-psys", "event=0x05")]
        {
            machine.write(&format!("events/{name}"), event).write(&format!("events/{name}.unit"), "Joules");
            machine.write(&format!("events/{name}.scale"), "2.3283064365386962890625e-10");
        }
        for (cpu, package, die) in processors {
            let topology = machine.folder.path().join(format!("sys/devices/system/cpu/cpu{cpu}/topology"));
            fs::create_dir_all(&topology).unwrap();
            fs::write(topology.join("physical_package_id"), format!("{package}\n")).unwrap();
            fs::write(topology.join("die_id"), format!("{die}\n")).unwrap();
        }
        machine
    }

    pub(crate) fn sysfs(&self) -> Sysfs {
        Sysfs { sys: self.folder.path().join("sys"), proc: self.folder.path().join("proc") }
    }

    pub(crate) fn opener(&self) -> Arc<dyn Opener> {
        Arc::new(FakeKernel(Arc::clone(&self.state)))
    }

    fn state(&self) -> std::sync::MutexGuard<'_, FakeEvents> {
        self.state.lock().unwrap()
    }

    /// Writes a file of the source's folder.
    pub(crate) fn write(&self, file: &str, text: &str) -> &Self {
        let path = self.sysfs().sys.join("bus/event_source/devices/power").join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
        self
    }

    pub(crate) fn remove(&self, file: &str) -> &Self {
        fs::remove_file(self.sysfs().sys.join("bus/event_source/devices/power").join(file)).unwrap();
        self
    }

    pub(crate) fn vendor(&self, vendor: &str) -> &Self {
        fs::create_dir_all(self.sysfs().proc).unwrap();
        fs::write(self.sysfs().proc.join("cpuinfo"), format!("processor\t: 0\nvendor_id\t: {vendor}\n")).unwrap();
        self
    }

    /// Packages spend this many counts in some seconds, and memory an eighth of that.
    pub(crate) fn pass(&self, clock: &ManualClock, seconds: f64, counts: u64) {
        clock.advance(seconds);
        let mut state = self.state();
        *state.counts.entry(2).or_default() += counts;
        *state.counts.entry(3).or_default() += counts / 8;
        state.enabled += Duration::from_secs_f64(seconds);
        state.running += Duration::from_secs_f64(seconds);
    }

    /// For so long of the time that has passed, nothing was counted.
    pub(crate) fn pause(&self, seconds: f64) {
        let mut state = self.state();
        state.running = state.running.saturating_sub(Duration::from_secs_f64(seconds));
    }

    pub(crate) fn offline(&self, cpu: u32) {
        self.state().offline.push(cpu);
    }

    /// From now on nobody may open an event.
    pub(crate) fn refuse(&self, errno: i32) {
        self.state().refused = Some(errno);
    }

    pub(crate) fn refuse_config(&self, config: u64) {
        self.state().refused_configs.push(config);
    }

    /// From now on time passes with each look, and memory gains so many counts.
    pub(crate) fn run_by_itself(&self, counts: u64) {
        self.state().by_itself = Some(counts);
    }

    pub(crate) fn spoil(&self, spoilt: bool) {
        self.state().spoilt = spoilt;
    }
}

#[derive(Debug)]
struct FakeKernel(Arc<Mutex<FakeEvents>>);

impl Opener for FakeKernel {
    fn open(&self, source: u32, config: u64, cpu: u32) -> io::Result<Box<dyn Counting>> {
        let state = self.0.lock().unwrap();
        let refused = state.refused.or(state.refused_configs.contains(&config).then_some(libc::EINVAL));
        let refused = refused.or(state.offline.contains(&cpu).then_some(libc::ENODEV));
        if let Some(errno) = refused {
            return Err(io::Error::from_raw_os_error(errno));
        }
        assert_eq!(source, 9);
        let origin = Count {
            counts: state.counts.get(&config).copied().unwrap_or(0),
            enabled: state.enabled,
            running: state.running,
        };
        drop(state);
        Ok(Box::new(FakeCounting { state: Arc::clone(&self.0), config, cpu, origin, last: Count::default() }))
    }
}

#[derive(Debug)]
struct FakeCounting {
    state: Arc<Mutex<FakeEvents>>,
    config: u64,
    cpu: u32,
    /// What the machine showed when this event was opened.
    origin: Count,
    last: Count,
}

impl Counting for FakeCounting {
    fn read(&mut self) -> io::Result<Count> {
        let mut state = self.state.lock().unwrap();
        if let Some(counts) = state.by_itself {
            *state.counts.entry(3).or_default() += counts;
            state.enabled += Duration::from_millis(2);
            state.running += Duration::from_millis(2);
        }
        if state.spoilt {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // An event whose processor is gone goes on showing its last value.
        if !state.offline.contains(&self.cpu) {
            self.last = Count {
                counts: state.counts.get(&self.config).copied().unwrap_or(0) - self.origin.counts,
                enabled: state.enabled - self.origin.enabled,
                running: state.running - self.origin.running,
            };
        }
        Ok(self.last)
    }
}

/// What a counter shows after so many seconds, in microjoules.
pub(crate) type Shows = Box<dyn Fn(f64) -> u64 + Send>;

/// Counters of a powercap tree that go on in real time, as the kernel's do.
pub(crate) struct Alive {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Alive {
    /// Each zone shows what its function gives for the seconds since now, in microjoules.
    pub(crate) fn start(tree: &PowercapTree, zones: Vec<(&str, Shows)>) -> Self {
        let open = |zone: &str| {
            let path = tree.root().join(zone).join("energy_uj");
            fs::OpenOptions::new().write(true).create(true).truncate(false).open(path).unwrap()
        };
        let zones: Vec<_> = zones.into_iter().map(|(zone, shows)| (open(zone), shows)).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&stop);
        let began = Instant::now();
        let write = move || {
            let seconds = began.elapsed().as_secs_f64();
            for (file, shows) in &zones {
                // In place and of one width: a reader never sees a part of it.
                file.write_at(format!("{:<20}\n", shows(seconds)).as_bytes(), 0).unwrap();
            }
        };
        write();
        let thread = thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                write();
                thread::sleep(Duration::from_millis(1));
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().unwrap();
    }
}

/// A counter that gains so many watts from `start`, in microjoules.
pub(crate) fn gaining(start: u64, watts: f64) -> Shows {
    Box::new(move |seconds| start + (seconds * watts * 1e6) as u64)
}
