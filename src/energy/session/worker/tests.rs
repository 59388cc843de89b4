//! Meters that hang until they are let go, and sessions over them.

use std::sync::atomic::AtomicU64;
use std::sync::mpsc::SyncSender;

use super::*;
use crate::energy::meters::meter::EnergySource;
use crate::energy::meters::rapl::testing::PowercapTree;
use crate::energy::meters::testing::ScriptedMeter;
use crate::energy::system::clock::Moment;
use crate::energy::units::{DomainKind, Joules, Method, PowerDomain, WindowEnergy};
use crate::energy::{Mark, MeterKind, Meters, MonotonicClock, Session, Usage};

/// What the next call of a meter does.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<Mood>, Condvar)>);

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Mood {
    #[default]
    Answers,
    Hangs,
    Panics,
}

impl Gate {
    fn set(&self, mood: Mood) {
        *self.0.0.lock().unwrap() = mood;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let mood = self.0.0.lock().unwrap();
        let mood = self.0.1.wait_while(mood, |mood| *mood == Mood::Hangs).unwrap();
        let panics = *mood == Mood::Panics;
        drop(mood);
        assert!(!panics, "as told");
    }
}

/// A meter of 100 W behind gates: for its readings, its second figures and states, and its end.
struct GatedMeter {
    sources: Vec<EnergySource>,
    origin: Moment,
    gates: [Gate; 3],
    second_reader: bool,
}

impl GatedMeter {
    fn new(id: &str, gates: &[Gate; 3]) -> Self {
        let domain = PowerDomain { kind: DomainKind::Gpu, id: id.to_owned() };
        let (method, resolution) = (Method::Counter, Duration::from_millis(1));
        let sources = vec![EnergySource { domain, method, sampling: "gated".to_owned(), resolution }];
        Self { sources, origin: Moment::now(), gates: gates.clone(), second_reader: false }
    }

    fn with_second_reader(mut self) -> Self {
        self.second_reader = true;
        self
    }

    fn now(&self, clock: &dyn Clock) -> Reading {
        let at = clock.now();
        Reading { at, microjoules: at.since(self.origin).as_micros() as u64 * 100, segment: 0 }
    }
}

impl Drop for GatedMeter {
    fn drop(&mut self) {
        self.gates[2].pass();
    }
}

impl Meter for GatedMeter {
    fn name(&self) -> &'static str {
        "gated"
    }

    fn sources(&self) -> &[EnergySource] {
        &self.sources
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        self.gates[0].pass();
        vec![Ok(self.now(clock))]
    }

    fn cross_check(&mut self, clock: &dyn Clock) -> Vec<Option<Result<Reading, EnergyError>>> {
        self.gates[1].pass();
        vec![Some(Ok(self.now(clock)))]
    }

    fn states(&mut self) -> Vec<Option<DeviceState>> {
        self.gates[1].pass();
        vec![Some(DeviceState::default())]
    }

    fn aside(&mut self) -> Option<Box<dyn Meter>> {
        let (sources, gates) = (self.sources.clone(), [Gate::default(), self.gates[1].clone(), Gate::default()]);
        let (origin, second_reader) = (self.origin, false);
        self.second_reader.then(|| Box::new(Self { sources, origin, gates, second_reader }) as Box<dyn Meter>)
    }
}

const SHORT: Duration = Duration::from_secs(1);

fn limits() -> CallLimits {
    CallLimits::at_most(SHORT)
}

fn session(meters: Vec<GatedMeter>) -> Session {
    session_within(limits(), meters)
}

fn session_within(limits: CallLimits, meters: Vec<GatedMeter>) -> Session {
    let builder = Session::builder().meters(Meters::List(vec![])).limits(limits).without_polling();
    meters.into_iter().fold(builder, |builder, meter| builder.meter(meter)).open().unwrap()
}

/// A window of this much real time.
fn window(session: &Session, work: impl FnOnce()) -> (Mark, Mark) {
    let open = session.mark();
    work();
    thread::sleep(Duration::from_millis(20));
    (open, session.mark())
}

fn part<'a>(energy: &'a WindowEnergy, id: &str) -> (Option<Joules>, &'a str) {
    let part = energy.domains.iter().find(|part| part.domain.id == id).unwrap();
    (part.joules, part.note.as_deref().unwrap_or(""))
}

