//! NVIDIA GPUs, by the driver's management library, which is looked for at run time.
//!
//! Each GPU is read in the best way it has, a ladder of four rungs ([`Rung`]): the total-energy counter, the power samples
//! that the driver keeps, the power of the present, and the average power. What a GPU does not support leads to the next
//! rung; any other failure does not.

mod boards;
mod driver;
mod gauges;
mod ladder;
mod limit;
mod meter;
mod samples;
mod scope;
mod state;
#[cfg(test)]
pub(crate) mod testing;
mod unrest;
mod users;

#[cfg(test)]
mod agreement_tests;
#[cfg(test)]
mod fake_tests;
#[cfg(test)]
mod meter_tests;
#[cfg(test)]
mod wall_tests;

use std::path::Path;
use std::sync::Arc;

use nvml_wrapper::error::NvmlError;

use crate::energy::error::EnergyError;
use crate::energy::gpus::visible::GpuIdentity;
use crate::energy::units::Domain;

pub(crate) use boards::{Board, Listing, Policy, list, survey};
use driver::Driver;
pub(crate) use ladder::Rung;
pub(crate) use limit::{Undo, limit_range, set_limits};
pub(crate) use meter::NvmlMeter;

/// Why something does not work, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

impl Obstacle {
    fn of(error: &NvmlError) -> Self {
        let remedy = match error {
            NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound => {
                "install NVIDIA's driver; in a container, start it with the GPUs (`docker run --gpus all`), which brings \
                 the library along"
            }
            NvmlError::DriverNotLoaded => {
                "load the kernel module (`modprobe nvidia`), or restart after a driver update"
            }
            NvmlError::NoPermission | NvmlError::OperatingSystem => {
                "let this user read and write /dev/nvidiactl and the /dev/nvidia0, 1, 2 ... of that GPU, or give the container or the job its \
                 devices"
            }
            NvmlError::LibRmVersionMismatch => "the driver was updated under way: restart the machine",
            NvmlError::GpuLost | NvmlError::ResetRequired => {
                "reset the GPU (`nvidia-smi --gpu-reset`) or restart the machine"
            }
            NvmlError::NotSupported => {
                "this GPU tells neither energy nor power; estimate it by `gpu_estimate = true` in [energy], or report energy yourself"
            }
            _ => "see whether `nvidia-smi` works, and what the kernel's log says of NVRM",
        };
        Self { reason: error.to_string(), remedy: remedy.to_owned() }
    }

    fn of_opening(library: Option<&Path>, error: &NvmlError) -> Self {
        let obstacle = Self::of(error);
        match error {
            // The linker's own words name the file, and no more than that it cannot be opened.
            NvmlError::LibloadingError(_) if obstacle.reason.contains("No such file") => {
                let file = library.map_or_else(|| "libnvidia-ml.so.1".into(), Path::to_string_lossy);
                Self { reason: format!("{file}, which comes with NVIDIA's driver, is not there"), ..obstacle }
            }
            _ => obstacle,
        }
    }

    /// A board that is cut into instances, where only whole ones are metered.
    fn instances() -> Self {
        let reason = "it is cut into MIG instances, which have no energy figures of their own: what the board tells is the \
                      energy of everybody on it";
        let remedy = "meter the whole board all the same, if nobody else computes on it (`mig = \"whole-board\"` in [energy] \
                      of a study file, `optimize meter --mig-whole-board`, `SessionBuilder::mig` in a program), or join it again (`nvidia-smi -i 0 -mig 0`)";
        Self { reason: reason.to_owned(), remedy: remedy.to_owned() }
    }
}

/// The library, ready for use.
pub(crate) fn load(library: Option<&Path>) -> Result<Arc<Driver>, Obstacle> {
    let loaded = Driver::load(library).map_err(|silence| Obstacle::silent("its start", &silence))?;
    loaded.map_err(|error| Obstacle::of_opening(library, &error))
}

/// What the GPUs of this machine are called by.
pub(crate) fn gpus(library: Option<&Path>) -> Result<Vec<GpuIdentity>, EnergyError> {
    let nvml = load(library).map_err(unavailable)?;
    let what = "the names of its GPUs";
    let found = nvml.open(what, |nvml| boards::identities(nvml));
    let found = found.map_err(|silence| unavailable(Obstacle::silent(what, &silence)))?;
    found.map_err(|error| unavailable(Obstacle::of(&error)))
}

/// The meter cannot be used at all.
fn unavailable(obstacle: Obstacle) -> EnergyError {
    EnergyError::Unavailable { meter: "nvml", reason: obstacle.reason, remedy: obstacle.remedy }
}

/// A reading that failed.
fn failed(domain: &Domain, error: &NvmlError) -> EnergyError {
    let (domain, reason) = (domain.clone(), error.to_string());
    match error {
        NvmlError::GpuLost | NvmlError::ResetRequired => EnergyError::DeviceLost { domain, reason },
        _ => EnergyError::Read { domain, reason },
    }
}

/// Whether the GPU or the driver does not have this at all, so that something else must do.
fn is_absent(error: &NvmlError) -> bool {
    matches!(
        error,
        NvmlError::NotSupported
            | NvmlError::NotFound
            | NvmlError::NoData
            | NvmlError::FunctionNotFound
            | NvmlError::FailedToLoadSymbol(_)
    )
}
