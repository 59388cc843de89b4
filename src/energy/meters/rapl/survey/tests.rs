use std::fs;
use std::os::unix::fs::symlink;

use super::super::testing::{Alive, PowerEvents, PowercapTree, gaining};
use super::super::*;
use crate::energy::units::PowerDomain;

const RANGE: u64 = 262_143_328_850;

/// What becomes of each counter, a line each.
fn told(ways: &RaplWays) -> Vec<String> {
    survey(ways).iter().map(line).collect()
}

fn line(found: &FoundCounter) -> String {
    let state = match &found.state {
        CounterState::Counted { .. } => "counted".to_owned(),
        CounterState::Closed { .. } => "closed".to_owned(),
        CounterState::Silent { .. } => "silent".to_owned(),
        CounterState::Within { of } => format!("within {of}"),
    };
    format!("{} {state}", found.domain)
}

fn files(tree: &PowercapTree) -> Vec<String> {
    told(&RaplWays::files(tree.root()))
}

fn found(ways: &RaplWays, domain: &str) -> FoundCounter {
    let all = survey(ways);
    all.iter().find(|found| found.domain.to_string() == domain).unwrap_or_else(|| panic!("{all:?}")).clone()
}

fn closed(ways: &RaplWays, domain: &str) -> (String, String) {
    match found(ways, domain).state {
        CounterState::Closed { reason, remedy } => (reason, remedy),
        other => panic!("{domain}: {other:?}"),
    }
}

fn note(ways: &RaplWays, domain: &str) -> String {
    match found(ways, domain).state {
        CounterState::Counted { note, .. } => note.unwrap_or_default(),
        other => panic!("{domain}: {other:?}"),
    }
}

fn opened(ways: &RaplWays) -> Vec<String> {
    let meter = RaplMeter::open(ways, &|_| false).unwrap();
    meter.sources().iter().map(|source| source.domain.to_string()).collect()
}

#[test]
fn everything_that_the_tree_shows_is_said_and_packages_and_memory_are_read() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "package-0", 1, RANGE)
        .zone("intel-rapl:0/intel-rapl:0:0", "core", 1, RANGE)
        .zone("intel-rapl:0/intel-rapl:0:1", "uncore", 1, RANGE)
        .zone("intel-rapl:0/intel-rapl:0:2", "dram", 1, RANGE)
        .zone("intel-rapl:0/intel-rapl:0:3", "npu", 1, RANGE)
        .zone("intel-rapl:1", "psys", 1, RANGE)
        .zone("intel-rapl-mmio:0", "package-0", 1, RANGE)
        .zone("intel-rapl:2", "accelerator", 1, RANGE)
        .zone("arm-scmi:0", "soc", 1, RANGE);
    fs::create_dir_all(tree.root().join("dtpm:0")).unwrap();
    // The kernel shows every zone at the top too, and the control types beside them.
    symlink(tree.root().join("intel-rapl:0/intel-rapl:0:2"), tree.root().join("intel-rapl:0:2")).unwrap();
    fs::create_dir_all(tree.root().join("intel-rapl")).unwrap();
    let expected = [
        "cpu:package-0 counted",
        "dram:dram-0 counted",
        "platform:psys within the platform, of which the packages are a part,",
        "cpu:core (intel-rapl:0:0) within package-0",
        "cpu:uncore (intel-rapl:0:1) within package-0",
        "cpu:npu (intel-rapl:0:3) within package-0",
        "platform:accelerator (intel-rapl:2) closed",
        "platform:arm-scmi:0 closed",
        "platform:dtpm:0 silent",
        "cpu:package-0 (intel-rapl-mmio:0) within package-0",
    ];
    let mut told = files(&tree);
    told.sort();
    let mut sorted = expected.to_vec();
    sorted.sort_unstable();
    assert_eq!(told, sorted);
    assert_eq!(opened(&RaplWays::files(tree.root())), ["cpu:package-0", "dram:dram-0"]);
}

#[test]
fn where_there_is_nothing_nothing_is_found() {
    let tree = PowercapTree::new();
    assert!(files(&tree).is_empty());
    assert!(told(&RaplWays::files(&tree.root().join("nowhere"))).is_empty());
    assert!(RaplMeter::open(&RaplWays::files(tree.root()), &|_| false).is_err());
}

