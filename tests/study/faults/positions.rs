//! A flow at each position: what is run with a disk that fails there, and who judges it.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::findings::{Found, Tally, Wrong};
use super::library::{FAULTS, Fault, arm, calls};
use super::scene::{End, copy_of};
use crate::bench::Bench;

/// Something that people do with a study, and what must hold when the disk fails meanwhile.
pub trait Flow: Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// The bench as it is before.
    fn prepared(&self) -> Bench;

    /// Does it. Its command is given to `arm` before it is run.
    fn act(&self, bench: &Bench, arm: &dyn Fn(&mut Command)) -> Done;

    /// Says what is wrong with a bench after a fault. `whole` is one that knew none.
    fn judge(&self, bench: &Bench, whole: &Bench, done: &Done) -> Vec<(Wrong, String)>;
}

/// What was done.
pub struct Done {
    pub end: End,
    /// Lines that were exchanged, for flows that talk.
    pub talk: Vec<(String, String)>,
    /// What was there before.
    pub runs_before: u64,
}

/// Whether all positions are tried and not some of them.
pub fn is_soak() -> bool {
    std::env::var_os("WATTFRONT_SOAK").is_some_and(|value| !value.is_empty())
}

/// One in so many positions is tried with each fault where not all are; and of those that decide what is kept, one in so many.
const STRIDES: (usize, usize) = (24, 8);

/// Whether a fault is tried at a position. Together, the faults come to every position that decides what is kept.
fn is_tried(position: usize, fault: usize, call: &str) -> bool {
    let decides = ["sync", "rename", "unlink", "link"].into_iter().any(|kind| call.split(' ').nth(1) == Some(kind));
    let stride = if decides { STRIDES.1 } else { STRIDES.0 };
    is_soak() || (position + fault * 5) % stride == 0
}

/// Tries a flow. Fails the test where anything is found to be wrong.
pub fn try_all(flow: &dyn Flow) {
    let template = flow.prepared();
    let whole = copy_of(&template);
    let done = flow.act(&whole, &|command| arm(command, &whole, None));
    assert_eq!(done.end.code(), Some(0), "{}: {}{}", flow.name(), done.end.out, done.end.err);
    let counted = calls(&whole);
    assert!(counted.len() > 3, "{}: the library counts too little: {counted:?}", flow.name());
    let unharmed = judged(flow, &whole, &copy_of(&whole), &done, None);
    assert!(unharmed.is_empty(), "{} without any fault: {unharmed:#?}", flow.name());

    let all =
        (1..=counted.len()).flat_map(|at| FAULTS.iter().enumerate().map(move |(index, fault)| (at, index, fault)));
    let tried: Vec<(usize, &Fault)> = all
        .filter(|(at, index, _)| is_tried(*at, *index, &counted[at - 1]))
        .map(|(at, _, fault)| (at, fault))
        .collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((at, fault)) = tried.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = try_one(flow, &template, &whole, *at as u64, fault);
                    found.lock().unwrap().push((*at, one));
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort_by_key(|(at, one)| (FAULTS.iter().position(|fault| fault.name == one.fault), *at));
    let found = found.into_iter().map(|(_, one)| one).collect();
    let tally = Tally { flow: flow.name(), positions: counted.len(), found };
    if is_soak() {
        println!("{tally}");
    }
    assert!(tally.is_clean(), "{tally}");
}

fn try_one(flow: &dyn Flow, template: &Bench, whole: &Bench, at: u64, fault: &'static Fault) -> Found {
    let bench = copy_of(template);
    let done = flow.act(&bench, &|command| arm(command, &bench, Some((fault, at))));
    let call = calls(&bench).into_iter().find(|call| call.contains(" FAULT "));
    let wrongs = judged(flow, &bench, whole, &done, call.is_some().then_some(fault));
    Found { fault: fault.name, call, code: done.end.code(), wrongs }
}

/// What is wrong, with what is wrong in any flow.
fn judged(flow: &dyn Flow, bench: &Bench, whole: &Bench, done: &Done, fault: Option<&Fault>) -> Vec<(Wrong, String)> {
    let mut wrongs = Vec::new();
    let (end, kills) = (&done.end, fault.is_some_and(|fault| fault.reasons.is_empty()));
    assert!(!end.err.contains("disk_faults:"), "the library itself failed: {}", end.err);
    if end.err.contains("panicked") {
        wrongs.push((Wrong::Crashed, end.err.clone()));
    }
    match end.code() {
        None if kills && end.is_killed() => {}
        None => wrongs.push((Wrong::Crashed, format!("{:?} {}", end.status, end.err))),
        Some(0) => {}
        Some(code) => {
            let says_why = fault.is_some_and(|fault| fault.reasons.iter().any(|reason| end.err.contains(reason)));
            if !says_why || !end.err.contains("results") {
                wrongs.push((Wrong::Wordless, format!("exit {code} and only: {}", end.err)));
            }
        }
    }
    wrongs.extend(flow.judge(bench, whole, done));
    wrongs
}
