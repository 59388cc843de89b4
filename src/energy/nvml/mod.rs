//! NVIDIA GPUs, by the driver's management library, which is looked for at run time.

#[cfg(test)]
mod fake_tests;

use std::path::Path;
use std::time::Duration;

use nvml_wrapper::error::NvmlError;
use nvml_wrapper::{Device, Nvml};

use super::clock::{Clock, Moment};
use super::error::EnergyError;
use super::meter::{CounterTotal, Meter, Reading, Source};
use super::units::{Domain, DomainKind, Method};

/// The driver brings the total-energy counter up to date every 100 ms.
const TICK: Duration = Duration::from_millis(100);

/// Power readings are averages of up to a second (Ampere and later, GA100 excepted) and are taken twice a second.
const POWER_RESOLUTION: Duration = Duration::from_millis(500);

/// Power that was left unread for longer is not guessed at: about five polls.
const LONGEST_POWER_GAP: Duration = Duration::from_millis(2600);

/// More than any board draws, in watts, and what may arrive with one tick of its counter, in joules.
const MAX_WATTS: f64 = 5000.0;
const BURST_JOULES: f64 = 1000.0;

/// One GPU, as the driver shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Board {
    pub(crate) index: u32,
    /// UUID and name, or why they cannot be had.
    pub(crate) identity: Result<(String, String), Obstacle>,
    /// The best way to its energy, or why there is none.
    pub(crate) method: Result<Method, Obstacle>,
    /// Whether it is cut into instances (MIG).
    pub(crate) mig: bool,
}

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
                "let this user read and write /dev/nvidiactl and /dev/nvidia0, or give the container its devices"
            }
            NvmlError::LibRmVersionMismatch => "the driver was updated under way: restart the machine",
            NvmlError::GpuLost | NvmlError::ResetRequired => {
                "reset the GPU (`nvidia-smi --gpu-reset`) or restart the machine"
            }
            NvmlError::NotSupported => {
                "this GPU tells neither energy nor power; use the estimate or report energy yourself"
            }
            _ => "see whether `nvidia-smi` works, and what the kernel's log says of NVRM",
        };
        Self { reason: error.to_string(), remedy: remedy.to_owned() }
    }
}

/// The library, ready for use.
pub(crate) fn load(library: Option<&Path>) -> Result<Nvml, Obstacle> {
    let nvml = match library {
        Some(path) => Nvml::builder().lib_path(path.as_os_str()).init(),
        None => Nvml::init(),
    };
    nvml.map_err(|error| {
        let obstacle = Obstacle::of(&error);
        match &error {
            // The linker's own words name the file, and no more than that it cannot be opened.
            NvmlError::LibloadingError(_) if obstacle.reason.contains("No such file") => {
                let file = library.map_or_else(|| "libnvidia-ml.so.1".into(), Path::to_string_lossy);
                Obstacle { reason: format!("{file}, which comes with NVIDIA's driver, is not there"), ..obstacle }
            }
            _ => obstacle,
        }
    })
}

/// All GPUs of the machine.
pub(crate) fn survey(nvml: &Nvml) -> Result<Vec<Board>, Obstacle> {
    let count = nvml.device_count().map_err(|error| Obstacle::of(&error))?;
    Ok((0..count).map(|index| board(nvml, index)).collect())
}

fn board(nvml: &Nvml, index: u32) -> Board {
    let device = match nvml.device_by_index(index) {
        Ok(device) => device,
        Err(error) => {
            let obstacle = Obstacle::of(&error);
            return Board { index, identity: Err(obstacle.clone()), method: Err(obstacle), mig: false };
        }
    };
    let name = || device.name().unwrap_or_else(|_| "NVIDIA GPU".to_owned());
    let identity = device.uuid().map(|uuid| (uuid, name())).map_err(|error| Obstacle::of(&error));
    let mig = device.mig_mode().is_ok_and(|mode| mode.current != 0);
    Board { index, identity, method: best_method(&device).map_err(|error| Obstacle::of(&error)), mig }
}

fn best_method(device: &Device<'_>) -> Result<Method, NvmlError> {
    match device.total_energy_consumption() {
        Ok(_) => Ok(Method::Counter),
        Err(NvmlError::NotSupported | NvmlError::FailedToLoadSymbol(_)) => {
            device.power_usage().map(|_| Method::PowerIntegral)
        }
        Err(error) => Err(error),
    }
}

