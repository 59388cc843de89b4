//! The crate around a training of your own: it proposes the settings, meters each training, and keeps the front.
//!
//!     cargo run --release --example embed_training
//!
//! Replace `train` by yours. Needs neither libtorch nor a GPU; where a GPU or a counter is, it is metered.

use serde::Deserialize;
use wattfront::energy::{Session, Usage};
use wattfront::optimizer::history::FailureKind;
use wattfront::optimizer::sampler::GpSampler;
use wattfront::optimizer::{Measured, Optimizer, Problem, Seed, Space, float, int, maximize, minimize};

#[derive(Deserialize)]
struct Config {
    learning_rate: f64,
    epochs: usize,
    hidden: usize,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let space = Space::new([
        float("learning_rate", 1e-4..=0.1).log(),
        int("epochs", 10..=100).log(),
        int("hidden", 4..=64).log(),
    ])?;
    // The energy's logarithm is the objective: a saving of half counts the same at 1 J and at 1 kJ.
    let problem = Problem::new(space, [maximize("accuracy"), minimize("energy").log()])?;
    let mut optimizer = Optimizer::new(problem, GpSampler::default(), Seed(7));
    let session = Session::open()?;

    for _ in 0..25 {
        let trial = optimizer.ask()?;
        let config: Config = trial.parse()?;
        let (accuracy, energy) = session.measure_using(Usage::cpu(), || train(&config));
        let Ok(joules) = Measured::try_from(&energy) else {
            // Missing is not zero: a trial whose energy is unknown has no place on a front of energies.
            println!("trial {:2}  not metered: {:?}", trial.id(), energy.domains);
            optimizer.fail(trial.id(), FailureKind::Meter)?;
            continue;
        };
        println!("trial {:2}  accuracy {accuracy:.3}  {:.2} J ({})", trial.id(), joules.value, energy.provenance());
        optimizer.tell(trial.id(), [("accuracy", accuracy.into()), ("energy", joules)])?;
    }

    println!("\nNo setting beats one of these in both:");
    for trial in optimizer.front() {
        println!("  trial {:2}: {}", trial.id, trial.point);
    }
    Ok(())
}

/// Trains a network with one hidden layer to tell two interleaved half-moons apart, and returns its accuracy on points
/// that it has not seen.
fn train(config: &Config) -> f64 {
    let &Config { learning_rate: rate, epochs, hidden } = config;
    let (training, validation) = (half_moons(5000, 0.0), half_moons(1000, 0.37));
    // Weights of the hidden layer (two inputs and a bias) and of the output, begun small and all different.
    let mut inner: Vec<[f64; 3]> =
        (0..hidden).map(|h| [1.0, 2.0, 3.0].map(|k| ((h as f64 + 1.0) * k * 12.9898).sin())).collect();
    let mut outer: Vec<f64> = (0..=hidden).map(|h| 0.1 * (h as f64 * 78.233).sin()).collect();
    for _ in 0..epochs {
        for &(x, y, label) in &training {
            let (activation, output) = forward(&inner, &outer, x, y);
            let error = rate * (output - label);
            for (h, a) in activation.iter().enumerate() {
                let back = error * outer[h] * (1.0 - a * a);
                outer[h] -= error * a;
                for (weight, input) in inner[h].iter_mut().zip([x, y, 1.0]) {
                    *weight -= back * input;
                }
            }
            outer[hidden] -= error;
        }
    }
    let right = validation.iter().filter(|(x, y, label)| (forward(&inner, &outer, *x, *y).1 > 0.5) == (*label > 0.5));
    right.count() as f64 / validation.len() as f64
}

fn forward(inner: &[[f64; 3]], outer: &[f64], x: f64, y: f64) -> (Vec<f64>, f64) {
    let activation: Vec<f64> = inner.iter().map(|w| (w[0] * x + w[1] * y + w[2]).tanh()).collect();
    let sum = outer[inner.len()] + activation.iter().zip(outer).map(|(a, w)| a * w).sum::<f64>();
    (activation, 1.0 / (1.0 + (-sum).exp()))
}

/// Points of two half-circles with some scatter, and to which of them each belongs.
fn half_moons(n: usize, shift: f64) -> Vec<(f64, f64, f64)> {
    let point = |i: usize| {
        let angle = std::f64::consts::PI * (i as f64 + shift) / n as f64;
        let scatter = 0.35 * ((i as f64 + shift) * 43.7).sin();
        if i.is_multiple_of(2) {
            (angle.cos() + scatter, angle.sin() - scatter, 0.0)
        } else {
            (1.0 - angle.cos() - scatter, 0.4 - angle.sin() + scatter, 1.0)
        }
    };
    (0..n).map(point).collect()
}
