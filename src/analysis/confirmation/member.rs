//! One trial with several seeds.

use std::collections::BTreeMap;

use super::super::statistics::{Interval, Mean};
use super::super::{Provenance, Quantity, QuantityKind};
use super::{EnergyMetric, per_thousand};
use crate::optimizer::problem::{Bound, Constraint, Metrics, Objective, Problem};
use crate::optimizer::space::{Point, Scale};
use crate::record::{StudyRecord, TRIAL_PHASE, TrialFailure, TrialRecord, TrialResult, TrialState, samples_name};

/// A trial of the study, and what it came to again.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its number in the study.
    pub trial: u64,
    /// Its configuration in the study.
    pub point: Point,
    /// One for each new seed, by their numbers: those that finished, or failed by the configuration's fault.
    pub runs: Vec<RepeatedRun>,
    /// One per metric, in the order of [`Confirmation::quantities`](super::Confirmation::quantities).
    pub figures: Vec<Figure>,
    /// Whether it is on the front of means.
    pub on_front: bool,
    /// One per objective, against the [base](super::Confirmation::base); empty for that itself, and where the two have no seed in
    /// common.
    pub differences: Vec<Difference>,
}

/// A trial with a new seed.
#[derive(Debug, Clone, PartialEq)]
pub struct RepeatedRun {
    /// The number of its seed, from 0.
    pub number: u64,
    /// Its seed.
    pub seed: u64,
    /// What came of it.
    pub outcome: Result<RunResult, TrialFailure>,
}

/// What a trial that finished reported and took.
#[derive(Debug, Clone, PartialEq)]
pub struct RunResult {
    /// What it reported, and every energy that was metered of it by name, in joules.
    pub metrics: Metrics,
    /// How those energies came about.
    pub methods: BTreeMap<String, Provenance>,
}

/// One metric of a member.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name.
    pub metric: String,
    /// What it was in the study; `None` too where that cannot be compared.
    pub searched: Option<f64>,
    /// How that came about, if it is energy.
    pub searched_by: Option<Provenance>,
    /// What it is over the new seeds; `None` where none has it.
    pub mean: Option<Mean>,
    /// Whether that mean is geometric: of energies and objectives on a log scale.
    pub geometric: bool,
    /// How it came about, if it is energy: the weakest way of all seeds.
    pub by: Option<Provenance>,
}

/// How an objective differs from that of another member, seed by seed.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The logarithm of the ratio, where all values are above zero.
    Ratio(Mean),
    /// The difference.
    Difference(Mean),
}

/// A constraint that needs a word, in words such as `energy at most 11`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConstraintStanding {
    /// The mean breaks it.
    Broken(String),
    /// The mean keeps it, but its interval does not, or there is none.
    Doubtful(String),
}

impl Difference {
    /// The mean of either.
    #[must_use]
    pub fn mean(&self) -> &Mean {
        let (Self::Ratio(mean) | Self::Difference(mean)) = self;
        mean
    }

    /// Whether its interval does not hold zero, so that this one comparison leaves a doubt of 5 %.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        self.mean().interval.is_some_and(|interval| interval.low > 0.0 || interval.high < 0.0)
    }
}

impl RunResult {
    fn of(result: &TrialResult) -> Self {
        let mut metrics = result.metrics.clone();
        let mut names: Vec<EnergyMetric> = vec![EnergyMetric::TOTAL];
        for phase in result.energy.keys().filter(|phase| *phase != TRIAL_PHASE) {
            names.push(EnergyMetric { phase: Some(phase.clone()), ..EnergyMetric::TOTAL });
            if result.metrics.contains_key(&samples_name(phase)) {
                names.push(per_thousand(phase));
            }
        }
        for name in names {
            if let Some(joules) = name.read(&result.energy, &result.metrics) {
                metrics.entry(name.to_string()).or_insert(joules.0);
            }
        }
        let energies = metrics.keys().filter(|name| EnergyMetric::is_reserved(name));
        let by = |name: &String| Some((name.clone(), Provenance::of_metric(result, name)?));
        let methods = energies.filter_map(by).collect();
        Self { metrics, methods }
    }
}

