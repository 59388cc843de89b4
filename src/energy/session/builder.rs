//! Choosing and opening the meters of a session.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::{Consumers, Opening, Session};
use crate::energy::error::EnergyError;
use crate::energy::gpus::visible::GpuIdentity;
use crate::energy::inventory::{Inventory, Opened, is_left_out};
pub(in crate::energy) use crate::energy::meters::choice::{MeterKind, Meters, MigPolicy};
use crate::energy::meters::estimate::EstimateMeter;
use crate::energy::meters::estimate::watts::Figure;
use crate::energy::meters::meter::Meter;
#[cfg(feature = "nvml")]
use crate::energy::meters::nvml::NvmlMeter;
use crate::energy::meters::rapl::{Found, RaplMeter, Ways, packages};
#[cfg(feature = "nvml")]
use crate::energy::meters::share::SharedMeter;
use crate::energy::system::clock::{Clock, MonotonicClock};
use crate::energy::system::deadline::{Limits, within};
use crate::energy::system::lock::{DeviceLock, FOLDER, Hold, LOCK_FOLDER_VARIABLE};
use crate::energy::system::process_tree::Family;
use crate::energy::system::processor::Processor;
use crate::energy::units::{Consumer, ConsumerName, Domain, Method};

/// The default standard deviation of the gain of counters and power readings, as a part of the figure: normal, so that 95 %
/// of hardware is within 8 %.
///
/// Against an external meter, the built-in ones of NVIDIA boards were off by -5.8 % (A100), -5.6 % (RTX 3090), -5.3 % (RTX 4090),
/// -7.0 % (RTX A5000) and -0.4 % (GTX 1080 Ti), of one older board by 12.7 % (RTX 2060 Super): Yang, Adamek and Armour, "Part-time
/// Power Measurements: nvidia-smi's Lack of Attention", 2023 (<https://arxiv.org/abs/2312.02741>), in the data beside it.
pub const DEFAULT_GAIN: f64 = 0.04;

/// The variables by which a program is shown GPUs, or not.
const ENVIRONMENT: [&str; 4] =
    ["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"];

/// Names the folder in which `sys` and `proc` of the machine are, where they are not at the root: in a container that was given its
/// host's under another name, such as `/host`. What is there of processes is not looked at.
pub const HOST_VARIABLE: &str = "WATTFRONT_HOST";

/// Twice a second: enough for every counter, and no burden on the driver.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

type OpenMeters = Vec<Box<dyn Meter>>;

/// Settings of a [`Session`].
pub struct SessionBuilder {
    meters: Meters,
    own: Vec<Box<dyn Meter>>,
    watts_per_core: Option<f64>,
    gain: f64,
    share: bool,
    without: Vec<ConsumerName>,
    estimate_beside: bool,
    exclusive: Option<String>,
    locks: PathBuf,
    poll: Option<Duration>,
    pub(in crate::energy) clock: Arc<dyn Clock>,
    /// For calls of drivers, in place of those of the environment.
    pub(in crate::energy) limits: Option<Limits>,
    pub(in crate::energy) places: Places,
}

/// Where the meters look.
#[derive(Debug, Clone)]
pub(in crate::energy) struct Places {
    pub(in crate::energy) root: PathBuf,
    /// That of `sys` if it is not given.
    pub(in crate::energy) powercap: Option<PathBuf>,
    pub(in crate::energy) sys: PathBuf,
    pub(in crate::energy) proc: PathBuf,
    /// Where the kernel describes the machine; that of processes if it is not given.
    pub(in crate::energy) machine: Option<PathBuf>,
    pub(in crate::energy) process: u32,
    pub(in crate::energy) with_process: bool,
    pub(in crate::energy) nvml_library: Option<PathBuf>,
    pub(in crate::energy) mig: MigPolicy,
    pub(in crate::energy) gpu_estimate: bool,
    /// What the program's environment says of GPUs.
    pub(in crate::energy) environment: BTreeMap<String, String>,
}

impl Places {
    /// Where the kernel describes the machine: `cpuinfo` and `driver/nvidia`.
    pub(in crate::energy) fn machine(&self) -> &Path {
        self.machine.as_deref().unwrap_or(&self.proc)
    }

