//! The GPUs of the machine.

use nvml_wrapper::Nvml;

use super::super::builder::MigPolicy;
use super::Obstacle;
use super::ladder::Rung;

/// One GPU, as the driver shows it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Board {
    pub(crate) index: u32,
    /// UUID and name, or why they cannot be had.
    pub(crate) identity: Result<(String, String), Obstacle>,
    /// The best way to its energy, or why there is none.
    pub(crate) rung: Result<Rung, Obstacle>,
    /// Whether it is cut into instances (MIG).
    pub(crate) mig: bool,
}

/// All GPUs of the machine.
pub(crate) fn survey(nvml: &Nvml, policy: MigPolicy) -> Result<Vec<Board>, Obstacle> {
    let count = nvml.device_count().map_err(|error| Obstacle::of(&error))?;
    Ok((0..count).map(|index| board(nvml, index, policy)).collect())
}

fn board(nvml: &Nvml, index: u32, policy: MigPolicy) -> Board {
    let device = match nvml.device_by_index(index) {
        Ok(device) => device,
        Err(error) => {
            let obstacle = Obstacle::of(&error);
            return Board { index, identity: Err(obstacle.clone()), rung: Err(obstacle), mig: false };
        }
    };
    let name = || device.name().unwrap_or_else(|_| "NVIDIA GPU".to_owned());
    let identity = device.uuid().map(|uuid| (uuid, name())).map_err(|error| Obstacle::of(&error));
    let mig = device.mig_mode().is_ok_and(|mode| mode.current != 0);
    let rung = match policy {
        MigPolicy::Refuse if mig => Err(Obstacle::instances()),
        MigPolicy::Refuse | MigPolicy::WholeBoard => Rung::best(&device).map_err(|error| Obstacle::of(&error)),
    };
    Board { index, identity, rung, mig }
}
