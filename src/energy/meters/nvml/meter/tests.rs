//! The meter over the fake library: which rung it takes, and what it makes of what lies.

use super::super::super::meter::{EnergySource, Meter, Reading};
use super::super::testing::FakeNvml;
use super::super::{GpuPolicy, NvmlMeter};
use crate::energy::gpus::mig::MigPolicy;
use crate::energy::units::Method;
use crate::energy::windows::cross_check::FigurePairs;

fn open(fake: &FakeNvml) -> NvmlMeter {
    NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).unwrap()
}

fn only(fake: &FakeNvml) -> (EnergySource, Option<EnergySource>) {
    let meter = open(fake);
    (meter.sources()[0].clone(), meter.counterparts()[0].clone())
}

fn joules(reading: &Reading) -> f64 {
    reading.microjoules as f64 * 1e-6
}

/// The joules of so many seconds, polled twice a second; `None` if they are in more than one segment or a poll failed.
fn polled(fake: &FakeNvml, meter: &mut NvmlMeter, seconds: f64) -> Option<f64> {
    let first = meter.read(&fake.clock)[0].clone().ok()?;
    let mut last = first;
    for _ in 0..(seconds * 2.0) as u32 {
        fake.advance(0.5);
        last = meter.read(&fake.clock)[0].clone().ok()?;
    }
    (last.segment == first.segment).then(|| joules(&last) - joules(&first))
}

const LOAD: &str = "power square 100 300 20\n";

#[test]
fn each_gpu_is_read_in_the_best_way_that_it_has() {
    let rungs = [
        ("samples 0.02 120", "total-energy counter, a tick every 100 ms"),
        (
            "samples 0.02 120\nfault energy 3",
            "the driver's power samples, one every 20 ms, integrated; the sensor watches a quarter of the time",
        ),
        (
            "samples 0.02 120\nfault energy 3\narchitecture 8 8.9",
            "the driver's power samples, one every 20 ms, integrated",
        ),
        ("fault energy 3\narchitecture 8 8.9", "instant power, read twice a second and integrated"),
        (
            "fault energy 13\nfault instant 6",
            "mean power of the last second, read twice a second and integrated; the sensor watches a quarter of the time",
        ),
        (
            "fault energy 3\nfault fields 3\narchitecture 7 8.0",
            "power, read twice a second and integrated; the sensor watches a quarter of the time",
        ),
        ("fault energy 3\nfault instant 3\narchitecture 4 6.0", "power, read twice a second and integrated"),
    ];
    for (script, sampling) in rungs {
        let fake = FakeNvml::new(50.0, &format!("gpu A A\n{LOAD}{script}\n"));
        let (source, _) = only(&fake);
        assert_eq!(source.sampling, sampling, "{script}");
        let counter = script.starts_with("samples 0.02 120") && !script.contains("energy");
        assert_eq!(source.method, if counter { Method::Counter } else { Method::PowerIntegral });
    }
}

#[test]
fn a_rung_that_is_there_and_fails_is_not_passed_over() {
    for (fault, code) in
        [("energy", 999), ("energy", 4), ("energy", 15), ("samples", 4), ("instant", 999), ("power", 4)]
    {
        let mut script = format!("gpu A A\n{LOAD}fault {fault} {code}\n");
        if fault != "energy" {
            script += "fault energy 3\n";
        }
        if fault == "power" {
            script += "fault instant 3\n";
        }
        let fake = FakeNvml::new(50.0, &script);
        assert!(NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).is_err(), "{fault} {code}");
    }
}

#[test]
fn samples_make_a_finer_integral_than_asking() {
    // Half of every 314 ms at 100 W and half at 500 W: twice a second sees little of it.
    let load = "power square 100 500 0.31371\nfault energy 3\n";
    let fake = FakeNvml::new(50.0, &format!("gpu A A\n{load}samples 0.02 120\n"));
    let mut meter = open(&fake);
    let told = polled(&fake, &mut meter, 20.0).unwrap();
    assert!((told - 6000.0).abs() < 90.0, "{told}");
}

#[test]
fn an_average_of_the_last_second_lags_and_loses_nothing() {
    // 400 J above the rest, in two seconds: at their end the average has not told all of them yet.
    let fake =
        FakeNvml::new(50.0, "gpu A A\npower pulse 100 300 52 54\naverage 1.0\nfault energy 3\nfault instant 3\n");
    let mut meter = open(&fake);
    assert_eq!(meter.sources()[0].resolution.as_secs_f64(), 1.0, "so a window of less than two seconds has no figure");
    let first = polled(&fake, &mut meter, 4.0).unwrap();
    assert!(first < 800.0 - 50.0, "{first}");
    let rest = polled(&fake, &mut meter, 2.0).unwrap();
    assert!((first + rest - 1000.0).abs() < 1.0, "{first} and {rest}");
}

