//! What must not be proposed again: duplicates, and what is next to a failure.

use std::collections::HashSet;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::history::{History, Outcome};
use super::super::problem::Problem;
use super::super::space::{CoordinateKind, Encoding};
use super::SamplerError;
use super::repair::find_allowed;
use super::stream::uniform;

/// Largest space that is searched point by point when draws find nothing new.
const ENUMERABLE: u64 = 1 << 16;
/// Draws before that.
const DRAWS: usize = 128;

/// In encoded units: what lies nearer to a failure, along every coordinate, is as good as the same.
const SAME: f64 = 1e-3;

/// All points that were tried, are pending, failed, are to be avoided or are forbidden, in canonical coordinates.
#[derive(Debug)]
pub(super) struct Tried<'a> {
    problem: &'a Problem,
    encoding: &'a Encoding<'a>,
    keys: HashSet<Vec<u64>>,
    /// What failed.
    failed: Vec<Vec<f64>>,
}

impl<'a> Tried<'a> {
    /// Everything in the history.
    pub(super) fn new(problem: &'a Problem, encoding: &'a Encoding<'a>, history: &History) -> Self {
        let points = history.trials().iter().map(|t| &t.point).chain(history.avoided());
        let keys = points.map(|point| encoding.key(&encoding.encode(point))).collect();
        let failed = history.trials().iter().filter(|t| matches!(t.outcome, Outcome::Failed(_)));
        Self { problem, encoding, keys, failed: failed.map(|t| encoding.encode(&t.point)).collect() }
    }

    /// Whether a canonical vector was tried or is forbidden, or is next to a failure.
    pub(super) fn contains(&self, x: &[f64]) -> bool {
        self.excludes(x) || self.failed.iter().any(|failed| self.is_next_to(x, failed))
    }

    /// Whether two vectors differ by nothing that could make a difference to a failure: by a trifle along ordered coordinates.
    fn is_next_to(&self, x: &[f64], failed: &[f64]) -> bool {
        x.iter().zip(failed).enumerate().all(|(i, (a, b))| match self.encoding.kind(i) {
            CoordinateKind::Continuous | CoordinateKind::Ordered(_) => (a - b).abs() < SAME,
            CoordinateKind::Unordered(_) => a == b,
        })
    }

    /// Whether a canonical vector itself was tried or is forbidden.
    pub(super) fn excludes(&self, x: &[f64]) -> bool {
        self.has_seen(x) || (self.problem.is_restricted() && self.problem.forbids(&self.encoding.decode(x)))
    }

    /// Whether a canonical vector was tried, whatever is forbidden.
    pub(super) fn has_seen(&self, x: &[f64]) -> bool {
        self.keys.contains(&self.encoding.key(x))
    }

    /// Adds a canonical vector. Returns whether it was new.
    pub(super) fn insert(&mut self, x: &[f64]) -> bool {
        self.keys.insert(self.encoding.key(x))
    }

    /// All vectors of a finite space that were not tried, or `None` if the space is too large for a list.
    pub(super) fn untried(&self) -> Option<Vec<Vec<f64>>> {
        let points = self.encoding.space().points(ENUMERABLE)?;
        Some(points.iter().map(|p| self.encoding.encode(p)).filter(|x| !self.excludes(x)).collect())
    }

