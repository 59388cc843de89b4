//! The embedded optimizer on what behaves like training a classifier: `cargo run --no-default-features --example quickstart`

use serde::Deserialize;
use wattfront::optimizer::{
    Optimizer, Problem, Seed, Space, choice, float, int, maximize, minimize, sampler::GpSampler,
};

#[derive(Deserialize)]
struct Config {
    learning_rate: f64,
    width: f64,
    epochs: u32,
    momentum: Option<f64>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let space = Space::new([
        float("learning_rate", 1e-5..=1e-1).log(),
        int("width", 8..=256).log(),
        int("epochs", 1..=20),
        choice("optimizer", ["sgd", "adam"]),
        float("momentum", 0.0..=0.99).when("optimizer", ["sgd"]),
    ])?;
    let problem = Problem::new(space, [maximize("accuracy"), minimize("energy").log()])?;
    let mut optimizer = Optimizer::new(problem, GpSampler::default(), Seed(7));
    optimizer.run(40, |trial| Ok::<_, wattfront::optimizer::space::ParseError>(train(&trial.parse()?)))?;
    for trial in optimizer.front() {
        println!("{:.3?}  {:7.1?} J  {}", trial.metric("accuracy"), trial.metric("energy"), trial.point);
    }
    println!("knee: {:?}, hypervolume: {:.3}", optimizer.knee().map(|trial| trial.id), optimizer.hypervolume());
    Ok(())
}

/// Accuracy rises with width and epochs at a suitable learning rate; energy with the work done.
fn train(config: &Config) -> [(&'static str, f64); 2] {
    let rate = config.momentum.map_or(config.learning_rate, |m| 0.1 * config.learning_rate / (1.0 - m));
    let learned = 1.0 - (-0.5 * f64::from(config.epochs) * (-(rate / 2e-3).log10().powi(2)).exp()).exp();
    let accuracy = 0.1 + 0.9 * (1.0 - 0.5 / config.width.sqrt()) * learned;
    [("accuracy", accuracy), ("energy", 5.0 + f64::from(config.epochs) * (1.0 + 0.01 * config.width.powf(1.3)))]
}