    #[cfg(feature = "nvml")]
    pub(in crate::energy) fn policy(&self) -> crate::energy::meters::nvml::Policy {
        crate::energy::meters::nvml::Policy { mig: self.mig, estimate: self.gpu_estimate }
    }

    pub(in crate::energy) fn rapl(&self) -> Ways {
        let powercap = self.powercap.clone().unwrap_or_else(|| self.sys.join("class/powercap"));
        Ways::new(powercap, self.sys.clone(), self.proc.clone())
    }
}

impl Default for SessionBuilder {
    fn default() -> Self {
        let host = std::env::var_os(HOST_VARIABLE).filter(|host| !host.is_empty()).map(PathBuf::from);
        Self {
            meters: Meters::Auto,
            own: Vec::new(),
            watts_per_core: None,
            gain: DEFAULT_GAIN,
            share: false,
            without: Vec::new(),
            estimate_beside: false,
            exclusive: None,
            locks: std::env::var_os(LOCK_FOLDER_VARIABLE)
                .filter(|v| !v.is_empty())
                .map_or(FOLDER.into(), PathBuf::from),
            poll: Some(POLL_INTERVAL),
            clock: Arc::new(MonotonicClock),
            limits: None,
            places: Places {
                root: PathBuf::from("/"),
                powercap: None,
                sys: host.as_ref().map_or_else(|| PathBuf::from("/sys"), |host| host.join("sys")),
                proc: PathBuf::from("/proc"),
                machine: host.map(|host| host.join("proc")),
                process: std::process::id(),
                with_process: true,
                nvml_library: None,
                mig: MigPolicy::default(),
                gpu_estimate: false,
                environment: BTreeMap::new(),
            },
        }
    }
}

impl fmt::Debug for SessionBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionBuilder")
            .field("meters", &self.meters)
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

impl SessionBuilder {
    /// Which of the crate's meters to use. Default: [`Meters::Auto`].
    #[must_use]
    pub fn meters(mut self, meters: Meters) -> Self {
        self.meters = meters;
        self
    }

    /// Adds a meter of one's own, which always counts.
    #[must_use]
    pub fn meter(mut self, meter: impl Meter + 'static) -> Self {
        self.own.push(Box::new(meter));
        self
    }

    /// The power that the estimate takes for one busy logical processor, in watts: above 0 and at most 1000. Default:
    /// [`watts_per_core`](crate::energy::watts_per_core), by the processor's model.
    #[must_use]
    pub fn watts_per_core(mut self, watts: f64) -> Self {
        self.watts_per_core = Some(watts);
        self
    }

    /// How far counters and power readings are off in proportion, as a standard deviation: 0 to 1. Default:
    /// [`DEFAULT_GAIN`]. It widens the absolute [uncertainty](crate::energy::units::Uncertainty) of figures, and no comparison on
    /// the same hardware.
    #[must_use]
    pub fn gain(mut self, sd: f64) -> Self {
        self.gain = sd;
        self
    }

    /// Estimates for the process of this number and its descendants. Default: this process.
    ///
    /// Descendants count while they live and when somebody of the tree has waited for them. What an orphan uses up after
    /// the last reading before its end is lost, unless this process adopts and waits for orphans: `prctl` with
    /// `PR_SET_CHILD_SUBREAPER`, which is for the caller to set.
    #[must_use]
    pub fn process(mut self, pid: u32) -> Self {
        self.places.process = pid;
        self
    }

    /// Estimates leave out the process itself and count its descendants alone: for a program that runs others, whose own
    /// work is not theirs.
    #[must_use]
    pub fn descendants_only(mut self) -> Self {
        self.places.with_process = false;
        self
    }

    /// Locks the measured hardware for as long as the session lives: another exclusive session on any of it, of whatever
    /// process or user, or one that [shares](Self::share) it, then fails with [`EnergyError::InUse`], which names the `holder` given here. Estimates need no lock.
    /// Default: no lock is taken or heeded.
    ///
    /// The lock files are in `/tmp`, or in the folder that the environment variable [`LOCK_FOLDER_VARIABLE`] names; the locks
    /// end with the process, however it ends.
    #[must_use]
    pub fn exclusive(mut self, holder: impl Into<String>) -> Self {
        self.exclusive = Some(holder.into());
        self
    }

