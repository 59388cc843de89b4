//! Densities over the points of a space, estimated from some of them.

use std::f64::consts::FRAC_1_SQRT_2;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use super::super::super::space::{CoordinateKind, Encoding};

/// `ln(2 pi) / 2`.
const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;
/// Weight of the component that knows nothing, where an observation weighs at most 1.
const PRIOR: f64 = 1.0;
/// Bandwidth of the first observation, as a share of a parameter's range; it shrinks as `n^(-1/(d+4))` (Scott's rule).
const BANDWIDTH: f64 = 0.1;
/// The bandwidth is at least `1/(2+n)`, so that few points do not claim much, and at least this.
const NARROWEST: f64 = 0.01;
/// Draws from a truncated normal before a uniform one stands in for it; about one in two is a hit.
const DRAWS: usize = 64;

/// A mixture of one component per observed point `c_k` and one that is uniform, the prior, with weights `w_k`:
///
/// `p(x) = sum_k w_k prod_i K(x_i, c_ki)`
///
/// (Falkner, Klein and Hutter, "BOHB: robust and efficient hyperparameter optimization at scale", ICML 2018; Watanabe,
/// "Tree-structured Parzen estimator: understanding its algorithm components and their roles for better empirical
/// performance", arXiv 2304.11127, 2023, on multivariate kernels.)
///
/// | coordinate | `K(x, c)` |
/// |---|---|
/// | continuous | normal around `c`, truncated to \[0,1\] |
/// | ordered levels | the same, integrated over the level's bin |
/// | unordered levels | `1 + e` for the level of `c`, else `e`, normalized; `e = 1/(n+1)` for `n` points |
/// | inactive in `c` | uniform: the point says nothing about it |
///
/// The product goes over the parameters that are active at `x`, so a conditional parameter counts where it is there.
#[derive(Debug)]
pub(super) struct Density<'a> {
    encoding: &'a Encoding<'a>,
    components: Vec<Component>,
    total_weight: f64,
    bandwidth: f64,
    /// What an unordered level that differs gets, against `1 + other` for one that agrees.
    other: f64,
}

#[derive(Debug)]
struct Component {
    weight: f64,
    /// One entry per parameter; `None` is uniform.
    centres: Vec<Option<Centre>>,
}

#[derive(Debug, Clone, Copy)]
enum Centre {
    /// The mean of a truncated normal, and the logarithm of the mass that is left of it.
    Normal {
        mean: f64,
        log_mass: f64,
    },
    Level(u64),
}

impl<'a> Density<'a> {
    /// The density of canonical vectors with weights.
    pub(super) fn new(encoding: &'a Encoding<'a>, observed: &[(&[f64], f64)]) -> Self {
        let d = encoding.len();
        let (n, dimensions) = (observed.len() as f64, d as f64);
        let scott = BANDWIDTH * n.max(1.0).powf(-1.0 / (dimensions + 4.0));
        let bandwidth = scott.max(1.0 / (2.0 + n)).max(NARROWEST);
        let centre = |i: usize, u: f64| match encoding.kind(i) {
            CoordinateKind::Continuous | CoordinateKind::Ordered(_) => {
                Centre::Normal { mean: u, log_mass: mass(-u / bandwidth, (1.0 - u) / bandwidth).ln() }
            }
            CoordinateKind::Unordered(_) => Centre::Level(encoding.level(i, u)),
        };
        let component = |(x, weight): &(&[f64], f64)| {
            let active = encoding.snap(&mut x.to_vec());
            let centres = (0..d).map(|i| active[i].then(|| centre(i, x[i]))).collect();
            Component { weight: *weight, centres }
        };
        let mut components: Vec<Component> = observed.iter().map(component).collect();
        components.push(Component { weight: PRIOR, centres: vec![None; d] });
        let total_weight = components.iter().map(|c| c.weight).sum();
        Self { encoding, components, total_weight, bandwidth, other: 1.0 / (n + 1.0) }
    }

