//! What the Linux powercap tree shows, all of it, before anything is chosen.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// One folder of the tree: `intel-rapl:0`, or `intel-rapl:0:1` within it.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    /// Who shows it: `intel-rapl` (registers of the processor), `intel-rapl-mmio` (the same by memory), or another.
    pub(super) control: String,
    /// `0:1` for `intel-rapl:0:1`. Not the numbers of packages.
    numbers: Vec<u32>,
    /// Its folder.
    pub(super) path: PathBuf,
    /// What its file `name` says, or why it says nothing.
    pub(super) label: Result<String, String>,
    /// Why its subzones are not known, where they are not.
    pub(super) unlisted: Option<String>,
    /// A link to nothing, as container runtimes leave behind.
    pub(super) hollow: bool,
}

/// What the label of a zone says that it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ZoneKind {
    /// `package-3`, or `package-3-die-1`.
    Package,
    Dram,
    /// `psys`: the whole platform.
    Platform,
    /// `core`, `uncore`: parts of a package.
    Inner,
    /// A name that says nothing to this program.
    Unknown,
}

impl Zone {
    /// `intel-rapl:0:1`.
    pub(super) fn name(&self) -> String {
        let numbers: Vec<_> = self.numbers.iter().map(u32::to_string).collect();
        format!("{}:{}", self.control, numbers.join(":"))
    }

    pub(super) fn counter(&self) -> PathBuf {
        self.path.join("energy_uj")
    }

    pub(super) fn is_top(&self) -> bool {
        self.numbers.len() == 1
    }

    /// Whether this is one of the zones below `other`.
    pub(super) fn is_below(&self, other: &Self) -> bool {
        self.control == other.control
            && self.numbers.len() > other.numbers.len()
            && self.numbers.starts_with(&other.numbers)
    }

    /// One of the family that counts the energy of processors.
    pub(super) fn is_rapl(&self) -> bool {
        self.control == "intel-rapl" || self.control.starts_with("intel-rapl-")
    }

    pub(super) fn part(&self) -> ZoneKind {
        match self.label.as_deref() {
            Ok(label) if label.starts_with("package") => ZoneKind::Package,
            Ok(label) if label == "dram" || label.starts_with("dram-") => ZoneKind::Dram,
            Ok("psys") => ZoneKind::Platform,
            Ok("core" | "uncore") => ZoneKind::Inner,
            _ => ZoneKind::Unknown,
        }
    }

    /// The raw value, in microjoules.
    pub(super) fn read(&self) -> io::Result<u64> {
        number(&self.counter())
    }
}

/// The number of `package-3-die-1` or `dram-3`, as the kernel counts packages.
pub(super) fn package_number(label: &str) -> Option<u32> {
    label.split('-').nth(1)?.parse().ok()
}

pub(super) fn number(path: &Path) -> io::Result<u64> {
    let text = fs::read_to_string(path)?;
    text.trim()
        .parse()
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("it holds `{}`, no number", text.trim())))
}

/// All zones of the tree at `root`, each once, `intel-rapl` first and in the order of their numbers. The kernel shows
/// subzones both within their zones and beside them.
///
/// # Errors
///
/// If `root` cannot be listed.
pub(super) fn zones(root: &Path) -> io::Result<Vec<Zone>> {
    let mut found = BTreeMap::new();
    // Within their zones first: these are the paths that people look at.
    let top = entries(root)?;
    for (name, path) in &top {
        if name.matches(':').count() == 1 {
            collect(name, path, &mut found);
        }
    }
    for (name, path) in &top {
        collect(name, path, &mut found);
    }
    Ok(found.into_values().collect())
}

/// Order of controls, then numbers: 10 after 9.
type ZoneOrder = (bool, String, Vec<u32>);

fn collect(name: &str, path: &Path, found: &mut BTreeMap<ZoneOrder, Zone>) {
    let Some((control, numbers)) = place(name) else { return };
    let key = (control != "intel-rapl", control.clone(), numbers.clone());
    if found.contains_key(&key) {
        return;
    }
    let gone = fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    let hollow = gone && path.is_symlink();
    let file = path.join("name");
    let label = fs::read_to_string(&file)
        .map(|label| label.trim().to_owned())
        .map_err(|error| format!("{}: {error}", file.display()));
    let (parts, unlisted) = match entries(path) {
        Ok(parts) => (parts, None),
        Err(error) => (Vec::new(), Some(format!("{}: {error}", path.display()))),
    };
    found.insert(key, Zone { control, numbers, path: path.to_owned(), label, unlisted, hollow });
    let prefix = format!("{name}:");
    for (part, path) in parts.iter().filter(|(part, _)| part.starts_with(&prefix)) {
        collect(part, path, found);
    }
}

/// The entries of a folder with their names, sorted.
fn entries(path: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        if let Ok(name) = entry.file_name().into_string() {
            entries.push((name, entry.path()));
        }
    }
    entries.sort();
    Ok(entries)
}

/// `intel-rapl` and 0, 1 of `intel-rapl:0:1`; `None` for what is no zone.
fn place(name: &str) -> Option<(String, Vec<u32>)> {
    let (control, numbers) = name.split_once(':')?;
    let numbers: Option<Vec<u32>> = numbers.split(':').map(|number| number.parse().ok()).collect();
    Some((control.to_owned(), numbers?))
}
