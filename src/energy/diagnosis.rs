//! What can be metered here; and what cannot, why, and what to do about it.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;

use super::builder::{MeterKind, Places, SessionBuilder};
use super::estimate::EstimateMeter;
use super::meter::Source;
use super::rapl::{MISSING_REMEDY, Ways, Zone, both, either, read_remedy, zones};
use super::units::{Domain, DomainKind, Method};
use super::watts::Figure;

/// The answer of [`SessionBuilder::diagnose`].
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// Whether this process runs in a container, as far as can be seen.
    pub container: bool,
    /// Whether this machine is a virtual one, as far as can be seen.
    pub virtual_machine: bool,
    /// One entry per piece of hardware, or per meter that finds none: GPUs, processors and memory, the estimate.
    pub entries: Vec<Entry>,
}

/// One thing that is, or could be, metered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// The meter that would read it.
    pub meter: MeterKind,
    /// What it is, for people: `NVIDIA GPU 0: NVIDIA H200`, `processor package-0`.
    pub what: String,
    /// The domain of its figures, where it can be told.
    pub domain: Option<Domain>,
    /// How its figures come about; `None` if it cannot be metered.
    pub method: Option<Method>,
    /// Why it cannot be metered.
    pub reason: Option<String>,
    /// What to do about that.
    pub remedy: Option<String>,
    /// What to know about its figures.
    pub note: Option<String>,
}

impl Entry {
    /// Whether it can be metered.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.method.is_some()
    }

    fn found(meter: MeterKind, what: String, domain: Option<Domain>, method: Method) -> Self {
        Self { meter, what, domain, method: Some(method), reason: None, remedy: None, note: None }
    }

    fn missing(meter: MeterKind, what: &str, reason: String, remedy: &str) -> Self {
        Self {
            meter,
            what: what.to_owned(),
            domain: None,
            method: None,
            reason: Some(reason),
            remedy: Some(remedy.to_owned()),
            note: None,
        }
    }
}

impl SessionBuilder {
    /// Looks at everything that a session could meter, whichever meters are chosen. Changes nothing.
    #[must_use]
    pub fn diagnose(&self) -> Diagnosis {
        let places = &self.places;
        let surroundings = Surroundings::of(places);
        let mut entries = gpus(places, &surroundings);
        entries.extend(processors(&places.rapl(), &surroundings));
        entries.push(estimate(places, &self.figure()));
        Diagnosis { container: surroundings.container, virtual_machine: surroundings.virtual_machine, entries }
    }
}

struct Surroundings {
    container: bool,
    virtual_machine: bool,
}

impl Surroundings {
    fn of(places: &Places) -> Self {
        let marked = [".dockerenv", "run/.containerenv"].iter().any(|name| places.root.join(name).exists());
        let cgroup = fs::read_to_string(places.proc.join("1/cgroup")).unwrap_or_default();
        let grouped = ["docker", "kubepods", "containerd", "libpod", "lxc"].iter().any(|word| cgroup.contains(word));
        let cpuinfo = fs::read_to_string(places.proc.join("cpuinfo")).unwrap_or_default();
        let virtual_machine = cpuinfo
            .lines()
            .filter(|line| line.starts_with("flags"))
            .any(|line| line.split_ascii_whitespace().any(|flag| flag == "hypervisor"));
        Self { container: marked || grouped, virtual_machine }
    }
}

#[cfg(feature = "nvml")]
fn gpus(places: &Places, surroundings: &Surroundings) -> Vec<Entry> {
    use super::nvml::{Board, load, survey};
    use super::units::DomainKind;

    let meter = MeterKind::Nvml;
    let boards = match load(places.nvml_library.as_deref()).and_then(|nvml| survey(&nvml, places.policy())) {
        Ok(boards) => boards,
        Err(obstacle) => {
            let driver = places.proc.join("driver/nvidia/version").exists();
            let reason = match (driver, surroundings.container) {
                (true, true) => {
                    format!("{} (the host has the driver, the container lacks its library)", obstacle.reason)
                }
                (true, false) => format!("{} (the kernel's driver is loaded)", obstacle.reason),
                (false, _) => format!("no NVIDIA driver here: {}", obstacle.reason),
            };
            return vec![Entry::missing(meter, "NVIDIA GPUs", reason, &obstacle.remedy)];
        }
    };
    if boards.is_empty() {
        let remedy = "see whether `nvidia-smi -L` lists one; a container must be given it";
        return vec![Entry::missing(meter, "NVIDIA GPUs", "the driver shows no GPU".to_owned(), remedy)];
    }
    let entry = |board: Board| match (board.identity, board.rung) {
        (Ok((uuid, name)), Ok(rung)) => {
            let what = format!("NVIDIA GPU {}: {name}", board.index);
            let domain = Domain { kind: DomainKind::Gpu, id: uuid };
            let mut entry = Entry::found(meter, what, Some(domain), rung.method());
            let whole = "it is cut into MIG instances, which have no energy figures of their own: this one is the whole \
                         board's";
            entry.note = match (board.mig, rung.method()) {
                (true, _) => Some(whole.to_owned()),
                (false, Method::PowerIntegral) => Some(format!("it has no energy counter: {}", rung.sampling())),
                _ => rung.of_module().map(|words| format!("its counter is {words}")),
            };
            entry
        }
        (identity, Err(obstacle)) => {
            let name = identity.map_or_else(|_| "unknown".to_owned(), |(_, name)| name);
            let what = format!("NVIDIA GPU {}: {name}", board.index);
            Entry::missing(meter, &what, obstacle.reason, &obstacle.remedy)
        }
        (Err(obstacle), Ok(_)) => {
            let what = format!("NVIDIA GPU {}", board.index);
            Entry::missing(meter, &what, obstacle.reason, &obstacle.remedy)
        }
    };
    boards.into_iter().map(entry).collect()
}

