//! The driver's library under deadlines: any of its calls may hang.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;

use super::obstacle::Obstacle;
use crate::energy::system::deadline::{CallLimits, NoAnswer, PendingCall};
use crate::energy::system::late::{begin_known, known};

/// The library is left for good within this time, or left to itself.
const LEAVING: Duration = Duration::from_millis(300);

/// The library, ready for use. Whatever keeps it from being left while a call is under way holds an [`Arc`] of it.
#[derive(Debug)]
pub(crate) struct NvmlDriver {
    /// There until it is dropped.
    nvml: Option<Nvml>,
    library: PathBuf,
}

impl Deref for NvmlDriver {
    type Target = Nvml;

    fn deref(&self) -> &Nvml {
        self.nvml.as_ref().expect("it is there until it is dropped")
    }
}

impl Drop for NvmlDriver {
    fn drop(&mut self) {
        if let Some(nvml) = self.nvml.take() {
            // Nothing is lost by a driver that hangs here, and nobody to tell. While an earlier call of this does, the library is
            // not left at all.
            let _ = known(&format!("shutdown {}", self.library.display()), LEAVING, move || drop(nvml));
        }
    }
}

impl NvmlDriver {
    /// Loads the library and starts it.
    pub(super) fn load(library: Option<&Path>) -> Result<Result<Arc<Self>, NvmlError>, NoAnswer> {
        let named = library.map(Path::to_owned);
        let library = named.clone().unwrap_or_else(|| PathBuf::from("libnvidia-ml.so.1"));
        let own = library.clone();
        known(&format!("init {}", library.display()), CallLimits::of_environment().opening, move || {
            let nvml = match &named {
                Some(path) => Nvml::builder().lib_path(path.as_os_str()).init(),
                None => Nvml::init(),
            };
            nvml.map(|nvml| Arc::new(Self { nvml: Some(nvml), library: own }))
        })
    }

    /// What a call gives that may bring up GPUs. `what` names it, and with what: while one of that name is late it is not made again.
    pub(super) fn open<T: Send + 'static>(
        self: &Arc<Self>,
        what: &str,
        call: impl FnOnce(&Arc<Self>) -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        self.begin(what, call)?.within(CallLimits::of_environment().opening)
    }

    /// The same, to be waited for later.
    pub(super) fn begin<T: Send + 'static>(
        self: &Arc<Self>,
        what: &str,
        call: impl FnOnce(&Arc<Self>) -> T + Send + 'static,
    ) -> Result<PendingCall<T>, NoAnswer> {
        let driver = Arc::clone(self);
        begin_known(&self.name(what), CallLimits::of_environment().opening, move || call(&driver))
    }

    /// What a call gives that is some milliseconds' work.
    pub(super) fn ask<T: Send + 'static>(
        self: &Arc<Self>,
        what: &str,
        limit: Duration,
        call: impl FnOnce(&Arc<Self>) -> T + Send + 'static,
    ) -> Result<T, NoAnswer> {
        let driver = Arc::clone(self);
        known(&self.name(what), limit, move || call(&driver))
    }

    fn name(&self, what: &str) -> String {
        format!("{what} {}", self.library.display())
    }
}

/// The library, ready for use.
pub(crate) fn load(library: Option<&Path>) -> Result<Arc<NvmlDriver>, Obstacle> {
    let loaded = NvmlDriver::load(library).map_err(|silence| Obstacle::silent("its start", &silence))?;
    loaded.map_err(|error| Obstacle::of_opening(library, &error))
}
