//! Sessions over meters that the test drives.

mod edges;
mod stall;
mod ticks;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::energy::meters::estimate::EstimateMeter;
use crate::energy::meters::estimate::watts::WattsPerCore;
use crate::energy::meters::rapl::testing::PowercapTree;
use crate::energy::meters::testing::ScriptedMeter;
use crate::energy::system::clock::testing::ManualClock;
use crate::energy::system::testing::{FakeProc, moment};
use crate::energy::units::{DomainKind, Joules, Method, PowerDomain, WindowEnergy};
use crate::energy::*;

/// What a scripted meter will show next: microjoules and segment.
type Dial = Arc<Mutex<Result<(u64, u64), EnergyError>>>;

fn scripted(clock: &ManualClock) -> (Session, Dial) {
    let meter = ScriptedMeter::new("GPU-1");
    let dial = Arc::clone(&meter.next);
    let builder = Session::builder().meters(Meters::List(vec![])).meter(meter);
    (builder.clock(clock.clone()).without_polling().open().unwrap(), dial)
}

fn turn(dial: &Dial, microjoules: u64, segment: u64) {
    *dial.lock().unwrap() = Ok((microjoules, segment));
}

fn fail(dial: &Dial, lost: bool) {
    let domain = PowerDomain { kind: DomainKind::Gpu, id: "GPU-1".to_owned() };
    let reason = "as told".to_owned();
    *dial.lock().unwrap() =
        Err(if lost { EnergyError::DeviceLost { domain, reason } } else { EnergyError::Read { domain, reason } });
}

fn note(window: &WindowEnergy) -> &str {
    window.domains[0].note.as_deref().unwrap_or("")
}

#[test]
fn nested_windows_share_their_edges_and_add_up() {
    let clock = ManualClock::at(10.0);
    let (session, dial) = scripted(&clock);
    let trial = session.window();
    let marks: Vec<Mark> = (1..=4_u64)
        .map(|epoch| {
            clock.advance(1.5);
            turn(&dial, epoch * epoch * 1_000_000, 0);
            session.mark()
        })
        .collect();
    let whole = trial.close();
    assert_eq!(whole.seconds, 6.0);
    assert_eq!(whole.total(), Some(Joules(16.0)));
    let epochs: f64 = marks.windows(2).map(|pair| session.between(&pair[0], &pair[1]).total().unwrap().0).sum();
    assert_eq!(epochs, 15.0);
    assert_eq!(whole.method(), Some(Method::Counter));
}

#[test]
fn an_edge_of_a_little_while_ago_is_interpolated_between_readings() {
    let clock = ManualClock::at(10.0);
    let (session, dial) = scripted(&clock);
    clock.advance(1.0);
    turn(&dial, 100_000_000, 0);
    session.poll();
    clock.advance(1.0);
    turn(&dial, 300_000_000, 0);
    let open = session.mark_at(moment(10.5));
    let close = session.mark_at(moment(11.25));
    assert_eq!(session.between(&open, &close).total(), Some(Joules(100.0)));
    assert_eq!(open.moment(), moment(10.5));
}

#[test]
fn an_edge_in_the_future_is_now_and_one_before_the_session_is_unknown() {
    let clock = ManualClock::at(10.0);
    let (session, dial) = scripted(&clock);
    let open = session.mark();
    clock.advance(1.0);
    turn(&dial, 5_000_000, 0);
    let close = session.mark_at(moment(1e9));
    assert_eq!(close.moment(), moment(11.0));
    assert_eq!(session.between(&open, &close).total(), Some(Joules(5.0)));
    let early = session.between(&session.mark_at(moment(9.0)), &close);
    assert_eq!(early.total(), None);
    assert!(note(&early).contains("before metering began"), "{early:?}");
}

#[test]
fn edges_the_wrong_way_round_or_of_another_session_have_no_energy() {
    let clock = ManualClock::at(10.0);
    let ((one, dial), (other, _)) = (scripted(&clock), scripted(&clock));
    let open = one.mark();
    clock.advance(1.0);
    turn(&dial, 5_000_000, 0);
    let close = one.mark();
    let reversed = one.between(&close, &open);
    assert_eq!((reversed.total(), reversed.seconds), (None, 0.0));
    assert!(note(&reversed).contains("closes before"));
    let foreign = one.between(&other.mark(), &close);
    assert_eq!(foreign.total(), None);
    assert!(note(&foreign).contains("another session"));
}

