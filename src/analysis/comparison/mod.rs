//! Samplers against each other: studies of one problem, several samplers, each with the same seeds.
//!
//! [`Comparison::of`] takes the records of such studies and says what they come to. What is compared is the *hypervolume* that
//! a run ends with, against one reference point for all: the user's, or else inferred from each run by the rule for single
//! studies, of which the worst in every objective is taken. Trials that break a constraint add nothing to it. On a log scale the logarithm is the
//! objective, in here as everywhere.
//!
//! - **Seeds are pairs.** Runs of one seed share what the seed decides, so samplers are compared seed by seed. Only seeds that
//!   every sampler has completed count.
//! - **Joules spent** are those of all attempts, failed trials included. They are compared only where all runs were metered
//!   alike and no attempt's joules are unknown ([`ComparedEnergy`]).
//! - **Runs that never get there** stay in every median, as later than all others: the median is when half of all runs have
//!   got there, or never.
//! - **The speed-up** is, seed by seed, a ratio. It is what the baseline needed to get where it ended (not its whole
//!   budget), over what the sampler needed to get there.

mod course;
mod energy;
mod environment;
mod sampler;
mod sentence;
#[cfg(test)]
pub(crate) mod tests;
mod versus;

pub use course::{Course, CourseStep};
pub use energy::ComparedEnergy;
pub use sampler::{BandPoint, ComparedSampler, Surfaces};
pub(crate) use sentence::p_value;
pub use versus::{LEVEL, Verdict, Versus};

use super::provenance::doubts_of;
use super::statistics::{Bootstrap, Spread};
use super::{AnalysisError, Provenance, Quantity, Spent};
use crate::energy::units::{Doubt, PowerDomain};
use crate::optimizer::pareto::given_reference;
use crate::optimizer::problem::Objective;
use crate::record::StudyRecord;

/// The sampler that others are compared against where it takes part.
pub const BASELINE: &str = "random";

/// One study of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct ComparedRun<'a> {
    /// The sampler, by which runs belong together.
    pub sampler: &'a str,
    /// The seed, by which runs are pairs.
    pub seed: u64,
    /// The study.
    pub record: &'a StudyRecord,
    /// Whether its budget is spent or its space exhausted.
    pub complete: bool,
}

/// How runs are compared.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ComparisonSettings {
    /// What the comparison is called, such as the study's name.
    pub name: String,
    /// What the others are compared against; by default [`BASELINE`], or the first sampler where that does not take part.
    pub baseline: Option<String>,
    /// Only so many trials of a run count, in the order of their ids; by default all.
    pub trials: Option<usize>,
    /// How the intervals of effects are found.
    pub bootstrap: Bootstrap,
}

/// What a comparison of samplers came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What the comparison is called.
    pub name: String,
    /// The objectives of all runs.
    pub objectives: Vec<Objective>,
    /// How their numbers are shown, one per objective.
    pub quantities: Vec<Quantity>,
    /// The reference point of all hypervolumes, in losses.
    pub reference: Vec<f64>,
    /// Whether the user gave all of the reference point; else some or all of it was inferred from all runs.
    pub reference_is_given: bool,
    /// What the others are compared against.
    pub baseline: String,
    /// The seeds that every sampler has completed, ascending. Only they count.
    pub seeds: Vec<u64>,
    /// Runs that were begun and do not count.
    pub left_out: Vec<(String, u64)>,
    /// The course of every run that counts, by sampler in their order, then by seed.
    pub courses: Vec<Course>,
    /// The hypervolume that is to be reached: the median of what the baseline ends with. `None` where that is zero.
    pub target: Option<f64>,
    /// One per sampler, in the order of their first runs.
    pub samplers: Vec<ComparedSampler>,
    /// What the joules that were spent rest on.
    pub energy: ComparedEnergy,
    /// How the figures of each energy that is an objective or has a constraint came about, over all runs, the best first.
    pub front_energy: Vec<(String, Vec<Provenance>)>,
    /// The distinct machines, GPUs and versions of all runs, each in words such as `wattfront 0.1.0, AMD EPYC 7543, 16 cores`.
    /// With more than one, differences may be theirs.
    pub environments: Vec<String>,
    /// Whether energy is an objective or has a constraint and rests on estimates, so that fronts and hypervolumes must be called estimated.
    pub fronts_are_estimated: bool,
    /// The hardware whose counter was contradicted in any of the runs.
    pub doubts: Vec<(PowerDomain, Doubt)>,
    /// The smallest p-value that these many seeds and samplers could give, after Holm's adjustment.
    pub smallest_p: f64,
}

