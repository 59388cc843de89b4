//! Power limits and locked clocks.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use nvml_wrapper::Device;
use nvml_wrapper::enum_wrappers::device::Clock as ClockKind;
use nvml_wrapper::enums::device::GpuLockedClocksSetting;
use nvml_wrapper::error::NvmlError;

use super::driver::{NvmlDriver, load};
use super::obstacle::{Obstacle, failed, is_absent, unavailable};
use crate::energy::error::EnergyError;
use crate::energy::gpus::limits::{LimitRange, PowerLimits};
use crate::energy::gpus::uuid::same_uuid;
use crate::energy::system::clock::Clock;
use crate::energy::system::deadline::{self, NoAnswer, PendingCall};
use crate::energy::units::{DomainKind, PowerDomain};

/// The driver may round a power limit by so much, in watts, and a clock by so much, in MHz.
const WATTS_OFF: f64 = 1.0;
const MHZ_OFF: u32 = 15;

/// Clocks are given this long to come down.
const LOOKS: u32 = 10;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

const POWER: &str = "power limit";
const CLOCKS: &str = "SM clocks";
const BOTH: &str = "limits";

/// A GPU by its place.
#[derive(Debug)]
struct LimitedGpu {
    nvml: Arc<NvmlDriver>,
    index: u32,
    domain: PowerDomain,
}

impl LimitedGpu {
    fn find(library: Option<&Path>, uuid: &str) -> Result<Self, EnergyError> {
        let nvml = load(library).map_err(unavailable)?;
        let what = "how many GPUs there are";
        let count = nvml.open(what, |nvml| nvml.device_count());
        let count = count.map_err(|silence| unavailable(Obstacle::silent(what, &silence)))?;
        let count = count.map_err(|error| unavailable(Obstacle::of(&error)))?;
        // Side by side: one that hangs is not in the way of another.
        let ask = |index: u32| {
            let id = move |nvml: &Arc<NvmlDriver>| nvml.device_by_index(index).and_then(|device| device.uuid());
            (index, nvml.begin(&format!("the UUID of GPU {index}"), id))
        };
        let limit = deadline::CallLimits::of_environment().opening;
        let asked: Vec<_> = (0..count).map(ask).collect();
        let mut ids =
            asked.into_iter().filter_map(|(index, asked)| Some((index, asked.ok()?.within(limit).ok()?.ok()?)));
        let found = ids.find(|(_, id)| same_uuid(id, uuid));
        let domain = |id: String| PowerDomain { kind: DomainKind::Gpu, id };
        let Some((index, id)) = found else {
            return Err(EnergyError::Limit {
                domain: domain(uuid.to_owned()),
                what: BOTH,
                reason: "there is no such GPU, or it does not answer".to_owned(),
                remedy: "name one of `nvidia-smi -L`".to_owned(),
            });
        };
        Ok(Self { domain: domain(id), nvml, index })
    }

    fn device(&self) -> Result<Device<'_>, EnergyError> {
        self.nvml.device_by_index(self.index).map_err(|error| failed(&self.domain, &error))
    }

    /// What a call gives that is some milliseconds' work.
    fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        what: &'static str,
        call: impl FnOnce(&Arc<Self>) -> Result<T, EnergyError> + Send + 'static,
    ) -> Result<T, EnergyError> {
        let gpu = Arc::clone(self);
        let limit = deadline::CallLimits::of_environment().asking;
        let told = self.nvml.ask(&format!("the {what} of {}", self.domain.id), limit, move |_| call(&gpu));
        told.unwrap_or_else(|silence| Err(self.silent(what, &silence, "nothing was set")))
    }

    fn silent(&self, what: &'static str, silence: &NoAnswer, then: &str) -> EnergyError {
        let Obstacle { reason, remedy } = Obstacle::silent("", silence);
        self.refuse(what, format!("{reason}; {then}"), &remedy)
    }

    fn refuse(&self, what: &'static str, reason: String, remedy: &str) -> EnergyError {
        EnergyError::Limit { domain: self.domain.clone(), what, reason, remedy: remedy.to_owned() }
    }

    fn failed(&self, what: &'static str, error: &NvmlError) -> EnergyError {
        let remedy = match error {
            NvmlError::GpuLost | NvmlError::ResetRequired => return failed(&self.domain, error),
            NvmlError::NoPermission => "only root may set it: run with `sudo`, or leave it alone",
            error if is_absent(error) => "this GPU or its driver has none that can be set: leave it alone",
            _ => "see whether `nvidia-smi -q -d POWER,CLOCK` works",
        };
        self.refuse(what, error.to_string(), remedy)
    }

    /// The lowest and the highest limit, in watts.
    fn range(&self) -> Result<(f64, f64), EnergyError> {
        let range = self.device()?.power_management_limit_constraints().map_err(|error| self.failed(POWER, &error))?;
        Ok((watts(range.min_limit), watts(range.max_limit)))
    }

    /// The limit in force, in milliwatts.
    fn limit(&self) -> Result<u32, EnergyError> {
        self.device()?.power_management_limit().map_err(|error| self.failed(POWER, &error))
    }

    fn set_limit(&self, milliwatts: u32) -> Result<(), EnergyError> {
        self.device()?.set_power_management_limit(milliwatts).map_err(|error| self.failed(POWER, &error))
    }

    fn highest_clock(&self) -> Result<Option<u32>, EnergyError> {
        Ok(self.device()?.max_clock_info(ClockKind::SM).ok())
    }
}

