//! A store that several programs hold at the same time.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rusqlite::Connection;

use super::sqlite::COMPANY;
use super::undelivered::{self, Bond, Kept};
use super::{Salvage, SqliteStore, Store, StoreError};
use crate::optimizer::Seed;
use crate::optimizer::problem::{Problem, maximize};
use crate::optimizer::space::{Space, float};
use crate::record::Event;

/// A store of a study that has begun.
fn begun(path: &Path, name: &str) -> SqliteStore {
    let mut store = SqliteStore::open(path).unwrap();
    let problem = Problem::new(Space::new([float("x", 0.0..=1.0)]).unwrap(), [maximize("a")]).unwrap();
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

/// A study whose trial has begun, with how it ended kept beside its store, which does not have it.
fn undelivered_of(path: &Path, name: &str) -> Kept {
    let mut store = begun(path, name);
    store.append(step(0)).unwrap();
    store.append(Event::SessionEnded { reason: "budget".into() }).unwrap();
    drop(store);
    let mut store = SqliteStore::open(path).unwrap();
    let failed = Event::TrialFailed {
        trial: 0,
        kind: crate::optimizer::history::FailureKind::OutOfMemory,
        message: "too big".into(),
        retry: false,
        spent: None,
    };
    let lock = Connection::open(path).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    store.patience.grace = std::time::Duration::ZERO;
    let interrupt = crate::study::Interrupt::default();
    interrupt.raise();
    store.heed(&interrupt);
    assert!(matches!(store.append(failed), Err(StoreError::Locked { kept: Some(Ok(_)), .. })));
    lock.execute_batch("ROLLBACK").unwrap();
    drop((store, lock));
    undelivered::read(path).unwrap().unwrap()
}

#[test]
fn what_is_kept_is_read_with_its_store_and_delivered_to_it_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    undelivered_of(&path, "s");
    let reader = SqliteStore::open_to_read(&path).unwrap();
    assert_eq!(reader.kept_beside(), Ok(true));
    assert_eq!(reader.load().unwrap().len(), 4);
    assert_eq!(Salvage::of(&path).unwrap().entries.len(), 4);
    assert!(undelivered::place(&path).exists(), "who reads leaves it there");
    let delivered = SqliteStore::open(&path).unwrap().load().unwrap();
    assert_eq!(delivered.len(), 4);
    assert_eq!(reader.load().unwrap(), delivered, "and not twice, where it was stored since");
    drop(reader);
    assert!(!undelivered::place(&path).exists());
    assert_eq!(SqliteStore::open_to_read(&path).unwrap().load().unwrap(), delivered);
}

#[test]
fn what_is_kept_for_another_store_is_left_where_it_is_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).join("study.db");
    for name in ["a", "b"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    let kept = undelivered_of(&path("a"), "a");
    undelivered_of(&path("b"), "b");
    let (own, other) = (undelivered::place(&path("b")), undelivered::place(&path("a")));
    let refused = |bond: Bond, why: &str| {
        undelivered::keep(&path("a"), bond, &kept.rows).unwrap();
        std::fs::copy(&other, &own).unwrap();
        let before = std::fs::read(&own).unwrap();
        let error = SqliteStore::open(&path("b")).unwrap_err();
        assert!(matches!(error, StoreError::Undeliverable { .. }) && error.to_string().contains(why), "{error}");
        assert_eq!(std::fs::read(&own).unwrap(), before);
        let reader = SqliteStore::open_to_read(&path("b")).unwrap();
        assert!(reader.kept_beside().unwrap_err().contains(why));
        assert_eq!(reader.load().unwrap().len(), 3);
        assert_eq!(Salvage::of(&path("b")).unwrap().entries.len(), 3);
    };
    let connection = Connection::open(path("b")).unwrap();
    let study = super::format::sum_at(&connection, 1).unwrap();
    drop(connection);
    assert!(kept.bond.study.is_some() && kept.bond.before.is_some() && study != kept.bond.study);
    refused(kept.bond, "of another study");
    refused(Bond { study: None, ..kept.bond }, "does not say of which");
    refused(Bond { study, ..kept.bond }, "another event before it (3)");
    std::fs::remove_file(&own).unwrap();
    assert_eq!(SqliteStore::open(&path("b")).unwrap().load().unwrap().len(), 3);
}
