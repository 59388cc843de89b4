//! Where this process runs.

use std::fs;

use crate::energy::meters::places::Places;

/// Where this process runs, as far as can be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::energy) struct Surroundings {
    pub(in crate::energy) container: bool,
    pub(in crate::energy) virtual_machine: bool,
}

impl Surroundings {
    pub(in crate::energy) fn of(places: &Places) -> Self {
        let marked = [".dockerenv", "run/.containerenv"].iter().any(|name| places.root.join(name).exists());
        let cgroup = fs::read_to_string(places.proc.join("1/cgroup")).unwrap_or_default();
        let grouped = ["docker", "kubepods", "containerd", "libpod", "lxc"].iter().any(|word| cgroup.contains(word));
        let cpuinfo = fs::read_to_string(places.proc.join("cpuinfo")).unwrap_or_default();
        let virtual_machine = cpuinfo
            .lines()
            .filter(|line| line.starts_with("flags"))
            .any(|line| line.split_ascii_whitespace().any(|flag| flag == "hypervisor"));
        let mounts = fs::read_to_string(places.proc.join("self/mountinfo")).unwrap_or_default();
        Self { container: marked || grouped || mounts.lines().any(is_mount_of_container), virtual_machine }
    }
}

/// Whether a line of `/proc/self/mountinfo` is of a container: its root is laid over an image, or an orchestrator has put a file
/// into it. Control groups say nothing where they have a namespace of their own.
fn is_mount_of_container(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let (from, to) = (words.nth(3).unwrap_or_default(), words.next().unwrap_or_default());
    let kind = line.split_once(" - ").and_then(|(_, rest)| rest.split_ascii_whitespace().next()).unwrap_or_default();
    (to == "/" && matches!(kind, "overlay" | "fuse.fuse-overlayfs" | "aufs"))
        || (to == "/etc/hosts" && ["/kubelet/pods/", "/containers/"].iter().any(|part| from.contains(part)))
}
