//! The studies of a comparison of samplers: which there are, and in which order they run.

use std::path::{Path, PathBuf};

use super::StudyError;
use crate::optimizer::sampler;
use crate::study_file::{NAME_LIMIT, StudySpec, Variation, did_you_mean};

/// One study of a comparison.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlannedStudy {
    /// Its sampler.
    pub sampler: String,
    /// Its seed.
    pub seed: u64,
    /// What it runs: the study file with this sampler and seed, and a name of its own.
    pub spec: StudySpec,
    /// Where its results go.
    pub folder: PathBuf,
}

impl PlannedStudy {
    /// Such as `gp, seed 8`.
    #[must_use]
    pub fn label(&self) -> String {
        format!("{}, seed {}", self.sampler, self.seed)
    }
}

/// Plans a study for every sampler and each of `seeds` seeds, the study file's own seed first and then those that follow it;
/// `path` is the study file's, for messages, and `folder` that of the comparison. In the order in which they are to run: seed
/// by seed, and each seed beginning with the next sampler, so that warm hardware and busy hours fall on all of them alike.
///
/// # Errors
/// A [`StudyError`] for a sampler that is unknown, named twice, alone, or that cannot handle the study.
pub fn plan_comparison(
    spec: &StudySpec,
    path: &Path,
    samplers: &[String],
    seeds: u64,
    folder: &Path,
) -> Result<Vec<PlannedStudy>, StudyError> {
    for (i, name) in samplers.iter().enumerate() {
        if !sampler::NAMES.contains(&name.as_str()) {
            return Err(StudyError::UnknownSampler {
                name: name.clone(),
                help: did_you_mean(name, sampler::NAMES, "the samplers are"),
            });
        }
        if samplers[..i].contains(name) {
            return Err(StudyError::RepeatedSampler { name: name.clone() });
        }
    }
    if samplers.len() < 2 {
        return Err(StudyError::TooFewSamplers);
    }
    let first = spec.seed().0;
    if first.checked_add(seeds).is_none_or(|end| i64::try_from(end).is_err()) {
        return Err(StudyError::TooManySeeds { first, count: seeds });
    }
    let run_name = |sampler: &str, seed: u64| format!("{}-{sampler}-{seed}", spec.name());
    let last = first + seeds.saturating_sub(1);
    if let Some(longest) = samplers.iter().map(|s| run_name(s, last)).find(|name| name.len() > NAME_LIMIT) {
        return Err(StudyError::LongName { longest, limit: NAME_LIMIT });
    }
    let mut planned = Vec::new();
    for (turn, seed) in (first..first + seeds).enumerate() {
        for place in 0..samplers.len() {
            let sampler = &samplers[(turn + place) % samplers.len()];
            let variation = Variation {
                name: run_name(sampler, seed),
                seed,
                sampler: sampler.clone(),
                trials: spec.budget().trials,
            };
            let place = format!("{} with the sampler `{sampler}`", path.display());
            let variant = spec.variant(&place, &variation).map_err(|errors| StudyError::SamplerRefused {
                sampler: sampler.clone(),
                reason: errors.to_string(),
            })?;
            planned.push(PlannedStudy {
                sampler: sampler.clone(),
                seed,
                spec: variant,
                folder: folder.join(format!("{sampler}-{seed}")),
            });
        }
    }
    Ok(planned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::told::with_help;

    fn spec(extra: &str) -> StudySpec {
        let text = format!(
            "budget.trials = 4\nseed = 7\ncommand.argv = [\"./train\"]\nspace.lr = {{ float = [0.0, 1.0] }}\n\
             objective = [{{ metric = \"accuracy\", goal = \"maximize\" }}{extra}]\n"
        );
        StudySpec::parse(&text, "digits.toml").unwrap()
    }

    fn plan(samplers: &[&str], seeds: u64) -> Result<Vec<PlannedStudy>, StudyError> {
        let samplers: Vec<String> = samplers.iter().map(|s| (*s).to_owned()).collect();
        plan_comparison(&spec(""), Path::new("digits.toml"), &samplers, seeds, Path::new("results/digits-compare"))
    }

    #[test]
    fn seeds_follow_each_other_and_samplers_take_turns() {
        let labels = |planned: &[PlannedStudy]| planned.iter().map(PlannedStudy::label).collect::<Vec<_>>();
        let planned = plan(&["gp", "random", "sobol"], 2).unwrap();
        let expected =
            ["gp, seed 7", "random, seed 7", "sobol, seed 7", "random, seed 8", "sobol, seed 8", "gp, seed 8"];
        assert_eq!(labels(&planned), expected);
        assert_eq!(planned[3].folder, Path::new("results/digits-compare/random-8"));
        assert_eq!(planned[3].spec.name(), "digits-random-8");
        // More seeds change nothing about those before.
        assert_eq!(plan(&["gp", "random", "sobol"], 3).unwrap()[..6], planned[..]);
    }

    #[test]
    fn wrong_samplers_are_refused() {
        let refused = |samplers: &[&str]| {
            let error = plan(samplers, 2).unwrap_err();
            with_help(&error, error.help())
        };
        assert!(refused(&["gp", "rnadom"]).contains("did you mean `random`?"));
        assert!(refused(&["gp", "gp"]).contains("`gp` is named twice"));
        assert!(refused(&["gp"]).contains("at least two samplers"));
        let named = |length: usize| {
            let (name, samplers) = ("n".repeat(length), ["gp".to_owned(), "random".to_owned()]);
            let text = format!("name = \"{name}\"\n{}", spec("").text());
            let spec = StudySpec::parse(&text, "digits.toml").unwrap();
            plan_comparison(&spec, Path::new("digits.toml"), &samplers, 4, Path::new("results"))
        };
        // The last seed, 10, is one digit longer than the first.
        assert!(named(90).is_ok());
        assert!(named(91).unwrap_err().help().unwrap().contains("shorten `name`"));
    }
}
