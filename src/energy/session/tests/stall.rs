//! Counters of processors that stand still, fall or jump while a session reads them: what is said of windows.

use super::super::builder::SessionBuilder;
use super::super::{Mark, Session};
use crate::energy::meters::choice::{MeterKind, Meters};
use crate::energy::meters::rapl::testing::{Alive, PowercapTree, gaining};
use crate::energy::system::clock::testing::ManualClock;
use crate::energy::units::{DomainEnergy, Joules};

const RANGE: u64 = 262_143_328_850;

/// A package at 100 W and its memory at 10 W.
struct StallingMachine {
    tree: PowercapTree,
    clock: ManualClock,
    session: Session,
    package: u64,
    dram: u64,
}

const DRAM: &str = "intel-rapl:0/intel-rapl:0:0";

fn builder(tree: &PowercapTree) -> SessionBuilder {
    let meters = Meters::List(vec![MeterKind::Rapl]);
    Session::builder().meters(meters).powercap_root(tree.root()).sysfs_root(tree.root().join("nowhere"))
}

impl StallingMachine {
    fn new() -> Self {
        let tree = PowercapTree::new();
        let (package, dram) = (5_000_000_000, 1_000_000_000);
        tree.zone("intel-rapl:0", "package-0", package, RANGE).zone(DRAM, "dram", dram, RANGE);
        let clock = ManualClock::at(100.0);
        let session = builder(&tree).clock(clock.clone()).without_polling().open().unwrap();
        Self { tree, clock, session, package, dram }
    }

    /// Time passes, with the session's readings twice a second; counters that hang stay as they are.
    fn pass(&mut self, seconds: f64, package: bool, dram: bool) {
        let steps = (seconds / 0.05).round() as u64;
        for step in 1..=steps {
            self.clock.advance(0.05);
            self.package += if package { 5_000_000 } else { 0 };
            self.dram += if dram { 500_000 } else { 0 };
            self.tree.set("intel-rapl:0", self.package).set(DRAM, self.dram);
            if step % 10 == 0 {
                self.session.poll();
            }
        }
    }

    fn between(&self, open: &Mark, close: &Mark) -> [DomainEnergy; 2] {
        self.session.between(open, close).domains.try_into().unwrap()
    }
}

fn note(figure: &DomainEnergy) -> &str {
    assert_eq!(figure.joules, None, "{figure:?}");
    figure.note.as_deref().unwrap()
}

fn joules(figure: &DomainEnergy) -> f64 {
    figure.joules.unwrap_or_else(|| panic!("{figure:?}")).0
}

#[test]
fn a_window_that_ends_while_the_counter_hangs_is_missing_and_one_before_is_not() {
    let mut machine = StallingMachine::new();
    let open = machine.session.mark();
    machine.pass(1.8, true, true);
    let sound = machine.session.mark();
    machine.pass(0.2, true, true);
    machine.pass(4.0, false, true);
    let close = machine.session.mark();
    let [package, dram] = machine.between(&open, &close);
    assert!(note(&package).contains("stood still for 3.5 s up to an edge: it hangs"), "{package:?}");
    assert!((joules(&dram) - 60.0).abs() < 1e-6);
    let [package, _] = machine.between(&open, &sound);
    assert!((joules(&package) - 180.0).abs() < 1e-6);
    let [package, _] = machine.between(&sound, &close);
    assert!(note(&package).contains("it hangs"));
}

#[test]
fn a_window_around_a_counter_that_hung_is_missing_with_that_reason_and_one_after_is_not() {
    let mut machine = StallingMachine::new();
    let open = machine.session.mark();
    machine.pass(2.0, true, true);
    machine.pass(3.0, true, false);
    machine.pass(1.0, true, true);
    let after = machine.session.mark();
    machine.pass(1.0, true, true);
    let close = machine.session.mark();
    let [package, dram] = machine.between(&open, &close);
    assert!((joules(&package) - 700.0).abs() < 1e-6);
    assert!(note(&dram).contains("energy_uj: the counter stood still for 3.0 s and went on"), "{dram:?}");
    assert!(note(&dram).contains("at least"), "{dram:?}");
    let [_, dram] = machine.between(&after, &close);
    assert!((joules(&dram) - 10.0).abs() < 1e-6);
}

#[test]
fn an_edge_just_after_the_counter_began_to_hang_is_found_out_by_later_readings() {
    let mut machine = StallingMachine::new();
    let open = machine.session.mark();
    machine.pass(1.0, true, true);
    machine.pass(0.15, false, true);
    let close = machine.session.mark();
    machine.pass(1.0, false, true);
    let [package, _] = machine.between(&open, &close);
    assert!(note(&package).contains("stood still") && note(&package).contains("around an edge"), "{package:?}");
}

