//! What every [`Store`] must do, as functions for the tests of a store of one's own.
//!
//! ```
//! use wattfront::study::store::{MemoryStore, contract};
//!
//! contract::keeps_events(|| Box::new(MemoryStore::default()));
//! contract::refuses_what_json_lacks(&mut MemoryStore::default());
//! ```

use super::{Store, StoreError};
use crate::optimizer::Seed;
use crate::optimizer::history::{FailureKind, Fit, ObjectiveFit};
use crate::optimizer::problem::{Problem, maximize, minimize};
use crate::optimizer::space::{Space, Value, choice, float};
use crate::record::{Environment, Event, StoredEvent, StudyRecord};

/// A study of one trial, with all that is hard to keep: floats to their last bit, quotation marks, line breaks, the largest seed.
#[must_use]
pub fn events() -> Vec<Event> {
    let space = Space::new([float("x", 0.0..=1.0), choice("optimizer", ["sgd", "adam"])]).expect("a space");
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
            problem: Problem::new(space, [maximize("accuracy"), minimize("energy").log()]).expect("a problem"),
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

/// Checks that a store which `open` makes anew keeps events: in order, counted from 1, and to their last bit.
///
/// # Panics
/// Where it does not.
pub fn keeps_events(open: impl FnOnce() -> Box<dyn Store>) {
    let _ = kept(&mut *open());
}

/// The same of a store on a disk, which `open` makes anew and then finds again: all of it is there, and places go on.
///
/// # Panics
/// Where it is not.
pub fn survives(mut open: impl FnMut() -> Box<dyn Store>) {
    let appended = kept(&mut *open());
    let mut again = open();
    assert_eq!(again.load().expect("a store that was closed loads"), appended, "everything survives");
    let next = again.append(Event::SessionEnded { reason: "budget".into() }).expect("it goes on");
    assert_eq!(next.seq, appended.len() as u64 + 1, "places go on");
}

fn kept(store: &mut dyn Store) -> Vec<StoredEvent> {
    assert!(store.load().expect("a new store loads").is_empty(), "a new store is empty");
    let mut appended = Vec::new();
    for (i, event) in events().into_iter().enumerate() {
        let entry = store.append(event.clone()).expect("an event can be appended");
        assert_eq!(entry.event, event, "an event comes back as it is");
        assert_eq!(entry.seq, i as u64 + 1, "places are counted from 1");
        appended.push(entry);
    }
    assert_eq!(store.load().expect("it loads"), appended, "everything is there, in order, to the last bit");
    assert!(StudyRecord::from_entries(appended.clone()).is_ok());
    appended
}

/// Checks that an event with a number that JSON does not have is refused, and that an empty store stays empty.
///
/// # Panics
/// Where it is not.
pub fn refuses_what_json_lacks(store: &mut dyn Store) {
    let event = Event::ReferenceFrozen { reference: vec![f64::NAN] };
    assert!(matches!(store.append(event), Err(StoreError::Unstorable { .. })), "NaN is refused");
    assert!(store.load().expect("it loads").is_empty(), "nothing is stored of it");
}
