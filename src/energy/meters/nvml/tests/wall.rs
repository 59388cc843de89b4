//! Boards without a counter while somebody sets the wall clock, which dates their samples.

use std::time::Duration;

use super::super::super::meter::{Meter, Reading};
use super::super::super::testing::board::Random;
use super::super::NvmlMeter;
use super::super::ladder::PowerSample;
use super::super::samples::SampleTotal;
use super::super::testing::FakeNvml;
use crate::energy::gpus::mig::MigPolicy;
use crate::energy::system::clock::Moment;
use crate::energy::{MeterKind, Meters, Session};

fn jumps(all: &[(f64, f64)]) -> String {
    all.iter().map(|(at, by)| format!("wall-jump {at} {by}\n")).collect()
}

/// The joules of 6 s from 50 s on, polled about twice a second. And by how much the clock was set, as far as was
/// noticed.
fn told(script: &str, random: &mut Random) -> (f64, Option<f64>) {
    let fake = FakeNvml::new(50.0, script);
    let mut meter = NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).unwrap();
    let read = |meter: &mut NvmlMeter| meter.read(&fake.clock)[0].clone().unwrap();
    let joules = |reading: &Reading| reading.microjoules as f64 * 1e-6;
    let (first, mut last, mut left) = (read(&mut meter), None, 6.0_f64);
    while left > 1e-6 {
        let step = (0.425 + 0.15 * random.next()).min(left);
        left -= step;
        fake.advance(step);
        last = Some(read(&mut meter));
    }
    let last = last.unwrap();
    assert_eq!(last.segment, first.segment, "{script}");
    let shares = meter.shares()[0];
    (joules(&last) - joules(&first), (shares.clock_set > 0).then_some(shares.clock_set_by))
}

#[test]
fn a_clock_that_is_set_makes_no_energy_and_takes_none() {
    let mut random = Random(3);
    for period in [0.02, 0.1] {
        for more in ["", "jitter 0.002\n"] {
            for by in [0.9, -0.9, 0.3, -0.3, 0.1, -0.1, 2.0, -2.0, 30.0, -30.0, 3600.0, -3600.0, 86_400.0] {
                for at in [50.3, 52.51, 55.2] {
                    let dirty = if random.next() < 0.5 { "dirty" } else { "" };
                    let script = format!(
                        "{more}{}gpu A A\npower 300\nfault energy 3\nsamples {period} 120 {dirty}\n",
                        jumps(&[(at, by)])
                    );
                    let (joules, set) = told(&script, &mut random);
                    // At either end a sample is on its way.
                    let allowed = 1800.0 * 0.01 + 300.0 * (period + 0.004);
                    assert!((joules - 1800.0).abs() < allowed, "{joules} J of 1800: {script}");
                    if by.abs() > 0.25 {
                        assert!((set.unwrap() - by).abs() < 0.15, "{set:?}: {script}");
                    }
                }
            }
            let still = format!("{more}gpu A A\npower 300\nfault energy 3\nsamples {period} 120 dirty\n");
            assert_eq!(told(&still, &mut random).1, None, "nobody has set it");
        }
    }
}

#[test]
fn a_clock_that_is_set_again_and_again_adds_up_to_nothing() {
    let mut random = Random(4);
    for period in [0.02, 0.1] {
        for round in 0..12 {
            let count = 2 + round % 4;
            let by = |random: &mut Random| {
                let sign = if random.next() < 0.5 { 1.0 } else { -1.0 };
                sign * 0.05 * (7200.0_f64 / 0.05).powf(random.next())
            };
            let all: Vec<_> = (0..count).map(|_| (50.0 + 6.0 * random.next(), by(&mut random))).collect();
            let script = format!("{}gpu A A\npower 300\nfault energy 3\nsamples {period} 120\n", jumps(&all));
            let (joules, _) = told(&script, &mut random);
            let allowed = 1800.0 * 0.01 + 300.0 * (period + 0.01) + 300.0 * 0.05 * f64::from(count);
            assert!((joules - 1800.0).abs() < allowed, "{joules} J of 1800: {script}");
        }
    }
}

