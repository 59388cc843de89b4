//! The embedded optimizer on a function that behaves like training a classifier: no libtorch, no GPU, no files.
//!
//! `cargo run --release --no-default-features --example quickstart`

use wattfront::optimizer::pareto::{knee, losses_of};
use wattfront::optimizer::problem::Problem;
use wattfront::optimizer::sampler::GpSampler;
use wattfront::optimizer::space::{Point, Space};
use wattfront::optimizer::{Optimizer, Seed};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let space = Space::builder()
        .float("learning_rate", 1e-5..=1e-1)
        .log()
        .int("width", 8..=256)
        .log()
        .int("epochs", 1..=20)
        .choice("optimizer", ["sgd", "adam"])
        .float("momentum", 0.0..=0.99)
        .when("optimizer", ["sgd"])
        .build()?;
    let problem = Problem::new(space).maximize("accuracy").minimize("energy").log();
    let mut optimizer = Optimizer::new(problem, GpSampler::default(), Seed(7));
    for _ in 0..40 {
        let trial = optimizer.ask()?;
        optimizer.tell(trial.id(), train(trial.point()))?;
    }

    println!("The front after {} trials:\n", optimizer.history().trials().len());
    println!("{:>5}  {:>8}  {:>9}  setting", "trial", "accuracy", "energy");
    let front = optimizer.front();
    let losses = losses_of(optimizer.problem(), optimizer.history());
    let knee = knee(&losses.iter().map(|(_, loss)| loss).collect::<Vec<_>>()).map(|i| losses[i].0.id);
    for trial in &front {
        let Some((accuracy, energy)) = trial.metric("accuracy").zip(trial.metric("energy")) else { continue };
        let mark = if Some(trial.id) == knee { " <- knee" } else { "" };
        let setting = optimizer.problem().space().describe(&trial.point);
        println!("{:>5}  {:>7.1}%  {energy:>7.1} J  {setting}{mark}", trial.id, 100.0 * accuracy);
    }
    println!("\nHypervolume: {:.3}", optimizer.hypervolume());
    Ok(())
}

/// Accuracy rises with capacity and with epochs at a suitable learning rate; energy with the work done.
fn train(point: &Point) -> [(&'static str, f64); 2] {
    let number = |name| point.number(name).unwrap_or_default();
    let momentum = point.number("momentum");
    let rate = momentum.map_or(number("learning_rate"), |m| 0.1 * number("learning_rate") / (1.0 - m));
    let distance = (rate / 2e-3).log10();
    let learned = 1.0 - (-0.5 * number("epochs") * (-distance * distance).exp()).exp();
    let capacity = 1.0 - 0.5 / number("width").sqrt();
    let energy = 5.0 + number("epochs") * (1.0 + 0.01 * number("width").powf(1.3));
    [("accuracy", 0.1 + 0.9 * capacity * learned), ("energy", energy)]
}