    /// Others may use the GPUs too: figures of them are [attributed](Method::Attributed), this session's part of the whole.
    /// Sessions that share a GPU hold it together: one that wants it [alone](Self::exclusive) fails as long as they live, and
    /// they fail while another has it alone. Default: figures are of whole GPUs, with the work of everybody on them.
    ///
    /// Ours are the processes of [`process`](Self::process), the process itself included. Twice a second the energy above
    /// the power at rest is split by the SM utilisation that the driver tells for each process
    /// (`nvmlDeviceGetProcessUtilization`), and the power at rest evenly among the processes that hold the GPU; the power at
    /// rest is the least that was seen while nobody computed. The parts of all, and what is nobody's, add up to the whole.
    ///
    /// A window needs a second at least, and [`Session::settle`] waits for up to 1.7 s. There is neither net energy nor a
    /// [`Session::cross_check`] of a part. The counters of processors and memory cannot be shared out: with
    /// [`Meters::Auto`] the estimate takes their place.
    #[must_use]
    pub fn share(mut self, share: bool) -> Self {
        self.share = share;
        self
    }

    /// The folder of the lock files.
    #[must_use]
    pub fn lock_folder(mut self, path: impl Into<PathBuf>) -> Self {
        self.locks = path.into();
        self
    }

    /// Starts no background thread. Then [`Session::poll`] must be called about twice a second: a counter that is left
    /// alone for longer than it takes to wrap, or power that is left unread for over two seconds, leaves a gap.
    #[must_use]
    pub fn without_polling(mut self) -> Self {
        self.poll = None;
        self
    }

    /// The clock to go by. Default: [`MonotonicClock`].
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How long calls of drivers may take.
    #[cfg(test)]
    pub(in crate::energy) fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// The powercap tree. Default: `class/powercap` of the [`sysfs_root`](Self::sysfs_root).
    #[must_use]
    pub fn powercap_root(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.powercap = Some(path.into());
        self
    }

    /// Where the kernel shows its devices: the powercap tree, and the event source `power` by which processors are metered
    /// where that tree cannot be read. Default: `/sys`, or that of the folder which [`HOST_VARIABLE`](crate::energy::HOST_VARIABLE) names.
    #[must_use]
    pub fn sysfs_root(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.sys = path.into();
        self
    }

    /// The process file system. Default: `/proc`.
    #[must_use]
    pub fn proc_root(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.proc = path.into();
        self.places.machine = None;
        self
    }

    /// NVIDIA's management library. Default: `libnvidia-ml.so.1`, wherever the dynamic linker finds it.
    #[must_use]
    pub fn nvml_library(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.nvml_library = Some(path.into());
        self
    }

    /// What becomes of GPUs that are cut into instances. Default: [`MigPolicy::Refuse`].
    #[must_use]
    pub fn mig(mut self, policy: MigPolicy) -> Self {
        self.places.mig = policy;
        self
    }

    /// Estimates GPUs that tell neither energy nor power, by their utilisation times their power limit: a model, marked as an
    /// estimate, that takes a busy GPU to draw all that it may. Default: `false`; such GPUs are not metered.
    #[must_use]
    pub fn gpu_estimate(mut self, estimate: bool) -> Self {
        self.places.gpu_estimate = estimate;
        self
    }

    /// Meters those GPUs alone that a program sees whose environment has these values of `CUDA_VISIBLE_DEVICES` and
    /// `CUDA_DEVICE_ORDER`; `None` for one that is not set. Default: all GPUs.
    #[must_use]
    pub fn visible_devices(self, devices: Option<&str>, order: Option<&str>) -> Self {
        self.in_environment(|name| match name {
            "CUDA_VISIBLE_DEVICES" => devices.map(str::to_owned),
            "CUDA_DEVICE_ORDER" => order.map(str::to_owned),
            _ => None,
        })
    }

    /// The same by the variables of the program's environment, of which `value` tells each: `CUDA_VISIBLE_DEVICES` and
    /// `CUDA_DEVICE_ORDER`, and `ROCR_VISIBLE_DEVICES` and `HIP_VISIBLE_DEVICES`, which can hide AMD's. Default: nothing is set.
    #[must_use]
    pub fn in_environment(mut self, value: impl Fn(&str) -> Option<String>) -> Self {
        let set = ENVIRONMENT.into_iter().filter_map(|name| Some((name.to_owned(), value(name)?)));
        self.places.environment = set.collect();
        self
    }

