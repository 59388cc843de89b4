use super::super::testing::PowerEvents;
use super::*;
use crate::energy::system::clock::testing::ManualClock;

const JOULE: u64 = 1 << 32;

/// One package without memory, counted by processor 0 at first.
fn machine() -> PowerEvents {
    let machine = PowerEvents::new("0", &[(0, 0, 0), (1, 0, 0)]);
    machine.remove("events/energy-ram");
    machine
}

fn planned(machine: &PowerEvents) -> Vec<PlannedCounter> {
    plan(&machine.sysfs(), &machine.opener(), &|_| true).unwrap()
}

fn only(machine: &PowerEvents) -> Box<dyn RaplCounter> {
    let mut counters: Vec<_> = planned(machine).into_iter().filter_map(|planned| planned.counter).collect();
    assert_eq!(counters.len(), 1);
    counters.remove(0)
}

/// The package's state.
fn package(machine: &PowerEvents) -> CounterState {
    planned(machine).remove(0).found.state
}

#[test]
fn counts_become_microjoules_and_the_two_readings_of_a_moment_agree() {
    let (machine, clock) = (machine(), ManualClock::at(10.0));
    let mut counter = only(&machine);
    assert!(counter.sampling().contains("perf_event power/energy-pkg"));
    assert_eq!(counter.read(&clock).unwrap().microjoules, 0);
    assert_eq!(counter.read(&clock).unwrap().microjoules, 0, "no time has passed, and none is missing");
    machine.pass(&clock, 1.0, 40 * JOULE + 5);
    assert_eq!(counter.read(&clock).unwrap().microjoules, 40_000_000);
}

#[test]
fn a_processor_that_goes_offline_is_an_error_and_another_one_of_the_package_takes_over() {
    let (machine, clock) = (machine(), ManualClock::at(10.0));
    let mut counter = only(&machine);
    counter.read(&clock).unwrap();
    machine.pass(&clock, 1.0, 40 * JOULE);
    counter.read(&clock).unwrap();
    machine.offline(0);
    machine.pass(&clock, 1.0, 40 * JOULE);
    for _ in 0..2 {
        let reason = counter.read(&clock).unwrap_err();
        assert!(reason.contains("power/energy-pkg") && reason.contains("is processor 0 offline?"), "{reason}");
    }
    machine.write("cpumask", "1");
    machine.pass(&clock, 1.0, 40 * JOULE);
    assert!(counter.read(&clock).is_err(), "what went by is not known yet");
    let again = counter.read(&clock).unwrap();
    assert_eq!((again.microjoules, again.segment), (40_000_000, 1));
    machine.pass(&clock, 1.0, 7 * JOULE);
    let on = counter.read(&clock).unwrap();
    assert_eq!((on.microjoules, on.segment), (47_000_000, 1));
}

#[test]
fn a_pause_in_counting_ends_the_segment() {
    let (machine, clock) = (machine(), ManualClock::at(10.0));
    let mut counter = only(&machine);
    counter.read(&clock).unwrap();
    machine.pass(&clock, 1.0, 40 * JOULE);
    machine.pause(0.2);
    let reason = counter.read(&clock).unwrap_err();
    assert!(reason.contains("did not count for 0.200 s"), "{reason}");
    machine.pass(&clock, 1.0, 3 * JOULE);
    let after = counter.read(&clock).unwrap();
    assert_eq!((after.microjoules, after.segment), (3_000_000, 1));
}

#[test]
fn who_may_not_count_is_told_of_the_setting_and_the_capability() {
    let machine = machine();
    for errno in [libc::EACCES, libc::EPERM] {
        machine.refuse(errno);
        let CounterState::Closed { reason, remedy } = package(&machine) else { panic!() };
        assert!(reason.contains("power/energy-pkg on processor 0"), "{reason}");
        assert!(remedy.contains("kernel.perf_event_paranoid=0") && remedy.contains("cap_perfmon"), "{remedy}");
    }
    machine.refuse(libc::ENODEV);
    assert!(matches!(package(&machine), CounterState::Closed { remedy, .. } if remedy.is_empty()));
}

#[test]
fn memory_that_cannot_be_counted_is_said_and_the_packages_are_counted() {
    let machine = PowerEvents::new("0,4", &[(0, 0, 0), (4, 1, 0)]);
    machine.refuse_config(3);
    let told = |machine: &PowerEvents| -> Vec<String> {
        let state = |found: &FoundCounter| {
            if found.is_counted() {
                "yes"
            } else if found.is_closed() {
                "no"
            } else {
                "within"
            }
        };
        planned(machine).iter().map(|p| format!("{} {}", p.found.domain, state(&p.found))).collect()
    };
    let expected =
        ["cpu:package-0 yes", "dram:dram-0 no", "cpu:package-1 yes", "dram:dram-1 no", "platform:psys within"];
    assert_eq!(told(&machine), expected);
    machine.refuse_config(2);
    assert_eq!(told(&machine)[0], "cpu:package-0 no");
    // One that cannot be told how it is opened is no less there.
    let garbled = PowerEvents::new("0", &[(0, 0, 0)]);
    garbled.write("events/energy-ram.scale", "NaN");
    assert_eq!(told(&garbled), ["cpu:package-0 yes", "dram:dram-0 no", "platform:psys within"]);
    let memory = planned(&garbled).remove(1).found;
    assert!(
        matches!(&memory.state, CounterState::Closed { reason, .. } if reason.contains("energy-ram.scale")),
        "{memory:?}"
    );
}

#[test]
fn memory_that_counts_nothing_while_time_passes_is_silent() {
    let machine = PowerEvents::new("0", &[(0, 0, 0)]);
    machine.run_by_itself(0);
    let states: Vec<_> = planned(&machine).into_iter().map(|planned| planned.found.state).collect();
    assert!(matches!(states[0], CounterState::Counted { .. }), "the package's figures will say that it hangs");
    assert!(
        matches!(&states[1], CounterState::Silent { reason } if reason.contains("energy-ram on processor 0 stays at 0"))
    );
    machine.run_by_itself(1);
    assert!(matches!(planned(&machine)[1].found.state, CounterState::Counted { .. }));
}

/// The one event that every kernel has is time itself; containers and CI may forbid it.
#[cfg(target_arch = "x86_64")]
#[test]
fn this_kernel_counts_or_says_why_not() {
    use perf_event_open_sys::bindings::{PERF_COUNT_SW_CPU_CLOCK, PERF_TYPE_SOFTWARE};

    match Kernel.open(PERF_TYPE_SOFTWARE, u64::from(PERF_COUNT_SW_CPU_CLOCK), 0) {
        Ok(mut counting) => {
            let first = counting.read().unwrap();
            let second = counting.read().unwrap();
            assert!(second.counts > first.counts && second.running > first.running, "{first:?} {second:?}");
            assert!(second.enabled >= second.running);
        }
        Err(error) => assert!(
            matches!(error.raw_os_error(), Some(libc::EACCES | libc::EPERM | libc::ENOSYS)),
            "the arguments are sound: {error}"
        ),
    }
    let error = Kernel.open(u32::MAX - 1, 0, 0).unwrap_err();
    assert!(error.raw_os_error().is_some(), "{error}");
}
