//! What a study file says, checked.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use toml_edit::Document;

use super::error::{Issue, render};
use super::identity::stored_defaults;
use crate::carbon::Carbon;
use crate::energy::units::ConsumerName;
use crate::energy::{Meters, MigPolicy};
use crate::evaluation::{CommandLine, KeepOutput};
use crate::optimizer::Seed;
use crate::optimizer::problem::Problem;
use crate::optimizer::sampler::Settings;
use crate::optimizer::space::Value;
use crate::training::Defaults;

/// A checked study file. [`StudySpec::parse`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct StudySpec {
    pub(super) name: String,
    pub(super) seed: Seed,
    pub(super) budget: Budget,
    pub(super) problem: Problem,
    pub(super) sampler: SamplerSpec,
    pub(super) source: TrialSource,
    pub(super) trial: TrialSpec,
    pub(super) energy: EnergySpec,
    pub(super) carbon: Carbon,
    pub(super) text: String,
    pub(super) doubts: Vec<Issue>,
    pub(super) was: BTreeMap<String, Value>,
}

impl StudySpec {
    /// The study's name, usable as the name of a folder; the study file's own name without its ending if none is given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The seed of all randomness; default 0.
    #[must_use]
    pub fn seed(&self) -> Seed {
        self.seed
    }

    /// When the study ends.
    #[must_use]
    pub fn budget(&self) -> &Budget {
        &self.budget
    }

    /// What is searched for.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What proposes the points.
    #[must_use]
    pub fn sampler(&self) -> &SamplerSpec {
        &self.sampler
    }

    /// The sampler's settings, and how many trials it has.
    #[must_use]
    pub fn sampler_settings(&self) -> Settings {
        let SamplerSpec { initial, population, levels, .. } = self.sampler;
        Settings { initial, population, levels, trials: self.budget.trials }
    }

    /// What evaluates the points.
    #[must_use]
    pub fn source(&self) -> &TrialSource {
        &self.source
    }

    /// Limits of a single trial.
    #[must_use]
    pub fn trial(&self) -> &TrialSpec {
        &self.trial
    }

    /// What is metered.
    #[must_use]
    pub fn energy(&self) -> &EnergySpec {
        &self.energy
    }

    /// What joules stand for when they are shown; no part of what the study is.
    #[must_use]
    pub fn carbon(&self) -> &Carbon {
        &self.carbon
    }

    /// What works, but hardly as it was meant, and what is worth knowing, in the order of the file.
    #[must_use]
    pub fn doubts(&self) -> &[Issue] {
        &self.doubts
    }

    /// The same with the lines of the file, for people, with colours for a terminal if `color`; empty if there is nothing.
    /// `path` is for messages. Ends without a newline.
    #[must_use]
    pub fn render_doubts(&self, path: &str, color: bool) -> String {
        let shown: Vec<String> = self.doubts.iter().map(|issue| render(issue, path, &self.text, color)).collect();
        shown.join("\n\n")
    }

    /// What parameters were in trials of earlier studies that did not have them, by name: `was` of `[space]`. No part of what
    /// the study is.
    #[must_use]
    pub fn was(&self) -> &BTreeMap<String, Value> {
        &self.was
    }

    /// The study file as it was read.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is kept of the study file in the results, as `study.toml`: the text as it was read, and before it the study's name,
    /// where that is the name of the file alone.
    #[must_use]
    pub fn text_as_study_toml(&self) -> Cow<'_, str> {
        let named = |document: Document<&str>| document.as_table().contains_key("name");
        if self.name == "study" || Document::parse(self.text.as_str()).is_ok_and(named) {
            return self.text.as_str().into();
        }
        let name = Value::Text(self.name.clone()).to_toml();
        let text = self.text.strip_prefix('\u{feff}').unwrap_or(&self.text);
        format!("name = {name} # added to this copy: the study has its name from its file\n{text}").into()
    }

    /// The same study with this figure for estimates, in watts per busy core, if its file leaves that open.
    #[must_use]
    pub fn with_watts_left_open(mut self, watts: f64) -> Self {
        self.energy.watts_per_core.get_or_insert(watts);
        self
    }

    /// The same study with these defaults for settings of the trainer, if they are not settled yet.
    #[must_use]
    pub fn with_defaults_left_open(mut self, defaults: Defaults) -> Self {
        if let TrialSource::Train(train) = &mut self.source {
            train.defaults.get_or_insert(defaults);
        }
        self
    }

    /// The same study as it was begun, by its stored identity: with the defaults of then.
    #[must_use]
    pub fn begun_with(mut self, stored: &serde_json::Value) -> Self {
        if let TrialSource::Train(train) = &mut self.source {
            train.defaults = Some(stored_defaults(stored));
        }
        self
    }

    /// The same study with another number of trials in its budget.
    #[must_use]
    pub fn with_trials(mut self, trials: u64) -> Self {
        self.budget.trials = Some(trials);
        self
    }
}

/// When a study ends: as soon as one of the limits is reached. At least one is given.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Budget {
    /// Number of trials: finished ones and failures of the configuration.
    pub trials: Option<u64>,
    /// Seconds spent in trials, added up over resumes, failed trials included.
    pub seconds: Option<f64>,
    /// Joules spent in trials, added up over resumes, failed trials included.
    pub joules: Option<f64>,
    /// Whether the time, or the energy, also ends the trial that runs when it is over; default: that one is let finish.
    pub hard: bool,
}

