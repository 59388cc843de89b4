//! Made-up studies for tests: a builder of events, and a sample study with everything that outputs must cope with.

use std::collections::BTreeMap;

use serde_json::json;

use crate::energy::units::{DomainEnergy, DomainKind, Joules, Method, PowerDomain, WindowEnergy};
use crate::optimizer::Seed;
use crate::optimizer::history::{FailureKind, Fit, ObjectiveFit};
use crate::optimizer::problem::{Metrics, Problem, maximize, minimize};
use crate::optimizer::space::{Point, Space, Value, choice, float, int};
use crate::record::{Environment, Event, Gpu, Phases, StoredEvent, StudyRecord};

/// Builds a record from the events that a study would store, with a made-up clock.
pub(crate) struct StudyFixture {
    entries: Vec<StoredEvent>,
    time: f64,
    next: u64,
    dimensions: usize,
    objectives: usize,
    initial: u64,
}

impl StudyFixture {
    /// A study that was created and begun.
    pub(crate) fn new(name: &str, problem: Problem) -> Self {
        Self::with_identity(name, problem, json!({"name": name, "sampler": {"kind": "gp", "initial": 8}}))
    }

    /// A study of this identity that was created and begun.
    pub(crate) fn with_identity(name: &str, problem: Problem, identity: serde_json::Value) -> Self {
        let (dimensions, objectives) = (problem.space().len(), problem.objectives().len());
        let mut fixture =
            Self { entries: Vec::new(), time: 1_750_000_000.0, next: 0, dimensions, objectives, initial: 8 };
        fixture.push(Event::StudyCreated {
            name: name.to_owned(),
            seed: Seed(7),
            problem,
            sampler: "gp".to_owned(),
            identity,
        });
        fixture.push(Event::SessionStarted { environment: fixture_environment() });
        fixture
    }

    /// Adds any event, one second after the last.
    pub(crate) fn push(&mut self, event: Event) {
        self.time += 1.0;
        let seq = self.entries.len() as u64 + 1;
        self.entries.push(StoredEvent { seq, time: self.time, event });
    }

    /// Starts a new trial and returns its id.
    pub(crate) fn start(&mut self, point: Point) -> u64 {
        let trial = self.next;
        self.next += 1;
        let fit = if trial < self.initial { sobol() } else { fitted(self.dimensions, self.objectives) };
        self.push(Event::TrialStarted { trial, attempt: 1, point, fit: Some(fit), propose_seconds: 0.02 });
        trial
    }

    /// A trial that reports epochs and finishes with these metrics and this energy of its `trial` phase.
    pub(crate) fn finish<const N: usize>(
        mut self,
        point: Point,
        metrics: [(&str, f64); N],
        energy: Option<WindowEnergy>,
    ) -> Self {
        let trial = self.start(point);
        let mut metrics: Metrics = metrics.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect();
        if let Some(joules) = energy.as_ref().and_then(WindowEnergy::total) {
            metrics.insert("energy".to_owned(), joules.0);
        }
        self.epochs(trial, &metrics, energy.as_ref());
        let mut phases = Phases::new();
        let mut spent = WindowEnergy { seconds: 4.0, ..WindowEnergy::default() };
        if let Some(window) = energy {
            phases.insert("train".to_owned(), scaled(&window, 0.9));
            spent = scaled(&window, 1.25);
            phases.insert("trial".to_owned(), window);
        }
        self.push(Event::TrialFinished { trial, metrics, sd: BTreeMap::new(), energy: phases, spent });
        self
    }

    /// A trial that fails for good.
    pub(crate) fn fail(mut self, point: Point, kind: FailureKind, message: &str, spent: Option<WindowEnergy>) -> Self {
        let trial = self.start(point);
        self.push(Event::TrialFailed { trial, kind, message: message.to_owned(), retry: false, spent });
        self
    }

