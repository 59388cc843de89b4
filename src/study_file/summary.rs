//! A study file in words: what would run.

use std::fmt::Write;

use super::quantity::show_duration;
use super::{CoolDown, EnergyFrom, EnergySpec, OnInterrupt, Setpoint, StudySpec, TrialSource, arguments};
use crate::carbon::Carbon;
use crate::energy::units::Joules;
use crate::energy::{Meters, MigPolicy};
use crate::guard::{secret, text};
use crate::optimizer::Seed;
use crate::optimizer::history::History;
use crate::optimizer::problem::{Goal, Objective, Preference, Prior, Problem};
use crate::optimizer::sampler::{self, GridSampler, ProposalRequest, RandomSampler, Sampler, SamplerError};
use crate::optimizer::space::{Domain, Parameter, Scale, Value};

/// Finite spaces are counted up to this size.
const COUNTED: u64 = 100_000;

impl StudySpec {
    /// What would run, for people: objectives, space, sampler, budget, source with its defaults made explicit, limits of a
    /// trial, and metering. Lines end with newlines; warnings come last.
    #[must_use]
    pub fn summary(&self) -> String {
        let mut summary = format!("study {}, seed {}\n", self.name, self.seed.0);
        let mut row = |title: &str, lines: Vec<String>| {
            for (i, line) in lines.iter().enumerate() {
                let title = if i == 0 { title } else { "" };
                let _ = writeln!(summary, "{title:<12}{}", text::line(line));
            }
        };
        row("objectives", self.problem.objectives().iter().map(show_objective).collect());
        row("constraints", self.problem.constraints().iter().map(ToString::to_string).collect());
        row("preference", self.show_preferences());
        row("space", show_space(&self.problem));
        row("starts", self.show_starts());
        row("forbidden", self.problem.forbidden().iter().map(ToString::to_string).collect());
        row("required", self.problem.requirements().iter().map(ToString::to_string).collect());
        row("sampler", vec![self.show_sampler()]);
        row("budget", vec![self.show_budget()]);
        row("source", self.show_source());
        row("trial", vec![self.show_trial()]);
        row("energy", vec![self.show_energy()]);
        row("limits", self.show_limits());
        if self.carbon != Carbon::default() {
            row("carbon", vec![format!("joules are shown as CO2e, too, at {}", self.carbon)]);
        }
        row("warning", self.warnings());
        summary
    }

    fn show_preferences(&self) -> Vec<String> {
        let shown = |preference: &Preference| {
            let bound = preference.within.map(|bound| format!("{} {bound}", preference.metric));
            let weight =
                (preference.weight != 1.0).then(|| format!("{} counts {}-fold", preference.metric, preference.weight));
            bound.into_iter().chain(weight).collect::<Vec<_>>().join(", ")
        };
        self.problem.preferences().iter().map(shown).filter(|line| !line.is_empty()).collect()
    }

    fn show_starts(&self) -> Vec<String> {
        let starts = self.problem.starts().iter();
        starts.map(|point| self.problem.space().describe(point)).collect()
    }

    fn show_sampler(&self) -> String {
        let sampler = &self.sampler;
        let name = &sampler.kind;
        let Some(kind) = sampler::kind(name) else { return name.clone() };
        let population = sampler.population.map_or_else(String::new, |n| format!(" of {n}"));
        let levels = sampler.levels.map_or_else(|| "a few".to_owned(), |n| n.to_string());
        let plan = kind.plan.replace("{population}", &population).replace("{levels}", &levels);
        match (kind.learning, self.initial()) {
            (None, _) if plan.is_empty() => format!("{name}: without learning from trials"),
            (None, _) => format!("{name}: {plan}, without learning from trials"),
            (Some(_), Some(n)) => format!("{name}: {n} trials of an initial design, then {plan}"),
            (Some(_), None) => format!("{name}: an initial design of its own size, then {plan}"),
        }
    }

    /// How many trials the sampler lets pass before it learns, as far as the study file tells; `None` of one that never learns.
    fn initial(&self) -> Option<usize> {
        let sampler = sampler::by_name(&self.sampler.kind, &self.sampler_settings()).ok()?;
        sampler.initial(&self.problem, &History::new())
    }

