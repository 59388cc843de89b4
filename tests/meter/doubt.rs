//! Figures that another one contradicts, and clocks that somebody sets, as people meet them at the terminal.

use std::fs;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use wattfront::energy::Moment;

use crate::fake_nvml;

fn fake(script: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fake_nvml::install(folder.path(), script);
    folder
}

/// What `optimize meter` tells of a command that sleeps: the summary for programs, and the table.
fn metered(script: &str, seconds: &str) -> (Value, String) {
    let fake = fake(script);
    let json = fake.path().join("energy.json");
    let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
    command.args(["meter", "--meters", "nvml", "--json"]).arg(&json).args(["--", "sleep", seconds]);
    let Output { status, stderr, .. } =
        command.env("LD_LIBRARY_PATH", fake.path()).env("WATTFRONT_HOST", fake.path()).output().unwrap();
    let text = String::from_utf8(stderr).unwrap();
    assert!(status.success(), "{text}");
    (serde_json::from_str::<Value>(&fs::read_to_string(json).unwrap()).unwrap()["energy"].take(), text)
}

#[test]
fn a_counter_that_power_contradicts_is_doubtful_after_three_seconds_and_where_its_figure_stands() {
    for (gain, how) in [("0.57", ""), ("0.57", "samples 0.02 120"), ("1.3", "samples 0.1 50")] {
        let (energy, text) = metered(&format!("gpu GPU-1 FAKE\npower 300\ncounter-gain {gain}\n{how}\n"), "3");
        let gpu = &energy["domains"][0];
        assert_eq!((&gpu["doubtful"], &energy["doubtful"]), (&true.into(), &true.into()), "{gain} {how}: {energy}");
        let why = energy["doubt"].as_str().unwrap();
        assert!(why.starts_with("gpu:GPU-1: the counter tells ") && why.contains("meter at the wall"), "{why}");
        assert!(text.contains("  DOUBTFUL ") && text.contains("  DOUBTFUL: one of the two is wrong"), "{text}");
        let (joules, gain_sd) = (gpu["joules"].as_f64().unwrap(), gpu["uncertainty"]["gain"].as_f64().unwrap());
        assert!((joules - 900.0).abs() < 1.96 * gain_sd + 60.0 * 1.3, "{energy}");
    }
    let (energy, text) = metered("jitter 0.002\ngpu GPU-1 FAKE\npower square 100 400 1.3\nsamples 0.02 120\n", "3");
    assert_eq!((&energy["doubtful"], &energy["domains"][0]["doubtful"]), (&Value::Null, &Value::Null));
    assert!(!text.contains("DOUBTFUL"), "{text}");
}

#[test]
fn a_counter_of_the_whole_module_is_called_that_and_the_processor_is_not_added_to_it() {
    for (readings, watts, words) in [
        ("energy power", 450.0, Some("of the whole module, with its processor and memory")),
        ("energy", 450.0, Some("of the whole module")),
        ("", 300.0, None),
    ] {
        let script = format!("gpu GPU-1 GH200\npower 300\nmodule 150 {readings}\nsamples 0.02 120\n");
        let fake = fake(&script);
        let json = fake.path().join("energy.json");
        let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
        command.args(["meter", "--meters", "nvml,estimate", "--json"]).arg(&json).args(["--", "sleep", "2"]);
        let Output { status, stderr, .. } =
            command.env("LD_LIBRARY_PATH", fake.path()).env("WATTFRONT_HOST", fake.path()).output().unwrap();
        let text = String::from_utf8(stderr).unwrap();
        assert!(status.success() && !text.contains("DOUBTFUL"), "{text}");
        let told: Value = serde_json::from_str(&fs::read_to_string(json).unwrap()).unwrap();
        let (energy, domains) = (&told["energy"], told["energy"]["domains"].as_array().unwrap());
        let mean = domains[0]["average_watts"].as_f64().unwrap();
        assert!((mean - watts).abs() < 0.03 * watts, "{mean} W: {text}");
        let note = domains[0]["note"].as_str();
        match words {
            Some(words) => {
                assert!(note.is_some_and(|note| note.contains(words)), "{note:?}");
                assert!(domains.len() == 1 && energy["joules"] == domains[0]["joules"], "{energy}");
                assert!(text.contains(words) && !text.contains("the processor is not in this"), "{text}");
            }
            None => assert!(note.is_none() && domains.len() == 2, "{energy}"),
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_optimize"));
        let devices = command
            .arg("devices")
            .env("LD_LIBRARY_PATH", fake.path())
            .env("WATTFRONT_HOST", fake.path())
            .output()
            .unwrap();
        let devices = String::from_utf8(devices.stdout).unwrap();
        let expected = words.unwrap_or("of the GPU alone, not of the module around it");
        // Lines are wrapped.
        let devices = devices.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(devices.contains(&format!("its counter is {expected}")), "{devices}");
    }
}

#[test]
fn somebody_who_sets_the_wall_clock_sets_no_energy() {
    fake_nvml::library();
    for by in [0.9, -0.9] {
        let at = Moment::now().monotonic_seconds() + 1.6;
        let board = "gpu GPU-1 FAKE\npower 300\nfault energy 3\nsamples 0.02 120\n";
        let (energy, text) = metered(&format!("wall-jump {at} {by}\n{board}"), "3");
        let (joules, seconds) = (energy["joules"].as_f64().unwrap(), energy["seconds"].as_f64().unwrap());
        assert!((joules / seconds - 300.0).abs() < 6.0, "{by}: {energy}");
        assert!(text.contains(&format!("was set by about {by:+.1} s")), "{text}");
    }
}

#[test]
fn a_counter_that_stands_still_at_first_is_no_reason_to_doubt_it_for_ever() {
    fake_nvml::library();
    for (more, stall, why) in [
        // The command ends within the standstill, or all is zero.
        ("", (0.0, 60.0), Some("it hangs")),
        ("counter-gain 0.57", (0.0, 60.0), Some("it hangs")),
        ("power 0", (0.0, 1.8), Some("it hangs")),
        // It is over before the end, and the counter has caught up.
        ("", (0.7, 2.2), None),
        ("counter-gain 0.57", (0.7, 1.2), Some("DOUBTFUL")),
    ] {
        let now = Moment::now().monotonic_seconds();
        let (from, to) = (now + stall.0, now + stall.1);
        let script = format!("gpu GPU-1 FAKE\npower 300\n{more}\nstall {from} {to}\n");
        let (energy, text) = metered(&script, "3");
        assert!(!text.contains("inf"), "{text}");
        let gpu = &energy["domains"][0];
        match why {
            None => {
                let seconds = energy["seconds"].as_f64().unwrap();
                assert!(!text.contains("DOUBTFUL") && gpu["doubtful"].is_null(), "{text}");
                assert!((gpu["joules"].as_f64().unwrap() / seconds - 300.0).abs() < 10.0, "{text}");
            }
            Some("it hangs") => {
                assert!(gpu["joules"].is_null() && gpu["note"].as_str().unwrap().contains("it hangs"), "{energy}");
            }
            Some(_) => {
                assert!(gpu["doubtful"] == true, "{energy}");
                let (joules, gain_sd) = (gpu["joules"].as_f64().unwrap(), gpu["uncertainty"]["gain"].as_f64().unwrap());
                assert!((joules - 900.0).abs() < 1.96 * gain_sd + 60.0, "{energy}");
            }
        }
    }
}
