//! What a device does beside drawing power.

use serde::{Deserialize, Serialize};

/// The state of a device at one moment; `None` is what it does not tell.
///
/// Figures of a warm device are not those of a cold one. A device that throttles works at another speed than the one
/// that was asked for. Two windows compare if their devices were alike.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct DeviceState {
    /// Of the chip, in degrees Celsius.
    pub temperature_c: Option<f64>,
    /// Of the multiprocessors, in MHz.
    pub sm_clock_mhz: Option<u32>,
    /// Of the memory, in MHz.
    pub memory_clock_mhz: Option<u32>,
    /// Why its clocks are not as high as they could be, in words such as `power limit`; empty if they are, or nothing runs.
    pub throttled: Option<Vec<String>>,
    /// The power limit that is set, in watts.
    pub power_limit_watts: Option<f64>,
    /// The numbers of the processes that compute on it, in ascending order; those of other containers are often not shown.
    pub processes: Option<Vec<u32>>,
}
