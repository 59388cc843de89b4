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
                _ => None,
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
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::super::rapl::testing::PowerEvents;
    use super::super::testing::{FakeProc, PowercapTree};
    use super::*;

    struct Machine {
        tree: PowercapTree,
        proc: FakeProc,
        root: tempfile::TempDir,
    }

    impl Machine {
        fn new() -> Self {
            let machine = Self { tree: PowercapTree::new(), proc: FakeProc::new(), root: tempfile::tempdir().unwrap() };
            machine.proc.process(std::process::id(), 1, 0, 0);
            machine
        }

        fn builder(&self) -> SessionBuilder {
            let mut builder = SessionBuilder::default()
                .powercap_root(self.tree.root())
                .sysfs_root(self.root.path())
                .proc_root(self.proc.root())
                .nvml_library(self.tree.root().join("libnvidia-ml.so.1"));
            builder.places.root = self.root.path().to_owned();
            builder
        }

        fn diagnose(&self) -> Diagnosis {
            self.builder().diagnose()
        }

        fn rapl(&self) -> Entry {
            self.diagnose().entries.into_iter().find(|entry| entry.meter == MeterKind::Rapl).unwrap()
        }
    }

    #[test]
    fn what_works_is_told_with_its_method() {
        let machine = Machine::new();
        machine.tree.zone("intel-rapl:0", "package-0", 5, 1000).zone("intel-rapl:0:0", "dram", 5, 1000);
        let diagnosis = machine.diagnose();
        let usable: Vec<_> = diagnosis.entries.iter().map(|e| (e.meter, e.usable(), e.method)).collect();
        let expected = [
            (MeterKind::Nvml, false, None),
            (MeterKind::Rapl, true, Some(Method::Counter)),
            (MeterKind::Rapl, true, Some(Method::Counter)),
            (MeterKind::Estimate, true, Some(Method::Estimate)),
        ];
        assert_eq!(usable, expected);
        let text = diagnosis.to_string();
        assert!(text.contains("yes  rapl      cpu package-0: counter [cpu:package-0]"), "{text}");
        assert!(text.contains("a model and no measurement"), "{text}");
        assert!(text.contains("times 4 W per busy logical processor, the default"), "{text}");
        let json = serde_json::to_value(&diagnosis).unwrap();
        assert_eq!(json["entries"][1]["domain"]["id"], "package-0");
        assert_eq!(json["entries"][1]["method"], "counter");
    }

    #[test]
    fn the_estimate_says_what_it_takes_and_by_whom() {
        let machine = Machine::new();
        let note = |builder: SessionBuilder| builder.diagnose().entries.pop().unwrap().note.unwrap();
        let cpuinfo =
            "processor : 0\nvendor_id : AuthenticAMD\ncpu family : 25\nmodel : 1\nmodel name : AMD EPYC 7763\n";
        fs::write(machine.proc.root().join("cpuinfo"), cpuinfo).unwrap();
        assert!(
            note(machine.builder())
                .ends_with("1.96 W per busy logical processor, for AMD EPYC Milan, by SPECpower_ssj2008")
        );
        assert!(note(machine.builder().watts_per_core(7.5)).ends_with("7.5 W per busy logical processor, as set"));
    }

    #[test]
    fn everything_that_is_not_usable_says_why_and_what_to_do() {
        let machine = Machine::new();
        machine.proc.end(std::process::id());
        for entry in machine.diagnose().entries {
            assert!(!entry.usable());
            assert!(entry.reason.is_some_and(|r| !r.is_empty()) && entry.remedy.is_some_and(|r| !r.is_empty()));
        }
    }

    #[test]
    fn a_container_and_a_virtual_machine_are_told_from_a_machine_without_the_tree() {
        let machine = Machine::new();
        let missing = machine.rapl();
        assert!(missing.remedy.unwrap().contains("modprobe"));
        let cpuinfo = "processor : 0\nflags\t\t: fpu vme hypervisor lahf_lm\n";
        fs::write(machine.proc.root().join("cpuinfo"), cpuinfo).unwrap();
        assert!(machine.rapl().reason.unwrap().contains("virtual machine"));
        fs::write(machine.root.path().join(".dockerenv"), "").unwrap();
        let hidden = machine.rapl();
        assert!(hidden.reason.unwrap().contains("container"), "the nearer cause comes first");
        assert!(hidden.remedy.unwrap().contains("systempaths=unconfined"));
        assert!(machine.diagnose().container && machine.diagnose().virtual_machine);
    }

    #[test]
    fn perf_events_stand_in_for_a_tree_that_is_hidden_and_say_so() {
        let (machine, events) = (Machine::new(), PowerEvents::new("0", &[(0, 0, 0)]));
        let surroundings = Surroundings { container: true, virtual_machine: false };
        let found = |tree: &Path| processors(&Ways::of(tree, &events), &surroundings);
        let entries = found(machine.tree.root());
        let text = entries.iter().map(|entry| format!("{entry}\n")).collect::<String>();
        assert!(entries.len() == 2 && entries.iter().all(Entry::usable), "{text}");
        assert!(text.contains("yes  rapl      cpu package-0: counter [cpu:package-0]"), "{text}");
        assert!(text.contains("by perf_event power/energy-ram"), "{text}");
        assert!(text.contains("has no processor package; container runtimes hide it"), "{text}");
        // A tree that works needs no events; one whose package cannot be read does.
        machine.tree.zone("intel-rapl:0", "package-0", 5, 1000);
        assert_eq!(found(machine.tree.root())[0].note, None);
        machine.tree.garble("intel-rapl:0");
        assert!(found(machine.tree.root())[0].note.as_ref().unwrap().contains("intel-rapl:0/energy_uj"));
        events.refuse(libc::EACCES);
        let denied = &found(machine.tree.root())[0];
        assert!(!denied.usable());
        assert!(denied.reason.as_ref().unwrap().contains("nor by perf events: power/energy-pkg"), "{denied}");
        assert!(denied.remedy.as_ref().unwrap().contains("perf_event_paranoid"), "{denied}");
    }

    #[test]
    fn containers_are_known_by_their_control_group_too() {
        let machine = Machine::new();
        assert!(!machine.diagnose().container);
        fs::create_dir(machine.proc.root().join("1")).unwrap();
        let group = machine.proc.root().join("1/cgroup");
        fs::write(&group, "0::/init.scope\n").unwrap();
        assert!(!machine.diagnose().container);
        fs::write(&group, "0::/kubepods/besteffort/pod1\n").unwrap();
        assert!(machine.diagnose().container);
    }

    #[test]
    fn counters_for_root_only_come_with_the_command_that_opens_them() {
        let machine = Machine::new();
        machine.tree.zone("intel-rapl:0", "package-0", 5, 1000);
        let counter = machine.tree.root().join("intel-rapl:0/energy_uj");
        fs::set_permissions(&counter, fs::Permissions::from_mode(0o000)).unwrap();
        let entry = machine.rapl();
        if fs::read(&counter).is_ok() {
            // Root may read what nobody may.
            assert!(entry.usable());
        } else {
            assert!(!entry.usable());
            assert!(entry.remedy.unwrap().contains("sudo chmod a+r"));
        }
        // The same remedy for the error itself, whoever runs this.
        let error = std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        assert!(read_remedy(&error).contains("CVE-2020-8694"));
    }

    #[cfg(feature = "nvml")]
    mod nvml {
        use super::super::super::builder::MigPolicy;
        use super::super::super::testing::FakeNvml;
        use super::*;

        fn gpus(script: &str) -> Vec<Entry> {
            let machine = Machine::new();
            let fake = FakeNvml::new(50.0, script);
            let mut entries = machine.builder().nvml_library(fake.library()).diagnose().entries;
            entries.retain(|entry| entry.meter == MeterKind::Nvml);
            entries
        }

        #[test]
        fn gpus_are_named_and_what_is_particular_is_noted() {
            let script = "gpu GPU-a NVIDIA_H200\npower 100\ngpu GPU-b Tesla_P100\nfault energy 3\n\
                          gpu GPU-c NVIDIA_A100\nmig\ngpu GPU-d Broken\nfault energy 15\ngpu GPU-e Forbidden\nfault handle 4\n";
            let entries = gpus(script);
            let methods: Vec<_> = entries.iter().map(|entry| entry.method).collect();
            let (counter, power) = (Some(Method::Counter), Some(Method::PowerIntegral));
            assert_eq!(methods, [counter, power, None, None, None]);
            assert_eq!(entries[0].what, "NVIDIA GPU 0: NVIDIA H200");
            assert_eq!((entries[0].domain.as_ref().unwrap().id.as_str(), &entries[0].note), ("GPU-a", &None));
            assert!(entries[1].note.as_ref().unwrap().contains("integrated"));
            assert!(entries[2].reason.as_ref().unwrap().contains("MIG"));
            assert!(entries[2].remedy.as_ref().unwrap().contains("whole-board"));
            assert!(entries[3].remedy.as_ref().unwrap().contains("reset the GPU"));
            assert!(entries[4].remedy.as_ref().unwrap().contains("/dev/nvidiactl"));
        }

        #[test]
        fn a_board_of_instances_is_metered_as_a_whole_if_asked_for_and_says_so() {
            let (machine, fake) = (Machine::new(), FakeNvml::new(50.0, "gpu GPU-c NVIDIA_A100\nmig\n"));
            let builder = machine.builder().nvml_library(fake.library()).mig(MigPolicy::WholeBoard);
            let entry = &builder.diagnose().entries[0];
            assert_eq!(entry.method, Some(Method::Counter));
            assert!(entry.note.as_ref().unwrap().contains("MIG"));
        }

        #[test]
        fn a_library_without_gpus_or_driver_is_one_entry() {
            assert!(gpus("")[0].reason.as_ref().unwrap().contains("no GPU"));
            let entry = &gpus("fault init 9\n")[0];
            assert!(entry.remedy.as_ref().unwrap().contains("modprobe nvidia"), "{entry}");
            assert!(gpus("fault init 4\n")[0].remedy.as_ref().unwrap().contains("/dev/nvidiactl"));
        }

        #[test]
        fn a_missing_library_tells_whether_the_driver_is_there() {
            let machine = Machine::new();
            let reason = |machine: &Machine| machine.diagnose().entries[0].reason.clone().unwrap();
            let missing = reason(&machine);
            assert!(missing.starts_with("no NVIDIA driver here"));
            assert!(
                missing.ends_with("libnvidia-ml.so.1, which comes with NVIDIA's driver, is not there"),
                "{missing}"
            );
            fs::create_dir_all(machine.proc.root().join("driver/nvidia")).unwrap();
            fs::write(machine.proc.root().join("driver/nvidia/version"), "").unwrap();
            assert!(reason(&machine).contains("kernel's driver is loaded"));
        }
    }
}
