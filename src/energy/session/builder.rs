//! Choosing the meters of a session.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::energy::gpus::mig::MigPolicy;
use crate::energy::meters::choice::Meters;
use crate::energy::meters::meter::Meter;
use crate::energy::meters::places::Places;
use crate::energy::system::clock::{Clock, MonotonicClock};
use crate::energy::system::deadline::CallLimits;
use crate::energy::system::lock::{FOLDER, LOCK_FOLDER_VARIABLE};
use crate::energy::units::ConsumerName;

/// The default standard deviation of the gain of counters and power readings, as a part of the figure: normal, so that 95 %
/// of hardware is within 8 %.
///
/// Against an external meter, the built-in ones of NVIDIA boards were off by -5.8 % (A100), -5.6 % (RTX 3090), -5.3 %
/// (RTX 4090) and -7.0 % (RTX A5000). That of a GTX 1080 Ti was off by -0.4 %, and that of one older board by 12.7 %
/// (RTX 2060 Super). The source is Yang, Adamek and Armour, "Part-time Power Measurements: nvidia-smi's Lack of
/// Attention", 2023 (<https://arxiv.org/abs/2312.02741>), in the data beside it.
pub const DEFAULT_GAIN: f64 = 0.04;

/// The variables by which a program is shown GPUs, or not.
const ENVIRONMENT: [&str; 4] =
    ["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES"];

/// Names the folder in which `sys` and `proc` of the machine are, where they are not at the root: in a container that was given its
/// host's under another name, such as `/host`. What is there of processes is not looked at.
pub const HOST_VARIABLE: &str = "WATTFRONT_HOST";

/// Twice a second: enough for every counter, and no burden on the driver.
const POLL_INTERVAL: Duration = Duration::from_millis(500);

/// Settings of a [`Session`](super::Session).
pub struct SessionBuilder {
    pub(super) meters: Meters,
    pub(super) own: Vec<Box<dyn Meter>>,
    pub(super) watts_per_core: Option<f64>,
    pub(super) gain: f64,
    pub(super) share: bool,
    pub(super) without: Vec<ConsumerName>,
    pub(super) estimate_beside: bool,
    pub(super) exclusive: Option<String>,
    pub(super) locks: PathBuf,
    pub(super) poll: Option<Duration>,
    pub(in crate::energy) clock: Arc<dyn Clock>,
    /// For calls of drivers, in place of those of the environment.
    pub(in crate::energy) limits: Option<CallLimits>,
    pub(in crate::energy) places: Places,
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

    /// Locks the measured hardware for as long as the session lives. Another exclusive session on any of it, of
    /// whatever process or user, then fails with [`EnergyError::InUse`](crate::energy::EnergyError::InUse), and so does
    /// one that [shares](Self::share) it. The error names the `holder` given here. Estimates need no lock. Default: no
    /// lock is taken or heeded.
    ///
    /// The lock files are in `/tmp`, or in the folder that the environment variable [`LOCK_FOLDER_VARIABLE`] names; the locks
    /// end with the process, however it ends.
    #[must_use]
    pub fn exclusive(mut self, holder: impl Into<String>) -> Self {
        self.exclusive = Some(holder.into());
        self
    }

    /// Others may use the GPUs too: figures of them are [attributed](crate::energy::units::Method::Attributed), this session's part of the whole.
    /// Sessions that share a GPU hold it together: one that wants it [alone](Self::exclusive) fails as long as they live, and
    /// they fail while another has it alone. Default: figures are of whole GPUs, with the work of everybody on them.
    ///
    /// Ours are the processes of [`process`](Self::process), the process itself included. Twice a second the energy
    /// above the power at rest is split by the SM utilisation that the driver tells for each process
    /// (`nvmlDeviceGetProcessUtilization`). The power at rest is split evenly among the processes that hold the GPU. It
    /// is the least that was seen while nobody computed. The parts of all, and what is nobody's, add up to the whole.
    ///
    /// A window needs a second at least, and [`Session::settle`](super::Session::settle) waits for up to 1.7 s. There is neither net energy nor a
    /// [`Session::cross_check`](super::Session::cross_check) of a part. The counters of processors and memory cannot be shared out: with
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

    /// Starts no background thread. Then [`Session::poll`](super::Session::poll) must be called about twice a second. A
    /// counter that is left alone for longer than it takes to wrap leaves a gap. So does power that is left unread for
    /// over two seconds.
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
    pub(in crate::energy) fn limits(mut self, limits: CallLimits) -> Self {
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
}
