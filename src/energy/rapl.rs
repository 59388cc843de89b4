//! Processor packages and their memory, by the counters of the Linux powercap tree (Intel RAPL; AMD uses the same tree).

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::clock::Clock;
use super::error::EnergyError;
use super::meter::{CounterTotal, Meter, Reading, Source};
use super::units::{Domain, DomainKind, Method};

/// The counters change about once a millisecond.
const RESOLUTION: Duration = Duration::from_millis(1);

/// More than any processor package, or the memory behind it, draws, in watts. It bounds how long a counter may stay unread
/// before it may have wrapped twice: a usual range of 262 kJ lasts 262 s.
const MAX_WATTS: f64 = 1000.0;

/// What may arrive between two readings that are almost at the same time, in joules.
const BURST_JOULES: f64 = 10.0;

/// One counter of the powercap tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Zone {
    /// What it counts.
    pub(crate) domain: Domain,
    /// Its folder.
    pub(crate) path: PathBuf,
}

impl Zone {
    fn counter(&self) -> PathBuf {
        self.path.join("energy_uj")
    }

    /// The raw value, in microjoules.
    pub(crate) fn read(&self) -> io::Result<u64> {
        number(&self.counter())
    }

    /// The value after which the counter starts again from zero, in microjoules; 0 if nobody says.
    fn range(&self) -> u64 {
        number(&self.path.join("max_energy_range_uj")).unwrap_or(0)
    }
}

fn number(path: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(path)?;
    text.trim().parse().map_err(|_| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{} holds `{}`, no number", path.display(), text.trim()))
    })
}

/// The zones of the tree at `root` that are to be summed: every package, and the memory of each. Not `psys`, which contains
/// the packages, nor `core` and `uncore`, which the packages contain, nor `intel-rapl-mmio`, which is a package again.
///
/// # Errors
///
/// If `root` cannot be listed.
pub(crate) fn zones(root: &Path) -> io::Result<Vec<Zone>> {
    let top = folders(root)?;
    let mut zones = Vec::new();
    for (name, path) in top.iter().filter(|(name, _)| depth(name) == Some(1)) {
        let Some(package) = label(path).filter(|label| label.starts_with("package")) else { continue };
        let id = unused(&zones, DomainKind::Cpu, &package, name);
        zones.push(Zone { domain: Domain { kind: DomainKind::Cpu, id }, path: path.clone() });
        let mut parts = folders(path).unwrap_or_default();
        parts.extend(top.iter().cloned());
        let prefix = format!("{name}:");
        let memory = parts
            .into_iter()
            .filter(|(part, _)| part.starts_with(&prefix) && depth(part) == Some(2))
            .find(|(_, path)| label(path).is_some_and(|label| label == "dram"));
        if let Some((part, path)) = memory {
            let id = unused(&zones, DomainKind::Dram, &package.replacen("package", "dram", 1), &part);
            zones.push(Zone { domain: Domain { kind: DomainKind::Dram, id }, path });
        }
    }
    Ok(zones)
}

/// The id as wished, with the zone's own name added if some other zone has it already.
fn unused(zones: &[Zone], kind: DomainKind, wished: &str, zone: &str) -> String {
    match zones.iter().any(|z| z.domain.kind == kind && z.domain.id == wished) {
        true => format!("{wished} ({zone})"),
        false => wished.to_owned(),
    }
}

/// The entries of a folder with their names, sorted.
fn folders(path: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut entries: Vec<_> = fs::read_dir(path)?
        .filter_map(Result::ok)
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .collect();
    entries.sort();
    Ok(entries)
}

/// 1 for `intel-rapl:0`, 2 for `intel-rapl:0:1`, and so on; `None` for what is no zone of that tree.
fn depth(name: &str) -> Option<usize> {
    let numbers: Vec<_> = name.strip_prefix("intel-rapl:")?.split(':').collect();
    numbers.iter().all(|n| n.parse::<u32>().is_ok()).then_some(numbers.len())
}

fn label(zone: &Path) -> Option<String> {
    fs::read_to_string(zone.join("name")).ok().map(|name| name.trim().to_owned())
}

/// Reads packages and memory; see [`zones`].
#[derive(Debug)]
pub(crate) struct RaplMeter {
    sources: Vec<Source>,
    counters: Vec<(Zone, CounterTotal)>,
}

impl RaplMeter {
    /// The meter of the tree at `root`, with those zones that can be read now.
    ///
    /// # Errors
    ///
    /// [`EnergyError::Unavailable`] if there is no tree, no package in it, or a package that may not be read.
    pub(crate) fn open(root: &Path) -> Result<Self, EnergyError> {
        let unavailable = |reason: String, remedy: &str| EnergyError::Unavailable {
            meter: "rapl",
            reason,
            remedy: remedy.to_owned(),
        };
        let zones = zones(root).map_err(|error| unavailable(format!("{}: {error}", root.display()), MISSING_REMEDY))?;
        if zones.is_empty() {
            return Err(unavailable(format!("{} has no processor package", root.display()), MISSING_REMEDY));
        }
        let mut meter = Self { sources: Vec::new(), counters: Vec::new() };
        for zone in zones {
            match zone.read() {
                Ok(_) => {}
                // Memory that cannot be read is left out; half of the packages would be a wrong figure.
                Err(_) if zone.domain.kind == DomainKind::Dram => continue,
                Err(error) => {
                    return Err(unavailable(format!("{}: {error}", zone.counter().display()), UNREADABLE_REMEDY));
                }
            }
            meter.sources.push(Source {
                domain: zone.domain.clone(),
                method: Method::Counter,
                sampling: "powercap counter, brought up to date about every millisecond".to_owned(),
                resolution: RESOLUTION,
            });
            let total = CounterTotal::new(Some(zone.range()), MAX_WATTS, BURST_JOULES);
            meter.counters.push((zone, total));
        }
        Ok(meter)
    }
}

