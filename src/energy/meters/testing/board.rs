//! A board with a counter that ticks, for tests.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::energy::error::EnergyError;
use crate::energy::meters::meter::{EnergySource, Meter, Reading};
use crate::energy::system::clock::{Clock, Moment};
use crate::energy::units::{DomainKind, Method, PowerDomain};

/// What the board draws at rest, in watts.
pub(crate) const IDLE: f64 = 70.0;

/// Numbers between 0 and 1 that look random (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A board with a counter that is brought up to date now and then.
#[derive(Debug, Clone)]
pub(crate) struct FakeBoard {
    pub(crate) period: f64,
    pub(crate) jitter: f64,
    /// What comes to [`IDLE`].
    pub(crate) loads: Vec<Load>,
    /// At this time the counter begins anew.
    pub(crate) reset: Option<f64>,
    /// Readings between these times fail.
    pub(crate) broken: Option<(f64, f64)>,
    /// Readings are this much of the truth.
    pub(crate) gain: f64,
}

/// More power between two times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    from: f64,
    to: f64,
    /// In the first half of each period, and in the second half.
    watts: (f64, f64),
    pub(crate) period: f64,
}

impl Load {
    pub(crate) fn constant(from: f64, to: f64, watts: f64) -> Self {
        Self { from, to, watts: (watts, watts), period: 1.0 }
    }

    pub(crate) fn square(from: f64, to: f64, watts: (f64, f64), period: f64) -> Self {
        Self { from, to, watts, period }
    }

    /// Joules until `time`.
    pub(crate) fn joules(&self, time: f64) -> f64 {
        let time = (time.min(self.to) - self.from).max(0.0);
        let periods = (time / self.period).floor();
        let (rest, half) = (time - periods * self.period, self.period / 2.0);
        periods * half * (self.watts.0 + self.watts.1)
            + rest.min(half) * self.watts.0
            + (rest - half).max(0.0) * self.watts.1
    }
}

impl FakeBoard {
    pub(crate) fn new(period: f64, jitter: f64) -> Self {
        Self { period, jitter, loads: Vec::new(), reset: None, broken: None, gain: 1.0 }
    }

    pub(crate) fn joules(&self, time: f64) -> f64 {
        time * IDLE + self.loads.iter().map(|load| load.joules(time)).sum::<f64>()
    }

    pub(crate) fn tick(&self, number: f64) -> f64 {
        number * self.period + self.jitter * Random(number as u64).next()
    }

    pub(crate) fn reading(&self, at: Moment) -> Reading {
        let time = at.monotonic_seconds();
        let mut number = (time / self.period).floor();
        while self.tick(number) > time {
            number -= 1.0;
        }
        let anew = self.reset.is_some_and(|reset| time >= reset);
        // To the millijoule, as NVML has it.
        let microjoules = (self.joules(self.tick(number)) * self.gain * 1e3).round() as u64 * 1000;
        Reading { at, microjoules, segment: u64::from(anew) }
    }
}

pub(crate) struct FakeBoardMeter {
    board: Arc<Mutex<FakeBoard>>,
    sources: [EnergySource; 1],
}

impl Meter for FakeBoardMeter {
    fn name(&self) -> &'static str {
        "board"
    }
    fn sources(&self) -> &[EnergySource] {
        &self.sources
    }
    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let (board, now) = (self.board.lock().unwrap(), clock.now());
        let seconds = now.monotonic_seconds();
        let broken = board.broken.is_some_and(|(from, to)| (from..to).contains(&seconds));
        let domain = self.sources[0].domain.clone();
        vec![match broken {
            true => Err(EnergyError::Read { domain, reason: "as told".to_owned() }),
            false => Ok(board.reading(now)),
        }]
    }
}

impl FakeBoardMeter {
    pub(crate) fn new(board: &Arc<Mutex<FakeBoard>>) -> Self {
        let domain = PowerDomain { kind: DomainKind::Gpu, id: "GPU-1".to_owned() };
        let (resolution, sampling) = (Duration::from_millis(100), "scripted".to_owned());
        Self {
            board: Arc::clone(board),
            sources: [EnergySource { domain, method: Method::Counter, sampling, resolution }],
        }
    }
}
