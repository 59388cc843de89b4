use super::super::testing::{Alive, PowerEvents, PowercapTree, gaining};
use super::super::*;

const RANGE: u64 = 262_143_328_850;

/// One package that is closed in the tree, with memory; perf counts the package.
fn closed_package() -> (PowercapTree, PowerEvents) {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0", &[(0, 0, 0)]));
    tree.zone("intel-rapl:0", "package-0", 1, RANGE)
        .zone("intel-rapl:0/intel-rapl:0:0", "dram", 1, RANGE)
        .close("intel-rapl:0/energy_uj");
    (tree, machine)
}

/// Packages and memory: domain, state, and reason or sampling.
fn told(ways: &RaplWays) -> Vec<(String, &'static str, String)> {
    let counts = |found: &FoundCounter| matches!(found.domain.kind, DomainKind::Cpu | DomainKind::Dram);
    let line = |found: FoundCounter| match found.state {
        CounterState::Counted { sampling, .. } => Some((found.domain.to_string(), "counted", sampling)),
        CounterState::Closed { reason, .. } => Some((found.domain.to_string(), "closed", reason)),
        CounterState::Silent { reason } => Some((found.domain.to_string(), "silent", reason)),
        CounterState::Within { .. } => None,
    };
    survey(ways).into_iter().filter(counts).filter_map(line).collect()
}

/// The one entry of memory, and that it is the only one.
fn memory(ways: &RaplWays) -> (&'static str, String) {
    let all = told(ways);
    let memory: Vec<_> = all.iter().filter(|(domain, ..)| domain.starts_with("dram:")).collect();
    assert_eq!(memory.len(), 1, "{all:?}");
    (memory[0].1, memory[0].2.clone())
}

fn opened(ways: &RaplWays) -> Vec<String> {
    let meter = RaplMeter::open(ways, &|_| false).unwrap();
    meter.sources().iter().map(|source| format!("{} {}", source.domain, source.sampling)).collect()
}

#[test]
fn memory_that_perf_does_not_have_is_read_by_the_tree_though_the_package_is_not() {
    let (tree, machine) = closed_package();
    machine.remove("events/energy-ram");
    let ways = RaplWays::of(tree.root(), &machine);
    let opened = opened(&ways);
    assert_eq!(opened.len(), 2);
    assert!(opened[0].starts_with("cpu:package-0 perf_event") && opened[1].starts_with("dram:dram-0 powercap"));
    assert_eq!(memory(&ways).0, "counted");
    // Half open: the file is for root alone.
    tree.close("intel-rapl:0/intel-rapl:0:0/energy_uj");
    let (state, reason) = memory(&ways);
    assert_eq!(state, "closed");
    assert!(reason.contains("intel-rapl:0:0/energy_uj") && reason.contains("do not count it"), "{reason}");
    assert_eq!(RaplMeter::open(&ways, &|_| false).unwrap().sources().len(), 1);
}

#[test]
fn memory_that_perf_does_not_open_is_read_by_the_tree_and_what_neither_opens_has_both_reasons() {
    let (tree, machine) = closed_package();
    machine.refuse_config(3);
    let ways = RaplWays::of(tree.root(), &machine);
    assert_eq!(memory(&ways).0, "counted");
    assert!(opened(&ways)[1].starts_with("dram:dram-0 powercap"));
    tree.close("intel-rapl:0/intel-rapl:0:0/energy_uj");
    let (state, reason) = memory(&ways);
    assert_eq!(state, "closed");
    assert!(reason.contains("intel-rapl:0:0/energy_uj") && reason.contains("power/energy-ram on"), "{reason}");
}

