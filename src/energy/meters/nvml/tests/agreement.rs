//! Counters against power, over simulated boards: sound ones are never doubted, and others soon.

use std::time::Duration;

use super::super::super::counter::{CounterTotal, Draw};
use super::super::super::testing::board::Random;
use crate::energy::system::clock::Moment;
use crate::energy::windows::cross_check::{CrossCheck, FigurePairs};

use super::super::super::meter::Reading;
use super::super::gauges::PowerTotal;
use super::super::ladder::PowerSample;
use super::super::samples::SampleTotal;

/// A load that jumps between two powers, half of the time each.
#[derive(Debug, Clone, Copy)]
struct Square {
    low: f64,
    high: f64,
    period: f64,
    phase: f64,
}

const DRAW: Draw = Draw { sustained_watts: 5000.0, peak_watts: 5000.0, burst_joules: 1000.0 };

impl Square {
    fn constant(watts: f64) -> Self {
        Self { low: watts, high: watts, period: 1.0, phase: 0.0 }
    }

    fn joules(&self, until: f64) -> f64 {
        let at = until / self.period + self.phase;
        let (whole, rest) = (at.floor(), at.rem_euclid(1.0));
        let half = self.period * (self.low + self.high) / 2.0;
        whole * half + self.period * (rest.min(0.5) * self.low + (rest - 0.5).max(0.0) * self.high)
    }

    fn mean(&self, from: f64, to: f64) -> f64 {
        (self.joules(to) - self.joules(from)) / (to - from)
    }
}

#[derive(Debug, Clone, Copy)]
struct AgreementBoard {
    load: Square,
    counter_gain: f64,
    jitter: f64,
    /// Power is watched for the first so many of every so many seconds.
    sensor: Option<(f64, f64)>,
    /// Seconds between samples; or power is asked for.
    samples: Option<f64>,
}

impl AgreementBoard {
    fn late(&self, number: f64) -> f64 {
        let hash = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11;
        self.jitter * hash as f64 / (1_u64 << 53) as f64
    }

    fn counter(&self, at: f64) -> u64 {
        let mut tick = (at / 0.1).floor();
        if tick * 0.1 + self.late(tick) > at {
            tick -= 1.0;
        }
        (self.load.joules(tick * 0.1 + self.late(tick)) * self.counter_gain * 1e6) as u64
    }

    fn watts(&self, at: f64) -> f64 {
        match self.sensor {
            None => self.load.mean(at - 1e-6, at),
            Some((watched, period)) => {
                let begun = ((at - watched) / period).floor() * period;
                self.load.mean(begun, begun + watched)
            }
        }
    }

    fn sampled(&self, period: f64, since: f64, until: f64) -> Vec<PowerSample> {
        let numbers = ((since / period).floor() as u64 - 1)..=((until / period).floor() as u64);
        let at = |number: u64| number as f64 * period + self.late(number as f64);
        let dated = numbers.map(at).filter(|at| *at > since && *at <= until);
        dated.map(|at| PowerSample { at_us: (at * 1e6) as u64, watts: self.watts(at) }).collect()
    }

    /// When a session would doubt the counter, in seconds from its beginning, and why.
    fn doubted(&self, seconds: f64, random: &mut Random) -> Option<(f64, CrossCheck)> {
        let resolution = Duration::from_secs_f64(0.1 + self.samples.unwrap_or(0.1).max(0.1));
        let (mut pairs, mut counter) = (FigurePairs::default(), CounterTotal::new(None, DRAW));
        let mut asked = PowerTotal::default();
        let mut samples = SampleTotal::new(Duration::from_secs_f64(self.samples.unwrap_or(0.1)));
        let start = 100.0 + random.next();
        let mut at = start;
        while at < start + seconds {
            let now = Moment::from_monotonic_seconds(at).unwrap();
            let first = counter.advance(now, self.counter(at)).unwrap();
            let (second, grain): (Reading, _) = match self.samples {
                Some(period) => {
                    let since_us = samples.since_us();
                    let new = self.sampled(period, (since_us as f64 * 1e-6).max(at - 2.4), at);
                    samples.absorb(now, now, since_us, &new);
                    (samples.reading(now), samples.grain(now))
                }
                None => {
                    let reading = asked.advance(now, self.watts(at));
                    (reading, asked.grain())
                }
            };
            pairs.record(first, second, Some(grain));
            if let Some(found) = pairs.doubt(resolution) {
                return Some((at - start, found));
            }
            // As a session does it.
            let (mean, part) = if at < start + 6.0 { (0.1, 0.4) } else { (0.5, 0.4) };
            at += mean * (1.0 + part * (2.0 * random.next() - 1.0)) + 1e-4;
        }
        None
    }
}

