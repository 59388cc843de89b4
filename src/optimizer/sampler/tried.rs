//! What must not be proposed again.

use std::collections::HashSet;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::history::History;
use super::super::problem::Problem;
use super::super::space::Encoding;
use super::SamplerError;
use super::repair::find_allowed;
use super::stream::uniform;

/// Largest space that is searched point by point when draws find nothing new.
const ENUMERABLE: u64 = 1 << 16;
/// Draws before that.
const DRAWS: usize = 128;

/// All points that were tried, are pending, failed, are to be avoided or are forbidden, in canonical coordinates.
#[derive(Debug)]
pub(super) struct Tried<'a> {
    problem: &'a Problem,
    encoding: &'a Encoding<'a>,
    keys: HashSet<Vec<u64>>,
}

impl<'a> Tried<'a> {
    /// Everything in the history.
    pub(super) fn new(problem: &'a Problem, encoding: &'a Encoding<'a>, history: &History) -> Self {
        let points = history.trials().iter().map(|t| &t.point).chain(history.avoided());
        let keys = points.map(|point| encoding.key(&encoding.encode(point))).collect();
        Self { problem, encoding, keys }
    }

    /// Whether a canonical vector was tried or is forbidden.
    pub(super) fn contains(&self, x: &[f64]) -> bool {
        let forbidden = self.problem.is_restricted() && self.problem.forbids(&self.encoding.decode(x));
        forbidden || self.has_seen(x)
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
        Some(points.iter().map(|p| self.encoding.encode(p)).filter(|x| !self.contains(x)).collect())
    }

    /// A new canonical vector, uniform over the cube; in a finite space that is nearly used up, uniform over what is left.
    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Result<Vec<f64>, SamplerError> {
        let draw = |rng: &mut ChaCha8Rng| {
            let mut x = uniform(rng, self.encoding.len());
            self.encoding.snap(&mut x);
            (!self.contains(&x)).then_some(x)
        };
        if let Some(x) = (0..DRAWS).find_map(|_| draw(rng)) {
            return Ok(x);
        }
        match self.untried() {
            Some(left) if left.is_empty() => Err(SamplerError::Exhausted),
            Some(mut left) => Ok(left.swap_remove(rng.random_range(0..left.len()))),
            None => (0..100 * DRAWS).find_map(|_| draw(rng)).map_or_else(
                || {
                    let new = |x: &[f64]| !self.contains(x);
                    let found = find_allowed(self.problem, self.encoding, &new, rng);
                    found.map_err(|obstacles| SamplerError::NothingAllowed { draws: 100 * DRAWS, obstacles })
                },
                Ok,
            ),
        }
    }
}
