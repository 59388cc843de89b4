//! The ways to the energy of a GPU, best first.

use std::time::Duration;

use nvml_wrapper::Device;
use nvml_wrapper::enum_wrappers::device::{SampleValueType, Sampling};
use nvml_wrapper::enums::device::DeviceArchitecture;
use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper::struct_wrappers::device::Sample;
use nvml_wrapper::structs::device::FieldId;
use nvml_wrapper::sys_exports::field_id::NVML_FI_DEV_POWER_INSTANT;

use super::super::meter::OF_MODULE;
use super::obstacle::is_absent;
use super::scope::{CounterScope, is_on_module, milliwatts};
use crate::energy::units::Method;

/// The driver brings the total-energy counter up to date every 100 ms.
const TICK: Duration = Duration::from_millis(100);

/// Power that is told on request is asked for twice a second.
const POLLED: Duration = Duration::from_millis(500);

/// An average of the last second says when something was no better than to a second.
const AVERAGED: Duration = Duration::from_secs(1);

/// Samples rarer than this are no better than asking.
const RAREST: Duration = Duration::from_millis(500);

/// Room for samples beyond those that the driver had when it was asked first.
const SPARE: usize = 64;

/// A way to the energy of a GPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rung {
    /// The total-energy counter: Volta and later. What it is of.
    Counter { scope: CounterScope },
    /// The power samples that the driver keeps. How far apart they are, and room for all that it keeps.
    /// Whether its sensor watches only a part of the time.
    Samples { period: Duration, room: usize, partial: bool },
    /// The power of the present (field 186), asked for. Whether its sensor watches only a part of the time.
    Instant { partial: bool },
    /// The power of the whole module of the present, asked for.
    Module,
    /// What `nvmlDeviceGetPowerUsage` tells, asked for.
    Average { smoothed: bool, partial: bool },
    /// A model of a GPU that tells neither energy nor power: utilisation times the power limit. Only where it is asked for.
    Limit { watts: f64 },
}

impl Rung {
    /// The best that this GPU has.
    ///
    /// # Errors
    ///
    /// Why a rung fails that the GPU has, or that it has none.
    pub(crate) fn best(device: &Device<'_>) -> Result<Self, NvmlError> {
        match device.total_energy_consumption() {
            Ok(_) => Ok(Self::Counter { scope: CounterScope::of_counter(device) }),
            Err(error) if is_absent(&error) => match Self::fine_power(device)? {
                Some(rung) => Ok(rung),
                None => device.power_usage().map(|_| {
                    let sensor = Sensor::of(device);
                    Self::Average { smoothed: sensor.smoothed, partial: sensor.partial }
                }),
            },
            Err(error) => Err(error),
        }
    }

    /// The model by the power limit, if this GPU has one and tells its utilisation.
    pub(crate) fn model(device: &Device<'_>) -> Result<Self, NvmlError> {
        device.utilization_rates()?;
        let limit = device.power_management_limit().or_else(|_| device.power_management_limit_default())?;
        Ok(Self::Limit { watts: f64::from(limit) * 1e-3 })
    }