fn watts(milliwatts: u32) -> f64 {
    f64::from(milliwatts) * 1e-3
}

/// See [`SessionBuilder::limit_range`](crate::energy::SessionBuilder::limit_range).
pub(crate) fn limit_range(library: Option<&Path>, uuid: &str) -> Result<LimitRange, EnergyError> {
    Arc::new(LimitedGpu::find(library, uuid)?).ask(BOTH, |gpu| {
        let (lowest_watts, highest_watts) = gpu.range()?;
        let present = gpu.limit()?;
        let default = gpu.device()?.power_management_limit_default().map_err(|error| gpu.failed(POWER, &error))?;
        Ok(LimitRange {
            lowest_watts,
            highest_watts,
            default_watts: watts(default),
            present_watts: watts(present),
            highest_sm_clock_mhz: gpu.highest_clock()?,
            refused: gpu.set_limit(present).err().map(|error| error.with_help()),
        })
    })
}

/// What puts the limits back.
#[derive(Debug)]
pub(crate) struct UndoLimits {
    gpu: Arc<LimitedGpu>,
    notes: Arc<Mutex<UndoNotes>>,
}

/// What is to be put back, noted before it is set: a call that hangs may do something all the same.
#[derive(Debug, Default)]
struct UndoNotes {
    power: Option<PowerBefore>,
    clocks: bool,
    /// All is set, or what was in the way is known.
    over: bool,
    /// Nobody waits for that any more.
    given_up: bool,
}

/// Power limits in milliwatts.
#[derive(Debug, Clone, Copy)]
struct PowerBefore {
    before: u32,
    /// What the driver has made of the one that was set; `None` if that could not be read.
    set: Option<u32>,
}

fn lock(notes: &Mutex<UndoNotes>) -> MutexGuard<'_, UndoNotes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl UndoLimits {
    /// Puts back all that can be, and tells what was in the way first: also that the driver does not answer. Then the call goes on,
    /// and puts them back should it ever be over.
    pub(crate) fn run(self) -> Result<(), EnergyError> {
        let Self { gpu, notes } = self;
        let (power, clocks) = {
            let notes = lock(&notes);
            (notes.power, notes.clocks)
        };
        if power.is_none() && !clocks {
            return Ok(());
        }
        let own = Arc::clone(&gpu);
        let put_back = move || put_back(&own, power, clocks);
        let limit = deadline::CallLimits::of_environment().asking;
        let done = PendingCall::begin(put_back).and_then(|pending| pending.within(limit));
        done.unwrap_or_else(|silence| {
            let was = power.map_or_else(String::new, |power| format!(" (the power limit was {:.0} W)", watts(power.before)));
            let then = format!(
                "they are put back{was} once it answers, if this process still lives then; else by `nvidia-smi -pl` and \
                 `nvidia-smi -rgc`"
            );
            Err(gpu.silent(BOTH, &silence, &then))
        })
    }
}

fn put_back(gpu: &LimitedGpu, power: Option<PowerBefore>, clocks: bool) -> Result<(), EnergyError> {
    let clocks = match clocks {
        true => gpu
            .device()
            .and_then(|mut device| device.reset_gpu_locked_clocks().map_err(|error| gpu.failed(CLOCKS, &error))),
        false => Ok(()),
    };
    clocks.and(power.map_or(Ok(()), |power| power.put_back(gpu)))
}

impl PowerBefore {
    fn put_back(self, gpu: &LimitedGpu) -> Result<(), EnergyError> {
        if let Some(set) = self.set {
            let present = gpu.limit()?;
            if present != set {
                let reason = format!("somebody else has set it to {:.0} W, and that stays", watts(present));
                return Err(gpu.refuse(POWER, reason, "set it as you like (`nvidia-smi -pl`)"));
            }
        }
        gpu.set_limit(self.before)
    }
}

