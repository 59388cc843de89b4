//! A Gaussian process over labels: of what two kinds a point is.

use nalgebra::DMatrix;

use super::super::super::surrogate::{Factor, Prediction};
use super::super::logs::log_distribution;
use super::trend::Trend;

/// Most passes over all points.
const PASSES: usize = 30;
/// Passes end when no site moved by more than this, relatively.
const SETTLED: f64 = 1e-4;
/// Sites and cavities are at least this precise.
const LEAST: f64 = 1e-10;

/// A Gaussian process classifier with the probit likelihood `Phi(y f)`, by expectation propagation (Rasmussen and Williams,
/// "Gaussian Processes for Machine Learning", 2006, section 3.6 and algorithms 3.5 and 3.6), for `n` points.
#[derive(Debug, Clone)]
pub(super) struct Classifier {
    trend: Trend,
    points: Vec<Vec<f64>>,
    /// `L^-1 S^1/2`, where `L` is the Cholesky factor of `I + S^1/2 K S^1/2`, and `S` has the sites' precisions.
    whitener: DMatrix<f64>,
    /// What times the covariances gives the mean.
    weights: Vec<f64>,
    /// The approximate log marginal likelihood of the labels.
    pub evidence: f64,
}

impl Classifier {
    /// Learns which of `points` are good. `None` if the covariance cannot be factorized.
    pub fn new(trend: Trend, points: &[Vec<f64>], good: &[bool]) -> Option<Self> {
        let n = points.len();
        let labels: Vec<f64> = good.iter().map(|g| if *g { 1.0 } else { -1.0 }).collect();
        let mut prior = DMatrix::zeros(n, n);
        for (j, x) in points.iter().enumerate() {
            for (i, k) in trend.covariances(x, &points[..=j]).into_iter().enumerate() {
                prior[(i, j)] = k;
                prior[(j, i)] = k;
            }
        }
        let mut sites = Sites { precision: vec![0.0; n], shift: vec![0.0; n] };
        let mut posterior = prior.clone();
        let mut mean = vec![0.0; n];
        for _ in 0..PASSES {
            let mut moved: f64 = 0.0;
            for (i, label) in labels.iter().enumerate() {
                let variance = posterior[(i, i)].max(LEAST);
                let cavity_precision = (1.0 / variance - sites.precision[i]).max(LEAST);
                let cavity_shift = mean[i] / variance - sites.shift[i];
                let cavity = Prediction { mean: cavity_shift / cavity_precision, variance: 1.0 / cavity_precision };
                let (m, v) = moments(cavity, *label);
                let precision = (1.0 / v - cavity_precision).max(LEAST);
                let shift = m / v - cavity_shift;
                let step = precision - sites.precision[i];
                moved = moved.max(step.abs() / precision.max(1e-3));
                let shift_step = shift - sites.shift[i];
                sites.precision[i] = precision;
                sites.shift[i] = shift;
                // Sigma' = Sigma - step / (1 + step Sigma_ii) s s^T, and mu' = Sigma' shifts, of which only these change.
                let column: Vec<f64> = posterior.column(i).iter().copied().collect();
                let shrink = step / (1.0 + step * variance);
                let by = shift_step - shrink * (mean[i] + variance * shift_step);
                for (m, c) in mean.iter_mut().zip(&column) {
                    *m += by * c;
                }
                for (j, cj) in column.iter().enumerate() {
                    let w = shrink * cj;
                    for (p, c) in posterior.column_mut(j).iter_mut().zip(&column) {
                        *p -= w * c;
                    }
                }
            }
            // Anew from the sites, for rounding adds up.
            let (whitener, _) = whitener(&prior, &sites)?;
            let cross = &whitener * &prior;
            posterior = &prior - cross.transpose() * &cross;
            for (i, m) in mean.iter_mut().enumerate() {
                *m = posterior.column(i).iter().zip(&sites.shift).map(|(p, s)| p * s).sum();
            }
            if !mean.iter().all(|m| m.is_finite()) {
                return None;
            }
            if moved < SETTLED {
                break;
            }
        }
        let (whitener, log_determinant) = whitener(&prior, &sites)?;
        let evidence = evidence(&sites, &posterior, &mean, &labels, log_determinant);
        // (K + S^-1)^-1 S^-1 shift = shift - W^T W K shift.
        let pulled = &whitener * (&prior * nalgebra::DVector::from_column_slice(&sites.shift));
        let back = whitener.transpose() * pulled;
        let weights = sites.shift.iter().zip(back.iter()).map(|(s, b)| s - b).collect();
        evidence.is_finite().then(|| Self { trend, points: points.to_vec(), whitener, weights, evidence })
    }

