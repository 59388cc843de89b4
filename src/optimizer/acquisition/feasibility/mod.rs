//! How likely a point is to give a result at all.

mod classifier;
mod trend;

use super::super::history::FailureKind;
use super::super::parallel;
use super::super::surrogate::{Kernel, Noise, Observations, Standardization, Starts, evenly, fit};
use classifier::Classifier;
use trend::Trend;

/// Lengthscales of labels that jump tell which parameters matter, but are too short for what lies between.
const SHORTEST: f64 = 0.5;
/// Noise of the labels, in standardized units, where lengthscales are fitted.
const LABEL_NOISE: Noise = Noise { known: 0.1, inferred: true };
/// How steep a trend may be, in latent units over the width of the space: 1 is hardly one, 256 is a threshold.
const STEEPNESS: [f64; 5] = [1.0, 4.0, 16.0, 64.0, 256.0];
/// How much else there may be.
const RESTS: [f64; 3] = [0.5, 2.0, 8.0];
/// Most points from which one classifier learns.
const MOST: usize = 200;
/// Most points by which its steepness is chosen.
const CHOOSING: usize = 80;

/// The probability that a trial is not lost: one Gaussian process classifier for each kind of cause, all of which must let it
/// pass.
///
/// Kinds are told apart because they have different edges: memory runs out along a trend (whatever is larger needs more), and
/// so does time. Each classifier has a trend along every ordered parameter, as steep as the labels ask for. But for
/// those two kinds, it may differ from that.
#[derive(Debug, Clone)]
pub struct Feasibility {
    causes: Vec<Classifier>,
}

/// A kind of cause for which trials are lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureCause {
    /// They run out of memory.
    Memory,
    /// They run out of time.
    Time,
    /// They fail in another way.
    Failure,
    /// They break the constraint of this index, of which no more is known than that.
    Constraint(usize),
}

impl FailureCause {
    /// The cause of a failure of this kind.
    #[must_use]
    pub fn of(kind: FailureKind) -> Self {
        match kind {
            FailureKind::OutOfMemory => Self::Memory,
            FailureKind::Timeout => Self::Time,
            _ => Self::Failure,
        }
    }

    /// What runs out does so at a threshold.
    fn steepnesses(self) -> &'static [f64] {
        match self {
            Self::Memory | Self::Time => &STEEPNESS[2..],
            Self::Failure | Self::Constraint(_) => &STEEPNESS,
        }
    }

    fn rests(self) -> &'static [f64] {
        match self {
            Self::Memory | Self::Time => &RESTS[..1],
            Self::Failure | Self::Constraint(_) => &RESTS,
        }
    }
}

/// The canonical encoded points that one cause lets pass, and those that it does not, the newest first.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// The cause.
    pub cause: FailureCause,
    /// Those that pass.
    pub kept: Vec<Vec<f64>>,
    /// Those that are lost.
    pub lost: Vec<Vec<f64>>,
}

impl Feasibility {
    /// Learns one classifier for each cause by which anything was lost. `None` if there is none, or if one cannot be fitted.
    #[must_use]
    pub fn new(kernel: &Kernel, labelled: &[Labelled]) -> Option<Self> {
        let seen = labelled.iter().filter(|l| !l.lost.is_empty());
        let causes: Vec<Classifier> = seen.map(|l| learn(kernel, &l.kept, &l.lost, l.cause)).collect::<Option<_>>()?;
        (!causes.is_empty()).then_some(Self { causes })
    }

    /// `ln` of the probability that `x` is not lost, and its gradient by `x` if `gradient` is there, to which it is added.
    #[must_use]
    pub fn log_probability(&self, x: &[f64], mut gradient: Option<&mut [f64]>) -> f64 {
        self.causes.iter().map(|c| c.log_probability(x, gradient.as_deref_mut())).sum()
    }
}

