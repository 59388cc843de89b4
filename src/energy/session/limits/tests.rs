use std::panic::{AssertUnwindSafe, catch_unwind};

use super::super::Session;
use super::*;
use crate::energy::meters::nvml::testing::FakeNvml;

const GPU: &str = "gpu GPU-a A\npower 400\nlimit 200 700 650\n";

/// Guards are the process's; tests that restore all of them must not meet.
static ALONE: Mutex<()> = Mutex::new(());

fn builder(fake: &FakeNvml) -> SessionBuilder {
    Session::builder().nvml_library(fake.library()).clock(fake.clock.clone())
}

fn reason(error: &EnergyError) -> String {
    assert!(matches!(error, EnergyError::Limit { .. }), "{error:?}");
    error.with_help()
}

#[test]
fn a_limit_holds_until_the_guard_goes() {
    let _alone = lock(&ALONE);
    let fake = FakeNvml::new(10.0, GPU);
    let guard = builder(&fake).limit("gpu-A", &PowerLimits::power(250.4)).unwrap();
    assert_eq!(guard.in_force(), PowerLimits::power(250.4));
    assert_eq!(fake.changes(), ["GPU-a limit 250400"]);
    drop(guard);
    assert_eq!(fake.changes(), ["GPU-a limit 250400", "GPU-a limit 650000"]);
    let guard = builder(&fake).limit("GPU-a", &PowerLimits::sm_clock(1200)).unwrap();
    assert_eq!(guard.restore(), Ok(()));
    assert_eq!(fake.changes()[2..], ["GPU-a clocks 1200 1200", "GPU-a clocks"]);
    assert_eq!(lock(&GUARDS).entries.len(), 0);
}

#[test]
fn guards_within_guards_go_back_step_by_step() {
    let _alone = lock(&ALONE);
    let fake = FakeNvml::new(10.0, GPU);
    let outer = builder(&fake).limit("GPU-a", &PowerLimits::power(400.0)).unwrap();
    let inner = builder(&fake).limit("GPU-a", &PowerLimits::power(300.0)).unwrap();
    drop(inner);
    drop(outer);
    let limits = [400_000, 300_000, 400_000, 650_000].map(|limit| format!("GPU-a limit {limit}"));
    assert_eq!(fake.changes(), limits);
}

#[test]
fn a_panic_puts_the_limits_back() {
    let _alone = lock(&ALONE);
    let fake = FakeNvml::new(10.0, GPU);
    let both = PowerLimits { power_watts: Some(300.0), sm_clock_mhz: Some((300, 900)) };
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = builder(&fake).limit("GPU-a", &both).unwrap();
        panic!("as told");
    }));
    assert!(panicked.is_err());
    let expected = ["GPU-a limit 300000", "GPU-a clocks 300 900", "GPU-a clocks", "GPU-a limit 650000"];
    assert_eq!(fake.changes(), expected);
}

#[test]
fn a_signal_puts_back_what_all_guards_have_set_and_the_guards_then_do_nothing() {
    let _alone = lock(&ALONE);
    let (one, other) = (FakeNvml::new(10.0, GPU), FakeNvml::new(10.0, GPU));
    let first = builder(&one).limit("GPU-a", &PowerLimits::power(400.0)).unwrap();
    let second = builder(&one).limit("GPU-a", &PowerLimits::power(300.0)).unwrap();
    let third = builder(&other).limit("GPU-a", &PowerLimits::power(500.0)).unwrap();
    assert_eq!(std::thread::spawn(restore_limits).join().unwrap(), []);
    assert_eq!(one.changes().last().unwrap(), "GPU-a limit 650000");
    assert_eq!(other.changes(), ["GPU-a limit 500000", "GPU-a limit 650000"]);
    let done = (one.changes().len(), other.changes().len());
    assert_eq!(third.restore(), Ok(()));
    drop((second, first));
    assert_eq!((one.changes().len(), other.changes().len()), done);
    assert_eq!(restore_limits(), []);
}

