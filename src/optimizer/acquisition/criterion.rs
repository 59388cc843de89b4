//! Log expected improvement: of the best loss, or of the hypervolume of a front.

use super::super::pareto::Boxes;
use super::ehvi;
use super::normal::NormalEdge;

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
pub struct Improvement {
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
    /// It is exact. The region that the front leaves free is cut into boxes. EHVI is the sum over boxes of
    /// `prod_j s_j [h((u_j - m_j)/s_j) - h((l_j - m_j)/s_j)]`. Here `l` and `u` are the ends of the box, and `m` and
    /// `s` the posterior's mean and standard deviation. `h(z)` is `phi(z) + z Phi(z)` (Yang et al., "Efficient
    /// computation of expected hypervolume improvement using box decomposition algorithms", J. Glob. Optim. 75, 2019,
    /// section 4, for minimization). The logarithm is as precise where EHVI itself underflows.
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
    pub fn evaluate(&self, losses: &[Posterior]) -> Improvement {
        match (self, losses) {
            (Self::Best { best }, [loss]) => {
                let edge = NormalEdge::new((best - loss.mean) / loss.sd);
                let slopes = edge.slopes();
                Improvement {
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
            (Self::Best { best }, [loss]) => {
                loss.sd.ln() + NormalEdge::new((best - loss.mean) / loss.sd).shortfall().ln()
            }
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

fn unknown(objectives: usize) -> Improvement {
    Improvement { log: f64::NAN, by_mean: vec![f64::NAN; objectives], by_sd: vec![f64::NAN; objectives] }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::optimizer::pareto::hypervolume as volume;

    /// A front of one to four losses below or beyond a reference point at 1, often tied, and a posterior.
    fn cases() -> impl Strategy<Value = (Vec<Vec<f64>>, Vec<Posterior>)> {
        let posterior = (-3.0..3.0f64, -4.0..2.0f64).prop_map(|(mean, log_sd)| Posterior { mean, sd: log_sd.exp() });
        let coordinate = prop_oneof![-2.0..1.2f64, (-4..3i32).prop_map(|v| f64::from(v) * 0.5)];
        (1usize..=4).prop_flat_map(move |m| {
            let front = proptest::collection::vec(proptest::collection::vec(coordinate.clone(), m), 1..9);
            (front, proptest::collection::vec(posterior.clone(), m))
        })
    }

    fn criterion(front: &[Vec<f64>]) -> Criterion {
        Criterion::new(front, &vec![1.0; front[0].len()]).unwrap()
    }

    /// A logarithm cannot be held better than its own rounding.
    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-10 * a.abs().max(1.0)
    }

    proptest! {
        #[test]
        fn slopes_agree_with_finite_differences((front, losses) in cases()) {
            let criterion = criterion(&front);
            let value = criterion.evaluate(&losses);
            for k in 0..losses.len() {
                let step = 1e-6 * losses[k].sd;
                let at = |mean: f64, sd: f64| {
                    let mut moved = losses.to_vec();
                    moved[k].mean += mean;
                    moved[k].sd += sd;
                    criterion.log_value(&moved)
                };
                // The slope changes over a step, and differences hold fewer digits of larger logarithms.
                let tolerance = |v: f64| 1e-4 * v.abs().max(1.0 / losses[k].sd) * value.log.abs().max(1.0).sqrt();
                let by_mean = (at(step, 0.0) - at(-step, 0.0)) / (2.0 * step);
                prop_assert!((by_mean - value.by_mean[k]).abs() < tolerance(by_mean), "{by_mean} {value:?}");
                let by_sd = (at(0.0, step) - at(0.0, -step)) / (2.0 * step);
                prop_assert!((by_sd - value.by_sd[k]).abs() < tolerance(by_sd), "{by_sd} {value:?}");
            }
        }

        #[test]
        fn the_logarithm_alone_is_the_same((front, losses) in cases()) {
            let criterion = criterion(&front);
            prop_assert_eq!(criterion.log_value(&losses).to_bits(), criterion.evaluate(&losses).log.to_bits());
        }

        /// For losses that are nearly certain, the expected improvement is the improvement.
        #[test]
        fn certain_points_give_their_own_hypervolume(
            (front, losses) in cases(),
            point in proptest::collection::vec(-2.0..0.9f64, 4),
        ) {
            let m = losses.len();
            let reference = match criterion(&front) {
                Criterion::Best { best } => vec![best],
                Criterion::Hypervolume { .. } => vec![1.0; m],
            };
            let certain: Vec<_> = point[..m].iter().map(|mean| Posterior { mean: *mean, sd: 1e-9 }).collect();
            let mut more = front.clone();
            more.push(point[..m].to_vec());
            let gain = volume(&more, &reference) - volume(&front, &reference);
            prop_assert!((criterion(&front).log_value(&certain).exp() - gain).abs() < 1e-6 * gain.max(1.0));
        }

        #[test]
        fn order_of_objectives_and_points_does_not_matter((front, losses) in cases(), turn in 0usize..9, shift in 0usize..4) {
            let m = losses.len();
            let turned = |v: &[f64]| (0..m).map(|j| v[(j + shift) % m]).collect::<Vec<_>>();
            let mut others: Vec<Vec<f64>> = front.iter().map(|p| if m > 1 { turned(p) } else { p.clone() }).collect();
            let n = others.len();
            others.rotate_left(turn % n);
            let permuted: Vec<_> = (0..m).map(|j| losses[(j + shift) % m]).collect();
            let (value, other) = (criterion(&front).evaluate(&losses), criterion(&others).evaluate(&permuted));
            prop_assert!(close(value.log, other.log), "{value:?} {other:?}");
            for (j, loss) in permuted.iter().enumerate() {
                let same = |a: f64, b: f64| {
                    (a - b).abs() < 1e-9 * value.log.abs().max(1.0) * a.abs().max(1.0 / loss.sd)
                };
                prop_assert!(same(value.by_mean[(j + shift) % m], other.by_mean[j]), "{value:?} {other:?}");
                prop_assert!(same(value.by_sd[(j + shift) % m], other.by_sd[j]), "{value:?} {other:?}");
            }
        }

        /// Scales enter as their logarithms, shifts not at all. Powers of two and shifts that round nothing away.
        #[test]
        fn scaling_and_shifting_objectives_adds_the_logarithms_of_scales(
            (front, losses) in cases(),
            exponents in proptest::collection::vec(-6..7i32, 4),
            shifts in proptest::collection::vec(-4..5i32, 4),
        ) {
            let m = losses.len();
            // To thousandths of a power of two, so that shifting is exact.
            let grid = |x: f64| (x * 1024.0).round() / 1024.0;
            let map = |x: f64, j: usize| (grid(x) + f64::from(shifts[j])) * f64::from(exponents[j]).exp2();
            let plain: Vec<Vec<f64>> = front.iter().map(|p| p.iter().map(|x| grid(*x)).collect()).collect();
            let mapped: Vec<Vec<f64>> =
                front.iter().map(|p| p.iter().enumerate().map(|(j, x)| map(*x, j)).collect()).collect();
            let reference: Vec<f64> = (0..m).map(|j| map(1.0, j)).collect();
            let at: Vec<_> = losses.iter().map(|p| Posterior { mean: grid(p.mean), sd: p.sd }).collect();
            let there: Vec<_> = losses.iter().enumerate()
                .map(|(j, p)| Posterior { mean: map(p.mean, j), sd: p.sd * f64::from(exponents[j]).exp2() })
                .collect();
            let logs = exponents[..m].iter().map(|e| f64::from(*e) * std::f64::consts::LN_2).sum::<f64>();
            let value = criterion(&plain).log_value(&at) + logs;
            let other = Criterion::new(&mapped, &reference).unwrap().log_value(&there);
            prop_assert!((value - other).abs() < 1e-10 * other.abs().max(100.0), "{value} {other}");
        }

        #[test]
        fn finite_and_sloped_however_hopeless(mean in 0.0..1e6f64, log_sd in -12.0..0.0f64, m in 2usize..=4) {
            let mut losses = vec![Posterior { mean: 0.5, sd: 0.1 }; m];
            losses[0] = Posterior { mean, sd: log_sd.exp() };
            let value = criterion(&[vec![0.0; m]]).evaluate(&losses);
            prop_assert!(value.log.is_finite() && value.by_mean[0] < 0.0 && value.by_mean[0].is_finite());
            prop_assert!(value.by_sd[0].is_finite());
        }
    }

    #[test]
    fn what_cannot_be_evaluated_is_not_a_number() {
        let criterion = criterion(&[vec![0.0, 0.0]]);
        let loss = Posterior { mean: 0.0, sd: 1.0 };
        assert!(criterion.log_value(&[loss]).is_nan() && criterion.evaluate(&[loss; 3]).log.is_nan());
        assert!(criterion.log_value(&[loss, Posterior { mean: f64::NAN, sd: 1.0 }]).is_nan());
        assert_eq!(Criterion::new(&[], &[1.0]), None);
        assert_eq!(Criterion::new(&[], &[1.0; 5]), None);
        let nothing_left = Criterion::new(&[vec![f64::NEG_INFINITY; 2]], &[1.0; 2]).unwrap();
        assert_eq!(nothing_left.evaluate(&[loss; 2]).log, f64::NEG_INFINITY);
    }
}
