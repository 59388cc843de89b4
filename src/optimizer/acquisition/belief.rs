//! What the user believes of where the optimum lies.

use super::super::problem::{Prior, Problem};
use super::super::space::{CoordinateKind, Encoding};

/// Smallest share of the most probable choice's weight that another one counts with, so that none is ruled out.
const LEAST_WEIGHT: f64 = 1e-3;

/// Along one coordinate.
#[derive(Debug, Clone, PartialEq)]
enum Along {
    Normal {
        mean: f64,
        sd: f64,
    },
    /// Log weights by level.
    Levels(Vec<f64>),
}

/// The log density of the user's priors over encoded points, up to a constant, times a weight: zero at the most probable
/// point and below elsewhere. Parameters without a prior, and inactive ones, do not count.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    coordinates: Vec<(usize, CoordinateKind, Along)>,
    levels: Vec<Vec<f64>>,
    weight: f64,
}

impl Belief {
    /// The problem's priors with this weight; `None` if there are none.
    ///
    /// The weight is `beta / n` after `n` trials (Hvarfner et al., "pi-BO: Augmenting acquisition functions with user beliefs
    /// for Bayesian optimization", ICLR 2022, eq. 6).
    #[must_use]
    pub fn new(problem: &Problem, encoding: &Encoding<'_>, weight: f64) -> Option<Self> {
        let mut coordinates = Vec::new();
        for (i, parameter) in encoding.space().parameters().iter().enumerate() {
            let Some(prior) = problem.priors().get(&parameter.name) else { continue };
            let along = match prior {
                Prior::Around { value, spread } => {
                    let Some((mean, sd)) = encoding.normal(i, *value, *spread) else { continue };
                    Along::Normal { mean, sd }
                }
                Prior::Weights(weights) => {
                    let largest = weights.iter().fold(0.0f64, |a, b| a.max(*b));
                    let Some(by_level) = encoding.by_level(i, weights).filter(|_| largest > 0.0) else { continue };
                    Along::Levels(by_level.iter().map(|w| (w / largest).max(LEAST_WEIGHT).ln()).collect())
                }
            };
            coordinates.push((i, encoding.kind(i), along));
        }
        let centres = |(i, kind, _): &(usize, CoordinateKind, Along)| match kind {
            CoordinateKind::Continuous => Vec::new(),
            CoordinateKind::Ordered(n) | CoordinateKind::Unordered(n) => {
                (0..(*n).min(4096)).map(|k| encoding.centre(*i, k)).collect()
            }
        };
        let levels = coordinates.iter().map(centres).collect();
        (!coordinates.is_empty()).then_some(Self { coordinates, levels, weight })
    }

    /// The weighted log density at a canonical vector; its gradient along continuous coordinates is added to `gradient`.
    #[must_use]
    pub fn log_density(&self, x: &[f64], mut gradient: Option<&mut [f64]>) -> f64 {
        let mut total = 0.0;
        for ((i, _, along), levels) in self.coordinates.iter().zip(&self.levels) {
            match along {
                Along::Normal { mean, sd } => {
                    let z = (x[*i] - mean) / sd;
                    total -= 0.5 * z * z;
                    if let Some(gradient) = &mut gradient {
                        gradient[*i] -= self.weight * z / sd;
                    }
                }
                // An inactive choice is at no level's centre.
                Along::Levels(logs) => {
                    let level = levels.iter().position(|c| (c - x[*i]).abs() < 1e-9);
                    total += level.and_then(|k| logs.get(k)).copied().unwrap_or(0.0);
                }
            }
        }
        self.weight * total
    }
}
