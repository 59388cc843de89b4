use std::fs;

use super::super::testing::PowercapTree;
use super::super::*;
use crate::energy::system::clock::testing::ManualClock;

const RANGE: u64 = 262_143_328_850;

/// One package on a desk, read by a clock that is moved by hand.
struct RaplDesk {
    tree: PowercapTree,
    clock: ManualClock,
    meter: RaplMeter,
}

impl RaplDesk {
    fn new(start: u64, range: u64) -> Self {
        Self::with(start, |tree| {
            drop(fs::write(tree.root().join("intel-rapl:0/max_energy_range_uj"), range.to_string()))
        })
    }

    fn with(start: u64, set_up: impl FnOnce(&PowercapTree)) -> Self {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", start, RANGE);
        set_up(&tree);
        let mut meter = RaplMeter::open(&RaplWays::files(tree.root()), &|_| false).unwrap();
        let clock = ManualClock::at(1.0);
        meter.read(&clock)[0].as_ref().unwrap();
        Self { tree, clock, meter }
    }

    /// Microjoules and segment after so many seconds more, or why not.
    fn read(&mut self, seconds: f64) -> Result<(u64, u64), String> {
        self.clock.advance(seconds);
        let reading = self.meter.read(&self.clock).remove(0);
        reading.map(|reading| (reading.microjoules, reading.segment)).map_err(|error| error.to_string())
    }

    fn show(&mut self, seconds: f64, energy_uj: u64) -> Result<(u64, u64), String> {
        self.tree.set("intel-rapl:0", energy_uj);
        self.read(seconds)
    }
}

#[test]
fn nothing_that_a_counter_may_say_by_mistake_becomes_energy() {
    let mut desk = RaplDesk::new(1_000_000_000, RANGE);
    let counter = desk.tree.root().join("intel-rapl:0/energy_uj");
    for text in ["", "\n", "-1", "1e9", "1000000001 J", "18446744073709551616", "0x10", "\u{0}"] {
        fs::write(&counter, text).unwrap();
        let error = desk.read(0.1).unwrap_err();
        assert!(error.contains("energy_uj"), "{text:?}: {error}");
    }
    fs::remove_file(&counter).unwrap();
    assert!(desk.read(0.1).is_err());
    assert_eq!(desk.show(0.1, 1_020_000_000), Ok((20_000_000, 0)));
}

#[test]
fn a_failed_reading_adds_no_range() {
    let mut desk = RaplDesk::new(1_000_000_000, RANGE);
    desk.tree.garble("intel-rapl:0");
    assert!(desk.read(0.5).is_err());
    assert_eq!(desk.show(0.5, 1_100_000_000), Ok((100_000_000, 0)));
}

#[test]
fn without_a_range_all_is_counted_but_what_went_by_in_a_wrap() {
    type Spoil = fn(&PowercapTree, &str);
    let ways: [(Spoil, &str); 5] = [
        (
            |tree, file| {
                tree.close(file);
            },
            "Is a directory",
        ),
        (|tree, file| fs::remove_file(tree.root().join(file)).unwrap(), "No such file"),
        (|tree, file| fs::write(tree.root().join(file), "0\n").unwrap(), "says 0"),
        (|tree, file| fs::write(tree.root().join(file), "lots\n").unwrap(), "no number"),
        (|tree, file| fs::write(tree.root().join(file), "1000\n").unwrap(), "shows more"),
    ];
    for (spoil, why) in ways {
        let mut desk = RaplDesk::with(5_000_000, |tree| spoil(tree, "intel-rapl:0/max_energy_range_uj"));
        assert_eq!(desk.show(1.0, 6_000_000), Ok((1_000_000, 0)));
        let reason = desk.show(1.0, 10).unwrap_err();
        assert!(
            reason.contains(
                "fell from 6.000 J to 0.000 J: it wrapped around, or started anew; where it wraps around is not known"
            ),
            "{reason}"
        );
        assert!(reason.contains("max_energy_range_uj") && reason.contains(why), "{why}: {reason}");
        assert_eq!(desk.show(1.0, 4_000_010), Ok((5_000_000, 1)));
    }
}

#[test]
fn a_stop_of_seventy_seconds_loses_nothing_with_the_small_range_of_amd() {
    let range = 65_532_610_987;
    let mut desk = RaplDesk::new(60_000_000_000, range);
    assert_eq!(desk.show(0.5, 60_100_000_000), Ok((100_000_000, 0)));
    let after = (60_100_000_000 + 14_000_000_000) % range;
    assert_eq!(desk.show(70.0, after), Ok((14_100_000_000, 0)));
    let reason = desk.show(600.0, after + 1_000_000_000).unwrap_err();
    assert!(
        reason.contains("unread for 600.0 s") && reason.contains("its range of 65533 J lasts 82 s at 800 W"),
        "{reason}"
    );
}

#[test]
fn a_limit_of_the_tree_raises_what_may_be_drawn_for_long_and_never_lowers_it() {
    let stopped = |limit: &str| {
        let file = "intel-rapl:0/constraint_0_max_power_uw";
        let mut desk = RaplDesk::with(0, |tree| {
            fs::write(tree.root().join("intel-rapl:0/max_energy_range_uj"), "65532610987").unwrap();
            fs::write(tree.root().join(file), limit).unwrap();
        });
        desk.show(70.0, 7_000_000_000)
    };
    for low in ["0", "65000000", "garbage", "99999999999999"] {
        assert_eq!(stopped(low), Ok((7_000_000_000, 0)), "{low}");
    }
    assert!(stopped("1200000000").unwrap_err().contains("at 1200 W"));
}

#[test]
fn a_package_of_more_than_a_kilowatt_is_counted_and_a_jump_is_told_as_one() {
    let mut desk = RaplDesk::new(0, RANGE);
    for half in 1..=20_u64 {
        assert_eq!(desk.show(0.5, half * 900_000_000), Ok((half * 900_000_000, 0)), "1800 W");
    }
    let reason = desk.show(0.5, 100_000_000_000).unwrap_err();
    assert!(reason.contains("jumped by 82000 J in 0.500 s: more than the 5000 W"), "{reason}");
    assert_eq!(desk.show(0.5, 100_900_000_000), Ok((18_900_000_000, 1)));
}

#[test]
fn a_counter_that_hangs_goes_on_in_a_new_segment() {
    let mut desk = RaplDesk::new(0, RANGE);
    assert_eq!(desk.show(0.5, 50_000_000), Ok((50_000_000, 0)));
    for _ in 0..6 {
        assert_eq!(desk.read(0.5), Ok((50_000_000, 0)));
    }
    let reason = desk.show(0.5, 400_000_000).unwrap_err();
    assert!(reason.contains("stood still for 3.0 s and went on"), "{reason}");
    assert_eq!(desk.show(0.5, 450_000_000), Ok((100_000_000, 1)));
    // A writer that is late by a tenth of a second is none that hangs.
    for step in 0..20_u64 {
        assert!(desk.read(0.1).is_ok());
        assert!(desk.show(0.1, 460_000_000 + step * 10_000_000).is_ok());
    }
}