    /// A canonical vector drawn from the density.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut left = rng.random::<f64>() * self.total_weight;
        let passed = |c: &&Component| {
            left -= c.weight;
            left < 0.0
        };
        // Rounding may leave a trace; the prior comes last.
        let prior = &self.components[self.components.len() - 1];
        let component = self.components.iter().find(passed).unwrap_or(prior);
        let mut x: Vec<f64> = component.centres.iter().enumerate().map(|(i, c)| self.draw_one(i, *c, rng)).collect();
        self.encoding.snap(&mut x);
        x
    }

    fn draw_one(&self, i: usize, centre: Option<Centre>, rng: &mut ChaCha8Rng) -> f64 {
        match (centre, self.encoding.kind(i)) {
            (Some(Centre::Normal { mean, .. }), _) => {
                let mut draw = || {
                    let normal: f64 = StandardNormal.sample(rng);
                    mean + self.bandwidth * normal
                };
                let hit = (0..DRAWS).map(|_| draw()).find(|u| (0.0..=1.0).contains(u));
                hit.unwrap_or_else(|| rng.random())
            }
            (Some(Centre::Level(level)), CoordinateKind::Unordered(n)) => {
                let agrees = 1.0 / (1.0 + self.other * n as f64);
                if rng.random_bool(agrees) { self.encoding.centre(i, level) } else { rng.random() }
            }
            _ => rng.random(),
        }
    }

    /// The logarithm of the density at a canonical vector: per unit of the cube for continuous coordinates, the
    /// probability for the others.
    pub(super) fn log_density(&self, x: &[f64]) -> f64 {
        let active = self.encoding.snap(&mut x.to_vec());
        let spots: Vec<Spot> = (0..x.len()).filter(|i| active[*i]).map(|i| Spot::new(self.encoding, i, x[i])).collect();
        let log = |c: &Component| {
            c.weight.ln() + spots.iter().map(|spot| self.log_kernel(spot, c.centres[spot.parameter])).sum::<f64>()
        };
        let logs: Vec<f64> = self.components.iter().map(log).collect();
        let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest + logs.iter().map(|l| (l - largest).exp()).sum::<f64>().ln() - self.total_weight.ln()
    }

    fn log_kernel(&self, spot: &Spot, centre: Option<Centre>) -> f64 {
        match (centre, &spot.place) {
            (None, _) => spot.log_uniform,
            (Some(Centre::Normal { mean, log_mass }), Position::Number(u)) => {
                let z = (u - mean) / self.bandwidth;
                -0.5 * z * z - HALF_LN_2PI - self.bandwidth.ln() - log_mass
            }
            (Some(Centre::Normal { mean, log_mass }), Position::Bin(low, high)) => {
                mass((low - mean) / self.bandwidth, (high - mean) / self.bandwidth).ln() - log_mass
            }
            (Some(Centre::Level(level)), Position::Level(here)) => {
                let agrees = if level == *here { 1.0 } else { 0.0 };
                (agrees + self.other).ln() - (self.other * spot.levels).ln_1p()
            }
            // A parameter has centres and places of one kind.
            _ => spot.log_uniform,
        }
    }
}

/// One coordinate of a point whose density is asked for.
struct Spot {
    parameter: usize,
    place: Position,
    levels: f64,
    log_uniform: f64,
}

enum Position {
    Number(f64),
    Bin(f64, f64),
    Level(u64),
}

impl Spot {
    fn new(encoding: &Encoding<'_>, i: usize, u: f64) -> Self {
        let (n, place) = match encoding.kind(i) {
            CoordinateKind::Continuous => (1, Position::Number(u)),
            CoordinateKind::Ordered(n) => {
                let (low, high) = bin(encoding, i, encoding.level(i, u), n);
                (n, Position::Bin(low, high))
            }
            CoordinateKind::Unordered(n) => (n, Position::Level(encoding.level(i, u))),
        };
        let levels = n as f64;
        let log_uniform = match place {
            Position::Bin(low, high) => (high - low).ln(),
            Position::Number(_) | Position::Level(_) => -levels.ln(),
        };
        Self { parameter: i, place, levels, log_uniform }
    }
}

/// The bin of a level: half-way to its neighbours, the ends of the cube at the ends.
fn bin(encoding: &Encoding<'_>, i: usize, level: u64, n: u64) -> (f64, f64) {
    let border = |k: u64| (encoding.centre(i, k) + encoding.centre(i, k + 1)) / 2.0;
    let low = if level == 0 { 0.0 } else { border(level - 1) };
    let high = if level + 1 >= n { 1.0 } else { border(level) };
    (low, high)
}