#[test]
fn a_window_below_the_resolution_is_missing_and_not_zero() {
    let clock = ManualClock::at(10.0);
    let (session, dial) = scripted(&clock);
    let window = session.window();
    clock.advance(0.15);
    turn(&dial, 30_000_000, 0);
    let short = window.so_far();
    assert_eq!(short.total(), None);
    assert!(note(&short).contains("below the resolution"), "{short:?}");
    clock.advance(0.05);
    assert_eq!(window.close().total(), Some(Joules(30.0)));
}

#[test]
fn an_estimate_of_no_cpu_time_is_missing_and_not_zero() {
    let proc = FakeProc::new();
    proc.process(10, 1, 5, 0);
    let clock = ManualClock::at(10.0);
    let meter =
        EstimateMeter::open(proc.root(), 10, true, &WattsPerCore { watts: 8.0, origin: "as stated".to_owned() })
            .unwrap();
    let builder = Session::builder().meters(Meters::List(vec![])).meter(meter);
    let session = builder.clock(clock.clone()).without_polling().open().unwrap();
    let window = session.window();
    clock.advance(0.5);
    let idle = window.so_far();
    assert_eq!(idle.total(), None);
    assert!(note(&idle).contains("below the resolution: no CPU time at all"), "{idle:?}");
    proc.process(10, 1, 80, 0);
    clock.advance(0.5);
    assert!(window.close().total().is_some_and(|joules| joules > Joules(0.0)));
}

#[test]
fn a_counter_that_starts_anew_leaves_a_hole_and_no_energy() {
    let clock = ManualClock::at(10.0);
    let (session, dial) = scripted(&clock);
    let window = session.window();
    clock.advance(1.0);
    turn(&dial, 2_000_000, 1);
    let torn = window.close();
    assert_eq!(torn.total(), None);
    assert!(note(&torn).contains("at least 2.00 J"), "{torn:?}");
    // The next window is whole again; one that opens in the hole is not.
    let window = session.window();
    clock.advance(1.0);
    turn(&dial, 5_000_000, 1);
    assert_eq!(window.close().total(), Some(Joules(3.0)));
    let hole = session.between(&session.mark_at(moment(10.5)), &session.mark());
    assert!(note(&hole).contains("where the counter started anew"), "{hole:?}");
}

#[test]
fn a_failed_reading_at_an_edge_is_a_hole_and_in_between_a_note() {
    let clock = ManualClock::at(10.0);
    let (session, dial) = scripted(&clock);
    let window = session.window();
    clock.advance(1.0);
    fail(&dial, false);
    assert_eq!(window.so_far().total(), None);
    assert!(note(&window.so_far()).contains("as told"));
    clock.advance(1.0);
    turn(&dial, 8_000_000, 0);
    let whole = window.close();
    assert_eq!(whole.total(), Some(Joules(8.0)));
    assert!(note(&whole).contains("2 readings in between failed"), "{whole:?}");
}

#[test]
fn a_lost_device_is_told_apart_while_it_is_lost() {
    let clock = ManualClock::at(10.0);
    let (session, dial) = scripted(&clock);
    assert_eq!(session.check(&Usage::All), Ok(()));
    fail(&dial, false);
    session.poll();
    assert_eq!(session.check(&Usage::All), Ok(()), "a reading that failed is no lost device");
    fail(&dial, true);
    session.poll();
    assert!(session.check(&Usage::All).unwrap_err().is_device_lost());
    assert_eq!(session.check(&Usage::cpu()), Ok(()), "work on the processor does not mind");
    turn(&dial, 0, 1);
    session.poll();
    assert_eq!(session.check(&Usage::All), Ok(()));
}

#[test]
fn a_counter_that_hangs_has_no_energy() {
    let clock = ManualClock::at(10.0);
    let (session, _dial) = scripted(&clock);
    let window = session.window();
    clock.advance(5.0);
    let hanging = window.close();
    assert_eq!(hanging.total(), None);
    assert!(note(&hanging).contains("hangs"), "{hanging:?}");
}

