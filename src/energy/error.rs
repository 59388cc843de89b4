//! What can go wrong with metering.

use crate::energy::units::PowerDomain;

/// Why energy cannot be metered, or a figure could not be had.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnergyError {
    /// A meter of this name does not exist.
    #[error("unknown meter `{name}`: the meters are nvml, rapl, psys and estimate")]
    UnknownMeter {
        /// The name that was given.
        name: String,
    },
    /// A session was asked for without a single meter.
    #[error("no meter was chosen: name at least one of nvml, rapl, psys and estimate, or use auto")]
    NoMeter,
    /// A meter that was asked for cannot work here.
    #[error("the meter `{meter}` cannot be used: {reason}; {remedy}")]
    Unavailable {
        /// The meter.
        meter: &'static str,
        /// What is in the way.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// A setting of the session outside its range.
    #[error("{setting} = {value} is out of range: {expected}")]
    Setting {
        /// The name of the setting.
        setting: &'static str,
        /// The value that was given.
        value: f64,
        /// What would do.
        expected: &'static str,
    },
    /// It cannot be told which GPUs the metered program sees.
    #[error(transparent)]
    Visible(#[from] crate::energy::gpus::visible::VisibleError),
    /// The thread that reads the meters cannot be started.
    #[error("the metering thread cannot be started: {reason}")]
    Background {
        /// What the system said.
        reason: String,
    },
    /// Another process meters this hardware, and its work would be in the figures.
    #[error(
        "{domain} is metered by {by} already, whose work would be in the figures: wait for it to end, use other hardware, or, \
         where the GPU's energy is enough, leave the processor out by `meters = [\"nvml\"]` in [energy]"
    )]
    InUse {
        /// The hardware.
        domain: PowerDomain,
        /// Who holds it, as far as told.
        by: String,
    },
    /// The file that locks metered hardware cannot be had.
    #[error("the lock file {} cannot be used: {reason}; name another folder by WATTFRONT_LOCKS", .path.display())]
    Lock {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A device that others use too does not tell who uses it.
    #[error("{domain} cannot be shared: {reason}; {remedy}")]
    Unshareable {
        /// The hardware.
        domain: PowerDomain,
        /// What is in the way.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// A session was asked to share its devices and to have them alone.
    #[error("a session cannot both share its devices and have them alone: leave out `share` or `exclusive`")]
    SharedAndExclusive,
    /// One reading failed; the next may succeed.
    #[error("reading {domain} failed: {reason}")]
    Read {
        /// What was read.
        domain: PowerDomain,
        /// What happened.
        reason: String,
    },
    /// A power limit or the clocks of a device cannot be set, or not be put back.
    #[error("the {what} of {domain}: {reason}; {remedy}")]
    Limit {
        /// The device.
        domain: PowerDomain,
        /// `power limit` or `SM clocks`.
        what: &'static str,
        /// What is in the way.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// The device is gone: fallen off the bus, or unusable until it is reset.
    #[error("the device {domain} is lost: {reason}; reset it or restart the machine")]
    DeviceLost {
        /// The device.
        domain: PowerDomain,
        /// What the driver said.
        reason: String,
    },
}

impl EnergyError {
    /// A reading of this hardware that failed, for this reason: what a meter of one's own answers with.
    pub fn unread(domain: &PowerDomain, reason: impl Into<String>) -> Self {
        Self::Read { domain: domain.clone(), reason: reason.into() }
    }

    /// What happened, without the words around it that name the domain of a reading.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Read { reason, .. } => reason.clone(),
            _ => self.to_string(),
        }
    }

    /// Whether the device itself is gone, so that what ran on it failed through no fault of its own.
    #[must_use]
    pub fn is_device_lost(&self) -> bool {
        matches!(self, Self::DeviceLost { .. })
    }
}

/// What a build without GPUs says where they are asked for.
#[cfg(not(feature = "nvml"))]
pub(crate) fn left_out() -> EnergyError {
    EnergyError::Unavailable {
        meter: "nvml",
        reason: "this build leaves NVIDIA GPUs out".to_owned(),
        remedy: "build with the feature `nvml`".to_owned(),
    }
}
