use super::super::testing::{Alive, PowercapTree, gaining};
use super::super::*;
use crate::energy::system::clock::testing::ManualClock;

const RANGE: u64 = 65_532_610_987;

/// Two dies of one package, each with memory.
fn dies(tree: &PowercapTree) -> RaplWays {
    for die in 0..2 {
        tree.zone(&format!("intel-rapl:{die}"), &format!("package-0-die-{die}"), 7_000_000_000, RANGE).zone(
            &format!("intel-rapl:{die}/intel-rapl:{die}:0"),
            "dram",
            3_000_000_000,
            RANGE,
        );
    }
    RaplWays::files(tree.root())
}

fn domains(ways: &RaplWays) -> Vec<String> {
    let meter = RaplMeter::open(ways, &|_| false).unwrap();
    meter.sources().iter().map(|source| source.domain.to_string()).collect()
}

fn state(ways: &RaplWays, domain: &str) -> CounterState {
    let all = survey(ways);
    all.iter().find(|found| found.domain.to_string() == domain).unwrap_or_else(|| panic!("{all:?}")).state.clone()
}

fn note(ways: &RaplWays, domain: &str) -> String {
    let CounterState::Counted { note, .. } = state(ways, domain) else { panic!() };
    note.unwrap_or_default()
}

const PLACES: [&str; 4] =
    ["intel-rapl:0", "intel-rapl:1", "intel-rapl:0/intel-rapl:0:0", "intel-rapl:1/intel-rapl:1:0"];

/// The four counters of the dies go on from these values, at so many watts.
fn alive(tree: &PowercapTree, counters: [(u64, f64); 4]) -> Alive {
    let zone = |(place, (start, watts)): (&'static str, (u64, f64))| (place, gaining(start, watts));
    Alive::start(tree, PLACES.into_iter().zip(counters).map(zone).collect())
}

#[test]
fn dies_that_show_one_counter_are_read_once_and_named_as_their_package() {
    let tree = PowercapTree::new();
    let ways = dies(&tree);
    let _alive = alive(&tree, [(7_000_000_000, 150.0), (7_000_000_000, 150.0), (3_000_000, 9.0), (3_000_000, 9.0)]);
    assert_eq!(domains(&ways), ["cpu:package-0", "dram:dram-0"]);
    let told = note(&ways, "cpu:package-0");
    assert_eq!(
        told,
        "package-0-die-0 (intel-rapl:0) and package-0-die-1 (intel-rapl:1) show one counter, which is read once"
    );
    assert_eq!(state(&ways, "cpu:package-0-die-1"), CounterState::Within { of: "package-0".to_owned() });
    assert_eq!(state(&ways, "dram:dram-0-die-1"), CounterState::Within { of: "dram-0".to_owned() });
}

#[test]
fn dies_with_counters_of_their_own_are_summed_however_alike() {
    let tree = PowercapTree::new();
    let ways = dies(&tree);
    // The same power, and a little more than the same value; memory that shows the same by chance.
    let _alive = alive(&tree, [(7_000_000_000, 150.0), (7_001_000_000, 150.0), (3_000_000, 9.0), (3_000_000, 9.0)]);
    let all = ["cpu:package-0-die-0", "cpu:package-0-die-1", "dram:dram-0-die-0", "dram:dram-0-die-1"];
    let mut found = domains(&ways);
    found.sort();
    assert_eq!(found, all);
}

#[test]
fn equal_names_are_one_counter_only_if_the_values_say_so() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "package-0", 5_000_000_000, RANGE).zone(
        "intel-rapl:1",
        "package-0",
        9_000_000_000,
        RANGE,
    );
    let ways = RaplWays::files(tree.root());
    assert_eq!(domains(&ways), ["cpu:package-0", "cpu:package-0 (intel-rapl:1)"]);
    let moving = vec![("intel-rapl:0", gaining(5_000_000_000, 80.0)), ("intel-rapl:1", gaining(5_000_000_000, 80.0))];
    let _alive = Alive::start(&tree, moving);
    assert_eq!(domains(&ways), ["cpu:package-0"]);
    // Of different packages they are never one, whatever they show.
    tree.zone("intel-rapl:2", "package-1", 1, RANGE).zone("intel-rapl:3", "package-2", 1, RANGE);
    assert_eq!(domains(&ways), ["cpu:package-0", "cpu:package-1", "cpu:package-2"]);
}

