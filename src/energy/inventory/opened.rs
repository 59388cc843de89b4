//! What a session has opened of the machine.

use crate::energy::error::EnergyError;
use crate::energy::meters::choice::Meters;
use crate::energy::meters::meter::EnergySource;
use crate::energy::meters::rapl::FoundCounter;
use crate::energy::units::ConsumerName;

/// What was opened of it.
pub(in crate::energy) struct OpenedMeters<'a> {
    /// What is read.
    pub(in crate::energy) sources: Vec<EnergySource>,
    /// What came of opening the counters of processors; `None` if they were not asked for.
    pub(in crate::energy) rapl: Option<Result<(), EnergyError>>,
    /// What a look at the counters of processors found when they were opened; `None` if it was not taken, or gave no answer.
    pub(in crate::energy) found: Option<Vec<FoundCounter>>,
    /// Why GPUs that could be metered are not.
    pub(in crate::energy) nvml: Option<EnergyError>,
    pub(in crate::energy) meters: &'a Meters,
    pub(in crate::energy) without: &'a [ConsumerName],
}
