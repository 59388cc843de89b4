//! The GPUs that the driver shows.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper::{Device, Nvml};

use super::driver::{NvmlDriver, load};
use super::ladder::Rung;
use super::obstacle::{Obstacle, is_absent, unavailable};
use crate::energy::error::EnergyError;
use crate::energy::gpus::mig::{MigInstance, MigPolicy};
use crate::energy::gpus::visible::GpuIdentity;
use crate::energy::system::deadline::{CallLimits, NoAnswer, PendingCall};

/// One GPU, as the driver shows it. What it does not tell is `None`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ListedBoard {
    pub(crate) index: u32,
    pub(crate) uuid: Option<String>,
    pub(crate) name: Option<String>,
    /// Its address on the bus, as the driver writes it.
    pub(crate) address: Option<String>,
    /// The best way to its energy, or why there is none, or none by which it could be told from others.
    pub(crate) rung: Result<Rung, Obstacle>,
    /// The instances that it is cut into (MIG), as far as they are told; `None` if it is whole.
    pub(crate) instances: Option<Vec<MigInstance>>,
    /// Why nobody knows whether it is cut into instances, where that is so.
    pub(crate) mig_unknown: Option<String>,
    /// This process may not use it: the driver counts it and gives no handle of it.
    pub(crate) is_denied: bool,
}

impl ListedBoard {
    fn unknown(index: u32, obstacle: Obstacle) -> Self {
        Self {
            index,
            uuid: None,
            name: None,
            address: None,
            rung: Err(obstacle),
            instances: None,
            mig_unknown: None,
            is_denied: false,
        }
    }

    /// Whether it is cut into instances (MIG).
    pub(crate) fn is_cut(&self) -> bool {
        self.instances.is_some()
    }
}

/// Which GPUs are metered that cannot be simply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GpuPolicy {
    pub(crate) mig: MigPolicy,
    /// Whether those that tell neither energy nor power are estimated.
    pub(crate) estimate: bool,
}

impl From<MigPolicy> for GpuPolicy {
    fn from(mig: MigPolicy) -> Self {
        Self { mig, estimate: false }
    }
}

/// All GPUs that the driver shows. They are asked side by side: one that hangs keeps no other from being seen.
pub(crate) fn survey(nvml: &Arc<NvmlDriver>, policy: GpuPolicy) -> Result<Vec<ListedBoard>, Obstacle> {
    let what = "how many GPUs there are";
    let count = nvml.open(what, |nvml| nvml.device_count()).map_err(|silence| Obstacle::silent(what, &silence))?;
    let count = count.map_err(|error| Obstacle::of(&error))?;
    let asked: Vec<_> = (0..count).map(|index| Asked::begin(nvml, index, policy)).collect();
    Ok(asked.into_iter().map(Asked::board).collect())
}

/// A GPU that is being asked.
struct Asked {
    index: u32,
    call: Result<PendingCall<ListedBoard>, NoAnswer>,
    /// What it has told so far.
    told: Arc<Mutex<Option<ListedBoard>>>,
}

impl Asked {
    fn begin(nvml: &Arc<NvmlDriver>, index: u32, policy: GpuPolicy) -> Self {
        let told = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&told);
        let call = nvml.begin(&format!("GPU {index}"), move |nvml| board(nvml, index, policy, &shared));
        Self { index, call, told }
    }

    fn board(self) -> ListedBoard {
        let Self { index, call, told } = self;
        let answer = call.and_then(|call| call.within(CallLimits::of_environment().opening));
        answer.unwrap_or_else(|silence| {
            let obstacle = Obstacle::silent(&format!("GPU {index}"), &silence);
            let known = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let known = known.unwrap_or_else(|| ListedBoard::unknown(index, obstacle.clone()));
            ListedBoard { rung: Err(obstacle), ..known }
        })
    }
}

fn board(nvml: &Nvml, index: u32, policy: GpuPolicy, told: &Mutex<Option<ListedBoard>>) -> ListedBoard {
    let device = match nvml.device_by_index(index) {
        Ok(device) => device,
        Err(error) => {
            let is_denied = matches!(error, NvmlError::NoPermission);
            return ListedBoard { is_denied, ..ListedBoard::unknown(index, Obstacle::of(&error)) };
        }
    };
    let uuid = device.uuid();
    let nameless = uuid.as_ref().err().map(Obstacle::of);
    let mut board = ListedBoard::unknown(index, Obstacle::instances());
    board.uuid = uuid.ok();
    board.name = device.name().ok();
    board.address = device.pci_info().ok().map(|pci| pci.bus_id);
    *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(board.clone());
    let mode = device.mig_mode();
    board.mig_unknown = mode.as_ref().err().filter(|error| !is_absent(error)).map(ToString::to_string);
    let is_cut = mode.is_ok_and(|mode| mode.current != 0);
    board.instances = is_cut.then(|| instances(&device).unwrap_or_default());
    board.rung = match (nameless, policy.mig) {
        (Some(obstacle), _) => Err(obstacle),
        (None, MigPolicy::Refuse) if is_cut => Err(Obstacle::instances()),
        (None, MigPolicy::Refuse | MigPolicy::WholeBoard) => match Rung::best(&device) {
            Err(error) if policy.estimate && is_absent(&error) => Rung::model(&device),
            found => found,
        }
        .map_err(|error| Obstacle::of(&error)),
    };
    board
}