#[test]
fn without_the_permission_nothing_is_set_and_the_probe_says_so() {
    let _alone = lock(&ALONE);
    let mut fake = FakeNvml::new(10.0, GPU);
    let range = builder(&fake).limit_range("GPU-a").unwrap();
    let watts = (range.lowest_watts, range.highest_watts, range.default_watts, range.present_watts);
    assert_eq!((watts, range.highest_sm_clock_mhz, range.refused), ((200.0, 700.0, 650.0, 650.0), Some(1980), None));
    assert_eq!(fake.changes(), ["GPU-a limit 650000"], "the probe sets what is set");
    fake.rewrite(&format!("{GPU}fault set-limit 4\nfault set-clocks 4\n"));
    assert!(builder(&fake).limit_range("GPU-a").unwrap().refused.is_some());
    for limits in [PowerLimits::power(300.0), PowerLimits::sm_clock(900)] {
        let told = reason(&builder(&fake).limit("GPU-a", &limits).unwrap_err());
        assert!(told.contains("root"), "{told}");
    }
    // Half of it is not left behind.
    fake.rewrite(&format!("{GPU}fault set-clocks 4\n"));
    let both = PowerLimits { power_watts: Some(300.0), sm_clock_mhz: Some((300, 900)) };
    assert!(builder(&fake).limit("GPU-a", &both).is_err());
    assert_eq!(fake.changes()[1..], ["GPU-a limit 300000", "GPU-a limit 650000"]);
    assert_eq!(lock(&GUARDS).entries.len(), 0);
}

#[test]
fn a_limit_that_does_not_stick_is_an_error() {
    let _alone = lock(&ALONE);
    let fake = FakeNvml::new(10.0, &format!("{GPU}deaf\n"));
    let told = reason(&builder(&fake).limit("GPU-a", &PowerLimits::power(300.0)).unwrap_err());
    assert!(told.contains("650 W instead of 300 W"), "{told}");
    let told = reason(&builder(&fake).limit("GPU-a", &PowerLimits::sm_clock(900)).unwrap_err());
    assert!(told.contains("1500 MHz"), "{told}");
    // Steps of the driver are no lie, as long as they are small.
    let fake = FakeNvml::new(10.0, "gpu GPU-a A\nlimit 200 700 650 0.5\n");
    let guard = builder(&fake).limit("GPU-a", &PowerLimits::power(300.4)).unwrap();
    assert_eq!(guard.in_force(), PowerLimits::power(300.0));
    drop(guard);
    let fake = FakeNvml::new(10.0, "gpu GPU-a A\nlimit 200 700 650 25\n");
    assert!(builder(&fake).limit("GPU-a", &PowerLimits::power(320.0)).is_err());
    assert_eq!(fake.changes().last().unwrap(), "GPU-a limit 650000");
}

#[test]
fn limits_out_of_range_and_gpus_that_are_not_there_are_refused_before_anything_is_set() {
    let _alone = lock(&ALONE);
    let fake = FakeNvml::new(10.0, GPU);
    for watts in [199.0, 701.0, 0.0, -1.0, f64::NAN, f64::INFINITY] {
        let told = reason(&builder(&fake).limit("GPU-a", &PowerLimits::power(watts)).unwrap_err());
        assert!(told.contains("200 W to 700 W"), "{told}");
    }
    for clocks in [(900, 800), (0, 0), (300, 5000)] {
        let limits = PowerLimits { power_watts: None, sm_clock_mhz: Some(clocks) };
        let told = reason(&builder(&fake).limit("GPU-a", &limits).unwrap_err());
        assert!(told.contains("1980 MHz"), "{told}");
    }
    let told = reason(&builder(&fake).limit("GPU-b", &PowerLimits::power(300.0)).unwrap_err());
    assert!(told.contains("nvidia-smi -L"), "{told}");
    assert_eq!(fake.changes().len(), 0);
    let fake = FakeNvml::new(10.0, "gpu GPU-a A\nfault limit 3\n");
    reason(&builder(&fake).limit("GPU-a", &PowerLimits::power(300.0)).unwrap_err());
    reason(&builder(&fake).limit_range("GPU-a").unwrap_err());
}

#[test]
fn what_somebody_else_has_set_meanwhile_is_left_alone() {
    let _alone = lock(&ALONE);
    let fake = FakeNvml::new(10.0, GPU);
    let guard = builder(&fake).limit("GPU-a", &PowerLimits::power(300.0)).unwrap();
    let other = builder(&fake).limit("GPU-a", &PowerLimits::power(350.0)).unwrap();
    let told = reason(&guard.restore().unwrap_err());
    assert!(told.contains("350 W"), "{told}");
    assert_eq!(fake.changes().len(), 2);
    drop(other);
}
