//! Packages and memory by the files of the Linux powercap tree.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::units::{Domain, DomainKind};

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
}

fn number(path: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(path)?;
    text.trim()
        .parse()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("it holds `{}`, no number", text.trim())))
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

/// What to do about a zone that cannot be read.
pub(crate) fn read_remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::PermissionDenied => UNREADABLE_REMEDY,
        _ => MISSING_REMEDY,
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::super::clock::testing::ManualClock;
    use super::super::super::error::EnergyError;
    use super::super::super::meter::Meter;
    use super::super::super::testing::PowercapTree;
    use super::super::{RaplMeter, Ways};
    use super::*;

    const RANGE: u64 = 262_143_328_850;

    fn open(root: &Path) -> Result<RaplMeter, EnergyError> {
        RaplMeter::open(&Ways::files(root), &|_| false)
    }

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
    fn amd_has_packages_and_their_cores_in_the_same_tree_and_no_memory() {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", 1, 65_532_610_987)
            .zone("intel-rapl:0/intel-rapl:0:0", "core", 1, 65_532_610_987)
            .zone("intel-rapl:1", "package-1", 1, 65_532_610_987)
            .zone("intel-rapl:1/intel-rapl:1:0", "core", 1, 65_532_610_987);
        assert_eq!(ids(&tree), ["cpu:package-0", "cpu:package-1"]);
        assert_eq!(open(tree.root()).unwrap().sources().len(), 2);
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
        assert_eq!(open(tree.root()).unwrap().sources().len(), 1);
        tree.garble("intel-rapl:0");
        let error = open(tree.root()).unwrap_err();
        assert!(matches!(error, EnergyError::Unavailable { meter: "rapl", .. }), "{error}");
        assert!(error.to_string().contains("intel-rapl:0/energy_uj"), "{error}");
        assert!(open(&tree.root().join("nowhere")).is_err());
        assert!(open(PowercapTree::new().root()).is_err(), "an empty tree, as containers show it");
    }

    #[test]
    fn without_a_range_a_counter_that_falls_ends_the_segment() {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", 5_000_000, 0);
        let mut meter = open(tree.root()).unwrap();
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
    fn nothing_that_a_counter_may_say_by_mistake_becomes_energy() {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", 1_000_000_000, RANGE);
        let mut meter = open(tree.root()).unwrap();
        let clock = ManualClock::at(1.0);
        meter.read(&clock);
        let counter = tree.root().join("intel-rapl:0/energy_uj");
        for text in ["", "\n", "-1", "1e9", "1000000001 J", "18446744073709551616", "0x10", "\u{0}"] {
            fs::write(&counter, text).unwrap();
            clock.advance(0.1);
            let error = meter.read(&clock)[0].clone().unwrap_err();
            assert!(error.to_string().contains("energy_uj"), "{text:?}: {error}");
        }
        fs::remove_file(&counter).unwrap();
        assert!(meter.read(&clock)[0].is_err());
        tree.set("intel-rapl:0", 1_020_000_000);
        assert_eq!(meter.read(&clock)[0].as_ref().unwrap().microjoules, 20_000_000);
    }

    #[test]
    fn a_failed_reading_adds_no_range() {
        let tree = PowercapTree::new();
        tree.zone("intel-rapl:0", "package-0", 1_000_000_000, RANGE);
        let mut meter = open(tree.root()).unwrap();
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
