use std::fs;

use super::testing::FakeBus;
use super::*;
use crate::energy::meters::meter::Meter;
use crate::energy::meters::rapl::testing::{PowerEvents, PowercapTree};
use crate::energy::meters::rapl::{RaplMeter, RaplWays};
use crate::energy::system::testing::FakeProc;
use crate::energy::{EnergyError, MeterKind, Meters, Session, SessionBuilder, Usage};

/// A machine of which everything that the inventory looks at is known.
struct FakeMachine {
    bus: FakeBus,
    tree: PowercapTree,
    proc: FakeProc,
    root: tempfile::TempDir,
}

impl FakeMachine {
    fn new() -> Self {
        let machine = Self {
            bus: FakeBus::new(),
            tree: PowercapTree::new(),
            proc: FakeProc::new(),
            root: tempfile::tempdir().unwrap(),
        };
        machine.proc.process(std::process::id(), 1, 0, 0);
        machine
    }

    /// One socket whose package counts, so that GPUs are all there is to it.
    fn with_package() -> Self {
        let machine = Self::new();
        machine.tree.zone("intel-rapl:0", "package-0", 5, 1 << 40);
        machine
    }

    fn builder(&self) -> SessionBuilder {
        let mut builder = Session::builder()
            .powercap_root(self.tree.root())
            .sysfs_root(self.bus.sys())
            .proc_root(self.proc.root())
            .nvml_library(self.tree.root().join("libnvidia-ml.so.1"))
            .without_polling();
        builder.places.root = self.root.path().to_owned();
        builder
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn put_proc(&self, path: &str, text: &str) {
        let path = self.proc.root().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn sockets(&self, sockets: &[u32]) {
        let text = |socket: &u32| format!("processor : {socket}\nvendor_id : GenuineIntel\nphysical id : {socket}\n\n");
        self.put_proc("cpuinfo", &sockets.iter().map(text).collect::<String>());
    }

    /// What NVIDIA's kernel driver tells of a GPU.
    #[cfg(feature = "nvml")]
    fn kernel(&self, place: &str, model: &str, uuid: &str) {
        let text = format!("Model: \t\t {model}\nIRQ:   \t\t 11\nGPU UUID: \t {uuid}\nBus Location: \t {place}\n");
        self.put_proc(&format!("driver/nvidia/gpus/{place}/information"), &text);
    }
}

fn standings(session: &Session) -> Vec<String> {
    session.consumers().iter().map(|c| format!("{} {}", c.name, c.standing.name())).collect()
}

fn of<'a>(session: &'a Session, name: &str) -> &'a Consumer {
    session.consumers().iter().find(|c| c.name == name).unwrap_or_else(|| panic!("{:?}", standings(session)))
}

fn reason(session: &Session) -> String {
    let (open, close) = (session.mark(), session.mark());
    session.between(&open, &close).known_total().unwrap_err().to_string()
}

fn names(names: &[&str]) -> Vec<ConsumerName> {
    names.iter().map(|name| name.parse().unwrap()).collect()
}

const H200: (u16, u16, u32) = (0x10de, 0x2335, 0x030200);

#[test]
fn a_machine_without_gpus_has_none_in_its_list() {
    let machine = FakeMachine::with_package();
    machine.sockets(&[0]);
    let session = machine.builder().open().unwrap();
    assert_eq!(standings(&session), ["cpu:package-0 metered", "dram:memory not counted"]);
    assert!(session.unreadable(&Usage::All).is_empty());
}

#[test]
fn a_gpu_on_the_bus_without_its_driver_is_no_absence() {
    for driver in [Some("nvidia"), Some("nouveau"), None] {
        let machine = FakeMachine::with_package();
        machine.bus.device("0000:3b:00.0", H200.0, H200.1, H200.2, driver);
        let session = machine.builder().open().unwrap();
        assert_eq!(of(&session, "gpu:0").standing, Standing::Unreadable, "{driver:?}");
        let why = reason(&session);
        let of_build = if cfg!(feature = "nvml") { "libnvidia-ml.so.1" } else { "this build leaves NVIDIA GPUs out" };
        assert!(why.contains(of_build) && why.contains("leave it out by its name, gpu:0"), "{why}");
        // Work that says that it uses the processor alone has its figure.
        assert!(session.unreadable(&Usage::cpu()).is_empty());
        let left = machine.builder().without(names(&["gpu:3b:00.0"])).open().unwrap();
        assert_eq!(of(&left, "gpu:0").standing, Standing::LeftOut);
        assert!(left.unreadable(&Usage::All).is_empty());
    }
}

