//! Sessions over GPUs that the fake library plays.

use super::*;
use crate::energy::meters::nvml::testing::FakeNvml;
use crate::energy::units::Joules;

fn session(fake: &FakeNvml) -> Session {
    let builder = Session::builder().meters(Meters::List(vec![MeterKind::Nvml])).nvml_library(fake.library());
    builder.clock(fake.clock.clone()).without_polling().open().unwrap()
}

#[test]
fn only_the_gpus_in_use_are_summed() {
    let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\ngpu GPU-b B\npower 50\n");
    let session = session(&fake);
    let open = session.mark();
    fake.advance(2.0);
    let close = session.mark();
    assert_eq!(session.between(&open, &close).total(), Some(Joules(700.0)));
    let second = session.between_using(&open, &close, &Usage::Gpus(vec!["gpu-B".to_owned()]));
    assert_eq!(second.total(), Some(Joules(100.0)));
    assert_eq!(second.provenance(), "gpu, counter");
}

#[test]
fn only_gpus_that_the_program_sees_are_metered() {
    let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\ngpu GPU-b B\npower 50\n");
    let open = |meters: Meters, devices: Option<&str>, order: Option<&str>| {
        let builder = Session::builder().meters(meters).nvml_library(fake.library());
        builder.visible_devices(devices, order).clock(fake.clock.clone()).without_polling().open()
    };
    let seen = |devices: Option<&str>, order: Option<&str>| {
        open(Meters::List(vec![MeterKind::Nvml]), devices, order).map(|session| names(&session, &Usage::All))
    };
    assert_eq!(seen(Some("GPU-b"), None).unwrap(), ["gpu:GPU-b counter"]);
    assert_eq!(seen(Some("1"), Some("PCI_BUS_ID")).unwrap(), ["gpu:GPU-b counter"]);
    assert_eq!(seen(None, None).unwrap().len(), 2);
    assert!(seen(Some(""), None).unwrap_err().to_string().contains("shows no GPU"));
    // Different GPUs by number, in an order of CUDA's own: all of them would be wrong, and none too.
    assert!(matches!(seen(Some("1"), None), Err(EnergyError::Visible(_))));
    assert!(matches!(open(Meters::Auto, Some("1"), None), Err(EnergyError::Visible(_))));
    // One that does not answer when its number matters is no reason to meter none.
    let sick = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\ngpu GPU-b B\nfault uuid 15\n");
    let builder = Session::builder().nvml_library(sick.library()).visible_devices(Some("0"), Some("PCI_BUS_ID"));
    let auto = builder.clock(sick.clock.clone()).without_polling().open();
    assert!(auto.is_err() || names(&auto.unwrap(), &Usage::All).iter().any(|name| name.contains("GPU-a")));
}

#[test]
fn ticks_of_the_counter_bound_the_error_of_a_window() {
    let fake = FakeNvml::new(50.033, "jitter 0.002\ngpu GPU-a A\npower 400\n");
    let session = session(&fake);
    for _ in 0..40 {
        let open = session.mark();
        fake.advance(0.777);
        let joules = session.between(&open, &session.mark()).total().unwrap().0;
        assert!((joules - 400.0 * 0.777).abs() <= 400.0 * 0.103, "{joules}");
    }
}

#[test]
fn power_is_integrated_where_there_is_no_counter() {
    let fake = FakeNvml::new(100.0, "gpu GPU-a A\npower square 100 300 20\nfault energy 3\n");
    let session = session(&fake);
    let window = session.window();
    for _ in 0..40 {
        fake.advance(0.5);
        session.poll();
    }
    let energy = window.close();
    assert_eq!(energy.method(), Some(Method::PowerIntegral));
    let joules = energy.total().unwrap().0;
    // The truth is 4000 J; a step between two readings is off by half an interval at most.
    assert!((joules - 4000.0).abs() <= 2.0 * 200.0 * 0.25, "{joules}");
    let window = session.window();
    fake.advance(30.0);
    let unread = window.close();
    assert_eq!(unread.total(), None, "power that nobody read for 30 s is not made up");
}

#[test]
fn a_driver_reload_adds_nothing() {
    let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\nstart 987654321\nreset 101\n");
    let session = session(&fake);
    let open = session.mark();
    fake.advance(2.0);
    let torn = session.between(&open, &session.mark());
    assert_eq!(torn.total(), None);
    assert!(note(&torn).contains("started anew"), "{torn:?}");
    let open = session.mark();
    fake.advance(2.0);
    assert_eq!(session.between(&open, &session.mark()).total(), Some(Joules(600.0)));
}