#[test]
fn a_meter_that_goes_backwards_is_not_believed() {
    let clock = ManualClock::at(10.0);
    let (session, dial) = scripted(&clock);
    turn(&dial, 9_000_000, 0);
    let window = session.window();
    clock.advance(1.0);
    turn(&dial, 1_000_000, 0);
    let fallen = window.so_far();
    assert_eq!(fallen.total(), None);
    assert!(note(&fallen).contains("went backwards"), "{fallen:?}");
    turn(&dial, 10_000_000, 0);
    assert_eq!(window.close().total(), Some(Joules(1.0)));
}

#[test]
fn an_old_edge_is_forgotten_and_says_so() {
    let clock = ManualClock::at(10.0);
    let (session, dial) = scripted(&clock);
    for second in 0..800_u64 {
        clock.advance(0.5);
        turn(&dial, second * 1_000_000, 0);
        session.poll();
    }
    let close = session.mark();
    assert_eq!(session.between(&session.mark_at(moment(20.0)), &close).total(), None);
    assert!(session.between(&session.mark_at(moment(200.0)), &close).total().is_some());
}

#[test]
fn an_exclusive_session_holds_what_it_measures_until_it_ends() {
    let locks = tempfile::tempdir().unwrap();
    let (tree, proc) = machine(true);
    let open = |name: &str| builder_on(&tree, &proc).lock_folder(locks.path()).exclusive(name).open();
    let first = open("the study one").unwrap();
    let handle = first.clone();
    drop(first);
    let error = open("the study two").unwrap_err();
    assert!(matches!(&error, EnergyError::InUse { by, .. } if by.starts_with("the study one")), "{error}");
    assert!(builder_on(&tree, &proc).open().is_ok(), "who only looks needs no lock");
    let estimate = builder_on(&tree, &proc).lock_folder(locks.path()).meters(Meters::estimate());
    assert!(estimate.exclusive("an estimate").open().is_ok(), "a model is nobody's");
    drop(handle);
    assert!(open("the study two").is_ok());
}

/// A machine with a processor counter, or without, and the process that the session belongs to.
fn machine(rapl: bool) -> (PowercapTree, FakeProc) {
    let (tree, proc) = (PowercapTree::new(), FakeProc::new());
    if rapl {
        tree.zone("intel-rapl:0", "package-0", 1, 1_000_000_000_000).zone(
            "intel-rapl:0/intel-rapl:0:0",
            "dram",
            1,
            1_000_000_000_000,
        );
    }
    proc.process(std::process::id(), 1, 0, 0);
    (tree, proc)
}

fn builder_on(tree: &PowercapTree, proc: &FakeProc) -> SessionBuilder {
    Session::builder()
        .powercap_root(tree.root())
        .sysfs_root(tree.root())
        .proc_root(proc.root())
        .nvml_library(tree.root().join("no-such-library.so"))
        .without_polling()
}

fn names(session: &Session, usage: &Usage) -> Vec<String> {
    session.sources(usage).iter().map(|source| format!("{} {}", source.domain, source.method.label())).collect()
}

#[test]
fn auto_takes_the_processors_counter_and_else_estimates() {
    let (tree, proc) = machine(true);
    let session = builder_on(&tree, &proc).open().unwrap();
    assert_eq!(names(&session, &Usage::cpu()), ["cpu:package-0 counter", "dram:dram-0 counter"]);
    let (tree, proc) = machine(false);
    let session = builder_on(&tree, &proc).open().unwrap();
    assert_eq!(names(&session, &Usage::All), ["cpu:processes ESTIMATED"]);
}

#[test]
fn the_estimate_stands_in_only_where_nothing_else_counts() {
    let (tree, proc) = machine(false);
    let builder = || builder_on(&tree, &proc).meter(ScriptedMeter::new("GPU-ab"));
    let session = builder().open().unwrap();
    let used = Usage::Gpus(vec!["A-B".to_owned()]);
    assert_eq!(names(&session, &used), ["gpu:GPU-ab counter"]);
    assert_eq!(names(&session, &Usage::cpu()), ["cpu:processes ESTIMATED"]);
    // Who asks for it by name gets it always.
    let session = builder().meters(Meters::estimate()).open().unwrap();
    assert_eq!(names(&session, &used), ["cpu:processes ESTIMATED", "gpu:GPU-ab counter"]);
}