#[test]
fn what_a_virtual_machine_or_nobody_here_has_is_out_of_use() {
    let machine = FakeMachine::with_package();
    machine.bus.device("0000:3b:00.0", H200.0, H200.1, H200.2, Some("vfio-pci"));
    machine.bus.device("0000:03:00.0", 0x1002, 0x73bf, 0x030000, None);
    let session = machine.builder().open().unwrap();
    let found = standings(&session);
    assert_eq!(found[..2], ["gpu:0 out of use", "gpu:1 out of use"], "{found:?}");
    // A container that was given none of the host's GPUs.
    let machine = FakeMachine::with_package();
    machine.bus.device("0000:3b:00.0", H200.0, H200.1, H200.2, Some("nvidia"));
    machine.bus.device("0000:43:00.0", 0x1002, 0x73bf, 0x030000, Some("amdgpu"));
    machine.put(".dockerenv", "");
    let session = machine.builder().open().unwrap();
    assert_eq!(standings(&session)[..2], ["gpu:0 out of use", "gpu:1 out of use"]);
    machine.put("dev/nvidiactl", "");
    machine.put("dev/kfd", "");
    let session = machine.builder().open().unwrap();
    assert_eq!(standings(&session)[..2], ["gpu:0 unreadable", "gpu:1 unreadable"]);
}

#[test]
fn containers_are_known_by_what_is_mounted_in_them() {
    let container = |line: &str| {
        let machine = FakeMachine::new();
        machine.put_proc("self/mountinfo", &format!("22 1 0:5 / /proc rw - proc proc rw\n{line}\n"));
        Surroundings::of(&machine.builder().places).container
    };
    assert!(container("512 489 0:98 / / rw,relatime - overlay overlay rw,lowerdir=/var/lib/containerd/1"));
    assert!(container("530 512 8:1 /var/lib/kubelet/pods/1a2b/etc-hosts /etc/hosts rw,relatime - ext4 /dev/sda1 rw"));
    assert!(!container("27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard"));
    assert!(!container("27 1 254:0 / /var/lib/docker/overlay2/1/merged rw - overlay overlay rw"));
    assert!(!container(""));
}

#[test]
fn gpus_and_accelerators_without_a_meter_are_named_with_their_sensors() {
    let machine = FakeMachine::with_package();
    machine.bus.device("0000:00:02.0", 0x8086, 0x4680, 0x030000, Some("i915"));
    machine.bus.device("0000:03:00.0", 0x1002, 0x73bf, 0x030000, Some("amdgpu"));
    machine.bus.write("0000:03:00.0", "hwmon/hwmon3/power1_average", b"30000000\n");
    machine.bus.device("0000:5e:00.0", 0x1da3, 0x1020, 0x120000, Some("habanalabs"));
    let session = machine.builder().open().unwrap();
    let expected = ["gpu:0 within another", "gpu:1 unreadable", "accelerator:0 unreadable"];
    assert_eq!(standings(&session)[..3], expected);
    assert!(of(&session, "gpu:1").reason.as_ref().unwrap().contains("hwmon3/power1_average"));
    assert!(of(&session, "accelerator:0").what.contains("Habana"));
    let hidden = |value: &str| {
        let value = value.to_owned();
        machine
            .builder()
            .in_environment(move |name| (name == "HIP_VISIBLE_DEVICES").then(|| value.clone()))
            .open()
            .unwrap()
    };
    assert_eq!(of(&hidden(""), "gpu:1").standing, Standing::Unused);
    assert_eq!(of(&hidden("-1"), "gpu:1").standing, Standing::Unused);
    assert_eq!(of(&hidden("0"), "gpu:1").standing, Standing::Unreadable);
    let left = machine.builder().without(names(&["accelerator", "gpu:1", "gpu:9"])).open().unwrap();
    assert!(left.unreadable(&Usage::All).is_empty(), "{:?}", standings(&left));
    assert_eq!(left.absent(), names(&["gpu:9"]));
}