#[test]
fn a_tree_or_a_source_that_is_there_and_not_understood_is_closed() {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0", &[(0, 0, 0)]));
    machine.write("type", "nine");
    let (reason, _) = closed(&RaplWays::of(&tree.root().join("nowhere"), &machine), "cpu:packages");
    assert!(reason.contains("nowhere") && reason.contains("power/type holds `nine`"), "{reason}");
    // A file where the tree should be.
    fs::write(tree.root().join("powercap"), "").unwrap();
    let ways = RaplWays::files(&tree.root().join("powercap"));
    assert!(closed(&ways, "cpu:packages").0.contains("powercap: Not a directory"));
    assert!(RaplMeter::open(&ways, &|_| false).unwrap_err().to_string().contains("Not a directory"));
}

#[test]
fn four_sockets_of_any_numbers_are_told_apart_and_in_order() {
    let tree = PowercapTree::new();
    for (zone, package) in [(0, 0), (2, 3), (9, 7), (10, 12)] {
        tree.zone(&format!("intel-rapl:{zone}"), &format!("package-{package}"), 1, RANGE).zone(
            &format!("intel-rapl:{zone}/intel-rapl:{zone}:0"),
            "dram",
            1,
            RANGE,
        );
    }
    let expected = [
        "cpu:package-0 counted",
        "dram:dram-0 counted",
        "cpu:package-3 counted",
        "dram:dram-3 counted",
        "cpu:package-7 counted",
        "dram:dram-7 counted",
        "cpu:package-12 counted",
        "dram:dram-12 counted",
    ];
    assert_eq!(files(&tree), expected);
    let packages: Vec<_> = survey(&RaplWays::files(tree.root())).iter().map(FoundCounter::package).collect();
    assert_eq!(packages, [0, 0, 3, 3, 7, 7, 12, 12].map(Some));
}

#[test]
fn memory_beside_its_package_is_that_packages_if_it_can_be_no_others() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "package-4", 1, RANGE).zone("intel-rapl:1", "dram", 1, RANGE);
    assert_eq!(files(&tree), ["cpu:package-4 counted", "dram:dram-4 counted"]);
    tree.zone("intel-rapl:2", "package-5", 1, RANGE);
    let two = ["cpu:package-4 counted", "dram:dram (intel-rapl:1) counted", "cpu:package-5 counted"];
    assert_eq!(files(&tree), two);
    assert_eq!(opened(&RaplWays::files(tree.root())).len(), 3);
}

#[test]
fn memory_that_cannot_be_read_is_closed_and_the_package_is_read() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "package-0", 1, RANGE).zone("intel-rapl:0/intel-rapl:0:0", "dram", 1, RANGE);
    tree.close("intel-rapl:0/intel-rapl:0:0/energy_uj");
    let ways = RaplWays::files(tree.root());
    assert_eq!(told(&ways), ["cpu:package-0 counted", "dram:dram-0 closed"]);
    let (reason, remedy) = closed(&ways, "dram:dram-0");
    assert!(reason.contains("intel-rapl:0:0/energy_uj: Is a directory") && !remedy.is_empty(), "{reason}; {remedy}");
    assert_eq!(opened(&ways), ["cpu:package-0"]);
    let denied = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
    let (_, remedy) = remedy::closed(std::path::Path::new("/sys/x/energy_uj"), &denied);
    assert!(remedy.contains("sudo chmod a+r /sys/x/energy_uj") && remedy.contains("CVE-2020-8694"), "{remedy}");
}

#[test]
fn events_are_taken_where_they_open_what_the_tree_does_not() {
    let tree = PowercapTree::new();
    let machine = PowerEvents::new("0,4", &[(0, 0, 0), (4, 1, 0)]);
    for package in 0..2 {
        tree.zone(&format!("intel-rapl:{package}"), &format!("package-{package}"), 1, RANGE)
            .zone(&format!("intel-rapl:{package}/intel-rapl:{package}:0"), "dram", 1, RANGE)
            .zone(&format!("intel-rapl:{package}/intel-rapl:{package}:1"), "core", 1, RANGE);
    }
    let ways = RaplWays::of(tree.root(), &machine);
    assert_eq!(note(&ways, "cpu:package-1"), "");
    tree.close("intel-rapl:1/intel-rapl:1:0/energy_uj");
    let by_events = note(&ways, "dram:dram-1");
    assert!(by_events.contains("by perf_event power/energy-ram") && by_events.contains("intel-rapl:1:0/energy_uj"));
    assert!(told(&ways).contains(&"cpu:core (intel-rapl:1:1) within package-1".to_owned()), "{:?}", told(&ways));
    // Events that do not open all of it are no better.
    machine.refuse_config(3);
    let (reason, _) = closed(&ways, "dram:dram-1");
    assert!(reason.contains("intel-rapl:1:0/energy_uj") && reason.contains("nor by perf events: power/energy-ram"));
    assert_eq!(opened(&ways), ["cpu:package-0", "dram:dram-0", "cpu:package-1"]);
    // They are where the tree has no package to offer; memory that they do not open is still read by the tree, or closed in both.
    tree.close("intel-rapl:0/energy_uj");
    assert_eq!(opened(&ways), ["cpu:package-0", "cpu:package-1", "dram:dram-0"]);
    let (reason, _) = closed(&ways, "dram:dram-1");
    assert!(
        reason.contains("intel-rapl:1:0/energy_uj") && reason.contains("power/energy-ram on processor 4"),
        "{reason}"
    );
    let hidden = RaplWays::of(&tree.root().join("nowhere"), &machine);
    assert_eq!(opened(&hidden), ["cpu:package-0", "cpu:package-1"]);
    assert!(closed(&hidden, "dram:dram-1").0.contains("power/energy-ram on processor 4"));
}

