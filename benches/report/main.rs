//! What the report of a long study costs: of 12,000 trials with three steps each, their energies, some failures and a front.
//!
//! `cargo bench --bench report` prints the seconds that each part takes, once; `-- 3000` takes another number of trials.

use std::time::Instant;

use wattfront::analysis::Summary;
use wattfront::carbon::Carbon;
use wattfront::energy::units::{DomainEnergy, DomainKind, Joules, Method, PowerDomain, WindowEnergy};
use wattfront::optimizer::Seed;
use wattfront::optimizer::history::FailureKind;
use wattfront::optimizer::problem::{Metrics, Problem, maximize, minimize};
use wattfront::optimizer::space::{Point, Space, Value, choice, float, int};
use wattfront::record::{Event, Phases, StoredEvent, StudyRecord};
use wattfront::report::Closing;
use wattfront::report::study::text::closing;
use wattfront::report::study::{csv, json, page};

const TRIALS: u64 = 12_000;
const STEPS: u64 = 3;

fn main() {
    let trials = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(TRIALS);
    let entries = events(trials);
    let carbon = Carbon::default();
    let record = timed("fold", || StudyRecord::from_entries(entries).expect("events of a study"), |_| 0);
    timed("summary", || Summary::of(&record), |_| 0);
    timed("trials.csv", || csv::trials(&record), String::len);
    timed("front.csv", || csv::front(&record), String::len);
    timed("report.html", || page(&record, &carbon), String::len);
    timed("console", || closing(&record, &carbon, &Closing::default()), String::len);
    timed("json", || json::study_text(&record, &carbon), String::len);
}

fn timed<T>(what: &str, work: impl FnOnce() -> T, size: impl Fn(&T) -> usize) -> T {
    let begin = Instant::now();
    let made = work();
    println!("{what:<12} {:>8.3} s {:>10} bytes", begin.elapsed().as_secs_f64(), size(&made));
    made
}

fn events(trials: u64) -> Vec<StoredEvent> {
    let rate = float("learning_rate", 1e-5..=1e-1).log();
    let space = Space::new([rate, int("width", 8..=128).log(), choice("optimizer", ["sgd", "adam"])]).expect("a space");
    let problem = Problem::new(space, [maximize("accuracy"), minimize("energy").log()]).expect("a problem");
    let identity = serde_json::json!({ "command": {} });
    let mut entries = Vec::new();
    let mut push = |event| {
        let seq = entries.len() as u64 + 1;
        entries.push(StoredEvent { seq, time: 1_750_000_000.0 + seq as f64, event });
    };
    push(Event::StudyCreated { name: "bench".into(), seed: Seed(1), problem, sampler: "random".into(), identity });
    push(Event::SessionStarted { environment: wattfront::record::Environment::default() });
    for trial in 0..trials {
        let draw = |k: u64| hash(trial * 8 + k);
        let (rate, width) = (1e-5 * 1e4f64.powf(draw(0)), (8.0 * 16f64.powf(draw(1))) as i64);
        let optimizer = if draw(2) < 0.5 { "sgd" } else { "adam" };
        let values = [("learning_rate", Value::from(rate)), ("width", width.into()), ("optimizer", optimizer.into())];
        let point = Point::from_iter(values);
        push(Event::TrialStarted { trial, attempt: 1, point, fit: None, propose_seconds: 0.01 });
        let joules = (width as f64).powf(1.3) * (1.0 + 0.1 * draw(3));
        if trial % 40 == 7 {
            let (kind, message) = (FailureKind::OutOfMemory, "needs 9.1 GiB".to_owned());
            push(Event::TrialFailed { trial, kind, message, retry: false, spent: Some(window(joules)) });
            continue;
        }
        let accuracy = 1.0 - 0.3 / (width as f64).sqrt() - 0.02 * (rate.log10() + 3.0).abs() - 0.02 * draw(4);
        for step in 1..=STEPS {
            let metrics = Metrics::from([("accuracy".to_owned(), accuracy * step as f64 / STEPS as f64)]);
            push(Event::StepReported { trial, step, metrics, seconds: 0.5, energy: Some(window(joules / 3.0)) });
        }
        let metrics = Metrics::from([("accuracy".to_owned(), accuracy), ("energy".to_owned(), joules)]);
        let energy = Phases::from_iter([("trial".to_owned(), window(joules))]);
        let spent = window(1.2 * joules);
        push(Event::TrialFinished { trial, metrics, sd: Metrics::new(), energy, spent });
    }
    entries
}

fn window(joules: f64) -> WindowEnergy {
    let domain = PowerDomain { kind: DomainKind::Cpu, id: "package-0".to_owned() };
    let note = Some("3 of 40 readings failed".to_owned());
    let domains = vec![DomainEnergy::new(domain, Method::Counter, Some(Joules(joules)), note)];
    WindowEnergy::new(1.5, domains)
}

/// Evenly in [0, 1): Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
fn hash(number: u64) -> f64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}