#[test]
fn memory_that_both_show_is_said_once() {
    let (tree, machine) = closed_package();
    let ways = RaplWays::of(tree.root(), &machine);
    let (state, how) = memory(&ways);
    assert!(state == "counted" && how.contains("energy-ram"), "{how}");
    assert_eq!(opened(&ways).len(), 2, "and never added twice");
    // The tree's stays at 0; perf's counts, or cannot be opened.
    tree.set("intel-rapl:0/intel-rapl:0:0", 0);
    assert_eq!(memory(&ways).0, "counted");
    machine.refuse_config(3);
    let (state, reason) = memory(&ways);
    assert!(state == "silent" && reason.contains("stays at 0"), "{reason}");
}

#[test]
fn memory_that_stays_at_0_by_perf_is_silent_where_the_tree_is_closed_and_counts_where_it_moves() {
    let (tree, machine) = closed_package();
    machine.run_by_itself(0);
    let ways = RaplWays::of(tree.root(), &machine);
    let _alive = Alive::start(&tree, vec![("intel-rapl:0/intel-rapl:0:0", gaining(5, 5.0))]);
    assert_eq!(memory(&ways).0, "counted");
    drop(_alive);
    std::fs::remove_file(tree.root().join("intel-rapl:0/intel-rapl:0:0/energy_uj")).unwrap();
    tree.close("intel-rapl:0/intel-rapl:0:0/energy_uj");
    assert_eq!(memory(&ways).0, "silent");
}

#[test]
fn memory_without_a_package_or_a_name_is_kept_where_perf_has_none() {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0,4", &[(0, 0, 0), (4, 1, 0)]));
    for package in 0..2 {
        tree.zone(&format!("intel-rapl:{package}"), &format!("package-{package}"), 1, RANGE);
    }
    tree.zone("intel-rapl:2", "dram", 1, RANGE).close("intel-rapl:0/energy_uj");
    let ways = RaplWays::of(tree.root(), &machine);
    assert_eq!(opened(&ways).len(), 4, "perf's two packages with their memory hold it");
    machine.remove("events/energy-ram");
    assert!(opened(&ways)[2].starts_with("dram:dram (intel-rapl:2) powercap"), "{:?}", opened(&ways));
    tree.close("intel-rapl:2/energy_uj");
    assert_eq!(memory(&ways).0, "closed");
}

#[test]
fn what_is_left_out_is_said_though_events_do_not_have_it() {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0", &[(0, 0, 0)]));
    machine.remove("events/energy-ram");
    tree.zone("intel-rapl:0", "package-0", 1, RANGE).zone("intel-rapl:1", "package-1", 1, RANGE);
    tree.close("intel-rapl:0/energy_uj");
    let ways = RaplWays::of(tree.root(), &machine);
    let plan = plan::plan(&ways, &|domain| domain.id == "package-1");
    let told: Vec<_> = plan.found().into_iter().map(|found| (found.domain.id.clone(), found.is_counted())).collect();
    assert!(
        told.contains(&("package-0".to_owned(), true)) && told.contains(&("package-1".to_owned(), true)),
        "{told:?}"
    );
}

#[test]
fn what_is_found_and_what_is_opened_come_of_one_look() {
    let (tree, machine) = closed_package();
    let ways = RaplWays::of(tree.root(), &machine);
    let (found, meter) = RaplMeter::look_and_open(&ways, &|_| false);
    assert_eq!(found, survey(&ways));
    let read: Vec<_> = meter.unwrap().sources().iter().map(|source| source.domain.clone()).collect();
    let counted: Vec<_> = found.iter().filter(|found| found.is_counted()).map(|found| found.domain.clone()).collect();
    assert_eq!(read, counted);
    // What is left out is found all the same; and so is all where the meter cannot be opened.
    let (found, meter) = RaplMeter::look_and_open(&ways, &|domain| domain.kind == DomainKind::Dram);
    assert_eq!(meter.unwrap().sources().len(), 1);
    assert!(found.iter().any(|found| found.domain.to_string() == "dram:dram-0"), "{found:?}");
    assert_eq!(RaplMeter::look_and_open(&ways, &|_| true).0.len(), found.len());
    machine.refuse(libc::EACCES);
    let (found, meter) = RaplMeter::look_and_open(&ways, &|_| false);
    assert!(meter.is_err() && found == survey(&ways));
    assert!(found.iter().any(|found| found.domain.to_string() == "cpu:package-0" && found.is_closed()), "{found:?}");
}