#[cfg(not(feature = "nvml"))]
fn gpus(_: &Places, _: &Surroundings) -> Vec<Entry> {
    let reason = "this build leaves NVIDIA GPUs out".to_owned();
    vec![Entry::missing(MeterKind::Nvml, "NVIDIA GPUs", reason, "build with the feature `nvml`")]
}

fn processors(ways: &Ways, surroundings: &Surroundings) -> Vec<Entry> {
    let (closed, reason) = match zones(&ways.powercap) {
        Ok(zones) if !zones.is_empty() => {
            let entries: Vec<Entry> = zones.into_iter().map(zone).collect();
            let is_closed = |entry: &&Entry| {
                !entry.usable() && entry.domain.as_ref().is_some_and(|domain| domain.kind == DomainKind::Cpu)
            };
            // Memory alone does not make perf events the better way.
            let Some(closed) = entries.iter().find(is_closed) else { return entries };
            let reason = closed.reason.clone().unwrap_or_default();
            (entries, reason)
        }
        other => {
            let entry = hidden(&ways.powercap, other.err(), surroundings);
            let reason = entry.reason.clone().unwrap_or_default();
            (vec![entry], reason)
        }
    };
    let denied = match ways.events() {
        Ok(sources) => return sources.into_iter().map(|source| event(source, &reason)).collect(),
        Err(denied) => denied,
    };
    let with_both = |mut entry: Entry| {
        entry.reason = entry.reason.map(|reason| both(&reason, &denied.reason));
        entry.remedy = entry.remedy.map(|remedy| either(&remedy, denied.remedy));
        entry
    };
    closed.into_iter().map(|entry| if entry.usable() { entry } else { with_both(entry) }).collect()
}

/// A counter of the powercap tree.
fn zone(zone: Zone) -> Entry {
    let what = format!("{} {}", zone.domain.kind.name(), zone.domain.id);
    match zone.read() {
        Ok(_) => Entry::found(MeterKind::Rapl, what, Some(zone.domain), Method::Counter),
        Err(error) => {
            let reason = format!("{}: {error}", zone.path.join("energy_uj").display());
            let mut entry = Entry::missing(MeterKind::Rapl, &what, reason, read_remedy(&error));
            entry.domain = Some(zone.domain);
            entry
        }
    }
}

/// What is counted by a perf event, because the powercap tree is closed.
fn event(source: Source, closed: &str) -> Entry {
    let what = format!("{} {}", source.domain.kind.name(), source.domain.id);
    let mut entry = Entry::found(MeterKind::Rapl, what, Some(source.domain), source.method);
    entry.note = Some(format!("by {}, because of {closed}", source.sampling));
    entry
}

/// Why there is no powercap tree.
fn hidden(tree: &Path, error: Option<io::Error>, surroundings: &Surroundings) -> Entry {
    let seen = match error {
        None => format!("{} has no processor package", tree.display()),
        Some(error) => format!("{}: {error}", tree.display()),
    };
    let (reason, remedy) = if surroundings.container && surroundings.virtual_machine {
        (format!("{seen}; container runtimes hide it, and virtual machines rarely have it"), CONTAINER_REMEDY)
    } else if surroundings.container {
        (format!("{seen}; container runtimes hide it"), CONTAINER_REMEDY)
    } else if surroundings.virtual_machine {
        (format!("{seen}; this is a virtual machine, and its host keeps the counters to itself"), VIRTUAL_REMEDY)
    } else {
        (seen, MISSING_REMEDY)
    };
    Entry::missing(MeterKind::Rapl, "processor and memory (RAPL)", reason, remedy)
}

const CONTAINER_REMEDY: &str = "if the host has the counters, show them to the container: `docker run --security-opt \
    systempaths=unconfined` or `podman run --security-opt unmask=/sys/devices/virtual/powercap`, and \
    let its user read energy_uj; or run outside of it";

const VIRTUAL_REMEDY: &str = "run on the physical machine, or live with the estimate";

fn estimate(places: &Places, figure: &Figure) -> Entry {
    let meter = MeterKind::Estimate;
    match EstimateMeter::open(&places.proc, places.process, true, figure) {
        Ok(estimate) => {
            use super::meter::Meter;
            let source = estimate.sources()[0].clone();
            let mut entry = Entry::found(meter, "CPU time".to_owned(), Some(source.domain), source.method);
            let model = "a model and no measurement: CPU time of the process and its descendants times";
            entry.note = Some(format!("{model} {} W per busy logical processor, {}", figure.watts, figure.origin));
            entry
        }
        Err(error) => {
            Entry::missing(meter, "CPU time", error.to_string(), "it needs Linux with /proc mounted, and a sane figure")
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

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.method {
            Some(method) => write!(f, "yes  {:<8}  {}: {}", self.meter, self.what, method.label())?,
            None => write!(f, "no   {:<8}  {}", self.meter, self.what)?,
        }
        if let Some(domain) = &self.domain {
            write!(f, " [{domain}]")?;
        }
        for (word, text) in [("why", &self.reason), ("do", &self.remedy), ("note", &self.note)] {
            if let Some(text) = text {
                write!(f, "\n       {word}: {text}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "diagnosis_tests.rs"]
mod tests;
