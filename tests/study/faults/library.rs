//! The library that makes the disk fail, and what can be asked of it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::bench::Bench;

/// What befalls the calls from a position on, or the one there.
pub struct Fault {
    pub name: &'static str,
    /// `DISK_FAULTS_KINDS`: what is counted; empty for what changes files.
    pub counts: &'static str,
    /// `DISK_FAULTS_DO`.
    pub act: &'static str,
    pub stays: bool,
    pub lies: bool,
    /// `DISK_FAULTS_HITS`; empty for all kinds that count.
    pub hits: &'static str,
    /// What people are told of it by the operating system or by SQLite; empty where the process is killed.
    pub reasons: &'static [&'static str],
}

const PLAIN: Fault = Fault { name: "", counts: "", act: "", stays: false, lies: false, hits: "", reasons: &[] };

const FULL: &[&str] =
    &["KiB are free on the disk", "unable to open database file", "No space left on device", "disk is full"];
const BROKEN: &[&str] = &["Input/output error", "disk I/O error", "unable to open database file"];

const INTERRUPTED: &[&str] = &["Interrupted system call", "disk I/O error"];
/// What a lock that was not had is called by SQLite, after it has tried for long.
const UNLOCKED: &[&str] = &[
    "Input/output error",
    "Interrupted system call",
    "disk I/O error",
    "unable to open database file",
    "locking protocol",
    "database is locked",
];
/// Calls that change no file.
pub const OTHERS: &str = "read,lock,close";

/// All of them, each at every position.
pub const FAULTS: [Fault; 15] = [
    Fault { name: "ENOSPC", act: "ENOSPC", reasons: FULL, ..PLAIN },
    Fault { name: "EIO", act: "EIO", reasons: BROKEN, ..PLAIN },
    Fault { name: "EINTR", act: "EINTR", reasons: INTERRUPTED, ..PLAIN },
    // A disk that is full lets what is there be removed, and be opened.
    Fault {
        name: "full",
        act: "ENOSPC",
        stays: true,
        hits: "create,write,sync,truncate,mkdir",
        reasons: FULL,
        ..PLAIN
    },
    Fault { name: "broken", act: "EIO", stays: true, reasons: BROKEN, ..PLAIN },
    Fault {
        name: "read-only",
        act: "EROFS",
        stays: true,
        hits: "create,open,write,truncate,rename,link,unlink,mkdir",
        reasons: &["Read-only file system", "readonly database", "unable to open database file"],
        ..PLAIN
    },
    Fault { name: "short", act: "short", reasons: FULL, ..PLAIN },
    Fault { name: "torn", act: "torn", ..PLAIN },
    Fault { name: "before", act: "before", ..PLAIN },
    Fault { name: "after", act: "after", ..PLAIN },
    Fault { name: "cut", act: "cut", ..PLAIN },
    // What was written since a file's last sync is gone: there, or once all is over.
    Fault { name: "lies", act: "EIO", lies: true, hits: "sync", reasons: BROKEN, ..PLAIN },
    Fault { name: "end", act: "end", ..PLAIN },
    Fault { name: "EIO read", counts: OTHERS, act: "EIO", reasons: UNLOCKED, ..PLAIN },
    Fault { name: "EINTR read", counts: OTHERS, act: "EINTR", reasons: UNLOCKED, ..PLAIN },
];

/// The library as it is compiled, once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = folder.join("libdisk_faults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fakes/disk/lib.rs");
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let options = ["--edition", "2024", "--crate-type", "cdylib", "-C", "opt-level=1", "-o"];
        // Another process may be about to load the one that is there.
        let fresh = tempfile::Builder::new().suffix(".so").tempfile_in(folder).unwrap().into_temp_path();
        assert!(Command::new(rustc).args(options).args([&*fresh, &source]).status().unwrap().success());
        fresh.persist(&library).unwrap();
        library
    })
}

/// Has the calls of this command counted that concern files in the bench's results, and lets the fault befall the one of
/// this number.
pub fn arm(command: &mut Command, bench: &Bench, counts: &str, fault: Option<(&Fault, u64)>) {
    let folder = bench.path().canonicalize().unwrap();
    command.env("LD_PRELOAD", library());
    command.env("DISK_FAULTS_FOLDER", folder.join("results"));
    command.env("DISK_FAULTS_LOG", folder.join("calls.log"));
    command.env("DISK_FAULTS_COUNT", folder.join("calls.count"));
    if !counts.is_empty() {
        command.env("DISK_FAULTS_KINDS", counts);
    }
    let Some((fault, at)) = fault else { return };
    command.env("DISK_FAULTS_AT", at.to_string()).env("DISK_FAULTS_DO", fault.act);
    for (variable, is_set) in [("DISK_FAULTS_STAY", fault.stays), ("DISK_FAULTS_LIES", fault.lies)] {
        if is_set {
            command.env(variable, "1");
        }
    }
    if !fault.hits.is_empty() {
        command.env("DISK_FAULTS_HITS", fault.hits);
    }
}

/// The calls that were counted, as the library wrote them down.
pub fn calls(bench: &Bench) -> Vec<String> {
    let text = std::fs::read_to_string(bench.path().join("calls.log")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}
