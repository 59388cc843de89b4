//! How children differ from their parents.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::super::space::{CoordinateKind, Encoding};

/// Share of children that mix their parents' ordered coordinates; the others inherit the first parent's.
const CROSSING: f64 = 0.9;
/// Distribution index of the crossover: how near to their parents children are.
const CROSSOVER_INDEX: f64 = 20.0;
/// Distribution index of the mutation.
const MUTATION_INDEX: f64 = 20.0;

/// Crossover and mutation of vectors in the unit cube.
pub(super) struct Variation<'a> {
    encoding: &'a Encoding<'a>,
}

impl<'a> Variation<'a> {
    pub(super) fn new(encoding: &'a Encoding<'a>) -> Self {
        Self { encoding }
    }

    /// One child of two canonical vectors, not yet canonical.
    ///
    /// Ordered coordinates: simulated binary crossover within bounds (Deb and Agrawal, "Simulated binary crossover for
    /// continuous search space", Complex Systems 9, 1995), each with probability 1/2. Unordered ones come from either
    /// parent. A coordinate that is inactive in one parent comes from the other; what is inactive in both is drawn.
    pub(super) fn cross(&self, mother: &[f64], father: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
        let (of_mother, of_father) = (self.active(mother), self.active(father));
        let crossing = rng.random_bool(CROSSING);
        let inherit = |i: usize| match (of_mother[i], of_father[i]) {
            (true, false) => mother[i],
            (false, true) => father[i],
            (false, false) => rng.random(),
            (true, true) => {
                let swapped = rng.random_bool(0.5);
                let (one, other) = if swapped { (father[i], mother[i]) } else { (mother[i], father[i]) };
                match self.encoding.kind(i) {
                    _ if !crossing => mother[i],
                    CoordinateKind::Unordered(_) => one,
                    CoordinateKind::Continuous | CoordinateKind::Ordered(_) if rng.random_bool(0.5) => {
                        blend(one, other, rng.random())
                    }
                    CoordinateKind::Continuous | CoordinateKind::Ordered(_) => mother[i],
                }
            }
        };
        (0..mother.len()).map(inherit).collect()
    }

    /// Mutates each coordinate that is active with probability `1/d` for `d` such, at least one of them, and makes the
    /// vector canonical.
    ///
    /// Ordered coordinates: polynomial mutation within bounds, by one level at least (Deb and Goyal, "A combined
    /// genetic adaptive search (GeneAS) for engineering design", Computer Science and Informatics 26(4), 1996).
    /// Unordered ones take another level.
    pub(super) fn mutate(&self, x: &mut [f64], rng: &mut ChaCha8Rng) {
        let single = |i: usize| match self.encoding.kind(i) {
            CoordinateKind::Continuous => false,
            CoordinateKind::Ordered(n) | CoordinateKind::Unordered(n) => n < 2,
        };
        let active = self.active(x);
        let active: Vec<usize> = (0..x.len()).filter(|&i| active[i] && !single(i)).collect();
        let d = active.len();
        if d > 0 {
            let sure = active[rng.random_range(0..d)];
            let others = 1.0 / d as f64;
            for &i in &active {
                if i == sure || rng.random_bool(others) {
                    x[i] = self.moved(i, x[i], rng);
                }
            }
        }
        self.encoding.snap(x);
    }

    fn moved(&self, i: usize, u: f64, rng: &mut ChaCha8Rng) -> f64 {
        let to = polynomial(u, rng.random());
        match self.encoding.kind(i) {
            CoordinateKind::Continuous => to,
            CoordinateKind::Ordered(n) => {
                let (here, there) = (self.encoding.level(i, u), self.encoding.level(i, to));
                let level = match there {
                    there if there != here => there,
                    _ if (to > u && here + 1 < n) || here == 0 => here + 1,
                    _ => here - 1,
                };
                self.encoding.centre(i, level)
            }
            CoordinateKind::Unordered(n) => {
                let step = rng.random_range(1..n);
                self.encoding.centre(i, (self.encoding.level(i, u) + step) % n)
            }
        }
    }

    fn active(&self, x: &[f64]) -> Vec<bool> {
        self.encoding.snap(&mut x.to_vec())
    }
}

