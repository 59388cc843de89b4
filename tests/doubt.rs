//! Figures that another one contradicts, and clocks that somebody sets, as people meet them at the terminal.

#![cfg(all(feature = "cli", feature = "nvml"))]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;
use wattfront::energy::Moment;

/// The fake library of NVIDIA, compiled once.
fn library() -> &'static Path {
    static BUILT: OnceLock<TempDir> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fake_nvml.rs");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let arguments = ["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=1", "-o"];
        let library = folder.path().join("libnvidia-ml.so.1");
        assert!(Command::new(rustc).args(arguments).args([&library, &source]).status().unwrap().success());
        folder
    });
    built.path()
}

fn fake(script: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::copy(library().join("libnvidia-ml.so.1"), folder.path().join("libnvidia-ml.so.1")).unwrap();
    fs::write(folder.path().join("libnvidia-ml.so.1.script"), script).unwrap();
    folder
}

/// What `optimize meter` tells of a command that sleeps: the summary for programs, and the table.
fn metered(script: &str, seconds: &str) -> (Value, String) {
    let fake = fake(script);
    let json = fake.path().join("energy.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
    command.args(["meter", "--meters", "nvml", "--json"]).arg(&json).args(["--", "sleep", seconds]);
    let Output { status, stderr, .. } = command.env("LD_LIBRARY_PATH", fake.path()).output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{text}");
    (serde_json::from_str::<Value>(&fs::read_to_string(json).unwrap()).unwrap()["energy"].take(), text)
}

#[test]
fn somebody_who_sets_the_wall_clock_sets_no_energy() {
    library();
    for by in [0.9, -0.9] {
        let at = Moment::now().monotonic_seconds() + 1.6;
        let board = "gpu GPU-1 FAKE\npower 300\nfault energy 3\nsamples 0.02 120\n";
        let (energy, text) = metered(&format!("wall-jump {at} {by}\n{board}"), "3");
        let (joules, seconds) = (energy["joules"].as_f64().unwrap(), energy["seconds"].as_f64().unwrap());
        assert!((joules / seconds - 300.0).abs() < 6.0, "{by}: {energy}");
        assert!(text.contains(&format!("was set by about {by:+.1} s")), "{text}");
    }
}
