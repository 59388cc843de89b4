//! The user's own program: its arguments with placeholders, its folder and its environment.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Secrets, Template};
use crate::evaluation::TrialTask;

/// How to start the user's program for a trial. No shell is involved.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandLine {
    /// The program and its arguments; at least one, and the first has no placeholder.
    pub argv: Vec<Template>,
    /// Where the program runs, as given: relative to the folder of the study file; `None` is the folder in which
    /// `optimize` was started.
    pub cwd: Option<PathBuf>,
    /// Environment variables in addition to those that are inherited.
    pub env: BTreeMap<String, String>,
    /// Names of inherited environment variables whose values are secret. They may stand in arguments as placeholders.
    pub secrets: Vec<String>,
}

impl CommandLine {
    /// Environment variable that carries a parameter: `WATTFRONT_LEARNING_RATE` for `learning_rate`.
    #[must_use]
    pub fn variable(parameter: &str) -> String {
        format!("WATTFRONT_{}", parameter.to_ascii_uppercase())
    }

    /// The program and its arguments for one trial. An argument with a placeholder of a parameter that is inactive, or
    /// has no value, is left out. So is the [flag](Self::flag_of) that stands alone before it.
    #[must_use]
    pub fn arguments(&self, task: TrialTask<'_>, secrets: &Secrets) -> Vec<String> {
        let filled: Vec<Vec<String>> = self.argv.iter().map(|t| t.fill(task, secrets)).collect();
        let stays = |(place, words): (usize, &Vec<String>)| {
            let alone = Self::flag_of(&self.argv, place + 1) == Some(place) && filled[place + 1].is_empty();
            if alone { Vec::new() } else { words.clone() }
        };
        filled.iter().enumerate().flat_map(stays).collect()
    }

    /// The environment variables to add for one trial: `env`, `WATTFRONT_TRIAL` (the trial's number), `WATTFRONT_SEED`
    /// (its seed) and `WATTFRONT_ATTEMPT` (counted from 1). Each active parameter that has a value adds one variable,
    /// spelt as in arguments.
    #[must_use]
    pub fn environment(&self, task: TrialTask<'_>) -> BTreeMap<String, String> {
        let mut environment = self.env.clone();
        environment.insert(Self::variable("trial"), task.trial.to_string());
        environment.insert(Self::variable("seed"), task.seed.to_string());
        environment.insert(Self::variable("attempt"), task.attempt.to_string());
        environment.extend(task.point.iter().filter_map(|(name, value)| Some((Self::variable(name), value.plain()?))));
        environment
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::Point;

    fn task(point: &Point, trial: u64, seed: u64) -> TrialTask<'_> {
        TrialTask { trial, attempt: 1, point, seed }
    }

    #[test]
    fn an_argument_of_an_inactive_parameter_is_left_out() {
        let argv = ["train", "--momentum={momentum}", "--lr={lr}"].map(|s| Template::parse(s).expect("a template"));
        let command = CommandLine { argv: argv.to_vec(), cwd: None, env: BTreeMap::new(), secrets: Vec::new() };
        let point: Point = [("lr", 0.5)].into_iter().collect();
        assert_eq!(command.arguments(task(&point, 0, 0), &Secrets::default()), ["train", "--lr=0.5"]);
        let environment = command.environment(task(&point, 4, 5));
        let pairs: Vec<_> = environment.iter().map(|(k, v)| format!("{k}={v}")).collect();
        assert_eq!(pairs, ["WATTFRONT_ATTEMPT=1", "WATTFRONT_LR=0.5", "WATTFRONT_SEED=5", "WATTFRONT_TRIAL=4"]);
    }
}