#[test]
fn a_lost_gpu_is_a_typed_error_and_the_other_goes_on() {
    let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\nfault energy 15 101 102\ngpu GPU-b B\npower 100\n");
    let session = session(&fake);
    let open = session.mark();
    fake.advance(1.5);
    let close = session.mark();
    let (a, b) = (Usage::Gpus(vec!["GPU-a".into()]), Usage::Gpus(vec!["GPU-b".into()]));
    assert!(session.check(&a).unwrap_err().is_device_lost());
    assert_eq!(session.check(&b), Ok(()));
    assert_eq!(session.between_using(&open, &close, &a).total(), None);
    assert_eq!(session.between_using(&open, &close, &b).total(), Some(Joules(150.0)));
}

#[test]
fn what_an_instance_uses_is_told_of_its_board_where_that_is_metered() {
    let script = "gpu GPU-a A\nmig\ninstance MIG-1 3 0\npower 300\ngpu GPU-b B\npower 100\n";
    let fake = FakeNvml::new(100.05, script);
    for (policy, told) in [(MigPolicy::WholeBoard, Some(Joules(600.0))), (MigPolicy::Refuse, None)] {
        let builder = Session::builder().meters(Meters::List(vec![MeterKind::Nvml])).nvml_library(fake.library());
        let session = builder.mig(policy).clock(fake.clock.clone()).without_polling().open().unwrap();
        let open = session.mark();
        fake.advance(2.0);
        let close = session.mark();
        for names in [vec!["mig-1"], vec!["1"], vec!["MIG-GPU-a/3/0"], vec!["MIG-1", "GPU-a"]] {
            let usage = Usage::Gpus(names.iter().map(|name| (*name).to_owned()).collect());
            let energy = session.between_using(&open, &close, &usage);
            assert_eq!((energy.total(), energy.domains.len()), (told, 1), "{energy:?}");
        }
    }
}

#[test]
fn a_counter_that_power_contradicts_is_told_over_a_window() {
    let lying = "gpu GPU-a A\npower 65.4\ncounter-gain 0.572\nsamples 0.02 120\n";
    let fake = FakeNvml::new(100.05, &format!("{lying}gpu GPU-b B\npower 100\ngpu GPU-c C\nfault energy 3\n"));
    let session = session(&fake);
    let open = session.mark();
    for _ in 0..12 {
        fake.advance(0.5);
        session.poll();
    }
    let close = session.mark();
    let found: Vec<_> = session.cross_check(&open, &close, &Usage::All);
    let told: Vec<_> = found.iter().map(|(domain, check)| (domain.id.as_str(), check.agrees())).collect();
    assert_eq!(told, [("GPU-a", false), ("GPU-b", true)], "{found:?}");
    let b = Usage::Gpus(vec!["GPU-b".to_owned()]);
    assert_eq!(session.cross_check(&open, &close, &b).len(), 1);
    let other = self::session(&fake);
    assert_eq!(other.cross_check(&open, &close, &Usage::All), []);
}

#[test]
fn edges_and_bursts_do_not_read_what_a_counter_is_held_against() {
    let fake = FakeNvml::new(100.05, "count calls\ngpu GPU-a A\npower 65\nsamples 0.02 120\n");
    let session = session(&fake);
    fake.calls();
    for _ in 0..50 {
        fake.advance(0.01);
        let mark = session.mark();
        session.settle(&mark, &Usage::All);
    }
    assert!(!fake.calls().contains_key("samples"));
    session.poll();
    assert_eq!(fake.calls()["samples"], 1);
}

#[test]
fn the_state_of_the_devices_in_use_is_told() {
    let fake = FakeNvml::new(100.05, "gpu GPU-a A\ntemperature 50\ngpu GPU-b B\ntemperature 60\nprocess 77 1 1\n");
    let session = session(&fake);
    assert_eq!(session.device_states(&Usage::All).len(), 2);
    let states = session.device_states(&Usage::Gpus(vec!["GPU-b".to_owned()]));
    assert_eq!((states[0].0.id.as_str(), states[0].1.temperature_c), ("GPU-b", Some(60.0)));
    assert_eq!(states[0].1.processes, Some(vec![77]));
    assert_eq!(session.device_states(&Usage::cpu()), []);
}

#[test]
fn a_stalled_counter_is_no_idle_gpu() {
    let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\nstall 100 110\n");
    let session = session(&fake);
    let window = session.window();
    fake.advance(5.0);
    let stalled = window.so_far();
    assert_eq!(stalled.total(), None);
    assert!(note(&stalled).contains("hangs"), "{stalled:?}");
}