impl Member {
    pub(super) fn of(
        trial: &TrialRecord,
        again: &StudyRecord,
        quantities: &[Quantity],
        objectives: &[Objective],
    ) -> Self {
        let all = again.trials_of(&trial.point).zip(0..);
        let runs: Vec<RepeatedRun> = all
            .filter_map(|(run, number)| {
                let outcome = match &run.state {
                    TrialState::Finished(result) => Ok(RunResult::of(result)),
                    TrialState::Failed(failure) if failure.kind.is_of_configuration() || run.is_deadly() => {
                        Err(failure.clone())
                    }
                    _ => return None,
                };
                Some(RepeatedRun { number, seed: again.header().seed.of_trial(number), outcome })
            })
            .collect();
        let searched = trial.result().map(RunResult::of);
        let figure = |quantity: &Quantity| {
            let metric = &quantity.metric;
            let found: Vec<f64> = values(&runs, metric).map(|(_, value)| value).collect();
            let log = objectives.iter().any(|o| o.metric == *metric && o.scale == Scale::Log);
            let geometric = (quantity.is_energy() || log) && found.iter().all(|value| *value > 0.0);
            let told = runs.iter().filter_map(|run| run.outcome.as_ref().ok());
            let ways = told.filter_map(|told| told.methods.get(metric)).cloned();
            Figure {
                metric: metric.clone(),
                searched: searched.as_ref().and_then(|told| told.metrics.get(metric).copied()),
                searched_by: searched.as_ref().and_then(|told| told.methods.get(metric).cloned()),
                mean: if geometric { geometric_mean(&found) } else { Mean::of(&found) },
                geometric,
                by: ways.reduce(Provenance::join),
            }
        };
        let figures = quantities.iter().map(figure).collect();
        let (point, on_front, differences) = (trial.point.clone(), false, Vec::new());
        Self { trial: trial.id, point, runs, figures, on_front, differences }
    }

    /// The metric of this name.
    #[must_use]
    pub fn figure(&self, metric: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.metric == metric)
    }

    /// With how many seeds it failed.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.runs.iter().filter(|run| run.outcome.is_err()).count()
    }

    /// Whether it finished with any seed.
    #[must_use]
    pub fn has_means(&self) -> bool {
        self.failures() < self.runs.len()
    }

    pub(super) fn forget_searched_energy(&mut self) {
        for figure in self.figures.iter_mut().filter(|figure| EnergyMetric::is_reserved(&figure.metric)) {
            figure.searched = None;
        }
    }

    /// What is to be said of the constraints, with its number: those that its mean breaks, and those that it keeps, but not for
    /// sure.
    pub(super) fn constraints(&self, problem: &Problem) -> Vec<(u64, ConstraintStanding)> {
        let of = |constraint: &Constraint| {
            let mean = self.figure(&constraint.metric)?.mean?;
            let worst = mean.interval.map(|Interval { low, high, .. }| match constraint.bound {
                Bound::AtLeast(_) => low,
                Bound::AtMost(_) => high,
            });
            if constraint.bound.violation(mean.mean) > 0.0 {
                return Some((self.trial, ConstraintStanding::Broken(constraint.to_string())));
            }
            let doubt = worst.is_none_or(|worst| constraint.bound.violation(worst) > 0.0);
            doubt.then(|| (self.trial, ConstraintStanding::Doubtful(constraint.to_string())))
        };
        problem.constraints().iter().filter_map(of).collect()
    }

    /// Of the objectives with these quantities.
    pub(super) fn differences_from(&self, base: &Self, quantities: &[Quantity]) -> Vec<Difference> {
        let of = |quantity: &Quantity| {
            let metric = &quantity.metric;
            let theirs = |number: u64| values(&base.runs, metric).find(|(n, _)| *n == number).map(|(_, value)| value);
            let pairs = || values(&self.runs, metric).filter_map(|(number, own)| Some((own, theirs(number)?)));
            let amounts = quantity.kind != QuantityKind::Fraction && pairs().all(|(a, b)| a > 0.0 && b > 0.0);
            if amounts {
                let logs: Vec<f64> = pairs().map(|(own, base)| (own / base).ln()).collect();
                Mean::of(&logs).map(Difference::Ratio)
            } else {
                let plain: Vec<f64> = pairs().map(|(own, base)| own - base).collect();
                Mean::of(&plain).map(Difference::Difference)
            }
        };
        quantities.iter().map(of).collect::<Option<Vec<_>>>().unwrap_or_default()
    }
}

/// The values of a metric with the numbers of their seeds.
fn values<'a>(runs: &'a [RepeatedRun], metric: &'a str) -> impl Iterator<Item = (u64, f64)> + 'a {
    runs.iter().filter_map(move |run| Some((run.number, *run.outcome.as_ref().ok()?.metrics.get(metric)?)))
}

/// The mean and its interval on the logarithms; the deviation is that of the values themselves.
fn geometric_mean(values: &[f64]) -> Option<Mean> {
    let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    let (log, plain) = (Mean::of(&logs)?, Mean::of(values)?);
    let interval = log.interval.map(|i| Interval { low: i.low.exp(), high: i.high.exp(), ..i });
    Some(Mean { mean: log.mean.exp(), interval, ..plain })
}
