//! The kernel's event source `power`: which energy events it offers, and on which processors they are counted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::scale::Scale;
use super::survey::{CounterState, FoundCounter};
use crate::energy::system::processor::Processor;
use crate::energy::units::{DomainKind, PowerDomain};

/// One event on one processor, as the kernel's system call wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PowerEvent {
    /// What it counts.
    pub(crate) domain: PowerDomain,
    /// Its name in the source: `energy-pkg`.
    pub(crate) name: &'static str,
    /// The number of the source.
    pub(crate) source: u32,
    /// Which of the source's events.
    pub(crate) config: u64,
    /// The logical processor that counts for its package.
    pub(crate) cpu: u32,
    /// What a count is worth.
    pub(crate) scale: Scale,
}

const PACKAGE: &str = "energy-pkg";
const MEMORY: &str = "energy-ram";
const PLATFORM: &str = "energy-psys";

/// An event that the source offers, or why it cannot be told how it is opened.
#[derive(Debug, Clone)]
pub(super) struct EventList {
    pub(super) domain: PowerDomain,
    pub(super) name: &'static str,
    pub(super) cpu: u32,
    pub(super) event: Result<PowerEvent, String>,
}

/// Where the machine describes itself.
#[derive(Debug, Clone)]
pub(crate) struct Sysfs {
    /// `/sys`.
    pub(crate) sys: PathBuf,
    /// `/proc`.
    pub(crate) proc: PathBuf,
}

impl Sysfs {
    pub(super) fn power(&self) -> PathBuf {
        self.sys.join("bus/event_source/devices/power")
    }

    /// Packages and their memory that can be opened, in the order of the processors that count for them.
    ///
    /// # Errors
    ///
    /// What is missing or not understood, in words.
    pub(crate) fn events(&self) -> Result<Vec<PowerEvent>, String> {
        Ok(self.listed()?.into_iter().filter_map(|listed| listed.event.ok()).collect())
    }

    /// Packages and their memory, in the order of the processors that count for them. Not `energy-psys`, `energy-cores` and
    /// the like, which contain packages or are contained in them.
    ///
    /// # Errors
    ///
    /// What is missing or not understood of packages, in words.
    pub(super) fn listed(&self) -> Result<Vec<EventList>, String> {
        let power = self.power();
        let source = number(&power.join("type"))?;
        let package = describe(&power, PACKAGE)?;
        // Without memory there is still a processor.
        let memory = power.join("events").join(MEMORY).exists().then(|| describe(&power, MEMORY));
        let cpumask = power.join("cpumask");
        let cpus = cpus(&text(&cpumask)?).ok_or_else(|| format!("{} is not understood", cpumask.display()))?;
        let mut listed = Vec::new();
        for (cpu, place) in self.places(&cpus)? {
            let mut list = |kind: DomainKind, id: &str, name, described: Result<(u64, Scale), String>| {
                let domain = PowerDomain { kind, id: format!("{id}-{place}") };
                let event = described.map(|(config, scale)| {
                    let domain = domain.clone();
                    PowerEvent { domain, name, source, config, cpu, scale }
                });
                listed.push(EventList { domain, name, cpu, event });
            };
            list(DomainKind::Cpu, "package", PACKAGE, Ok(package));
            if let Some(memory) = &memory {
                list(DomainKind::Dram, "dram", MEMORY, memory.clone());
            }
        }
        match listed.is_empty() {
            true => Err(format!("{} names no processor", cpumask.display())),
            false => Ok(listed),
        }
    }

    /// The event of the platform as a whole, on the first processor that counts.
    ///
    /// # Errors
    ///
    /// What is missing or not understood, in words.
    pub(super) fn platform(&self) -> Result<PowerEvent, String> {
        let power = self.power();
        let source = number(&power.join("type"))?;
        let (config, scale) = describe(&power, PLATFORM)?;
        let cpumask = power.join("cpumask");
        let first = cpus(&text(&cpumask)?).and_then(|cpus| cpus.first().copied());
        let cpu = first.ok_or_else(|| format!("{} names no processor", cpumask.display()))?;
        let domain = PowerDomain { kind: DomainKind::Platform, id: "psys".to_owned() };
        Ok(PowerEvent { domain, name: PLATFORM, source, config, cpu, scale })
    }