#[test]
fn events_of_fewer_packages_than_the_tree_shows_are_no_way_to_them() {
    let tree = PowercapTree::new();
    let machine = PowerEvents::new("0", &[(0, 0, 0)]);
    machine.remove("events/energy-ram");
    tree.zone("intel-rapl:0", "package-0", 1, RANGE).zone("intel-rapl:1", "package-1", 1, RANGE);
    tree.close("intel-rapl:1/energy_uj");
    let ways = RaplWays::of(tree.root(), &machine);
    assert_eq!(opened(&ways), ["cpu:package-0"]);
    let (reason, _) = closed(&ways, "cpu:package-1");
    assert!(reason.contains("intel-rapl:1/energy_uj"), "{reason}");
    assert_eq!(told(&ways)[..2], ["cpu:package-0 counted", "cpu:package-1 closed"]);
}

#[test]
fn what_is_left_out_by_name_is_neither_opened_nor_in_the_way() {
    let tree = PowercapTree::new();
    for package in 0..2 {
        tree.zone(&format!("intel-rapl:{package}"), &format!("package-{package}"), 1, RANGE);
    }
    tree.close("intel-rapl:1/energy_uj");
    let ways = RaplWays::files(tree.root());
    assert_eq!(opened(&ways), ["cpu:package-0"], "the other one is said, and makes totals missing");
    let without = |name: &'static str| move |domain: &PowerDomain| domain.to_string() == name;
    let meter = RaplMeter::open(&ways, &without("cpu:package-1")).unwrap();
    assert_eq!(meter.sources().len(), 1);
    assert!(RaplMeter::open(&ways, &without("cpu:package-0")).is_err(), "the other one is closed still");
    let error = RaplMeter::open(&ways, &|_| true).unwrap_err().with_help();
    assert!(error.contains("left out"), "{error}");
}

#[test]
fn a_zone_without_a_readable_name_or_list_of_parts_is_not_dropped() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "package-0", 1, RANGE)
        .zone("intel-rapl:0/intel-rapl:0:0", "dram", 1, RANGE)
        .zone("intel-rapl:1", "package-1", 1, RANGE)
        .close("intel-rapl:0/intel-rapl:0:0/name");
    let ways = RaplWays::files(tree.root());
    assert_eq!(told(&ways), ["cpu:package-0 counted", "cpu:package-1 counted", "dram:intel-rapl:0:0 closed"]);
    assert!(closed(&ways, "dram:intel-rapl:0:0").0.contains("intel-rapl:0:0/name"));
    tree.close("intel-rapl:1/name");
    assert!(closed(&ways, "cpu:intel-rapl:1").0.contains("intel-rapl:1/name"));
    assert_eq!(opened(&ways), ["cpu:package-0"]);
}

#[test]
fn links_that_lead_nowhere_are_a_hidden_tree() {
    let tree = PowercapTree::new();
    for zone in ["intel-rapl:0", "intel-rapl:0:0", "intel-rapl:1"] {
        symlink(tree.root().join("masked").join(zone), tree.root().join(zone)).unwrap();
    }
    let ways = RaplWays::files(tree.root());
    assert_eq!(told(&ways), ["cpu:intel-rapl:0 closed", "cpu:intel-rapl:1 closed"]);
    let (reason, remedy) = closed(&ways, "cpu:intel-rapl:0");
    assert!(reason.contains("leads nowhere") && remedy.contains("systempaths=unconfined"), "{reason}; {remedy}");
    let machine = PowerEvents::new("0", &[(0, 0, 0)]);
    assert_eq!(opened(&RaplWays::of(tree.root(), &machine)), ["cpu:package-0", "dram:dram-0"]);
}

