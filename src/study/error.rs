//! What can stop a study.

use std::path::PathBuf;

use super::inventory::Unreadable;
use super::store::StoreError;
use crate::energy::EnergyError;
use crate::evaluation::EvaluationFailure;
use crate::optimizer::sampler::SamplerError;
use crate::record::RecordError;

/// Why a study cannot begin or go on. Finished trials are safe in its store whatever happens.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// The results folder cannot be made or written to.
    #[error("cannot write to the results folder {}", .path.display())]
    Folder {
        /// The folder, or the file in it.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The folder was moved, removed or replaced while it was in use.
    #[error(
        "the results folder {} was moved, removed or replaced while the study ran, so nothing more is written there", .path.display()
    )]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// The folder holds what a study has written, but the store is empty.
    #[error(
        "{} holds {file} of a study, but its store study.db is empty: the trials are not in it (was it copied without \
         study.db-wal, or replaced?)", .path.display()
    )]
    Hollow {
        /// The folder.
        path: PathBuf,
        /// What was found in it.
        file: String,
    },
    /// The folder holds files that are not of a study.
    #[error("{} holds a file {file} but no study, and the study would write over it", .path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
        /// The file.
        file: String,
    },
    /// Another process runs the study.
    #[error("the study in {} is being run by another process{}", .path.display(), .owner.map_or(String::new(), |pid| format!(" ({pid})")))]
    Locked {
        /// The folder.
        path: PathBuf,
        /// The number of the other process, if it could be read.
        owner: Option<u32>,
    },
    /// There is no study in the folder.
    #[error("there is no study in {}: it has no study.db", .path.display())]
    NoStudy {
        /// The folder.
        path: PathBuf,
    },
    /// An earlier study has nothing that could be learned from.
    #[error("nothing can be learned from {folder}: {reason}")]
    NothingToLearn {
        /// Its folder.
        folder: String,
        /// What was found there.
        reason: String,
        /// What can be done, if that is known.
        help: Option<String>,
    },
    /// The study began with other earlier studies to learn from, or with none.
    #[error("the study learns from {stored}, since its beginning, and is now to learn from {now}")]
    WarmStart {
        /// What it learns from.
        stored: String,
        /// What it would learn from.
        now: String,
    },
    /// The trials so far were metered in another way than the next ones would be.
    #[error(
        "the trials so far were metered by {stored}, but here they would be metered by {now}{}, and figures of different \
         origin cannot be compared",
        if because.is_empty() { String::new() } else { format!(" ({because})") }
    )]
    Metering {
        /// Domains and methods so far.
        stored: String,
        /// Domains and methods here.
        now: String,
        /// Why they are not the same, as far as is known; may be empty.
        because: String,
    },
    /// Energy is asked for, and nothing is metered.
    #[error("the study asks for energy, and nothing is metered here, so it does not start")]
    Unmetered,
    /// What trials may use has no figure, and the study asks for its energy.
    #[error("what its trials may use has no figure, so the study does not start:\n{0}")]
    Unreadable(Unreadable),
    /// No sampler has this name.
    #[error("there is no sampler `{name}`")]
    UnknownSampler {
        /// The name.
        name: String,
        /// The one that was meant, or all that there are.
        help: String,
    },
    /// A sampler is to be compared with itself.
    #[error("the sampler `{name}` is named twice")]
    RepeatedSampler {
        /// The sampler.
        name: String,
    },
    /// A comparison needs two samplers.
    #[error("a comparison needs at least two samplers")]
    TooFewSamplers,
    /// Seeds beyond what a study file can say.
    #[error("there are no {count} seeds from {first} on")]
    TooManySeeds {
        /// The first.
        first: u64,
        /// How many.
        count: u64,
    },
    /// The studies of a comparison would have names that are too long.
    #[error("a run of the comparison would be called `{longest}`, and a name has at most {limit} characters")]
    LongName {
        /// The longest.
        longest: String,
        /// How many characters a name may have.
        limit: usize,
    },
    /// A run of a comparison has trials that were proposed for other preferences.
    #[error(
        "the trials so far were proposed for other preferences than [preference] of the study file has now, and preferences \
         steer gp, so the runs would not be alike"
    )]
    Preferences,
    /// The folder holds something that is no comparison.
    #[error("{} holds {file} but no comparison of samplers", .path.display())]
    NotComparison {
        /// The folder.
        path: PathBuf,
        /// What it holds.
        file: String,
    },
    /// The folder is that of a comparison, in which a study would be in the way.
    #[error("{} holds a comparison of samplers, and a study in its place would hide it", .path.display())]
    OfComparison {
        /// The folder.
        path: PathBuf,
    },
    /// The study is not one for this sampler.
    #[error("the sampler `{sampler}` cannot run this study:\n{reason}")]
    SamplerRefused {
        /// The sampler.
        sampler: String,
        /// What is wrong with the study file then.
        reason: String,
    },
    /// A trial that cannot be skipped.
    #[error("trial {trial} cannot be skipped: {reason}")]
    Unskippable {
        /// Its number.
        trial: u64,
        /// Why not.
        reason: String,
    },
    /// The store does not work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store's events make no sense.
    #[error("the study's events contradict each other")]
    Record(#[from] RecordError),
    /// There is no GPU whose limits could be set.
    #[error("[energy] has {keys}, and no GPU is metered here that the trials see (CUDA_VISIBLE_DEVICES)")]
    NoGpuToLimit {
        /// What the study file has.
        keys: String,
    },
    /// The limits of a GPU cannot be set at all, mostly for want of a permission.
    #[error("the limits of gpu:{gpu} that [energy] asks for cannot be set, and nothing has run: {reason}")]
    LimitRefused {
        /// Its UUID.
        gpu: String,
        /// What the driver says.
        reason: String,
    },
    /// A GPU does not have the limits that trials may ask for.
    #[error("`{key}` of [energy] asks for {asked}, but gpu:{gpu} takes {possible}")]
    LimitOutOfRange {
        /// `power_limit` or `sm_clock`.
        key: &'static str,
        /// The UUID of the GPU.
        gpu: String,
        /// The lowest and the highest value of the study.
        asked: String,
        /// Those of the GPU.
        possible: String,
    },
    /// Nothing can be metered.
    #[error("{0}")]
    Energy(EnergyError),
    /// The sampler cannot handle the problem.
    #[error("{0}")]
    Sampler(SamplerError),
    /// Net energy is searched for, and the power at rest is not known.
    #[error("`{metric}` needs the power at rest, which could not be measured: {reason}")]
    NoBaseline {
        /// The metric that needs it.
        metric: String,
        /// What was in the way.
        reason: String,
    },
    /// A trial ended well without something that is searched for, and none has ever told it.
    #[error("trial {trial} ended well, but `{name}` is missing, as it is in all trials so far: {failure}")]
    NeverTold {
        /// The trial.
        trial: u64,
        /// The metric or the phase.
        name: String,
        /// How the trial failed.
        failure: EvaluationFailure,
        /// Whether it will be tried again.
        retry: bool,
    },
    /// Energy counts from the first step on, and a trial that ended well told none, as none ever has.
    #[error("trial {trial} ended well, but no line with \"step\" came: {failure}")]
    NoFirstStep {
        /// The trial.
        trial: u64,
        /// How the trial failed.
        failure: EvaluationFailure,
        /// Whether it will be tried again.
        retry: bool,
    },
    /// Nothing has finished, and the last trials of this session failed in the same way.
    #[error("nothing has finished yet, and the last {count} trials failed alike: {last}")]
    Hopeless {
        /// How many.
        count: u32,
        /// The last of them.
        last: EvaluationFailure,
    },
    /// Trial after trial failed for no fault of its configuration.
    #[error("{count} failures in a row that are not the configurations' fault; the last: {last}")]
    Environment {
        /// How many.
        count: u32,
        /// The last of them.
        last: EvaluationFailure,
    },
}

/// Not a source: what it says is said already.
impl From<EnergyError> for StudyError {
    fn from(error: EnergyError) -> Self {
        Self::Energy(error)
    }
}
