//! Joint draws of the function (posterior samples), and the process given each of them (fantasies).

use nalgebra::DMatrix;

use super::gp::{GaussianProcess, factorize};

/// A process that knows the function at some points, once for each of several joint draws of it there: fantasies, as others call
/// them.
///
/// All draws share one covariance, so only their means differ. The factor is extended by the points. The whitened
/// targets of draw `s` are then those of the observations followed by `z_s`: the drawn values less their means,
/// whitened.
#[derive(Debug, Clone)]
pub struct Draws {
    process: GaussianProcess,
    /// Observations before the points.
    n: usize,
    /// Standard normal vectors, one per draw, each as long as there are points.
    z: Vec<Vec<f64>>,
}

impl Draws {
    /// No draws: the process alone, whose mean stands for the function.
    #[must_use]
    pub fn none(process: GaussianProcess) -> Self {
        let n = process.target().len();
        Self { process, n, z: vec![Vec::new()] }
    }

    /// The process given that the function takes `values[s]` at `points`, for each draw `s`; at least one. `None` if the
    /// covariance cannot be factorized even with the largest jitter.
    #[must_use]
    pub fn at(process: &GaussianProcess, points: &[Vec<f64>], values: &[Vec<f64>]) -> Option<Self> {
        let n = process.target().len();
        let more = process.knowing(points)?;
        let means = &more.observations().y[n..];
        let whitener = more.corner(n);
        let whiten = |draw: &Vec<f64>| {
            let off: Vec<f64> = draw.iter().zip(means).map(|(v, m)| v - m).collect();
            (&whitener * nalgebra::DVector::from_vec(off)).as_slice().to_vec()
        };
        Some(Self { z: values.iter().map(whiten).collect(), n, process: more })
    }

    /// The process, whose mean is that of the posterior without the draws.
    #[must_use]
    pub fn process(&self) -> &GaussianProcess {
        &self.process
    }

    /// How many draws there are, at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.z.len()
    }

    /// The mean in each draw at the point whose covariances were whitened to `w`.
    pub fn means<'a>(&'a self, w: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let shared = super::factor::dot(&w[..self.n], &self.process.target()[..self.n]);
        self.z.iter().map(move |z| shared + super::factor::dot(&w[self.n..], z))
    }

    /// The derivative by `w` of a function whose derivatives by the draws' means and by the variance are given.
    #[must_use]
    pub fn by_whitened(&self, w: &[f64], by_means: &[f64], by_variance: f64) -> Vec<f64> {
        let total: f64 = by_means.iter().sum();
        let mut by_w: Vec<f64> = w.iter().map(|w| -2.0 * by_variance * w).collect();
        for (b, t) in by_w.iter_mut().zip(&self.process.target()[..self.n]) {
            *b += total * t;
        }
        for (z, by_mean) in self.z.iter().zip(by_means) {
            for (b, z) in by_w[self.n..].iter_mut().zip(z) {
                *b += by_mean * z;
            }
        }
        by_w
    }
}