fn learn(kernel: &Kernel, finished: &[Vec<f64>], failed: &[Vec<f64>], cause: FailureCause) -> Option<Classifier> {
    let (points, good) = chosen(finished, failed, MOST);
    let lengthscales = lengthscales(kernel, &points, &good)?;
    let trend = |(steepness, rest): (f64, f64)| Trend::new(kernel, &lengthscales, steepness, rest);
    // The steepness is chosen first, for it matters most, then the rest.
    let (some, labels) = chosen(finished, failed, CHOOSING);
    let best = |candidates: Vec<(f64, f64)>| {
        let evidence = |c: &(f64, f64)| Classifier::new(trend(*c), &some, &labels).map(|c| c.evidence);
        let all = parallel::map(&candidates, evidence);
        let tried = candidates.into_iter().zip(all).filter_map(|(c, e)| Some((c, e?)));
        tried.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(c, _)| c)
    };
    let middle = cause.rests()[cause.rests().len() / 2];
    let (steepness, rest) = best(cause.steepnesses().iter().map(|s| (*s, middle)).collect())?;
    let rest =
        if cause.rests().len() > 1 { best(cause.rests().iter().map(|r| (steepness, *r)).collect())?.1 } else { rest };
    Classifier::new(trend((steepness, rest)), &points, &good)
}