#[test]
fn of_eight_dies_that_show_one_counter_one_is_read() {
    let tree = PowercapTree::new();
    let places: Vec<String> = (0..8).map(|die| format!("intel-rapl:{die}")).collect();
    for (die, place) in places.iter().enumerate() {
        tree.zone(place, &format!("package-1-die-{die}"), 1, RANGE);
    }
    let _alive = Alive::start(&tree, places.iter().map(|place| (place.as_str(), gaining(44_000_000, 200.0))).collect());
    assert_eq!(domains(&RaplWays::files(tree.root())), ["cpu:package-1"]);
}

#[test]
fn a_die_that_cannot_be_read_may_be_a_mirror_and_is_said() {
    let tree = PowercapTree::new();
    let ways = dies(&tree);
    tree.close("intel-rapl:1/energy_uj");
    assert!(note(&ways, "cpu:package-0-die-0").contains("whether package-0-die-1 shows the same counter is not known"));
    assert!(matches!(state(&ways, "cpu:package-0-die-1"), CounterState::Closed { .. }));
    assert!(!domains(&ways).contains(&"cpu:package-0-die-1".to_owned()));
    let meter = RaplMeter::open(&ways, &|domain| domain.id == "package-0-die-1").unwrap();
    assert_eq!(meter.sources()[0].domain.to_string(), "cpu:package-0-die-0");
}

#[test]
fn equal_values_that_stand_still_are_one_counter_until_they_differ() {
    let (tree, clock) = (PowercapTree::new(), ManualClock::at(10.0));
    tree.zone("intel-rapl:0", "package-0-die-0", 7_000_000, RANGE).zone(
        "intel-rapl:1",
        "package-0-die-1",
        7_000_000,
        RANGE,
    );
    let ways = RaplWays::files(tree.root());
    assert!(note(&ways, "cpu:package-0").contains("stood still when they were opened"));
    let mut meter = RaplMeter::open(&ways, &|_| false).unwrap();
    let mut read = |first: u64, second: u64| {
        tree.set("intel-rapl:0", first).set("intel-rapl:1", second);
        clock.advance(0.5);
        let reading = meter.read(&clock).remove(0);
        reading.map(|r| (r.microjoules, r.segment)).map_err(|error| error.to_string())
    };
    assert_eq!(read(8_000_000, 8_000_000), Ok((0, 0)));
    assert_eq!(read(58_000_000, 58_000_003), Ok((50_000_000, 0)), "once, and the reader may be held up in between");
    assert_eq!(read(108_000_000, 80_000_000), Ok((100_000_000, 0)), "within what passes in a quarter of a second");
    let reason = read(158_000_000, 100_000_000).unwrap_err();
    assert!(reason.contains("intel-rapl:0 and intel-rapl:1 were taken for one counter and differ"), "{reason}");
    let (before, segment) = read(208_000_000, 120_000_000).unwrap();
    assert_eq!(segment, 1);
    assert_eq!(read(218_000_000, 125_000_000), Ok((before + 15_000_000, 1)), "each counts for itself");
}

#[test]
fn one_mirror_that_fails_for_a_while_does_not_matter_and_a_reset_of_both_is_told() {
    let (tree, clock) = (PowercapTree::new(), ManualClock::at(10.0));
    tree.zone("intel-rapl:0", "package-0-die-0", 7_000_000, RANGE).zone(
        "intel-rapl:1",
        "package-0-die-1",
        7_000_000,
        RANGE,
    );
    let mut meter = RaplMeter::open(&RaplWays::files(tree.root()), &|_| false).unwrap();
    let mut read = || {
        clock.advance(0.5);
        meter.read(&clock).remove(0).map(|r| (r.microjoules, r.segment)).map_err(|error| error.to_string())
    };
    assert_eq!(read(), Ok((0, 0)));
    tree.set("intel-rapl:0", 57_000_000).garble("intel-rapl:1");
    assert_eq!(read(), Ok((50_000_000, 0)));
    tree.set("intel-rapl:0", 90_000_000).set("intel-rapl:1", 90_000_000);
    assert_eq!(read(), Ok((83_000_000, 0)));
    tree.set("intel-rapl:0", 5).set("intel-rapl:1", 5);
    assert!(read().unwrap_err().contains("started anew"));
    tree.set("intel-rapl:0", 10_000_005).set("intel-rapl:1", 10_000_005);
    assert_eq!(read(), Ok((93_000_000, 1)));
}