#[test]
fn sockets_without_a_counter_are_missed_whatever_their_numbers() {
    let machine = FakeMachine::new();
    machine.sockets(&[0, 3]);
    machine.tree.zone("intel-rapl:0", "package-0", 5, 1 << 40);
    let session = machine.builder().open().unwrap();
    assert_eq!(of(&session, "cpu:package-3").standing, Standing::Unreadable);
    assert!(reason(&session).contains("its socket is in /proc/cpuinfo"), "{}", reason(&session));
    machine.tree.zone("intel-rapl:1", "package-3", 5, 1 << 40);
    let session = machine.builder().open().unwrap();
    assert_eq!(standings(&session)[..2], ["cpu:package-0 metered", "cpu:package-3 metered"]);
}

#[test]
fn memory_that_cannot_be_opened_makes_the_total_missing_until_it_is_left_out() {
    let machine = FakeMachine::with_package();
    machine.tree.zone("intel-rapl:0/intel-rapl:0:0", "dram", 5, 1 << 40).garble("intel-rapl:0/intel-rapl:0:0");
    let session = machine.builder().open().unwrap();
    assert_eq!(of(&session, "dram:dram-0").standing, Standing::Unreadable);
    assert!(reason(&session).contains("intel-rapl:0:0/energy_uj"), "{}", reason(&session));
    for left_out in ["dram", "dram:dram-0"] {
        let session = machine.builder().without(names(&[left_out])).open().unwrap();
        assert!(session.unreadable(&Usage::All).is_empty());
        assert_eq!(session.sources(&Usage::All).len(), 1);
    }
}

#[test]
fn a_package_that_is_left_out_does_not_close_the_others() {
    let machine = FakeMachine::with_package();
    machine.sockets(&[0, 1]);
    machine.tree.zone("intel-rapl:1", "package-1", 5, 1 << 40).garble("intel-rapl:1");
    let closed = machine.builder().open().unwrap();
    assert_eq!(standings(&closed)[..2], ["cpu:package-0 metered", "cpu:package-1 unreadable"]);
    assert!(
        reason(&closed).contains("intel-rapl:1/energy_uj"),
        "half of the packages is no total: {}",
        reason(&closed)
    );
    let session = machine.builder().without(names(&["cpu:package-1"])).open().unwrap();
    assert_eq!(standings(&session)[..2], ["cpu:package-0 metered", "cpu:package-1 left out"]);
}

#[test]
fn perf_events_stand_in_for_a_tree_that_is_hidden_and_say_so() {
    let (machine, events) = (FakeMachine::new(), PowerEvents::new("0", &[(0, 0, 0)]));
    let surroundings = Surroundings { container: true, virtual_machine: false };
    let places = machine.builder().places;
    let found = || {
        let ways = RaplWays::of(machine.tree.root(), &events);
        let rapl = RaplMeter::open(&ways, &|_| false);
        let sources = rapl.as_ref().map(|meter| meter.sources().to_vec()).unwrap_or_default();
        let (meters, without): (_, &[ConsumerName]) = (&Meters::Auto, &[]);
        let opened = OpenedMeters { sources, rapl: Some(rapl.map(drop)), found: None, nvml: None, meters, without };
        processors::list(&ways, &places, surroundings, &opened)
    };
    let consumers = found();
    assert!(consumers[..2].iter().all(|c| c.standing == Standing::Metered), "{consumers:?}");
    assert!(consumers[0].note.as_ref().unwrap().contains("perf_event power/energy-pkg"), "{consumers:?}");
    assert_eq!((consumers[2].kind, consumers[2].standing), (DomainKind::Platform, Standing::Within));
    events.refuse(libc::EACCES);
    let denied = found().remove(0);
    assert_eq!(denied.standing, Standing::Uncounted);
    assert!(denied.reason.as_ref().unwrap().contains("power/energy-pkg"), "{denied:?}");
    assert!(denied.remedy.as_ref().unwrap().contains("perf_event_paranoid"), "{denied:?}");
}