    /// A trial whose attempt failed and that waits for another.
    pub(crate) fn wait(mut self, point: Point, kind: FailureKind, message: &str) -> Self {
        let trial = self.start(point);
        self.push(Event::TrialFailed { trial, kind, message: message.to_owned(), retry: true, spent: None });
        self
    }

    /// Freezes the reference point, in losses.
    pub(crate) fn freeze(mut self, reference: Vec<f64>) -> Self {
        self.push(Event::ReferenceFrozen { reference });
        self
    }

    /// Ends the session for want of budget.
    pub(crate) fn end(mut self) -> Self {
        self.push(Event::SessionEnded { reason: "budget".to_owned() });
        self
    }

    /// The record of all that happened.
    pub(crate) fn record(self) -> StudyRecord {
        StudyRecord::from_entries(self.entries).expect("the fixture makes events that fold")
    }

    fn epochs(&mut self, trial: u64, metrics: &Metrics, energy: Option<&WindowEnergy>) {
        let Some(last) = metrics.get("accuracy").copied() else { return };
        for step in 1..=4u32 {
            let share = 1.0 - 0.5f64.powi(step.cast_signed());
            let reported = [("accuracy", last * share), ("loss", 2.0 * (1.0 - share))];
            self.push(Event::StepReported {
                trial,
                step: step.into(),
                metrics: reported.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect(),
                seconds: 0.8,
                energy: energy.map(|w| scaled(w, 0.22)),
            });
        }
    }
}

/// Energy of one domain.
pub(crate) fn window(kind: DomainKind, id: &str, method: Method, joules: Option<f64>) -> WindowEnergy {
    let domain = PowerDomain { kind, id: id.to_owned() };
    let domains = vec![DomainEnergy::new(domain, method, joules.map(Joules), None)];
    WindowEnergy { seconds: 4.0, domains, ..WindowEnergy::default() }
}

/// An estimate from CPU time.
pub(crate) fn estimate(joules: f64) -> WindowEnergy {
    let mut window = window(DomainKind::Cpu, "processes", Method::Estimate, Some(joules));
    window.domains[0].note = Some("CPU time times 10 W per core".to_owned());
    window
}

/// A GPU's and a processor's counters; four fifths go to the GPU.
pub(crate) fn counters(joules: f64) -> WindowEnergy {
    let mut window = window(DomainKind::Gpu, "GPU-5d2c1a", Method::Counter, Some(joules * 0.8));
    let cpu = self::window(DomainKind::Cpu, "package-0", Method::Counter, Some(joules * 0.2));
    window.domains.extend(cpu.domains);
    window
}

/// Maximize accuracy, minimize the logarithm of energy, over five parameters of which one is conditional.
pub(crate) fn digits_problem() -> Problem {
    let space = Space::new([
        float("learning_rate", 1e-5..=1e-1).log(),
        int("width", 8..=256).log(),
        choice("batch_size", [16, 32, 64, 128]),
        choice("optimizer", ["sgd", "adam"]),
        float("momentum", 0.0..=0.99).when("optimizer", ["sgd"]),
    ])
    .expect("the space is sound");
    Problem::new(space, [maximize("accuracy"), minimize("energy").log()]).unwrap()
}

/// A point of [`digits_problem`]; `momentum` makes the optimizer `sgd`.
pub(crate) fn digits_point(learning_rate: f64, width: i64, batch_size: i64, momentum: Option<f64>) -> Point {
    let optimizer = if momentum.is_some() { "sgd" } else { "adam" };
    let mut point: Point = [
        ("learning_rate", Value::Float(learning_rate)),
        ("width", Value::Int(width)),
        ("batch_size", Value::Int(batch_size)),
        ("optimizer", optimizer.into()),
    ]
    .into_iter()
    .collect();
    if let Some(momentum) = momentum {
        point.insert("momentum", momentum);
    }
    point
}

