//! The built-in trainer as an evaluator: the parent's side of the child process that trains.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::listen::{Until, listen};
use super::process::Process;
use super::{DeviceUse, EvaluationFailure, Evaluator, Scope, Secrets, TrialTask};
use crate::optimizer::history::FailureKind;
use crate::optimizer::problem::Metrics;
use crate::optimizer::space::Value;
use crate::training::Defaults;

/// What the parent asks of the trainer: one line of JSON on its standard input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrainRequest {
    /// Number of the trial.
    pub trial: u64,
    /// Seed of the trial: initial weights, order of the data, dropout.
    pub seed: u64,
    /// Seed of the study: the split of the data is the same for all its trials.
    pub split_seed: u64,
    /// Every setting of the recipe that is not left at its default.
    pub settings: BTreeMap<String, Value>,
    /// Where the weights are to be kept, if they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<PathBuf>,
}

/// Trains in a child process, so that the study survives whatever happens to libtorch.
///
/// The child stays for the next trial and is replaced after a failure. Its standard input tells it to end: it is closed
/// when the parent ends, however that happens.
#[derive(Debug)]
pub struct TrainerEvaluator {
    command: Vec<String>,
    settings: BTreeMap<String, Value>,
    apart: BTreeSet<String>,
    split_seed: u64,
    defaults: Option<Defaults>,
    keep: Option<PathBuf>,
    home: String,
    devices: DeviceUse,
    process: Option<Process>,
}

impl TrainerEvaluator {
    /// Trains with the given fixed settings; the points of the study supply the others. `command` starts a trainer that
    /// reads [`TrainRequest`]s, usually `optimize-trainer`.
    #[must_use]
    pub fn new(command: Vec<String>, settings: BTreeMap<String, Value>, split_seed: u64) -> Self {
        Self {
            command,
            settings,
            apart: BTreeSet::new(),
            split_seed,
            defaults: None,
            keep: None,
            home: String::new(),
            devices: DeviceUse::Unknown,
            process: None,
        }
    }

    /// Parameters of the points that are no settings of the trainer, such as a power limit; it is not told of them.
    #[must_use]
    pub fn apart_from(mut self, parameters: impl IntoIterator<Item = String>) -> Self {
        self.apart.extend(parameters);
        self
    }

    /// What settings are that neither the fixed ones nor a point name; without it, those of a study that begins today.
    #[must_use]
    pub fn with_defaults(mut self, defaults: Option<Defaults>) -> Self {
        self.defaults = defaults;
        self
    }

    /// Keeps the weights of each trial in this folder, as `trial-N.safetensors` with `trial-N.json` beside it.
    #[must_use]
    pub fn keep_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.keep = Some(folder.into());
        self
    }

    /// What is known of the devices that it may train on, before it does. Default: nothing.
    #[must_use]
    pub fn on(mut self, devices: DeviceUse) -> Self {
        self.devices = devices;
        self
    }

    /// Trains for the study of this home: see [`Process::spawn_for`].
    #[must_use]
    pub fn at_home(mut self, home: impl Into<String>) -> Self {
        self.home = home.into();
        self
    }

    fn start(&self) -> Result<Process, EvaluationFailure> {
        let program = self.command.first().map_or("", String::as_str);
        let mut command = Command::new(program);
        command.args(self.command.get(1..).unwrap_or_default()).stdin(Stdio::piped());
        // What it is given as a path from there is not to be found either way; its libraries do not survive it.
        if std::env::current_dir().is_err() {
            command.current_dir("/");
        }
        Process::spawn_for(&self.home, &mut command).map_err(|error| {
            EvaluationFailure::new(FailureKind::WorkerLost, format!("cannot start the trainer `{program}`: {error}"))
        })
    }

    fn request(&self, task: TrialTask<'_>) -> TrainRequest {
        let mut settings = self.settings.clone();
        let searched = task.point.iter().filter(|(name, _)| !self.apart.contains(*name));
        settings.extend(searched.map(|(name, value)| (name.to_owned(), value.clone())));
        if let Some(defaults) = self.defaults {
            defaults.fill(&mut settings);
        }
        let keep = self.keep.as_ref().map(|folder| folder.join(format!("trial-{}.safetensors", task.trial)));
        TrainRequest { trial: task.trial, seed: task.seed, split_seed: self.split_seed, settings, keep }
    }
}

