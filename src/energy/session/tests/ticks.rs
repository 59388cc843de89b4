//! Short windows over a counter that ticks, at random phases, against the energy that was truly spent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;

use crate::energy::meters::meter::Reading;
use crate::energy::meters::testing::board::{FakeBoard, FakeBoardMeter, IDLE, Load, Random};
use crate::energy::system::clock::testing::ManualClock;
use crate::energy::system::testing::moment;
use crate::energy::units::{Joules, Method, WindowEnergy};
use crate::energy::windows::ticks::energy_by_outer_ticks;
use crate::energy::*;

const BUSY: f64 = 200.0;
const LENGTHS: [f64; 6] = [0.015, 0.05, 0.12, 0.19, 0.4, 0.9];

/// More power at rest after the work than before, in watts.
const WARM: f64 = 40.0;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Around {
    Idle,
    /// Under load right up to the rest, and right after it; and the rest after the work is warmer.
    Busy,
}

/// A session on a board, whose background thread the test plays.
struct TicksDesk {
    session: Session,
    board: Arc<Mutex<FakeBoard>>,
    clock: ManualClock,
    random: Random,
}

impl TicksDesk {
    fn new(board: FakeBoard, seed: u64) -> Self {
        let mut random = Random(seed.wrapping_mul(7919));
        let clock = ManualClock::at(50.0 + random.next());
        let board = Arc::new(Mutex::new(board));
        let meter = FakeBoardMeter::new(&board);
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

    /// One trial: it sets up, rests, works for `length`, rests, and goes on, and its edges are heard of a little after
    /// their time. Returns the energy metered and the true one.
    fn trial(&mut self, length: f64, around: Around) -> (WindowEnergy, f64) {
        let _start = self.session.mark();
        let setup = 0.05 + 0.25 * self.random.next();
        let rest = REST.as_secs_f64();
        let open = self.now() + setup + rest;
        let close = open + length;
        let mut board = self.board.lock().unwrap();
        let loads = &mut board.loads;
        loads.push(Load::constant(open, close, BUSY - IDLE));
        if around == Around::Busy {
            loads.push(Load::constant(open - rest - setup, open - rest, BUSY - IDLE));
            loads.push(Load::constant(close, close + rest, WARM));
            loads.push(Load::constant(close + rest, close + rest + 0.4, BUSY - IDLE));
        }
        drop(board);
        self.window(open, close)
    }

    /// Watches a window and what follows it, and asks for its energy.
    fn window(&mut self, open: f64, close: f64) -> (WindowEnergy, f64) {
        let heard = |random: &mut Random| 0.0005 + 0.0025 * random.next();
        let late = heard(&mut self.random);
        self.watch_until(open + late);
        let first = self.session.mark_at(moment(open)).beside_rest();
        let late = heard(&mut self.random);
        self.watch_until(close + late);
        let last = self.session.mark_at(moment(close)).beside_rest();
        self.session.settle(&last, &Usage::All);
        let board = self.board.lock().unwrap();
        let truth = board.joules(close) - board.joules(open);
        (self.session.between(&first, &last), truth)
    }
}

fn note(window: &WindowEnergy) -> &str {
    window.domains[0].note.as_deref().unwrap_or("")
}

/// Median and 95th percentile of relative errors, where no figure is an error of 1.
fn spread(errors: impl Iterator<Item = f64>) -> (f64, f64) {
    let mut errors: Vec<f64> = errors.collect();
    errors.sort_unstable_by(f64::total_cmp);
    (errors[errors.len() / 2], errors[errors.len() * 95 / 100])
}

fn error_of(energy: &WindowEnergy, truth: f64) -> f64 {
    let Some(Joules(joules)) = energy.total() else { return 1.0 };
    assert!(joules > 0.0, "{energy:?}");
    assert_eq!(energy.method(), Some(Method::Counter));
    (joules - truth).abs() / truth
}

/// Asserts the 95th percentile of the error for windows of each length.
fn assert_p95(what: &str, around: Around, jitter: f64, bounds: [f64; LENGTHS.len()]) {
    for (length, bound) in LENGTHS.into_iter().zip(bounds) {
        let errors = (0..200).map(|seed| {
            let (energy, truth) = TicksDesk::new(FakeBoard::new(0.1, jitter), seed).trial(length, around);
            error_of(&energy, truth)
        });
        let (median, p95) = spread(errors);
        println!("{what}: {length:.3} s, median {:.2} %, p95 {:.2} %", median * 100.0, p95 * 100.0);
        assert!(p95 <= bound, "{what}, {length} s: {p95}");
    }
}

#[test]
fn a_burst_over_an_idle_board_is_right_within_some_hundredths() {
    assert_p95("idle around", Around::Idle, 0.002, [0.15, 0.05, 0.025, 0.015, 0.01, 0.005]);
}

#[test]
fn work_before_and_after_the_rest_stays_out() {
    assert_p95("busy around", Around::Busy, 0.002, [0.15, 0.05, 0.025, 0.015, 0.01, 0.005]);
}

#[test]
fn ticks_at_irregular_times_are_bounded_by_the_readings_around_them() {
    assert_p95("20 ms of jitter", Around::Idle, 0.02, [0.7, 0.25, 0.1, 0.07, 0.04, 0.02]);
}

#[test]
fn a_short_window_says_so_and_a_longer_one_names_its_ticks() {
    let mut desk = TicksDesk::new(FakeBoard::new(0.1, 0.002), 3);
    let (short, _) = desk.trial(0.05, Around::Busy);
    let said = note(&short);
    assert!(said.starts_with("shorter than two ticks of the counter: by the counter's ticks around it, 0."), "{said}");
    assert!(said.contains("71 W before and 110 W after"), "{said}");
    desk.watch_until(desk.now() + 1.0);
    let (longer, _) = desk.trial(0.5, Around::Idle);
    assert_eq!(note(&longer), "by the counter's ticks around it");
}

#[test]
fn ticks_that_nobody_watched_for_are_inferred_from_those_that_follow() {
    let mut missing = 0;
    let mut errors = Vec::new();
    for seed in 0..200 {
        let mut desk = TicksDesk::new(FakeBoard::new(0.1, 0.002), seed);
        for _ in 0..6 {
            desk.clock.advance(0.5);
            desk.session.poll();
        }
        // As the background thread would, had there been no mark for seconds.
        desk.clock.advance(0.45 * desk.random.next());
        let open = desk.now();
        desk.board.lock().unwrap().loads.push(Load::constant(open, open + 0.05, BUSY - IDLE));
        let (energy, truth) = desk.window(open, open + 0.05);
        match energy.total() {
            Some(_) => errors.push(error_of(&energy, truth)),
            None => missing += 1,
        }
    }
    // Without a figure are those with a tick just when the opening is heard of.
    assert!(missing <= 30, "{missing}");
    let (median, p95) = spread(errors.into_iter());
    println!(
        "not watched before: 0.050 s, median {:.2} %, p95 {:.2} %, {missing} missing",
        median * 100.0,
        p95 * 100.0
    );
    assert!(p95 <= 0.15, "{median} {p95}");
}

#[test]
fn the_energy_between_is_told_at_once_and_after_settling_is_known() {
    let mut desk = TicksDesk::new(FakeBoard::new(0.1, 0.002), 5);
    desk.watch_until(desk.now() + 0.5);
    let open = desk.session.mark().beside_rest();
    desk.watch_until(desk.now() + 0.03);
    let close = desk.session.mark().beside_rest();
    let asked = desk.now();
    let early = desk.session.between(&open, &close);
    assert_eq!((early.total(), desk.now()), (None, asked), "it does not wait");
    assert!(note(&early).contains("below the resolution"), "{early:?}");
    desk.session.settle(&close, &Usage::All);
    assert!((0.09..=0.26).contains(&(desk.now() - asked)), "{}", desk.now() - asked);
    let known = desk.session.between(&open, &close).total().unwrap().0;
    assert!((known - 0.03 * IDLE).abs() < 0.3, "{known}");
    let settled = desk.now();
    desk.session.settle(&close, &Usage::All);
    assert_eq!(desk.now(), settled, "known already");
    desk.session.settle(&desk.session.mark(), &Usage::cpu());
    assert_eq!(desk.now(), settled, "a GPU that is not in use is not waited for");
}

#[test]
fn a_counter_that_stands_still_or_fails_holds_nobody_up_and_has_no_figure() {
    let mut desk = TicksDesk::new(FakeBoard::new(1e6, 0.0), 1);
    let (still, _) = desk.trial(0.05, Around::Idle);
    assert_eq!(still.total(), None);
    assert!(note(&still).contains("it hangs"), "{still:?}");
    let before = desk.now();
    desk.session.settle(&desk.session.mark(), &Usage::All);
    assert!(desk.now() - before < 0.2501);
    desk.board.lock().unwrap().broken = Some((0.0, 1e9));
    let before = desk.now();
    desk.session.settle(&desk.session.mark(), &Usage::All);
    assert!(desk.now() - before < 0.2501);
}

#[test]
fn a_reset_or_a_failure_in_the_padding_leaves_no_figure() {
    // From well before the window to well after it, in steps that hit each tick: what is far away does no harm.
    let (mut told, mut torn, mut failed) = (0, 0, 0);
    for step in -60..60_i32 {
        for reset in [true, false] {
            let mut desk = TicksDesk::new(FakeBoard::new(0.1, 0.002), 11);
            desk.watch_until(desk.now() + 1.0);
            let open = desk.now() + 0.5;
            let at = open + f64::from(step) * 0.01;
            {
                let mut board = desk.board.lock().unwrap();
                board.loads.push(Load::constant(open, open + 0.05, BUSY - IDLE));
                match reset {
                    true => board.reset = Some(at),
                    false => board.broken = Some((at, at + 0.012)),
                }
            }
            let (energy, truth) = desk.window(open, open + 0.05);
            match energy.total() {
                Some(Joules(joules)) => {
                    told += 1;
                    assert!((joules - truth).abs() <= 0.1 * truth, "{step} {reset}: {joules} for {truth}");
                }
                None if reset => {
                    torn += 1;
                    assert!(note(&energy).contains("anew"), "{step}: {energy:?}");
                }
                None => {
                    failed += 1;
                    assert!(
                        note(&energy).contains("failed") || note(&energy).contains("as told"),
                        "{step}: {energy:?}"
                    );
                }
            }
        }
    }
    assert!(told > 60 && torn > 5 && failed > 15, "{told} {torn} {failed}");
}

#[test]
fn long_windows_and_old_edges_are_as_they_were() {
    let desk = TicksDesk::new(FakeBoard::new(0.1, 0.0), 2);
    let open = desk.session.mark();
    while desk.now() < 450.0 {
        desk.clock.advance(0.5);
        desk.session.poll();
    }
    let close = desk.session.mark();
    let energy = desk.session.between(&open, &close);
    assert_eq!(energy.domains[0].note, None);
    assert!((energy.total().unwrap().0 - energy.seconds * IDLE).abs() <= 0.1 * IDLE + 0.01);
}

proptest! {
    #[test]
    fn no_figure_is_negative_nor_zero(
        start in 0.0..3.0_f64,
        length in 0.0..1.2_f64,
        readings in prop::collection::vec((0.0..0.15_f64, 0_u64..40_000_000, 0_u8..40), 0..120),
    ) {
        let (mut at, mut microjoules, mut segment) = (100.0, 0, 0);
        let readings: Vec<Reading> = readings
            .into_iter()
            .map(|(pause, gained, luck)| {
                at += if luck < 30 { pause * 0.1 } else { pause };
                microjoules += if luck % 8 == 0 { gained } else { 0 };
                segment += u64::from(luck == 39);
                Reading { at: moment(at), microjoules, segment }
            })
            .collect();
        let (open, close) = (moment(100.0 + start), moment(100.0 + start + length));
        match energy_by_outer_ticks(&readings, Duration::from_millis(100), open, close) {
            Ok(outer) => prop_assert!(outer.joules > 0.0 && outer.joules.is_finite(), "{outer:?}"),
            Err(reason) => prop_assert!(!reason.is_empty()),
        }
    }

    #[test]
    fn random_bursts_are_never_negative(
        seed in any::<u64>(),
        length in 0.0005..0.3_f64,
        jitter in 0.0..0.09_f64,
        period in 0.02..0.13_f64,
        busy in any::<bool>(),
    ) {
        let around = if busy { Around::Busy } else { Around::Idle };
        let (energy, _) = TicksDesk::new(FakeBoard::new(period, jitter.min(period * 0.9)), seed).trial(length, around);
        match energy.total() {
            Some(Joules(joules)) => prop_assert!(joules > 0.0 && joules.is_finite(), "{energy:?}"),
            None => prop_assert!(!note(&energy).is_empty()),
        }
    }
}

#[cfg(feature = "nvml")]
#[test]
fn short_windows_on_the_fake_library_are_right_within_some_hundredths() {
    use crate::energy::meters::nvml::testing::FakeNvml;

    for (length, bound) in [(0.015, 0.3), (0.05, 0.1), (0.12, 0.04), (0.19, 0.03)] {
        let mut random = Random(7);
        let errors = (0..40).map(|_| {
            let open = 50.6 + random.next();
            let close = open + length;
            let script = format!("jitter 0.002\ngpu GPU-a A\npower pulse {IDLE} {BUSY} {open} {close}\n");
            let fake = FakeNvml::new(open - 0.4 - 0.1 * random.next(), &script);
            let builder = Session::builder().meters(Meters::List(vec![MeterKind::Nvml])).nvml_library(fake.library());
            let session = builder.clock(fake.clock.clone()).without_polling().open().unwrap();
            let mut watch_until = |time: f64| loop {
                let rest = time - fake.clock.now().monotonic_seconds();
                if rest <= 0.0 {
                    break;
                }
                fake.advance(rest.min(0.01 + 0.001 * random.next()).max(1e-9));
                session.poll();
            };
            watch_until(open + 0.002);
            let first = session.mark_at(moment(open)).beside_rest();
            watch_until(close + 0.002);
            let last = session.mark_at(moment(close)).beside_rest();
            watch_until(close + 0.25);
            error_of(&session.between(&first, &last), BUSY * length)
        });
        let (median, p95) = spread(errors);
        println!("fake library: {length:.3} s, median {:.2} %, p95 {:.2} %", median * 100.0, p95 * 100.0);
        assert!(p95 <= bound, "{length} s: {p95}");
    }
}
