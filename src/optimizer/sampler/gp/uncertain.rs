//! What is uncertain about the front: joint draws (fantasies) of noisy and pending trials.

use super::super::super::pareto::non_dominated;
use super::super::super::surrogate::{Draws, GaussianProcess, Prediction, joint_draws};
use super::super::stream::SobolSequence;

/// Joint draws of the function.
const DRAWS: usize = 8;
/// A trial is no candidate for the front if another one is better by so many standard deviations of both.
const CLEARLY: f64 = 3.0;
/// Most noisy trials that are drawn jointly: those with the best chances.
const MOST: usize = 200;
/// Noise that moves no candidate by more than this, in standardized units, makes no difference to the front.
const NEGLIGIBLE: f64 = 5e-3;

/// Surrogates given joint draws, and the front in each draw.
pub(super) struct Uncertain {
    /// One per objective.
    pub objectives: Vec<Draws>,
    /// Per draw the losses of the trials that may be on its front.
    pub fronts: Vec<Vec<Vec<f64>>>,
}

/// A trial that may be on the front.
#[derive(Clone)]
pub(super) struct Candidate {
    /// Its input.
    pub x: Vec<f64>,
    /// What the surrogates predict there, one per objective.
    pub predictions: Vec<Prediction>,
    /// Whether its losses are known exactly.
    pub exact: bool,
    /// Whether its result is still to come.
    pub pending: bool,
}

impl Candidate {
    /// The predicted losses.
    pub fn means(&self) -> Vec<f64> {
        self.predictions.iter().map(|p| p.mean).collect()
    }
}

/// Without draws: what has a result counts by its mean, what is pending not at all.
pub(super) fn plain(processes: &[GaussianProcess], candidates: &[Candidate]) -> Uncertain {
    Uncertain {
        objectives: processes.iter().cloned().map(Draws::none).collect(),
        fronts: vec![candidates.iter().filter(|c| !c.pending).map(Candidate::means).collect()],
    }
}

/// Draws the function jointly at all candidates that are pending, or noisy and perhaps on the front; those of them that
/// are on the front in no draw are then left aside. `None` if a covariance cannot be factorized.
pub(super) fn draw(
    processes: &[GaussianProcess],
    candidates: &[Candidate],
    sequence: &SobolSequence,
) -> Option<Uncertain> {
    let mean = |i: usize| candidates[i].means();
    let certain: Vec<usize> = (0..candidates.len()).filter(|&i| !candidates[i].pending).collect();

    // Whoever might be on the front at all.
    let shifted = |i: usize, by: f64| {
        candidates[i].predictions.iter().map(|p| p.mean + by * p.variance.sqrt()).collect::<Vec<f64>>()
    };
    let spread = |i: usize| if candidates[i].exact { 0.0 } else { CLEARLY };
    let worst: Vec<Vec<f64>> = certain.iter().map(|&i| shifted(i, spread(i))).collect();
    let safe: Vec<Vec<f64>> = non_dominated(&worst).into_iter().map(|k| worst[k].clone()).collect();
    let hopeless = |i: usize| {
        let best = shifted(i, -spread(i));
        safe.iter().any(|s| s.iter().zip(&best).all(|(a, b)| a < b))
    };
    let contenders: Vec<usize> = certain.iter().copied().filter(|&i| !hopeless(i)).collect();
    let is_noisy =
        |i: usize| !candidates[i].exact && candidates[i].predictions.iter().any(|p| p.variance.sqrt() > NEGLIGIBLE);
    let mut noisy: Vec<usize> = contenders.iter().copied().filter(|&i| is_noisy(i)).collect();
    noisy.sort_by(|&a, &b| mean(a).iter().sum::<f64>().total_cmp(&mean(b).iter().sum()));
    noisy.truncate(MOST);
    let pending: Vec<usize> = (0..candidates.len()).filter(|&i| candidates[i].pending).collect();
    let drawn: Vec<usize> = noisy.iter().chain(&pending).copied().collect();
    if drawn.is_empty() {
        return Some(plain(processes, candidates));
    }
    let points: Vec<Vec<f64>> = drawn.iter().map(|&i| candidates[i].x.clone()).collect();
    let normals = normals(sequence, DRAWS, points.len() * processes.len());
    let values = joint(processes, &points, &normals)?;

    // Only what is on the front of some draw, and what is pending, need be known to the surrogates.
    let fixed: Vec<Vec<f64>> = contenders.iter().filter(|i| !noisy.contains(i)).map(|&i| mean(i)).collect();
    let mut kept = vec![false; drawn.len()];
    let fronts: Vec<Vec<Vec<f64>>> = (0..DRAWS)
        .map(|s| {
            let mut all: Vec<Vec<f64>> = (0..drawn.len()).map(|k| values.iter().map(|v| v[s][k]).collect()).collect();
            all.extend(fixed.iter().cloned());
            let members = non_dominated(&all);
            members.iter().filter(|k| **k < drawn.len()).for_each(|&k| kept[k] = true);
            members.into_iter().map(|k| all[k].clone()).collect()
        })
        .collect();
    for (k, keep) in kept.iter_mut().enumerate() {
        *keep |= k >= noisy.len();
    }
    let selected = |v: &[f64]| v.iter().zip(&kept).filter(|(_, keep)| **keep).map(|(v, _)| *v).collect::<Vec<f64>>();
    let known: Vec<Vec<f64>> = points.iter().zip(&kept).filter(|(_, keep)| **keep).map(|(x, _)| x.clone()).collect();
    let objectives: Option<Vec<Draws>> = processes
        .iter()
        .zip(&values)
        .map(|(gp, values)| Draws::at(gp, &known, &values.iter().map(|v| selected(v)).collect::<Vec<_>>()))
        .collect();
    Some(Uncertain { objectives: objectives?, fronts })
}