#[test]
fn a_counter_that_stalls_at_an_edge_makes_the_window_missing_and_in_between_it_catches_up() {
    let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\nstall 103 110\n");
    let session = session(&fake);
    let pass = |seconds: f64| {
        for _ in 0..(seconds * 2.0) as u32 {
            fake.advance(0.5);
            session.poll();
        }
    };
    pass(1.0);
    let window = session.window();
    pass(4.0);
    let stalled = window.so_far();
    assert_eq!(stalled.total(), None, "{stalled:?}");
    assert!(note(&stalled).contains("stood still for 2.0 s up to an edge: it hangs"), "{stalled:?}");
    let late = session.window();
    pass(7.0);
    assert_eq!(late.close().total(), None, "it began while the counter hung");
    let joules = window.close().total().unwrap().0;
    assert!((joules - 300.0 * 11.0).abs() < 60.0, "{joules}");
}

#[test]
fn a_counter_that_power_contradicts_is_doubtful_and_its_interval_holds_both() {
    let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 65\nsamples 0.02 120\ncounter-gain 0.57\n");
    let session = session(&fake);
    let window = session.window();
    for _ in 0..10 {
        fake.advance(0.5);
        session.poll();
    }
    let energy = window.close();
    assert!(note(&energy).contains("DOUBTFUL: the counter tells 1"), "{energy:?}");
    let (joules, sd) = (energy.total().unwrap().0, energy.uncertainty(None).unwrap().absolute().0);
    assert!(joules < 200.0 && joules + 1.96 * sd > 320.0, "{joules} {sd}");
}

#[test]
fn a_gpu_that_is_not_allowed_is_left_out_and_no_gpu_at_all_is_unavailable() {
    let mut fake = FakeNvml::new(100.05, "gpu GPU-a A\nfault handle 4\ngpu GPU-b B\npower 100\n");
    assert_eq!(names(&session(&fake), &Usage::All), ["gpu:GPU-b counter"]);
    for script in [
        "",
        "gpu GPU-a A\nfault handle 4\n",
        "fault init 9\n",
        "gpu A A\nfault energy 3\nfault instant 3\nfault power 3\n",
    ] {
        fake.rewrite(script);
        let builder = Session::builder().meters(Meters::List(vec![MeterKind::Nvml])).nvml_library(fake.library());
        let error = builder.open().unwrap_err();
        assert!(matches!(error, EnergyError::Unavailable { meter: "nvml", .. }), "{script}: {error}");
    }
}

#[test]
fn where_a_counter_may_be_the_modules_that_is_said_and_the_processor_is_not_counted_beside_it() {
    // Time stands still while the meter is opened, and so does the counter: it cannot be told whose it is.
    let fake = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\nmodule 150 energy\nsamples 0.02 120\n");
    let tree = crate::energy::meters::rapl::testing::PowercapTree::new();
    tree.zone("intel-rapl:0", "package-0", 0, 1 << 40);
    let open = |fake: &FakeNvml| {
        let meters = Meters::List(vec![MeterKind::Nvml, MeterKind::Rapl]);
        let builder = Session::builder().meters(meters).nvml_library(fake.library()).powercap_root(tree.root());
        builder.clock(fake.clock.clone()).without_polling().open().unwrap()
    };
    let session = open(&fake);
    assert_eq!(names(&session, &Usage::All), ["gpu:GPU-a counter"]);
    assert_eq!(names(&session, &Usage::cpu()), ["cpu:package-0 counter"], "alone it is what it is");
    let window = session.window();
    for _ in 0..12 {
        fake.advance(0.5);
        session.poll();
    }
    let energy = window.close();
    assert_eq!(energy.total(), Some(Joules(450.0 * 6.0)));
    assert!(note(&energy).contains("of the GPU alone or of its whole module"), "{energy:?}");
    assert!(energy.doubt().is_none(), "power of another scope says nothing of it");
    let board = FakeNvml::new(100.05, "gpu GPU-a A\npower 300\nsamples 0.02 120\n");
    assert_eq!(names(&open(&board), &Usage::All).len(), 2);
}

#[test]
fn without_a_counter_the_power_of_the_gpu_alone_is_read_where_it_is_on_a_module() {
    let fake =
        FakeNvml::new(100.0, "gpu GPU-a A\npower 300\nmodule 150 power samples\nsamples 0.02 120\nfault energy 3\n");
    let session = session(&fake);
    let window = session.window();
    for _ in 0..8 {
        fake.advance(0.5);
        session.poll();
    }
    assert_eq!(window.close().total(), Some(Joules(1200.0)));
}
