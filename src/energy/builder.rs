//! Choosing and opening the meters of a session.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::clock::{Clock, MonotonicClock};
use super::error::EnergyError;
use super::estimate::EstimateMeter;
use super::lock::{DeviceLock, FOLDER, Hold, LOCK_FOLDER_VARIABLE};
use super::meter::Meter;
#[cfg(feature = "nvml")]
use super::nvml::NvmlMeter;
use super::process_tree::Family;
use super::processor::Processor;
use super::rapl::{RaplMeter, Ways, packages};
use super::session::{Opening, Session};
#[cfg(feature = "nvml")]
use super::share::SharedMeter;
use super::units::Method;
use super::visible::GpuIdentity;
use super::watts::Figure;

/// The default standard deviation of the gain of counters and power readings, as a part of the figure: normal, so that 95 %
/// of hardware is within 8 %.
///
/// Against an external meter, the built-in ones of NVIDIA boards were off by -5.8 % (A100), -5.6 % (RTX 3090), -5.3 % (RTX 4090),
/// -7.0 % (RTX A5000) and -0.4 % (GTX 1080 Ti), of one older board by 12.7 % (RTX 2060 Super): Yang, Adamek and Armour, "Part-time
/// Power Measurements: nvidia-smi's Lack of Attention", 2023 (<https://arxiv.org/abs/2312.02741>), in the data beside it.
pub const DEFAULT_GAIN: f64 = 0.04;

/// Twice a second: enough for every counter, and no burden on the driver.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// A meter that this crate brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MeterKind {
    /// NVIDIA GPUs, by their driver's library (feature `nvml`): the total-energy counter, else integrated power.
    Nvml,
    /// Processor packages and their memory, by the Linux powercap tree, or by the kernel's perf events where that cannot be
    /// read.
    Rapl,
    /// The platform as a whole by the processor's counter `psys`: the processors, and whatever else the board's maker wired
    /// to it. By name only, and alone.
    Psys,
    /// CPU time of this process and its descendants times a stated figure of watts: a model, not a measurement.
    Estimate,
}

impl MeterKind {
    /// All of them, in the order in which they are listed for people.
    pub const ALL: [Self; 4] = [Self::Nvml, Self::Rapl, Self::Psys, Self::Estimate];

    /// Its name in study files.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nvml => "nvml",
            Self::Rapl => "rapl",
            Self::Psys => "psys",
            Self::Estimate => "estimate",
        }
    }
}

impl fmt::Display for MeterKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for MeterKind {
    type Err = EnergyError;

    fn from_str(name: &str) -> Result<Self, EnergyError> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| EnergyError::UnknownMeter { name: name.to_owned() })
    }
}

/// Which meters a session uses: the word `auto`, or a list of names.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Meters {
    /// NVML if there is a GPU, RAPL if it can be read; the estimate in place of RAPL for work that uses no metered GPU.
    #[default]
    Auto,
    /// Exactly these; one that cannot be used is an error.
    #[serde(untagged)]
    List(Vec<MeterKind>),
}

impl Meters {
    /// The estimate alone.
    #[must_use]
    pub fn estimate() -> Self {
        Self::List(vec![MeterKind::Estimate])
    }
}

/// What becomes of GPUs that are cut into instances (MIG). An instance has no power sensor and no energy counter: there are
/// only figures of the whole board, with the work of everybody on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MigPolicy {
    /// They are not metered.
    #[default]
    Refuse,
    /// Their whole boards are, and the figures say so in [`Source::sampling`](super::Source::sampling). Right where one
    /// program has the board to itself.
    WholeBoard,
}

/// Settings of a [`Session`].
pub struct SessionBuilder {
    meters: Meters,
    own: Vec<Box<dyn Meter>>,
    watts_per_core: Option<f64>,
    gain: f64,
    share: bool,
    exclusive: Option<String>,
    locks: PathBuf,
    poll: Option<Duration>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) places: Places,
}

/// Where the meters look.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) root: PathBuf,
    /// That of `sys` if it is not given.
    pub(super) powercap: Option<PathBuf>,
    pub(super) sys: PathBuf,
    pub(super) proc: PathBuf,
    pub(super) process: u32,
    pub(super) with_process: bool,
    pub(super) nvml_library: Option<PathBuf>,
    pub(super) mig: MigPolicy,
    pub(super) gpu_estimate: bool,
    /// The values of `CUDA_VISIBLE_DEVICES` and `CUDA_DEVICE_ORDER`.
    pub(super) shown: Option<(String, Option<String>)>,
}

impl Places {
    #[cfg(feature = "nvml")]
    pub(super) fn policy(&self) -> super::nvml::Policy {
        super::nvml::Policy { mig: self.mig, estimate: self.gpu_estimate }
    }