#[test]
fn a_meter_that_hangs_is_missing_with_that_reason_and_another_is_not() {
    let [one, other] = [(); 2].map(|()| [(); 3].map(|()| Gate::default()));
    let session = session(vec![GatedMeter::new("GPU-1", &one), GatedMeter::new("GPU-2", &other)]);
    let (open, close) = window(&session, || one[0].set(Mood::Hangs));
    let energy = session.between(&open, &close);
    let (joules, note) = part(&energy, "GPU-1");
    assert!(joules.is_none() && note.contains("the meter `gated` has not answered for"), "{energy:?}");
    assert!(part(&energy, "GPU-2").0.is_some(), "{energy:?}");
    assert!(
        Moment::now().since(close.moment()) >= SHORT,
        "an edge is when it was called for, and the wait is after it"
    );
    assert_eq!(session.check(&Usage::All), Ok(()), "what hangs is not lost");
    // What it answers late is dropped, and the next is right again.
    one[0].set(Mood::Answers);
    while session.hangs() {
        thread::yield_now();
    }
    let (from, to) = window(&session, || ());
    assert!(part(&session.between(&from, &to), "GPU-1").0.is_some());
    // A counter covers what nobody could read.
    let whole = session.between(&open, &to);
    let (joules, note) = part(&whole, "GPU-1");
    assert!((joules.unwrap().0 / whole.seconds - 100.0).abs() < 1.0, "{whole:?}");
    assert!(note.contains("readings in between failed"), "{whole:?}");
}

#[test]
fn second_figures_and_states_that_hang_cost_no_figure() {
    let gates = [(); 3].map(|()| Gate::default());
    let session = session(vec![GatedMeter::new("GPU-1", &gates).with_second_reader()]);
    assert_eq!(session.device_states(&Usage::All).len(), 1);
    gates[1].set(Mood::Hangs);
    session.poll();
    assert_eq!(session.device_states(&Usage::All), []);
    let (open, close) = window(&session, || session.poll());
    let energy = session.between(&open, &close);
    assert!((part(&energy, "GPU-1").0.unwrap().0 / energy.seconds - 100.0).abs() < 10.0, "{energy:?}");
    gates[1].set(Mood::Answers);
}

#[test]
fn a_meter_that_panics_is_missing_and_takes_nothing_with_it() {
    let [one, other] = [(); 2].map(|()| [(); 3].map(|()| Gate::default()));
    // A panic says so first, with a backtrace, which may take its time.
    let meters = vec![GatedMeter::new("GPU-1", &one), GatedMeter::new("GPU-2", &other)];
    let session = session_within(CallLimits { reading: Duration::from_secs(60), ..limits() }, meters);
    let (open, close) = window(&session, || one[0].set(Mood::Panics));
    let energy = session.between(&open, &close);
    assert!(part(&energy, "GPU-1").1.contains("has panicked"), "{energy:?}");
    assert!(part(&energy, "GPU-2").0.is_some(), "{energy:?}");
    let (from, to) = window(&session, || ());
    assert!(part(&session.between(&from, &to), "GPU-1").1.contains("has panicked"));
}

#[test]
fn a_session_ends_and_opens_whatever_its_meter_does() {
    let gates = [(); 3].map(|()| Gate::default());
    gates[0].set(Mood::Hangs);
    let hanging = session(vec![GatedMeter::new("GPU-1", &gates)]);
    let (open, close) = (hanging.mark(), hanging.mark());
    assert!(part(&hanging.between(&open, &close), "GPU-1").1.contains("has not answered"));
    drop(hanging);
    let gates = [(); 3].map(|()| Gate::default());
    let ending = session(vec![GatedMeter::new("GPU-1", &gates)]);
    gates[2].set(Mood::Hangs);
    drop(ending);
}

/// Opens a pipe in place of a file, which keeps whoever opens it until somebody writes into it.
fn pipe(path: &std::path::Path) {
    let _ = std::fs::remove_file(path);
    rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
}

#[test]
fn a_counter_in_whose_place_there_is_a_pipe_keeps_nobody() {
    let tree = PowercapTree::new();
    tree.zone("intel-rapl:0", "package-0", 0, 1 << 40);
    let file = tree.root().join("intel-rapl:0/energy_uj");
    let builder = || {
        let builder = Session::builder().meters(Meters::List(vec![MeterKind::Rapl])).limits(limits()).without_polling();
        builder.powercap_root(tree.root()).sysfs_root(tree.root().join("nowhere"))
    };
    let session = builder().open().unwrap();
    let open = session.mark();
    pipe(&file);
    thread::sleep(Duration::from_millis(20));
    let energy = session.between(&open, &session.mark());
    let (joules, note) = part(&energy, "package-0");
    assert!(joules.is_none() && !note.is_empty(), "{energy:?}");
    // Also if it was there from the beginning.
    assert!(builder().open().is_err());
}

#[test]
fn edges_of_many_threads_are_all_right() {
    let gates = [(); 3].map(|()| Gate::default());
    let session = session(vec![GatedMeter::new("GPU-1", &gates)]);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut last = session.mark();
                for _ in 0..100 {
                    thread::sleep(Duration::from_micros(2500));
                    let next = session.mark();
                    let energy = session.between(&last, &next);
                    let joules = part(&energy, "GPU-1").0.unwrap_or_else(|| panic!("{energy:?}"));
                    assert!((joules.0 / energy.seconds - 100.0).abs() < 5.0, "{energy:?}");
                    last = next;
                }
            });
        }
    });
}

