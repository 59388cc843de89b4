//! What is in the way of the driver's calls, in words.

use std::path::Path;

use nvml_wrapper::error::NvmlError;

use crate::energy::error::EnergyError;
use crate::energy::system::deadline::NoAnswer;
use crate::energy::units::PowerDomain;

/// Why something does not work, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

impl Obstacle {
    pub(super) fn of(error: &NvmlError) -> Self {
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

    pub(super) fn of_opening(library: Option<&Path>, error: &NvmlError) -> Self {
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
    pub(super) fn instances() -> Self {
        let reason = "it is cut into MIG instances, which have no energy figures of their own: what the board tells is the \
                      energy of everybody on it";
        let remedy = "meter the whole board all the same, if nobody else computes on it (`mig = \"whole-board\"` in [energy] \
                      of a study file, `SessionBuilder::mig` in a program), or join it again (`nvidia-smi -i 0 -mig 0`)";
        Self { reason: reason.to_owned(), remedy: remedy.to_owned() }
    }

    /// Whether it is that of [`instances`](Self::instances), which whoever asks for whole boards does not meet.
    pub(crate) fn is_of_instances(&self) -> bool {
        *self == Self::instances()
    }

    /// The driver does not answer when it is asked for this.
    pub(super) fn silent(what: &str, why: &NoAnswer) -> Self {
        let reason = match why {
            NoAnswer::Late(time) => {
                let (of, seconds) = (if what.is_empty() { "" } else { " for " }, time.as_secs_f64());
                format!("NVIDIA's driver hangs: asked{of}{what} it has not answered for {seconds:.1} s")
            }
            NoAnswer::Failed(reason) => reason.clone(),
        };
        let remedy = "see whether `nvidia-smi` answers and what the kernel's log says of NVRM; a driver that hangs for good needs a \
                      restart of the machine, and one that is only slow to start a longer WATTFRONT_DRIVER_LIMIT (seconds)";
        Self { reason, remedy: remedy.to_owned() }
    }
}

/// The meter cannot be used at all.
pub(super) fn unavailable(obstacle: Obstacle) -> EnergyError {
    EnergyError::Unavailable { meter: "nvml", reason: obstacle.reason, remedy: obstacle.remedy, alternative: None }
}

/// A reading that failed.
pub(super) fn failed(domain: &PowerDomain, error: &NvmlError) -> EnergyError {
    let (domain, reason) = (domain.clone(), error.to_string());
    match error {
        NvmlError::GpuLost | NvmlError::ResetRequired => EnergyError::DeviceLost { domain, reason },
        _ => EnergyError::Read { domain, reason },
    }
}

/// Whether the GPU or the driver does not have this at all, so that something else must do.
pub(super) fn is_absent(error: &NvmlError) -> bool {
    matches!(
        error,
        NvmlError::NotSupported
            | NvmlError::NotFound
            | NvmlError::NoData
            | NvmlError::FunctionNotFound
            | NvmlError::FailedToLoadSymbol(_)
    )
}