/// Whether readings this far apart are out of step with the load within a few seconds: what they see of it goes round so often.
/// Otherwise power is seen at one side of it, as with a sensor that looks away, and nothing can tell.
fn goes_round(load: &Square, every: f64) -> bool {
    let many = every / load.period;
    let beat = (1..=5).map(|times| (many * f64::from(times) - (many * f64::from(times)).round()).abs() / every);
    beat.fold(f64::INFINITY, f64::min) > 1.0
}

const SAMPLES: [Option<f64>; 6] = [None, Some(0.02), Some(0.05), Some(0.1), Some(0.2), Some(0.5)];

#[test]
fn a_sound_counter_is_never_doubted() {
    let mut random = Random(7);
    let mut judged = 0;
    for seed in 0..4000 {
        let period = 0.03 * (20.0_f64 / 0.03).powf(random.next());
        let low = 60.0 + 200.0 * random.next();
        let load = Square { low, high: low * (1.0 + 5.0 * random.next()), period, phase: random.next() };
        let sensor = Some((0.025, 0.1)).filter(|_| random.next() < 0.5);
        let samples = SAMPLES[seed % SAMPLES.len()];
        let in_step =
            [samples, sensor.map(|(_, every)| every)].into_iter().flatten().any(|every| !goes_round(&load, every));
        if in_step && load.period < 2.0 {
            continue;
        }
        judged += 1;
        let board = AgreementBoard {
            load,
            counter_gain: 0.98 + 0.04 * random.next(),
            jitter: 0.01 * random.next(),
            sensor,
            samples,
        };
        let found = board.doubted(20.0, &mut random);
        assert!(found.is_none(), "{board:?}: {found:?}");
    }
    assert!(judged > 2000, "{judged}");
}

#[test]
fn a_constant_load_is_never_doubted_and_its_wrong_counter_within_seconds() {
    let mut random = Random(8);
    for seed in 0..600 {
        let samples = SAMPLES[seed % SAMPLES.len()];
        let sensor = Some((0.025, 0.1)).filter(|_| random.next() < 0.5);
        let load = Square::constant(30.0 + 600.0 * random.next());
        let board = |counter_gain| AgreementBoard { load, counter_gain, jitter: 0.005, sensor, samples };
        assert_eq!(board(1.0).doubted(30.0, &mut random), None);
        for gain in [0.57, 0.8, 1.3] {
            let (at, found) = board(gain).doubted(30.0, &mut random).unwrap();
            let latest = match samples {
                Some(0.5) => 12.0,
                Some(0.2) => 4.0,
                _ => 2.9,
            };
            assert!(at < latest, "{gain} at {at}: {found:?}");
        }
    }
}

#[test]
fn a_wrong_counter_is_found_under_loads_that_change_slowly_too() {
    let mut random = Random(9);
    for seed in 0..300 {
        let samples = [None, Some(0.02), Some(0.1)][seed % 3];
        let load = Square { low: 100.0, high: 400.0, period: 2.0 + 8.0 * random.next(), phase: random.next() };
        for gain in [0.57, 1.5] {
            let board = AgreementBoard { load, counter_gain: gain, jitter: 0.002, sensor: None, samples };
            let (at, _) = board.doubted(60.0, &mut random).unwrap();
            assert!(at < 8.0, "{board:?}: {at}");
        }
    }
}
