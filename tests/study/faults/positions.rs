//! A flow at each position: what is run with a disk that fails there, and who judges it.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;

use super::findings::{Found, Tally, Wrong};
use super::library::{FAULTS, Fault, OTHERS, arm, calls};
use super::order;
use super::scene::{End, copy_of};
use crate::bench::Bench;

/// Something that people do with a study, and what must hold when the disk fails meanwhile.
pub trait Flow: Sync {
    /// What it is called.
    fn name(&self) -> &'static str;

    /// Where not all positions are tried: of those that others try, one in so many.
    fn thinned(&self) -> usize {
        1
    }

    /// The bench as it is before.
    fn prepared(&self) -> Bench;

    /// Does it. Its command is given to `arm` before it is run.
    fn act(&self, bench: &Bench, arm: &dyn Fn(&mut Command)) -> Done;

    /// Says what is wrong with a bench after a fault, if there was one. `whole` is a bench that knew none.
    fn judge(&self, bench: &Bench, whole: &Bench, done: &Done, fault: Option<&Fault>) -> Vec<(Wrong, String)>;
}

/// What was done.
pub struct Done {
    pub end: End,
    /// Requests and their answers, for flows that talk.
    pub talk: Vec<(Value, Option<Value>)>,
    /// How often the program had been started before.
    pub runs_before: u64,
}

/// Whether all positions are tried and not some of them, and this fault is: `WATTFRONT_SOAK` names faults, with commas, or is
/// `1` for all.
fn is_soaked(fault: &Fault) -> bool {
    let names = std::env::var("WATTFRONT_SOAK").unwrap_or_default();
    names == "1" || names.split(',').any(|name| name == fault.name)
}

fn is_soak() -> bool {
    std::env::var_os("WATTFRONT_SOAK").is_some_and(|value| !value.is_empty())
}

/// One in so many positions is tried with each fault where not all are: of those that decide what is kept, of others that
/// change files, and of those that change none.
const STRIDES: [usize; 3] = [8, 24, 96];

/// With fewer positions, all are tried.
const FEW: usize = 20;

/// Whether a fault is tried at a position. Together, the faults come to every position that decides what is kept.
fn is_tried(position: usize, index: usize, calls: &[String], thinned: usize) -> bool {
    let kind = calls[position - 1].split(' ').nth(1).unwrap_or_default();
    let stride = match kind {
        "sync" | "rename" | "link" | "unlink" => STRIDES[0],
        "read" | "lock" | "close" => STRIDES[2],
        _ => STRIDES[1],
    };
    if is_soak() {
        return is_soaked(&FAULTS[index]);
    }
    calls.len() < FEW || (position + index * 5).is_multiple_of(stride * thinned)
}

/// The bench after a run without faults, what was done, and the calls of these kinds that were counted.
fn unharmed(flow: &dyn Flow, template: &Bench, counts: &str) -> (Bench, Done, Vec<String>) {
    let bench = copy_of(template);
    let done = flow.act(&bench, &|command| arm(command, &bench, counts, None));
    assert_eq!(done.end.code(), Some(0), "{}: {}{}", flow.name(), done.end.out, done.end.err);
    let calls = calls(&bench);
    assert!(!calls.is_empty(), "{}: the library counts nothing", flow.name());
    (bench, done, calls)
}

/// Tries a flow. Fails the test where anything is found to be wrong.
pub fn try_all(flow: &dyn Flow) {
    let template = flow.prepared();
    let (whole, done, changes) = unharmed(flow, &template, "");
    let (_, _, others) = unharmed(flow, &template, OTHERS);
    let disorder = order::faults_of(&changes);
    let wrongs = judged(flow, &whole, &copy_of(&whole), &done, None);
    assert!(wrongs.is_empty(), "{} without any fault: {wrongs:#?}", flow.name());

    let mut tried = Vec::new();
    for (index, fault) in FAULTS.iter().enumerate() {
        let calls = if fault.counts.is_empty() { &changes } else { &others };
        match fault.act {
            "end" => tried.push((0, fault)),
            _ => tried.extend(
                (1..=calls.len()).filter(|at| is_tried(*at, index, calls, flow.thinned())).map(|at| (at, fault)),
            ),
        }
    }
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
    let tally = Tally { flow: flow.name(), positions: changes.len() + others.len(), found };
    if is_soak() {
        println!("{tally}");
    }
    assert!(tally.is_clean() && disorder.is_empty(), "{tally}{}", disorder.join("\n"));
}

fn try_one(flow: &dyn Flow, template: &Bench, whole: &Bench, at: u64, fault: &'static Fault) -> Found {
    let bench = copy_of(template);
    let done = flow.act(&bench, &|command| arm(command, &bench, fault.counts, Some((fault, at))));
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
    wrongs.extend(flow.judge(bench, whole, done, fault));
    wrongs
}