impl Comparison {
    /// Compares runs of one problem.
    ///
    /// # Errors
    /// An [`AnalysisError`] where there are not two samplers, no seed that all of them have completed, or no finished
    /// trial. Also where runs do not belong together.
    pub fn of(runs: &[ComparedRun<'_>], settings: &ComparisonSettings) -> Result<Self, AnalysisError> {
        let samplers = samplers_of(runs)?;
        let baseline = baseline_of(&samplers, settings)?;
        let (seeds, left_out) = common_seeds(runs, &samplers);
        let (Some(first), false) = (runs.first(), seeds.is_empty()) else { return Err(AnalysisError::NoCommonSeed) };
        let mut counting: Vec<&ComparedRun<'_>> = runs.iter().filter(|r| seeds.contains(&r.seed)).collect();
        let place = |run: &ComparedRun<'_>| samplers.iter().position(|s| *s == run.sampler);
        counting.sort_by_key(|run| (place(run), run.seed));

        let problem = first.record.problem();
        let limit = settings.trials.unwrap_or(usize::MAX);
        let found: Vec<_> = counting.iter().map(|run| course::losses(run.record, limit)).collect();
        let given = given_reference(problem);
        let Some(reference) = course::reference_of(&given, &found) else { return Err(AnalysisError::NoFinishedTrial) };
        let courses: Vec<Course> = counting.iter().map(|run| Course::of(run, &reference, limit)).collect();

        let energy = ComparedEnergy::of(&courses);
        let finals = |sampler: &str| -> Vec<f64> {
            courses.iter().filter(|c| c.sampler == sampler).map(Course::hypervolume).collect()
        };
        let front_energy = energy::front_energy(&counting, limit);
        let mixed = energy::is_mixed(&front_energy);
        let target = Spread::of(&finals(&baseline)).map(|s| s.median).filter(|t| *t > 0.0 && !mixed);
        let joules = energy.is_comparable();
        let furthest = if joules { sampler::furthest_joules(&samplers, &courses) } else { None };
        let mut samplers: Vec<ComparedSampler> =
            samplers.iter().map(|s| ComparedSampler::of(s, &courses, problem, target, furthest)).collect();
        if !mixed {
            versus::compare(&mut samplers, &courses, &baseline, joules, &settings.bootstrap);
        }

        let comparisons = samplers.len() - 1;
        let value = |metric: &str| {
            let results = counting.iter().flat_map(|r| r.record.trials()).filter_map(|t| t.result());
            let values: Vec<f64> = results.filter_map(|r| r.metrics.get(metric).copied()).collect();
            Quantity::from_values(metric, values)
        };
        let quantities: Vec<Quantity> = problem.objectives().iter().map(|o| value(&o.metric)).collect();
        Ok(Self {
            fronts_are_estimated: front_energy.iter().flat_map(|(_, ways)| ways).any(Provenance::is_estimate),
            front_energy,
            doubts: doubts_of(counting.iter().map(|run| run.record)),
            environments: environment::environments(counting.iter().map(|run| run.record)),
            name: settings.name.clone(),
            objectives: problem.objectives().to_vec(),
            quantities,
            reference_is_given: given.iter().all(Option::is_some),
            reference,
            baseline,
            smallest_p: versus::smallest_p(seeds.len(), comparisons),
            seeds,
            left_out,
            courses,
            target,
            samplers,
            energy,
        })
    }

    /// The compared that the others are compared against.
    #[must_use]
    pub fn baseline(&self) -> Option<&ComparedSampler> {
        self.samplers.iter().find(|e| e.sampler == self.baseline)
    }

    /// What can be said of a sampler against the baseline; `None` for the baseline itself.
    #[must_use]
    pub fn verdict_of(&self, compared: &ComparedSampler) -> Option<Verdict> {
        let is_rival = compared.sampler != self.baseline;
        is_rival.then(|| compared.versus.as_ref().map_or(Verdict::NotComparable, |v| v.verdict))
    }

    /// Why there is nothing to reach; `None` where there is a [target](Self::target).
    #[must_use]
    pub fn why_no_target(&self) -> Option<String> {
        let base = &self.baseline;
        match self.target {
            Some(_) => None,
            None if self.fronts_are_mixed() => Some("hypervolumes cannot be compared".to_owned()),
            None => Some(format!("at least half of the runs of {base} end with nothing within the reference point")),
        }
    }

    /// What losses stand for, in the objectives' order with units, such as `accuracy 20.0 %, energy 148 J`.
    #[must_use]
    pub fn values_in_words(&self, losses: &[f64]) -> String {
        let shown = self.objectives.iter().zip(&self.quantities).zip(losses);
        let shown: Vec<_> = shown.map(|((o, q), loss)| format!("{} {}", q.name(), q.show(o.value(*loss)))).collect();
        shown.join(", ")
    }

    /// Energy of all runs that count; `None` if nothing is known.
    #[must_use]
    pub fn spent(&self) -> Option<Spent> {
        let known = self.courses.iter().filter_map(|c| c.spent.clone());
        known.reduce(|a, b| Spent {
            joules: a.joules + b.joules,
            provenance: a.provenance.join(b.provenance),
            unknown: a.unknown + b.unknown,
        })
    }

    /// Whether any figure of energy that is shown is an estimate.
    #[must_use]
    pub fn is_estimated(&self) -> bool {
        self.fronts_are_estimated || self.energy.is_estimated()
    }
}

/// The samplers in the order of their first runs.
fn samplers_of(runs: &[ComparedRun<'_>]) -> Result<Vec<String>, AnalysisError> {
    let mut samplers: Vec<String> = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let (sampler, seed) = (run.sampler.to_owned(), run.seed);
        if runs[..i].iter().any(|other| (other.sampler, other.seed) == (run.sampler, run.seed)) {
            return Err(AnalysisError::DuplicateRun { sampler, seed });
        }
        if run.record.problem() != runs[0].record.problem() {
            return Err(AnalysisError::DifferentProblem { sampler, seed });
        }
        if !samplers.contains(&sampler) {
            samplers.push(sampler);
        }
    }
    if samplers.len() < 2 { Err(AnalysisError::TooFewSamplers { only: samplers.pop() }) } else { Ok(samplers) }
}

fn baseline_of(samplers: &[String], settings: &ComparisonSettings) -> Result<String, AnalysisError> {
    let known = |name: &str| samplers.iter().any(|s| s == name);
    match &settings.baseline {
        Some(name) if known(name) => Ok(name.clone()),
        Some(name) => Err(AnalysisError::UnknownBaseline { baseline: name.clone(), samplers: samplers.to_vec() }),
        None if known(BASELINE) => Ok(BASELINE.to_owned()),
        None => Ok(samplers[0].clone()),
    }
}

/// The seeds that every sampler has completed, and the runs of others.
fn common_seeds(runs: &[ComparedRun<'_>], samplers: &[String]) -> (Vec<u64>, Vec<(String, u64)>) {
    let mut seeds: Vec<u64> = runs.iter().map(|r| r.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let completed = |seed: &u64| runs.iter().filter(|r| r.seed == *seed && r.complete).count() == samplers.len();
    seeds.retain(completed);
    let left_out = runs.iter().filter(|r| !seeds.contains(&r.seed)).map(|r| (r.sampler.to_owned(), r.seed));
    (seeds.clone(), left_out.collect())
}