    fn show_budget(&self) -> String {
        let trials = self.budget.trials.map(|n| format!("{n} trials"));
        let time = self.budget.seconds.map(|s| format!("{} in trials", show_duration(s)));
        let energy = self.budget.joules.map(|j| format!("{} in trials", Joules(j)));
        let limits: Vec<String> = [trials, time, energy].into_iter().flatten().collect();
        let ends = match (self.budget.seconds.or(self.budget.joules), self.budget.hard) {
            (None, _) => "",
            (Some(_), false) => "; the trial that runs then is let finish (`hard = true` ends it)",
            (Some(_), true) => "; the trial that runs when time or energy are over is ended",
        };
        match limits.len() {
            1 => limits.concat() + ends,
            _ => format!("{}, whichever is reached first{ends}", limits.join(", ")),
        }
    }

    fn show_source(&self) -> Vec<String> {
        match &self.source {
            TrialSource::None => vec!["none: somebody asks for points and tells their outcomes".to_owned()],
            TrialSource::Train(train) => {
                let mut lines = vec!["the built-in trainer, with these settings fixed:".to_owned()];
                let complete = train.complete(self.problem.space());
                let (given, default): (Vec<_>, Vec<_>) =
                    complete.iter().partition(|(name, _)| train.settings.contains_key(*name));
                let width = given.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
                lines.extend(given.iter().map(|(name, value)| format!("  {name:<width$}  {value}")));
                if !default.is_empty() {
                    lines.push("and these at their defaults:".to_owned());
                    let words = default.iter().map(|(name, value)| format!("{name} {value}"));
                    lines.extend(wrapped(words.collect(), LINE).into_iter().map(|line| format!("  {line}")));
                }
                lines
            }
            TrialSource::Command(command) => {
                let argv: Vec<String> = command.argv.iter().map(|t| t.source().to_owned()).collect();
                let arguments: Vec<String> = secret::masked(&argv).0.iter().map(|word| format!("{word:?}")).collect();
                let mut lines = vec![format!("the program {}", arguments.join(" "))];
                lines.extend(
                    command.cwd.as_ref().map(|cwd| format!("  in the folder {} beside the study file", cwd.display())),
                );
                // Names only: a value may be a secret, and this is shown around.
                lines.extend(command.env.keys().map(|name| format!("  with {name}")));
                lines
                    .extend(command.secrets.iter().map(|name| format!("  with the secret {name} of your environment")));
                lines
            }
        }
    }

    fn show_trial(&self) -> String {
        let limit = match self.trial.timeout {
            Some(timeout) => format!("at most {}", show_duration(timeout.as_secs_f64())),
            None => "no time limit".to_owned(),
        };
        let interrupt = match self.trial.on_interrupt {
            OnInterrupt::Abandon => "",
            OnInterrupt::Finish => "; the first Ctrl-C lets it finish",
        };
        match self.trial.attempts {
            1 => format!("{limit}; not tried again if its environment fails{interrupt}"),
            n => format!("{limit}; tried up to {n} times if its environment fails{interrupt}"),
        }
    }

    fn show_energy(&self) -> String {
        let meters = match &self.energy.meters {
            Meters::Auto => "auto: every meter of this machine, and an ESTIMATE where it has none".to_owned(),
            Meters::List(list) => list.iter().map(|m| m.name()).collect::<Vec<_>>().join(", "),
        };
        let without = self.energy.show_without();
        let estimates = self.energy.watts_per_core.map(|watts| format!("; estimates at {watts} W per busy core"));
        let gpus = if self.energy.gpu_estimate { "; GPUs without a meter by their utilisation" } else { "" };
        let mig = match self.energy.mig {
            MigPolicy::Refuse => "",
            MigPolicy::WholeBoard => "; the whole boards of GPUs that are cut into MIG instances",
        };
        let share =
            if self.energy.share { "; GPUs that others use too, of which this study's part counts" } else { "" };
        let idle = match self.energy.idle {
            idle if idle == EnergySpec::default().idle => String::new(),
            Some(time) => format!("; power at rest over {}", show_duration(time.as_secs_f64())),
            None => "; power at rest not measured".to_owned(),
        };
        let cool = self.energy.cool_down.map_or_else(String::new, |CoolDown { celsius, limit }| {
            format!("; trials begin at {celsius} °C or after {}", show_duration(limit.as_secs_f64()))
        });
        let from = match self.trial.energy_from {
            EnergyFrom::Start => "",
            EnergyFrom::FirstStep => "; of a trial it counts from its first line with a step on",
        };
        format!("{meters}{without}{}{gpus}{mig}{share}{idle}{cool}{from}", estimates.unwrap_or_default())
    }