#[test]
fn a_poll_is_one_call_of_the_driver_and_looks_up_no_processes() {
    let script = |what: &str| format!("count calls\ngpu A A\n{LOAD}{what}\n");
    let rungs = [("samples 0.1 50", "energy"), ("fault energy 3\nsamples 0.1 50", "samples")];
    let more = [("fault energy 3", "fields"), ("fault energy 3\nfault instant 3", "power")];
    for (what, call) in rungs.into_iter().chain(more) {
        let fake = FakeNvml::new(50.0, &script(what));
        let mut meter = open(&fake);
        meter.read(&fake.clock);
        fake.calls();
        for _ in 0..20 {
            fake.advance(0.5);
            meter.read(&fake.clock)[0].as_ref().unwrap();
        }
        let calls: Vec<_> = fake.calls().into_iter().collect();
        assert_eq!(calls, [(call.to_owned(), 20)], "{what}");
    }
}

#[test]
fn samples_without_a_date_or_told_twice_or_impossible_add_nothing() {
    let script = "gpu A A\npower 300\nfault energy 3\nsamples 0.02 120 dirty\n";
    let fake = FakeNvml::new(50.0, script);
    let mut meter = open(&fake);
    assert_eq!(meter.sources()[0].resolution.as_millis(), 20);
    let told = polled(&fake, &mut meter, 10.0).unwrap();
    assert!((told - 3000.0).abs() < 300.0 * 0.04, "{told}");
}

#[test]
fn samples_that_stop_coming_are_an_error_and_then_a_gap() {
    let fake = FakeNvml::new(50.0, "gpu A A\npower 300\nfault energy 3\nsamples 0.1 100\nstall 55 60\n");
    let mut meter = open(&fake);
    let before = meter.read(&fake.clock)[0].clone().unwrap();
    let mut failed = 0;
    let mut last = before;
    for _ in 0..40 {
        fake.advance(0.5);
        match &meter.read(&fake.clock)[0] {
            Ok(reading) => last = *reading,
            Err(_) => failed += 1,
        }
    }
    assert!((4..=6).contains(&failed), "{failed}");
    assert_eq!(last.segment, before.segment + 1);
    let told = joules(&last) - joules(&before);
    assert!((told - 300.0 * 15.0).abs() < 300.0 * 0.2, "the 5 s are not known: {told}");
}

#[test]
fn samples_that_were_overwritten_before_anybody_looked_are_a_gap() {
    let fake = FakeNvml::new(50.0, "gpu A A\npower 300\nfault energy 3\nsamples 0.02 50\n");
    let mut meter = open(&fake);
    let before = meter.read(&fake.clock)[0].clone().unwrap();
    fake.advance(3.0);
    let bridged = meter.read(&fake.clock)[0].clone().unwrap();
    assert_eq!(bridged.segment, before.segment, "two seconds are bridged, as between polls");
    fake.advance(30.0);
    assert_eq!(meter.read(&fake.clock)[0].clone().unwrap().segment, before.segment + 1);
}

#[test]
fn power_that_no_board_draws_is_an_error() {
    for rung in ["fault energy 3\n", "fault energy 3\nfault instant 3\n"] {
        let mut fake = FakeNvml::new(50.0, &format!("gpu A A\npower 300\n{rung}"));
        let mut meter = open(&fake);
        meter.read(&fake.clock)[0].as_ref().unwrap();
        fake.rewrite(&format!("gpu A A\npower 300\n{rung}power-gain 1000\n"));
        assert!(meter.read(&fake.clock)[0].as_ref().unwrap_err().to_string().contains("300000 W cannot be"));
    }
}

/// What a session would find, polling for so long.
fn cross_checked(fake: &FakeNvml, seconds: f64) -> crate::energy::windows::cross_check::CrossCheck {
    let mut meter = open(fake);
    let counterpart = meter.counterparts()[0].clone().unwrap();
    let (mut pairs, open) = (FigurePairs::default(), fake.clock.clone());
    let from = crate::energy::system::clock::Clock::now(&open);
    for _ in 0..=(seconds * 2.0) as u32 {
        let counter = meter.read(&fake.clock)[0].clone().unwrap();
        let integrated = meter.cross_check(&fake.clock)[0].clone().unwrap().unwrap();
        pairs.record(counter, integrated, meter.grains()[0]);
        fake.advance(0.5);
    }
    let to = crate::energy::system::clock::Clock::now(&fake.clock);
    pairs.check(from, to, meter.sources()[0].resolution + counterpart.resolution).unwrap()
}

