//! A store that several programs hold at the same time.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rusqlite::Connection;

use super::sqlite::COMPANY;
use super::{SqliteStore, Store};
use crate::optimizer::Seed;
use crate::optimizer::problem::Problem;
use crate::optimizer::space::Space;
use crate::record::Event;

/// A store of a study that has begun.
fn begun(path: &Path, name: &str) -> SqliteStore {
    let mut store = SqliteStore::open(path).unwrap();
    let problem = Problem::new(Space::builder().float("x", 0.0..=1.0).build().unwrap()).maximize("a");
    let (sampler, identity) = ("random".to_owned(), serde_json::json!({}));
    store.append(Event::StudyCreated { name: name.to_owned(), seed: Seed(1), problem, sampler, identity }).unwrap();
    store
}

fn step(step: u64) -> Event {
    Event::StepReported { trial: 0, step, metrics: [("m".into(), 1.0)].into(), seconds: 1.0, energy: None }
}

#[test]
fn whoever_reads_what_is_written_meanwhile_reads_it_as_of_one_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut writer = begun(&path, "s");
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let (mut most, mut reads) = (0, 0);
            // Once more after the end.
            loop {
                let last = ended.load(Ordering::SeqCst);
                let found = SqliteStore::open_to_read(&path).unwrap().load();
                let found = found.unwrap_or_else(|error| panic!("after {reads} readings: {error}")).len();
                assert!(found >= most, "{found} events, and {most} before");
                (most, reads) = (found, reads + 1);
                if last {
                    return (most, reads);
                }
            }
        });
        for k in 0..1500 {
            writer.append(Event::SessionEnded { reason: k.to_string() }).unwrap();
        }
        ended.store(true, Ordering::SeqCst);
        let (most, reads) = reading.join().unwrap();
        assert_eq!(most, 1501);
        assert!(reads > 1, "it was read while it was written");
    });
}

#[test]
fn steps_that_a_lock_keeps_waiting_are_not_tried_at_every_step() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut store = begun(&path, "s");
    let lock = Connection::open(&path).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let began = Instant::now();
    let mut tries = BTreeSet::new();
    for k in 0..(COMPANY.1 as u64 + 300) {
        store.append(step(k)).unwrap();
        store.tend().unwrap();
        tries.extend(store.not_before);
    }
    // Each of them puts the next one off; the more of them the slower the machine is.
    let most = 1 + began.elapsed().as_secs() / COMPANY.0.as_secs();
    assert!((1..=most).contains(&(tries.len() as u64)), "{} tries, {most} at most", tries.len());
    lock.execute_batch("ROLLBACK").unwrap();
    store.append(Event::SessionEnded { reason: "budget".into() }).unwrap();
    assert_eq!(SqliteStore::open_to_read(&path).unwrap().load().unwrap().len(), COMPANY.1 + 302);
}
