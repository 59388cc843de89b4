//! Opening the meters of a session.

use super::builder::SessionBuilder;
use super::{Consumers, Opening, Session};
use crate::energy::error::{Alternative, EnergyError};
use crate::energy::gpus::visible::GpuIdentity;
use crate::energy::inventory::{Inventory, OpenedMeters, is_left_out};
use crate::energy::meters::choice::{MeterKind, Meters};
use crate::energy::meters::estimate::EstimateMeter;
use crate::energy::meters::estimate::watts::WattsPerCore;
use crate::energy::meters::meter::Meter;
#[cfg(feature = "nvml")]
use crate::energy::meters::nvml::NvmlMeter;
use crate::energy::meters::places::Places;
use crate::energy::meters::rapl::{FoundCounter, RaplMeter, packages};
#[cfg(feature = "nvml")]
use crate::energy::meters::share::SharedMeter;
use crate::energy::system::deadline::{CallLimits, in_time};
use crate::energy::system::lock::{DeviceLock, Hold};
use crate::energy::system::process_tree::Descendants;
use crate::energy::system::processor::Processor;
use crate::energy::units::{Consumer, ConsumerName, Method, PowerDomain};

type OpenMeters = Vec<Box<dyn Meter>>;

impl SessionBuilder {
    /// What NVIDIA's GPUs of this machine are called by, for [`visible_gpus`](crate::energy::visible_gpus).
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] if there is no library or no driver, or one of the GPUs does not answer.
    pub fn gpus(&self) -> Result<Vec<GpuIdentity>, EnergyError> {
        gpus(&self.places)
    }

    /// Opens the meters and starts reading.
    ///
    /// # Errors
    ///
    /// [`EnergyError::NoMeter`] for an empty choice, [`EnergyError::Unavailable`] for a meter of a list that cannot work
    /// here, or if nothing can; [`EnergyError::InUse`] for hardware that an exclusive session holds, [`EnergyError::Lock`] if that
    /// cannot be told; [`EnergyError::Visible`] if nobody knows which GPUs are meant; [`EnergyError::Setting`] for a setting out of
    /// range; [`EnergyError::SharedAndExclusive`] for both, and [`EnergyError::Unshareable`] for a GPU that is to be shared
    /// and does not tell who uses it.
    pub fn open(self) -> Result<Session, EnergyError> {
        if !(0.0..=1.0).contains(&self.gain) {
            return Err(EnergyError::Setting { setting: "gain", value: self.gain, expected: "0 to 1" });
        }
        if self.share && self.exclusive.is_some() {
            return Err(EnergyError::SharedAndExclusive);
        }
        let limits = self.limits.map_or_else(CallLimits::asked, Ok)?;
        let auto = self.meters == Meters::Auto;
        let inventory = self.inventory()?;
        let wanted = inventory.gpus(&self.without);
        let mut meters: Vec<(Box<dyn Meter>, bool)> = Vec::new();
        let (mut rapl, mut nvml, mut found) = (None, None, None);
        let missing_gpus_matter = match &self.meters {
            Meters::Auto => {
                match open_nvml(&self.places, self.share, &wanted) {
                    Ok(found) => meters.extend(found.into_iter().map(|meter| (meter, false))),
                    Err(error @ EnergyError::Unshareable { .. }) => return Err(error),
                    // It is in the inventory that it has no figure.
                    Err(error) => nvml = Some(error),
                }
                let (seen, opened) = self.open_rapl();
                found = seen;
                match opened {
                    Ok(found) => {
                        rapl = Some(Ok(()));
                        meters.extend(found.into_iter().map(|meter| (meter, false)));
                    }
                    Err(error) => {
                        rapl = Some(Err(error));
                        match self.open_kind(MeterKind::Estimate, &inventory) {
                            _ if Inventory::leaves_processors_out(&self.places, &self.without) => {}
                            Ok(found) => meters.extend(found.into_iter().map(|meter| (meter, !self.estimate_beside))),
                            Err(error @ EnergyError::Setting { .. }) => return Err(error),
                            Err(error) if meters.is_empty() && self.own.is_empty() => return Err(error),
                            Err(_) => {}
                        }
                    }
                }
                true
            }
            Meters::List(kinds) => {
                let mut kinds = kinds.clone();
                kinds.sort_unstable();
                kinds.dedup();
                if kinds.contains(&MeterKind::Psys) && kinds.len() > 1 {
                    return Err(EnergyError::Unavailable {
                        meter: "psys",
                        reason: "its figure contains the processors, and whatever else the board's maker wired to it, which \
                                 other meters would add again"
                            .to_owned(),
                        remedy: "choose it alone, or leave it out".to_owned(),
                        alternative: None,
                    });
                }
                for kind in &kinds {
                    let opened = match kind {
                        MeterKind::Rapl => {
                            let (seen, opened) = self.open_rapl();
                            (rapl, found) = (Some(Ok(())), seen);
                            opened?
                        }
                        kind => self.open_kind(*kind, &inventory)?,
                    };
                    meters.extend(opened.into_iter().map(|meter| (meter, false)));
                }
                kinds.contains(&MeterKind::Nvml)
            }
        };
        meters.retain(|(meter, _)| !meter.sources().is_empty());
        let instances = if missing_gpus_matter { inventory.instances() } else { Vec::new() };
        let own = self.own.iter().flat_map(|meter| meter.sources().iter().cloned());
        let sources = meters.iter().flat_map(|(meter, _)| meter.sources().iter().cloned()).chain(own).collect();
        let opened = OpenedMeters { sources, rapl, found, nvml, meters: &self.meters, without: &self.without };
        let consumers = inventory.conclude(&self.places, &opened);
        let absent = |name: &&ConsumerName| !consumers.iter().any(|consumer| consumer.is_called(name));
        let absent = self.without.iter().filter(absent).cloned().collect();
        meters.extend(self.own.into_iter().map(|meter| (meter, false)));
        if meters.is_empty() && !auto {
            return Err(EnergyError::NoMeter);
        }
        let measured = meters.iter().flat_map(|(meter, _)| meter.sources()).filter(|s| s.method != Method::Estimate);
        // Whoever meters the packages would have this session's work in his figures, and it his in its.
        let contained = match &self.meters {
            Meters::List(kinds) if kinds.contains(&MeterKind::Psys) => packages(&self.places.rapl()),
            _ => Vec::new(),
        };
        let hold = match (&self.exclusive, self.share) {
            (Some(holder), _) => Some((holder.as_str(), Hold::Alone)),
            (None, true) => Some(("a session that shares it", Hold::Together)),
            (None, false) => None,
        };
        let take = |(holder, hold): (&str, Hold)| {
            let domains = measured.map(|source| source.domain.clone()).chain(contained);
            domains.map(|domain| DeviceLock::take(&self.locks, &domain, holder, hold)).collect::<Result<Vec<_>, _>>()
        };
        let locks = hold.map(take).transpose()?.unwrap_or_default();
        let descendants = Descendants::new(self.places.proc, self.places.process);
        let (clock, poll, gain) = (self.clock, self.poll, self.gain);
        let inventory = Consumers { all: consumers, absent, without: self.without };
        Session::start(
            meters,
            Opening { clock, poll, missing_gpus_matter, gain, locks, descendants, instances, inventory, limits },
        )
    }

    /// What there is, by what the program is shown of it.
    pub(in crate::energy) fn inventory(&self) -> Result<Inventory, EnergyError> {
        let inventory = Inventory::look(&self.places, &self.meters);
        let variable = |name: &str| self.places.environment.get(name).map(String::as_str);
        match variable("CUDA_VISIBLE_DEVICES") {
            Some(devices) => Ok(inventory.shown(devices, variable("CUDA_DEVICE_ORDER"))?),
            None => Ok(inventory),
        }
    }

    /// What the estimate takes for a busy logical processor.
    pub(in crate::energy) fn figure(&self) -> WattsPerCore {
        self.watts_per_core.map_or_else(|| WattsPerCore::of(&Processor::of(&self.places.proc)), WattsPerCore::set)
    }

    /// The counters of processors, with all that a look at them found, where it gave an answer.
    fn open_rapl(&self) -> (Option<Vec<FoundCounter>>, Result<OpenMeters, EnergyError>) {
        if self.share {
            return (None, Err(unshared(MeterKind::Rapl)));
        }
        let (ways, without) = (self.places.rapl(), self.without.clone());
        let left_out = move |domain: &PowerDomain| {
            let mut consumer = Consumer::new(domain.kind, &domain.id, String::new());
            consumer.domain = Some(domain.clone());
            is_left_out(&consumer, &without)
        };
        let limit = self.limits.unwrap_or_else(CallLimits::of_environment).asking;
        match in_time("rapl", limit, move || Ok(RaplMeter::look_and_open(&ways, &left_out))) {
            Ok((found, opened)) => (Some(found), opened.map(|meter| vec![Box::new(meter) as _])),
            Err(late) => (None, Err(late)),
        }
    }

    fn open_kind(&self, kind: MeterKind, inventory: &Inventory) -> Result<Vec<Box<dyn Meter>>, EnergyError> {
        let limit = self.limits.unwrap_or_else(CallLimits::of_environment).asking;
        let meter: Box<dyn Meter> = match kind {
            MeterKind::Nvml => {
                let wanted = inventory.gpus(&self.without);
                if wanted.is_empty() {
                    let (reason, remedy) = inventory.no_gpu();
                    let alternative = inventory.refuses_instances().then_some(Alternative::WholeBoard);
                    return Err(EnergyError::Unavailable { meter: "nvml", reason, remedy, alternative });
                }
                return open_nvml(&self.places, self.share, &wanted);
            }
            MeterKind::Psys if self.share => return Err(unshared(kind)),
            MeterKind::Rapl => return self.open_rapl().1,
            MeterKind::Psys => {
                let ways = self.places.rapl();
                Box::new(in_time("psys", limit, move || RaplMeter::platform(&ways))?)
            }
            MeterKind::Estimate => {
                let (Places { proc, process, with_process, .. }, figure) = (self.places.clone(), self.figure());
                Box::new(in_time("estimate", limit, move || {
                    EstimateMeter::open(&proc, process, with_process, &figure)
                })?)
            }
        };
        Ok(vec![meter])
    }
}