/// Per objective and draw the values at all points.
fn joint(processes: &[GaussianProcess], points: &[Vec<f64>], normals: &[Vec<f64>]) -> Option<Vec<Vec<Vec<f64>>>> {
    let q = points.len();
    let values = |(j, gp): (usize, &GaussianProcess)| {
        let (means, covariance) = gp.joint(points);
        let own: Vec<Vec<f64>> = normals.iter().map(|z| z[j * q..(j + 1) * q].to_vec()).collect();
        joint_draws(&means, &covariance, &own)
    };
    processes.iter().enumerate().map(values).collect()
}

/// `count` quasi-random standard normal vectors of length `d`, by the transform of Box and Muller ("A note on the generation
/// of random normal deviates", Ann. Math. Stat. 29, 1958).
fn normals(sequence: &SobolSequence, count: usize, d: usize) -> Vec<Vec<f64>> {
    let pairs = d.div_ceil(2);
    let vector = |s: usize| {
        let u = sequence.point(s as u64, 2 * pairs);
        let pair = |k: usize| {
            let radius = (-2.0 * (1.0 - u[2 * k]).max(1e-300).ln()).sqrt();
            let angle = 2.0 * std::f64::consts::PI * u[2 * k + 1];
            [radius * angle.cos(), radius * angle.sin()]
        };
        let mut all: Vec<f64> = (0..pairs).flat_map(pair).collect();
        all.truncate(d);
        all
    };
    (0..count).map(vector).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::Seed;
    use crate::optimizer::sampler::stream::{Purpose, stream};

    #[test]
    fn normals_have_mean_zero_and_variance_one_and_are_independent() {
        let sequence = SobolSequence::new(&mut stream(Seed(1), 0, Purpose::Scramble));
        let z = normals(&sequence, 4096, 5);
        let mean = |f: &dyn Fn(&[f64]) -> f64| z.iter().map(|z| f(z)).sum::<f64>() / 4096.0;
        for i in 0..5 {
            assert!(mean(&|z| z[i]).abs() < 0.02);
            for j in 0..=i {
                let expected = f64::from(u8::from(i == j));
                assert!((mean(&|z| z[i] * z[j]) - expected).abs() < 0.05, "{i} {j}");
            }
        }
    }
}
