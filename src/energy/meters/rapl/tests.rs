mod mirror;
mod reading;

use super::testing::{PowerEvents, PowercapTree};
use super::*;

fn sampling(ways: &RaplWays) -> Vec<String> {
    RaplMeter::open(ways, &|_| false)
        .unwrap()
        .sources()
        .iter()
        .map(|s| format!("{} {}", s.domain, s.sampling))
        .collect()
}

#[test]
fn files_come_first_and_events_stand_in_under_the_same_names() {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0", &[(0, 0, 0)]));
    let ways = RaplWays::of(tree.root(), &machine);
    let events = sampling(&ways);
    assert!(events[0].starts_with("cpu:package-0 perf_event power/energy-pkg"), "{events:?}");
    assert!(events[1].starts_with("dram:dram-0 perf_event power/energy-ram"), "{events:?}");
    tree.zone("intel-rapl:0", "package-0", 1, 1 << 40).zone("intel-rapl:0:0", "dram", 1, 1 << 40);
    let files = sampling(&ways);
    assert!(files[0].starts_with("cpu:package-0 powercap"), "{files:?}");
    assert!(files[1].starts_with("dram:dram-0 powercap"), "{files:?}");
    // A package for root alone spoils the tree, not the events.
    tree.garble("intel-rapl:0");
    assert_eq!(sampling(&ways), events);
}

#[test]
fn where_neither_way_is_open_both_reasons_and_both_remedies_are_told() {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0", &[(0, 0, 0)]));
    machine.refuse(libc::EACCES);
    let text =
        RaplMeter::open(&RaplWays::of(&tree.root().join("nowhere"), &machine), &|_| false).unwrap_err().with_help();
    for part in ["nowhere: No such file", "modprobe intel_rapl_msr", "power/energy-pkg on processor 0: Permission"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains("perf_event_paranoid") && text.contains("cap_perfmon"), "{text}");
}
