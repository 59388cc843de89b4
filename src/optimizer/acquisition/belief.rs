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

    /// The point of the priors' distribution at these uniform coordinates: each coordinate with a prior becomes that share's
    /// quantile, the others stay.
    pub fn quantiles(&self, u: &mut [f64]) {
        for ((i, _, along), levels) in self.coordinates.iter().zip(&self.levels) {
            u[*i] = match along {
                Along::Normal { mean, sd } => truncated_quantile(*mean, *sd, u[*i]),
                Along::Levels(logs) => {
                    let total: f64 = logs.iter().map(|l| l.exp()).sum();
                    let mut left = u[*i] * total;
                    let found = logs.iter().position(|l| {
                        left -= l.exp();
                        left <= 0.0
                    });
                    levels[found.unwrap_or(levels.len() - 1)]
                }
            };
        }
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

/// The quantile at `share` of a normal distribution cut to \[0,1\], by bisection.
fn truncated_quantile(mean: f64, sd: f64, share: f64) -> f64 {
    let distribution = |x: f64| 0.5 * libm::erfc((mean - x) / sd * std::f64::consts::FRAC_1_SQRT_2);
    let (low, high) = (distribution(0.0), distribution(1.0));
    let goal = low + share * (high - low);
    let (mut a, mut b) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (a + b);
        if distribution(middle) < goal { a = middle } else { b = middle }
    }
    0.5 * (a + b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::Space;

    fn problem() -> Problem {
        let space = Space::builder()
            .float("rate", 1e-4..=1.0)
            .log()
            .int("layers", 1..=4)
            .choice("optimizer", ["sgd", "adam"])
            .choice("batch", [64, 16, 32])
            .build()
            .unwrap();
        Problem::new(space)
            .prior("rate", Prior::Around { value: 1e-2, spread: 10.0 })
            .prior("layers", Prior::Around { value: 3.0, spread: 1.0 })
            .prior("optimizer", Prior::Weights(vec![1.0, 3.0]))
            .prior("batch", Prior::Weights(vec![0.0, 0.0, 1.0]))
    }

    #[test]
    fn is_zero_at_the_most_probable_point_and_falls_by_half_a_square_per_deviation() {
        let problem = problem();
        let encoding = Encoding::new(problem.space());
        let belief = Belief::new(&problem, &encoding, 2.0).unwrap();
        let at = |rate: f64, layers: i64, optimizer: &str, batch: i64| {
            let point: crate::optimizer::space::Point = [
                ("rate", crate::optimizer::space::Value::from(rate)),
                ("layers", layers.into()),
                ("optimizer", optimizer.into()),
                ("batch", batch.into()),
            ]
            .into_iter()
            .collect();
            belief.log_density(&encoding.encode(&point), None)
        };
        assert!(at(1e-2, 3, "adam", 32).abs() < 1e-9);
        assert!((at(1e-1, 3, "adam", 32) + 1.0).abs() < 1e-9, "{}", at(1e-1, 3, "adam", 32));
        assert!((at(1e-2, 1, "adam", 32) + 4.0).abs() < 1e-9);
        assert!((at(1e-2, 3, "sgd", 32) - 2.0 * (1.0f64 / 3.0).ln()).abs() < 1e-9);
        assert!((at(1e-2, 3, "adam", 64) - 2.0 * 1e-3f64.ln()).abs() < 1e-9);
        assert!(Belief::new(&Problem::new(problem.space().clone()), &encoding, 1.0).is_none());
    }

    #[test]
    fn quantiles_follow_the_priors() {
        let problem = problem();
        let encoding = Encoding::new(problem.space());
        let belief = Belief::new(&problem, &encoding, 1.0).unwrap();
        let mut middle = vec![0.5; 4];
        belief.quantiles(&mut middle);
        assert!((middle[0] - 0.5).abs() < 1e-9);
        let mut sgd = 0;
        for i in 0..100 {
            let mut u = vec![(f64::from(i) + 0.5) / 100.0; 4];
            belief.quantiles(&mut u);
            encoding.snap(&mut u);
            let point = encoding.decode(&u);
            sgd += i32::from(point.get("optimizer").and_then(|v| v.as_str()) == Some("sgd"));
            assert_eq!(point.number("batch"), Some(32.0));
        }
        assert_eq!(sgd, 25);
        assert!(truncated_quantile(-5.0, 1.0, 0.5) < 0.2 && truncated_quantile(0.3, 1e-3, 0.999_999) < 0.31);
    }
}
