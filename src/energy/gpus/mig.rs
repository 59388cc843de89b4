//! GPUs that are cut into instances (MIG, multi-instance GPU).

use serde::{Deserialize, Serialize};

/// A piece of a GPU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigInstance {
    /// Such as `MIG-5a1c8e2f-...`.
    pub uuid: String,
    /// The number of its GPU instance.
    pub gpu_instance: u32,
    /// The number of its compute instance within that.
    pub compute_instance: u32,
}

/// What becomes of GPUs that are cut into instances (MIG). An instance has no power sensor and no energy counter: there are
/// only figures of the whole board, with the work of everybody on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum MigPolicy {
    /// They are not metered.
    #[default]
    Refuse,
    /// Their whole boards are, and the figures say so in [`EnergySource::sampling`](crate::energy::EnergySource::sampling). Right where one
    /// program has the board to itself.
    WholeBoard,
}
