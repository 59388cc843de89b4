//! Windows of a second and more over a counter that ticks. They are held against the energy that was truly spent, and
//! against what the figures say of their own error.

use std::sync::{Arc, Mutex};

use crate::energy::meters::testing::board::{FakeBoard, FakeBoardMeter, IDLE, Load, Random};
use crate::energy::system::clock::testing::ManualClock;
use crate::energy::system::testing::moment;
use crate::energy::units::{Joules, WindowEnergy};
use crate::energy::*;

/// Ticks of 100 +- 2 ms, and loads between 150 and 500 W with periods of 15 to 600 ms.
const JITTER: f64 = 0.004;
const LOW: f64 = 150.0;
const HIGH: f64 = 500.0;
const PERIODS: (f64, f64) = (0.015, 0.6);
const WINDOWS: u64 = 1000;

/// A session on a board, and what its background thread would do.
struct EdgesDesk {
    session: Session,
    board: Arc<Mutex<FakeBoard>>,
    clock: ManualClock,
    random: Random,
}

impl EdgesDesk {
    fn new(seed: u64, gain: f64) -> Self {
        let mut random = Random(seed.wrapping_mul(7919));
        let clock = ManualClock::at(50.0 + random.next());
        let board = Arc::new(Mutex::new(FakeBoard { gain, ..FakeBoard::new(0.1, JITTER) }));
        let builder = Session::builder().meters(Meters::List(vec![])).meter(FakeBoardMeter::new(&board));
        let session = builder.clock(clock.clone()).without_polling().open().unwrap();
        Self { session, board, clock, random }
    }

    fn now(&self) -> f64 {
        self.clock.now().monotonic_seconds()
    }

    /// Reads every 10 ms as long as a burst lasts, and twice a second after it.
    fn until(&mut self, time: f64) {
        while self.now() < time {
            let step = if self.session.is_watching() { 0.01 + 0.001 * self.random.next() } else { 0.5 };
            self.clock.advance(step.min(time - self.now()).max(1e-9));
            self.session.poll();
        }
    }

    /// An edge that was stamped a little before it is heard of.
    fn edge(&mut self, at: f64) -> Mark {
        let late = 0.0005 + 0.0025 * self.random.next();
        self.until(at + late);
        self.session.mark_at(moment(at))
    }

    fn square(&mut self, from: f64, to: f64) {
        let (shortest, longest) = PERIODS;
        let period = shortest * (longest / shortest).powf(self.random.next());
        let watts = (LOW - IDLE, HIGH - IDLE);
        self.board.lock().unwrap().loads.push(Load::square(from, to, watts, period));
    }

    fn truth(&self, from: f64, to: f64) -> f64 {
        let board = self.board.lock().unwrap();
        board.joules(to) - board.joules(from)
    }

    /// A trial with rest before and after.
    fn trial(&mut self, length: f64) -> (WindowEnergy, f64) {
        let _start = self.session.mark();
        let open = self.now() + 0.25 * self.random.next() + REST.as_secs_f64();
        self.square(open, open + length);
        let first = self.edge(open).beside_rest();
        let last = self.edge(open + length).beside_rest();
        self.session.settle(&last, &Usage::All);
        (self.session.between(&first, &last), self.truth(open, open + length))
    }

    /// Epochs of a training, after the first.
    fn epochs(&mut self, length: f64, count: u32) -> Vec<(WindowEnergy, f64)> {
        // It has metered for a while, and knows the period of its counter.
        for _ in 0..15 {
            let _known = self.edge(self.now() + 1.0);
        }
        let start = self.now() + 1.0 + self.random.next();
        self.square(start, start + length * f64::from(count + 2));
        let mut edges = vec![self.edge(start)];
        edges.extend((1..=count + 1).map(|epoch| self.edge(start + length * f64::from(epoch))));
        self.until(start + length * f64::from(count + 1) + 0.3);
        let truth = |mark: &Mark| self.truth(start, mark.moment().monotonic_seconds());
        edges
            .windows(2)
            .skip(1)
            .map(|pair| (self.session.between(&pair[0], &pair[1]), truth(&pair[1]) - truth(&pair[0])))
            .collect()
    }
}

