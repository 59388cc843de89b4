//! What a store costs: the events of one trial with three steps, and a thousand steps of one trial.
//!
//! `cargo bench --bench store` prints medians and quartiles, in microseconds, of stores in the folder `target/`, whose disk it thereby
//! measures; `-- FOLDER` takes another.

use std::path::{Path, PathBuf};
use std::time::Instant;

use wattfront::energy::units::WindowEnergy;
use wattfront::optimizer::Seed;
use wattfront::optimizer::problem::{Metrics, Problem, maximize, minimize};
use wattfront::optimizer::space::{Point, Space, float};
use wattfront::record::{Event, Phases};
use wattfront::study::store::{SqliteStore, Store};

const TRIALS: u64 = 300;
const STEPS: u64 = 1000;

fn main() {
    let folder = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("target"));
    let folder = tempfile::tempdir_in(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut store = SqliteStore::open(&folder.path().join("study.db")).expect("a new store");
    let space = Space::new([float("x", 0.0..=1.0)]).expect("a space");
    let problem = Problem::new(space, [maximize("accuracy"), minimize("energy")]).expect("a problem");
    let (name, sampler, identity) = ("bench".into(), "gp".into(), serde_json::Value::Null);
    let mut append = |event| store.append(event).map(|_| ()).expect("it is stored");
    append(Event::StudyCreated { name, seed: Seed(1), problem, sampler, identity });
    let trials = (0..TRIALS).map(|trial| {
        timed(|| {
            append(started(trial));
            (0..3).for_each(|step| append(reported(trial, step)));
            append(finished(trial));
        })
    });
    tell("trial", trials.collect());
    append(started(TRIALS));
    tell("step", (0..STEPS).map(|step| timed(|| append(reported(TRIALS, step)))).collect());
}

fn started(trial: u64) -> Event {
    let point = Point::from_iter([("x", 1.0 / (trial + 1) as f64)]);
    Event::TrialStarted { trial, attempt: 1, point, fit: None, propose_seconds: 0.01 }
}

fn reported(trial: u64, step: u64) -> Event {
    let metrics = Metrics::from([("loss".to_owned(), 1.0 / (step + 1) as f64)]);
    Event::StepReported { trial, step, metrics, seconds: 0.5, energy: None }
}

fn finished(trial: u64) -> Event {
    let metrics = Metrics::from([("accuracy".to_owned(), 0.9), ("energy".to_owned(), trial as f64)]);
    let spent = WindowEnergy::new(1.5, Vec::new());
    Event::TrialFinished { trial, metrics, sd: Metrics::new(), energy: Phases::new(), spent }
}

/// Microseconds.
fn timed(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64() * 1e6
}

fn tell(what: &str, mut times: Vec<f64>) {
    let sum: f64 = times.iter().sum();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[(share * (times.len() - 1) as f64) as usize];
    println!(
        "{what}: median {:.1}, quartiles {:.1} to {:.1}, mean {:.1} us",
        at(0.5),
        at(0.25),
        at(0.75),
        sum / times.len() as f64
    );
}