    /// `ln` of the probability that `x` is good, and adds its gradient.
    pub fn log_probability(&self, x: &[f64], gradient: Option<&mut [f64]>) -> f64 {
        let covariances = self.trend.covariances(x, &self.points);
        let whitened = self.whitened(&covariances);
        let p = self.prediction(x, &covariances, &whitened);
        let sd = (1.0 + p.variance).sqrt();
        let z = p.mean / sd;
        let (log, slope) = log_distribution(z);
        if let Some(gradient) = gradient {
            // By the variance: -z / (2 sd^2); the variance is that of the prior less the whitened covariances' square.
            let by_variance = -0.5 * slope * z / (sd * sd);
            let n = self.points.len();
            let back = |j: usize| -> f64 {
                self.whitener.as_slice()[j * n + j..(j + 1) * n].iter().zip(&whitened[j..]).map(|(w, v)| w * v).sum()
            };
            let weights: Vec<f64> =
                self.weights.iter().enumerate().map(|(j, w)| slope / sd * w - 2.0 * by_variance * back(j)).collect();
            self.trend.pull_back(x, &self.points, &weights, gradient);
            self.trend.pull_back_variance(x, by_variance, gradient);
        }
        log
    }

    fn prediction(&self, x: &[f64], covariances: &[f64], whitened: &[f64]) -> Prediction {
        let prior = self.trend.variance(x);
        let explained: f64 = whitened.iter().map(|w| w * w).sum();
        let mean = self.weights.iter().zip(covariances).map(|(w, k)| w * k).sum();
        Prediction { mean, variance: (prior - explained).max(1e-10 * prior) }
    }

    fn whitened(&self, covariances: &[f64]) -> Vec<f64> {
        let n = covariances.len();
        let mut out = vec![0.0; n];
        for (j, k) in covariances.iter().enumerate() {
            for (o, w) in out[j..].iter_mut().zip(&self.whitener.as_slice()[j * n + j..(j + 1) * n]) {
                *o += k * w;
            }
        }
        out
    }
}

/// What stands for the likelihood of each label: an unnormalized normal distribution with this precision, whose mean is
/// `shift / precision`.
struct Sites {
    precision: Vec<f64>,
    shift: Vec<f64>,
}

/// Mean and variance of the cavity times the likelihood of a label (Rasmussen and Williams, 2006, eq. 3.58).
fn moments(cavity: Prediction, label: f64) -> (f64, f64) {
    let scale = (1.0 + cavity.variance).sqrt();
    let z = label * cavity.mean / scale;
    let (_, hazard) = log_distribution(z);
    let mean = cavity.mean + label * cavity.variance * hazard / scale;
    let shrink = hazard * (z + hazard) / (1.0 + cavity.variance);
    (mean, (cavity.variance - cavity.variance * cavity.variance * shrink).max(LEAST))
}