    /// What is left out of the figures: it is not metered, and no total is missing for want of it. Names are those of
    /// [`Consumer`](crate::energy::units::Consumer)s. Default: nothing.
    #[must_use]
    pub fn without(mut self, names: impl IntoIterator<Item = ConsumerName>) -> Self {
        self.without = names.into_iter().collect();
        self
    }

    /// With [`Meters::Auto`], whether the estimate of the processor's energy is told beside metered GPUs too, where its
    /// counters cannot be read. Default: `false`; then it counts only where nothing else does.
    #[must_use]
    pub fn estimate_beside(mut self, beside: bool) -> Self {
        self.estimate_beside = beside;
        self
    }

    /// What NVIDIA's GPUs of this machine are called by, for [`visible_gpus`](crate::energy::visible_gpus).
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] if there is no library or no driver, or one of the GPUs does not answer.
    pub fn gpus(&self) -> Result<Vec<GpuIdentity>, EnergyError> {
        gpus(&self.places)
    }

    /// Opens the meters and starts reading.
    ///
    /// # Errors
    ///
    /// [`EnergyError::NoMeter`] for an empty choice, [`EnergyError::Unavailable`] for a meter of a list that cannot work
    /// here, or if nothing can; [`EnergyError::InUse`] for hardware that an exclusive session holds, [`EnergyError::Lock`] if that
    /// cannot be told; [`EnergyError::Visible`] if nobody knows which GPUs are meant; [`EnergyError::Setting`] for a setting out of
    /// range; [`EnergyError::SharedAndExclusive`] for both, and [`EnergyError::Unshareable`] for a GPU that is to be shared
    /// and does not tell who uses it.
    pub fn open(self) -> Result<Session, EnergyError> {
        if !(0.0..=1.0).contains(&self.gain) {
            return Err(EnergyError::Setting { setting: "gain", value: self.gain, expected: "0 to 1" });
        }
        if self.share && self.exclusive.is_some() {
            return Err(EnergyError::SharedAndExclusive);
        }
        let limits = self.limits.map_or_else(Limits::asked, Ok)?;
        let auto = self.meters == Meters::Auto;
        let inventory = self.inventory()?;
        let wanted = inventory.gpus(&self.without);
        let mut meters: Vec<(Box<dyn Meter>, bool)> = Vec::new();
        let (mut rapl, mut nvml, mut found) = (None, None, None);
        let missing_gpus_matter = match &self.meters {
            Meters::Auto => {
                match open_nvml(&self.places, self.share, &wanted) {
                    Ok(found) => meters.extend(found.into_iter().map(|meter| (meter, false))),
                    Err(error @ EnergyError::Unshareable { .. }) => return Err(error),
                    // It is in the inventory that it has no figure.
                    Err(error) => nvml = Some(error),
                }
                let (seen, opened) = self.open_rapl();
                found = seen;
                match opened {
                    Ok(found) => {
                        rapl = Some(Ok(()));
                        meters.extend(found.into_iter().map(|meter| (meter, false)));
                    }
                    Err(error) => {
                        rapl = Some(Err(error));
                        match self.open_kind(MeterKind::Estimate, &inventory) {
                            _ if Inventory::leaves_processors_out(&self.places, &self.without) => {}
                            Ok(found) => meters.extend(found.into_iter().map(|meter| (meter, !self.estimate_beside))),
                            Err(error @ EnergyError::Setting { .. }) => return Err(error),
                            Err(error) if meters.is_empty() && self.own.is_empty() => return Err(error),
                            Err(_) => {}
                        }
                    }
                }
                true
            }
            Meters::List(kinds) => {
                let mut kinds = kinds.clone();
                kinds.sort_unstable();
                kinds.dedup();
                if kinds.contains(&MeterKind::Psys) && kinds.len() > 1 {
                    return Err(EnergyError::Unavailable {
                        meter: "psys",
                        reason: "its figure contains the processors, and whatever else the board's maker wired to it, which \
                                 other meters would add again"
                            .to_owned(),
                        remedy: "choose it alone, or leave it out".to_owned(),
                    });
                }
                for kind in &kinds {
                    let opened = match kind {
                        MeterKind::Rapl => {
                            let (seen, opened) = self.open_rapl();
                            (rapl, found) = (Some(Ok(())), seen);
                            opened?
                        }
                        kind => self.open_kind(*kind, &inventory)?,
                    };
                    meters.extend(opened.into_iter().map(|meter| (meter, false)));
                }
                kinds.contains(&MeterKind::Nvml)
            }
        };
        meters.retain(|(meter, _)| !meter.sources().is_empty());
        let instances = if missing_gpus_matter { inventory.instances() } else { Vec::new() };
        let own = self.own.iter().flat_map(|meter| meter.sources().iter().cloned());
        let sources = meters.iter().flat_map(|(meter, _)| meter.sources().iter().cloned()).chain(own).collect();
        let opened = Opened { sources, rapl, found, nvml, meters: &self.meters, without: &self.without };
        let consumers = inventory.conclude(&self.places, &opened);
        let absent = |name: &&ConsumerName| !consumers.iter().any(|consumer| consumer.is_called(name));
        let absent = self.without.iter().filter(absent).cloned().collect();
        meters.extend(self.own.into_iter().map(|meter| (meter, false)));
        if meters.is_empty() && !auto {
            return Err(EnergyError::NoMeter);
        }
        let measured = meters.iter().flat_map(|(meter, _)| meter.sources()).filter(|s| s.method != Method::Estimate);
        // Whoever meters the packages would have this session's work in his figures, and it his in its.
        let contained = match &self.meters {
            Meters::List(kinds) if kinds.contains(&MeterKind::Psys) => packages(&self.places.rapl()),
            _ => Vec::new(),
        };
        let hold = match (&self.exclusive, self.share) {
            (Some(holder), _) => Some((holder.as_str(), Hold::Alone)),
            (None, true) => Some(("a session that shares it", Hold::Together)),
            (None, false) => None,
        };
        let take = |(holder, hold): (&str, Hold)| {
            let domains = measured.map(|source| source.domain.clone()).chain(contained);
            domains.map(|domain| DeviceLock::take(&self.locks, &domain, holder, hold)).collect::<Result<Vec<_>, _>>()
        };
        let locks = hold.map(take).transpose()?.unwrap_or_default();
        let family = Family::new(self.places.proc, self.places.process);
        let (clock, poll, gain) = (self.clock, self.poll, self.gain);
        let inventory = Consumers { all: consumers, absent, without: self.without };
        Session::start(
            meters,
            Opening { clock, poll, missing_gpus_matter, gain, locks, family, instances, inventory, limits },
        )
    }

    /// What there is, by what the program is shown of it.
    pub(in crate::energy) fn inventory(&self) -> Result<Inventory, EnergyError> {
        let inventory = Inventory::look(&self.places, &self.meters);
        let variable = |name: &str| self.places.environment.get(name).map(String::as_str);
        match variable("CUDA_VISIBLE_DEVICES") {
            Some(devices) => Ok(inventory.shown(devices, variable("CUDA_DEVICE_ORDER"))?),
            None => Ok(inventory),
        }
    }

    /// What the estimate takes for a busy logical processor.
    pub(in crate::energy) fn figure(&self) -> Figure {
        self.watts_per_core.map_or_else(|| Figure::of(&Processor::of(&self.places.proc)), Figure::set)
    }

    /// The counters of processors, with all that a look at them found, where it gave an answer.
    fn open_rapl(&self) -> (Option<Vec<Found>>, Result<OpenMeters, EnergyError>) {
        if self.share {
            return (None, Err(unshared(MeterKind::Rapl)));
        }
        let (ways, without) = (self.places.rapl(), self.without.clone());
        let left_out = move |domain: &Domain| {
            let mut consumer = Consumer::new(domain.kind, &domain.id, String::new());
            consumer.domain = Some(domain.clone());
            is_left_out(&consumer, &without)
        };
        let limit = self.limits.unwrap_or_else(Limits::of_environment).asking;
        match in_time("rapl", limit, move || Ok(RaplMeter::look_and_open(&ways, &left_out))) {
            Ok((found, opened)) => (Some(found), opened.map(|meter| vec![Box::new(meter) as _])),
            Err(late) => (None, Err(late)),
        }
    }

    fn open_kind(&self, kind: MeterKind, inventory: &Inventory) -> Result<Vec<Box<dyn Meter>>, EnergyError> {
        let limit = self.limits.unwrap_or_else(Limits::of_environment).asking;
        let meter: Box<dyn Meter> = match kind {
            MeterKind::Nvml => {
                let wanted = inventory.gpus(&self.without);
                if wanted.is_empty() {
                    let (reason, remedy) = inventory.no_gpu();
                    return Err(EnergyError::Unavailable { meter: "nvml", reason, remedy });
                }
                return open_nvml(&self.places, self.share, &wanted);
            }
            MeterKind::Psys if self.share => return Err(unshared(kind)),
            MeterKind::Rapl => return self.open_rapl().1,
            MeterKind::Psys => {
                let ways = self.places.rapl();
                Box::new(in_time("psys", limit, move || RaplMeter::platform(&ways))?)
            }
            MeterKind::Estimate => {
                let (Places { proc, process, with_process, .. }, figure) = (self.places.clone(), self.figure());
                Box::new(in_time("estimate", limit, move || {
                    EstimateMeter::open(&proc, process, with_process, &figure)
                })?)
            }
        };
        Ok(vec![meter])
    }
}