    /// The other events of energy: parts of packages, and the platform around them.
    pub(super) fn others(&self) -> Vec<FoundCounter> {
        let Ok(entries) = fs::read_dir(self.power().join("events")) else { return Vec::new() };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names
            .filter(|name| name.starts_with("energy-") && !name.contains('.'))
            .filter(|name| name != PACKAGE && name != MEMORY)
            .collect();
        names.sort();
        let found = |name: String| {
            let part = name.trim_start_matches("energy-").to_owned();
            let (kind, of) = match name == PLATFORM {
                true => (DomainKind::Platform, "the platform, of which the packages are a part,"),
                false => (DomainKind::Cpu, "the packages"),
            };
            let domain = PowerDomain { kind, id: part };
            FoundCounter {
                domain,
                place: format!("perf_event power/{name}"),
                state: CounterState::Within { of: of.to_owned() },
            }
        };
        names.into_iter().map(found).collect()
    }

    /// For each package the processor that counts for it, with the name that the powercap tree gives the package: `0`, or
    /// `0-die-1` where each die counts for itself.
    ///
    /// Only Intel has counters per die. Linux 6.9 and 6.10 list one processor for every die of AMD's packages too
    /// (mended by "perf/x86/rapl: Fix the energy-pkg event for AMD CPUs"), and each of them shows the whole package.
    fn places(&self, cpus: &[u32]) -> Result<Vec<(u32, String)>, String> {
        let topology = |cpu: u32, file: &str| {
            let path = self.sys.join(format!("devices/system/cpu/cpu{cpu}/topology/{file}"));
            number::<u32>(&path)
        };
        let mut found: Vec<(u32, u32, Option<u32>)> = Vec::new();
        let dies_count = Processor::of(&self.proc).is_intel();
        for cpu in cpus {
            let package = topology(*cpu, "physical_package_id")?;
            let die = topology(*cpu, "die_id").ok().filter(|_| dies_count);
            if !found.iter().any(|(_, p, d)| (*p, *d) == (package, die)) {
                found.push((*cpu, package, die));
            }
        }
        let alone = |package: u32| found.iter().filter(|(_, other, _)| *other == package).count() == 1;
        let name = |(cpu, package, die): &(u32, u32, Option<u32>)| match die {
            Some(die) if !alone(*package) => (*cpu, format!("{package}-die-{die}")),
            _ => (*cpu, package.to_string()),
        };
        Ok(found.iter().map(name).collect())
    }
}

/// The configuration and the scale of an event of the source.
fn describe(power: &Path, name: &str) -> Result<(u64, Scale), String> {
    let events = power.join("events");
    let event = events.join(name);
    let config = config(power, &text(&event)?).ok_or_else(|| format!("{} is not understood", event.display()))?;
    let unit = events.join(format!("{name}.unit"));
    let scale = events.join(format!("{name}.scale"));
    match text(&unit)?.as_str() {
        "Joules" => {}
        other => return Err(format!("{} is `{other}` and not Joules", unit.display())),
    }
    let joules = text(&scale)?;
    let read = joules.parse().ok().and_then(Scale::from_joules);
    Ok((config, read.ok_or_else(|| format!("{} is `{joules}`, no scale", scale.display()))?))
}

/// `event=0x02`, put where `format/event` (`config:0-7`) says.
fn config(power: &Path, terms: &str) -> Option<u64> {
    let mut config = 0;
    for term in terms.split(',') {
        let (name, value) = term.split_once('=')?;
        let value = match value.strip_prefix("0x") {
            Some(hex) => u64::from_str_radix(hex, 16).ok()?,
            None => value.parse().ok()?,
        };
        let format = text(&power.join("format").join(name.trim())).ok()?;
        let bits = format.strip_prefix("config:")?;
        let (low, high) = bits.split_once('-').unwrap_or((bits, bits));
        let (low, high): (u32, u32) = (low.parse().ok()?, high.parse().ok()?);
        let width = high.checked_sub(low)? + 1;
        if high > 63 || value.checked_shr(width).is_some_and(|beyond| beyond > 0) {
            return None;
        }
        config |= value << low;
    }
    Some(config)
}

