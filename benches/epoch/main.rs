//! Our side of the comparison with PyTorch: trains as the arguments say and prints for every epoch how long its
//! training steps took: seconds by the clock and seconds of processor time, a line an epoch. `compare.py` and `images.py` run
//! both sides; see there.
//!
//! Arguments: settings of the recipe as `name=value` (the data are the digits, unless they say otherwise), `--threads N`,
//! `--seed N`. `--parts FOLDER` trains nothing, and writes the training, validation and test parts of the data there: bytes or
//! floats of 32 bits in `NAME.x`, labels of 32 bits in `NAME.y`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use wattfront::data::{self, DataFolder, Features, Partition, Split};
use wattfront::optimizer::space::Value;
use wattfront::training::{DeviceChoice, Phase, Recipe, Trainer, TrainerOptions, TrainingObserver};

/// Notes how long each epoch's training steps take.
struct Stopwatch {
    start: (Instant, f64),
    seconds: Vec<(f64, f64)>,
}

impl TrainingObserver for Stopwatch {
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
    let mut settings = BTreeMap::from([("dataset".to_owned(), Value::from("digits"))]);
    let (mut seed, mut parts) = (1, None);
    // `cargo bench` adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|a| a != "--bench");
    while let Some(argument) = arguments.next() {
        if argument == "--threads" {
            settings.insert("threads".to_owned(), value(&arguments.next().ok_or("--threads needs a number")?));
        } else if argument == "--seed" {
            seed = arguments.next().ok_or("--seed needs a number")?.parse()?;
        } else if argument == "--parts" {
            parts = Some(PathBuf::from(arguments.next().ok_or("--parts needs a folder")?));
        } else if let Some((name, text)) = argument.split_once('=') {
            settings.insert(name.to_owned(), value(text));
        } else {
            return Err(format!("what is `{argument}`? settings are written name=value").into());
        }
    }
    let recipe = Recipe::from_settings(settings.iter().map(|(name, value)| (name.as_str(), value)))?;
    if let Some(folder) = parts {
        return write_parts(&recipe, &folder);
    }
    let mut stopwatch = Stopwatch { start: (Instant::now(), 0.0), seconds: Vec::new() };
    let outcome = Trainer::new(&TrainerOptions { device: DeviceChoice::Cpu, ..TrainerOptions::default() })?.train(
        &recipe,
        seed,
        &mut stopwatch,
    )?;
    for (clock, processor) in stopwatch.seconds {
        println!("{clock:e} {processor:e}");
    }
    eprintln!("accuracy {:.4} test {:.4}", outcome.metrics["accuracy"], outcome.metrics["test_accuracy"]);
    Ok(())
}

fn write_parts(recipe: &Recipe, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let seed = TrainerOptions::default().split_seed;
    let dataset = data::open(&recipe.source(seed), DataFolder::of(|name| std::env::var(name).ok()).as_ref())?;
    let partition = recipe.partition().copied().unwrap_or_else(|| Partition::default_for(&dataset));
    let split = Split::of(&dataset, &partition, seed)?;
    std::fs::create_dir_all(folder)?;
    let size = dataset.shape().len();
    for (name, samples) in [("train", split.train), ("validation", split.validation), ("test", split.test)] {
        let features: Vec<u8> = match dataset.features() {
            Features::Bytes(bytes) => samples.iter().flat_map(|n| &bytes[n * size..][..size]).copied().collect(),
            Features::Floats(floats) => {
                samples.iter().flat_map(|n| &floats[n * size..][..size]).flat_map(|v| v.to_le_bytes()).collect()
            }
        };
        let labels: Vec<u8> = samples.iter().flat_map(|n| dataset.labels()[*n].to_le_bytes()).collect();
        std::fs::write(folder.join(format!("{name}.x")), features)?;
        std::fs::write(folder.join(format!("{name}.y")), labels)?;
    }
    Ok(())
}