/// What is said of counters that are everybody's, where devices are shared.
fn unshared(kind: MeterKind) -> EnergyError {
    EnergyError::Unavailable {
        meter: kind.name(),
        reason: "it counts the work of everybody on the machine, which cannot be shared out".to_owned(),
        remedy: "use the meter `estimate` for processors, or have the machine alone (without `share`)".to_owned(),
    }
}

/// What the kernel shows as files may hang as drivers do: a pipe in place of a counter, a dead mount.
pub(in crate::energy) fn in_time<M: Send + 'static>(
    meter: &'static str,
    limit: Duration,
    open: impl FnOnce() -> Result<M, EnergyError> + Send + 'static,
) -> Result<M, EnergyError> {
    let opened = within(limit, open);
    opened.unwrap_or_else(|silence| {
        let remedy = "see what hangs where its files are".to_owned();
        Err(EnergyError::Unavailable { meter, reason: silence.to_string(), remedy })
    })
}

/// The meters of these GPUs, by UUID, one for each, so that one that hangs or fails keeps no other from being read.
#[cfg(feature = "nvml")]
fn open_nvml(places: &Places, share: bool, wanted: &[String]) -> Result<Vec<Box<dyn Meter>>, EnergyError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let whole = NvmlMeter::open(places.nvml_library.as_deref(), places.policy())?.only(wanted);
    let each = whole.into_iter().flat_map(NvmlMeter::each).map(|meter| -> Result<Box<dyn Meter>, EnergyError> {
        if !share {
            return Ok(Box::new(meter));
        }
        let family = Family::new(places.proc.clone(), places.process);
        Ok(Box::new(in_time("nvml", Limits::of_environment().asking, move || SharedMeter::new(meter, family))?))
    });
    each.collect()
}

#[cfg(feature = "nvml")]
fn gpus(places: &Places) -> Result<Vec<GpuIdentity>, EnergyError> {
    crate::energy::meters::nvml::gpus(places.nvml_library.as_deref())
}

#[cfg(not(feature = "nvml"))]
fn open_nvml(_: &Places, _: bool, _: &[String]) -> Result<Vec<Box<dyn Meter>>, EnergyError> {
    Ok(Vec::new())
}

#[cfg(not(feature = "nvml"))]
fn gpus(_: &Places) -> Result<Vec<GpuIdentity>, EnergyError> {
    Err(left_out())
}

/// What a build without GPUs says where they are asked for.
#[cfg(not(feature = "nvml"))]
pub(in crate::energy) fn left_out() -> EnergyError {
    EnergyError::Unavailable {
        meter: "nvml",
        reason: "this build leaves NVIDIA GPUs out".to_owned(),
        remedy: "build with the feature `nvml`".to_owned(),
    }
}
