//! Where the meters look.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::rapl::RaplWays;
use crate::energy::gpus::mig::MigPolicy;

/// Where the meters look.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) root: PathBuf,
    /// That of `sys` if it is not given.
    pub(crate) powercap: Option<PathBuf>,
    pub(crate) sys: PathBuf,
    pub(crate) proc: PathBuf,
    /// Where the kernel describes the machine; that of processes if it is not given.
    pub(crate) machine: Option<PathBuf>,
    pub(crate) process: u32,
    pub(crate) with_process: bool,
    pub(crate) nvml_library: Option<PathBuf>,
    pub(crate) mig: MigPolicy,
    pub(crate) gpu_estimate: bool,
    /// What the program's environment says of GPUs.
    pub(crate) environment: BTreeMap<String, String>,
}

impl Places {
    /// Where the kernel describes the machine: `cpuinfo` and `driver/nvidia`.
    pub(crate) fn machine(&self) -> &Path {
        self.machine.as_deref().unwrap_or(&self.proc)
    }

    #[cfg(feature = "nvml")]
    pub(crate) fn policy(&self) -> super::nvml::GpuPolicy {
        super::nvml::GpuPolicy { mig: self.mig, estimate: self.gpu_estimate }
    }

    pub(crate) fn rapl(&self) -> RaplWays {
        let powercap = self.powercap.clone().unwrap_or_else(|| self.sys.join("class/powercap"));
        RaplWays::new(powercap, self.sys.clone(), self.proc.clone())
    }
}
