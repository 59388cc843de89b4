//! The meter of all GPUs.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};
use nvml_wrapper_sys::bindings::nvmlDevice_t;

use super::super::counter::{CounterTotal, Draw};
use super::super::meter::{EnergySource, Grain, Meter, Reading, Shares};
use super::boards::{GpuPolicy, survey};
use super::driver::{NvmlDriver, load};
use super::gauges::{MAX_WATTS, PowerTotal};
use super::ladder::{Rung, instant_watts, samples_since};
use super::obstacle::{Obstacle, failed, unavailable};
use super::samples::SampleTotal;
use super::scope::{CounterScope, module_watts};
use super::state::state;
use crate::energy::error::EnergyError;
use crate::energy::system::clock::{Clock, Moment};
use crate::energy::system::deadline::CallLimits;
use crate::energy::units::{DeviceState, DomainKind, PowerDomain};

/// The counter does not wrap. One tick may bring some hundred milliseconds at full power.
const DRAW: Draw = Draw { sustained_watts: MAX_WATTS, peak_watts: MAX_WATTS, burst_joules: 1000.0 };

/// A second figure that was read less long ago is not read again.
const FRESH: Duration = Duration::from_millis(50);

/// What a sensor tells on request may be as old as this, however often it is asked.
const SENSOR: Duration = Duration::from_millis(100);

/// Reads all GPUs that can be metered.
#[derive(Debug)]
pub(crate) struct NvmlMeter {
    nvml: Arc<NvmlDriver>,
    sources: Vec<EnergySource>,
    gauges: Vec<Gauges>,
}

/// How one GPU is read.
#[derive(Debug, Clone)]
struct Gauges {
    index: u32,
    handle: Handle,
    first: Gauge,
    /// Held against the first, where that is a counter.
    second: Option<SecondFigure>,
}

/// What the driver calls a GPU by, for as long as this meter's use of the library lasts.
#[derive(Debug, Clone, Copy)]
struct Handle(nvmlDevice_t);

// SAFETY: the library takes its handles from any thread.
unsafe impl Send for Handle {}

impl Handle {
    fn device(self, nvml: &Nvml) -> Device<'_> {
        // SAFETY: the handle is this library's own, for the meter that has both opens it so.
        unsafe { Device::new(self.0, nvml) }
    }
}

#[derive(Debug, Clone)]
struct SecondFigure {
    source: EnergySource,
    gauge: Gauge,
    last: Option<(Moment, Result<Reading, EnergyError>)>,
}

#[derive(Debug, Clone)]
enum Gauge {
    Counter(CounterTotal),
    Samples { total: SampleTotal, room: usize },
    Instant(PowerTotal),
    Module(PowerTotal),
    Average(PowerTotal),
    Limit { total: PowerTotal, watts: f64 },
}

impl Gauge {
    fn new(rung: Rung) -> Self {
        match rung {
            Rung::Counter { .. } => Self::Counter(CounterTotal::new(None, DRAW)),
            Rung::Samples { room, period, .. } => Self::Samples { total: SampleTotal::new(period), room },
            Rung::Instant { .. } => Self::Instant(PowerTotal::default()),
            Rung::Module => Self::Module(PowerTotal::default()),
            Rung::Average { .. } => Self::Average(PowerTotal::default()),
            Rung::Limit { watts } => Self::Limit { total: PowerTotal::default(), watts },
        }
    }

    fn read(&mut self, device: &Device<'_>, domain: &PowerDomain, clock: &dyn Clock) -> Result<Reading, EnergyError> {
        let failed = |error: NvmlError| failed(domain, &error);
        let wrong = |reason: String| EnergyError::Read { domain: domain.clone(), reason };
        let possible = |watts: f64| match (0.0..=MAX_WATTS).contains(&watts) {
            true => Ok(watts),
            false => Err(wrong(format!("a power of {watts:.0} W cannot be"))),
        };
        match self {
            Self::Counter(total) => {
                let millijoules = device.total_energy_consumption().map_err(failed)?;
                let raw = millijoules.checked_mul(1000);
                let raw = raw.ok_or_else(|| wrong(format!("a counter of {millijoules} mJ cannot be")))?;
                total.advance(clock.now(), raw).map_err(|gap| wrong(gap.to_string()))
            }
            Self::Samples { total, room } => {
                let absorb = |total: &mut SampleTotal, since_us: u64| -> Result<(Moment, bool), EnergyError> {
                    let asked = clock.now();
                    let samples = samples_since(device, since_us, *room).map_err(failed)?;
                    let now = clock.now();
                    Ok((now, total.absorb(asked, now, since_us, &samples)))
                };
                let since_us = total.since_us();
                let (mut now, mut moved) = absorb(total, since_us)?;
                if !moved && total.is_overdue(now) {
                    // Those whose dates somebody has set far back are among all that the driver has.
                    (now, moved) = absorb(total, 0)?;
                }
                if !moved && total.is_silent(now) {
                    return Err(wrong("the driver takes no power samples any more".to_owned()));
                }
                Ok(total.reading(now))
            }
            Self::Instant(total) => {
                let watts = instant_watts(device).map_err(failed).and_then(possible)?;
                Ok(total.advance(clock.now(), watts))
            }
            Self::Module(total) => {
                let watts = module_watts(device).map_err(failed).and_then(possible)?;
                Ok(total.advance(clock.now(), watts))
            }
            Self::Average(total) => {
                let watts = device.power_usage().map(|milliwatts| f64::from(milliwatts) * 1e-3);
                let watts = watts.map_err(failed).and_then(possible)?;
                Ok(total.advance(clock.now(), watts))
            }
            Self::Limit { total, watts } => {
                let busy = f64::from(device.utilization_rates().map_err(failed)?.gpu.min(100)) * 1e-2;
                Ok(total.advance(clock.now(), busy * *watts))
            }
        }
    }
}

