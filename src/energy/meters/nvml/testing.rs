//! NVIDIA's management library for tests: a library that does as a script says, by a clock that the test turns.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

use crate::energy::system::clock::Clock;
use crate::energy::system::clock::testing::ManualClock;

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
