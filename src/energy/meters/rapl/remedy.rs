//! What to do about counters that cannot be read.

use std::io;
use std::path::Path;

/// What is in the way, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub(crate) reason: String,
    /// Empty where the other way's remedy is all there is to do.
    pub(crate) remedy: String,
}

/// What to do where the tree is missing.
pub(super) const MISSING_REMEDY: &str = "the tree exists on physical machines with an Intel or AMD processor once the \
    kernel module intel_rapl_common is loaded (`modprobe intel_rapl_msr`); virtual machines rarely have it";

/// What to do where the tree is there and its counters may not be read.
pub(super) const UNREADABLE_REMEDY: &str = "the counters are readable by root only since CVE-2020-8694; allow reading \
    until the next start with `sudo chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj`, or for good with the udev rule \
    `SUBSYSTEM==\"powercap\", ACTION==\"add\", RUN+=\"/bin/chmod a+r /sys%p/energy_uj\"`, or give this program the \
    capability cap_dac_read_search";

/// Why a file of the tree cannot be read, and what to do.
pub(super) fn closed(path: &Path, error: &io::Error) -> (String, String) {
    let reason = format!("{}: {error}", path.display());
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("`sudo chmod a+r {}` opens this one: {UNREADABLE_REMEDY}", path.display())
        }
        io::ErrorKind::InvalidData => format!(
            "see what `cat {}` says; loading the kernel's module anew may help (`modprobe -r intel_rapl_msr`, then \
             `modprobe intel_rapl_msr`)",
            path.display()
        ),
        _ => MISSING_REMEDY.to_owned(),
    };
    (reason, remedy)
}

/// Where a container runtime has hidden the tree and left its links.
pub(super) const HIDDEN_REMEDY: &str = "show the tree to the container: `docker run --security-opt systempaths=unconfined` or \
    `podman run --security-opt unmask=/sys/devices/virtual/powercap`; or run outside of it";

pub(super) const UNNAMED_REMEDY: &str = "let this user read the zone's files `name` and `energy_uj` (`sudo chmod a+r`)";

pub(super) const UNKNOWN_REMEDY: &str =
    "if what is metered does not use it, or another figure contains it, leave it out by name";