/// At most `most` points, and whether they are good. Half of them are failures, the newest. Of the others there are
/// those that are nearest to a failure, which tell where the edge is, and some of the rest.
fn chosen(finished: &[Vec<f64>], failed: &[Vec<f64>], most: usize) -> (Vec<Vec<f64>>, Vec<bool>) {
    let bad = &failed[..failed.len().min((most / 2).max(most.saturating_sub(finished.len())))];
    let room = most - bad.len();
    let distance = |x: &Vec<f64>| {
        let to = |z: &Vec<f64>| x.iter().zip(z).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
        bad.iter().map(to).fold(f64::INFINITY, f64::min)
    };
    let mut order: Vec<(f64, usize)> = finished.iter().enumerate().map(|(i, x)| (distance(x), i)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let near = order.len().min(if order.len() <= room { room } else { 2 * room / 3 });
    let rest = &order[near..];
    let others = evenly(rest.len(), room - near).map(|k| rest[k].1);
    let good = order[..near].iter().map(|(_, i)| *i).chain(others).map(|i| finished[i].clone());
    let mut points: Vec<Vec<f64>> = good.collect();
    let mut labels = vec![true; points.len()];
    points.extend(bad.iter().cloned());
    labels.resize(points.len(), false);
    (points, labels)
}

/// The lengthscales of a Gaussian process over the labels +1 and -1: along which parameters success depends on anything.
fn lengthscales(kernel: &Kernel, points: &[Vec<f64>], good: &[bool]) -> Option<Vec<f64>> {
    let raw: Vec<f64> = good.iter().map(|g| if *g { 1.0 } else { -1.0 }).collect();
    let labels = Standardization::new(&raw);
    let mut observations = Observations::default();
    for (x, label) in points.iter().zip(&raw) {
        observations.push(x.clone(), labels.forward(*label), LABEL_NOISE);
    }
    let (fitted, _) = fit(&kernel.clone().straight(), observations, &Starts::COLD).ok()?;
    Some(fitted.hyperparameters().lengthscales.iter().map(|l| l.max(SHORTEST)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labelled(
        points: impl IntoIterator<Item = Vec<f64>>,
        cause: FailureCause,
        good: impl Fn(&[f64]) -> bool,
    ) -> Labelled {
        let (kept, lost) = points.into_iter().partition(|x| good(x));
        Labelled { cause, kept, lost }
    }

    fn scattered(n: u32) -> impl Iterator<Item = Vec<f64>> {
        (0..n).map(|i| vec![(f64::from(i) * 0.618).fract(), (f64::from(i) * 0.414).fract()])
    }

    fn chance(model: &Feasibility, x: &[f64]) -> f64 {
        model.log_probability(x, None).exp()
    }

    #[test]
    fn a_crashing_region_repels_along_the_parameter_that_causes_it() {
        for cause in [FailureCause::Memory, FailureCause::Time, FailureCause::Failure, FailureCause::Constraint(0)] {
            let labelled = labelled(scattered(30), cause, |x| x[0] <= 0.7);
            let model = Feasibility::new(&Kernel::ordered(2), &[labelled]).unwrap();
            for y in [0.1, 0.5, 0.9] {
                let (bad, good) = (chance(&model, &[0.9, y]), chance(&model, &[0.3, y]));
                assert!(bad < 0.1 && good > 0.9, "{cause:?}: {bad} {good}");
            }
        }
    }

    #[test]
    fn nothing_lost_is_nothing_to_learn() {
        assert!(Feasibility::new(&Kernel::ordered(2), &[]).is_none());
        let all = labelled(scattered(9), FailureCause::Failure, |_| true);
        assert!(Feasibility::new(&Kernel::ordered(2), &[all]).is_none());
    }

    #[test]
    fn failures_alone_still_repel() {
        let lost = Labelled { cause: FailureCause::Failure, kept: Vec::new(), lost: vec![vec![0.2], vec![0.3]] };
        let model = Feasibility::new(&Kernel::ordered(1), &[lost]).unwrap();
        assert!(chance(&model, &[0.25]) < 0.5);
    }

    /// Two trials that tell where memory ends tell of what is larger still, where nothing was tried.
    #[test]
    fn memory_is_taken_to_end_for_all_that_is_larger() {
        let good = |x: &[f64]| x[0] + x[1] <= 0.9;
        let tried = [[0.1, 0.2], [0.4, 0.3], [0.3, 0.55], [0.5, 0.5], [0.2, 0.8], [0.7, 0.25]].map(|x| x.to_vec());
        let model = Feasibility::new(&Kernel::ordered(2), &[labelled(tried, FailureCause::Memory, good)]).unwrap();
        let (larger, smaller) = (chance(&model, &[1.0, 1.0]), chance(&model, &[0.0, 0.0]));
        assert!(larger < 0.1 && smaller > 0.9, "{larger} {smaller}");
    }

    #[test]
    fn an_edge_is_as_sharp_as_the_trials_around_it() {
        let good = |x: &[f64]| x[0] < 0.62;
        let tried = [0.0, 0.3, 0.5, 0.6, 0.61, 0.63, 0.64, 0.7, 0.9, 1.0].map(|x| vec![x]);
        let model = Feasibility::new(&Kernel::ordered(1), &[labelled(tried, FailureCause::Failure, good)]).unwrap();
        let (below, at, above) = (chance(&model, &[0.59]), chance(&model, &[0.62]), chance(&model, &[0.66]));
        assert!(below > 0.85 && (0.3..0.7).contains(&at) && above < 0.15, "{below} {at} {above}");
    }

    /// Failures without a cause in the configuration must not turn into a landscape.
    #[test]
    fn failures_by_chance_are_as_likely_everywhere() {
        let turns = std::cell::Cell::new(0u32);
        let by_chance = |_: &[f64]| {
            turns.set(turns.get() + 1);
            (f64::from(turns.get()) * 0.7548776662).fract() > 0.2
        };
        let labelled = labelled(scattered(60), FailureCause::Failure, by_chance);
        assert_eq!(labelled.lost.len(), 12);
        let model = Feasibility::new(&Kernel::ordered(2), &[labelled]).unwrap();
        let chances: Vec<f64> = scattered(200).map(|x| chance(&model, &x)).collect();
        let lowest = chances.iter().copied().fold(1.0, f64::min);
        assert!(lowest > 0.4, "{lowest}");
    }

    #[test]
    fn causes_must_all_let_a_trial_pass() {
        let memory = labelled(scattered(30), FailureCause::Memory, |x| x[0] <= 0.7);
        let other = labelled(scattered(30), FailureCause::Failure, |x| x[1] >= 0.3);
        let model = Feasibility::new(&Kernel::ordered(2), &[memory, other]).unwrap();
        assert!(chance(&model, &[0.3, 0.7]) > 0.8);
        assert!([[0.9, 0.7], [0.3, 0.1], [0.9, 0.1]].iter().all(|x| chance(&model, x) < 0.2));
    }

    #[test]
    fn of_very_many_points_those_at_the_edge_are_learned_from() {
        let all: Vec<Vec<f64>> = (0..2000).map(|i| vec![f64::from(i) / 2000.0]).collect();
        let (kept, mut lost): (Vec<_>, Vec<_>) = all.into_iter().partition(|x| x[0] < 0.4);
        lost.reverse();
        let (points, good) = chosen(&kept, &lost, MOST);
        assert_eq!((points.len(), good.iter().filter(|g| !**g).count()), (MOST, MOST / 2));
        assert!(points.iter().zip(&good).any(|(x, good)| *good && x[0] > 0.395));
        assert!(points.iter().zip(&good).any(|(x, good)| *good && x[0] < 0.1));
    }
}
