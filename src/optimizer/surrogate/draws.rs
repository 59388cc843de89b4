//! Joint draws of the function, and the process given each of them.

use nalgebra::DMatrix;

use super::gp::{GaussianProcess, factorize};

/// A process that knows the function at some points, once for each of several joint draws of it there.
///
/// All draws share one covariance, so only their means differ: with the factor extended by the points, the whitened
/// targets of draw `s` are those of the observations followed by `z_s`, the standard normal vector that made the draw.
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
pub fn joint_draws(means: &[f64], covariance: &DMatrix<f64>, normals: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let scale = covariance.diagonal().max();
    let factor = factorize(covariance, scale)?;
    let draw = |z: &Vec<f64>| {
        let moved = super::factor::lower_times(factor.lower(), z);
        moved.iter().zip(means).map(|(a, m)| a + m).collect()
    };
    Some(normals.iter().map(draw).collect())
}
