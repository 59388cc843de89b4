//! Whether figures are a GPU's alone or its whole module's, where a GPU shares a module with a processor.
//!
//! On a Grace Hopper module the total-energy counter is the whole module's, processor and memory included
//! (<https://github.com/ml-energy/zeus/pull/172>). NVIDIA documents no scope of it. Power can be asked for by scope; so the
//! counter's own pace is held against both powers once, when the meter is opened.

use std::time::{Duration, Instant};

use nvml_wrapper::Device;
use nvml_wrapper::enums::device::SampleValue;
use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper::struct_wrappers::device::FieldValueSample;
use nvml_wrapper::sys_exports::field_id::{NVML_FI_DEV_POWER_AVERAGE, NVML_FI_DEV_POWER_INSTANT};
use nvml_wrapper_sys::bindings::nvmlFieldValue_t;

/// `NVML_POWER_SCOPE_GPU` and `NVML_POWER_SCOPE_MODULE` of `nvml.h`.
const GPU: u32 = 0;
const MODULE: u32 = 1;

/// Powers of both scopes that are nearer to each other are one: in watts, and as a part.
const SAME_WATTS: f64 = 2.0;
const SAME: f64 = 0.02;

/// The counter's pace is told from so much time, and waited for so long.
const LONG_ENOUGH: Duration = Duration::from_millis(400);
const PATIENCE: Duration = Duration::from_millis(1500);

/// How often the counter is looked at meanwhile.
const EVERY: Duration = Duration::from_millis(3);

/// A pace that is off from the nearer power by more than this part of what lies between the two powers is neither's.
const NEAR: f64 = 0.3;

/// What a counter is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CounterScope {
    /// The board; there is no module around it.
    Board,
    /// The GPU alone, not the module around it.
    Gpu,
    /// The whole module.
    Module,
    /// The one or the other, and that cannot be told.
    Untold,
}

impl CounterScope {
    /// Of the energy counter of this GPU.
    pub(crate) fn of_counter(device: &Device<'_>) -> Self {
        let Some((gpu, module)) = powers(device) else { return Self::Board };
        let Some(gpu) = gpu else { return Self::Untold };
        let Some(pace) = CounterPace::of(device) else { return Self::Untold };
        let (gpu, module) = pace.powers.unwrap_or((gpu, module));
        let near = NEAR * (module - gpu);
        match ((pace.watts - gpu).abs() <= near, (pace.watts - module).abs() <= near) {
            (true, false) => Self::Gpu,
            (false, true) => Self::Module,
            _ => Self::Untold,
        }
    }

    /// What is said before how it is read.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Board => "",
            Self::Gpu => "of the GPU alone, not of the module around it: ",
            Self::Module => super::super::meter::OF_MODULE,
            Self::Untold => super::super::meter::OF_MODULE_PERHAPS,
        }
    }
}

/// Whether this GPU shares a module with others that draw power.
pub(crate) fn is_on_module(device: &Device<'_>) -> bool {
    powers(device).is_some()
}

/// The power of the GPU and of the module around it, in watts; `None` if there is no module, or it draws no more. The GPU's own may
/// not be told.
fn powers(device: &Device<'_>) -> Option<(Option<f64>, f64)> {
    let module = watts(device, MODULE).ok().filter(|watts| *watts > 0.0)?;
    let gpu = watts(device, GPU).ok();
    let same = gpu.is_some_and(|gpu| module <= gpu * (1.0 + SAME) + SAME_WATTS);
    (!same).then_some((gpu, module))
}

/// The power of the whole module, in watts.
pub(crate) fn module_watts(device: &Device<'_>) -> Result<f64, NvmlError> {
    watts(device, MODULE)
}

/// The power in a scope, in watts: that of the present, or where there is none an average. The wrapper's own function asks for the
/// GPU's alone.
fn watts(device: &Device<'_>, scope: u32) -> Result<f64, NvmlError> {
    let instant = field(device, NVML_FI_DEV_POWER_INSTANT, scope);
    instant.or_else(|_| field(device, NVML_FI_DEV_POWER_AVERAGE, scope))
}

fn field(device: &Device<'_>, id: u32, scope: u32) -> Result<f64, NvmlError> {
    let get = nvml_sym(device.nvml().lib().nvmlDeviceGetFieldValues.as_ref())?;
    // SAFETY: a field's value is numbers and a union of numbers, for which zeros will do.
    let mut value: nvmlFieldValue_t = unsafe { std::mem::zeroed() };
    (value.fieldId, value.scopeId) = (id, scope);
    // SAFETY: the handle belongs to the library that is called, and there is room for the one value that is asked for.
    nvml_try(unsafe { get(device.handle(), 1, &raw mut value) })?;
    Ok(milliwatts(&FieldValueSample::try_from(value)?.value?) * 1e-3)
}

pub(super) fn milliwatts(value: &SampleValue) -> f64 {
    match value {
        SampleValue::F64(value) => *value,
        SampleValue::U32(value) => f64::from(*value),
        SampleValue::U64(value) => *value as f64,
        SampleValue::I64(value) => *value as f64,
    }
}

/// How fast a counter goes.
struct CounterPace {
    watts: f64,
    /// The mean powers of GPU and module meanwhile.
    powers: Option<(f64, f64)>,
}

impl CounterPace {
    /// From one change of the counter to another some ticks later; `None` if it stands still.
    fn of(device: &Device<'_>) -> Option<Self> {
        let begun = Instant::now();
        let mut last = device.total_energy_consumption().ok()?;
        let mut from: Option<(Instant, u64)> = None;
        let mut powers: Vec<(f64, f64)> = Vec::new();
        while begun.elapsed() < PATIENCE {
            std::thread::sleep(EVERY);
            let now = device.total_energy_consumption().ok()?;
            if now == last {
                continue;
            }
            last = now;
            let at = Instant::now();
            let (start, origin) = *from.get_or_insert((at, now));
            let passed = at.duration_since(start);
            if passed >= LONG_ENOUGH {
                let count = powers.len() as f64;
                let mean = |of: fn(&(f64, f64)) -> f64| powers.iter().map(of).sum::<f64>() / count;
                let powers = (count > 0.0).then(|| (mean(|both| both.0), mean(|both| both.1)));
                return Some(Self { watts: now.saturating_sub(origin) as f64 * 1e-3 / passed.as_secs_f64(), powers });
            }
            // A tick each is often enough.
            powers.extend(watts(device, GPU).ok().zip(watts(device, MODULE).ok()));
        }
        None
    }
}