impl Evaluator for TrainerEvaluator {
    fn may_use(&self) -> DeviceUse {
        self.devices.clone()
    }

    fn prepare(&mut self, scope: &mut dyn Scope) -> Result<(), EvaluationFailure> {
        let mut process = self.start()?;
        ask(&mut process, &format!("{}\n", json!({ "prepare": self.split_seed })))?;
        let heard = listen(&mut process, scope, Until::Metrics, &Secrets::default());
        match heard.failure {
            None => {
                self.process = Some(process);
                Ok(())
            }
            Some(failure) => {
                process.end(Duration::from_millis(200));
                Err(failure)
            }
        }
    }

    fn evaluate(&mut self, task: TrialTask<'_>, scope: &mut dyn Scope) -> Result<Metrics, EvaluationFailure> {
        scope.rests();
        let mut line = serde_json::to_string(&self.request(task))
            .map_err(|error| EvaluationFailure::new(FailureKind::BadMetrics, error.to_string()))?;
        line.push('\n');
        // One that waited for this trial may have died since, which is no fault of the configuration.
        let waiting = self.process.take().and_then(|mut process| {
            process.begin_trial();
            ask(&mut process, &line).is_ok().then_some(process)
        });
        let mut process = match waiting {
            Some(process) => process,
            None => {
                let mut process = self.start()?;
                ask(&mut process, &line)?;
                process
            }
        };
        let heard = listen(&mut process, scope, Until::Metrics, &Secrets::default());
        heard.doubts.into_iter().for_each(|doubt| scope.doubt(doubt));
        match (heard.failure, heard.metrics) {
            (None, Some(metrics)) if !heard.stopped => {
                self.process = Some(process);
                Ok(metrics)
            }
            (None, Some(metrics)) => Ok(metrics),
            (failure, _) => {
                process.end(Duration::from_millis(200));
                Err(failure
                    .unwrap_or_else(|| EvaluationFailure::new(FailureKind::WorkerLost, "the trainer said nothing")))
            }
        }
    }
}

/// Hands the trainer its request.
fn ask(process: &mut Process, line: &str) -> Result<(), EvaluationFailure> {
    let sent = !process.has_ended()
        && process.stdin().is_some_and(|stdin| stdin.write_all(line.as_bytes()).and_then(|()| stdin.flush()).is_ok());
    if sent {
        return Ok(());
    }
    let reason = process.verdict().err().map_or_else(String::new, |failure| failure.message);
    Err(EvaluationFailure::new(FailureKind::WorkerLost, format!("the trainer was gone before the trial: {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::Point;

    #[test]
    fn the_trainer_is_told_its_settings_and_nothing_of_limits() {
        let fixed = [("epochs".to_owned(), Value::Int(3))].into();
        let evaluator = TrainerEvaluator::new(Vec::new(), fixed, 5).apart_from(["watts".to_owned()]);
        let pairs = [("batch_size", Value::Int(32)), ("watts", Value::Float(250.0))];
        let point = pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Point>();
        let request = evaluator.request(TrialTask { trial: 2, attempt: 1, point: &point, seed: 7 });
        let names: Vec<_> = request.settings.keys().map(String::as_str).collect();
        assert_eq!((names, request.trial, request.seed, request.split_seed), (vec!["batch_size", "epochs"], 2, 7, 5));
        // What a study has settled goes along, so that no trainer decides anew.
        let settled = evaluator.with_defaults(Some(Defaults::BEFORE));
        let request = settled.request(TrialTask { trial: 2, attempt: 1, point: &point, seed: 7 });
        assert_eq!(request.settings["preprocessing"], Value::from("none"));
        assert_eq!(request.settings["initialization"], Value::from("kaiming"));
    }
}