#[test]
fn a_choice_of_meters_leaves_out_what_it_does_not_name_and_says_so() {
    let machine = FakeMachine::with_package();
    machine.bus.device("0000:3b:00.0", H200.0, H200.1, H200.2, Some("nvidia"));
    let open = |kinds: &[MeterKind]| machine.builder().meters(Meters::List(kinds.to_vec())).open();
    let session = open(&[MeterKind::Rapl]).unwrap();
    assert_eq!(standings(&session)[..2], ["gpu:0 left out", "cpu:package-0 metered"]);
    let session = open(&[MeterKind::Estimate]).unwrap();
    assert_eq!(standings(&session)[..2], ["gpu:0 left out", "cpu:package-0 estimated"]);
    assert!(matches!(open(&[MeterKind::Nvml]), Err(EnergyError::Unavailable { meter: "nvml", .. })));
}

#[test]
fn graphics_in_a_package_are_within_its_figure_where_it_has_one() {
    let machine = FakeMachine::new();
    machine.bus.device("0000:00:02.0", 0x8086, 0x4680, 0x030000, Some("i915"));
    let session = machine.builder().open().unwrap();
    assert_eq!(of(&session, "gpu:0").standing, Standing::Uncounted);
    machine.tree.zone("intel-rapl:0", "package-0", 5, 1 << 40);
    let session = machine.builder().open().unwrap();
    assert_eq!(of(&session, "gpu:0").standing, Standing::Within);
    let session = machine.builder().without(names(&["gpu"])).open().unwrap();
    assert_eq!(of(&session, "gpu:0").standing, Standing::Within, "it is in the figure all the same");
}

#[test]
fn displays_alone_and_graphics_of_boards_hold_up_nobody() {
    let machine = FakeMachine::with_package();
    machine.bus.device("0000:01:00.0", 0x1002, 0x515e, 0x030000, Some("radeon"));
    machine.bus.device("0000:03:00.0", 0x1002, 0x6779, 0x030000, Some("radeon"));
    machine.bus.device("0000:05:00.0", 0x1002, 0x73bf, 0x030000, Some("amdgpu"));
    machine.bus.write("0000:05:00.0", "drm/card1/dev", b"");
    let session = machine.builder().open().unwrap();
    assert_eq!(standings(&session)[..2], ["gpu:0 not counted", "gpu:1 not counted"]);
    machine.bus.write("0000:05:00.0", "drm/renderD128/dev", b"");
    let session = machine.builder().open().unwrap();
    assert_eq!(of(&session, "gpu:1").standing, Standing::Unreadable);
    assert!(reason(&session).contains("gpu:0000:05:00.0"), "a name that stays its own: {}", reason(&session));
}

#[test]
fn memory_is_told_package_by_package() {
    let machine = FakeMachine::with_package();
    machine.tree.zone("intel-rapl:1", "package-1", 5, 1 << 40).zone("intel-rapl:1/intel-rapl:1:0", "dram", 7, 1 << 40);
    let session = machine.builder().open().unwrap();
    assert_eq!(of(&session, "dram:dram-0").standing, Standing::Uncounted);
    assert_eq!(of(&session, "dram:dram-1").standing, Standing::Metered);
}

#[test]
fn processors_that_are_left_out_by_name_are_not_estimated_either() {
    let machine = FakeMachine::new();
    machine.sockets(&[0, 1]);
    let open = |out: &[&str]| machine.builder().without(names(out)).open();
    for out in [&["cpu"][..], &["cpu:processes"], &["cpu:package-0", "cpu:package-1"]] {
        let session = open(out).unwrap();
        assert!(session.sources(&Usage::All).is_empty(), "{out:?}: {:?}", standings(&session));
        assert!(session.absent().is_empty(), "{out:?}");
    }
    assert_eq!(open(&["cpu:package-0"]).unwrap().sources(&Usage::All).len(), 1, "the other one is estimated");
}

