//! Shared boards of the fake library, and their users.

use proptest::prelude::*;

use super::super::nvml::NvmlMeter;
use super::super::nvml::testing::FakeNvml;
use super::*;
use crate::energy::gpus::mig::MigPolicy;
use crate::energy::system::clock::Clock;
use crate::energy::system::testing::FakeProc;
use crate::energy::units::{DomainEnergy, WindowEnergy};
use crate::energy::{Mark, Meters, Session, SessionBuilder, Usage};

/// Two families, 10 with 11 and 20 with 21, and a stranger, 30.
fn processes() -> FakeProc {
    let proc = FakeProc::new();
    proc.process(1, 0, 0, 0).process(10, 1, 0, 0).process(11, 10, 0, 0);
    proc.process(20, 1, 0, 0).process(21, 20, 0, 0).process(30, 1, 0, 0);
    proc
}

fn builder(fake: &FakeNvml, proc: &FakeProc, root: u32) -> SessionBuilder {
    let builder = Session::builder().meters(Meters::List(vec![crate::energy::MeterKind::Nvml])).share(true);
    builder
        .nvml_library(fake.library())
        .lock_folder(proc.root())
        .proc_root(proc.root())
        .process(root)
        .clock(fake.clock.clone())
        .without_polling()
}

fn open(fake: &FakeNvml, proc: &FakeProc, root: u32) -> Session {
    builder(fake, proc, root).open().unwrap()
}

/// Lets time pass, with polls of all sessions twice a second.
fn pass(fake: &FakeNvml, sessions: &[&Session], seconds: f64) {
    for _ in 0..(seconds * 2.0).round() as u32 {
        fake.advance(0.5);
        sessions.iter().for_each(|session| session.poll());
    }
}

fn settled(fake: &FakeNvml, session: &Session, open: &Mark, close: &Mark) -> DomainEnergy {
    pass(fake, &[session], 2.0);
    let window: WindowEnergy = session.between(open, close);
    window.domains.into_iter().next().unwrap()
}

fn joules(part: &DomainEnergy) -> f64 {
    part.joules.unwrap_or_else(|| panic!("{part:?}")).0
}

/// What the sessions of families 10 and 20 have of a window of so many seconds that begins at 60.
fn two(script: &str, seconds: f64) -> [DomainEnergy; 2] {
    let (fake, proc) = (FakeNvml::new(50.05, script), processes());
    let sessions = [open(&fake, &proc, 10), open(&fake, &proc, 20)];
    let both = [&sessions[0], &sessions[1]];
    pass(&fake, &both, 9.95);
    let from = both.map(Session::mark);
    pass(&fake, &both, seconds);
    let to = both.map(Session::mark);
    pass(&fake, &both, 2.0);
    [0, 1].map(|who| both[who].between(&from[who], &to[who]).domains.remove(0))
}

#[test]
fn twins_have_a_half_each_and_say_how_sure_that_is() {
    let parts = two("gpu A A\npower 400\nprocess 11 100 50\nprocess 21 100 50\n", 20.0);
    for part in &parts {
        assert!((joules(part) / 8000.0 - 0.5).abs() < 0.025, "{part:?}");
        assert_eq!((part.method, part.note.as_deref()), (Method::Attributed, None));
        let uncertainty = part.uncertainty.unwrap();
        assert!((uncertainty.attribution.0 / joules(part) - 0.25).abs() < 0.03, "{uncertainty:?}");
        assert!(uncertainty.relative() >= uncertainty.attribution);
    }
    assert!((joules(&parts[0]) + joules(&parts[1]) - 8000.0).abs() < 8.0);
    let [short, _] = two("gpu A A\npower 400\nprocess 11 100 50\nprocess 21 100 50\n", 3.0);
    let attribution = short.uncertainty.unwrap().attribution.0 / joules(&short);
    assert!((0.17..0.42).contains(&attribution), "{short:?}");
}

