//! What every store must do, run against each of them.

use std::path::Path;

use super::{MemoryStore, SqliteStore, Store, StoreError};
use crate::optimizer::Seed;
use crate::optimizer::history::{FailureKind, Fit, ObjectiveFit};
use crate::optimizer::problem::Problem;
use crate::optimizer::space::{Space, Value};
use crate::record::{Environment, Event, SCHEMA_VERSION, StudyRecord};

fn events() -> Vec<Event> {
    let space = Space::builder().float("x", 0.0..=1.0).choice("optimizer", ["sgd", "adam"]).build().unwrap();
    // A third, to see that floats keep their last bit.
    let third = 1.0 / 3.0;
    let fit = ObjectiveFit {
        lengthscales: vec![third],
        outputscale: 1e-300,
        noise: 0.1 + 0.2,
        bends: vec![-third],
        log_posterior: -third,
    };
    let fit = Fit { rule: "log-ehvi".into(), objectives: vec![fit], acquisition: Some(-1e300), fallback: None };
    let point = [("x", Value::Float(third)), ("optimizer", "ad\"am\n\u{1F50B}".into())].into_iter().collect();
    vec![
        Event::StudyCreated {
            name: "s".into(),
            seed: Seed(u64::MAX),
            problem: Problem::new(space).maximize("accuracy").minimize("energy").log(),
            sampler: "gp".into(),
            identity: serde_json::json!({"a": [1, 2.5, null]}),
        },
        Event::SessionStarted { environment: Environment::default() },
        Event::AskingStarted { environment: Environment::default() },
        Event::TrialStarted { trial: 0, attempt: 1, point, fit: Some(fit), propose_seconds: third },
        Event::StepReported { trial: 0, step: 3, metrics: [("m".into(), third)].into(), seconds: 1.0, energy: None },
        Event::TrialFailed {
            trial: 0,
            kind: FailureKind::OutOfMemory,
            message: "too big".into(),
            retry: false,
            spent: None,
        },
    ]
}

/// Runs the contract on a store that `open` makes anew or finds again.
fn check(mut open: impl FnMut() -> Box<dyn Store>, survives: bool) {
    let mut store = open();
    assert!(store.load().unwrap().is_empty(), "a new store is empty");
    let mut appended = Vec::new();
    for (i, event) in events().into_iter().enumerate() {
        let entry = store.append(event.clone()).unwrap();
        assert_eq!(entry.event, event, "an event comes back as it is");
        assert_eq!(entry.seq, i as u64 + 1, "places are counted from 1");
        appended.push(entry);
    }
    assert_eq!(store.load().unwrap(), appended, "everything is there, in order, to the last bit");
    assert!(StudyRecord::from_entries(appended.clone()).is_ok());
    if survives {
        drop(store);
        let mut again = open();
        assert_eq!(again.load().unwrap(), appended, "everything survives");
        let next = again.append(Event::SessionEnded { reason: "budget".into() }).unwrap();
        assert_eq!(next.seq, appended.len() as u64 + 1, "places go on");
    }
}

/// A number that JSON does not have cannot be stored, and the store stays as it was.
fn check_unstorable(store: &mut dyn Store) {
    let event = Event::ReferenceFrozen { reference: vec![f64::NAN] };
    assert!(matches!(store.append(event), Err(StoreError::Unstorable { .. })));
    assert!(store.load().unwrap().is_empty());
}

#[test]
fn memory() {
    check(|| Box::new(MemoryStore::default()), false);
    check_unstorable(&mut MemoryStore::default());
}

#[test]
fn sqlite() {
    let folder = tempfile::tempdir().unwrap();
    check(|| Box::new(SqliteStore::open(&folder.path().join("study.db")).unwrap()), true);
    check_unstorable(&mut SqliteStore::open(&folder.path().join("other.db")).unwrap());
}

#[test]
fn sqlite_can_be_read_while_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut writer = SqliteStore::open(&path).unwrap();
    for (i, event) in events().into_iter().enumerate() {
        writer.append(event).unwrap();
        assert_eq!(SqliteStore::open_to_read(&path).unwrap().load().unwrap().len(), i + 1);
    }
}

fn open_error(path: &Path) -> StoreError {
    SqliteStore::open(path).expect_err("should not open")
}

#[test]
fn sqlite_refuses_what_is_not_its_own_and_leaves_it_alone() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, but long enough to have a header ".repeat(40)).unwrap();
    let before = std::fs::read(&text).unwrap();
    assert!(matches!(open_error(&text), StoreError::Foreign { .. }));
    assert_eq!(std::fs::read(&text).unwrap(), before);

    let other = folder.path().join("other.db");
    rusqlite::Connection::open(&other).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(open_error(&other), StoreError::Foreign { .. }));
}

#[test]
fn sqlite_refuses_a_newer_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    drop(SqliteStore::open(&path).unwrap());
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    let error = open_error(&path);
    assert!(matches!(error, StoreError::Newer { found: 99, .. }), "{error}");
    assert!(error.to_string().contains("format 99"), "{error}");
}

#[test]
fn sqlite_reads_the_first_format_and_marks_it_as_new_once_it_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut store = SqliteStore::open(&path).unwrap();
    let appended: Vec<_> = events().into_iter().map(|event| store.append(event).unwrap()).collect();
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let version = || connection.pragma_query_value(None, "user_version", |row| row.get::<_, u32>(0)).unwrap();
    assert_eq!(version(), SCHEMA_VERSION);
    connection.pragma_update(None, "user_version", 1).unwrap();
    assert_eq!(SqliteStore::open_to_read(&path).unwrap().load().unwrap(), appended);
    let mut again = SqliteStore::open(&path).unwrap();
    assert_eq!(again.load().unwrap(), appended);
    assert_eq!(version(), 1, "reading changes nothing");
    again.append(Event::PreferencesChanged { preferences: Vec::new() }).unwrap();
    assert_eq!(version(), SCHEMA_VERSION);
    assert_eq!(again.load().unwrap().len(), appended.len() + 1);
}

#[test]
fn sqlite_says_which_event_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("study.db");
    let mut store = SqliteStore::open(&path).unwrap();
    for event in events() {
        store.append(event).unwrap();
    }
    rusqlite::Connection::open(&path).unwrap().execute("UPDATE events SET body = '{' WHERE seq = 3", []).unwrap();
    let error = store.load().expect_err("event 3 is broken");
    assert!(matches!(error, StoreError::Damaged { seq: 3, .. }), "{error}");
}