/// The child near `one` of two parents in \[0,1\], at the quantile `q` of its distribution.
fn blend(one: f64, other: f64, q: f64) -> f64 {
    let distance = (one - other).abs();
    if distance < 1e-12 {
        return one;
    }
    // The bound is on the far side of `one`, so that the spread factor cannot leave the cube.
    let room = if one < other { one } else { 1.0 - one };
    let alpha = 2.0 - (1.0 + 2.0 * room / distance).powf(-(CROSSOVER_INDEX + 1.0));
    let spread = if q <= 1.0 / alpha { q * alpha } else { 1.0 / (2.0 - q * alpha) };
    let spread = spread.powf(1.0 / (CROSSOVER_INDEX + 1.0));
    let middle = (one + other) / 2.0;
    (middle + spread * (one - other) / 2.0).clamp(0.0, 1.0)
}

/// Where the mutation of `u` in \[0,1\] leads, at the quantile `q` of its distribution.
fn polynomial(u: f64, q: f64) -> f64 {
    let power = MUTATION_INDEX + 1.0;
    let step = if q < 0.5 {
        (2.0 * q + (1.0 - 2.0 * q) * (1.0 - u).powf(power)).powf(1.0 / power) - 1.0
    } else {
        1.0 - (2.0 * (1.0 - q) + (2.0 * q - 1.0) * u.powf(power)).powf(1.0 / power)
    };
    (u + step).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;

    use super::super::super::super::space::{Space, choice, float, int};
    use super::*;

    fn space() -> Space {
        Space::new([
            float("rate", 1e-5..=1e-1).log(),
            int("width", 8..=128).log(),
            choice("optimizer", ["sgd", "adam", "lion"]),
            float("momentum", 0.0..=0.99).when("optimizer", ["sgd"]),
            choice("nesterov", [true, false]).when("optimizer", ["sgd"]),
            int("epochs", 1..=3),
        ])
        .unwrap()
    }

    proptest! {
        #[test]
        fn children_are_canonical_and_mutation_changes_them(
            mother in proptest::collection::vec(0.0..1.0f64, 6),
            father in proptest::collection::vec(0.0..1.0f64, 6),
            seed: u64,
        ) {
            let space = space();
            let encoding = Encoding::new(&space);
            let variation = Variation::new(&encoding);
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (mut mother, mut father) = (mother, father);
            encoding.snap(&mut mother);
            encoding.snap(&mut father);
            let mut child = variation.cross(&mother, &father, &mut rng);
            encoding.snap(&mut child);
            prop_assert!(child.iter().all(|u| (0.0..=1.0).contains(u)));
            let before = child.clone();
            variation.mutate(&mut child, &mut rng);
            prop_assert_eq!(encoding.encode(&encoding.decode(&child)).len(), 6);
            prop_assert_eq!(space.check(&encoding.decode(&child)), Ok(()));
            prop_assert_ne!(before, child);
        }

        #[test]
        fn what_both_parents_have_in_common_is_inherited(x in proptest::collection::vec(0.0..1.0f64, 6), seed: u64) {
            let space = space();
            let encoding = Encoding::new(&space);
            let mut x = x;
            encoding.snap(&mut x);
            let mut child = Variation::new(&encoding).cross(&x, &x, &mut ChaCha8Rng::seed_from_u64(seed));
            encoding.snap(&mut child);
            prop_assert_eq!(child, x);
        }

        #[test]
        fn the_operators_stay_within_bounds_and_their_quantiles_ascend(
            u in 0.0..=1.0f64,
            v in 0.0..=1.0f64,
            q in 0.0..0.99f64,
        ) {
            let crossed = |q| blend(u.max(v), u.min(v), q);
            for (low, high) in [(polynomial(u, q), polynomial(u, q + 0.01)), (crossed(q), crossed(q + 0.01))] {
                prop_assert!((0.0..=1.0).contains(&low) && (0.0..=1.0).contains(&high));
                prop_assert!(low <= high + 1e-9);
            }
            prop_assert!((polynomial(u, 0.5) - u).abs() < 1e-9);
        }
    }
}
