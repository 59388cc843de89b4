//! Who uses a GPU.

use nvml_wrapper::Device;
use nvml_wrapper::error::{NvmlError, nvml_sym, nvml_try};
use nvml_wrapper::struct_wrappers::device::ProcessUtilizationSample;

use super::super::meter::Meter;
use super::super::share::users::{Users, UtilizationSample};
use super::meter::NvmlMeter;
use super::obstacle::{failed, is_absent};
use crate::energy::error::EnergyError;

/// Room for so many processes at first.
const ROOM: u32 = 128;

/// And never for more than so many.
const MOST: u32 = 65_536;

impl Users for NvmlMeter {
    fn shareable(&self, source: usize) -> Result<(), EnergyError> {
        let domain = self.sources()[source].domain.clone();
        let refuse = |reason: String, remedy: &str| {
            Err(EnergyError::Unshareable { domain: domain.clone(), reason, remedy: remedy.to_owned() })
        };
        let device = self.device(source).map_err(|error| failed(&domain, &error))?;
        if device.mig_mode().is_ok_and(|mode| mode.current != 0) {
            return refuse(
                "it is cut into MIG instances, whose processes the driver does not tell apart".to_owned(),
                "join it again (`nvidia-smi -i 0 -mig 0`), or have it alone (without `share`)",
            );
        }
        if self.holders(source).is_none() {
            return refuse(
                "the driver does not tell which processes hold it".to_owned(),
                "have it alone (without `share`), or let this user see them",
            );
        }
        match utilization(&device, 0) {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => refuse(
                format!("the driver does not tell what each process does on it ({error})"),
                "have it alone (without `share`); Maxwell and later tell it, outside of virtual machines and WSL",
            ),
            Err(NvmlError::NoPermission) => refuse(
                "this user may not see what each process does on it".to_owned(),
                "run as one who may, or have it alone (without `share`)",
            ),
            Err(error) => Err(failed(&domain, &error)),
        }
    }

    fn busy(&self, source: usize, since_us: u64) -> Result<Vec<UtilizationSample>, EnergyError> {
        let told = self.device(source).and_then(|device| utilization(&device, since_us));
        told.map_err(|error| match failed(&self.sources()[source].domain, &error) {
            EnergyError::Read { domain, reason } => {
                EnergyError::Read { domain, reason: format!("the utilisation of its processes: {reason}") }
            }
            lost => lost,
        })
    }

    fn holders(&self, source: usize) -> Option<Vec<u32>> {
        self.known_holders(source)
    }
}

/// The mean utilisation of each process since the samples of this date, in one call of the driver; none if there are no newer
/// ones. The wrapper's own function asks twice, for how many there are as well.
pub(crate) fn utilization(device: &Device<'_>, since_us: u64) -> Result<Vec<UtilizationSample>, NvmlError> {
    let get = nvml_sym(device.nvml().lib().nvmlDeviceGetProcessUtilization.as_ref())?;
    let mut room = ROOM;
    loop {
        let mut count = room;
        // SAFETY: a sample is six numbers, for which zeros will do.
        let mut samples = vec![unsafe { std::mem::zeroed() }; room as usize];
        // SAFETY: the handle belongs to the library that is called, and there is room for as many samples as `count` says.
        let code = unsafe { get(device.handle(), samples.as_mut_ptr(), &raw mut count, since_us) };
        match nvml_try(code) {
            Ok(()) => {
                samples.truncate(count as usize);
                let samples = samples.into_iter().map(ProcessUtilizationSample::from);
                let busy = |s: ProcessUtilizationSample| UtilizationSample {
                    pid: s.pid,
                    at_us: s.timestamp,
                    percent: s.sm_util,
                };
                return Ok(samples.map(busy).collect());
            }
            Err(NvmlError::NotFound) => return Ok(Vec::new()),
            Err(NvmlError::InsufficientSize(_)) if room < MOST => room = count.clamp(room * 2, MOST),
            Err(error) => return Err(error),
        }
    }
}