/// A finished study of 30 trials: failures of several kinds, conditional parameters, epochs, a frozen reference.
/// `energy` makes the window of a trial's joules, so [`estimate`] or [`counters`].
pub(crate) fn digits(energy: fn(f64) -> WindowEnergy) -> StudyRecord {
    let mut fixture = StudyFixture::new("digits", digits_problem());
    for i in 0..30u32 {
        let point = sample_point(i);
        fixture = match i {
            5 => fixture.fail(point, FailureKind::Diverged, "the loss became NaN in epoch 2", Some(energy(1.1))),
            13 => fixture.fail(point, FailureKind::OutOfMemory, "needs 9.1 GiB, of which 7.9 are free", None),
            21 => fixture.fail(point, FailureKind::Timeout, "ran longer than 60 s <b>\"&'", Some(energy(90.0))),
            _ => {
                let (accuracy, joules) = sample_outcome(i);
                let metrics = [("accuracy", accuracy), ("test_accuracy", accuracy - 0.008), ("parameters", 4810.0)];
                fixture.finish(point, metrics, Some(energy(joules)))
            }
        };
        if i == 7 {
            fixture = fixture.freeze(vec![-0.2, 5.0]);
        }
    }
    fixture.end().record()
}

/// Points without a pattern, but always the same.
fn sample_point(i: u32) -> Point {
    let spread = |step: u32, of: u32| f64::from(i * step % of) / f64::from(of);
    let momentum = i.is_multiple_of(3).then(|| (spread(7, 11) * 90.0).round() / 100.0);
    let batch_size = [16, 32, 64, 128][(i * 5 % 4) as usize];
    let width = i64::from(8 + i * 37 % 249);
    digits_point(10f64.powf(-4.5 + 3.0 * spread(13, 31)), width, batch_size, momentum)
}

/// Accuracy and joules on a bent trade-off, most trials somewhat below it.
fn sample_outcome(i: u32) -> (f64, f64) {
    let spread = |step: u32, of: u32| f64::from(i * step % of) / f64::from(of);
    let size = spread(11, 30);
    let joules = 1.6 * (4.2 * size).exp();
    let slack = if i % 4 == 3 { 0.0 } else { 0.25 * spread(17, 29).powi(2) };
    let accuracy = 0.975 - 0.32 * (-5.0 * size).exp() - slack;
    ((accuracy * 360.0).round() / 360.0, (joules * (1.0 + spread(5, 7) * 0.4) * 100.0).round() / 100.0)
}

pub(crate) fn fixture_environment() -> Environment {
    Environment {
        wattfront: "0.1.0".to_owned(),
        features: vec!["cli".to_owned(), "nvml".to_owned()],
        os: "Linux 6.8".to_owned(),
        cpu: "Example CPU 3000".to_owned(),
        cores: 8,
        memory_bytes: 32 << 30,
        gpus: vec![Gpu { name: "Example GPU".to_owned(), uuid: "GPU-5d2c1a".to_owned() }],
        driver: Some("570.1".to_owned()),
        libtorch: Some("2.11.0".to_owned()),
        meters: vec!["gpu:GPU-5d2c1a by NVML's total-energy counter".to_owned()],
        consumers: Vec::new(),
        data: None,
    }
}

fn sobol() -> Fit {
    Fit { rule: "sobol".to_owned(), ..Fit::default() }
}

fn fitted(dimensions: usize, objectives: usize) -> Fit {
    let one = ObjectiveFit {
        lengthscales: vec![0.5; dimensions],
        outputscale: 1.0,
        noise: 0.01,
        bends: Vec::new(),
        log_posterior: -12.5,
    };
    Fit { rule: "log-ehvi".to_owned(), objectives: vec![one; objectives], acquisition: Some(-2.5), fallback: None }
}

fn scaled(window: &WindowEnergy, by: f64) -> WindowEnergy {
    let mut scaled = window.clone();
    scaled.seconds *= by;
    for domain in &mut scaled.domains {
        domain.joules = domain.joules.map(|j| Joules(j.0 * by));
    }
    scaled
}