#[test]
fn a_meter_of_ones_own_is_that_of_its_consumer() {
    use crate::energy::meters::testing::ScriptedMeter;

    let machine = FakeMachine::with_package();
    machine.bus.device("0000:03:00.0", 0x1002, 0x73bf, 0x030000, Some("amdgpu"));
    for id in ["0", "0000:03:00.0"] {
        let session = machine.builder().meter(ScriptedMeter::new(id)).open().unwrap();
        assert_eq!(of(&session, "gpu:0").standing, Standing::Metered, "{id}");
        assert!(session.unreadable(&Usage::All).is_empty());
    }
}

#[cfg(feature = "nvml")]
mod nvml {
    use super::*;
    use crate::energy::meters::nvml::testing::FakeNvml;
    use crate::energy::units::Joules;

    const TWO: &str = "gpu GPU-a A\npower 300\ngpu GPU-b A\npower 200\n";

    fn builder(fake: &FakeNvml, machine: &FakeMachine) -> SessionBuilder {
        machine.builder().nvml_library(fake.library()).clock(fake.clock.clone()).meters(Meters::Auto)
    }

    fn total(fake: &FakeNvml, session: &Session) -> Option<Joules> {
        let open = session.mark();
        fake.advance(2.0);
        session.between(&open, &session.mark()).total()
    }

    #[test]
    fn one_of_two_that_fails_at_opening_is_missed() {
        for fault in ["handle 15", "handle 999", "uuid 15", "uuid 999", "energy 15"] {
            let machine = FakeMachine::new();
            let fake = FakeNvml::new(100.05, &format!("{TWO}fault {fault}\n"));
            let session = builder(&fake, &machine).open().unwrap();
            assert_eq!(standings(&session)[..2], ["gpu:0 metered", "gpu:1 unreadable"], "{fault}");
            assert_eq!(total(&fake, &session), None, "{fault}");
            assert!(reason(&session).contains("gpu:1"), "{fault}: {}", reason(&session));
            let left = builder(&fake, &machine).without(names(&["gpu:1"])).open().unwrap();
            assert_eq!(total(&fake, &left), Some(Joules(600.0)), "{fault}");
        }
        // One that tells neither energy nor power.
        let machine = FakeMachine::new();
        let fake =
            FakeNvml::new(100.05, &format!("{TWO}fault energy 3\nfault power 3\nfault samples 3\nfault fields 3\n"));
        let session = builder(&fake, &machine).open().unwrap();
        assert_eq!(total(&fake, &session), None);
        assert!(reason(&session).contains("tells neither energy nor power"), "{}", reason(&session));
    }

    #[test]
    fn a_driver_that_fails_is_a_gpu_that_is_missed() {
        for (fault, gpus) in
            [("init 18", true), ("init 4", true), ("init 999", true), ("count 999", true), ("init 9", false)]
        {
            let machine = FakeMachine::with_package();
            let fake = FakeNvml::new(100.05, &format!("fault {fault}\n"));
            let session = builder(&fake, &machine).open().unwrap();
            assert_eq!(!session.unreadable(&Usage::All).is_empty(), gpus, "{fault}: {:?}", standings(&session));
            // A driver that is not loaded is a GPU, too, where one is on the bus.
            machine.bus.device("0000:3b:00.0", H200.0, H200.1, H200.2, None);
            let session = builder(&fake, &machine).open().unwrap();
            assert_eq!(session.unreadable(&Usage::All).len(), 1, "{fault}");
            assert_eq!(of(&session, "gpu:0").address.as_deref(), Some("0000:3b:00.0"));
        }
    }

    #[test]
    fn the_only_board_that_is_cut_into_instances_is_missed() {
        let machine = FakeMachine::with_package();
        let fake = FakeNvml::new(100.05, "gpu GPU-a A\nmig\ninstance MIG-1 3 0\npower 300\n");
        let session = builder(&fake, &machine).open().unwrap();
        assert_eq!(total(&fake, &session), None);
        assert!(reason(&session).contains("whole-board"), "{}", reason(&session));
    }

