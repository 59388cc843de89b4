//! Hardware for tests: trees of files and a library, driven by a clock that the test turns.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::clock::{Clock, Moment};
use super::error::EnergyError;
use super::meter::{Meter, Reading, Source};
use super::units::{Domain, DomainKind, Method};

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

/// A `/proc` in a temporary folder.
pub(crate) struct FakeProc {
    folder: TempDir,
}

impl FakeProc {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// A process with its own user time and that of the children it waited for, in ticks.
    pub(crate) fn process(&self, pid: u32, parent: u32, own: u64, waited: u64) -> &Self {
        let folder = self.root().join(pid.to_string());
        fs::create_dir_all(&folder).unwrap();
        let start = u64::from(pid) * 7;
        let text = format!(
            "{pid} (a (tricky) name) S {parent} 1 1 0 -1 0 0 0 0 0 {own} 0 {waited} 0 20 0 1 0 {start} 0 0 0 0 0\n"
        );
        fs::write(folder.join("stat"), text).unwrap();
        self
    }

    /// The same of one that ignores the ends of its children.
    pub(crate) fn ignoring(&self, pid: u32, parent: u32, own: u64, waited: u64) -> &Self {
        let stat = self.process(pid, parent, own, waited).root().join(format!("{pid}/stat"));
        let text = fs::read_to_string(&stat).unwrap();
        fs::write(stat, format!("{} 0 0 0 0 0 {} 0\n", text.trim_end(), 1 << (libc::SIGCHLD - 1))).unwrap();
        self
    }

    /// What the kernel lists as the children of a process with one thread.
    pub(crate) fn children(&self, pid: u32, children: &str) -> &Self {
        let thread = self.root().join(format!("{pid}/task/{pid}"));
        fs::create_dir_all(&thread).unwrap();
        fs::write(thread.join("children"), children).unwrap();
        self
    }

    pub(crate) fn end(&self, pid: u32) -> &Self {
        fs::remove_dir_all(self.root().join(pid.to_string())).unwrap();
        self
    }
}

/// A meter of one GPU that shows what it is told to.
#[derive(Debug)]
pub(crate) struct ScriptedMeter {
    sources: Vec<Source>,
    pub(crate) next: std::sync::Arc<std::sync::Mutex<Result<(u64, u64), EnergyError>>>,
}

impl ScriptedMeter {
    pub(crate) fn new(id: &str) -> Self {
        let domain = Domain { kind: DomainKind::Gpu, id: id.to_owned() };
        let resolution = std::time::Duration::from_millis(100);
        let sources = vec![Source { domain, method: Method::Counter, sampling: "scripted".to_owned(), resolution }];
        Self { sources, next: std::sync::Arc::new(std::sync::Mutex::new(Ok((0, 0)))) }
    }

    pub(crate) fn with_method(mut self, method: Method) -> Self {
        self.sources[0].method = method;
        self
    }

    pub(crate) fn with_resolution(mut self, resolution: std::time::Duration) -> Self {
        self.sources[0].resolution = resolution;
        self
    }
}

impl Meter for ScriptedMeter {
    fn name(&self) -> &'static str {
        "scripted"
    }

    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let next = self.next.lock().unwrap().clone();
        vec![next.map(|(microjoules, segment)| Reading { at: clock.now(), microjoules, segment })]
    }
}

pub(crate) fn moment(seconds: f64) -> Moment {
    Moment::from_monotonic_seconds(seconds).unwrap()
}

#[cfg(feature = "nvml")]
pub(crate) use fake_nvml::FakeNvml;

#[cfg(feature = "nvml")]
mod fake_nvml {
    use std::collections::BTreeMap;
    use std::path::PathBuf;
    use std::process::Command;
    use std::sync::OnceLock;

    use super::super::clock::testing::ManualClock;
    use super::*;

    const SOURCES: [(&str, &str); 6] = [
        ("lib.rs", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fakes/nvml/lib.rs"))),
        ("control.rs", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fakes/nvml/control.rs"))),
        ("devices.rs", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fakes/nvml/devices.rs"))),
        ("power.rs", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fakes/nvml/power.rs"))),
        ("readings.rs", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fakes/nvml/readings.rs"))),
        ("script.rs", include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fakes/nvml/script.rs"))),
    ];

    /// A copy of the fake library with a script of its own, which follows a clock.
    pub(crate) struct FakeNvml {
        folder: TempDir,
        pub(crate) clock: ManualClock,
        script: String,
    }

    impl FakeNvml {
        pub(crate) fn new(start: f64, script: &str) -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::copy(library(), folder.path().join("libnvidia-ml.so.1")).unwrap();
            let mut fake = Self { folder, clock: ManualClock::at(start), script: String::new() };
            fake.rewrite(script);
            fake
        }

        pub(crate) fn library(&self) -> PathBuf {
            self.folder.path().join("libnvidia-ml.so.1")
        }

        pub(crate) fn rewrite(&mut self, script: &str) {
            script.clone_into(&mut self.script);
            self.publish();
        }

        pub(crate) fn advance(&self, seconds: f64) {
            self.clock.advance(seconds);
            self.publish();
        }

        fn publish(&self) {
            let text = format!("time {:.9}\n{}\n", self.clock.now().monotonic_seconds(), self.script);
            let new = self.folder.path().join("new");
            fs::write(&new, text).unwrap();
            fs::rename(new, self.folder.path().join("libnvidia-ml.so.1.script")).unwrap();
        }

        /// What was set, a line each without its time: UUID, what, values.
        pub(crate) fn changes(&self) -> Vec<String> {
            let text = fs::read_to_string(self.folder.path().join("libnvidia-ml.so.1.state")).unwrap_or_default();
            text.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
        }

        /// How often a function was called since this was asked last, where the script says `count calls`.
        pub(crate) fn calls(&self) -> BTreeMap<String, usize> {
            let path = self.folder.path().join("calls");
            let text = fs::read_to_string(&path).unwrap_or_default();
            let _ = fs::remove_file(path);
            text.lines().fold(BTreeMap::new(), |mut counts, name| {
                *counts.entry(name.to_owned()).or_default() += 1;
                counts
            })
        }
    }

    /// Compiles the library, once for each state of its source. Cargo would only do so for some ways to run tests.
    fn library() -> &'static Path {
        static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
        LIBRARY.get_or_init(|| {
            use std::hash::{DefaultHasher, Hash, Hasher};
            let mut hasher = DefaultHasher::new();
            SOURCES.hash(&mut hasher);
            let folder = std::env::current_exe().unwrap().parent().unwrap().to_owned();
            let library = folder.join(format!("libfake_nvml-{:016x}.so", hasher.finish()));
            if !library.exists() {
                let own = tempfile::tempdir_in(&folder).unwrap();
                for (name, text) in SOURCES {
                    fs::write(own.path().join(name), text).unwrap();
                }
                let (source, fresh) = (own.path().join("lib.rs"), own.path().join("libfake_nvml.so"));
                let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
                let status = Command::new(rustc)
                    .args(["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=1", "-o"])
                    .args([&fresh, &source])
                    .status()
                    .expect("the tests of the GPU meter need rustc to build the fake library");
                assert!(status.success(), "the fake library does not compile");
                fs::rename(fresh, &library).unwrap();
            }
            library
        })
    }
}
