//! `optimize meter` and `optimize devices` where something that draws power cannot be read.

#![cfg(feature = "nvml")]
#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;

/// The fake library of NVIDIA, which is compiled once.
fn library() -> &'static [u8] {
    static LIBRARY: OnceLock<Vec<u8>> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = TempDir::new().unwrap();
        let library = folder.path().join("libfake_nvml.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/fake_nvml.rs");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let options = ["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=1", "-o"];
        assert!(Command::new(rustc).args(options).args([&library, &source]).status().unwrap().success());
        fs::read(library).unwrap()
    })
}

/// A folder in which the dynamic linker finds it, with this script.
fn fake(script: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("libnvidia-ml.so.1"), library()).unwrap();
    fs::write(folder.path().join("libnvidia-ml.so.1.script"), script).unwrap();
    folder
}

struct Told {
    code: Option<i32>,
    energy: Value,
    stderr: String,
}

impl Told {
    fn reasons(&self) -> String {
        self.energy["missing"].to_string()
    }
}

fn meter_with(fake: &TempDir, arguments: &[&str], devices: Option<&str>) -> Told {
    let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
    command.arg("meter").args(arguments).args(["--json", "-", "--", "sleep", "0.6"]);
    command.env("LD_LIBRARY_PATH", fake.path()).env_remove("CUDA_VISIBLE_DEVICES");
    if let Some(devices) = devices {
        command.env("CUDA_VISIBLE_DEVICES", devices);
    }
    let output = command.output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
    Told { code: output.status.code(), energy: told["energy"].clone(), stderr }
}

fn meter(script: &str, arguments: &[&str]) -> Told {
    meter_with(&fake(script), arguments, None)
}

const TWO: &str = "gpu GPU-1111 FAKE\npower 300\ngpu GPU-2222 FAKE\npower 200\n";

#[test]
fn a_gpu_that_fails_at_opening_makes_the_total_missing_with_its_reason() {
    let no_power = "fault energy 3\nfault power 3\nfault samples 3\nfault fields 3\n";
    for (fault, why) in [
        ("fault handle 15\n", "fell off the bus"),
        ("fault uuid 999\n", "gpu:1"),
        ("mig\ninstance MIG-1 3 0\n", "MIG"),
        (no_power, "tells neither energy nor power"),
    ] {
        let told = meter(&format!("{TWO}{fault}"), &[]);
        assert_eq!((told.code, &told.energy["joules"]), (Some(0), &Value::Null), "{fault}: {}", told.energy);
        assert!(told.reasons().to_lowercase().contains(&why.to_lowercase()), "{fault}: {}", told.reasons());
        assert!(told.stderr.contains("it may be in use and has no figure"), "{fault}: {}", told.stderr);
        // The other one has its figure all the same.
        let first = &told.energy["domains"][0];
        assert!(first["domain"]["id"] == "GPU-1111" && first["joules"].as_f64().unwrap() > 100.0, "{first}");
        let left = meter(&format!("{TWO}{fault}"), &["--without", "gpu:1"]);
        let joules = left.energy["joules"].as_f64().unwrap();
        assert!((150.0..400.0).contains(&joules), "{fault}: {joules}");
        assert!(left.stderr.contains("without gpu:1"), "{}", left.stderr);
        assert_eq!(left.energy["left_out"][0]["name"], "gpu:1");
    }
}

#[test]
fn a_driver_that_fails_is_no_machine_without_gpus() {
    for fault in ["init 18", "init 4", "init 999", "count 999"] {
        let told = meter(&format!("fault {fault}\ngpu GPU-1111 FAKE\npower 300\n"), &[]);
        assert_eq!(told.energy["joules"], Value::Null, "{fault}: {}", told.energy);
        assert!(told.reasons().contains("gpu:nvidia"), "{fault}: {}", told.reasons());
        // The estimate of the processor is told beside it.
        let domains = told.energy["domains"].as_array().unwrap();
        assert!(
            domains.iter().any(|d| d["domain"]["kind"] == "cpu" && d["joules"].is_number()),
            "{fault}: {domains:?}"
        );
        let left = meter(&format!("fault {fault}\n"), &["--without", "gpu"]);
        assert!(left.energy["joules"].is_number(), "{fault}: {}", left.energy);
    }
}

#[test]
fn a_lost_gpu_is_nothing_to_a_program_that_is_not_shown_it() {
    let fake = fake(&format!("{TWO}fault handle 15\n"));
    for devices in ["", "-1"] {
        let told = meter_with(&fake, &[], Some(devices));
        assert!(told.code == Some(0) && told.energy["joules"].is_number(), "{devices}: {}", told.energy);
        assert!(told.energy["domains"].as_array().unwrap().iter().all(|d| d["domain"]["kind"] != "gpu"));
    }
    let healthy = meter_with(&fake, &[], Some("0"));
    assert!(healthy.energy["joules"].as_f64().unwrap() > 100.0, "{}", healthy.energy);
    let lost = meter_with(&fake, &[], Some("1"));
    assert_eq!(lost.energy["joules"], Value::Null, "{}", lost.energy);
}

#[test]
fn a_name_that_means_nothing_is_refused_and_one_of_nothing_here_is_told() {
    let fake = fake(TWO);
    let output = Command::new(env!("CARGO_BIN_EXE_optimize"))
        .args(["meter", "--without", "gpus", "--", "true"])
        .env("LD_LIBRARY_PATH", fake.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(2) && stderr.contains("names nothing that draws power"), "{stderr}");
    let told = meter_with(&fake, &["--without", "gpu:7"], None);
    assert!(
        told.energy["joules"].is_number() && told.stderr.contains("nothing here is called that"),
        "{}",
        told.stderr
    );
}

#[test]
fn devices_lists_what_cannot_be_read_with_its_name() {
    let fake = fake(&format!("{TWO}fault handle 15\n"));
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
        let output = command.arg("devices").args(arguments).env("LD_LIBRARY_PATH", fake.path()).output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    };
    let text = run(&[]);
    assert!(text.contains("no   nvml      NVIDIA GPU 1") && text.contains("unless gpu:1 is left out"), "{text}");
    let json: Value = serde_json::from_str(&run(&["--json"])).unwrap();
    let entries = json["entries"].as_array().unwrap();
    let lost = entries.iter().find(|entry| entry["name"] == "gpu:1").unwrap();
    assert_eq!((&lost["standing"], &lost["method"]), (&"unreadable".into(), &Value::Null));
    assert!(entries.iter().any(|entry| entry["name"] == "dram:memory"), "{entries:?}");
}
