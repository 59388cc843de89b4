//! What can be wrong with a question to records.

use std::borrow::Cow;

/// Why records cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnalysisError {
    /// A comparison needs two samplers.
    #[error("a comparison needs at least two samplers, and there is {}", .only.as_ref().map_or("none".to_owned(), |name| format!("only `{name}`")))]
    TooFewSamplers {
        /// The one that is there.
        only: Option<String>,
    },
    /// The baseline is none of the samplers.
    #[error("the baseline `{baseline}` is none of the samplers that are compared")]
    UnknownBaseline {
        /// The baseline.
        baseline: String,
        /// The samplers.
        samplers: Vec<String>,
    },
    /// The same sampler with the same seed, twice.
    #[error("the run of `{sampler}` with seed {seed} is there twice")]
    DuplicateRun {
        /// The sampler.
        sampler: String,
        /// The seed.
        seed: u64,
    },
    /// Studies of different problems.
    #[error(
        "the run of `{sampler}` with seed {seed} searches another space, or has other objectives, constraints or preferences \
         than the first run"
    )]
    DifferentProblem {
        /// The sampler.
        sampler: String,
        /// The seed.
        seed: u64,
    },
    /// No seed that every sampler has completed.
    #[error("there is no seed yet with which every sampler has completed its run")]
    NoCommonSeed,
    /// Nothing came of any run.
    #[error("no trial of any run has finished, so there is nothing to compare")]
    NoFinishedTrial,
}

impl AnalysisError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::TooFewSamplers { .. } => "run the study with another sampler, too".into(),
            Self::UnknownBaseline { samplers, .. } => format!("take one of these: {}", samplers.join(", ")).into(),
            Self::DuplicateRun { .. } => "leave one of the two out".into(),
            Self::DifferentProblem { .. } => "compare runs of one study file alone".into(),
            Self::NoCommonSeed => "let the runs go on until there is one".into(),
            Self::NoFinishedTrial => "see why the trials failed, and run them again".into(),
        })
    }
}