#[test]
fn a_used_gpu_without_a_meter_makes_the_total_missing_unless_gpus_were_left_out() {
    let (tree, proc) = machine(true);
    let clock = ManualClock::at(10.0);
    let used = Usage::Gpus(vec!["GPU-x".to_owned()]);
    let energy = |builder: SessionBuilder| {
        tree.set("intel-rapl:0", 1).set("intel-rapl:0/intel-rapl:0:0", 1);
        let session = builder.clock(clock.clone()).open().unwrap();
        let open = session.mark();
        clock.advance(1.0);
        tree.set("intel-rapl:0", 40_000_001).set("intel-rapl:0/intel-rapl:0:0", 2_000_001);
        session.between_using(&open, &session.mark(), &used)
    };
    let auto = energy(builder_on(&tree, &proc));
    assert_eq!((auto.total(), auto.of(DomainKind::Cpu)), (None, Some(Joules(40.0))));
    let rapl = energy(builder_on(&tree, &proc).meters(Meters::List(vec![MeterKind::Rapl])));
    assert_eq!(rapl.total(), Some(Joules(42.0)));
}

#[test]
fn meters_that_are_named_must_work() {
    let (tree, proc) = machine(false);
    let open = |meters| builder_on(&tree, &proc).meters(Meters::List(meters)).open();
    assert_eq!(open(vec![]).unwrap_err(), EnergyError::NoMeter);
    for (kind, name) in [(MeterKind::Nvml, "nvml"), (MeterKind::Rapl, "rapl")] {
        let error = open(vec![kind]).unwrap_err();
        assert!(matches!(&error, EnergyError::Unavailable { meter, .. } if *meter == name), "{error}");
    }
    proc.end(std::process::id());
    assert!(open(vec![MeterKind::Estimate]).is_err());
    assert!(builder_on(&tree, &proc).open().is_err(), "auto finds nothing at all");
}

#[test]
fn the_platform_is_metered_by_name_and_alone() {
    let (tree, proc) = machine(true);
    tree.zone("intel-rapl:1", "psys", 5_000_000, 1_000_000_000_000);
    let open = |meters| builder_on(&tree, &proc).meters(Meters::List(meters)).open();
    assert!(
        !names(&builder_on(&tree, &proc).open().unwrap(), &Usage::All).concat().contains("psys"),
        "never by itself"
    );
    let session = open(vec![MeterKind::Psys, MeterKind::Psys]).unwrap();
    assert_eq!(names(&session, &Usage::cpu()), ["platform:psys counter"]);
    for other in [MeterKind::Nvml, MeterKind::Rapl, MeterKind::Estimate] {
        let error = open(vec![other, MeterKind::Psys]).unwrap_err().with_help();
        assert!(error.contains("`psys` cannot be used") && error.contains("choose it alone"), "{error}");
    }
    let shared = builder_on(&tree, &proc).meters(Meters::List(vec![MeterKind::Psys])).share(true).open();
    assert!(shared.unwrap_err().to_string().contains("cannot be shared out"));
    let locks = tempfile::tempdir().unwrap();
    let alone = |kind| {
        let builder = builder_on(&tree, &proc).meters(Meters::List(vec![kind]));
        builder.exclusive("a study").lock_folder(locks.path()).open()
    };
    let platform = alone(MeterKind::Psys).unwrap();
    let error = alone(MeterKind::Rapl).unwrap_err();
    assert!(matches!(&error, EnergyError::InUse { domain, .. } if domain.id == "package-0"), "{error}");
    drop(platform);
    assert!(alone(MeterKind::Rapl).is_ok());
    tree.close("intel-rapl:1/energy_uj");
    assert!(open(vec![MeterKind::Psys]).unwrap_err().to_string().contains("intel-rapl:1/energy_uj"));
}

#[test]
fn watts_out_of_range_are_refused() {
    let (tree, proc) = machine(false);
    for watts in [0.0, -4.0, f64::NAN, f64::INFINITY] {
        let error = builder_on(&tree, &proc).watts_per_core(watts).open().unwrap_err();
        assert!(matches!(error, EnergyError::Setting { setting: "watts_per_core", .. }), "{error}");
    }
}

