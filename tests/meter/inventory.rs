//! `optimize meter` and `optimize devices` where something that draws power cannot be read.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use crate::fake_nvml;

/// A folder in which the dynamic linker finds the fake library of NVIDIA, with this script.
fn fake(script: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fake_nvml::install(folder.path(), script);
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
    command.env("LD_LIBRARY_PATH", fake.path()).env("WATTFRONT_HOST", fake.path()).env_remove("CUDA_VISIBLE_DEVICES");
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
        // Nothing reads it: there is no method.
        let row = told.stderr.lines().find(|line| line.starts_with("  gpu:") && !line.contains("GPU-1111"));
        let row = row.unwrap_or_else(|| panic!("{fault}: {}", told.stderr));
        assert!(row.contains('?') && !row.contains("counter"), "{fault}: {row}");
        // The other one has its figure all the same.
        let first = &told.energy["domains"][0];
        assert!(first["domain"]["id"] == "GPU-1111" && first["joules"].as_f64().unwrap() > 100.0, "{first}");
        let left = meter(&format!("{TWO}{fault}"), &["--without", "gpu:1"]);
        let joules = left.energy["joules"].as_f64().unwrap();
        let seconds = left.energy["seconds"].as_f64().unwrap();
        // Within a tick of the counter at either end.
        assert!((joules - 300.0 * seconds).abs() < 60.0, "{fault}: {joules} J in {seconds} s");
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
    // Its UUID cannot be read: one that no other GPU has may be its own.
    for devices in ["1", "GPU-2222", "GPU-2222,GPU-1111", "MIG-77"] {
        let lost = meter_with(&fake, &[], Some(devices));
        assert_eq!(lost.energy["joules"], Value::Null, "{devices}: {}", lost.energy);
    }
}

#[test]
fn gpus_are_told_where_no_meter_is_chosen_for_them() {
    for script in ["gpu GPU-1111 FAKE\npower 300\n", "fault init 18\n"] {
        let told = meter(script, &["--meters", "estimate"]);
        assert!(told.energy["joules"].is_number(), "{}", told.energy);
        let out = told.energy["left_out"].as_array().unwrap();
        assert!(out.iter().any(|c| c["name"].as_str().unwrap().starts_with("gpu:")), "{script}: {out:?}");
        assert!(told.stderr.contains("`meters` names no meter of it"), "{}", told.stderr);
    }
}

#[test]
fn a_name_that_means_nothing_is_refused_and_one_of_nothing_here_is_told() {
    let fake = fake(TWO);
    let output = Command::new(env!("CARGO_BIN_EXE_optimize"))
        .args(["meter", "--without", "gpus", "--", "true"])
        .env("LD_LIBRARY_PATH", fake.path())
        .env("WATTFRONT_HOST", fake.path())
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
        let output = command
            .arg("devices")
            .args(arguments)
            .env("LD_LIBRARY_PATH", fake.path())
            .env("WATTFRONT_HOST", fake.path())
            .output()
            .unwrap();
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

/// A folder in which a machine describes itself, and the fake library finds no script: there is no driver of NVIDIA's.
struct Host(TempDir);

impl Host {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn put(&self, path: &str, text: &str) -> &Self {
        let path = self.0.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn device(&self, place: &str, vendor: &str, class: &str, driver: &str) -> &Self {
        let folder = format!("sys/bus/pci/devices/{place}");
        self.put(&format!("{folder}/vendor"), vendor).put(&format!("{folder}/class"), class);
        self.put(&format!("{folder}/device"), "0x1234\n");
        let drivers = self.0.path().join("sys/bus/pci/drivers").join(driver);
        fs::create_dir_all(&drivers).unwrap();
        std::os::unix::fs::symlink(drivers, self.0.path().join(folder).join("driver")).unwrap();
        self
    }

    fn meter(&self, arguments: &[&str]) -> Told {
        let nothing = TempDir::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
        command.arg("meter").args(arguments).args(["--json", "-", "--", "sleep", "0.3"]);
        command.env("LD_LIBRARY_PATH", nothing.path()).env("WATTFRONT_HOST", self.0.path());
        let output = command.output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
        Told { code: output.status.code(), energy: told["energy"].clone(), stderr }
    }
}

#[test]
fn a_gpu_of_another_maker_is_named_and_missed_until_it_is_left_out() {
    let host = Host::new();
    host.device("0000:00:02.0", "0x8086\n", "0x030000\n", "i915");
    host.put("proc/cpuinfo", "processor : 0\nphysical id : 0\n");
    let told = host.meter(&[]);
    assert!(told.energy["joules"].is_number(), "graphics in the package are no reason: {}", told.energy);
    host.device("0000:03:00.0", "0x1002\n", "0x030000\n", "amdgpu");
    let told = host.meter(&[]);
    // Tests may run in a container that is given no device files of graphics.
    let consumers = told.energy["consumers"].as_array().unwrap();
    let amd = consumers.iter().find(|c| c["name"] == "gpu:1").unwrap();
    assert!(amd["what"].as_str().unwrap().contains("AMD GPU 1"), "{amd}");
    assert_eq!(amd["standing"] == "unreadable", told.energy["joules"].is_null(), "{amd}");
    assert!(amd["standing"] == "unreadable" || amd["standing"] == "unused", "{amd}");
    for name in ["gpu:1", "gpu:0000:03:00.0", "gpu:03:00.0", "gpu"] {
        let told = host.meter(&["--without", name]);
        assert!(told.energy["joules"].is_number(), "{name}: {}", told.energy);
        let out = told.energy["left_out"].as_array().unwrap();
        let is_out = out.iter().any(|c| c["name"] == "gpu:1");
        assert_eq!(is_out, amd["standing"] == "unreadable", "{name}: {out:?}");
    }
}
