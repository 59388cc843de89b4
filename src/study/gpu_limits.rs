//! Power limits and clocks of GPUs, set for each trial.

use std::fmt;
use std::ops::RangeInclusive;

use super::StudyError;
use crate::energy::units::DomainKind;
use crate::energy::{EnergyError, LimitGuard, LimitRange, PowerLimits, Session, SessionBuilder, Usage};
use crate::evaluation::EvaluationFailure;
use crate::optimizer::history::FailureKind;
use crate::optimizer::space::{Domain, Point, Space, Value};
use crate::study_file::{Setpoint, StudySpec};

/// The limits that a study file asks for: `power_limit` and `sm_clock` of `[energy]`.
#[derive(Debug)]
pub struct GpuLimits {
    power: Option<Setpoint>,
    clock: Option<Setpoint>,
    builder: SessionBuilder,
}

impl GpuLimits {
    /// The limits of a study, if it has any; they are those of all GPUs that the study's session meters. `builder` says where
    /// the GPUs' library is.
    #[must_use]
    pub fn of(spec: &StudySpec, builder: SessionBuilder) -> Option<Self> {
        let (power, clock) = (spec.energy().power_limit.clone(), spec.energy().sm_clock.clone());
        (power.is_some() || clock.is_some()).then_some(Self { power, clock, builder })
    }

    /// Finds the GPUs, and makes sure that every value in question can be set.
    pub(super) fn prepare(self, session: &Session, space: &Space) -> Result<Limiter, StudyError> {
        let limiter = Limiter { gpus: self.gpus(session)?, asked: self };
        for gpu in &limiter.gpus {
            limiter.check(gpu, space)?;
        }
        Ok(limiter)
    }

    fn gpus(&self, session: &Session) -> Result<Vec<String>, StudyError> {
        let sources = session.sources(&Usage::All);
        let gpus = sources.into_iter().filter(|source| source.domain.kind == DomainKind::Gpu);
        let metered: Vec<String> = gpus.map(|source| source.domain.id).collect();
        if metered.is_empty() { Err(StudyError::NoGpuToLimit { keys: self.keys() }) } else { Ok(metered) }
    }

    fn keys(&self) -> String {
        let keys = [("`power_limit`", &self.power), ("`sm_clock`", &self.clock)];
        let given: Vec<&str> =
            keys.into_iter().filter(|(_, setpoint)| setpoint.is_some()).map(|(key, _)| key).collect();
        given.join(" and ")
    }
}

/// Limits that can be set, and the GPUs to set them on.
#[derive(Debug)]
pub(super) struct Limiter {
    asked: GpuLimits,
    gpus: Vec<String>,
}

impl Limiter {
    fn check(&self, gpu: &str, space: &Space) -> Result<(), StudyError> {
        let range = match self.asked.builder.limit_range(gpu) {
            Ok(range) => Some(range),
            // Boards without a power limit may have clocks that can be locked.
            Err(EnergyError::Limit { .. }) if self.asked.power.is_none() => None,
            Err(error) => return Err(error.into()),
        };
        let refused = |reason: String| StudyError::LimitRefused { gpu: gpu.to_owned(), reason };
        if let (Some(setpoint), Some(range)) = (&self.asked.power, &range) {
            if let Some(reason) = &range.refused {
                return Err(refused(reason.clone()));
            }
            let LimitRange { lowest_watts: lowest, highest_watts: highest, .. } = *range;
            out_of_range(bounds(setpoint, space), lowest..=highest, "power_limit", gpu, "W")?;
        }
        if let Some(setpoint) = &self.asked.clock {
            let asked = bounds(setpoint, space);
            if let Some(top) = range.and_then(|range| range.highest_sm_clock_mhz) {
                out_of_range(asked.clone(), 0.0..=f64::from(top), "sm_clock", gpu, "MHz")?;
            }
            // Whether clocks may be locked, and how low, is known once they are.
            for mhz in [*asked.end(), *asked.start()] {
                let tried = self.asked.builder.limit(gpu, &clock_at(mhz)).and_then(LimitGuard::restore);
                tried.map_err(|error| refused(error.with_help()))?;
            }
        }
        Ok(())
    }

    /// Sets the limits of a trial. What cannot be set is the device's failure: the point is as good as before, and its energy
    /// could be read.
    pub(super) fn set(&self, point: &Point) -> Result<Vec<LimitGuard>, EvaluationFailure> {
        let of = |setpoint: &Option<Setpoint>| setpoint.as_ref().and_then(|setpoint| value(setpoint, point));
        let clock = of(&self.asked.clock).map_or_else(PowerLimits::default, clock_at);
        let limits = PowerLimits { power_watts: of(&self.asked.power), ..clock };
        if limits == PowerLimits::default() {
            return Ok(Vec::new());
        }
        let set = self.gpus.iter().map(|gpu| self.asked.builder.limit(gpu, &limits));
        set.collect::<Result<_, _>>().map_err(|error| EvaluationFailure::new(FailureKind::Device, error.with_help()))
    }
}

/// Puts back what was there before the trial. It fails if somebody else has changed a limit meanwhile too: then the trial did
/// not run under the one that it was to run under.
pub(super) fn put_back(guards: Vec<LimitGuard>) -> Result<(), EvaluationFailure> {
    // All of them, whatever becomes of the first.
    let failed: Vec<EnergyError> = guards.into_iter().filter_map(|guard| guard.restore().err()).collect();
    failed.first().map_or(Ok(()), |error| Err(EvaluationFailure::new(FailureKind::Device, error.with_help())))
}

fn clock_at(mhz: f64) -> PowerLimits {
    // The study file has whole numbers within the range of a u32.
    PowerLimits::sm_clock(mhz as u32)
}

fn value(setpoint: &Setpoint, point: &Point) -> Option<f64> {
    match setpoint {
        Setpoint::Fixed(number) => Some(*number),
        Setpoint::Parameter(name) => point.get(name).and_then(Value::as_f64),
    }
}

/// The lowest and the highest value that a trial may have.
fn bounds(setpoint: &Setpoint, space: &Space) -> RangeInclusive<f64> {
    let of = |domain: &Domain| match domain {
        Domain::Float { low, high, .. } => *low..=*high,
        Domain::Int { low, high, .. } => *low as f64..=*high as f64,
        Domain::Choice { values } => {
            let numbers = || values.iter().filter_map(Value::as_f64);
            numbers().fold(f64::INFINITY, f64::min)..=numbers().fold(f64::NEG_INFINITY, f64::max)
        }
    };
    match setpoint {
        Setpoint::Fixed(number) => *number..=*number,
        Setpoint::Parameter(name) => space.get(name).map_or(f64::NAN..=f64::NAN, |parameter| of(&parameter.domain)),
    }
}

fn out_of_range(
    asked: RangeInclusive<f64>,
    possible: RangeInclusive<f64>,
    key: &'static str,
    gpu: &str,
    unit: &'static str,
) -> Result<(), StudyError> {
    if possible.contains(asked.start()) && possible.contains(asked.end()) {
        return Ok(());
    }
    let (asked, possible) = (Span(asked, unit).to_string(), Span(possible, unit).to_string());
    Err(StudyError::LimitOutOfRange { key, gpu: gpu.to_owned(), asked, possible })
}

struct Span(RangeInclusive<f64>, &'static str);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self(range, unit), [low, high]) = (self, [self.0.start(), self.0.end()]);
        match range.start() == range.end() {
            true => write!(f, "{low} {unit}"),
            false => write!(f, "{low} {unit} to {high} {unit}"),
        }
    }
}