#[test]
fn memory_that_does_not_move_in_a_window_is_missing_and_not_zero() {
    let mut machine = StallingMachine::new();
    machine.pass(1.0, true, true);
    let open = machine.session.mark();
    machine.pass(0.1, true, false);
    let [package, dram] = machine.between(&open, &machine.session.mark());
    assert!((joules(&package) - 10.0).abs() < 1e-6);
    assert!(note(&dram).contains("did not move"), "{dram:?}");
}

#[test]
fn what_happened_to_a_counter_within_a_window_is_told() {
    for (change, told) in [
        (-4_000_000_000_i64, "the counter started anew: it fell from 5100.000 J to 11"),
        (150_000_000_000, "the counter jumped by 150050 J in 0.500 s: more than the 5000 W"),
    ] {
        let mut machine = StallingMachine::new();
        let open = machine.session.mark();
        machine.pass(1.0, true, true);
        machine.session.poll();
        machine.package = machine.package.checked_add_signed(change).unwrap();
        machine.pass(1.5, true, true);
        let [package, dram] = machine.between(&open, &machine.session.mark());
        let note = note(&package);
        assert!(note.contains(told) && note.contains("at least"), "{note}");
        assert!(joules(&dram) > 20.0);
    }
    let mut machine = StallingMachine::new();
    let open = machine.session.mark();
    machine.pass(1.0, true, true);
    machine.clock.advance(900.0);
    machine.pass(1.5, true, true);
    let [package, _] = machine.between(&open, &machine.session.mark());
    assert!(
        note(&package).contains("unread for 900.") && note(&package).contains("262143 J lasts 328 s"),
        "{package:?}"
    );
}

#[test]
fn a_session_that_settles_finds_a_counter_that_has_just_begun_to_hang() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "package-0", 5_000_000_000, RANGE).zone(DRAM, "dram", 1_000_000_000, RANGE);
    let _alive = Alive::start(&tree, vec![(DRAM, gaining(1_000_000_000, 10.0))]);
    let session = builder(&tree).open().unwrap();
    let ((), energy) = session.measure(|| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        tree.set("intel-rapl:0", 5_002_000_000);
    });
    let [package, dram] = energy.domains.try_into().unwrap();
    assert!(note(&package).contains("stood still"), "{package:?}");
    assert!(dram.joules.is_some_and(|joules| joules > Joules(0.0)), "{dram:?}");
}

#[test]
fn in_a_virtual_machine_whose_counter_is_brought_up_to_date_once_a_second_windows_of_two_seconds_have_figures() {
    let (tree, proc) = (PowercapTree::new(), tempfile::tempdir().unwrap());
    std::fs::write(proc.path().join("cpuinfo"), "flags\t: fpu hypervisor\n").unwrap();
    tree.zone("intel-rapl:0", "package-0", 0, RANGE);
    let alive = Alive::start(&tree, vec![("intel-rapl:0", Box::new(|seconds| (seconds + 0.7) as u64 * 60_000_000))]);
    let clock = ManualClock::at(100.0);
    let builder = builder(&tree).sysfs_root(tree.root()).proc_root(proc.path());
    let session = builder.clock(clock.clone()).without_polling().open().unwrap();
    drop(alive);
    // By twentieths of a second.
    let (mut steps, mut shown) = (0_u64, 1_000_000_000);
    let mut pass = |seconds: f64, moves: bool| {
        for _ in 0..(seconds * 20.0).round() as u64 {
            clock.advance(0.05);
            steps += 1;
            shown += if moves && steps.is_multiple_of(20) { 60_000_000 } else { 0 };
            tree.set("intel-rapl:0", shown);
            if steps.is_multiple_of(10) {
                session.poll();
            }
        }
    };
    let figure = |open: &Mark, close: &Mark| session.between(open, close).domains.remove(0);
    pass(3.3, true);
    let open = session.mark();
    pass(1.8, true);
    let short = session.mark();
    pass(8.4, true);
    let close = session.mark();
    pass(3.0, true);
    assert!(note(&figure(&open, &short)).contains("below the resolution: 1800.0 ms of the 2000 ms"));
    let whole = figure(&open, &close);
    let sd = whole.uncertainty.unwrap().edge.0;
    assert!((joules(&whole) - 612.0).abs() <= 60.0 && (10.0..60.0).contains(&sd), "{whole:?}");
    pass(1.0, true);
    let open = session.mark();
    pass(2.0, true);
    pass(5.0, false);
    let close = session.mark();
    pass(2.0, false);
    assert!(note(&figure(&open, &close)).contains("stood still"), "{:?}", figure(&open, &close));
}