impl Gauge {
    /// How finely integrated power is known at `now`; `None` of what is no such.
    fn grain(&self, now: Moment) -> Option<Grain> {
        match self {
            Self::Samples { total, .. } => Some(total.grain(now)),
            Self::Instant(total) | Self::Module(total) | Self::Average(total) => Some(total.grain()),
            Self::Counter(_) | Self::Limit { .. } => None,
        }
    }

    /// What was made up for so far.
    fn doubts(&self) -> Shares {
        match self {
            Self::Samples { total, .. } => total.doubts(),
            _ => Shares::default(),
        }
    }
}

impl NvmlMeter {
    /// The meter by the library at this path, or wherever the dynamic linker finds it.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] if there is no library, no driver, or no GPU that tells its energy or power.
    pub(crate) fn open(library: Option<&Path>, policy: impl Into<GpuPolicy>) -> Result<Self, EnergyError> {
        let nvml = load(library).map_err(unavailable)?;
        let boards = survey(&nvml, policy.into()).map_err(unavailable)?;
        let mut obstacle = Obstacle {
            reason: "the driver shows no GPU".to_owned(),
            remedy: "see whether `nvidia-smi -L` lists one; a container must be given it".to_owned(),
        };
        let (mut sources, mut gauges) = (Vec::new(), Vec::new());
        for board in boards {
            let mig = board.is_cut();
            let (id, rung) = match (board.uuid, board.rung) {
                (Some(uuid), Ok(rung)) => (uuid, rung),
                (_, Err(found)) => {
                    obstacle = found;
                    continue;
                }
                (None, Ok(_)) => continue,
            };
            let domain = PowerDomain { kind: DomainKind::Gpu, id };
            let source = |rung: Rung| {
                let whole = if mig { "the whole board, which is cut into MIG instances: " } else { "" };
                let sampling = format!("{whole}{}", rung.sampling());
                EnergySource { domain: domain.clone(), method: rung.method(), sampling, resolution: rung.resolution() }
            };
            let handle = match handle(&nvml, board.index) {
                Ok(handle) => handle,
                Err(found) => {
                    obstacle = found;
                    continue;
                }
            };
            let (second, silence) = match rung {
                // It is a bonus: a GPU is metered without one, too.
                Rung::Counter { scope: CounterScope::Board | CounterScope::Gpu } => {
                    fine_power(&nvml, board.index, handle)
                }
                Rung::Counter { scope: CounterScope::Module } => (Some(Rung::Module), None),
                // Held against power of another scope, a sound counter would be doubted.
                Rung::Counter { scope: CounterScope::Untold } | Rung::Module => (None, None),
                Rung::Samples { .. } | Rung::Instant { .. } | Rung::Average { .. } | Rung::Limit { .. } => (None, None),
            };
            let second = second.map(|rung| {
                // What the sum of power has not seen yet at a reading; what it does not see between readings it tells itself.
                let resolution = match rung {
                    Rung::Samples { period, .. } => period.max(SENSOR),
                    _ => SENSOR,
                };
                SecondFigure {
                    source: EnergySource { resolution, ..source(rung) },
                    gauge: Gauge::new(rung),
                    last: None,
                }
            });
            let mut first = source(rung);
            if let Some(silence) = silence {
                first.sampling += &format!("; nothing to hold it against: {silence}");
            }
            sources.push(first);
            gauges.push(Gauges { index: board.index, handle, first: Gauge::new(rung), second });
        }
        match sources.is_empty() {
            true => Err(unavailable(obstacle)),
            false => Ok(Self { nvml, sources, gauges }),
        }
    }

    /// The same of these GPUs alone, by UUID; `None` if none of them is metered.
    pub(crate) fn only(mut self, uuids: &[String]) -> Option<Self> {
        let pairs = self.sources.into_iter().zip(self.gauges);
        (self.sources, self.gauges) = pairs.filter(|(source, _)| uuids.contains(&source.domain.id)).unzip();
        (!self.sources.is_empty()).then_some(self)
    }
}

