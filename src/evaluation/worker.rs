//! The built-in trainer's side of the child process: requests in, lines of the protocol out.

use std::io::{BufRead, Write};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Stamp, TrainRequest};
use crate::energy::REST;
use crate::guard::text;
use crate::guard::told::with_help;
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;
use crate::training::{Control, Device, Phase, Recipe, TrainError, Trainer, TrainerOptions, TrainingObserver};

/// Answers [`TrainRequest`]s from `input`, and `{"prepare": SPLIT_SEED}` by opening what they share, with lines on `output`,
/// until `input` is closed.
///
/// # Errors
/// Those of reading requests and writing answers. What goes wrong with a training is answered as a line.
pub fn serve(input: impl BufRead, output: &mut dyn Write) -> std::io::Result<()> {
    keep_memory();
    let mut trainer: Option<(u64, Trainer)> = None;
    for line in input.lines() {
        let line = line?;
        let answer = match serde_json::from_str::<Request>(&line) {
            Ok(Request::Train(request)) => answer(&request, &mut trainer, output),
            Ok(Request::Prepare { prepare }) => match open(prepare, &mut trainer) {
                // A trainer opens its device as it is made.
                Ok(_) => json!({}),
                Err(answer) => answer,
            },
            Err(error) => failed(FailureKind::Exit, &format!("the request makes no sense: {error}")),
        };
        say(output, &answer)?;
    }
    Ok(())
}

/// Activations of one step are as large as those of the next. glibc hands memory as large as theirs back to the kernel at
/// every step, which fills it with zeros anew: a quarter of the processor's time for networks with many large maps.
fn keep_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: the calls set limits of the allocator, or say that they are out of range.
    unsafe {
        // Older ones take no more than 32 MiB.
        if libc::mallopt(libc::M_MMAP_THRESHOLD, i32::MAX) == 1 || libc::mallopt(libc::M_MMAP_THRESHOLD, 32 << 20) == 1
        {
            libc::mallopt(libc::M_TRIM_THRESHOLD, i32::MAX);
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Request {
    Prepare { prepare: u64 },
    Train(TrainRequest),
}

/// The trainer of this split, which is opened if it is not there.
fn open(split_seed: u64, trainer: &mut Option<(u64, Trainer)>) -> Result<&mut Trainer, Value> {
    if trainer.as_ref().is_none_or(|(seed, _)| *seed != split_seed) {
        let options = TrainerOptions { split_seed, ..TrainerOptions::default() };
        let new = Trainer::new(&options).map_err(|error| failed(kind_of(&error), &with_help(&error, error.help())))?;
        *trainer = Some((split_seed, new));
    }
    match trainer {
        Some((_, trainer)) => Ok(trainer),
        None => Err(failed(FailureKind::Exit, "there is no trainer")),
    }
}

fn answer(request: &TrainRequest, trainer: &mut Option<(u64, Trainer)>, output: &mut dyn Write) -> Value {
    let recipe = match Recipe::from_settings(request.settings.iter().map(|(name, value)| (name.as_str(), value))) {
        Ok(recipe) => recipe,
        Err(error) => return failed(FailureKind::Exit, &with_help(&error, error.help())),
    };
    let trainer = match open(request.split_seed, trainer) {
        Ok(trainer) => trainer,
        Err(answer) => return answer,
    };
    let mut lines = Lines { output, quiet: Duration::ZERO, broken: false };
    match trainer.train_and_keep(&recipe, request.seed, request.keep.as_deref(), &mut lines) {
        Ok(outcome) => {
            if let Some(reason) = &outcome.not_kept {
                eprintln!("warning: {}", text::lines(&reason.to_string()));
            }
            json!(outcome.metrics)
        }
        Err(error) => failed(kind_of(&error), &with_help(&error, error.help())),
    }
}

fn kind_of(error: &TrainError) -> FailureKind {
    match error {
        TrainError::Diverged { .. } => FailureKind::Diverged,
        TrainError::OutOfMemory { .. } => FailureKind::OutOfMemory,
        TrainError::Device { .. } => FailureKind::Device,
        TrainError::Data(_) | TrainError::Recipe(_) | TrainError::Keep { .. } | TrainError::Torch { .. } => {
            FailureKind::Exit
        }
    }
}

fn failed(kind: FailureKind, message: &str) -> Value {
    json!({ "failed": kind, "message": message })
}

fn say(output: &mut dyn Write, line: &Value) -> std::io::Result<()> {
    writeln!(output, "{line}")?;
    output.flush()
}

/// Tells the parent what happens in a training.
struct Lines<'a> {
    output: &'a mut dyn Write,
    /// Rest before and after the trial.
    quiet: Duration,
    broken: bool,
}

impl Lines<'_> {
    fn say(&mut self, line: &Value) {
        self.broken |= say(self.output, line).is_err();
    }
}

impl TrainingObserver for Lines<'_> {
    fn device(&mut self, device: &Device) {
        if device.kind != "cpu" {
            self.quiet = REST;
        }
        match (&device.uuid, device.kind.as_str()) {
            (Some(uuid), _) => self.say(&json!({ "device": [uuid] })),
            (None, "cpu") => self.say(&json!({ "device": "cpu" })),
            // A GPU without a name: every metered one counts, rather than none.
            (None, _) => {}
        }
    }

    fn begin(&mut self, phase: Phase) {
        if phase == Phase::Trial {
            thread::sleep(self.quiet);
        }
        self.say(&json!({ "begin": phase.as_str(), "at": Stamp::now().0 }));
    }

    fn end(&mut self, phase: Phase) {
        self.say(&json!({ "end": phase.as_str(), "at": Stamp::now().0 }));
        if phase == Phase::Trial {
            thread::sleep(self.quiet);
        }
    }

    fn epoch(&mut self, step: u64, metrics: &Metrics) -> Control {
        let mut line = json!(metrics);
        line["step"] = json!(step);
        line["at"] = json!(Stamp::now().0);
        self.say(&line);
        // Without a parent there is nobody to train for.
        if self.broken { Control::Stop } else { Control::Continue }
    }
}
