//! Joules, and where they come from: plain data, without any metering.

mod baseline;
mod consumer;
mod device;
mod doubt;
mod quantity;
mod uncertainty;
mod window;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use baseline::{Baseline, DomainBaseline};
pub use consumer::{Consumer, ConsumerName, ConsumerNameError, Standing};
pub use device::DeviceState;
pub use doubt::Doubt;
pub use quantity::{JouleUnit, Joules, Watts};
pub use uncertainty::Uncertainty;
pub use window::{DomainEnergy, MissingEnergy, WindowEnergy};

/// How a figure of energy came about, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Difference of a hardware energy counter.
    Counter,
    /// Integral of power readings over time.
    PowerIntegral,
    /// A share of a measured total.
    Attributed,
    /// Told by the user's program.
    Reported,
    /// A model, not a measurement: CPU time times a stated figure of watts per core.
    Estimate,
}

impl Method {
    /// The word for outputs, such as `counter` or `ESTIMATED`.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::PowerIntegral => "power integral",
            Self::Attributed => "attributed",
            Self::Reported => "reported",
            Self::Estimate => "ESTIMATED",
        }
    }

    /// Whether the figure is a model's and not a measurement.
    #[must_use]
    pub fn is_estimate(self) -> bool {
        self == Self::Estimate
    }
}

/// The kind of hardware whose energy is metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DomainKind {
    /// A graphics processor with its board.
    Gpu,
    /// A processor package, or the processors of a machine taken together.
    Cpu,
    /// Main memory.
    Dram,
    /// What computes and is neither a processor nor a graphics processor.
    Accelerator,
    /// A whole machine as its maker wired the processor's counter `psys`: the processors, and whatever else is behind it.
    Platform,
}

impl DomainKind {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Gpu, Self::Cpu, Self::Dram, Self::Accelerator, Self::Platform];

    /// The word in metric names: `gpu`, `cpu`, `dram`, `accelerator`, `platform`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpu => "gpu",
            Self::Cpu => "cpu",
            Self::Dram => "dram",
            Self::Accelerator => "accelerator",
            Self::Platform => "platform",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }
}

/// A piece of hardware with an energy figure of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Domain {
    /// What it is.
    pub kind: DomainKind,
    /// Which one: a GPU's UUID, `package-0`, `dram-0`, or `processes` for an estimate from CPU time.
    pub id: String,
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.id)
    }
}