#[test]
fn what_is_known_to_hang_keeps_nobody_waiting() {
    let gates = [(); 3].map(|()| Gate::default());
    gates[0].set(Mood::Hangs);
    let meter = Box::new(GatedMeter::new("GPU-1", &gates));
    let worker = MeterWorker::start(meter, Arc::new(MonotonicClock), limits(), drop).unwrap();
    assert!(worker.wait(worker.ask((true, false), None, true), Instant::now()).is_err());
    // Asked for in a year, it would be waited for until then.
    let in_a_year = Instant::now() + Duration::from_secs(31_536_000);
    let silence = worker.wait(worker.ask((true, false), None, true), in_a_year).unwrap_err();
    assert!(silence.0.contains("it hangs"), "{silence:?}");
    for _ in 0..10 {
        assert_eq!(worker.states(&worker.ask_states()), None);
    }
    assert!(worker.desk.lock().wish.states.is_empty(), "nobody is told any more");
    worker.stop();
    worker.wait_for_end(in_a_year);
    gates[0].set(Mood::Answers);
}

/// Says when it is asked, and answers when it is told what.
struct TurnMeter {
    inner: ScriptedMeter,
    asked: SyncSender<u64>,
    answers: Receiver<()>,
    count: AtomicU64,
}

impl Meter for TurnMeter {
    fn name(&self) -> &'static str {
        "turn"
    }

    fn sources(&self) -> &[EnergySource] {
        self.inner.sources()
    }

    fn read(&mut self, clock: &dyn Clock) -> Vec<Result<Reading, EnergyError>> {
        self.asked.send(self.count.fetch_add(1, Ordering::SeqCst)).unwrap();
        let _ = self.answers.recv();
        self.inner.read(clock)
    }
}

#[test]
fn an_answer_is_never_older_than_its_question_and_one_serves_all_who_wait() {
    let (asked, begun) = std::sync::mpsc::sync_channel(0);
    let (answer, answers) = channel();
    let meter = TurnMeter { inner: ScriptedMeter::new("GPU-1"), asked, answers, count: AtomicU64::new(0) };
    let recorded = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&recorded);
    let long = CallLimits::at_most(Duration::from_secs(60));
    let record = move |_: MeterAnswer| {
        count.fetch_add(1, Ordering::SeqCst);
    };
    let worker = MeterWorker::start(Box::new(meter), Arc::new(MonotonicClock), long, record).unwrap();
    let first = worker.ask((true, false), None, true);
    begun.recv().unwrap();
    // While it reads, two more ask: not for what it is reading, but both for the next.
    let (second, third) = (worker.ask((true, false), None, true), worker.ask((true, true), Some(3), false));
    assert_eq!((second, third), (first + 1, first + 1));
    answer.send(()).unwrap();
    assert_eq!(worker.wait(first, Instant::now()), Ok(()));
    assert_eq!(recorded.load(Ordering::SeqCst), 1);
    assert!(worker.is_busy());
    begun.recv().unwrap();
    answer.send(()).unwrap();
    assert_eq!(worker.wait(second, Instant::now()), Ok(()));
    assert_eq!(recorded.load(Ordering::SeqCst), 2);
    drop(answer);
    worker.stop();
}

#[test]
fn with_a_round_those_are_woken_who_slept_until_then_and_no_others() {
    let (asked, begun) = std::sync::mpsc::sync_channel(0);
    let (answer, answers) = channel();
    let meter = TurnMeter { inner: ScriptedMeter::new("GPU-1"), asked, answers, count: AtomicU64::new(0) };
    let long = CallLimits::at_most(Duration::from_secs(60));
    let worker = MeterWorker::start(Box::new(meter), Arc::new(MonotonicClock), long, drop).unwrap();
    let first = worker.ask((true, false), None, false);
    begun.recv().unwrap();
    // The next round has many to answer.
    let _asked: Vec<_> = (0..50_000).map(|_| worker.ask_states()).collect();
    let second = worker.ask((true, false), None, false);
    answer.send(()).unwrap();
    begun.recv().unwrap();
    worker.desk.lock().sleepers = true;
    answer.send(()).unwrap();
    loop {
        let turn = worker.desk.lock();
        if turn.done >= second {
            // What is set from now on is of a later round, and nobody takes it away.
            assert!(!turn.sleepers);
            break;
        }
        assert!(turn.done >= first);
        drop(turn);
        thread::yield_now();
    }
    drop(answer);
    worker.stop();
}