    pub(super) fn rapl(&self) -> Ways {
        let powercap = self.powercap.clone().unwrap_or_else(|| self.sys.join("class/powercap"));
        Ways::new(powercap, self.sys.clone(), self.proc.clone())
    }
}

impl Default for SessionBuilder {
    fn default() -> Self {
        Self {
            meters: Meters::Auto,
            own: Vec::new(),
            watts_per_core: None,
            gain: DEFAULT_GAIN,
            share: false,
            exclusive: None,
            locks: std::env::var_os(LOCK_FOLDER_VARIABLE)
                .filter(|v| !v.is_empty())
                .map_or(FOLDER.into(), PathBuf::from),
            poll: Some(POLL_INTERVAL),
            clock: Arc::new(MonotonicClock),
            places: Places {
                root: PathBuf::from("/"),
                powercap: None,
                sys: PathBuf::from("/sys"),
                proc: PathBuf::from("/proc"),
                process: std::process::id(),
                with_process: true,
                nvml_library: None,
                mig: MigPolicy::default(),
                gpu_estimate: false,
                shown: None,
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
    /// [`watts_per_core`](super::watts_per_core), by the processor's model.
    #[must_use]
    pub fn watts_per_core(mut self, watts: f64) -> Self {
        self.watts_per_core = Some(watts);
        self
    }

    /// How far counters and power readings are off in proportion, as a standard deviation: 0 to 1. Default:
    /// [`DEFAULT_GAIN`]. It widens the absolute [uncertainty](super::units::Uncertainty) of figures, and no comparison on
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

    /// The powercap tree. Default: `class/powercap` of the [`sysfs_root`](Self::sysfs_root).
    #[must_use]
    pub fn powercap_root(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.powercap = Some(path.into());
        self
    }

    /// Where the kernel shows its devices: the powercap tree, and the event source `power` by which processors are metered
    /// where that tree cannot be read. Default: `/sys`.
    #[must_use]
    pub fn sysfs_root(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.sys = path.into();
        self
    }

    /// The process file system. Default: `/proc`.
    #[must_use]
    pub fn proc_root(mut self, path: impl Into<PathBuf>) -> Self {
        self.places.proc = path.into();
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
    pub fn visible_devices(mut self, devices: Option<&str>, order: Option<&str>) -> Self {
        self.places.shown = devices.map(|devices| (devices.to_owned(), order.map(str::to_owned)));
        self
    }

    /// What NVIDIA's GPUs of this machine are called by, for [`visible_gpus`](super::visible_gpus).
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
        let auto = self.meters == Meters::Auto;
        let mut meters: Vec<(Box<dyn Meter>, bool)> = Vec::new();
        let missing_gpus_matter = match &self.meters {
            Meters::Auto => {
                // GPUs that are there and may be in use must not be missing without a word.
                meters.extend(open_nvml(&self.places, self.share, false)?.into_iter().map(|meter| (meter, false)));
                match self.open_kind(MeterKind::Rapl) {
                    Ok(found) => meters.extend(found.into_iter().map(|meter| (meter, false))),
                    Err(_) => match self.open_kind(MeterKind::Estimate) {
                        Ok(found) => meters.extend(found.into_iter().map(|meter| (meter, true))),
                        Err(error @ EnergyError::Setting { .. }) => return Err(error),
                        Err(error) if meters.is_empty() && self.own.is_empty() => return Err(error),
                        Err(_) => {}
                    },
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
                    meters.extend(self.open_kind(*kind)?.into_iter().map(|meter| (meter, false)));
                }
                kinds.contains(&MeterKind::Nvml)
            }
        };
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
        let instances = if missing_gpus_matter { instances(&self.places) } else { Vec::new() };
        let family = Family::new(self.places.proc, self.places.process);
        let (clock, poll, gain) = (self.clock, self.poll, self.gain);
        Session::start(meters, Opening { clock, poll, missing_gpus_matter, gain, locks, family, instances })
    }

    /// What the estimate takes for a busy logical processor.
    pub(super) fn figure(&self) -> Figure {
        self.watts_per_core.map_or_else(|| Figure::of(&Processor::of(&self.places.proc)), Figure::set)
    }

    fn open_kind(&self, kind: MeterKind) -> Result<Vec<Box<dyn Meter>>, EnergyError> {
        let meter: Box<dyn Meter> = match kind {
            MeterKind::Nvml => return open_nvml(&self.places, self.share, true),
            MeterKind::Rapl | MeterKind::Psys if self.share => {
                return Err(EnergyError::Unavailable {
                    meter: kind.name(),
                    reason: "it counts the work of everybody on the machine, which cannot be shared out".to_owned(),
                    remedy: "use the meter `estimate` for processors, or have the machine alone (without `share`)"
                        .to_owned(),
                });
            }
            MeterKind::Rapl => Box::new(RaplMeter::open(&self.places.rapl(), &|_| false)?),
            MeterKind::Psys => Box::new(RaplMeter::platform(&self.places.rapl())?),
            MeterKind::Estimate => Box::new(EstimateMeter::open(
                &self.places.proc,
                self.places.process,
                self.places.with_process,
                &self.figure(),
            )?),
        };
        Ok(vec![meter])
    }
}

/// The meters of the GPUs that are to be seen; none, unless they are `needed`, if there are none. Shared GPUs have one each, so that
/// one that fails keeps no other from being read when it is due.
#[cfg(feature = "nvml")]
fn open_nvml(places: &Places, share: bool, needed: bool) -> Result<Vec<Box<dyn Meter>>, EnergyError> {
    let Some(whole) = shown_gpus(places, needed)? else { return Ok(Vec::new()) };
    if !share {
        return Ok(vec![Box::new(whole)]);
    }
    let gpus: Vec<String> = whole.sources().iter().map(|source| source.domain.id.clone()).collect();
    let mut meters: Vec<Box<dyn Meter>> = Vec::new();
    for gpu in gpus {
        let meter = NvmlMeter::open(places.nvml_library.as_deref(), places.policy())?;
        if let Some(meter) = meter.only(&[gpu]) {
            meters.push(Box::new(SharedMeter::new(meter, Family::new(places.proc.clone(), places.process))?));
        }
    }
    Ok(meters)
}

#[cfg(feature = "nvml")]
fn shown_gpus(places: &Places, needed: bool) -> Result<Option<NvmlMeter>, EnergyError> {
    let meter = match NvmlMeter::open(places.nvml_library.as_deref(), places.policy()) {
        Ok(meter) => meter,
        Err(error) if needed => return Err(error),
        Err(_) => return Ok(None),
    };
    let Some((devices, order)) = &places.shown else { return Ok(Some(meter)) };
    let visible = super::visible::visible_gpus(Some(devices), order.as_deref(), &gpus(places)?)?;
    let uuids: Vec<String> = visible.gpus.into_iter().map(|gpu| gpu.uuid).collect();
    if uuids.is_empty() && !needed {
        return Ok(None);
    }
    let none = || EnergyError::Unavailable {
        meter: "nvml",
        reason: match uuids.is_empty() {
            true => format!("CUDA_VISIBLE_DEVICES = `{devices}` shows no GPU"),
            false => format!("no GPU that CUDA_VISIBLE_DEVICES = `{devices}` shows can be metered"),
        },
        remedy: match uuids.is_empty() {
            true => "name a GPU in it, or unset it".to_owned(),
            false => {
                "one that is cut into MIG instances needs `mig = \"whole-board\"` in [energy], or --mig-whole-board"
                    .to_owned()
            }
        },
    };
    meter.only(&uuids).ok_or_else(none).map(Some)
}

/// The instances of boards that are metered as a whole, and those boards.
#[cfg(feature = "nvml")]
fn instances(places: &Places) -> Vec<(String, String)> {
    // Without the list a program's instance is a GPU that has no meter, and is told so.
    let boards = match places.mig {
        MigPolicy::Refuse => Vec::new(),
        MigPolicy::WholeBoard => gpus(places).unwrap_or_default(),
    };
    let pairs = |board: GpuIdentity| {
        let pieces = board.instances.unwrap_or_default().into_iter();
        let names = pieces.flat_map(|piece| {
            let place = format!("MIG-{}/{}/{}", board.uuid, piece.gpu_instance, piece.compute_instance);
            [piece.uuid, place]
        });
        names.map(|name| (name, board.uuid.clone())).collect::<Vec<_>>()
    };
    boards.into_iter().flat_map(pairs).collect()
}

#[cfg(not(feature = "nvml"))]
fn instances(_: &Places) -> Vec<(String, String)> {
    Vec::new()
}

#[cfg(feature = "nvml")]
fn gpus(places: &Places) -> Result<Vec<GpuIdentity>, EnergyError> {
    super::nvml::gpus(places.nvml_library.as_deref())
}

#[cfg(not(feature = "nvml"))]
fn open_nvml(_: &Places, _: bool, needed: bool) -> Result<Vec<Box<dyn Meter>>, EnergyError> {
    if needed { Err(left_out()) } else { Ok(Vec::new()) }
}

#[cfg(not(feature = "nvml"))]
fn gpus(_: &Places) -> Result<Vec<GpuIdentity>, EnergyError> {
    Err(left_out())
}

/// What a build without GPUs says where they are asked for.
#[cfg(not(feature = "nvml"))]
pub(super) fn left_out() -> EnergyError {
    EnergyError::Unavailable {
        meter: "nvml",
        reason: "this build leaves NVIDIA GPUs out".to_owned(),
        remedy: "build with the feature `nvml`".to_owned(),
    }
}
