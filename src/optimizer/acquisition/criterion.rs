//! Log expected improvement: of the best loss, or of the hypervolume of a front.

use super::super::pareto::Boxes;
use super::ehvi;
use super::normal::Edge;

/// Posterior of one loss at one point: independent of the other losses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Posterior {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, above zero.
    pub sd: f64,
}

/// The value of a criterion and its derivatives by each loss's mean and standard deviation.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The logarithm of the expected improvement.
    pub log: f64,
    /// By the means, one per objective.
    pub by_mean: Vec<f64>,
    /// By the standard deviations, one per objective.
    pub by_sd: Vec<f64>,
}

/// What is to be improved.
#[derive(Debug, Clone, PartialEq)]
pub enum Criterion {
    /// The smallest of one loss: log-EI.
    Best {
        /// The smallest loss so far.
        best: f64,
    },
    /// The hypervolume of two to four losses: log-EHVI.
    ///
    /// Exact: with the region that the front leaves free cut into boxes, EHVI is the sum over boxes of
    /// `prod_j s_j [h((u_j - m_j)/s_j) - h((l_j - m_j)/s_j)]`, where `l` and `u` are the ends of the box, `m` and `s` the
    /// posterior's mean and standard deviation, and `h(z) = phi(z) + z Phi(z)` (Yang et al., "Efficient computation of
    /// expected hypervolume improvement using box decomposition algorithms", J. Glob. Optim. 75, 2019, section 4, for
    /// minimization). The logarithm is as precise where EHVI itself underflows.
    Hypervolume {
        /// The region that the front leaves free.
        boxes: Boxes,
    },
}

impl Criterion {
    /// The criterion for a front of losses: its smallest for one objective, its hypervolume up to `reference` for two to
    /// four. `None` for other numbers of objectives, and for one without any loss.
    #[must_use]
    pub fn new(losses: &[Vec<f64>], reference: &[f64]) -> Option<Self> {
        match reference.len() {
            1 => {
                losses.iter().filter_map(|l| l.first().copied()).min_by(f64::total_cmp).map(|best| Self::Best { best })
            }
            2..=4 => Some(Self::Hypervolume { boxes: Boxes::new(losses, reference) }),
            _ => None,
        }
    }

    /// The name of the rule: `log-ei` or `log-ehvi`.
    #[must_use]
    pub fn rule(&self) -> &'static str {
        match self {
            Self::Best { .. } => "log-ei",
            Self::Hypervolume { .. } => "log-ehvi",
        }
    }

    /// The criterion where the losses are distributed like `losses`, one per objective, with its derivatives. All NaN if
    /// there are more or fewer losses than objectives.
    #[must_use]
    pub fn evaluate(&self, losses: &[Posterior]) -> Value {
        match (self, losses) {
            (Self::Best { best }, [loss]) => {
                let edge = Edge::new((best - loss.mean) / loss.sd);
                let slopes = edge.slopes();
                Value {
                    log: loss.sd.ln() + edge.shortfall().ln(),
                    by_mean: vec![slopes.by_mean / loss.sd],
                    by_sd: vec![slopes.by_log_sd / loss.sd],
                }
            }
            (Self::Hypervolume { boxes }, _) if boxes.objectives() == losses.len() => match losses {
                [a, b] => ehvi::value(boxes, &[*a, *b]),
                [a, b, c] => ehvi::value(boxes, &[*a, *b, *c]),
                [a, b, c, d] => ehvi::value(boxes, &[*a, *b, *c, *d]),
                _ => unknown(losses.len()),
            },
            _ => unknown(losses.len()),
        }
    }

    /// The logarithm alone, bit for bit that of [`evaluate`](Self::evaluate), in less time.
    #[must_use]
    pub fn log_value(&self, losses: &[Posterior]) -> f64 {
        match (self, losses) {
            (Self::Best { best }, [loss]) => loss.sd.ln() + Edge::new((best - loss.mean) / loss.sd).shortfall().ln(),
            (Self::Hypervolume { boxes }, _) if boxes.objectives() == losses.len() => match losses {
                [a, b] => ehvi::log_value(boxes, &[*a, *b]),
                [a, b, c] => ehvi::log_value(boxes, &[*a, *b, *c]),
                [a, b, c, d] => ehvi::log_value(boxes, &[*a, *b, *c, *d]),
                _ => f64::NAN,
            },
            _ => f64::NAN,
        }
    }
}

fn unknown(objectives: usize) -> Value {
    Value { log: f64::NAN, by_mean: vec![f64::NAN; objectives], by_sd: vec![f64::NAN; objectives] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimizer::pareto::hypervolume as volume;

    fn posteriors() -> impl Strategy<Value = [Posterior; 2]> {
        let one = (-3.0..3.0f64, -4.0..1.0f64).prop_map(|(mean, log_sd)| Posterior { mean, sd: log_sd.exp() });
        [one.clone(), one]
    }

    fn front() -> impl Strategy<Value = Vec<Vec<f64>>> {
        proptest::collection::vec(proptest::collection::vec(-2.0..1.2f64, 2), 0..8)
    }

    proptest! {
        #[test]
        fn slopes_agree_with_finite_differences(front in front(), losses in posteriors(), single in any::<bool>()) {
            let m = if single { 1 } else { 2 };
            prop_assume!(!(single && front.is_empty()));
            let criterion = Criterion::new(&front, &[1.0, 1.0][..m]).unwrap();
            let losses = &losses[..m];
            let value = criterion.evaluate(losses);
            for k in 0..m {
                let step = 1e-6 * losses[k].sd;
                let at = |mean: f64, sd: f64| {
                    let mut moved = losses.to_vec();
                    moved[k].mean += mean;
                    moved[k].sd += sd;
                    criterion.evaluate(&moved).log
                };
                let tolerance = |v: f64| 1e-4 * v.abs().max(1.0 / losses[k].sd);
                let by_mean = (at(step, 0.0) - at(-step, 0.0)) / (2.0 * step);
                prop_assert!((by_mean - value.by_mean[k]).abs() < tolerance(by_mean), "{by_mean} {value:?}");
                let by_sd = (at(0.0, step) - at(0.0, -step)) / (2.0 * step);
                prop_assert!((by_sd - value.by_sd[k]).abs() < tolerance(by_sd), "{by_sd} {value:?}");
            }
        }

        /// For a loss that is nearly certain, the expected improvement is the improvement.
        #[test]
        fn certain_points_give_their_own_hypervolume(front in front(), point in [-2.0..0.9f64, -2.0..0.9f64]) {
            let losses = point.map(|mean| Posterior { mean, sd: 1e-9 });
            let criterion = Criterion::new(&front, &[1.0, 1.0]).unwrap();
            let mut more = front.clone();
            more.push(point.to_vec());
            let gain = volume(&more, &[1.0, 1.0]) - volume(&front, &[1.0, 1.0]);
            prop_assume!(gain > 1e-6);
            prop_assert!((criterion.evaluate(&losses).log.exp() - gain).abs() < 1e-6 * gain.max(1.0));
        }

        #[test]
        fn finite_and_sloped_however_hopeless(mean in 0.0..1e6f64, log_sd in -12.0..0.0f64) {
            let losses = [Posterior { mean, sd: log_sd.exp() }, Posterior { mean: 0.5, sd: 0.1 }];
            let criterion = Criterion::new(&[vec![0.0, 0.0]], &[1.0, 1.0]).unwrap();
            let value = criterion.evaluate(&losses);
            prop_assert!(value.log.is_finite() && value.by_mean[0] < 0.0 && value.by_mean[0].is_finite());
        }
    }
}
