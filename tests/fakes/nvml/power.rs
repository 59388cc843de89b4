//! The power of a GPU, and what its counter and its sensor make of it.

use std::ffi::c_ulonglong;

use super::POWER_CAP;
use super::script::{Gpu, Script};

#[repr(C)]
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) time_stamp: c_ulonglong,
    pub(super) value: c_ulonglong,
}

impl Gpu {
    pub(super) fn limits(&self) -> [f64; 4] {
        self.limit.unwrap_or([100.0, 1000.0, 1000.0, 0.001])
    }

    /// The power limit in force, in milliwatts.
    pub(super) fn limit_mw(&self, script: &Script) -> u32 {
        let set = script.set(self, "limit").next_back().map(|change| change.values[0]);
        set.unwrap_or((self.limits()[2] * 1e3).round() as u32)
    }

    pub(super) fn cap_at(&self, script: &Script, time: f64) -> f64 {
        let set = script.set(self, "limit").take_while(|change| change.at <= time).last();
        set.map_or(self.limit.map_or(f64::INFINITY, |limit| limit[2]), |change| f64::from(change.values[0]) * 1e-3)
    }

    /// The power at a time, as it is.
    pub(super) fn watts(&self, script: &Script, time: f64) -> f64 {
        let high = match self.pulse {
            Some((from, to)) => (from..to).contains(&time),
            None => (time / self.period).rem_euclid(1.0) >= 0.5,
        };
        (if high { self.high } else { self.low }).min(self.cap_at(script, time))
    }

    /// Joules from time 0, as they are.
    pub(super) fn joules(&self, script: &Script, time: f64) -> f64 {
        let (mut total, mut from) = (0.0, 0.0);
        for change in script.set(self, "limit").take_while(|change| change.at < time) {
            let cap = self.cap_at(script, from);
            total += self.capped_joules(cap, change.at) - self.capped_joules(cap, from);
            from = change.at;
        }
        let cap = self.cap_at(script, from);
        total + self.capped_joules(cap, time) - self.capped_joules(cap, from)
    }

    pub(super) fn capped_joules(&self, cap: f64, time: f64) -> f64 {
        let (low, high) = (self.low.min(cap), self.high.min(cap));
        if let Some((from, to)) = self.pulse {
            return time * low + (time.min(to) - from).max(0.0) * (high - low);
        }
        let periods = (time / self.period).floor();
        let rest = time - periods * self.period;
        let half = self.period / 2.0;
        periods * half * (low + high) + rest.min(half) * low + (rest - half).max(0.0) * high
    }

    pub(super) fn mean(&self, script: &Script, from: f64, to: f64) -> f64 {
        (self.joules(script, to) - self.joules(script, from)) / (to - from)
    }

    pub(super) fn counter_mj(&self, script: &Script) -> u64 {
        let mut time = script.now;
        if let Some((from, to)) = self.stall
            && (from..to).contains(&time)
        {
            time = from;
        }
        let tick = script.last_tick(time);
        let gain = self.gain * self.counter_gain;
        let more = self.more_watts("energy");
        let joules = match self.reset {
            Some(reset) if time >= reset => {
                self.joules(script, tick.max(reset)) - self.joules(script, reset) + more * (tick - reset).max(0.0)
            }
            _ => self.joules(script, tick) + more * tick + self.start * 1e-3 / gain,
        };
        (joules * gain * 1e3).round() as u64
    }

    /// What the rest of the module adds to a reading, in watts.
    pub(super) fn more_watts(&self, reading: &str) -> f64 {
        self.module.filter(|_| self.module_in.iter().any(|what| what == reading)).unwrap_or(0.0)
    }

    /// The same, in milliwatts.
    pub(super) fn more_mw(&self, reading: &str) -> u32 {
        self.milliwatts(self.more_watts(reading))
    }

    /// What the sensor shows at a time, in milliwatts.
    pub(super) fn instant_mw(&self, script: &Script, time: f64) -> u32 {
        let watts = match self.sensor {
            None => self.watts(script, time),
            Some((watched, period)) => {
                let begun = ((time - watched) / period + 1e-9).floor() * period;
                self.mean(script, begun, begun + watched)
            }
        };
        self.milliwatts(watts)
    }

    /// What it shows as an average, in milliwatts.
    pub(super) fn average_mw(&self, script: &Script, time: f64) -> u32 {
        let Some(seconds) = self.average else { return self.instant_mw(script, time) };
        let Some((watched, period)) = self.sensor else {
            return self.milliwatts(self.mean(script, time - seconds, time));
        };
        let last = ((time - watched) / period + 1e-9).floor();
        let count = (seconds / period).floor().max(1.0);
        let begun = (0..count as u32).map(|back| (last - f64::from(back)) * period);
        self.milliwatts(begun.map(|begun| self.mean(script, begun, begun + watched)).sum::<f64>() / count)
    }

    pub(super) fn milliwatts(&self, watts: f64) -> u32 {
        (watts * self.gain * self.power_gain * 1e3).round() as u32
    }

    /// The samples in the buffer that are newer, each with its date.
    pub(super) fn sampled(&self, script: &Script, last_seen: u64) -> Option<Vec<Sample>> {
        let (period, kept) = self.samples?;
        let last = script.ticks(period, script.now);
        let stalled = |time: f64| self.stall.is_some_and(|(from, to)| (from..to).contains(&time));
        let numbers = (0..kept).rev().map(|back| last - back as f64).filter(|number| *number >= 0.0);
        let taken = numbers.map(|number| script.tick_time(period, number)).filter(|time| !stalled(*time));
        let sample = |time: f64| Sample {
            time_stamp: script.wall_us(time),
            value: u64::from(self.instant_mw(script, time) + self.more_mw("samples")),
        };
        let mut samples: Vec<Sample> = taken.map(sample).filter(|sample| sample.time_stamp > last_seen).collect();
        if self.dirty && !samples.is_empty() {
            samples.insert(0, Sample { time_stamp: last_seen, value: 4_000_000 });
            samples.insert(samples.len() / 2, Sample { time_stamp: 0, value: 0 });
        }
        Some(samples)
    }

    pub(super) fn sm_clock(&self, script: &Script) -> u32 {
        let locked = script.set(self, "clocks").next_back().filter(|change| change.values.len() == 2);
        locked.map_or(self.clocks[0], |change| self.clocks[0].clamp(change.values[0], change.values[1]))
    }

    pub(super) fn memory_clock(&self, script: &Script) -> u32 {
        let locked = script.set(self, "memory-clocks").next_back().filter(|change| change.values.len() == 2);
        locked.map_or(self.clocks[1], |change| self.clocks[1].clamp(change.values[0], change.values[1]))
    }

    pub(super) fn throttled(&self, script: &Script) -> u64 {
        let capped = self.cap_at(script, script.now) < self.high && self.watts(script, script.now) < self.high;
        self.throttle | if capped { POWER_CAP } else { 0 }
    }
}