    /// A new canonical vector, uniform over the cube, and next to no failure if that can be had; in a finite space that is nearly used
    /// up, uniform over what is left.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Result<Vec<f64>, SamplerError> {
        let draw = |rng: &mut ChaCha8Rng| {
            let mut x = uniform(rng, self.encoding.len());
            self.encoding.snap(&mut x);
            (!self.contains(&x)).then_some(x)
        };
        if let Some(x) = (0..DRAWS).find_map(|_| draw(rng)) {
            return Ok(x);
        }
        // What is next to a failure is better than nothing.
        let draw_any = |rng: &mut ChaCha8Rng| {
            let mut x = uniform(rng, self.encoding.len());
            self.encoding.snap(&mut x);
            (!self.excludes(&x)).then_some(x)
        };
        match self.untried() {
            Some(left) if left.is_empty() => Err(SamplerError::Exhausted),
            Some(mut left) => Ok(left.swap_remove(rng.random_range(0..left.len()))),
            None => (0..100 * DRAWS).find_map(|_| draw_any(rng)).map_or_else(
                || {
                    let new = |x: &[f64]| !self.excludes(x);
                    let found = find_allowed(self.problem, self.encoding, &new, rng);
                    found.map_err(|obstacles| SamplerError::NothingAllowed { draws: 100 * DRAWS, obstacles })
                },
                Ok,
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::history::{FailureKind, Trial, TrialId};
    use super::super::super::space::{Point, Space, Value, choice, float, int};
    use super::*;

    fn space() -> Space {
        Space::new([
            float("lr", 1e-5..=1e-1).log(),
            int("w", 1..=100_000),
            int("n", 1..=3),
            choice("optimizer", ["sgd", "adam"]),
        ])
        .unwrap()
    }

    fn point(lr: f64, w: i64, n: i64, optimizer: &str) -> Point {
        let values = [("lr", Value::from(lr)), ("w", Value::from(w)), ("n", Value::from(n))];
        values.into_iter().chain([("optimizer", Value::from(optimizer))]).collect()
    }

    fn tried(problem: &Problem, outcome: Outcome, at: &Point) -> bool {
        let mut history = History::new();
        history.record(Trial { id: TrialId(0), point: point(0.1, 50_000, 2, "sgd"), fit: None, outcome });
        let encoding = Encoding::new(problem.space());
        Tried::new(problem, &encoding, &history).contains(&encoding.encode(at))
    }

    #[test]
    fn what_is_next_to_a_failure_is_as_good_as_the_same() {
        let problem = Problem::unchecked(space(), Vec::new());
        let failed = || Outcome::Failed(FailureKind::OutOfMemory);
        for near in
            [point(0.1, 50_000, 2, "sgd"), point(0.099_999_99, 50_000, 2, "sgd"), point(0.0995, 50_040, 2, "sgd")]
        {
            assert!(tried(&problem, failed(), &near), "{near:?}");
        }
        let others =
            [(0.09, 50_000, 2, "sgd"), (0.1, 51_000, 2, "sgd"), (0.1, 50_000, 3, "sgd"), (0.1, 50_000, 2, "adam")];
        for (lr, w, n, optimizer) in others {
            assert!(!tried(&problem, failed(), &point(lr, w, n, optimizer)));
        }
        // What gave a result may be looked at more closely.
        assert!(!tried(&problem, Outcome::Pending, &point(0.0995, 50_040, 2, "sgd")));
    }

    /// Failures crowd a space, and still something is left to try: next to one of them.
    #[test]
    fn nothing_but_neighbours_of_failures_is_better_than_nothing() {
        let narrow = Problem::unchecked(Space::new([float("x", 0.0..=1.0)]).unwrap(), Vec::new());
        let narrow = narrow.require(["abs(x - 0.3) <= 4e-4"]).unwrap();
        let crowded = Problem::unchecked(Space::new([int("n", 1..=100_000)]).unwrap(), Vec::new());
        let at = |name: &str, value: Value| Point::from_iter([(name, value)]);
        let on_narrow = vec![at("x", Value::from(0.3))];
        let on_crowded = (0..1000i64).map(|k| at("n", Value::from(1 + 100 * k))).collect();
        for (problem, failures) in [(narrow, on_narrow), (crowded, on_crowded)] {
            let mut history = History::new();
            for (id, point) in failures.into_iter().enumerate() {
                history.record(Trial {
                    id: TrialId(id as u64),
                    point,
                    fit: None,
                    outcome: Outcome::Failed(FailureKind::Exit),
                });
            }
            let encoding = Encoding::new(problem.space());
            let tried = Tried::new(&problem, &encoding, &history);
            let purpose = super::super::stream::Purpose::Points;
            let found =
                tried.draw(&mut super::super::stream::stream(super::super::super::Seed(1), 0, purpose)).unwrap();
            assert!(!tried.excludes(&found) && tried.contains(&found));
        }
    }

    #[test]
    fn a_finite_space_is_tried_to_its_end_all_the_same() {
        let problem = Problem::unchecked(Space::new([int("w", 1..=5000)]).unwrap(), Vec::new());
        let mut history = History::new();
        for (id, w) in (1..=5000i64).filter(|w| *w != 2501).enumerate() {
            let point = Point::from_iter([("w", Value::from(w))]);
            history.record(Trial {
                id: TrialId(id as u64),
                point,
                fit: None,
                outcome: Outcome::Failed(FailureKind::Exit),
            });
        }
        let encoding = Encoding::new(problem.space());
        let mut tried = Tried::new(&problem, &encoding, &history);
        let mut rng =
            super::super::stream::stream(super::super::super::Seed(1), 0, super::super::stream::Purpose::Points);
        let last = tried.draw(&mut rng).unwrap();
        assert_eq!(encoding.decode(&last).number("w"), Some(2501.0));
        tried.insert(&last);
        assert_eq!(tried.draw(&mut rng), Err(SamplerError::Exhausted));
    }
}