fn joules(energy: &WindowEnergy) -> f64 {
    energy.total().expect("a figure").0
}

fn p95(mut errors: Vec<f64>) -> f64 {
    errors.sort_unstable_by(f64::total_cmp);
    errors[errors.len() * 95 / 100]
}

/// The share of windows whose truth lies within 1.96 standard deviations.
fn coverage(windows: &[(WindowEnergy, f64)], sd: impl Fn(&units::Uncertainty) -> Joules) -> f64 {
    let covers = |(energy, truth): &&(WindowEnergy, f64)| {
        let sd = sd(&energy.uncertainty(None).expect("known")).0;
        (joules(energy) - truth).abs() <= 1.96 * sd
    };
    windows.iter().filter(covers).count() as f64 / windows.len() as f64
}

fn errors(windows: &[(WindowEnergy, f64)]) -> Vec<f64> {
    windows.iter().map(|(energy, truth)| (joules(energy) - truth).abs() / truth).collect()
}

#[test]
fn trials_between_rests_are_right_within_some_thousandths() {
    let mut good = true;
    for (length, bound) in [(1.0, 0.015), (5.0, 0.0035), (10.0, 0.002)] {
        let windows: Vec<_> = (0..WINDOWS).map(|seed| EdgesDesk::new(seed, 1.0).trial(length)).collect();
        let (p95, covered) = (p95(errors(&windows)), coverage(&windows, units::Uncertainty::relative));
        println!("outer edges, {length} s: p95 {:.3} %, covered {:.1} %", p95 * 100.0, covered * 100.0);
        good &= p95 <= bound && (0.92..=0.985).contains(&covered);
    }
    assert!(good, "a bound above is not kept");
}

#[test]
fn epochs_are_right_within_a_hundredth_or_so() {
    let mut good = true;
    for (length, bound) in [(1.0, 0.03), (5.0, 0.0065), (10.0, 0.0035)] {
        let windows: Vec<_> = (0..WINDOWS / 2).flat_map(|seed| EdgesDesk::new(seed, 1.0).epochs(length, 4)).collect();
        let (p95, covered) = (p95(errors(&windows)), coverage(&windows, units::Uncertainty::relative));
        println!("inner edges, {length} s: p95 {:.3} %, covered {:.1} %", p95 * 100.0, covered * 100.0);
        good &= p95 <= bound && (0.92..=0.985).contains(&covered);
    }
    assert!(good, "a bound above is not kept");
}

#[test]
fn a_trial_of_many_short_epochs_has_its_own_edges_right() {
    let trials: Vec<_> = (0..WINDOWS / 2)
        .map(|seed| {
            let mut desk = EdgesDesk::new(seed, 1.0);
            let _start = desk.session.mark();
            let open = desk.now() + 0.3;
            desk.square(open, open + 6.0);
            desk.session.watch_closely();
            let first = desk.edge(open).beside_rest();
            for epoch in 1..20 {
                let _epoch = desk.edge(open + 0.3 * f64::from(epoch));
            }
            desk.until(open + 5.9);
            desk.session.watch_closely();
            let last = desk.edge(open + 6.0).beside_rest();
            // What comes after the rest has edges of its own.
            let _test = desk.edge(open + 6.0 + REST.as_secs_f64());
            desk.session.settle(&last, &Usage::All);
            (desk.session.between(&first, &last), desk.truth(open, open + 6.0))
        })
        .collect();
    let p95 = p95(errors(&trials));
    println!("many epochs, 6 s: p95 {:.3} %", p95 * 100.0);
    assert!(p95 <= 0.0015, "{p95}");
}

#[test]
fn windows_that_are_only_read_at_their_edges_are_much_worse() {
    for length in [1.0, 5.0, 10.0] {
        let windows: Vec<_> = (0..WINDOWS)
            .map(|seed| {
                let mut desk = EdgesDesk::new(seed, 1.0);
                let start = desk.now() + 1.0 + desk.random.next();
                desk.square(start, start + length + 2.0);
                let first = desk.edge(start + 0.7);
                let last = desk.edge(start + 0.7 + length);
                // Nobody waited for the ticks after the last edge.
                (desk.session.between(&first, &last), desk.truth(start + 0.7, start + 0.7 + length))
            })
            .collect();
        let (p95, covered) = (p95(errors(&windows)), coverage(&windows, units::Uncertainty::relative));
        println!("read at the edges, {length} s: p95 {:.3} %, covered {:.1} %", p95 * 100.0, covered * 100.0);
        assert!(p95 * length > 0.05 && (0.92..=0.99).contains(&covered), "{length} s: {p95}, {covered}");
    }
}

