use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::energy::meters::rapl::testing::PowercapTree;
use crate::energy::system::testing::FakeProc;
use crate::energy::units::Method;

struct DiagnosedMachine {
    tree: PowercapTree,
    proc: FakeProc,
    root: tempfile::TempDir,
}

impl DiagnosedMachine {
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

    fn rapl(&self) -> DiagnosisEntry {
        self.diagnose().entries.into_iter().find(|entry| entry.meter == Some(MeterKind::Rapl)).unwrap()
    }
}

#[test]
fn what_works_is_told_with_its_method() {
    let machine = DiagnosedMachine::new();
    machine.tree.zone("intel-rapl:0", "package-0", 5, 1000).zone("intel-rapl:0:0", "dram", 5, 1000);
    let diagnosis = machine.diagnose();
    let usable: Vec<_> = diagnosis.entries.iter().map(|e| (e.meter.unwrap(), e.usable(), e.consumer.method)).collect();
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
    let machine = DiagnosedMachine::new();
    let note = |builder: SessionBuilder| builder.diagnose().entries.pop().unwrap().consumer.note.unwrap();
    let cpuinfo = "processor : 0\nvendor_id : AuthenticAMD\ncpu family : 25\nmodel : 1\nmodel name : AMD EPYC 7763\n";
    fs::write(machine.proc.root().join("cpuinfo"), cpuinfo).unwrap();
    assert!(
        note(machine.builder())
            .ends_with("1.96 W per busy logical processor, for AMD EPYC Milan, by SPECpower_ssj2008")
    );
    assert!(note(machine.builder().watts_per_core(7.5)).ends_with("7.5 W per busy logical processor, as set"));
}

#[test]
fn everything_that_is_not_usable_says_why_and_what_to_do() {
    let machine = DiagnosedMachine::new();
    machine.proc.end(std::process::id());
    for entry in machine.diagnose().entries {
        assert!(!entry.usable());
        assert!(
            entry.consumer.reason.is_some_and(|r| !r.is_empty())
                && entry.consumer.remedy.is_some_and(|r| !r.is_empty())
        );
    }
}

#[test]
fn a_container_and_a_virtual_machine_are_told_from_a_machine_without_the_tree() {
    let machine = DiagnosedMachine::new();
    let missing = machine.rapl();
    assert!(missing.consumer.remedy.unwrap().contains("modprobe"));
    let cpuinfo = "processor : 0\nflags\t\t: fpu vme hypervisor lahf_lm\n";
    fs::write(machine.proc.root().join("cpuinfo"), cpuinfo).unwrap();
    assert!(machine.rapl().consumer.reason.unwrap().contains("virtual machine"));
    fs::write(machine.root.path().join(".dockerenv"), "").unwrap();
    let hidden = machine.rapl();
    assert!(hidden.consumer.reason.unwrap().contains("container"), "the nearer cause comes first");
    assert!(hidden.consumer.remedy.unwrap().contains("systempaths=unconfined"));
    assert!(machine.diagnose().container && machine.diagnose().virtual_machine);
}

#[test]
fn containers_are_known_by_their_control_group_too() {
    let machine = DiagnosedMachine::new();
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
    let machine = DiagnosedMachine::new();
    machine.tree.zone("intel-rapl:0", "package-0", 5, 1000);
    let counter = machine.tree.root().join("intel-rapl:0/energy_uj");
    fs::set_permissions(&counter, fs::Permissions::from_mode(0o000)).unwrap();
    let entry = machine.rapl();
    if fs::read(&counter).is_ok() {
        // Root may read what nobody may.
        assert!(entry.usable());
    } else {
        assert!(!entry.usable());
        assert!(entry.consumer.remedy.unwrap().contains("sudo chmod a+r"));
    }
}

#[cfg(feature = "nvml")]
mod nvml {
    use super::*;
    use crate::energy::gpus::mig::MigPolicy;
    use crate::energy::meters::nvml::testing::FakeNvml;

    fn gpus(script: &str) -> Vec<DiagnosisEntry> {
        let machine = DiagnosedMachine::new();
        let fake = FakeNvml::new(50.0, script);
        let mut entries = machine.builder().nvml_library(fake.library()).diagnose().entries;
        entries.retain(|entry| entry.meter == Some(MeterKind::Nvml));
        entries
    }

    #[test]
    fn gpus_are_named_and_what_is_particular_is_noted() {
        let script = "gpu GPU-a NVIDIA_H200\npower 100\ngpu GPU-b Tesla_P100\nfault energy 3\n\
                      gpu GPU-c NVIDIA_A100\nmig\ngpu GPU-d Broken\nfault energy 15\ngpu GPU-e Forbidden\nfault handle 4\n";
        let entries = gpus(script);
        let methods: Vec<_> = entries.iter().map(|entry| entry.consumer.method).collect();
        let (counter, power) = (Some(Method::Counter), Some(Method::PowerIntegral));
        assert_eq!(methods, [counter, power, None, None, None]);
        assert_eq!(entries[0].consumer.what, "NVIDIA GPU 0: NVIDIA H200");
        assert_eq!(
            (entries[0].consumer.domain.as_ref().unwrap().id.as_str(), &entries[0].consumer.note),
            ("GPU-a", &None)
        );
        assert!(entries[1].consumer.note.as_ref().unwrap().contains("integrated"));
        assert!(entries[2].consumer.reason.as_ref().unwrap().contains("MIG"));
        assert!(entries[2].consumer.remedy.as_ref().unwrap().contains("whole-board"));
        assert!(entries[3].consumer.remedy.as_ref().unwrap().contains("reset the GPU"));
        assert!(entries[4].consumer.remedy.as_ref().unwrap().contains("/dev/nvidiactl"));
    }

    #[test]
    fn a_board_of_instances_is_metered_as_a_whole_if_asked_for_and_says_so() {
        let (machine, fake) = (DiagnosedMachine::new(), FakeNvml::new(50.0, "gpu GPU-c NVIDIA_A100\nmig\n"));
        let builder = machine.builder().nvml_library(fake.library()).mig(MigPolicy::WholeBoard);
        let entry = &builder.diagnose().entries[0];
        assert_eq!(entry.consumer.method, Some(Method::Counter));
        assert!(entry.consumer.note.as_ref().unwrap().contains("MIG"));
    }

    #[test]
    fn a_library_without_gpus_or_driver_is_one_entry() {
        assert!(gpus("")[0].consumer.reason.as_ref().unwrap().contains("no GPU"));
        let entry = &gpus("fault init 9\n")[0];
        assert!(entry.consumer.remedy.as_ref().unwrap().contains("modprobe nvidia"), "{entry}");
        assert!(gpus("fault init 4\n")[0].consumer.remedy.as_ref().unwrap().contains("/dev/nvidiactl"));
    }

    #[test]
    fn a_missing_library_tells_whether_the_driver_is_there() {
        let machine = DiagnosedMachine::new();
        let reason = |machine: &DiagnosedMachine| machine.diagnose().entries[0].consumer.reason.clone().unwrap();
        let missing = reason(&machine);
        assert!(missing.starts_with("no NVIDIA driver here"));
        assert!(missing.ends_with("libnvidia-ml.so.1, which comes with NVIDIA's driver, is not there"), "{missing}");
        fs::create_dir_all(machine.proc.root().join("driver/nvidia")).unwrap();
        fs::write(machine.proc.root().join("driver/nvidia/version"), "").unwrap();
        assert!(reason(&machine).contains("kernel's driver is loaded"));
    }
}
