//! What draws power here, what of it can be metered; and what cannot, why, and what to do about it.

use std::fmt;

use serde::Serialize;

use crate::energy::inventory::{Inventory, OpenedMeters};
use crate::energy::meters::choice::{MeterKind, Meters};
use crate::energy::meters::estimate::EstimateMeter;
use crate::energy::meters::estimate::watts::WattsPerCore;
use crate::energy::meters::meter::{EnergySource, Meter};
use crate::energy::meters::places::Places;
use crate::energy::meters::rapl::RaplMeter;
use crate::energy::session::builder::SessionBuilder;
use crate::energy::system::deadline::{CallLimits, in_time};
use crate::energy::units::{Consumer, DomainKind, Standing};

/// The answer of [`SessionBuilder::diagnose`].
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Whether this process runs in a container, as far as can be seen.
    pub container: bool,
    /// Whether this machine is a virtual one, as far as can be seen.
    pub virtual_machine: bool,
    /// One entry for each thing that draws power, with a meter for it or without, or for a meter that finds none: GPUs and
    /// accelerators, processors and memory, the estimate.
    pub entries: Vec<DiagnosisEntry>,
}

/// One thing that is, or could be, metered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DiagnosisEntry {
    /// The meter that would read it; `None` if there is none for its kind.
    pub meter: Option<MeterKind>,
    /// What it is, and how it stands to the figures.
    #[serde(flatten)]
    pub consumer: Consumer,
}

impl DiagnosisEntry {
    /// Whether it can be metered.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.consumer.method.is_some()
    }

    fn of(consumer: Consumer) -> Self {
        let meter = match consumer.kind {
            DomainKind::Gpu if consumer.what.starts_with("NVIDIA") => Some(MeterKind::Nvml),
            DomainKind::Cpu | DomainKind::Dram => Some(MeterKind::Rapl),
            DomainKind::Gpu | DomainKind::Accelerator | DomainKind::Platform => None,
        };
        Self { meter, consumer }
    }
}

impl SessionBuilder {
    /// Looks at everything that draws power, whichever meters are chosen. Changes nothing.
    #[must_use]
    pub fn diagnose(&self) -> Diagnosis {
        let (places, meters) = (&self.places, &Meters::Auto);
        let inventory = Inventory::look(places, meters);
        let surroundings = inventory.surroundings;
        let mut entries = Vec::new();
        if let Some((mut reason, remedy, is_missing)) = inventory.no_driver() {
            if is_missing {
                reason = no_driver(places, surroundings.container, &reason);
            }
            let consumer = Consumer::new(DomainKind::Gpu, "nvidia", "NVIDIA GPUs".to_owned());
            let consumer = consumer.because(Standing::Unused, reason).remedy(remedy);
            entries.push(DiagnosisEntry { meter: Some(MeterKind::Nvml), consumer });
        }
        let mut sources: Vec<EnergySource> = inventory.readable();
        let ways = places.rapl();
        let limit = CallLimits::of_environment().asking;
        let looked = in_time("rapl", limit, move || Ok(RaplMeter::look_and_open(&ways, &|_| false)));
        let (found, rapl) = looked.map_or_else(|late| (None, Err(late)), |(found, rapl)| (Some(found), rapl));
        let rapl = rapl.map(|meter| sources.extend(meter.sources().iter().cloned()));
        let estimate = estimate(places, &self.figure());
        if let Ok((_, source)) = &estimate {
            sources.push(source.clone());
        }
        let opened = OpenedMeters { sources, rapl: Some(rapl), found, nvml: None, meters, without: &[] };
        entries.extend(inventory.conclude(places, &opened).into_iter().map(DiagnosisEntry::of));
        let consumer = estimate.map_or_else(|consumer| *consumer, |(consumer, _)| consumer);
        entries.push(DiagnosisEntry { meter: Some(MeterKind::Estimate), consumer });
        Diagnosis { container: surroundings.container, virtual_machine: surroundings.virtual_machine, entries }
    }
}

/// Why NVIDIA's driver is not there, by what else there is of it.
fn no_driver(places: &Places, container: bool, reason: &str) -> String {
    let driver = places.machine().join("driver/nvidia/version").exists();
    match (driver, container) {
        (true, true) => format!("{reason} (the host has the driver, the container lacks its library)"),
        (true, false) => format!("{reason} (the kernel's driver is loaded)"),
        (false, _) => format!("no NVIDIA driver here: {reason}"),
    }
}

fn estimate(places: &Places, figure: &WattsPerCore) -> Result<(Consumer, EnergySource), Box<Consumer>> {
    let consumer = Consumer::new(DomainKind::Cpu, "processes", "CPU time".to_owned());
    match EstimateMeter::open(&places.proc, places.process, true, figure) {
        Ok(estimate) => {
            let source = estimate.sources()[0].clone();
            let model = "a model and no measurement: CPU time of the process and its descendants times";
            let note = Some(format!("{model} {} W per busy logical processor, {}", figure.watts, figure.origin));
            let (domain, method) = (Some(source.domain.clone()), Some(source.method));
            Ok((Consumer { domain, method, note, standing: Standing::Estimated, ..consumer }, source))
        }
        Err(error) => {
            let consumer = consumer.because(Standing::Uncounted, error.with_help());
            Err(Box::new(consumer.remedy("it needs Linux with /proc mounted, and a sane figure")))
        }
    }
}

/// For people: a line per entry, and below it what is wrong and what to do.
impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, entry) in self.entries.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{entry}")?;
        }
        Ok(())
    }
}

impl fmt::Display for DiagnosisEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { meter, consumer } = self;
        let word = match consumer.standing {
            Standing::Metered => "yes",
            Standing::Estimated if self.usable() => "yes",
            Standing::Unreadable | Standing::Uncounted | Standing::Estimated => "no",
            Standing::Within => "part",
            Standing::Unused if *meter == Some(MeterKind::Nvml) && consumer.address.is_none() => "no",
            Standing::Unused | Standing::LeftOut => "out",
        };
        write!(f, "{word:<4} {:<8}  {}", meter.map_or("-", MeterKind::name), consumer.what)?;
        if let Some(method) = consumer.method {
            write!(f, ": {}", method.label())?;
        }
        if let Some(domain) = &consumer.domain {
            write!(f, " [{domain}]")?;
        }
        for (word, text) in [("why", &consumer.reason), ("do", &consumer.remedy), ("note", &consumer.note)] {
            if let Some(text) = text {
                write!(f, "\n       {word}: {text}")?;
            }
        }
        if consumer.standing == Standing::Unreadable {
            write!(
                f,
                "\n       so: totals of work that may use it are missing, unless {} is left out",
                consumer.names()
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
