//! What the user believes of where the optimum lies: a user prior over the optimum (pi-BO).

use super::super::problem::{Prior, Problem};
use super::super::space::Encoding;

/// Smallest share of the most probable value's weight that another one counts with, so that none is ruled out.
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
#[derive(Debug, Clone)]
pub struct Belief<'a> {
    encoding: Encoding<'a>,
    coordinates: Vec<(usize, Along)>,
    weight: f64,
}

impl<'a> Belief<'a> {
    /// The problem's priors with this weight; `None` if there are none.
    ///
    /// The weight is `beta / n` after `n` trials (Hvarfner et al., "pi-BO: Augmenting acquisition functions with user beliefs
    /// for Bayesian optimization", ICLR 2022, eq. 6).
    #[must_use]
    pub fn new(problem: &Problem, encoding: &Encoding<'a>, weight: f64) -> Option<Self> {
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
            coordinates.push((i, along));
        }
        (!coordinates.is_empty()).then(|| Self { encoding: encoding.clone(), coordinates, weight })
    }

    /// The point of the priors' distribution at these uniform coordinates: each coordinate with a prior becomes that share's
    /// quantile, the others stay.
    pub fn quantiles(&self, u: &mut [f64]) {
        for (i, along) in &self.coordinates {
            u[*i] = match along {
                Along::Normal { mean, sd } => truncated_quantile(*mean, *sd, u[*i]),
                Along::Levels(logs) => {
                    let total: f64 = logs.iter().map(|l| l.exp()).sum();
                    let mut left = u[*i] * total;
                    let found = logs.iter().position(|l| {
                        left -= l.exp();
                        left <= 0.0
                    });
                    self.encoding.centre(*i, found.map_or(u64::MAX, |k| k as u64))
                }
            };
        }
    }

    /// The weighted log density at a canonical vector; its gradient along continuous coordinates is added to `gradient`.
    #[must_use]
    pub fn log_density(&self, x: &[f64], mut gradient: Option<&mut [f64]>) -> f64 {
        let mut total = 0.0;
        let active = self.encoding.snap(&mut x.to_vec());
        for (i, along) in self.coordinates.iter().filter(|(i, _)| active[*i]) {
            match along {
                Along::Normal { mean, sd } => {
                    let z = (x[*i] - mean) / sd;
                    let density = (1.0 - LEAST_WEIGHT) * (-0.5 * z * z).exp();
                    total += (LEAST_WEIGHT + density).ln();
                    if let Some(gradient) = &mut gradient {
                        gradient[*i] -= self.weight * z / sd * density / (LEAST_WEIGHT + density);
                    }
                }
                Along::Levels(logs) => {
                    let level = usize::try_from(self.encoding.level(*i, x[*i])).ok();
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
    use crate::optimizer::space::{Space, choice, float, int};

    fn problem() -> Problem {
        let space = Space::new([
            float("rate", 1e-4..=1.0).log().prior(Prior::Around { value: 1e-2, spread: 10.0 }),
            int("layers", 1..=4).prior(Prior::Around { value: 3.0, spread: 1.0 }),
            choice("optimizer", ["sgd", "adam"]).prior(Prior::Weights(vec![1.0, 3.0])),
            choice("batch", [64, 16, 32]).prior(Prior::Weights(vec![0.0, 0.0, 1.0])),
        ])
        .unwrap();
        Problem::unchecked(space, Vec::new())
    }

    #[test]
    fn inactive_parameters_do_not_count() {
        let space = Space::new([
            choice("optimizer", ["sgd", "adam"]),
            float("momentum", 0.0..=0.99).when("optimizer", ["sgd"]).prior(Prior::Around { value: 0.9, spread: 0.05 }),
        ])
        .unwrap();
        let problem = Problem::unchecked(space, Vec::new());
        let encoding = Encoding::new(problem.space());
        let belief = Belief::new(&problem, &encoding, 1.0).unwrap();
        let adam = encoding.encode(&[("optimizer", "adam")].into_iter().collect());
        assert_eq!(belief.log_density(&adam, None), 0.0);
        let mut far = vec![encoding.centre(0, 0), 0.1];
        encoding.snap(&mut far);
        let least = belief.log_density(&far, None);
        assert!(least < -6.0 && least > -7.0, "no value is ruled out: {least}");
    }

    #[test]
    fn choices_of_very_many_values_do_no_harm() {
        let name = choice("name", (0..5000).map(|i| format!("v{i}")));
        let name = name.prior(Prior::Weights((0..5000).map(f64::from).collect()));
        let problem = Problem::unchecked(Space::new([name]).unwrap(), Vec::new());
        let encoding = Encoding::new(problem.space());
        let belief = Belief::new(&problem, &encoding, 1.0).unwrap();
        let mut last = vec![1.0];
        belief.quantiles(&mut last);
        assert_eq!(encoding.level(0, last[0]), 4999);
        assert!(belief.log_density(&[encoding.centre(0, 2500)], None) < -0.5);
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
        assert!((at(1e-1, 3, "adam", 32) + 1.0).abs() < 0.01);
        assert!((at(1e-2, 1, "adam", 32) + 4.0).abs() < 0.05);
        assert!((at(1e-2, 3, "sgd", 32) - 2.0 * (1.0f64 / 3.0).ln()).abs() < 1e-9);
        assert!((at(1e-2, 3, "adam", 64) - 2.0 * 1e-3f64.ln()).abs() < 1e-9);
        assert!(Belief::new(&Problem::unchecked(problem.space().clone(), Vec::new()), &encoding, 1.0).is_none());
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
