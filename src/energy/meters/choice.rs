//! Which meters are chosen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::energy::error::EnergyError;
use crate::energy::units::DomainKind;

/// A meter that this crate brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
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

    /// The kinds of hardware that it has figures of.
    #[must_use]
    pub fn reads(self) -> &'static [DomainKind] {
        match self {
            Self::Nvml => &[DomainKind::Gpu],
            Self::Rapl => &[DomainKind::Cpu, DomainKind::Dram],
            Self::Psys => &[DomainKind::Platform],
            Self::Estimate => &[DomainKind::Cpu],
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
#[non_exhaustive]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_every_meter() {
        for error in [EnergyError::UnknownMeter { name: "no".to_owned() }, EnergyError::NoMeter] {
            let help = error.help().unwrap();
            for kind in MeterKind::ALL {
                assert!(help.contains(kind.name()), "{kind}: {help}");
            }
        }
    }
}