#[test]
fn meters_are_read_from_words() {
    let read = |text: &str| serde_json::from_str::<Meters>(text);
    assert_eq!(read(r#""auto""#).unwrap(), Meters::Auto);
    assert_eq!(read(r#"["nvml","rapl"]"#).unwrap(), Meters::List(vec![MeterKind::Nvml, MeterKind::Rapl]));
    assert!(read(r#"["wattmeter"]"#).is_err());
    assert_eq!(serde_json::to_string(&Meters::estimate()).unwrap(), r#"["estimate"]"#);
    assert_eq!("rapl".parse::<MeterKind>(), Ok(MeterKind::Rapl));
    assert_eq!("psys".parse::<MeterKind>(), Ok(MeterKind::Psys));
    assert!("RAPL".parse::<MeterKind>().is_err());
}

/// Shows how often it was read.
struct CountingMeter {
    inner: ScriptedMeter,
    reads: Arc<(Mutex<u32>, std::sync::Condvar)>,
}

impl Meter for CountingMeter {
    fn name(&self) -> &'static str {
        "counting"
    }
    fn sources(&self) -> &[EnergySource] {
        self.inner.sources()
    }
    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        *self.reads.0.lock().unwrap() += 1;
        self.reads.1.notify_all();
        self.inner.read(clock)
    }
}

#[test]
fn the_background_reads_on_its_own_until_the_last_handle_is_gone() {
    let reads = Arc::new((Mutex::new(0), std::sync::Condvar::new()));
    let meter = CountingMeter { inner: ScriptedMeter::new("GPU-1"), reads: Arc::clone(&reads) };
    let session = Session::builder().meters(Meters::List(vec![])).meter(meter).open().unwrap();
    let clone = session.clone();
    drop(session);
    let at_least = |count| {
        let guard = reads.0.lock().unwrap();
        let (_guard, waited) =
            reads.1.wait_timeout_while(guard, Duration::from_secs(120), |reads| *reads < count).unwrap();
        assert!(!waited.timed_out(), "the thread does not read");
    };
    at_least(3);
    std::thread::scope(|scope| {
        scope.spawn(|| clone.mark());
        clone.poll();
    });
    drop(clone);
    let weak = Arc::downgrade(&reads);
    drop(reads);
    assert!(weak.upgrade().is_none(), "the thread ended and let go of its meters");
}

/// Counts its readings for one of two meters.
struct PairedMeter {
    inner: ScriptedMeter,
    slow: bool,
    reads: Arc<(Mutex<(u32, u32)>, std::sync::Condvar)>,
}

impl Meter for PairedMeter {
    fn name(&self) -> &'static str {
        "paired"
    }
    fn sources(&self) -> &[EnergySource] {
        self.inner.sources()
    }
    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        let mut reads = self.reads.0.lock().unwrap();
        *(if self.slow { &mut reads.0 } else { &mut reads.1 }) += 1;
        self.reads.1.notify_all();
        drop(reads);
        self.inner.read(clock)
    }
}

#[test]
fn an_edge_has_the_slow_counters_alone_read_often_for_a_while() {
    let reads = Arc::new((Mutex::new((0, 0)), std::sync::Condvar::new()));
    let meter = |id: &str, resolution: Duration| {
        let slow = resolution > Duration::from_millis(50);
        // Counters that change all the time have readings of their own.
        let method = if slow { Method::Counter } else { Method::PowerIntegral };
        let inner = ScriptedMeter::new(id).with_resolution(resolution).with_method(method);
        PairedMeter { inner, slow, reads: Arc::clone(&reads) }
    };
    let (slow, fast) = (meter("GPU-1", Duration::from_millis(100)), meter("GPU-2", Duration::from_millis(1)));
    let session = Session::builder().meters(Meters::List(vec![])).meter(slow).meter(fast).open().unwrap();
    let _mark = session.mark();
    let guard = reads.0.lock().unwrap();
    // Both are read side by side, and a reading of the burst that a poll asks for too is one.
    let apart = |(slow, fast): &mut (u32, u32)| slow.saturating_sub(*fast) < 48;
    let (guard, waited) = reads.1.wait_timeout_while(guard, Duration::from_secs(120), apart).unwrap();
    assert!(!waited.timed_out(), "no burst: {guard:?}");
    // Once the burst is over, both are read in step.
    let before = guard.1;
    let more = |(_, fast): &mut (u32, u32)| *fast < before + 2;
    let (guard, _) = reads.1.wait_timeout_while(guard, Duration::from_secs(120), more).unwrap();
    // Each is read by a thread of its own, the one a little before the other.
    assert!((48..=52).contains(&(guard.0 - guard.1)), "{guard:?}");
}

#[cfg(feature = "nvml")]
mod nvml;