/// Sets limits, and notes in `undo` what is to be put back. Answers with what is in force then.
pub(crate) fn set_limits(
    library: Option<&Path>,
    uuid: &str,
    limits: &PowerLimits,
    clock: &Arc<dyn Clock>,
    undo: &mut Option<UndoLimits>,
) -> Result<PowerLimits, EnergyError> {
    let gpu = Arc::new(LimitedGpu::find(library, uuid)?);
    let notes = Arc::new(Mutex::new(UndoNotes::default()));
    let (own, limits, clock, noted) = (Arc::clone(&gpu), *limits, Arc::clone(clock), Arc::clone(&notes));
    let call = move |_: &Arc<NvmlDriver>| {
        let set = set(&own, &limits, &*clock, &noted);
        let notes = &mut *lock(&noted);
        notes.over = true;
        if notes.given_up {
            // Whoever wanted them is gone.
            let _ = put_back(&own, notes.power, notes.clocks);
        }
        set
    };
    let limit = deadline::CallLimits::of_environment().asking + BETWEEN_LOOKS * LOOKS;
    let told = gpu.nvml.ask(&format!("setting the limits of {}", gpu.domain.id), limit, call);
    let mut now = lock(&notes);
    now.given_up = told.is_err();
    if told.is_ok() || now.over {
        *undo = Some(UndoLimits { gpu: Arc::clone(&gpu), notes: Arc::clone(&notes) });
    }
    drop(now);
    told.unwrap_or_else(|silence| {
        let then = "what it may have set by then is put back once it answers, if this process still lives then; see \
                    `nvidia-smi -q -d POWER,CLOCK`";
        Err(gpu.silent(BOTH, &silence, then))
    })
}

fn set(
    gpu: &LimitedGpu,
    limits: &PowerLimits,
    clock: &dyn Clock,
    notes: &Mutex<UndoNotes>,
) -> Result<PowerLimits, EnergyError> {
    // Nothing is set unless all of it can be.
    limits.power_watts.map(|watts| check_power(gpu, watts)).transpose()?;
    limits.sm_clock_mhz.map(|clocks| check_clocks(gpu, clocks)).transpose()?;
    let power_watts = limits.power_watts.map(|watts| set_power(gpu, watts, notes)).transpose()?;
    limits.sm_clock_mhz.map(|clocks| set_clocks(gpu, clocks, clock, notes)).transpose()?;
    Ok(PowerLimits { power_watts, sm_clock_mhz: limits.sm_clock_mhz })
}

fn check_power(gpu: &LimitedGpu, asked: f64) -> Result<(), EnergyError> {
    let (lowest, highest) = gpu.range()?;
    match (lowest..=highest).contains(&asked) {
        true => Ok(()),
        false => {
            let reason = format!("{asked} W is out of its range, {lowest:.0} W to {highest:.0} W");
            Err(gpu.refuse(POWER, reason, "choose one within it"))
        }
    }
}

fn set_power(gpu: &LimitedGpu, asked: f64, notes: &Mutex<UndoNotes>) -> Result<f64, EnergyError> {
    let before = gpu.limit()?;
    // Noted first: a call that fails may have done something all the same.
    lock(notes).power = Some(PowerBefore { before, set: None });
    gpu.set_limit((asked * 1e3).round() as u32)?;
    let now = gpu.limit()?;
    lock(notes).power = Some(PowerBefore { before, set: Some(now) });
    match (watts(now) - asked).abs() <= WATTS_OFF {
        true => Ok(watts(now)),
        false => {
            let reason = format!("the driver has made it {:.0} W instead of {asked:.0} W", watts(now));
            Err(gpu.refuse(POWER, reason, "see whether something else sets it too, such as a manager of the cluster"))
        }
    }
}

fn check_clocks(gpu: &LimitedGpu, (low, high): (u32, u32)) -> Result<(), EnergyError> {
    let top = gpu.highest_clock()?;
    if low <= high && high > 0 && top.is_none_or(|top| high <= top) {
        return Ok(());
    }
    let top = top.map_or("its highest clock".to_owned(), |top| format!("{top} MHz"));
    let reason = format!("{low} to {high} MHz is no range of clocks up to {top}");
    Err(gpu.refuse(CLOCKS, reason, "choose some of `nvidia-smi -q -d SUPPORTED_CLOCKS`"))
}

fn set_clocks(
    gpu: &LimitedGpu,
    (low, high): (u32, u32),
    clock: &dyn Clock,
    notes: &Mutex<UndoNotes>,
) -> Result<(), EnergyError> {
    let setting = GpuLockedClocksSetting::Numeric { min_clock_mhz: low, max_clock_mhz: high };
    gpu.device()?.set_gpu_locked_clocks(setting).map_err(|error| gpu.failed(CLOCKS, &error))?;
    // Not before: to reset clocks that were not set would undo what somebody else has locked.
    lock(notes).clocks = true;
    let mut last = None;
    for _ in 0..LOOKS {
        match gpu.device()?.clock_info(ClockKind::SM) {
            Ok(now) if now > high + MHZ_OFF => last = Some(now),
            Ok(_) => return Ok(()),
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(gpu.failed(CLOCKS, &error)),
        }
        clock.sleep(BETWEEN_LOOKS);
    }
    let reason =
        format!("the driver agreed to {high} MHz at most, and they are still at {} MHz", last.unwrap_or_default());
    Err(gpu.refuse(CLOCKS, reason, "see whether something else sets them too"))
}