    fn show_limits(&self) -> Vec<String> {
        let shown = |setpoint: &Option<Setpoint>, what: &str, unit: &str| {
            Some(match setpoint.as_ref()? {
                Setpoint::Fixed(number) => format!("{what} {number} {unit} in each trial"),
                Setpoint::Parameter(name) => format!("{what} by the parameter {name}, in {unit}"),
            })
        };
        let power = shown(&self.energy.power_limit, "power limit of the GPUs:", "W");
        let clock = shown(&self.energy.sm_clock, "SM clock of the GPUs:", "MHz");
        power.into_iter().chain(clock).collect()
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let (Some(initial), Some(trials)) = (self.initial(), self.budget.trials)
            && initial as u64 >= trials
        {
            warnings.push(format!(
                "the initial design of {initial} trials uses up the budget of {trials}, so that {} proposes none: more `trials` in \
                 [budget], or a smaller `initial` in [sampler]",
                self.sampler.kind
            ));
        }
        if let (Some((points, forbidden)), Some(trials)) = (count(&self.problem), self.budget.trials)
            && points - forbidden < trials
        {
            let allowed = if forbidden > 0 { " that are allowed" } else { "" };
            let points = points - forbidden;
            warnings.push(format!("the space has {points} points{allowed}, fewer than the budget of {trials} trials"));
        }
        if let Err(error @ SamplerError::NothingAllowed { .. }) =
            RandomSampler.propose(&ProposalRequest::new(&self.problem, &History::new(), 1, Seed(0)))
        {
            let help = error.help().map_or_else(String::new, |help| format!("; {help}"));
            warnings.push(format!("{error}{help}"));
        }
        if self.sampler.kind == "grid" && self.is_grid_empty() {
            warnings.push(
                "no point of the grid is allowed: give it more `levels`, or loosen what rules points out".to_owned(),
            );
        }
        if let (starts, Some(trials)) = (self.problem.starts().len() as u64, self.budget.trials)
            && starts > trials
        {
            warnings.push(format!("there are {starts} starts, more than the budget of {trials} trials"));
        }
        if sampler::kind(&self.sampler.kind).is_some_and(|kind| !kind.uses_priors) && !self.problem.priors().is_empty()
        {
            warnings.push(format!("the sampler {} makes no use of priors", self.sampler.kind));
        }
        if let TrialSource::Command(command) = &self.source {
            warnings.extend(arguments::warn(command, self.problem.space()));
        }
        warnings.extend(self.open_secrets());
        warnings
    }

    /// Whether nothing of a grid of moderate size is allowed.
    fn is_grid_empty(&self) -> bool {
        let grid = GridSampler { levels: self.sampler.levels };
        let levels = self.sampler.levels.unwrap_or(GridSampler::LEVELS) as u64;
        let parameters = self.problem.space().parameters().iter();
        let values = parameters.map(|p| match &p.domain {
            Domain::Choice { values } => values.len() as u64,
            domain => domain.cardinality().map_or(levels, |count| count.min(levels)),
        });
        let size = values.fold(1u64, u64::saturating_mul);
        let first = || grid.propose(&ProposalRequest::new(&self.problem, &History::new(), 1, Seed(0)));
        self.problem.is_restricted() && size <= COUNTED && first() == Err(SamplerError::Exhausted)
    }

    /// What looks like a secret and is none by the file, so that it stands in each copy of it.
    fn open_secrets(&self) -> Option<String> {
        let TrialSource::Command(command) = &self.source else { return None };
        let argv: Vec<String> = command.argv.iter().map(|t| t.source().to_owned()).collect();
        let variables = command.env.keys().filter(|name| secret::is_telling(name)).map(String::as_str);
        let argument = secret::masked(&argv).1.then_some("an argument");
        let found: Vec<&str> = argument.into_iter().chain(variables).collect();
        (!found.is_empty()).then(|| {
            format!(
                "{} of [command] looks like a secret, and stands in the copy of this file in the results and in study.db; take it \
                 out, set it in your environment, and name that variable: secrets = [\"API_TOKEN\"], in arguments \
                 {{API_TOKEN}}",
                found.join(" and ")
            )
        })
    }
}

