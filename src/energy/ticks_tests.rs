//! Short windows over a counter that ticks, at random phases, against the energy that was truly spent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;

use super::clock::testing::ManualClock;
use super::meter::{Meter, Reading, Source};
use super::testing::moment;
use super::ticks::energy_by_outer_ticks;
use super::units::{Domain, DomainKind, Joules, Method, WindowEnergy};
use super::*;

const IDLE: f64 = 70.0;
const BUSY: f64 = 200.0;
const LENGTHS: [f64; 6] = [0.015, 0.05, 0.12, 0.19, 0.4, 0.9];

/// Numbers between 0 and 1 that look random (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A board with a counter that is brought up to date now and then.
#[derive(Debug, Clone)]
struct Board {
    period: f64,
    jitter: f64,
    /// Watts over [`IDLE`] between two times.
    loads: Vec<(f64, f64, f64)>,
    /// At this time the counter begins anew.
    reset: Option<f64>,
    /// Readings between these times fail.
    broken: Option<(f64, f64)>,
}

impl Board {
    fn new(period: f64, jitter: f64) -> Self {
        Self { period, jitter, loads: Vec::new(), reset: None, broken: None }
    }

    fn joules(&self, time: f64) -> f64 {
        let load = |(from, to, watts): &(f64, f64, f64)| (time.min(*to) - from).max(0.0) * watts;
        time * IDLE + self.loads.iter().map(load).sum::<f64>()
    }

    fn tick(&self, number: f64) -> f64 {
        number * self.period + self.jitter * Random(number as u64).next()
    }

    fn reading(&self, at: Moment) -> Reading {
        let time = at.monotonic_seconds();
        let mut number = (time / self.period).floor();
        while self.tick(number) > time {
            number -= 1.0;
        }
        let anew = self.reset.is_some_and(|reset| time >= reset);
        // To the millijoule, as NVML has it.
        let microjoules = (self.joules(self.tick(number)) * 1e3).round() as u64 * 1000;
        Reading { at, microjoules, segment: u64::from(anew) }
    }
}

struct BoardMeter {
    board: Arc<Mutex<Board>>,
    sources: [Source; 1],
}

impl Meter for BoardMeter {
    fn name(&self) -> &'static str {
        "board"
    }
    fn sources(&self) -> &[Source] {
        &self.sources
    }
    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let (board, now) = (self.board.lock().unwrap(), clock.now());
        let seconds = now.monotonic_seconds();
        let broken = board.broken.is_some_and(|(from, to)| (from..to).contains(&seconds));
        let domain = self.sources[0].domain.clone();
        vec![match broken {
            true => Err(EnergyError::Read { domain, reason: "as told".to_owned() }),
            false => Ok(board.reading(now)),
        }]
    }
}

/// A session on a board, whose background thread the test plays.
struct Desk {
    session: Session,
    board: Arc<Mutex<Board>>,
    clock: ManualClock,
    random: Random,
}

impl Desk {
    fn new(board: Board, seed: u64) -> Self {
        let mut random = Random(seed);
        let clock = ManualClock::at(50.0 + random.next());
        let resolution = Duration::from_millis(100);
        let domain = Domain { kind: DomainKind::Gpu, id: "GPU-1".to_owned() };
        let sources = [Source { domain, method: Method::Counter, resolution }];
        let board = Arc::new(Mutex::new(board));
        let meter = BoardMeter { board: Arc::clone(&board), sources };
        let builder = Session::builder().meters(Meters::List(vec![])).meter(meter).clock(clock.clone());
        Self { session: builder.without_polling().open().unwrap(), board, clock, random }
    }

    fn now(&self) -> f64 {
        self.clock.now().monotonic_seconds()
    }

    /// Reads every 10 ms, and a little late at times.
    fn watch_until(&mut self, time: f64) {
        while self.now() < time {
            let step = 0.01 + 0.001 * self.random.next();
            self.clock.advance(step.min(time - self.now()).max(1e-9));
            self.session.poll();
        }
    }

    /// One trial: it sets up under load if told to, rests, works for `length`, rests, and goes on under load if told to.
    /// The edges are heard of a little after their time. Returns the energy metered and the true one.
    fn trial(&mut self, length: f64, rest: f64, busy_around: bool) -> (WindowEnergy, f64) {
        let _start = self.session.mark();
        let setup = 0.05 + 0.25 * self.random.next();
        let open = self.now() + setup + rest;
        let close = open + length;
        {
            let mut board = self.board.lock().unwrap();
            board.loads.push((open, close, BUSY - IDLE));
            if busy_around {
                board.loads.push((open - rest - setup, open - rest, BUSY - IDLE));
                board.loads.push((close + rest, close + rest + 0.4, BUSY - IDLE));
            }
        }
        let heard = |random: &mut Random| 0.0005 + 0.0025 * random.next();
        let late = heard(&mut self.random);
        self.watch_until(open + late);
        let first = self.session.mark_at(moment(open));
        let late = heard(&mut self.random);
        self.watch_until(close + late);
        let last = self.session.mark_at(moment(close));
        self.session.settle(&last, &Usage::All);
        let board = self.board.lock().unwrap();
        let truth = board.joules(close) - board.joules(open);
        (self.session.between(&first, &last), truth)
    }
}

fn note(window: &WindowEnergy) -> &str {
    window.domains[0].note.as_deref().unwrap_or("")
}

/// Relative errors, of which windows without a figure count as 1; median and 95th percentile.
fn spread(mut errors: Vec<f64>) -> (f64, f64) {
    errors.sort_unstable_by(f64::total_cmp);
    (errors[errors.len() / 2], errors[errors.len() * 95 / 100])
}

fn errors(length: f64, rest: f64, busy_around: bool, jitter: f64) -> (f64, f64) {
    let trial = |seed: u64| {
        let mut desk = Desk::new(Board::new(0.1, jitter), seed * 7919);
        let (energy, truth) = desk.trial(length, rest, busy_around);
        let Some(Joules(joules)) = energy.total() else { return 1.0 };
        assert!(joules > 0.0, "{energy:?}");
        assert_eq!(energy.method(), Some(Method::Counter));
        (joules - truth).abs() / truth
    };
    spread((0..400).map(trial).collect())
}

#[test]
fn windows_at_rest_around_are_right_within_a_few_hundredths() {
    for (length, most) in LENGTHS.into_iter().zip([0.15, 0.05, 0.025, 0.02, 0.01, 0.006]) {
        let (median, p95) = errors(length, 0.15, false, 0.002);
        println!("rest always      {length:.3} s  median {:.2} %  p95 {:.2} %", median * 100.0, p95 * 100.0);
        assert!(p95 <= most, "{length} s: {p95}");
    }
}

#[test]
fn work_before_and_after_the_rest_stays_out_of_a_window() {
    for rest in [0.15, 0.21] {
        for length in LENGTHS {
            let (median, p95) = errors(length, rest, true, 0.002);
            println!("busy, {rest:.2} s rest {length:.3} s  median {:.2} %  p95 {:.2} %", median * 100.0, p95 * 100.0);
        }
    }
}

#[test]
fn ticks_that_are_less_regular_are_still_bounded_by_the_readings_around_them() {
    for length in LENGTHS {
        let (median, p95) = errors(length, 0.15, false, 0.02);
        println!("jitter 20 ms     {length:.3} s  median {:.2} %  p95 {:.2} %", median * 100.0, p95 * 100.0);
    }
}
