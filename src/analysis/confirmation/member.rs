//! One trial with several seeds.

use super::super::statistics::Mean;
use super::super::{Quantity, QuantityKind};
use super::mean;
use crate::optimizer::problem::Metrics;
use crate::optimizer::space::Point;
use crate::record::{Failure, StudyRecord, TrialRecord, TrialState};

/// A trial of the study, and what it came to again.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its number in the study.
    pub trial: u64,
    /// Its configuration.
    pub point: Point,
    /// One for each new seed, by their numbers: those that finished, or failed by the configuration's fault.
    pub runs: Vec<Again>,
    /// One per metric, in the order of [`Confirmation::quantities`](super::Confirmation::quantities).
    pub figures: Vec<Figure>,
    /// Whether it keeps the constraints by its means and no other member's means dominate its own.
    pub on_front: bool,
    /// One per objective, against the [best](super::Confirmation::best); empty for that itself, and where one of both has no
    /// result.
    pub differences: Vec<Difference>,
}

/// A trial with a new seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Again {
    /// The number of its seed, from 0.
    pub number: u64,
    /// Its seed.
    pub seed: u64,
    /// What it reported and took, if it finished.
    pub outcome: Result<Metrics, Failure>,
}

/// One metric of a member.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Its name.
    pub metric: String,
    /// What it was in the study.
    pub searched: Option<f64>,
    /// What it is over the new seeds; `None` where none has it.
    pub mean: Option<Mean>,
}

/// How an objective differs from that of another member, seed by seed.
#[derive(Debug, Clone, PartialEq)]
pub enum Difference {
    /// The logarithm of the ratio, where all values are above zero.
    Ratio(Mean),
    /// The difference.
    Difference(Mean),
}

impl Difference {
    /// Whether the interval leaves no doubt that there is one; `false` with one seed.
    #[must_use]
    pub fn is_shown(&self) -> bool {
        let (Self::Ratio(mean) | Self::Difference(mean)) = self;
        mean.interval.is_some_and(|interval| interval.low > 0.0 || interval.high < 0.0)
    }
}

impl Member {
    pub(super) fn of(trial: &TrialRecord, again: &StudyRecord, quantities: &[Quantity]) -> Self {
        let all = again.trials_of(&trial.point).zip(0..);
        let runs: Vec<Again> = all
            .filter_map(|(run, number)| {
                let outcome = match &run.state {
                    TrialState::Finished(result) => Ok(result.metrics.clone()),
                    TrialState::Failed(failure) if failure.kind.is_of_configuration() => Err(failure.clone()),
                    _ => return None,
                };
                Some(Again { number, seed: again.header().seed.of_trial(number), outcome })
            })
            .collect();
        let figure = |quantity: &Quantity| Figure {
            metric: quantity.metric.clone(),
            searched: trial.result().and_then(|result| result.metrics.get(&quantity.metric).copied()),
            mean: mean(values(&runs, &quantity.metric).map(|(_, value)| value)),
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
    pub(super) fn has_means(&self) -> bool {
        self.failures() < self.runs.len()
    }

    /// Of the objectives with these quantities.
    pub(super) fn differences_from(&self, base: &Self, quantities: &[Quantity]) -> Vec<Difference> {
        let of = |quantity: &Quantity| {
            let metric = &quantity.metric;
            let theirs = |number: u64| values(&base.runs, metric).find(|(n, _)| *n == number).map(|(_, value)| value);
            let pairs = || values(&self.runs, metric).filter_map(|(number, own)| Some((own, theirs(number)?)));
            let amounts = quantity.kind != QuantityKind::Fraction && pairs().all(|(a, b)| a > 0.0 && b > 0.0);
            if amounts {
                mean(pairs().map(|(own, base)| (own / base).ln())).map(Difference::Ratio)
            } else {
                mean(pairs().map(|(own, base)| own - base)).map(Difference::Difference)
            }
        };
        quantities.iter().map(of).collect::<Option<Vec<_>>>().unwrap_or_default()
    }
}

/// The values of a metric with the numbers of their seeds.
fn values<'a>(runs: &'a [Again], metric: &'a str) -> impl Iterator<Item = (u64, f64)> + 'a {
    runs.iter().filter_map(move |run| Some((run.number, *run.outcome.as_ref().ok()?.get(metric)?)))
}