#[test]
fn a_counter_that_contradicts_power_is_found_and_one_that_agrees_is_not() {
    for (how, sampling) in [("samples 0.02 120\n", "samples"), ("", "instant")] {
        let fake = FakeNvml::new(50.05, &format!("gpu A A\npower 65.4\n{how}"));
        assert!(only(&fake).1.unwrap().sampling.contains(sampling));
        assert!(cross_checked(&fake, 10.0).agrees());
        let fake = FakeNvml::new(50.05, &format!("gpu A A\npower 65.4\ncounter-gain 0.572\n{how}"));
        let found = cross_checked(&fake, 5.5);
        assert!(!found.agrees(), "{found:?}");
        let fake = FakeNvml::new(50.05, &format!("gpu A A\npower square 65 500 7\npower-gain 0.99\n{how}"));
        assert!(cross_checked(&fake, 30.0).agrees());
    }
}

#[test]
fn a_sensor_that_looks_away_from_a_load_in_step_with_it_is_found() {
    // 25 ms of every 100 are watched, and the load works only in the other 75.
    let fake = FakeNvml::new(50.05, "gpu A A\npower square 100 500 0.1\nsensor 0.025 0.1\nsamples 0.1 50\n");
    let found = cross_checked(&fake, 20.0);
    assert!(!found.agrees() && found.counter.0 > 2.0 * found.integrated.0, "{found:?}");
}

#[test]
fn the_second_figure_is_read_twenty_times_a_second_at_most_however_often_it_is_asked_for() {
    let fake = FakeNvml::new(50.05, &format!("count calls\ngpu A A\n{LOAD}samples 0.02 120\n"));
    let mut meter = open(&fake);
    fake.calls();
    for _ in 0..500 {
        meter.cross_check(&fake.clock);
        fake.advance(0.01);
    }
    let samples = fake.calls()["samples"];
    assert!((80..=100).contains(&samples), "{samples} in 5 s");
    // And a GPU without a counter needs no second figure.
    let fake = FakeNvml::new(50.0, "gpu A A\npower 100\nfault energy 3\nsamples 0.02 120\n");
    assert_eq!(only(&fake).1, None);
    assert_eq!(open(&fake).cross_check(&fake.clock), [None]);
}

#[test]
fn a_second_figure_that_fails_leaves_the_first_alone() {
    let mut fake = FakeNvml::new(50.0, &format!("gpu A A\n{LOAD}samples 0.02 120\n"));
    let mut meter = open(&fake);
    fake.rewrite(&format!("gpu A A\n{LOAD}samples 0.02 120\nfault samples 999\n"));
    assert!(meter.cross_check(&fake.clock)[0].as_ref().unwrap().is_err());
    assert!(meter.read(&fake.clock)[0].is_ok());
}

#[test]
fn a_board_that_is_cut_into_instances_is_metered_only_if_asked_for() {
    let fake = FakeNvml::new(50.0, "gpu A A\npower 300\nmig\ninstance MIG-1 1 0\n");
    let refused = NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).unwrap_err().with_help();
    assert!(refused.contains("MIG instances") && refused.contains("whole-board"), "{refused}");
    let meter = NvmlMeter::open(Some(&fake.library()), MigPolicy::WholeBoard).unwrap();
    let sampling = &meter.sources()[0].sampling;
    assert!(
        sampling.starts_with("the whole board, which is cut into MIG instances: total-energy counter"),
        "{sampling}"
    );
    // A second, whole GPU is metered under either policy.
    let fake = FakeNvml::new(50.0, "gpu A A\nmig\ngpu B B\npower 100\n");
    let ids = |policy| {
        let meter = NvmlMeter::open(Some(&fake.library()), policy).unwrap();
        meter.sources().iter().map(|source| source.domain.id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (ids(MigPolicy::Refuse), ids(MigPolicy::WholeBoard)),
        (vec!["B".to_owned()], vec!["A".into(), "B".into()])
    );
}

#[test]
fn a_gpu_that_tells_nothing_is_estimated_only_where_that_is_asked_for() {
    let script =
        "gpu A A\npower 300\nfault energy 3\nfault power 3\nfault instant 3\nlimit 100 400 250 1\nutilization 40 10\n";
    let fake = FakeNvml::new(50.0, script);
    assert!(NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).is_err());
    let policy = GpuPolicy { mig: MigPolicy::Refuse, estimate: true };
    let mut meter = NvmlMeter::open(Some(&fake.library()), policy).unwrap();
    let source = meter.sources()[0].clone();
    assert_eq!(source.method, Method::Estimate);
    assert_eq!(source.sampling, "utilisation, read twice a second, times the power limit of 250 W");
    let first = meter.read(&fake.clock)[0].clone().unwrap();
    for _ in 0..4 {
        fake.advance(0.5);
        meter.read(&fake.clock);
    }
    let last = meter.read(&fake.clock)[0].clone().unwrap();
    assert_eq!(last.microjoules - first.microjoules, 200_000_000, "2 s at 40 % of 250 W");
    // One that has a meter keeps it.
    let measured = FakeNvml::new(50.0, "gpu A A\npower 300\nutilization 40 10\n");
    assert_eq!(NvmlMeter::open(Some(&measured.library()), policy).unwrap().sources()[0].method, Method::Counter);
}
