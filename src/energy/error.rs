//! What can go wrong with metering.

use std::borrow::Cow;

use crate::energy::units::PowerDomain;

/// Why energy cannot be metered, or a figure could not be had.
///
/// [`Display`](std::fmt::Display) says what is wrong, [`help`](Self::help) what to do about it, and [`with_help`](Self::with_help)
/// both in one sentence.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnergyError {
    /// A meter of this name does not exist.
    #[error("unknown meter `{name}`")]
    UnknownMeter {
        /// The name that was given.
        name: String,
    },
    /// A session was asked for without a single meter.
    #[error("no meter was chosen")]
    NoMeter,
    /// A meter that was asked for cannot work here.
    #[error("the meter `{meter}` cannot be used: {reason}")]
    Unavailable {
        /// The meter.
        meter: &'static str,
        /// What is in the way.
        reason: String,
        /// What to do about it.
        remedy: String,
        /// What can be chosen by name to meter it all the same.
        alternative: Option<Alternative>,
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
    #[error("{domain} is metered by {by} already, whose work would be in the figures")]
    InUse {
        /// The hardware.
        domain: PowerDomain,
        /// Who holds it, as far as told.
        by: String,
    },
    /// The file that locks metered hardware cannot be had.
    #[error("the lock file {} cannot be used: {reason}", .path.display())]
    Lock {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A device that others use too does not tell who uses it.
    #[error("{domain} cannot be shared: {reason}")]
    Unshareable {
        /// The hardware.
        domain: PowerDomain,
        /// What is in the way.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// A session was asked to share its devices and to have them alone.
    #[error("a session cannot both share its devices and have them alone")]
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
    #[error("the {what} of {domain}: {reason}")]
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
    #[error("the device {domain} is lost: {reason}")]
    DeviceLost {
        /// The device.
        domain: PowerDomain,
        /// What the driver said.
        reason: String,
    },
}

/// What meters hardware that is not metered unless somebody chooses so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Alternative {
    /// Whole boards of GPUs that are cut into instances: [`MigPolicy::WholeBoard`](crate::energy::MigPolicy::WholeBoard).
    WholeBoard,
    /// The meter of the platform as a whole: [`MeterKind::Psys`](crate::energy::MeterKind::Psys).
    Platform,
}

impl EnergyError {
    /// A reading of this hardware that failed, for this reason: what a meter of one's own answers with.
    pub fn unread(domain: &PowerDomain, reason: impl Into<String>) -> Self {
        Self::Read { domain: domain.clone(), reason: reason.into() }
    }

    /// What to do about it; `None` where there is nothing to be done, or what is wrong says it already.
    ///
    /// ```
    /// use wattfront::energy::{EnergyError, MeterKind};
    ///
    /// let error = "rappel".parse::<MeterKind>().unwrap_err();
    /// assert_eq!(error.to_string(), "unknown meter `rappel`");
    /// assert_eq!(error.help().as_deref(), Some("the meters are nvml, rapl, psys and estimate"));
    /// ```
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        let fixed = |text: &'static str| Some(Cow::Borrowed(text));
        match self {
            Self::UnknownMeter { .. } => fixed("the meters are nvml, rapl, psys and estimate"),
            Self::NoMeter => fixed("name at least one of nvml, rapl, psys and estimate, or use auto"),
            Self::Unavailable { remedy, .. } | Self::Unshareable { remedy, .. } | Self::Limit { remedy, .. } => {
                (!remedy.is_empty()).then(|| Cow::Owned(remedy.clone()))
            }
            Self::Visible(error) => error.help(),
            Self::InUse { .. } => fixed(
                "wait for it to end, use other hardware, or, where the GPU's energy is enough, leave the processor out by \
                 `meters = [\"nvml\"]` in [energy]",
            ),
            Self::Lock { .. } => fixed("name another folder by WATTFRONT_LOCKS"),
            Self::SharedAndExclusive => fixed("leave out `share` or `exclusive`"),
            Self::Background { .. } => {
                fixed("see whether the limits of processes and memory leave room for a thread (`ulimit -a`)")
            }
            Self::DeviceLost { .. } => fixed("reset it or restart the machine"),
            Self::Setting { .. } | Self::Read { .. } => None,
        }
    }

    /// What can be chosen by name to meter the hardware all the same, for programs that ask for it in words of their own.
    #[must_use]
    pub fn alternative(&self) -> Option<Alternative> {
        match self {
            Self::Unavailable { alternative, .. } => *alternative,
            _ => None,
        }
    }

    /// What is wrong and what to do about it, joined by a semicolon.
    #[must_use]
    pub fn with_help(&self) -> String {
        self.help().map_or_else(|| self.to_string(), |help| format!("{self}; {help}"))
    }

    /// What happened, without the words around it that name the domain of a reading.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Read { reason, .. } => reason.clone(),
            _ => self.with_help(),
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
        alternative: None,
    }
}