#[test]
fn power_that_changes_while_the_clock_is_set_is_within_the_interval_and_a_note_says_so() {
    let mut random = Random(5);
    for by in [0.9, -0.9, 0.3, -0.3, 3600.0, -3600.0] {
        for period in [0.02, 0.1] {
            // Out of step with the samples.
            let load = [1.37, 2.23, 0.93][(random.next() * 3.0) as usize];
            let script = format!(
                "{}gpu A A\npower square 100 500 {load:.3}\nfault energy 3\nsamples {period} 120\n",
                jumps(&[(52.4, by)])
            );
            let fake = FakeNvml::new(50.0, &script);
            let builder = Session::builder().meters(Meters::List(vec![MeterKind::Nvml])).nvml_library(fake.library());
            let session = builder.clock(fake.clock.clone()).without_polling().open().unwrap();
            let window = session.window();
            for _ in 0..12 {
                fake.advance(0.5);
                session.poll();
            }
            let energy = window.close();
            let truth = |until: f64| {
                let (whole, rest) = ((until / load).floor(), (until / load).fract());
                load * (whole * 300.0 + rest.min(0.5) * 100.0 + (rest - 0.5).max(0.0) * 500.0)
            };
            let truth = truth(56.0) - truth(50.0);
            let (joules, sd) = (energy.total().unwrap().0, energy.uncertainty(None).unwrap().absolute().0);
            assert!((joules - truth).abs() < 1.96 * sd, "{joules} ± {sd} of {truth}: {script}");
            let note = energy.domains[0].note.clone().unwrap();
            assert!(note.contains(&format!("set by about {by:+.1} s")), "{note}: {script}");
        }
    }
}

#[test]
fn after_the_clock_was_set_back_the_figure_goes_on_without_a_gap() {
    for jump in [3600.0, -3600.0, 30.0, -30.0, -1.5] {
        let fake = FakeNvml::new(
            50.0,
            &format!("wall-jump 55.01 {jump}\ngpu A A\npower 300\nfault energy 3\nsamples 0.02 120\n"),
        );
        let mut meter = NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).unwrap();
        let first = meter.read(&fake.clock)[0].clone().unwrap();
        let mut last = first;
        for _ in 0..60 {
            fake.advance(0.5);
            let reading = meter.read(&fake.clock)[0].clone().unwrap();
            assert!(reading.microjoules >= last.microjoules);
            last = reading;
        }
        let told = (last.microjoules - first.microjoules) as f64 * 1e-6;
        assert!((told - 9000.0).abs() < 30.0 && last.segment == first.segment, "{jump}: {told}");
    }
}

/// What a driver has at a time of samples of 300 W, which reckons their dates by a clock that was set, and that wobbles.
fn kept(now: f64, period: f64, set: (f64, f64), wobble: f64) -> Vec<PowerSample> {
    let numbers = ((now - 2.4) / period).ceil() as u64..=(now / period) as u64;
    let date = |time: f64| time + 1e6 + wobble + if time >= set.0 { set.1 } else { 0.0 };
    let dates = numbers.map(|number| date(number as f64 * period));
    dates.map(|date| PowerSample { at_us: (date * 1e6) as u64, watts: 300.0 }).collect()
}

#[test]
fn dates_that_are_reckoned_anew_each_time_are_still_those_of_the_same_samples() {
    let mut random = Random(6);
    for round in 0..400 {
        let period = [0.02, 0.1][round % 2];
        let wobble = period * 0.2 * random.next();
        let set = (52.0 + 2.0 * random.next(), [-0.9, 0.9, -0.4, -30.0][round / 2 % 4]);
        let mut total = SampleTotal::new(Duration::from_secs_f64(period));
        let (mut now, mut readings) = (50.0, Vec::new());
        while now < 57.0 {
            let moment = Moment::from_monotonic_seconds(now).unwrap();
            let samples = kept(now, period, set, wobble * random.next());
            let since_us = total.since_us();
            if !total.absorb(moment, moment, since_us, &samples) && total.is_overdue(moment) {
                total.absorb(moment, moment, 0, &samples);
            }
            readings.push((now, total.reading(moment)));
            now += 0.425 + 0.15 * random.next();
        }
        let ((from, first), (to, last)) = (readings[0], readings[readings.len() - 1]);
        let told = (last.microjoules - first.microjoules) as f64 * 1e-6;
        assert_eq!(first.segment, last.segment);
        let allowed = 0.01 * 300.0 * (to - from) + 300.0 * 1.3 * period;
        assert!((told - 300.0 * (to - from)).abs() < allowed, "round {round}: {told} J in {} s", to - from);
    }
}
