//! The hardware that a figure is of.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kind of hardware whose energy is metered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
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
pub struct PowerDomain {
    /// What it is.
    pub kind: DomainKind,
    /// Which one: a GPU's UUID, `package-0`, `dram-0`, or `processes` for an estimate from CPU time.
    pub id: String,
}

impl PowerDomain {
    /// The hardware of this kind and name.
    pub fn new(kind: DomainKind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }
}

impl fmt::Display for PowerDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.name(), self.id)
    }
}