/// `L^-1 S^1/2`, lower triangular, and `ln det L`.
fn whitener(prior: &DMatrix<f64>, sites: &Sites) -> Option<(DMatrix<f64>, f64)> {
    let n = prior.nrows();
    let roots: Vec<f64> = sites.precision.iter().map(|p| p.sqrt()).collect();
    let b = DMatrix::from_fn(n, n, |i, j| roots[i] * prior[(i, j)] * roots[j] + f64::from(u8::from(i == j)));
    let factor = Factor::new(b)?;
    let mut inverse = factor.lower_inverse();
    for (mut column, root) in inverse.column_iter_mut().zip(&roots) {
        column *= *root;
    }
    Some((inverse, 0.5 * factor.log_determinant()))
}

/// The approximate log marginal likelihood (Rasmussen and Williams, 2006, eq. 3.65, in the form of 3.73 and 3.74).
fn evidence(sites: &Sites, posterior: &DMatrix<f64>, mean: &[f64], labels: &[f64], log_determinant: f64) -> f64 {
    let mut total = -log_determinant;
    let n = labels.len();
    for i in 0..n {
        let variance = posterior[(i, i)].max(LEAST);
        let (precision, shift) = (sites.precision[i], sites.shift[i]);
        let cavity_precision = (1.0 / variance - precision).max(LEAST);
        let cavity_mean = (mean[i] / variance - shift) / cavity_precision;
        let both = cavity_precision + precision;
        total += log_distribution(labels[i] * cavity_mean / (1.0 + 1.0 / cavity_precision).sqrt()).0;
        total += 0.5 * (precision / cavity_precision).ln_1p();
        total += 0.5 * (shift * mean[i] - shift * shift / both);
        total += 0.5 * cavity_mean * cavity_precision / both * (precision * cavity_mean - 2.0 * shift);
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::super::surrogate::Kernel;
    use super::*;

    fn trend(d: usize, steepness: f64, rest: f64) -> Trend {
        Trend::new(&Kernel::ordered(d).with_unordered(), &vec![0.7; d + 1], steepness, rest)
    }

    fn latent(classifier: &Classifier, x: &[f64]) -> Prediction {
        let covariances = classifier.trend.covariances(x, &classifier.points);
        classifier.prediction(x, &covariances, &classifier.whitened(&covariances))
    }

    /// For one label, expectation propagation is exact, and so has a closed form.
    #[test]
    fn one_label_gives_the_exact_posterior() {
        for (steepness, x) in [(1.0, 0.1), (16.0, 0.9), (256.0, 0.45)] {
            let (trend, x) = (trend(1, steepness, 2.0), vec![x, 0.0]);
            let k = trend.variance(&x);
            let (mean, variance) = moments(Prediction { mean: 0.0, variance: k }, -1.0);
            let classifier = Classifier::new(trend, std::slice::from_ref(&x), &[false]).unwrap();
            assert!((classifier.evidence - 0.5f64.ln()).abs() < 1e-6, "{}", classifier.evidence);
            let p = latent(&classifier, &x);
            assert!((p.mean / mean - 1.0).abs() < 1e-6 && (p.variance / variance - 1.0).abs() < 1e-6, "{p:?}");
        }
    }

    /// The moments against sums over a fine grid.
    #[test]
    fn moments_are_those_of_the_tilted_distribution() {
        for (mean, variance, label) in [(0.3, 2.0, 1.0), (-2.0, 0.5, 1.0), (1.0, 9.0, -1.0)] {
            let sd = f64::sqrt(variance);
            let (mut total, mut first, mut second) = (0.0, 0.0, 0.0);
            for i in -80_000..=80_000 {
                let f = mean + sd * f64::from(i) * 1e-4;
                let w = (-0.5 * ((f - mean) / sd).powi(2)).exp() * log_distribution(label * f).0.exp();
                total += w;
                first += w * f;
                second += w * f * f;
            }
            let (m, v) = moments(Prediction { mean, variance }, label);
            assert!((m - first / total).abs() < 1e-6, "{m} {}", first / total);
            assert!((v - (second / total - (first / total).powi(2))).abs() < 1e-6);
        }
    }

    /// The evidence of two labels approximates the probability of a quadrant, which a grid gives; what expectation propagation
    /// makes of it was reckoned with another program.
    #[test]
    fn the_evidence_of_two_labels_agrees_with_a_grid_and_with_another_program() {
        let cases = [
            ([true, false], 0.9, -1.632_179_952_5),
            ([true, true], 0.2, -0.875_321_442_6),
            ([false, true], 0.15, -2.717_390_075_0),
        ];
        for (labels, far, known) in cases {
            let trend = trend(1, 4.0, 2.0);
            let points = [vec![0.1, 0.0], vec![far, 0.0]];
            let (a, b) = (trend.variance(&points[0]), trend.variance(&points[1]));
            let c = trend.covariances(&points[0], &points[1..])[0];
            let sign = |good: bool| if good { 1.0 } else { -1.0 };
            let (mut total, mut weight) = (0.0, 0.0);
            for i in -600..=600 {
                for j in -600..=600 {
                    let (u, v) = (f64::from(i) * 0.01, f64::from(j) * 0.01);
                    let w = (-0.5 * (u * u + v * v)).exp();
                    let f = a.sqrt() * u;
                    let g = c / a.sqrt() * u + (b - c * c / a).sqrt() * v;
                    weight += w;
                    total +=
                        w * (log_distribution(sign(labels[0]) * f).0 + log_distribution(sign(labels[1]) * g).0).exp();
                }
            }
            let classifier = Classifier::new(trend, &points, &labels).unwrap();
            let exact = (total / weight).ln();
            assert!((classifier.evidence - exact).abs() < 0.05, "{} {exact}", classifier.evidence);
            assert!((classifier.evidence - known).abs() < 1e-3, "{} {known}", classifier.evidence);
        }
    }

    proptest! {
        #[test]
        fn gradients_agree_with_finite_differences(
            points in proptest::collection::vec([0.0..1.0f64, 0.0..1.0, 0.0..2.0], 1..9),
            labels in proptest::collection::vec(any::<bool>(), 9),
            x in [0.01..0.99f64, 0.01..0.99],
            steepness in prop_oneof![Just(1.0), Just(16.0), Just(256.0)],
            rest in prop_oneof![Just(0.5), Just(8.0)],
        ) {
            let points: Vec<Vec<f64>> = points.iter().map(|p| vec![p[0], p[1], p[2].floor()]).collect();
            let classifier = Classifier::new(trend(2, steepness, rest), &points, &labels[..points.len()]).unwrap();
            let at = |x: [f64; 2]| classifier.log_probability(&[x[0], x[1], 1.0], None);
            let mut gradient = vec![0.0; 3];
            let value = classifier.log_probability(&[x[0], x[1], 1.0], Some(&mut gradient));
            prop_assert!(value.is_finite() && value <= 0.0 && gradient[2] == 0.0);
            for k in 0..2 {
                let (mut more, mut less) = (x, x);
                more[k] += 1e-6;
                less[k] -= 1e-6;
                let difference = (at(more) - at(less)) / 2e-6;
                prop_assert!((difference - gradient[k]).abs() < 1e-3 * difference.abs().max(1.0), "{difference} {gradient:?}");
            }
        }

        /// However labels contradict each other and points coincide, something finite is learned.
        #[test]
        fn contradictions_and_duplicates_do_no_harm(
            places in proptest::collection::vec((0usize..4, any::<bool>()), 1..40), steepness in 0usize..2,
        ) {
            let points: Vec<Vec<f64>> = places.iter().map(|(k, _)| vec![[0.0, 0.3, 0.3 + 1e-12, 1.0][*k], 0.0]).collect();
            let labels: Vec<bool> = places.iter().map(|(_, good)| *good).collect();
            let classifier = Classifier::new(trend(1, [1.0, 256.0][steepness], 8.0), &points, &labels).unwrap();
            for x in [0.0, 0.3, 0.5, 1.0] {
                prop_assert!(classifier.log_probability(&[x, 0.0], None).is_finite());
            }
        }
    }
}