/// Reads all GPUs that can be metered.
#[derive(Debug)]
pub(crate) struct NvmlMeter {
    nvml: Nvml,
    sources: Vec<Source>,
    gauges: Vec<(u32, Gauge)>,
}

#[derive(Debug)]
enum Gauge {
    Counter(CounterTotal),
    Power(PowerTotal),
}

impl NvmlMeter {
    /// The meter by the library at this path, or wherever the dynamic linker finds it.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] if there is no library, no driver, or no GPU that tells its energy or power.
    pub(crate) fn open(library: Option<&Path>) -> Result<Self, EnergyError> {
        let unavailable = |Obstacle { reason, remedy }| EnergyError::Unavailable { meter: "nvml", reason, remedy };
        let nvml = load(library).map_err(unavailable)?;
        let boards = survey(&nvml).map_err(unavailable)?;
        let mut obstacle = Obstacle {
            reason: "the driver shows no GPU".to_owned(),
            remedy: "see whether `nvidia-smi -L` lists one; a container must be given it".to_owned(),
        };
        let (mut sources, mut gauges) = (Vec::new(), Vec::new());
        for board in boards {
            let (id, method) = match (board.identity, board.method) {
                (Ok((uuid, _)), Ok(method)) => (uuid, method),
                (Err(found), _) | (_, Err(found)) => {
                    obstacle = found;
                    continue;
                }
            };
            let (resolution, sampling, gauge) = match method {
                Method::Counter => {
                    let gauge = Gauge::Counter(CounterTotal::new(None, MAX_WATTS, BURST_JOULES));
                    (TICK, "total-energy counter, a tick every 100 ms", gauge)
                }
                _ => (POWER_RESOLUTION, "power, read twice a second", Gauge::Power(PowerTotal::default())),
            };
            let (domain, sampling) = (Domain { kind: DomainKind::Gpu, id }, sampling.to_owned());
            sources.push(Source { domain, method, sampling, resolution });
            gauges.push((board.index, gauge));
        }
        match sources.is_empty() {
            true => Err(unavailable(obstacle)),
            false => Ok(Self { nvml, sources, gauges }),
        }
    }
}

impl Meter for NvmlMeter {
    fn name(&self) -> &'static str {
        "nvml"
    }

    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let Self { nvml, sources, gauges } = self;
        let read = |(source, (index, gauge)): (&Source, &mut (u32, Gauge))| {
            let failed = |error| failed(&source.domain, &error);
            // By index and not by a handle kept: the order of the GPUs is fixed for as long as the library is loaded.
            let device = nvml.device_by_index(*index).map_err(failed)?;
            match gauge {
                Gauge::Counter(total) => {
                    let millijoules = device.total_energy_consumption().map_err(failed)?;
                    let raw = millijoules.checked_mul(1000).ok_or_else(|| EnergyError::Read {
                        domain: source.domain.clone(),
                        reason: format!("a counter of {millijoules} mJ cannot be"),
                    })?;
                    Ok(total.advance(clock.now(), raw))
                }
                Gauge::Power(total) => {
                    let milliwatts = device.power_usage().map_err(failed)?;
                    Ok(total.advance(clock.now(), f64::from(milliwatts) * 1e-3))
                }
            }
        };
        sources.iter().zip(gauges).map(read).collect()
    }
}

fn failed(domain: &Domain, error: &NvmlError) -> EnergyError {
    let (domain, reason) = (domain.clone(), error.to_string());
    match error {
        NvmlError::GpuLost | NvmlError::ResetRequired => EnergyError::DeviceLost { domain, reason },
        _ => EnergyError::Read { domain, reason },
    }
}

/// Power, integrated by the trapezoidal rule.
#[derive(Debug, Default)]
struct PowerTotal {
    last: Option<(Moment, f64)>,
    /// In microjoules, with the fractions that a reading drops.
    total_uj: f64,
    segment: u64,
}

impl PowerTotal {
    fn advance(&mut self, at: Moment, watts: f64) -> Reading {
        if let Some((before, last)) = self.last {
            let passed = at.since(before);
            match passed <= LONGEST_POWER_GAP {
                true => self.total_uj += 0.5 * (last + watts) * passed.as_secs_f64() * 1e6,
                false => self.segment += 1,
            }
        }
        self.last = Some((at, watts));
        Reading { at, microjoules: self.total_uj as u64, segment: self.segment }
    }
}