/// Joint draws of the function at points with these means and this covariance (its lower triangle), one for each standard
/// normal vector. `None` if the covariance cannot be factorized even with the largest jitter.
#[must_use]
pub(in crate::optimizer) fn joint_draws(
    means: &[f64],
    covariance: &DMatrix<f64>,
    normals: &[Vec<f64>],
) -> Option<Vec<Vec<f64>>> {
    let scale = covariance.diagonal().max();
    let (factor, _) = factorize(covariance, scale)?;
    let draw = |z: &Vec<f64>| {
        let moved = super::factor::lower_times(factor.lower(), z);
        moved.iter().zip(means).map(|(a, m)| a + m).collect()
    };
    Some(normals.iter().map(draw).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Hyperparameters, Kernel, Noise, Observations};
    use super::*;

    fn process(points: &[([f64; 2], f64)]) -> GaussianProcess {
        let mut observations = Observations::default();
        for (x, y) in points {
            observations.push(x.to_vec(), *y, Noise { known: 0.05, inferred: true });
        }
        let hyperparameters =
            Hyperparameters { lengthscales: vec![0.4, 0.7], outputscale: 1.3, noise: 0.02, bends: vec![1.0, 0.0] };
        GaussianProcess::new(Kernel::ordered(2), hyperparameters, observations).unwrap()
    }

    fn points() -> impl Strategy<Value = Vec<([f64; 2], f64)>> {
        proptest::collection::vec(([0.0..1.0f64, 0.0..1.0], -2.0..2.0f64), 1..9)
    }

    proptest! {
        /// The extended factor with whitened draws is the process that was told the drawn values.
        #[test]
        fn draws_are_the_process_that_knows_them(
            data in points(),
            known in proptest::collection::vec(([0.0..1.0f64, 0.0..1.0], -1.0..1.0f64), 1..4),
            at in [0.0..1.0f64, 0.0..1.0],
        ) {
            let far = |a: &[f64; 2], b: &[f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) > 0.05;
            prop_assume!((0..known.len()).all(|i| known[..i].iter().all(|o| far(&o.0, &known[i].0))));
            let gp = process(&data);
            let places: Vec<Vec<f64>> = known.iter().map(|(x, _)| x.to_vec()).collect();
            let values: Vec<f64> = known.iter().map(|(_, v)| *v).collect();
            let twice = vec![values.clone(), values.iter().map(|v| -v).collect()];
            let draws = Draws::at(&gp, &places, &twice).unwrap();
            let w = draws.process().whiten(&at).w;
            let means: Vec<f64> = draws.means(&w).collect();

            let told = |sign: f64| {
                let mut observations = gp.observations().clone();
                for (x, v) in &known {
                    observations.push(x.to_vec(), sign * v, Noise::EXACT);
                }
                let again = GaussianProcess::new(Kernel::ordered(2), gp.hyperparameters().clone(), observations);
                again.unwrap().predict(&at)
            };
            for (mean, sign) in means.iter().zip([1.0, -1.0]) {
                prop_assert!((mean - told(sign).mean).abs() < 1e-4, "{mean} {:?}", told(sign));
            }
            prop_assert!((draws.process().prediction(&w).variance - told(1.0).variance).abs() < 1e-5);
        }

        #[test]
        fn what_is_known_at_observations_is_what_is_predicted_there(data in points()) {
            let gp = process(&data);
            for ((x, _), at) in data.iter().zip(gp.at_observations()) {
                let there = gp.predict(x);
                prop_assert!((at.mean - there.mean).abs() < 1e-9 && (at.variance - there.variance).abs() < 1e-9);
            }
        }

        #[test]
        fn leave_one_out_is_leaving_one_out(data in points(), which in 0usize..9) {
            prop_assume!(data.len() > 1);
            let which = which % data.len();
            let predicted = process(&data).leave_one_out()[which];
            let mut others = data.clone();
            let (x, _) = others.remove(which);
            let expected = process(&others).predict(&x);
            // The prediction is of an observation, whose noise comes on top.
            let noise = 0.05 + 0.02 + 1e-6;
            prop_assert!((predicted.mean - expected.mean).abs() < 1e-8);
            prop_assert!((predicted.variance - expected.variance - noise).abs() < 1e-8);
        }
    }

    #[test]
    fn joint_draws_have_the_joint_mean_and_covariance() {
        let gp = process(&[([0.1, 0.2], 1.0), ([0.8, 0.5], -1.0)]);
        let places = [vec![0.3, 0.3], vec![0.4, 0.3]];
        let (means, covariance) = gp.joint(&places);
        let unit = [vec![0.0, 0.0], vec![1.0, 0.0], vec![0.0, 1.0]];
        let draws = joint_draws(&means, &covariance, &unit).unwrap();
        assert_eq!(draws[0], means);
        let column = |k: usize| [draws[k][0] - means[0], draws[k][1] - means[1]];
        let (a, b) = (column(1), column(2));
        for (i, j) in [(0, 0), (1, 0), (1, 1)] {
            assert!((a[i] * a[j] + b[i] * b[j] - covariance[(i, j)]).abs() < 1e-12);
        }
    }
}
