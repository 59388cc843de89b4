//! Where a study ran.

use serde::{Deserialize, Serialize};

use super::DataSeen;
use crate::energy::units::Consumer;

/// A graphics processor.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Gpu {
    /// Product name.
    pub name: String,
    /// The UUID that NVML gives.
    pub uuid: String,
}

/// The machine and the program, as far as results depend on them. Fields that could not be found out are empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Environment {
    /// Version of this program.
    pub wattfront: String,
    /// Features that it was built with.
    pub features: Vec<String>,
    /// Operating system and kernel.
    pub os: String,
    /// Processor model.
    pub cpu: String,
    /// Logical processors that this process may use.
    pub cores: usize,
    /// Main memory, in bytes.
    pub memory_bytes: u64,
    /// Graphics processors.
    pub gpus: Vec<Gpu>,
    /// Version of the graphics driver.
    pub driver: Option<String>,
    /// Version of libtorch.
    pub libtorch: Option<String>,
    /// What is metered and how, a line per domain.
    pub meters: Vec<String>,
    /// Everything that draws power there, with a figure or without; empty where nobody looked, as in older records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub consumers: Vec<Consumer>,
    /// What the trainer's data were taken for, if it trains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<DataSeen>,
}