    #[test]
    fn a_lost_gpu_matters_to_those_who_may_use_it_alone() {
        let machine = FakeMachine::new();
        let fake = FakeNvml::new(100.05, &format!("{TWO}fault handle 15\n"));
        let open = |devices: &str| builder(&fake, &machine).visible_devices(Some(devices), None).open().unwrap();
        for none in ["", "-1", "none"] {
            assert!(open(none).unreadable(&Usage::All).is_empty(), "{none}");
        }
        for healthy in ["0", "GPU-a"] {
            let session = open(healthy);
            assert_eq!(total(&fake, &session), Some(Joules(600.0)), "{healthy}: {:?}", standings(&session));
        }
        for lost in ["1", "0,1", "1,0"] {
            assert_eq!(open(lost).unreadable(&Usage::All).len(), 1, "{lost}");
        }
        // A driver that shows nothing at all, and a program that is shown none.
        let silent = FakeNvml::new(100.05, "fault init 18\n");
        let session = builder(&silent, &machine).visible_devices(Some("-1"), None).open().unwrap();
        assert!(session.unreadable(&Usage::All).is_empty());
        let session = builder(&silent, &machine).visible_devices(Some("0"), None).open().unwrap();
        assert_eq!(session.unreadable(&Usage::All).len(), 1);
    }

    #[test]
    fn a_uuid_that_nobody_tells_may_be_that_of_a_lost_gpu() {
        let machine = FakeMachine::new();
        for fault in ["handle 15", "uuid 999"] {
            let fake =
                FakeNvml::new(100.05, &format!("gpu GPU-a A\npower 300\nfault {fault}\ngpu GPU-b A\npower 200\n"));
            let open = |devices: &str| builder(&fake, &machine).visible_devices(Some(devices), None).open().unwrap();
            for named in ["GPU-a", "GPU-a,GPU-b", "MIG-77", "MIG-GPU-a/1/0"] {
                let session = open(named);
                assert_eq!(session.unreadable(&Usage::All).len(), 1, "{fault} {named}: {:?}", standings(&session));
            }
            assert_eq!(open("GPU-a,GPU-b").sources(&Usage::All).len(), 1, "the other one is seen too");
            assert!(open("GPU-b").unreadable(&Usage::All).is_empty());
        }
        let silent = FakeNvml::new(100.05, "fault init 18\n");
        machine.bus.device("0000:3b:00.0", H200.0, H200.1, H200.2, Some("nvidia"));
        let session = builder(&silent, &machine).visible_devices(Some("GPU-a"), None).open().unwrap();
        assert_eq!(session.unreadable(&Usage::All).len(), 1, "{:?}", standings(&session));
    }

    #[test]
    fn cuda_counts_what_the_driver_shows_it() {
        let machine = FakeMachine::new();
        let script = "gpu GPU-b A\npower 300\npci 0000:02:00.0\ngpu GPU-c A\npower 200\npci 0000:03:00.0\n";
        let fake = FakeNvml::new(100.05, script);
        for place in ["0000:01:00.0", "0000:02:00.0", "0000:03:00.0"] {
            machine.bus.device(place, H200.0, H200.1, H200.2, Some("nvidia"));
        }
        for (devices, joules) in [("0", 600.0), ("1", 400.0), ("0,1", 1000.0), ("GPU-c", 400.0)] {
            let session = builder(&fake, &machine).visible_devices(Some(devices), None).open().unwrap();
            assert_eq!(total(&fake, &session), Some(Joules(joules)), "{devices}: {:?}", standings(&session));
        }
        // One that the driver counts and denies to this process, as a scheduler's job has it.
        let denied = FakeNvml::new(100.05, &format!("gpu GPU-a A\npci 0000:01:00.0\nfault handle 4\n{script}"));
        let session = builder(&denied, &machine).visible_devices(Some("0"), None).open().unwrap();
        assert_eq!(total(&denied, &session), Some(Joules(600.0)), "{:?}", standings(&session));
    }

    #[test]
    fn gpus_that_no_meter_was_chosen_for_are_left_out_by_that() {
        let machine = FakeMachine::new();
        let fake = FakeNvml::new(100.05, TWO);
        let session = builder(&fake, &machine).meters(Meters::estimate()).open().unwrap();
        assert_eq!(standings(&session)[..2], ["gpu:0 left out", "gpu:1 left out"]);
        let silent = FakeNvml::new(100.05, "fault init 18\n");
        let session = builder(&silent, &machine).meters(Meters::estimate()).open().unwrap();
        assert_eq!(standings(&session)[0], "gpu:nvidia left out");
    }