#[test]
fn an_edge_that_is_said_to_be_beside_rest_and_is_not_is_not_believed() {
    for length in [1.5, 5.0] {
        let windows: Vec<_> = (0..WINDOWS)
            .map(|seed| {
                let mut desk = EdgesDesk::new(seed, 1.0);
                // Somebody else works all the time.
                desk.square(desk.now(), desk.now() + 60.0);
                let _start = desk.session.mark();
                let open = desk.now() + 0.4;
                let first = desk.edge(open).beside_rest();
                desk.session.watch_closely();
                let last = desk.edge(open + length).beside_rest();
                desk.session.settle(&last, &Usage::All);
                (desk.session.between(&first, &last), desk.truth(open, open + length))
            })
            .collect();
        let (p95, covered) = (p95(errors(&windows)), coverage(&windows, units::Uncertainty::relative));
        println!("no rest, {length} s: p95 {:.3} %, covered {:.1} %", p95 * 100.0, covered * 100.0);
        assert!(p95 * length <= 0.04 && covered >= 0.9, "{length} s: {p95}, {covered}");
    }
}

#[test]
fn relative_intervals_cover_the_truth_of_windows_on_one_device() {
    // A device that shows too little; so it does in all windows.
    let gain = 0.93;
    let mut lengths = Random(17);
    let windows: Vec<_> = (0..WINDOWS / 2)
        .flat_map(|seed| {
            let length = 1.0 + 9.0 * lengths.next();
            let trial = EdgesDesk::new(seed, gain).trial(length);
            let epoch = EdgesDesk::new(seed, gain).epochs(length, 1).remove(0);
            [trial, epoch].map(|(energy, truth)| (energy, gain * truth))
        })
        .collect();
    let covered = coverage(&windows, units::Uncertainty::relative);
    println!("one device: covered {:.1} %", covered * 100.0);
    assert!((0.93..=0.97).contains(&covered), "{covered}");
}

#[test]
fn absolute_intervals_cover_the_truth_of_many_devices_of_different_gain() {
    // Normal by Box and Muller.
    let mut random = Random(41);
    let mut normal = || (-2.0 * (1.0 - random.next()).ln()).sqrt() * (std::f64::consts::TAU * random.next()).cos();
    let windows: Vec<_> =
        (0..WINDOWS).map(|seed| EdgesDesk::new(seed, 1.0 + DEFAULT_GAIN * normal()).trial(5.0)).collect();
    let covered = coverage(&windows, units::Uncertainty::absolute);
    println!("gains, 5 s: covered {:.1} %", covered * 100.0);
    assert!((0.93..=0.97).contains(&covered), "{covered}");
    let relative = coverage(&windows, units::Uncertainty::relative);
    assert!(relative < 0.5, "an interval for comparisons on one device says nothing of another: {relative}");
}

#[test]
fn epochs_add_up_to_their_phase() {
    for seed in 0..50 {
        let mut desk = EdgesDesk::new(seed, 1.0);
        let start = desk.now() + 1.0;
        desk.square(start, start + 60.0);
        let mut at = start;
        let edges: Vec<Mark> = (0..30)
            .map(|_| {
                at += 0.2 + 1.5 * desk.random.next();
                desk.edge(at)
            })
            .collect();
        desk.until(at + 0.4);
        let epochs: f64 = edges.windows(2).map(|pair| joules(&desk.session.between(&pair[0], &pair[1]))).sum();
        let phase = desk.session.between(&edges[0], &edges[edges.len() - 1]);
        let resolution = HIGH * 0.1;
        assert!((epochs - joules(&phase)).abs() <= resolution, "{seed}: {epochs} J and {phase:?}");
    }
}