/// `0,28` or `0-3,8`.
fn cpus(list: &str) -> Option<Vec<u32>> {
    let mut cpus = Vec::new();
    for part in list.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        // More than any machine has is a file that is not what it seems.
        if last.checked_sub(first)? > 65_535 {
            return None;
        }
        cpus.extend(first..=last);
    }
    Some(cpus)
}

fn text(path: &Path) -> Result<String, String> {
    let read = fs::read_to_string(path).map_err(|error: io::Error| format!("{}: {error}", path.display()))?;
    Ok(read.trim().to_owned())
}

fn number<T: std::str::FromStr>(path: &Path) -> Result<T, String> {
    let text = text(path)?;
    text.parse().map_err(|_| format!("{} holds `{text}`, no number", path.display()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::PowerEvents;

    fn told(machine: &PowerEvents) -> Vec<(String, &'static str, u32)> {
        let events = machine.sysfs().events().unwrap();
        events.into_iter().map(|event| (event.domain.to_string(), event.name, event.cpu)).collect()
    }

    fn names(machine: &PowerEvents) -> Vec<String> {
        told(machine).into_iter().map(|(domain, _, _)| domain).collect()
    }

    #[test]
    fn packages_and_memory_are_named_as_in_the_powercap_tree_and_nothing_counts_twice() {
        let machine = PowerEvents::new("0,28", &[(0, 0, 0), (28, 1, 0)]);
        let expected = [
            ("cpu:package-0".to_owned(), "energy-pkg", 0),
            ("dram:dram-0".to_owned(), "energy-ram", 0),
            ("cpu:package-1".to_owned(), "energy-pkg", 28),
            ("dram:dram-1".to_owned(), "energy-ram", 28),
        ];
        assert_eq!(told(&machine), expected);
        let event = &machine.sysfs().events().unwrap()[1];
        assert_eq!((event.source, event.config), (9, 3));
        machine.remove("events/energy-ram");
        assert_eq!(names(&machine), ["cpu:package-0", "cpu:package-1"]);
    }

    #[test]
    fn dies_count_for_themselves_on_intel_and_are_the_same_package_on_amd() {
        let machine = PowerEvents::new("0-1,4", &[(0, 0, 0), (1, 0, 1), (4, 1, 0)]);
        machine.remove("events/energy-ram");
        assert_eq!(names(&machine), ["cpu:package-0-die-0", "cpu:package-0-die-1", "cpu:package-1"]);
        machine.vendor("AuthenticAMD");
        assert_eq!(names(&machine), ["cpu:package-0", "cpu:package-1"]);
        let twice = PowerEvents::new("0,1", &[(0, 0, 0), (1, 0, 0)]);
        twice.remove("events/energy-ram");
        assert_eq!(names(&twice), ["cpu:package-0"], "one die has one counter");
    }

    #[test]
    fn what_is_missing_or_garbled_is_named() {
        let sound = || PowerEvents::new("0", &[(0, 0, 0)]);
        for (file, text) in [
            ("type", "nine"),
            ("cpumask", "0-"),
            ("cpumask", "5-3"),
            ("cpumask", "0-4294967295"),
            ("cpumask", ""),
            ("cpumask", "7"),
            ("events/energy-pkg", "event"),
            ("events/energy-pkg", "event=two"),
            ("events/energy-pkg", "event=0x100"),
            ("events/energy-pkg", "umask=1"),
            ("events/energy-pkg.unit", "Watts"),
            ("events/energy-pkg.scale", "NaN"),
            ("events/energy-pkg.scale", "0"),
        ] {
            let machine = sound();
            machine.write(file, text);
            let reason = machine.sysfs().events().unwrap_err();
            let expected = if text == "7" { "cpu7/topology/physical_package_id" } else { file };
            assert!(reason.contains(expected), "{file} {text}: {reason}");
        }
        for file in ["type", "cpumask", "events/energy-pkg", "events/energy-pkg.unit", "events/energy-pkg.scale"] {
            let machine = sound();
            machine.remove(file);
            let reason = machine.sysfs().events().unwrap_err();
            assert!(reason.contains(file) && reason.contains("No such file"), "{reason}");
        }
        assert!(sound().sysfs().events().is_ok());
    }
}