/// What is said of counters that are everybody's, where devices are shared.
fn unshared(kind: MeterKind) -> EnergyError {
    EnergyError::Unavailable {
        meter: kind.name(),
        reason: "it counts the work of everybody on the machine, which cannot be shared out".to_owned(),
        remedy: "use the meter `estimate` for processors, or have the machine alone (without `share`)".to_owned(),
        alternative: None,
    }
}

/// The meters of these GPUs, by UUID, one for each, so that one that hangs or fails keeps no other from being read.
#[cfg(feature = "nvml")]
fn open_nvml(places: &Places, share: bool, wanted: &[String]) -> Result<Vec<Box<dyn Meter>>, EnergyError> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let whole = NvmlMeter::open(places.nvml_library.as_deref(), places.policy())?.only(wanted);
    let each = whole.into_iter().flat_map(NvmlMeter::each).map(|meter| -> Result<Box<dyn Meter>, EnergyError> {
        if !share {
            return Ok(Box::new(meter));
        }
        let descendants = Descendants::new(places.proc.clone(), places.process);
        Ok(Box::new(in_time("nvml", CallLimits::of_environment().asking, move || {
            SharedMeter::new(meter, descendants)
        })?))
    });
    each.collect()
}

#[cfg(feature = "nvml")]
fn gpus(places: &Places) -> Result<Vec<GpuIdentity>, EnergyError> {
    crate::energy::meters::nvml::gpus(places.nvml_library.as_deref())
}

#[cfg(not(feature = "nvml"))]
fn open_nvml(_: &Places, _: bool, _: &[String]) -> Result<Vec<Box<dyn Meter>>, EnergyError> {
    Ok(Vec::new())
}

#[cfg(not(feature = "nvml"))]
fn gpus(_: &Places) -> Result<Vec<GpuIdentity>, EnergyError> {
    Err(crate::energy::error::left_out())
}