/// What to do where the tree is missing.
pub(crate) const MISSING_REMEDY: &str = "the tree exists on physical machines with an Intel or AMD processor once the \
    kernel module intel_rapl_common is loaded (`modprobe intel_rapl_msr`); virtual machines rarely have it";

/// What to do where the tree is there and its counters may not be read.
pub(crate) const UNREADABLE_REMEDY: &str = "the counters are readable by root only since CVE-2020-8694; allow reading \
    until the next start with `sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj`, or for good with the udev rule \
    `SUBSYSTEM==\"powercap\", ACTION==\"add\", RUN+=\"/bin/chmod a+r /sys%p/energy_uj\"`, or give this program the \
    capability cap_dac_read_search";

impl Meter for RaplMeter {
    fn name(&self) -> &'static str {
        "rapl"
    }

    fn sources(&self) -> &[Source] {
        &self.sources
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let read = |(zone, total): &mut (Zone, CounterTotal)| match zone.read() {
            Ok(raw) => Ok(total.advance(clock.now(), raw)),
            Err(error) => Err(EnergyError::Read { domain: zone.domain.clone(), reason: error.to_string() }),
        };
        self.counters.iter_mut().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::clock::testing::ManualClock;
    use super::super::testing::PowercapTree;
    use super::*;

    const RANGE: u64 = 262_143_328_850;

    fn ids(tree: &PowercapTree) -> Vec<String> {
        zones(tree.root()).unwrap().iter().map(|zone| zone.domain.to_string()).collect()
    }

    #[test]
    fn only_packages_and_their_memory_are_summed() {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", 1, RANGE)
            .zone("intel-rapl:0/intel-rapl:0:0", "core", 1, RANGE)
            .zone("intel-rapl:0/intel-rapl:0:1", "uncore", 1, RANGE)
            .zone("intel-rapl:0/intel-rapl:0:2", "dram", 1, RANGE)
            .zone("intel-rapl:1", "psys", 1, RANGE)
            .zone("intel-rapl-mmio:0", "package-0", 1, RANGE);
        // The kernel shows every zone at the top too.
        symlink(tree.root().join("intel-rapl:0/intel-rapl:0:2"), tree.root().join("intel-rapl:0:2")).unwrap();
        assert_eq!(ids(&tree), ["cpu:package-0", "dram:dram-0"]);
    }

    #[test]
    fn several_packages_and_dies_are_kept_apart() {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0-die-0", 1, RANGE)
            .zone("intel-rapl:0:0", "dram", 1, RANGE)
            .zone("intel-rapl:1", "package-0-die-1", 1, RANGE)
            .zone("intel-rapl:1:0", "dram", 1, RANGE)
            .zone("intel-rapl:10", "package-0-die-1", 1, RANGE);
        let expected = [
            "cpu:package-0-die-0",
            "dram:dram-0-die-0",
            "cpu:package-0-die-1",
            "dram:dram-0-die-1",
            "cpu:package-0-die-1 (intel-rapl:10)",
        ];
        assert_eq!(ids(&tree), expected);
    }

    #[test]
    fn a_package_that_cannot_be_read_makes_the_meter_unavailable_and_memory_does_not() {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", 1, RANGE)
            .zone("intel-rapl:0/intel-rapl:0:0", "dram", 1, RANGE)
            .garble("intel-rapl:0/intel-rapl:0:0");
        assert_eq!(RaplMeter::open(tree.root()).unwrap().sources().len(), 1);
        tree.garble("intel-rapl:0");
        let error = RaplMeter::open(tree.root()).unwrap_err();
        assert!(matches!(error, EnergyError::Unavailable { meter: "rapl", .. }), "{error}");
        assert!(error.to_string().contains("intel-rapl:0/energy_uj"), "{error}");
        assert!(RaplMeter::open(&tree.root().join("nowhere")).is_err());
        assert!(RaplMeter::open(PowercapTree::new().root()).is_err(), "an empty tree, as containers show it");
    }

    #[test]
    fn without_a_range_a_counter_that_falls_ends_the_segment() {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", 5_000_000, 0);
        let mut meter = RaplMeter::open(tree.root()).unwrap();
        let clock = ManualClock::at(1.0);
        meter.read(&clock);
        tree.set("intel-rapl:0", 6_000_000);
        clock.advance(1.0);
        assert_eq!(meter.read(&clock)[0].as_ref().unwrap().microjoules, 1_000_000);
        tree.set("intel-rapl:0", 10);
        clock.advance(1.0);
        let fallen = meter.read(&clock)[0].clone().unwrap();
        assert_eq!((fallen.microjoules, fallen.segment), (1_000_000, 1));
    }

    #[test]
    fn a_failed_reading_adds_no_range() {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", 1_000_000_000, RANGE);
        let mut meter = RaplMeter::open(tree.root()).unwrap();
        let clock = ManualClock::at(1.0);
        meter.read(&clock);
        clock.advance(0.5);
        tree.garble("intel-rapl:0");
        assert!(meter.read(&clock)[0].is_err());
        clock.advance(0.5);
        tree.set("intel-rapl:0", 1_100_000_000);
        assert_eq!(meter.read(&clock)[0].as_ref().unwrap().microjoules, 100_000_000);
    }
}