/// What is known of the GPUs, whatever came of asking for them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum BoardListing {
    /// The driver shows these.
    Boards(Vec<ListedBoard>),
    /// It shows none.
    Failed {
        obstacle: Obstacle,
        /// Whether there is a driver at work: then there is a GPU, too.
        has_driver: bool,
    },
}

/// The GPUs that the driver shows, within the time that it may take to start.
pub(crate) fn list(library: Option<&Path>, policy: GpuPolicy) -> BoardListing {
    let driver = match NvmlDriver::load(library) {
        Ok(Ok(driver)) => driver,
        Ok(Err(error)) => {
            return BoardListing::Failed {
                obstacle: Obstacle::of_opening(library, &error),
                has_driver: !matches!(
                    error,
                    NvmlError::LibloadingError(_)
                        | NvmlError::LibraryNotFound
                        | NvmlError::DriverNotLoaded
                        | NvmlError::FailedToLoadSymbol(_)
                ),
            };
        }
        Err(silence) => {
            return BoardListing::Failed { obstacle: Obstacle::silent("its start", &silence), has_driver: true };
        }
    };
    match survey(&driver, policy) {
        Ok(boards) => BoardListing::Boards(boards),
        Err(obstacle) => BoardListing::Failed { obstacle, has_driver: true },
    }
}

/// What the GPUs of the machine are called by.
///
/// # Errors
///
/// Why a GPU's identity cannot be had: a list that lacks one would count the others wrongly.
pub(crate) fn identities(nvml: &Nvml) -> Result<Vec<GpuIdentity>, NvmlError> {
    let identity = |index: u32| {
        let device = nvml.device_by_index(index)?;
        let is_cut = device.mig_mode().is_ok_and(|mode| mode.current != 0);
        let instances = is_cut.then(|| instances(&device)).transpose()?;
        Ok(GpuIdentity { uuid: device.uuid()?, pci_bus_id: device.pci_info()?.bus_id, name: device.name()?, instances })
    };
    (0..nvml.device_count()?).map(identity).collect()
}

/// What the GPUs of this machine are called by.
pub(crate) fn gpus(library: Option<&Path>) -> Result<Vec<GpuIdentity>, EnergyError> {
    let nvml = load(library).map_err(unavailable)?;
    let what = "the names of its GPUs";
    let found = nvml.open(what, |nvml| identities(nvml));
    let found = found.map_err(|silence| unavailable(Obstacle::silent(what, &silence)))?;
    found.map_err(|error| unavailable(Obstacle::of(&error)))
}

fn instances(device: &Device<'_>) -> Result<Vec<MigInstance>, NvmlError> {
    let mut found = Vec::new();
    for index in 0..device.mig_device_count()? {
        let piece = match device.mig_device_by_index(index) {
            Ok(piece) => piece,
            // The places of a board are not all taken.
            Err(error) if is_absent(&error) => continue,
            Err(error) => return Err(error),
        };
        let (gpu_instance, compute_instance) = instance_numbers(&piece)?;
        found.push(MigInstance { uuid: piece.uuid()?, gpu_instance, compute_instance });
    }
    Ok(found)
}

/// The wrapper has no function for these.
fn instance_numbers(piece: &Device<'_>) -> Result<(u32, u32), NvmlError> {
    let library = piece.nvml().lib();
    let gpu_instance = nvml_sym(library.nvmlDeviceGetGpuInstanceId.as_ref())?;
    let compute_instance = nvml_sym(library.nvmlDeviceGetComputeInstanceId.as_ref())?;
    let mut numbers = (0, 0);
    // SAFETY: the handle belongs to the library that is called, and each function writes one number.
    unsafe {
        nvml_try(gpu_instance(piece.handle(), &raw mut numbers.0))?;
        nvml_try(compute_instance(piece.handle(), &raw mut numbers.1))?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::super::driver::load;
    use super::super::testing::FakeNvml;
    use super::*;

    #[test]
    fn gpus_and_their_instances_have_names() {
        let script =
            "gpu GPU-a NVIDIA_H200\npci 0000:3b:00.0\ngpu GPU-b B\nmig\ninstance MIG-1 3 0\ninstance MIG-2 4 1\n";
        let fake = FakeNvml::new(50.0, script);
        let found = identities(&load(Some(&fake.library())).unwrap()).unwrap();
        assert_eq!((found[0].name.as_str(), found[0].pci_bus_id.as_str()), ("NVIDIA H200", "00000000:3B:00.0"));
        assert_eq!(found[0].instances, None);
        let numbers = |piece: &MigInstance| (piece.uuid.clone(), piece.gpu_instance, piece.compute_instance);
        let pieces: Vec<_> = found[1].instances.iter().flatten().map(numbers).collect();
        assert_eq!(pieces, [("MIG-1".to_owned(), 3, 0), ("MIG-2".to_owned(), 4, 1)]);
    }

    #[test]
    fn a_gpu_without_a_name_spoils_the_list() {
        for fault in ["uuid", "name", "pci"] {
            let fake = FakeNvml::new(50.0, &format!("gpu GPU-a A\ngpu GPU-b B\nfault {fault} 4\n"));
            assert!(identities(&load(Some(&fake.library())).unwrap()).is_err(), "{fault}");
        }
    }
}