#[test]
fn memory_that_only_perf_shows_is_read_beside_the_tree_or_said_to_be_closed() {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0,4", &[(0, 0, 0), (4, 1, 0)]));
    tree.zone("intel-rapl:0", "package-0", 1, RANGE).zone("intel-rapl:1", "package-1", 1, RANGE).zone(
        "intel-rapl:0/intel-rapl:0:0",
        "dram",
        1,
        RANGE,
    );
    let ways = RaplWays::of(tree.root(), &machine);
    let read = opened(&ways);
    assert!(read[0].starts_with("cpu:package-0 powercap") && read[1].starts_with("dram:dram-0 powercap"), "{read:?}");
    assert!(read[3].starts_with("dram:dram-1 perf_event") && read.len() == 4, "{read:?}");
    machine.refuse(libc::EACCES);
    let closed = |told: &(String, &str, String)| told.0 == "dram:dram-1" && told.1 == "closed";
    assert!(told(&ways).iter().any(closed), "{:?}", told(&ways));
    assert_eq!(opened(&ways).len(), 3);
    // Also where the meter is shut.
    tree.close("intel-rapl:0/energy_uj").close("intel-rapl:1/energy_uj");
    assert!(RaplMeter::open(&ways, &|_| false).is_err());
    assert!(told(&ways).iter().any(closed), "{:?}", told(&ways));
    machine.remove("events/energy-ram");
    assert!(!told(&ways).iter().any(closed), "no memory is shown at all");
}

#[test]
fn memory_that_may_be_that_of_any_package_is_not_counted_again_by_perf() {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0,4", &[(0, 0, 0), (4, 1, 0)]));
    tree.zone("intel-rapl:0", "package-0", 1, RANGE).zone("intel-rapl:1", "package-1", 1, RANGE);
    tree.zone("intel-rapl:2", "dram", 1, RANGE);
    assert_eq!(opened(&RaplWays::of(tree.root(), &machine)).len(), 3);
    // A tree of another machine, set by hand, is not mixed with this one's events.
    let (tree, elsewhere) = (PowercapTree::new(), machine.sysfs());
    tree.zone("intel-rapl:0", "package-0", 1, RANGE);
    let ways = RaplWays::new(tree.root().to_owned(), elsewhere.sys, elsewhere.proc);
    assert_eq!(told(&ways).len(), 1);
}

#[test]
fn a_package_that_only_perf_shows_is_read_beside_the_tree() {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0,4", &[(0, 0, 0), (4, 1, 0)]));
    machine.remove("events/energy-ram");
    tree.zone("intel-rapl:0", "package-0", 1, RANGE);
    let read = opened(&RaplWays::of(tree.root(), &machine));
    assert!(read.len() == 2 && read[1].starts_with("cpu:package-1 perf_event"), "{read:?}");
}

#[test]
fn a_platform_that_only_perf_shows_is_said() {
    let (tree, machine) = (PowercapTree::new(), PowerEvents::new("0", &[(0, 0, 0)]));
    tree.zone("intel-rapl:0", "package-0", 1, RANGE).zone("intel-rapl:0/intel-rapl:0:0", "dram", 1, RANGE);
    let ways = RaplWays::of(tree.root(), &machine);
    let platforms = || survey(&ways).into_iter().filter(|found| found.domain.kind == DomainKind::Platform).count();
    assert_eq!(platforms(), 1);
    tree.zone("intel-rapl:1", "psys", 1, RANGE);
    assert_eq!(platforms(), 1, "once");
    assert_eq!(opened(&ways).len(), 2);
}