    #[test]
    fn one_that_has_fallen_off_the_bus_is_missed_in_its_container_too() {
        let machine = FakeMachine::new();
        let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\npci 0000:3b:00.0\n");
        machine.bus.device("0000:5e:00.0", H200.0, H200.1, H200.2, Some("nvidia"));
        machine.put(".dockerenv", "");
        let standing = || of(&builder(&fake, &machine).open().unwrap(), "gpu:1").standing;
        assert_eq!(standing(), Standing::Unused);
        machine.bus.write("0000:5e:00.0", "config", &[0xff; 64]);
        assert_eq!(standing(), Standing::Unreadable);
    }

    #[test]
    fn what_the_driver_does_not_tell_of_a_lost_gpu_the_kernel_does() {
        let machine = FakeMachine::new();
        let fake =
            FakeNvml::new(100.05, "gpu GPU-a A\npci 0000:3b:00.0\ngpu GPU-b A\npci 0000:5e:00.0\nfault handle 15\n");
        machine.kernel("0000:3b:00.0", "NVIDIA H200", "GPU-a");
        machine.kernel("0000:5e:00.0", "NVIDIA H100", "GPU-b");
        let session = builder(&fake, &machine).open().unwrap();
        let lost = of(&session, "gpu:1");
        assert_eq!((lost.domain().id.as_str(), lost.address.as_deref()), ("GPU-b", Some("0000:5e:00.0")));
        assert!(lost.what.contains("NVIDIA H100"), "{lost:?}");
        // Its UUID is gone with it.
        machine.kernel("0000:5e:00.0", "NVIDIA H100", "GPU-????????-????-????-????-????????????");
        let session = builder(&fake, &machine).open().unwrap();
        assert_eq!(of(&session, "gpu:1").domain, None);
        assert_eq!(of(&session, "gpu:1").domain().to_string(), "gpu:1");
    }

    #[test]
    fn one_that_the_driver_counts_no_more_is_on_the_bus() {
        let machine = FakeMachine::new();
        let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\npci 0000:3b:00.0\n");
        machine.bus.device("0000:3b:00.0", H200.0, H200.1, H200.2, Some("nvidia"));
        machine.bus.device("0000:5e:00.0", H200.0, H200.1, H200.2, Some("nvidia"));
        let session = builder(&fake, &machine).open().unwrap();
        assert_eq!(standings(&session)[..2], ["gpu:0 metered", "gpu:1 unreadable"]);
        machine.put("run/.containerenv", "");
        let session = builder(&fake, &machine).open().unwrap();
        assert_eq!(standings(&session)[..2], ["gpu:0 metered", "gpu:1 out of use"], "not given to the container");
    }

    #[test]
    fn what_is_left_out_is_neither_metered_nor_missed_by_any_of_its_names() {
        let machine = FakeMachine::new();
        let fake = FakeNvml::new(100.05, TWO);
        for name in ["gpu:0", "gpu:GPU-a", "GPU:gpu-A"] {
            let session = builder(&fake, &machine).without(names(&[name])).open().unwrap();
            assert_eq!(total(&fake, &session), Some(Joules(400.0)), "{name}");
            assert_eq!(of(&session, "gpu:0").standing, Standing::LeftOut);
        }
        let all = builder(&fake, &machine).without(names(&["gpu"])).open().unwrap();
        assert!(all.sources(&Usage::All)[0].method.is_estimate());
        let listed =
            builder(&fake, &machine).meters(Meters::List(vec![MeterKind::Nvml])).without(names(&["gpu"])).open();
        assert!(listed.unwrap_err().to_string().contains("`without` leaves every GPU out"));
    }

    #[test]
    fn the_estimate_beside_gpus_is_told_and_not_needed() {
        let machine = FakeMachine::new();
        let fake = FakeNvml::new(100.05, TWO);
        let sources = |beside: bool| {
            let session = builder(&fake, &machine).estimate_beside(beside).open().unwrap();
            session.sources(&Usage::All).len()
        };
        assert_eq!((sources(false), sources(true)), (2, 3));
    }
}