/// The probability of a standard normal variable between `a <= b`, at least the smallest positive number; from the tail
/// in which it lies, so that nothing cancels.
fn mass(a: f64, b: f64) -> f64 {
    let beyond = |z: f64| 0.5 * libm::erfc(z * FRAC_1_SQRT_2);
    let mass = if a > 0.0 {
        beyond(a) - beyond(b)
    } else if b < 0.0 {
        beyond(-b) - beyond(-a)
    } else {
        1.0 - beyond(-a) - beyond(b)
    };
    mass.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::super::super::super::space::{Space, choice, float, int};
    use super::*;

    fn space() -> Space {
        Space::new([
            float("rate", 0.0..=1.0),
            int("layers", 1..=4),
            choice("optimizer", ["sgd", "adam", "lion"]),
            float("momentum", 0.0..=0.9).when("optimizer", ["sgd"]),
        ])
        .unwrap()
    }

    fn observed(encoding: &Encoding<'_>, vectors: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let snap = |x: &Vec<f64>| {
            let mut x = x.clone();
            encoding.snap(&mut x);
            x
        };
        vectors.iter().map(snap).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        /// Summed over all levels and integrated by the midpoint rule, conditional parameters where they are active.
        #[test]
        fn is_a_density(
            vectors in proptest::collection::vec(proptest::collection::vec(0.0..=1.0f64, 4), 0..5),
            weights in proptest::collection::vec(0.01..1.0f64, 5),
        ) {
            const STEPS: u32 = 40;
            let space = space();
            let encoding = Encoding::new(&space);
            let vectors = observed(&encoding, &vectors);
            let weighted: Vec<(&[f64], f64)> = vectors.iter().map(Vec::as_slice).zip(weights).collect();
            let density = Density::new(&encoding, &weighted);
            let width = 1.0 / f64::from(STEPS);
            let midpoint = |k: u32| (f64::from(k) + 0.5) * width;
            let mut total = 0.0;
            for layers in 0..4 {
                for optimizer in 0..3 {
                    let (layers, optimizer) = (encoding.centre(1, layers), encoding.centre(2, optimizer));
                    for rate in 0..STEPS {
                        let mut x = vec![midpoint(rate), layers, optimizer, 0.5];
                        let momenta = if encoding.snap(&mut x)[3] { STEPS } else { 1 };
                        for momentum in 0..momenta {
                            x[3] = if momenta == 1 { x[3] } else { midpoint(momentum) };
                            total += density.log_density(&x).exp() * width / f64::from(momenta);
                        }
                    }
                }
            }
            prop_assert!((total - 1.0).abs() < 1e-2, "{total}");
        }

        #[test]
        fn draws_are_canonical(
            vectors in proptest::collection::vec(proptest::collection::vec(0.0..=1.0f64, 4), 0..5),
            seed: u64,
        ) {
            let space = space();
            let encoding = Encoding::new(&space);
            let vectors = observed(&encoding, &vectors);
            let weighted: Vec<(&[f64], f64)> = vectors.iter().map(|x| (x.as_slice(), 1.0)).collect();
            let density = Density::new(&encoding, &weighted);
            let x = density.draw(&mut ChaCha8Rng::seed_from_u64(seed));
            prop_assert_eq!(observed(&encoding, std::slice::from_ref(&x)), [x.clone()]);
            prop_assert!(density.log_density(&x).is_finite());
        }
    }

    #[test]
    fn draws_gather_where_the_points_are_and_the_density_is_high_there() {
        let space = space();
        let encoding = Encoding::new(&space);
        let mut near = vec![0.2, 0.1, encoding.centre(2, 0), 0.9];
        let mut far = vec![0.8, 0.9, encoding.centre(2, 1), 0.0];
        encoding.snap(&mut near);
        encoding.snap(&mut far);
        let density = Density::new(&encoding, &[(near.as_slice(), 1.0); 30]);
        assert!(density.log_density(&near) > density.log_density(&far) + 5.0);
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let close = |x: &Vec<f64>| (x[0] - near[0]).abs() < 0.25 && x[1] < 0.6 && x[2] == near[2] && x[3] > 0.6;
        let hits = (0..200).filter(|_| close(&density.draw(&mut rng))).count();
        assert!(hits > 150, "{hits}");
    }

    #[test]
    fn masses_far_in_the_tails_keep_their_digits() {
        assert!((mass(-1.0, 1.0) - 0.682_689_492_137_086).abs() < 1e-14);
        for (a, b) in [(8.0, 9.0), (20.0, 21.0)] {
            assert!((mass(a, b) / mass(-b, -a) - 1.0).abs() < 1e-12 && mass(a, b) > 0.0);
        }
        assert!(mass(50.0, 51.0) > 0.0);
    }
}