/// Points of the space, and how many of them are ruled out; `None` if there are too many to count.
fn count(problem: &Problem) -> Option<(u64, u64)> {
    let points = problem.space().cardinality(COUNTED)?;
    if !problem.is_restricted() {
        return Some((points, 0));
    }
    let forbidden = problem.space().points(COUNTED)?.iter().filter(|p| problem.forbids(p)).count();
    Some((points, forbidden as u64))
}

fn show_objective(objective: &Objective) -> String {
    let goal = match objective.goal {
        Goal::Maximize => "maximize",
        Goal::Minimize => "minimize",
    };
    let scale = if objective.scale == Scale::Log { ", log scale" } else { "" };
    let reference = objective.reference.map(|r| format!(", reference {r:?}")).unwrap_or_default();
    format!("{goal} {}{scale}{reference}", objective.metric)
}

fn show_space(problem: &Problem) -> Vec<String> {
    let space = problem.space();
    let size = match count(problem) {
        Some((1, _)) => "1 point".to_owned(),
        Some((n, 0)) => format!("{n} points"),
        Some((n, forbidden)) => format!(
            "{n} points, {forbidden} of them {}",
            if problem.requirements().is_empty() { "forbidden" } else { "ruled out" }
        ),
        None if space.parameters().iter().all(|p| p.domain.cardinality().is_some()) => {
            format!("more than {COUNTED} points")
        }
        None => "a continuum of points".to_owned(),
    };
    let noun = if space.len() == 1 { "parameter" } else { "parameters" };
    let mut lines = vec![format!("{} {noun}, {size}", space.len())];
    let width = space.parameters().iter().map(|p| p.name.len()).max().unwrap_or(0);
    let prior = |p: &Parameter| problem.priors().get(&p.name).map_or_else(String::new, |prior| show_prior(p, prior));
    let line = |p: &Parameter| format!("  {:<width$}  {}{}", p.name, show_parameter(p), prior(p));
    lines.extend(space.parameters().iter().map(line));
    lines
}

fn show_parameter(parameter: &Parameter) -> String {
    let log = |scale: &Scale| if *scale == Scale::Log { ", log scale" } else { "" };
    let domain = match &parameter.domain {
        Domain::Float { low, high, scale, step } => {
            let step = step.map(|s| format!(" in steps of {s:?}")).unwrap_or_default();
            format!("{low:?} to {high:?}{step}{}", log(scale))
        }
        Domain::Int { low, high, scale, step } => {
            let step = if *step == 1 { String::new() } else { format!(" in steps of {step}") };
            format!("{low} to {high}, whole{step}{}", log(scale))
        }
        Domain::Choice { values } => join(values, ", "),
    };
    let clauses = parameter.condition.iter().map(|c| format!("{} is {}", c.parameter, join(&c.values, " or ")));
    let clauses: Vec<String> = clauses.collect();
    if clauses.is_empty() { domain } else { format!("{domain}; only where {}", clauses.join(" and ")) }
}

/// Where the best values are expected, after what the values are.
fn show_prior(parameter: &Parameter, prior: &Prior) -> String {
    match (prior, &parameter.domain) {
        (
            Prior::Around { value, spread },
            Domain::Float { scale: Scale::Log, .. } | Domain::Int { scale: Scale::Log, .. },
        ) => {
            format!("; expected around {value:?}, give or take a factor of {spread}")
        }
        (Prior::Around { value, spread }, _) => format!("; expected around {value:?}, give or take {spread}"),
        (Prior::Weights(weights), Domain::Choice { values }) => {
            let pairs: Vec<String> = values.iter().zip(weights).map(|(v, w)| format!("{v} {w}")).collect();
            format!("; expected by weight: {}", pairs.join(", "))
        }
        (Prior::Weights(_), _) => String::new(),
    }
}

fn join(values: &[Value], separator: &str) -> String {
    values.iter().map(ToString::to_string).collect::<Vec<_>>().join(separator)
}

/// So wide are lists.
const LINE: usize = 90;

/// The items with commas between them, in lines no longer than this if that can be.
fn wrapped(items: Vec<String>, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for item in items {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 2 + item.chars().count() < width => *line += &format!(", {item}"),
            Some(line) => {
                line.push(',');
                lines.push(item);
            }
            None => lines.push(item),
        }
    }
    lines
}