    /// Power that is fine enough to be held against a counter, if there is any.
    pub(crate) fn fine_power(device: &Device<'_>) -> Result<Option<Self>, NvmlError> {
        // Whether samples are the GPU's or its module's nobody says; the power of the present is the GPU's.
        if is_on_module(device) && instant_watts(device).is_ok() {
            return Ok(Some(Self::Instant { partial: Sensor::of(device).partial }));
        }
        match device
            .samples(Sampling::Power, None)
            .map(|samples| period_of(&samples).map(|period| (period, samples.len())))
        {
            Ok(Some((period, kept))) if period <= RAREST => {
                let partial = Sensor::of(device).partial;
                return Ok(Some(Self::Samples { period, room: kept + SPARE, partial }));
            }
            Ok(_) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
        match instant_watts(device) {
            Ok(_) => Ok(Some(Self::Instant { partial: Sensor::of(device).partial })),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(crate) fn method(self) -> Method {
        match self {
            Self::Counter { .. } => Method::Counter,
            Self::Samples { .. } | Self::Module | Self::Instant { .. } | Self::Average { .. } => Method::PowerIntegral,
            Self::Limit { .. } => Method::Estimate,
        }
    }

    /// See [`EnergySource::resolution`](crate::energy::EnergySource::resolution).
    pub(crate) fn resolution(self) -> Duration {
        match self {
            Self::Counter { .. } => TICK,
            Self::Samples { period, .. } => period,
            Self::Average { smoothed: true, .. } => AVERAGED,
            Self::Instant { .. } | Self::Module | Self::Average { .. } | Self::Limit { .. } => POLLED,
        }
    }

    /// See [`EnergySource::sampling`](crate::energy::EnergySource::sampling).
    pub(crate) fn sampling(self) -> String {
        let (how, partial) = match self {
            Self::Counter { scope } => (format!("{}total-energy counter, a tick every 100 ms", scope.words()), false),
            Self::Module => (format!("{OF_MODULE}power, read twice a second and integrated"), false),
            Self::Samples { period, partial, .. } => {
                (format!("the driver's power samples, one every {} ms, integrated", period.as_millis()), partial)
            }
            Self::Instant { partial } => ("instant power, read twice a second and integrated".to_owned(), partial),
            Self::Average { smoothed: true, partial } => {
                ("mean power of the last second, read twice a second and integrated".to_owned(), partial)
            }
            Self::Average { smoothed: false, partial } => {
                ("power, read twice a second and integrated".to_owned(), partial)
            }
            Self::Limit { watts } => {
                (format!("utilisation, read twice a second, times the power limit of {watts:.0} W"), false)
            }
        };
        match partial {
            true => how + "; the sensor watches a quarter of the time",
            false => how,
        }
    }
}

/// What is known of the power sensor of a kind of GPU.
///
/// `nvmlDeviceGetPowerUsage` is an average of a second on Ampere and later, GA100 excepted (NVIDIA's documentation of
/// it). GA100 and GH100 average over 25 ms of every 100 ms (Yang, Adamek and Armour, 2024, arXiv:2312.02741).
struct Sensor {
    smoothed: bool,
    partial: bool,
}

impl Sensor {
    fn of(device: &Device<'_>) -> Self {
        use DeviceArchitecture::{Kepler, Maxwell, Pascal, Turing, Volta};
        let capability = device.cuda_compute_capability().map(|capability| (capability.major, capability.minor)).ok();
        let old = matches!(device.architecture(), Ok(Kepler | Maxwell | Pascal | Volta | Turing));
        Self { smoothed: !old && capability != Some((8, 0)), partial: matches!(capability, Some((8 | 9, 0))) }
    }
}

impl Rung {
    /// What a counter is of, where that is no plain board; `None` of what is no counter, too.
    pub(crate) fn of_module(self) -> Option<&'static str> {
        match self {
            Self::Counter { scope: CounterScope::Board } => None,
            Self::Counter { scope } => Some(scope.words().trim_end_matches(": ")),
            _ => None,
        }
    }
}

/// The power of the present, in watts.
pub(crate) fn instant_watts(device: &Device<'_>) -> Result<f64, NvmlError> {
    let values = device.field_values_for(&[FieldId(NVML_FI_DEV_POWER_INSTANT)])?;
    let value = values.into_iter().next().ok_or(NvmlError::NoData)??;
    Ok(milliwatts(&value.value?) * 1e-3)
}

/// A power sample: when it was taken, in microseconds by the wall clock, and the power in watts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PowerSample {
    pub(crate) at_us: u64,
    pub(crate) watts: f64,
}

/// The power samples since the one of this date, in one call of the driver; none if there are no newer ones. The wrapper's
/// own function asks twice, for how many there are as well.
pub(crate) fn samples_since(device: &Device<'_>, at_us: u64, room: usize) -> Result<Vec<PowerSample>, NvmlError> {
    let get = nvml_sym(device.nvml().lib().nvmlDeviceGetSamples.as_ref())?;
    let mut count = u32::try_from(room).unwrap_or(u32::MAX);
    // SAFETY: a sample is a number and a union of numbers, for which zeros will do.
    let mut samples = vec![unsafe { std::mem::zeroed() }; count as usize];
    let mut kind = 0;
    // SAFETY: the handle belongs to the library that is called, and there is room for as many samples as `count` says.
    let code = unsafe {
        get(device.handle(), Sampling::Power.as_c(), at_us, &raw mut kind, &raw mut count, samples.as_mut_ptr())
    };
    match nvml_try(code) {
        Ok(()) => {}
        Err(NvmlError::NotFound) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    }
    let kind = SampleValueType::try_from(kind)?;
    let samples = samples.into_iter().take(count as usize).map(|sample| Sample::from_tag_and_struct(&kind, sample));
    Ok(samples.map(|sample| PowerSample { at_us: sample.timestamp, watts: milliwatts(&sample.value) * 1e-3 }).collect())
}

/// The median of the distances between samples, whole milliseconds; `None` if there are too few to tell.
fn period_of(samples: &[Sample]) -> Option<Duration> {
    let dated = samples.iter().map(|sample| sample.timestamp).filter(|at| *at > 0).collect::<Vec<_>>();
    let mut gaps: Vec<u64> =
        dated.windows(2).filter_map(|pair| pair[1].checked_sub(pair[0])).filter(|gap| *gap > 0).collect();
    gaps.sort_unstable();
    let median = *gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= 2)?;
    Some(Duration::from_millis(median.div_ceil(1000)))
}
