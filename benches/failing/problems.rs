//! Problems whose good end touches a region that fails, or that have failures of other kinds, or none.

use wattfront::optimizer::history::FailureKind;
use wattfront::optimizer::problem::{Problem, at_least, at_most, maximize, minimize};
use wattfront::optimizer::space::{Point, Space, choice, float, int};

/// What a trial comes to.
#[derive(Debug)]
pub enum Told {
    Metrics {
        told: Vec<(&'static str, f64)>,
        /// The noise-free losses.
        score: Vec<f64>,
    },
    Failed(FailureKind),
}

pub struct Case {
    pub name: &'static str,
    pub problem: Problem,
    pub trials: usize,
    /// One coordinate per objective; for one objective not looked at.
    pub reference: &'static [f64],
    pub evaluate: fn(&Point, u64) -> Told,
}

fn number(point: &Point, name: &str) -> f64 {
    point.number(name).unwrap_or_default()
}

/// Noise without a generator, with standard deviation 1, nearly normal.
fn noise(key: u64, which: u64) -> f64 {
    let uniform = |k: u64| {
        let mut z =
            key.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add((which * 31 + k).wrapping_mul(0xBF58_476D_1CE4_E5B9));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    };
    (0..12).map(uniform).sum::<f64>() - 6.0
}

fn one(accuracy: f64) -> Told {
    Told::Metrics { told: vec![("a", accuracy)], score: vec![-accuracy] }
}

/// Accuracy, larger is better, and losses beside it.
fn several(accuracy: f64, others: &[(&'static str, f64)]) -> Told {
    let told = std::iter::once(("a", accuracy)).chain(others.iter().copied()).collect();
    let score = std::iter::once(-accuracy).chain(others.iter().map(|(_, v)| *v)).collect();
    Told::Metrics { told, score }
}

fn rate() -> Space {
    Space::new([float("lr", 1e-5..=1e-1).log()]).expect("a space")
}

fn rising(lr: f64) -> f64 {
    0.5 + 0.1 * (lr / 1e-5).log10()
}

fn sizes() -> Space {
    Space::new([int("w", 8..=4096).log(), int("b", 8..=1024).log()]).expect("a space")
}

fn fits(point: &Point) -> bool {
    number(point, "w") * number(point, "b") <= 200_000.0
}

fn larger_is_better(point: &Point) -> f64 {
    1.0 - 1.0 / number(point, "w") - 1.0 / number(point, "b")
}

/// Training a classifier with seven settings.
fn training_space() -> Space {
    Space::new([
        float("rate", 1e-4..=1e0).log(),
        choice("batch", [16, 32, 64, 128, 256]),
        int("epochs", 5..=80).log(),
        int("width", 8..=512).log(),
        float("dropout", 0.0..=0.5),
        choice("optimizer", ["sgd", "adam"]),
        float("momentum", 0.0..=0.99).when("optimizer", ["sgd"]),
    ])
    .expect("a space")
}

/// Accuracy, log energy, how far the rate is above the best (in decades).
fn trained(point: &Point) -> (f64, f64, f64) {
    let rate = number(point, "rate");
    let (batch, epochs, width) = (number(point, "batch"), number(point, "epochs"), number(point, "width"));
    let (rate, best) = point.number("momentum").map_or((rate, 6e-3), |m| (rate / (1.0 - m), 0.15));
    let distance = (rate / (best * (batch / 64.0).powf(0.4) * (32.0 / width).powf(0.4))).log10();
    let speed = 10f64.powf(distance.min(0.3)) * width.powf(0.35) * (1.0 - 0.6 * number(point, "dropout"));
    let learned = 1.0 - (-(epochs / batch * speed * 4.0).powf(0.8)).exp();
    let plateau = 0.987 - 0.05 * (8.0 / width).powf(0.8) * (1.0 + 1.5 * number(point, "dropout"));
    let energy = 4.0 + epochs * (0.12 + 20.0 / batch + 0.2 * (width / 32.0).powf(1.3));
    (0.1 + (plateau - 0.1) * learned, energy.ln(), distance)
}

/// Rates that are too large diverge, just beyond the best; wide networks with large batches do not fit.
fn training(point: &Point, key: u64, scatter: f64) -> Told {
    let (accuracy, energy, distance) = trained(point);
    if distance > 0.3 {
        return Told::Failed(FailureKind::Diverged);
    }
    if number(point, "width") * number(point, "batch") > 30_000.0 {
        return Told::Failed(FailureKind::OutOfMemory);
    }
    let told = vec![("a", accuracy + scatter * noise(key, 0)), ("e", energy + 2.0 * scatter * noise(key, 1))];
    Told::Metrics { told, score: vec![-accuracy, energy] }
}

fn square() -> Space {
    Space::new([float("x", 0.0..=1.0), float("y", 0.0..=1.0)]).expect("a space")
}

/// Belakaria, Deshwal and Doppa, "Max-value entropy search for multi-objective Bayesian optimization", NeurIPS 2019.
fn branin_currin(point: &Point) -> [f64; 2] {
    use std::f64::consts::PI;
    let (x, y) = (number(point, "x"), number(point, "y"));
    let (u, v) = (15.0 * x - 5.0, 15.0 * y);
    let branin = (v - 5.1 / (4.0 * PI * PI) * u * u + 5.0 / PI * u - 6.0).powi(2)
        + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * u.cos()
        + 10.0;
    let factor = if y > 0.0 { 1.0 - (-0.5 / y).exp() } else { 1.0 };
    let currin = (2300.0 * x.powi(3) + 1900.0 * x * x + 2092.0 * x + 60.0)
        / (100.0 * x.powi(3) + 500.0 * x * x + 4.0 * x + 20.0);
    [branin, factor * currin]
}

fn losses(values: [f64; 2], more: Option<(&'static str, f64)>) -> Told {
    let told = vec![("p", values[0]), ("q", values[1])].into_iter().chain(more).collect();
    Told::Metrics { told, score: values.to_vec() }
}

/// C2-DTLZ2 of four parameters (Deb and Jain, "An evolutionary many-objective optimization algorithm, part II", 2014), as a
/// constraint on `c` that is kept from 0 on.
fn c2_dtlz2(point: &Point) -> ([f64; 2], f64) {
    let x: Vec<f64> = (0..4).map(|i| number(point, &format!("x{i}"))).collect();
    let g: f64 = x[1..].iter().map(|v| (v - 0.5).powi(2)).sum();
    let angle = x[0] * std::f64::consts::FRAC_PI_2;
    let f = [(1.0 + g) * angle.cos(), (1.0 + g) * angle.sin()];
    let r2 = 0.2f64.powi(2);
    let corner = (0..2).map(|i| (f[i] - 1.0).powi(2) + f[1 - i].powi(2) - r2).fold(f64::INFINITY, f64::min);
    let middle = f.iter().map(|v| (v - 0.5f64.sqrt()).powi(2)).sum::<f64>() - r2;
    (f, -corner.min(middle))
}

fn two(space: Space) -> Problem {
    Problem::new(space, [maximize("a"), minimize("e")]).expect("a problem")
}

fn losing(space: Space) -> Problem {
    Problem::new(space, [minimize("p").reference(18.0), minimize("q").reference(6.0)]).expect("a problem")
}

/// All problems; those on whose names `none` stands have neither failures nor constraints.
pub fn all() -> Vec<Case> {
    let cliff = |name, trials, evaluate| Case {
        name,
        problem: Problem::new(rate(), [maximize("a")]).expect("a problem"),
        trials,
        reference: &[0.0],
        evaluate,
    };
    vec![
        cliff("cliff", 40, |p, _| match number(p, "lr") {
            lr if lr > 3e-3 => Told::Failed(FailureKind::OutOfMemory),
            lr => one(rising(lr)),
        }),
        cliff("cliff-diverging", 40, |p, _| match number(p, "lr") {
            lr if lr > 3e-3 => Told::Failed(FailureKind::Diverged),
            lr => one(rising(lr)),
        }),
        cliff("cliff-noisy", 40, |p, key| match number(p, "lr") {
            lr if lr > 3e-3 => Told::Failed(FailureKind::Exit),
            lr => Told::Metrics { told: vec![("a", rising(lr) + 0.01 * noise(key, 0))], score: vec![-rising(lr)] },
        }),
        Case {
            problem: Problem::new(rate(), [maximize("a")])
                .expect("a problem")
                .subject_to([at_least("ok", 0.5)])
                .expect("a problem"),
            ..cliff("cliff-bound-flag", 40, |p, _| {
                let (lr, mut told) = (number(p, "lr"), vec![]);
                told.push(("a", rising(lr)));
                told.push(("ok", f64::from(u8::from(lr <= 3e-3))));
                Told::Metrics { told, score: vec![-rising(lr)] }
            })
        },
        Case {
            problem: Problem::new(rate(), [maximize("a")])
                .expect("a problem")
                .subject_to([at_most("memory", 300.0)])
                .expect("a problem"),
            ..cliff("cliff-bound", 40, |p, _| {
                let lr = number(p, "lr");
                Told::Metrics { told: vec![("a", rising(lr)), ("memory", 1e5 * lr)], score: vec![-rising(lr)] }
            })
        },
        Case {
            problem: Problem::new(rate().clone(), [maximize("a")]).expect("a problem"),
            ..cliff("cliff-below", 40, |p, _| match number(p, "lr") {
                lr if lr < 2e-4 => Told::Failed(FailureKind::Timeout),
                lr => one(1.0 - rising(lr)),
            })
        },
        Case {
            name: "memory",
            problem: Problem::new(sizes(), [maximize("a")]).expect("a problem"),
            trials: 60,
            reference: &[0.0],
            evaluate: |p, _| {
                if fits(p) { one(larger_is_better(p)) } else { Told::Failed(FailureKind::OutOfMemory) }
            },
        },
        Case {
            name: "memory-bound",
            problem: Problem::new(sizes(), [maximize("a")])
                .expect("a problem")
                .subject_to([at_most("memory", 200_000.0)])
                .expect("a problem"),
            trials: 60,
            reference: &[0.0],
            evaluate: |p, _| {
                let told = vec![("a", larger_is_better(p)), ("memory", number(p, "w") * number(p, "b"))];
                Told::Metrics { told, score: vec![-larger_is_better(p)] }
            },
        },
        Case {
            name: "memory-2",
            problem: two(sizes()),
            trials: 60,
            reference: &[-0.5, 8.0],
            evaluate: |p, _| {
                let energy = (20.0 * number(p, "w").sqrt() + 5000.0 / number(p, "b")).ln();
                if fits(p) {
                    several(larger_is_better(p), &[("e", energy)])
                } else {
                    Told::Failed(FailureKind::OutOfMemory)
                }
            },
        },
        Case {
            name: "memory-3",
            problem: Problem::new(sizes(), [maximize("a"), minimize("e"), minimize("t")]).expect("a problem"),
            trials: 60,
            reference: &[-0.5, 8.0, 7.0],
            evaluate: |p, _| {
                let (w, b) = (number(p, "w"), number(p, "b"));
                let (energy, time) = ((20.0 * w.sqrt() + 5000.0 / b).ln(), (1.0 + 3000.0 / b + 0.01 * w).ln());
                if fits(p) {
                    several(larger_is_better(p), &[("e", energy), ("t", time)])
                } else {
                    Told::Failed(FailureKind::OutOfMemory)
                }
            },
        },
        Case {
            name: "cliff-2",
            problem: two(Space::new([float("lr", 1e-5..=1e-1).log(), int("epochs", 1..=40)]).expect("a space")),
            trials: 40,
            reference: &[0.0, 5.0],
            evaluate: |p, _| {
                let (lr, epochs) = (number(p, "lr"), number(p, "epochs"));
                if lr > 3e-3 {
                    return Told::Failed(FailureKind::Diverged);
                }
                several(rising(lr) * (1.0 - (-epochs / 8.0).exp()), &[("e", (2.0 + epochs).ln())])
            },
        },
        Case {
            name: "training",
            problem: two(training_space()),
            trials: 60,
            reference: &[-0.5, 7.0],
            evaluate: |p, key| training(p, key, 0.0),
        },
        Case {
            name: "training-noisy",
            problem: two(training_space()),
            trials: 60,
            reference: &[-0.5, 7.0],
            evaluate: |p, key| training(p, key, 0.01),
        },
        Case {
            name: "training-1",
            problem: Problem::new(training_space(), [maximize("a")]).expect("a problem"),
            trials: 60,
            reference: &[0.0],
            evaluate: |p, key| match training(p, key, 0.003) {
                Told::Metrics { told, score } => Told::Metrics { told, score: score[..1].to_vec() },
                failed => failed,
            },
        },
        Case {
            name: "hole",
            problem: losing(square()),
            trials: 40,
            reference: &[18.0, 6.0],
            evaluate: |p, _| {
                // A disk in the middle, which the front's points touch.
                if (number(p, "x") - 0.55).hypot(number(p, "y") - 0.45) < 0.3 {
                    return Told::Failed(FailureKind::Panic);
                }
                losses(branin_currin(p), None)
            },
        },
        Case {
            name: "only-sgd",
            problem: two(training_space()),
            trials: 60,
            reference: &[-0.5, 7.0],
            evaluate: |p, _| {
                let (accuracy, energy, distance) = trained(p);
                if p.number("momentum").is_some() && distance > -1.0 {
                    return Told::Failed(FailureKind::Exit);
                }
                several(accuracy - 0.2 * distance.max(0.0), &[("e", energy)])
            },
        },
        Case {
            name: "corner",
            problem: two(Space::new([
                int("width", 8..=512).log(),
                int("batch", 8..=512).log(),
                float("lr", 1e-4..=1.0).log(),
            ])
            .expect("a space")),
            trials: 40,
            reference: &[-0.5, 2800.0],
            evaluate: |p, _| {
                // What is wide is dear, and fails with most rates: few trials tell how far the front reaches.
                let (w, b, lr) = (number(p, "width"), number(p, "batch"), number(p, "lr"));
                if w > 200.0 && lr > 0.003 {
                    return Told::Failed(FailureKind::Diverged);
                }
                let share = |size: f64| (size / 8.0).ln() / 64f64.ln();
                let accuracy = 0.5 + 0.4 * share(w) + 0.1 * share(b) - 0.02 * (lr.log10() + 2.0).powi(2);
                several(accuracy, &[("e", 100.0 + w * b / 100.0)])
            },
        },
        Case {
            name: "flaky",
            problem: losing(square()),
            trials: 40,
            reference: &[18.0, 6.0],
            evaluate: |p, key| {
                // One in five, wherever it is.
                if noise(key, 7) > 0.84 { Told::Failed(FailureKind::Exit) } else { losses(branin_currin(p), None) }
            },
        },
        Case {
            name: "c2-dtlz2",
            problem: Problem::new(
                Space::new((0..4).map(|i| float(format!("x{i}"), 0.0..=1.0))).expect("a space"),
                [minimize("p").reference(1.1), minimize("q").reference(1.1)],
            )
            .expect("a problem")
            .subject_to([at_least("c", 0.0)])
            .expect("a problem"),
            trials: 60,
            reference: &[1.1, 1.1],
            evaluate: |p, _| {
                let (f, c) = c2_dtlz2(p);
                losses(f, Some(("c", c)))
            },
        },
        Case {
            name: "none-branin-currin",
            problem: losing(square()),
            trials: 30,
            reference: &[18.0, 6.0],
            evaluate: |p, _| losses(branin_currin(p), None),
        },
        Case {
            name: "none-training",
            problem: two(training_space()),
            trials: 60,
            reference: &[-0.5, 7.0],
            evaluate: |p, key| {
                let (accuracy, energy, distance) = trained(p);
                let accuracy = accuracy - 0.2 * distance.max(0.0);
                let told = vec![("a", accuracy + 0.01 * noise(key, 0)), ("e", energy + 0.02 * noise(key, 1))];
                Told::Metrics { told, score: vec![-accuracy, energy] }
            },
        },
    ]
}
