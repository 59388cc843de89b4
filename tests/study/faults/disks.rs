//! Real disks: one that is full, one that cannot be written to, and folders that go away during a run.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::OUTPUTS;
use super::library::{FAULTS, Fault};
use super::scene::{End, bench, outputs_of, runs};
use crate::bench::Bench;

/// A disk of its own for the results of a bench, in memory.
struct Disk {
    place: PathBuf,
}

impl Disk {
    /// `None` where nobody may mount one: without root's permissions, or in a container.
    fn mount(bench: &Bench, kib: u32) -> Option<Self> {
        let place = bench.path().join("results");
        fs::create_dir(&place).unwrap();
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={kib}k"), "tmpfs"]).arg(&place).output();
        if mounted.is_ok_and(|mounted| mounted.status.success()) {
            return Some(Self { place });
        }
        println!("skipped: this user may not mount a disk in memory");
        None
    }

    fn remount(&self, options: &str) {
        let done = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.place).status();
        assert!(done.unwrap().success(), "{options}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let done = Command::new("umount").arg("-l").arg(&self.place).status();
        assert!(std::thread::panicking() || done.unwrap().success());
    }
}

fn fault(name: &str) -> &'static Fault {
    FAULTS.iter().find(|fault| fault.name == name).unwrap()
}

#[track_caller]
fn fails_with(end: &End, reasons: &[&str]) {
    assert!(end.code().is_some_and(|code| code != 0), "{:?}\n{}{}", end.status, end.out, end.err);
    let says_why = reasons.iter().any(|reason| end.err.contains(reason));
    assert!(says_why && end.err.contains("results") && !end.err.contains("panicked"), "{}", end.err);
}

/// Has the program do something in its third trial.
fn meanwhile(bench: &Bench, command: &str) {
    let program = fs::read_to_string(bench.path().join("program.awk")).unwrap();
    let with = format!("    if (run == 2) system(\"{command}\")\n    for (step");
    bench.write("program.awk", &program.replacen("    for (step", &with, 1));
}

/// All that was done before a failure is there, and the study comes to its end.
fn goes_on(bench: &Bench) {
    let (kept, before) = (bench.finished().len() as u64, runs(bench));
    assert!(kept >= 2 && kept + 1 >= before, "{before} trials were begun, and {kept} are stored");
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!((bench.finished().len(), runs(bench)), (6, 6 + before - kept));
    assert!(outputs_of(bench, OUTPUTS, &["report", "study.toml"]).is_empty());
}

#[test]
fn a_disk_that_becomes_full_loses_nothing_and_is_gone_on_with_once_there_is_room() {
    let bench = bench();
    let Some(disk) = Disk::mount(&bench, 512) else { return };
    meanwhile(&bench, "dd if=/dev/zero of=results/filler bs=4096 2>dd.txt");
    let end = End::of(&bench, bench.command(&["study.toml"]));
    fails_with(&end, fault("full").reasons);
    // It is read as it is, too.
    bench.optimize(&["export", "study.toml"]).code(0);
    let still = End::of(&bench, bench.command(&["study.toml"]));
    fails_with(&still, fault("full").reasons);
    disk.remount("size=4096k");
    meanwhile_nothing(&bench);
    goes_on(&bench);
}

/// The program as it was.
fn meanwhile_nothing(bench: &Bench) {
    let program = fs::read_to_string(bench.path().join("program.awk")).unwrap();
    let lines: Vec<&str> = program.lines().filter(|line| !line.contains("system(")).collect();
    bench.write("program.awk", &(lines.join("\n") + "\n"));
}

#[test]
fn results_that_cannot_be_written_to_can_be_read_and_are_not_run() {
    let bench = bench();
    let Some(disk) = Disk::mount(&bench, 4096) else { return };
    bench.optimize(&["study.toml", "--trials", "3"]).code(0);
    disk.remount("ro");
    let end = End::of(&bench, bench.command(&["study.toml"]));
    fails_with(&end, fault("read-only").reasons);
    let report = End::of(&bench, bench.command(&["report", "study.toml"]));
    fails_with(&report, fault("read-only").reasons);
    assert_eq!(runs(&bench), 3, "nothing is run that could not be stored");
    bench.optimize(&["pick", "study.toml"]).code(0).says("x = ");
    bench.optimize(&["export", "study.toml", "--format", "json"]).code(0);
    disk.remount("rw");
    bench.optimize(&["study.toml"]).code(0);
    assert_eq!((bench.finished().len(), runs(&bench)), (6, 6));
}

#[test]
fn a_folder_that_is_removed_during_a_run_is_no_success() {
    let bench = bench();
    meanwhile(&bench, "rm -r results/bench");
    let end = End::of(&bench, bench.command(&["study.toml"]));
    assert!(end.code().is_some_and(|code| code != 0), "{}{}", end.out, end.err);
    assert!(end.err.contains("results/bench") && !end.err.contains("panicked"), "{}", end.err);
    assert_eq!(runs(&bench), 3, "no trial is begun that could not be stored");
}

#[test]
fn a_folder_that_is_moved_during_a_run_keeps_what_was_finished() {
    let bench = bench();
    meanwhile(&bench, "mv results/bench results/elsewhere");
    let end = End::of(&bench, bench.command(&["study.toml"]));
    assert!(end.code().is_some_and(|code| code != 0), "{}{}", end.out, end.err);
    assert!(end.err.contains("results/bench") && !end.err.contains("panicked"), "{}", end.err);
    assert_eq!(runs(&bench), 3, "no trial is begun that could not be stored");
    assert!(!bench.results().exists(), "nothing is written beside it");
    fs::rename(bench.path().join("results/elsewhere"), bench.results()).unwrap();
    meanwhile_nothing(&bench);
    goes_on(&bench);
}