#[test]
fn a_tree_of_the_other_interface_alone_is_read_and_one_beside_its_twin_is_not() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl-mmio:0", "package-0", 1, RANGE).zone(
        "intel-rapl-mmio:0/intel-rapl-mmio:0:0",
        "dram",
        1,
        RANGE,
    );
    let ways = RaplWays::files(tree.root());
    assert_eq!(told(&ways), ["cpu:package-0 counted", "dram:dram-0 counted"]);
    assert_eq!(opened(&ways).len(), 2);
    tree.zone("intel-rapl:0", "package-0", 1, RANGE);
    let twins = ["cpu:package-0 counted", "dram:dram-0 counted", "cpu:package-0 (intel-rapl-mmio:0) within package-0"];
    assert_eq!(told(&ways), twins);
    assert!(found(&ways, "cpu:package-0").place.ends_with("intel-rapl:0"));
    // The readable one of two.
    tree.close("intel-rapl:0/energy_uj");
    assert!(found(&ways, "cpu:package-0").place.ends_with("intel-rapl-mmio:0"));
    assert!(told(&ways).contains(&"cpu:package-0 (intel-rapl:0) within package-0".to_owned()), "{:?}", told(&ways));
}

#[test]
fn a_platform_alone_is_offered_by_name_and_read_by_a_meter_of_its_own() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "psys", 1, RANGE);
    let ways = RaplWays::files(tree.root());
    let expected = "platform:psys within the platform as a whole, which the meter psys reads if it is chosen by name,";
    assert_eq!(told(&ways), [expected]);
    let error = RaplMeter::open(&ways, &|_| false).unwrap_err();
    assert_eq!(error.alternative(), Some(Alternative::Platform));
    let error = error.with_help();
    assert!(error.contains("has no processor package, only psys") && error.contains("meters = [\"psys\"]"), "{error}");
    let platform = RaplMeter::platform(&ways).unwrap();
    assert_eq!((platform.name(), platform.sources()[0].domain.to_string().as_str()), ("psys", "platform:psys"));
    tree.close("intel-rapl:0/energy_uj");
    assert_eq!(told(&ways), ["platform:psys closed"]);
    let error = RaplMeter::platform(&ways).unwrap_err().with_help();
    assert!(error.contains("intel-rapl:0/energy_uj"), "{error}");
    let machine = PowerEvents::new("0", &[(0, 0, 0)]);
    let events = RaplMeter::platform(&RaplWays::of(tree.root(), &machine)).unwrap();
    assert!(events.sources()[0].sampling.contains("power/energy-psys"));
    machine.remove("events/energy-psys");
    let error = RaplMeter::platform(&RaplWays::of(&tree.root().join("nowhere"), &machine)).unwrap_err().with_help();
    assert!(error.contains("nowhere") && error.contains("energy-psys"), "{error}");
}

#[test]
fn memory_that_stays_at_0_is_silent_and_one_that_moves_from_0_counts() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "package-0", 0, RANGE).zone("intel-rapl:0/intel-rapl:0:0", "dram", 0, RANGE);
    let ways = RaplWays::files(tree.root());
    assert_eq!(told(&ways), ["cpu:package-0 counted", "dram:dram-0 silent"]);
    assert_eq!(opened(&ways), ["cpu:package-0"]);
    let CounterState::Silent { reason } = found(&ways, "dram:dram-0").state else { panic!() };
    assert!(reason.contains("intel-rapl:0:0/energy_uj stays at 0"), "{reason}");
    let _alive = Alive::start(&tree, vec![("intel-rapl:0/intel-rapl:0:0", gaining(0, 5.0))]);
    assert_eq!(told(&ways), ["cpu:package-0 counted", "dram:dram-0 counted"]);
}

#[test]
fn a_range_that_is_not_known_is_noted_with_its_file() {
    for text in ["0", "", "-5", "much", "4999999"] {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", 5_000_000, RANGE);
        fs::write(tree.root().join("intel-rapl:0/max_energy_range_uj"), text).unwrap();
        let note = note(&RaplWays::files(tree.root()), "cpu:package-0");
        assert!(note.contains("intel-rapl:0/max_energy_range_uj") && note.contains("has no figure"), "{text}: {note}");
    }
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "package-0", 5_000_000, RANGE).close("intel-rapl:0/max_energy_range_uj");
    assert!(note(&RaplWays::files(tree.root()), "cpu:package-0").contains("Is a directory"));
    fs::remove_dir(tree.root().join("intel-rapl:0/max_energy_range_uj")).unwrap();
    assert!(note(&RaplWays::files(tree.root()), "cpu:package-0").contains("No such file"));
}