/// The sampler and its settings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SamplerSpec {
    /// Its name; default `gp`.
    pub kind: String,
    /// Number of trials of the initial design, before the sampler learns from trials; `None` leaves it to the sampler.
    /// Only for `gp`, `tpe` and `nsga2`.
    pub initial: Option<usize>,
    /// Members of the population, at least 2; `None` leaves it to the sampler. Only for `nsga2`.
    pub population: Option<usize>,
    /// Values per range, from 2 to 1000; `None` leaves it to the sampler. Only for `grid`.
    pub levels: Option<usize>,
}

/// What evaluates the points of a study.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TrialSource {
    /// The built-in trainer.
    Train(TrainSpec),
    /// The user's own program.
    Command(CommandLine),
    /// Nothing: somebody asks for points and tells their outcomes.
    None,
}

/// The settings of the built-in trainer that do not change from trial to trial.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct TrainSpec {
    /// Fixed settings by name, as given in the file (`dataset` and `model` among them). A setting that is neither in
    /// here nor in the space has its default.
    pub settings: BTreeMap<String, Value>,
    /// What becomes of settings whose default depends on the data or on when the study began; `None` until that is settled.
    pub defaults: Option<Defaults>,
    /// Which weights are kept, in `checkpoints/` of the results.
    pub keep: Keep,
}

/// Which trained weights a study keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Keep {
    /// Those of the trials on the front (the default).
    #[default]
    Front,
    /// Those of all trials.
    All,
    /// None.
    None,
}

/// Limits of a single trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrialSpec {
    /// How long one attempt may take; no limit by default.
    pub timeout: Option<Duration>,
    /// How often a point is tried if its environment fails, the first time included, at least 1; default 2.
    pub attempts: u32,
    /// What the first Ctrl-C does to the running trial. Like the next one no part of what the study is.
    pub on_interrupt: OnInterrupt,
    /// Of which trials the program's output is kept (`keep_output` of `[command]`).
    pub keep_output: KeepOutput,
    /// From when on a program's energy counts (`energy_from` of `[command]`).
    pub energy_from: EnergyFrom,
}

/// What the first Ctrl-C does to the running trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnInterrupt {
    /// It is ended, and tried again later (the default).
    #[default]
    Abandon,
    /// It goes on to its end, and nothing follows it; a second Ctrl-C ends it.
    Finish,
}

/// From when on the energy of a trial counts, if its program does not mark the phase `trial` itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EnergyFrom {
    /// From the start of the program (the default).
    #[default]
    Start,
    /// From its first line with a `step`: from the arrival of that line, or the moment that it tells by `at`.
    FirstStep,
}

impl Default for TrialSpec {
    fn default() -> Self {
        Self {
            timeout: None,
            attempts: 2,
            on_interrupt: OnInterrupt::default(),
            keep_output: KeepOutput::default(),
            energy_from: EnergyFrom::default(),
        }
    }
}

/// What is metered.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EnergySpec {
    /// Which meters are used.
    pub meters: Meters,
    /// What is left out of the figures, by its names; nothing by default.
    pub without: Vec<ConsumerName>,
    /// Watts per busy core of the estimate from CPU time, above zero; `None` leaves it to the processor's model.
    pub watts_per_core: Option<f64>,
    /// How long the power at rest is measured at the beginning of each session, where power is measured at all; `None` for
    /// not at all.
    pub idle: Option<Duration>,
    /// Whether trials begin with cool devices.
    pub cool_down: Option<CoolDown>,
    /// What becomes of GPUs that are cut into instances (MIG).
    pub mig: MigPolicy,
    /// Whether GPUs that tell neither energy nor power are estimated by their utilisation and power limit.
    pub gpu_estimate: bool,
    /// Whether others may use the GPUs too: then figures are this study's part, and nothing is locked.
    pub share: bool,
    /// The power limit of the GPUs while a trial runs, in watts; `None` leaves it alone.
    pub power_limit: Option<Setpoint>,
    /// The clock at which their multiprocessors are held while a trial runs, in whole MHz; `None` leaves it alone.
    pub sm_clock: Option<Setpoint>,
}

impl EnergySpec {
    /// The parameters of the space that are limits of the GPUs, and nothing that the trainer knows.
    pub fn limit_parameters(&self) -> impl Iterator<Item = &str> {
        [&self.power_limit, &self.sm_clock].into_iter().flatten().filter_map(Setpoint::parameter)
    }
}

/// What a limit of the GPUs is set to.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Setpoint {
    /// The same for all trials, above zero.
    Fixed(f64),
    /// The value of this parameter, all of whose values are numbers above zero. Where it is inactive the limit is left alone.
    Parameter(String),
}

impl Setpoint {
    /// The name of the parameter, if it is one.
    #[must_use]
    pub fn parameter(&self) -> Option<&str> {
        match self {
            Self::Fixed(_) => None,
            Self::Parameter(name) => Some(name),
        }
    }
}

/// How cool devices are when a trial begins.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CoolDown {
    /// No metered GPU is hotter, in degrees Celsius.
    pub celsius: f64,
    /// But it is not waited for longer than this.
    pub limit: Duration,
}

impl Default for EnergySpec {
    fn default() -> Self {
        Self {
            meters: Meters::Auto,
            without: Vec::new(),
            watts_per_core: None,
            idle: Some(Duration::from_secs(10)),
            cool_down: None,
            mig: MigPolicy::default(),
            gpu_estimate: false,
            share: false,
            power_limit: None,
            sm_clock: None,
        }
    }
}