#[test]
fn a_gpu_that_fails_leaves_the_others_alone() {
    let script =
        "gpu A A\npower 300\nprocess 11 100 80\ngpu B B\npower 100\nfault energy 999 62 70\nprocess 21 100 10\n";
    let (fake, proc) = (FakeNvml::new(50.05, script), processes());
    let session = open(&fake, &proc, 10);
    pass(&fake, &[&session], 10.0);
    let from = session.mark();
    for _ in 0..7 {
        pass(&fake, &[&session], 1.0);
        // Edges, and whoever waits after them, read in between.
        session.settle(&session.mark(), &Usage::All);
    }
    let to = session.mark();
    session.settle(&to, &Usage::All);
    pass(&fake, &[&session], 2.0);
    let window = session.between(&from, &to);
    let healthy = &window.domains[0];
    assert!((joules(healthy) / (300.0 * window.seconds) - 1.0).abs() < 0.05, "{healthy:?} in {} s", window.seconds);
    assert_eq!(window.domains[1].joules, None, "it failed at the end: {window:?}");
}

#[test]
fn an_estimate_is_not_shared_out() {
    let script =
        "gpu A A\npower 300\nfault energy 3\nfault power 3\nfault instant 3\nlimit 100 400 250 1\nutilization 40 10\n";
    let (fake, proc) = (FakeNvml::new(50.05, script), processes());
    let error = builder(&fake, &proc, 10).gpu_estimate(true).open().unwrap_err();
    assert!(matches!(error, EnergyError::Unshareable { .. }), "{error}");
    let unseen = FakeNvml::new(50.05, "gpu A A\npower 300\nfault processes 3\n");
    let error = builder(&unseen, &proc, 10).open().unwrap_err();
    assert!(error.to_string().contains("which processes hold it"), "{error}");
}

