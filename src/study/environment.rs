//! Finding out where a study runs.

use std::fs;
use std::path::Path;

use crate::energy::units::DomainKind;
use crate::energy::{EnergySource, Session, Usage};
use crate::record::{Environment, Gpu};

/// Describes this machine and this program as far as results depend on them. What cannot be found out stays empty.
#[must_use]
pub fn describe_machine(session: &Session) -> Environment {
    let sources = session.sources(&Usage::All);
    Environment {
        gpus: gpus(session, &sources),
        meters: sources.iter().map(meter).collect(),
        consumers: session.consumers().to_vec(),
        ..describe_host()
    }
}

/// Describes this machine and this program where nothing is metered.
#[must_use]
pub fn describe_host() -> Environment {
    let features =
        [("cli", cfg!(feature = "cli")), ("nvml", cfg!(feature = "nvml")), ("torch", cfg!(feature = "torch"))];
    Environment {
        wattfront: env!("CARGO_PKG_VERSION").to_owned(),
        features: features.into_iter().filter(|(_, on)| *on).map(|(name, _)| name.to_owned()).collect(),
        os: operating_system(),
        cpu: cpu_model(),
        cores: std::thread::available_parallelism().map_or(0, usize::from),
        memory_bytes: memory_bytes(),
        gpus: Vec::new(),
        driver: fs::read_to_string("/sys/module/nvidia/version").ok().map(|v| v.trim().to_owned()),
        libtorch: libtorch_version(),
        meters: Vec::new(),
        consumers: Vec::new(),
        data: None,
    }
}

fn meter(source: &EnergySource) -> String {
    format!("{} ({}: {})", source.domain, source.method.label(), source.sampling)
}

fn gpus(session: &Session, sources: &[EnergySource]) -> Vec<Gpu> {
    let metered = sources.iter().filter(|source| source.domain.kind == DomainKind::Gpu);
    let name = |source: &EnergySource| {
        let found = session.consumers().iter().find(|consumer| consumer.domain.as_ref() == Some(&source.domain))?;
        Some(found.what.split_once(": ").map_or(found.what.as_str(), |(_, name)| name).to_owned())
    };
    metered.map(|s| Gpu { name: name(s).unwrap_or_default(), uuid: s.domain.id.clone() }).collect()
}

/// The version of the libtorch that this process has loaded, by the files beside it: those of the Python package or of the
/// archive.
#[must_use]
pub fn libtorch_version() -> Option<String> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.ends_with("/libtorch_cpu.so"))?;
    let folder = Path::new(&line[line.find('/')?..]).parent()?.parent()?;
    if let Ok(version) = fs::read_to_string(folder.join("build-version")) {
        return Some(version.trim().to_owned());
    }
    let python = fs::read_to_string(folder.join("version.py")).ok()?;
    let version = python.lines().find_map(|l| l.strip_prefix("__version__ = "))?;
    Some(version.trim_matches(['\'', '"']).to_owned())
}

fn operating_system() -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let name = release.lines().find_map(|l| l.strip_prefix("PRETTY_NAME=")).map(|n| n.trim_matches('"').to_owned());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let parts = [name.unwrap_or_else(|| std::env::consts::OS.to_owned()), kernel.trim().to_owned()];
    parts.into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(", Linux ")
}

fn cpu_model() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|l| l.starts_with("model name")).and_then(|l| l.split_once(':'));
    model.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

fn memory_bytes() -> u64 {
    let info = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info.lines().find_map(|l| l.strip_prefix("MemTotal:"));
    let kib = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