/// The handle of a GPU, which may have begun to hang.
fn handle(nvml: &Arc<NvmlDriver>, index: u32) -> Result<Handle, Obstacle> {
    let what = format!("the handle of GPU {index}");
    // SAFETY: it is not used beyond the library that it comes from, which the meter keeps.
    let call =
        move |nvml: &Arc<NvmlDriver>| nvml.device_by_index(index).map(|device| Handle(unsafe { device.handle() }));
    let found = nvml.open(&what, call).map_err(|silence| Obstacle::silent(&what, &silence))?;
    found.map_err(|error| Obstacle::of(&error))
}

/// What a counter can be held against, or why that cannot be told. It is a bonus: a GPU is metered without one, too.
fn fine_power(nvml: &Arc<NvmlDriver>, index: u32, handle: Handle) -> (Option<Rung>, Option<String>) {
    let what = format!("the power of GPU {index}");
    let call = move |nvml: &Arc<NvmlDriver>| Rung::fine_power(&handle.device(nvml)).ok().flatten();
    match nvml.ask(&what, CallLimits::of_environment().asking, call) {
        Ok(found) => (found, None),
        Err(silence) => (None, Some(Obstacle::silent(&what, &silence).reason)),
    }
}

impl NvmlMeter {
    /// A meter for each GPU.
    pub(crate) fn each(self) -> Vec<Self> {
        let nvml = self.nvml;
        let pairs = self.sources.into_iter().zip(self.gauges);
        pairs
            .map(|(source, gauges)| Self { nvml: Arc::clone(&nvml), sources: vec![source], gauges: vec![gauges] })
            .collect()
    }

    /// The states of its GPUs, which are left out where the driver hangs.
    fn known_states(&self) -> Vec<Option<DeviceState>> {
        let known = |gauges: &Gauges| {
            let index = gauges.index;
            let call = move |nvml: &Arc<NvmlDriver>| nvml.device_by_index(index).ok().as_ref().map(state);
            self.nvml
                .ask(&format!("the state of GPU {index}"), CallLimits::of_environment().aside(), call)
                .ok()
                .flatten()
        };
        self.gauges.iter().map(known).collect()
    }

    /// The processes that hold the GPU of a source; `None` if the driver does not tell, or hangs.
    pub(crate) fn known_holders(&self, source: usize) -> Option<Vec<u32>> {
        let index = self.gauges.get(source)?.index;
        let call = move |nvml: &Arc<NvmlDriver>| nvml.device_by_index(index)?.running_compute_processes();
        let told = self.nvml.ask(&format!("the processes of GPU {index}"), CallLimits::of_environment().aside(), call);
        Some(told.ok()?.ok()?.into_iter().map(|process| process.pid).collect())
    }

    /// The GPU of a source.
    pub(crate) fn device(&self, source: usize) -> Result<Device<'_>, NvmlError> {
        let gauges = self.gauges.get(source).ok_or(NvmlError::InvalidArg)?;
        self.nvml.device_by_index(gauges.index)
    }
}

impl Meter for NvmlMeter {
    fn name(&self) -> &'static str {
        "nvml"
    }

    fn sources(&self) -> &[EnergySource] {
        &self.sources
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let Self { nvml, sources, gauges } = self;
        let read = |(source, gauges): (&EnergySource, &mut Gauges)| {
            gauges.first.read(&gauges.handle.device(nvml), &source.domain, clock)
        };
        sources.iter().zip(gauges).map(read).collect()
    }

    fn counterparts(&self) -> Vec<Option<EnergySource>> {
        self.gauges.iter().map(|gauges| gauges.second.as_ref().map(|second| second.source.clone())).collect()
    }

    fn cross_check(&mut self, clock: &dyn Clock) -> Vec<Option<Result<Reading, EnergyError>>> {
        let Self { nvml, gauges, .. } = self;
        let read = |gauges: &mut Gauges| {
            let second = gauges.second.as_mut()?;
            let now = clock.now();
            if let Some((at, last)) = &second.last
                && now.since(*at) < FRESH
            {
                return Some(last.clone());
            }
            let domain = &second.source.domain;
            let reading = second.gauge.read(&gauges.handle.device(nvml), domain, clock);
            second.last = Some((now, reading.clone()));
            Some(reading)
        };
        gauges.iter_mut().map(read).collect()
    }

    /// The driver's power samples and the state of a GPU may hang where its counter does not.
    fn aside(&mut self) -> Option<Box<dyn Meter>> {
        let (nvml, sources, gauges) = (Arc::clone(&self.nvml), self.sources.clone(), self.gauges.clone());
        Some(Box::new(Self { nvml, sources, gauges }))
    }

    fn grains(&self) -> Vec<Option<Grain>> {
        let grain = |gauges: &Gauges| {
            let second = gauges.second.as_ref()?;
            second.gauge.grain(second.last.as_ref()?.0)
        };
        self.gauges.iter().map(grain).collect()
    }

    fn shares(&self) -> Vec<Shares> {
        self.gauges.iter().map(|gauges| gauges.first.doubts()).collect()
    }

    fn states(&mut self) -> Vec<Option<DeviceState>> {
        self.known_states()
    }
}

#[cfg(test)]
mod tests;
