//! Our side of the comparison with PyTorch: trains as the arguments say and prints for every epoch how long its
//! training steps took: seconds by the clock and seconds of processor time, a line an epoch. `compare.py` runs both sides; see there.
//!
//! Arguments: `--threads N`, and settings of the recipe as `name=value`.

use std::time::Instant;

use wattfront::optimizer::space::Value;
use wattfront::training::{Observer, Phase, Recipe, Trainer, TrainerOptions};

/// Notes how long each epoch's training steps take.
struct Stopwatch {
    start: (Instant, f64),
    seconds: Vec<(f64, f64)>,
}

impl Observer for Stopwatch {
    fn begin(&mut self, phase: Phase) {
        if phase == Phase::Train {
            self.start = (Instant::now(), processor_seconds());
        }
    }

    fn end(&mut self, phase: Phase) {
        if phase == Phase::Train {
            let (clock, processor) = self.start;
            self.seconds.push((clock.elapsed().as_secs_f64(), processor_seconds() - processor));
        }
    }
}

/// Processor time of all threads of this process.
fn processor_seconds() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

fn value(text: &str) -> Value {
    let whole = text.parse::<i64>().map(Value::from);
    whole.or_else(|_| text.parse::<f64>().map(Value::from)).unwrap_or_else(|_| Value::from(text))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut settings = vec![("dataset".to_owned(), Value::from("digits"))];
    // `cargo bench` adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    while let Some(argument) = arguments.next() {
        if argument == "--threads" {
            settings.push(("threads".to_owned(), value(&arguments.next().ok_or("--threads needs a number")?)));
        } else if let Some((name, text)) = argument.split_once('=') {
            settings.push((name.to_owned(), value(text)));
        } else {
            return Err(format!("what is `{argument}`? settings are written name=value").into());
        }
    }
    let recipe = Recipe::from_settings(settings.iter().map(|(name, value)| (name.as_str(), value)))?;
    let mut stopwatch = Stopwatch { start: (Instant::now(), 0.0), seconds: Vec::new() };
    let outcome = Trainer::new(&TrainerOptions::default())?.train(&recipe, 1, &mut stopwatch)?;
    for (clock, processor) in stopwatch.seconds {
        println!("{clock:e} {processor:e}");
    }
    eprintln!("accuracy {:.4}", outcome.metrics["accuracy"]);
    Ok(())
}
