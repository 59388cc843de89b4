//! The processor time of children that nobody waits for.

use super::*;

/// Ten children, one after the other, that compute for so long, of a parent that handles `SIGCHLD` as told.
const PARENT: &str = r"
import ctypes, os, signal, sys, time
mode, children, seconds = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
if mode == 'ignores':
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
if mode == 'asks':
    class Action(ctypes.Structure):
        _fields_ = [('handler', ctypes.c_void_p), ('mask', ctypes.c_ulong * 16), ('flags', ctypes.c_int), ('restorer', ctypes.c_void_p)]
    assert ctypes.CDLL(None).sigaction(signal.SIGCHLD, ctypes.byref(Action(flags=2)), None) == 0
for _ in range(children):
    child = os.fork()
    if child == 0:
        end = time.process_time() + seconds
        while time.process_time() < end: pass
        os._exit(0)
    try:
        os.waitid(os.P_PID, child, os.WEXITED | (os.WNOWAIT if mode == 'leaves' else 0))
    except ChildProcessError: pass
";

/// Its figure at 10 W, twice the standard deviation, and the note.
fn estimated(command: &[&str]) -> (f64, f64, String) {
    let folder = TempDir::new().unwrap();
    let json = folder.path().join("energy.json");
    let mut meter = optimize();
    meter.args(["-q", "--meters", "estimate", "--watts-per-core", "10", "--json"]).arg(&json).arg("--").args(command);
    let (code, _, stderr) = run(&mut meter);
    assert_eq!(code, 0, "{stderr}");
    let told = read(&json);
    let part = &told["energy"]["domains"][0];
    let note = part["note"].as_str().unwrap_or_default().to_owned();
    (part["joules"].as_f64().unwrap(), 2.0 * part["uncertainty"]["edge"].as_f64().unwrap(), note)
}

#[test]
fn time_that_the_kernel_tells_nobody_is_counted_while_it_is_seen_and_told() {
    for (mode, how) in [("ignores", "(`python3`) ignores SIGCHLD"), ("asks", "(`python3`) has SA_NOCLDWAIT")] {
        let (joules, more, note) = estimated(&["python3", "-c", PARENT, mode, "10", "0.3"]);
        assert!(note.starts_with("at least: process ") && note.contains(how), "{note}");
        assert!(joules + more >= 30.0 && more > 0.01, "{mode}: {joules} and up to {more} of 30 J");
        // Of each child some was seen, and more than looks twice a second would have.
        assert!(joules > 15.0, "{mode}: {joules} of 30 J");
    }
    // Children too short to be seen well are told of all the more.
    let (joules, more, note) = estimated(&["python3", "-c", PARENT, "ignores", "200", "0.01"]);
    assert!(note.starts_with("at least: process ") && joules + more >= 20.0, "{joules} and up to {more}: {note}");
}

#[test]
fn ordinary_programs_carry_no_such_note() {
    let busy = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass";
    let threads = format!(
        "import threading\n{}\nthreading.Thread(target=work).start()\nwork()",
        busy.replace("import", "def work():\n import").replace("\nend", "\n end").replace("\nwhile", "\n while")
    );
    let daemon = format!("(setsid python3 -c '{busy}' &) | cat");
    let several = format!("for i in 1 2 3; do python3 -c '{busy}' & done; wait; python3 -c '{busy}'");
    let nested = format!("sh -c \"sh -c \\\"python3 -c '{busy}'; true\\\"; true\"; true");
    let ignored = format!("trap '' CHLD; python3 -c '{busy}'; true");
    for (command, least) in [
        (vec!["python3", "-c", PARENT, "waits", "5", "0.1"], 5.0),
        (vec!["python3", "-c", PARENT, "waits", "100", "0.005"], 5.0),
        // Zombies, until their parent ends.
        (vec!["python3", "-c", PARENT, "leaves", "2", "0.3"], 6.0),
        (vec!["python3", "-c", &threads], 4.0),
        (vec!["sh", "-c", &daemon], 4.0),
        (vec!["sh", "-c", &several], 16.0),
        (vec!["sh", "-c", &nested], 4.0),
        // A shell waits all the same.
        (vec!["sh", "-c", &ignored], 4.0),
    ] {
        let (joules, _, note) = estimated(&command);
        assert!(note.is_empty() && joules >= least, "{command:?}: {joules} J, {note}");
    }
}