#[test]
fn one_busy_and_one_idle_share_rest_and_nothing_else() {
    // At rest until 60: 80 W.
    let script = "gpu A A\npower pulse 80 480 60 1000\nprocess 11 100 90 60 1000\nprocess 21 100 0\n";
    let [busy, idle] = two(script, 20.0);
    assert!((joules(&idle) - 40.0 * 20.0).abs() < 40.0, "{idle:?}");
    assert!((joules(&busy) + joules(&idle) - 480.0 * 20.0).abs() < 480.0 * 0.2, "{busy:?}");
    assert!(busy.uncertainty.unwrap().attribution.0 < 0.05 * joules(&busy), "nobody else computes: {busy:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Two families and a stranger that come and go; the last session is that of everybody's ancestor.
    #[test]
    fn all_parts_and_nobodys_are_the_whole(
        users in prop::collection::vec((prop::sample::select(vec![10, 11, 20, 21, 30]), 0_u32..34, 45.0..80.0, 2.0..60.0), 1..6),
        period in 1.0..9.0,
    ) {
        let line = |(pid, percent, from, time): &(u32, u32, f64, f64)| {
            format!("process {pid} 100 {percent} {from:.3} {:.3}\n", from + time)
        };
        let lines: String = users.iter().map(line).collect();
        let (fake, proc) = (FakeNvml::new(50.05, &format!("gpu A A\npower square 100 400 {period:.3}\n{lines}")), processes());
        let sessions = [10, 20, 30, 1].map(|root| open(&fake, &proc, root));
        let all = sessions.each_ref();
        pass(&fake, &all, 5.0);
        let from = all.map(Session::mark);
        pass(&fake, &all, 31.0);
        let to = all.map(Session::mark);
        pass(&fake, &all, 2.0);
        let [a, b, stranger, everybody] = [0, 1, 2, 3].map(|who| joules(&all[who].between(&from[who], &to[who]).domains[0]));
        prop_assert!((a + b + stranger - everybody).abs() <= 1e-3 * everybody, "{a} {b} {stranger} of {everybody}");
        let whole = fake_joules(period, 55.05, 86.05);
        prop_assert!(everybody <= whole * 1.02, "no more than there was: {everybody} of {whole}");
    }
}

/// What a load of 100 and 400 W in turn spends between two times.
fn fake_joules(period: f64, from: f64, to: f64) -> f64 {
    let until = |time: f64| {
        let (whole, rest) = ((time / period).floor() * period, time % period);
        whole * 250.0 + rest.min(period / 2.0) * 100.0 + (rest - period / 2.0).max(0.0) * 400.0
    };
    until(to) - until(from)
}

#[test]
fn where_somebody_always_computes_the_parts_are_the_energy_of_the_board() {
    let script = "gpu A A\npower square 200 400 7\nprocess 11 100 33\nprocess 10 1 5\nprocess 21 100 41 40 70\nprocess 30 9 13\n";
    let (fake, proc) = (FakeNvml::new(50.05, script), processes());
    let sessions = [10, 20, 30].map(|root| open(&fake, &proc, root));
    let plain = builder(&fake, &proc, 10).share(false).open().unwrap();
    let all = [&sessions[0], &sessions[1], &sessions[2], &plain];
    pass(&fake, &all, 5.0);
    let from = all.map(Session::mark);
    pass(&fake, &all, 31.0);
    let to = all.map(Session::mark);
    pass(&fake, &all, 2.0);
    let parts = [0, 1, 2, 3].map(|who| joules(&all[who].between(&from[who], &to[who]).domains[0]));
    assert!((parts[..3].iter().sum::<f64>() / parts[3] - 1.0).abs() < 1e-3, "{parts:?}");
    assert!(parts.iter().all(|part| *part > 500.0), "{parts:?}");
}

#[test]
fn a_stranger_that_comes_and_goes_is_charged_for_its_time_alone() {
    let script = "gpu A A\npower 300\nprocess 11 100 50\nprocess 30 100 50 62 66\n";
    let (fake, proc) = (FakeNvml::new(50.05, script), processes());
    let session = open(&fake, &proc, 10);
    pass(&fake, &[&session], 9.95);
    let marks = [4.0, 8.0, 0.0].map(|seconds| {
        let mark = session.mark();
        pass(&fake, &[&session], seconds);
        mark
    });
    let part = settled(&fake, &session, &marks[0], &marks[2]);
    assert!((joules(&part) - (12.0 - 2.0) * 300.0).abs() < 300.0, "{part:?}");
    let uncertainty = part.uncertainty.unwrap();
    assert!(uncertainty.attribution.0 > 0.02 * joules(&part) && uncertainty.attribution.0 < 0.2 * joules(&part));
    assert_eq!(part.note, None);
}

#[test]
fn who_cannot_be_seen_is_a_stranger_and_that_is_said() {
    let script = "gpu A A\npower 300\nprocess 11 100 25\nprocess 999 100 75\n";
    let [part, _] = two(script, 10.0);
    assert!((joules(&part) - 750.0).abs() < 40.0, "{part:?}");
    assert!(part.note.as_deref().unwrap().contains("does not show"), "{part:?}");
}

#[test]
fn what_a_process_computed_before_it_ended_is_ours() {
    let (fake, proc) = (FakeNvml::new(50.05, "gpu A A\npower 300\nprocess 11 100 80 50 65.8\n"), processes());
    let session = open(&fake, &proc, 10);
    pass(&fake, &[&session], 9.95);
    let from = session.mark();
    pass(&fake, &[&session], 5.5);
    proc.end(11);
    pass(&fake, &[&session], 0.5);
    let to = session.mark();
    let part = settled(&fake, &session, &from, &to);
    assert!((joules(&part) - 1800.0).abs() < 30.0, "{part:?}");
    assert_eq!(part.note, None, "it was seen before");
}

#[test]
fn a_counter_that_starts_anew_ends_the_segment() {
    let script = "gpu A A\npower 300\nstart 1e9\nreset 70\nprocess 11 100 50\nprocess 21 100 50\n";
    let [part, _] = two(script, 20.0);
    assert_eq!(part.joules, None);
    assert!(part.note.as_deref().unwrap().contains("started anew"), "{part:?}");
    let [before, _] = two(script, 7.0);
    assert!((joules(&before) - 7.0 * 150.0).abs() < 60.0);
}

#[test]
fn utilisation_that_fails_for_a_while_is_made_up_for_and_for_long_is_a_gap() {
    let script = |fault: &str| format!("gpu A A\npower 300\nprocess 11 100 50\nprocess 21 100 50\n{fault}");
    let [part, _] = two(&script("fault process-utilization 999 63 65\n"), 20.0);
    assert!((joules(&part) - 3000.0).abs() < 60.0, "{part:?}");
    assert!(part.note.as_deref().unwrap().contains("failed"), "{part:?}");
    let [part, _] = two(&script("fault process-utilization 999 63 70\n"), 20.0);
    assert_eq!(part.joules, None, "{part:?}");
    assert!(part.note.as_deref().unwrap().contains("the utilisation of its processes"), "{part:?}");
    let [part, _] = two(&script("fault process-utilization 999 59 1000\n"), 20.0);
    assert_eq!(part.joules, None, "{part:?}");
    let [part, _] = two(&script("fault energy 999 63 65\n"), 20.0);
    assert!((joules(&part) - 3000.0).abs() < 60.0, "{part:?}");
}

#[test]
fn nothing_runs_and_nobody_is_charged() {
    for part in two("gpu A A\npower 80\n", 10.0) {
        assert_eq!(part.joules.map(|joules| joules.0), Some(0.0), "known, and none: {part:?}");
    }
    // Who holds the board without computing pays for rest, though the other does not.
    let [ours, other] = two("gpu A A\npower 80\nprocess 11 100 0\n", 10.0);
    assert!((joules(&ours) - 800.0).abs() < 8.0 && joules(&other) == 0.0, "{ours:?} {other:?}");
}

#[test]
fn a_board_whose_counter_hangs_has_no_figure() {
    let [part, _] = two("gpu A A\npower 300\nstall 62 1000\nprocess 11 100 50\n", 10.0);
    assert_eq!(part.joules, None, "{part:?}");
}

#[test]
fn a_wall_clock_that_is_set_back_leaves_a_gap_and_is_got_over() {
    let script = "wall-jump 65.5 -3600\ngpu A A\npower 300\nprocess 11 100 50\nprocess 21 100 50\n";
    let (fake, proc) = (FakeNvml::new(50.05, script), processes());
    let session = open(&fake, &proc, 10);
    pass(&fake, &[&session], 10.0);
    let from = session.mark();
    pass(&fake, &[&session], 80.0);
    let middle = session.mark();
    pass(&fake, &[&session], 20.0);
    let to = session.mark();
    let after = settled(&fake, &session, &middle, &to);
    assert!((joules(&after) - 3000.0).abs() < 60.0, "{after:?}");
    assert_eq!(session.between(&from, &middle).total(), None);
}

#[test]
fn a_window_needs_a_second() {
    let (fake, proc) = (FakeNvml::new(50.05, "gpu A A\npower 300\nprocess 11 100 50\n"), processes());
    let session = open(&fake, &proc, 10);
    let from = session.mark().beside_rest();
    fake.advance(0.9);
    let to = session.mark().beside_rest();
    let part = settled(&fake, &session, &from, &to);
    assert!(part.joules.is_none() && part.note.as_deref().unwrap().contains("below the resolution"), "{part:?}");
}

#[test]
fn the_driver_is_asked_twice_a_second_however_often_edges_come() {
    let mut fake = FakeNvml::new(50.05, "count calls\ngpu A A\npower 300\nprocess 11 100 50\n");
    let session = open(&fake, &processes(), 10);
    fake.calls();
    for _ in 0..1000 {
        fake.advance(0.01);
        let _ = session.mark();
        session.poll();
    }
    let calls = fake.calls();
    let times = |name: &str| calls.get(name).copied().unwrap_or(0);
    assert!((20..=26).contains(&times("process-utilization")), "{calls:?}");
    assert!(times("energy") <= 26 && times("processes") <= 6, "{calls:?}");
    // While nobody computes, once more each time, for the wall clock may have been set back.
    fake.rewrite("count calls\ngpu A A\npower 300\n");
    for _ in 0..1000 {
        fake.advance(0.01);
        session.poll();
    }
    assert!((40..=52).contains(&fake.calls()["process-utilization"]));
}

#[test]
fn an_edge_is_settled_by_the_next_stretch_and_not_before() {
    let (fake, proc) = (FakeNvml::new(50.05, "gpu A A\npower 300\nprocess 11 100 50\n"), processes());
    let session = open(&fake, &proc, 10);
    pass(&fake, &[&session], 5.0);
    fake.advance(0.3);
    let mark = session.mark();
    assert!(!session.is_settled(&mark));
    pass(&fake, &[&session], 1.5);
    assert!(session.is_settled(&mark));
    session.settle(&mark, &Usage::All);
}

fn refusal(script: &str, mig: MigPolicy, meters: Meters) -> String {
    let (fake, proc) = (FakeNvml::new(50.0, script), processes());
    builder(&fake, &proc, 10).mig(mig).meters(meters).open().unwrap_err().with_help()
}

#[test]
fn what_cannot_be_shared_out_is_refused_with_a_remedy() {
    let nvml = || Meters::List(vec![crate::energy::MeterKind::Nvml]);
    for meters in [nvml(), Meters::Auto] {
        let unsupported = refusal("gpu A A\nfault process-utilization 3\n", MigPolicy::Refuse, meters.clone());
        assert!(unsupported.contains("gpu:A cannot be shared") && unsupported.contains("without `share`"));
        let cut = refusal("gpu A A\nmig\n", MigPolicy::WholeBoard, meters);
        assert!(cut.contains("MIG") && cut.contains("-mig 0"), "{cut}");
    }
    let rapl = Meters::List(vec![crate::energy::MeterKind::Rapl]);
    assert!(refusal("gpu A A\n", MigPolicy::Refuse, rapl).contains("cannot be shared out"));
    let (fake, proc) = (FakeNvml::new(50.0, "gpu A A\n"), processes());
    let both = builder(&fake, &proc, 10).exclusive("me").open().unwrap_err();
    assert_eq!(both, EnergyError::SharedAndExclusive);
}

#[test]
fn a_shared_gpu_says_so_and_has_no_power_at_rest() {
    let (fake, proc) = (FakeNvml::new(50.0, "gpu A A\npower 80\nprocess 11 100 50\n"), processes());
    let session = open(&fake, &proc, 10);
    let source = session.sources(&Usage::All).remove(0);
    assert_eq!(source.method, Method::Attributed);
    assert!(source.sampling.contains("utilisation") && source.sampling.contains("total-energy counter"), "{source:?}");
    let baseline = session.measure_baseline(std::time::Duration::from_secs(10), || false).unwrap();
    assert!(baseline.domains[0].watts.is_none() && baseline.domains[0].note.is_some(), "{baseline:?}");
}

#[test]
fn power_that_is_integrated_is_shared_out_too() {
    for rung in ["fault energy 3\nsamples 0.02 120\n", "fault energy 3\n"] {
        let parts = two(&format!("gpu A A\npower 400\n{rung}process 11 100 50\nprocess 21 100 50\n"), 20.0);
        for part in &parts {
            assert!((joules(part) / 8000.0 - 0.5).abs() < 0.025, "{part:?}");
        }
    }
}

#[test]
fn a_meter_of_parts_reads_nothing_between_polls() {
    let (fake, proc) = (FakeNvml::new(50.05, "count calls\ngpu A A\npower 300\nprocess 11 100 50\n"), processes());
    let whole = NvmlMeter::open(Some(&fake.library()), MigPolicy::Refuse).unwrap();
    let mut meter = SharedMeter::new(whole, Descendants::new(proc.root().to_owned(), 10)).unwrap();
    let first = meter.read(&fake.clock);
    fake.calls();
    fake.advance(0.3);
    assert_eq!(meter.read(&fake.clock), first);
    assert!(fake.calls().is_empty());
    assert_eq!(first[0].as_ref().unwrap().at, crate::energy::system::testing::moment(50.05));
    assert!(fake.clock.now() > first[0].as_ref().unwrap().at);
}
