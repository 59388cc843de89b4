//! Who uses a device.

use super::super::meter::Meter;
use crate::energy::error::EnergyError;

/// What a process did on a device of late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UtilizationSample {
    pub(crate) pid: u32,
    /// When the driver sampled this, in microseconds by the wall clock.
    pub(crate) at_us: u64,
    /// For how much of the time its kernels ran.
    pub(crate) percent: u32,
}

/// A meter that knows who uses its devices.
pub(crate) trait Users: Meter {
    /// Whether the device of a source can be shared out.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unshareable`] if not.
    fn shareable(&self, source: usize) -> Result<(), EnergyError>;

    /// The mean utilisation of each process since the samples of this date, of those that computed; empty if there is no newer
    /// sample.
    fn busy(&self, source: usize, since_us: u64) -> Result<Vec<UtilizationSample>, EnergyError>;

    /// The processes that hold the device, whether or not they compute; `None` if that cannot be told.
    fn holders(&self, source: usize) -> Option<Vec<u32>>;
}
