//! Grid search.

use std::iter::once;

use super::super::history::Fit;
use super::super::space::{CoordinateKind, Domain, Encoding};
use super::stream::{Purpose, SobolSequence, stream, uniform};
use super::{Proposal, ProposalRequest, Sampler, SamplerError, one_by_one};

/// Values per range where the settings do not say.
const LEVELS: usize = 5;
/// Fewest values per range: both ends.
const FEWEST: usize = 2;
/// Most values per range: finer ones are nobody's grid.
const MOST: usize = 1000;
/// Random points of the grid that are looked at before it is searched in order.
const DRAWS: usize = 128;
/// Points that this search visits, so that it ends also where nearly all of a huge grid is forbidden.
const VISITS: u64 = 1 << 22;

/// Every combination of a few values per parameter, each once.
///
/// A range (float or int, stepped or not) gets at most [`levels`](Self::levels) values, evenly spread on its scale,
/// both ends among them; a choice keeps all its values. A parameter multiplies only where it is active. When every
/// combination was tried, the sampler is [exhausted](SamplerError::Exhausted).
///
/// Grids are seldom finished, so the order makes parts of them useful: trial `id` gets the grid point nearest to the
/// `id`-th point of a scrambled Sobol sequence. That spreads any number of trials evenly over all parameters at once,
/// instead of varying one and leaving the others at their first values. Where that was tried, a random untried one
/// takes its place. In a grid that is nearly used up it is the next one in the order of an odometer. The grid is never
/// held in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GridSampler {
    /// Values per range, from 2 to 1000 (others count as the nearest of these); 5 if `None`.
    pub levels: Option<usize>,
}

impl GridSampler {
    /// Values per range where the settings do not say.
    pub const LEVELS: usize = LEVELS;
}

impl Sampler for GridSampler {
    fn name(&self) -> &'static str {
        "grid"
    }

    fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError> {
        let &ProposalRequest { problem, history, count, seed } = request;
        let encoding = Encoding::new(problem.space());
        let grid = Grid::new(&encoding, self.levels.unwrap_or(LEVELS).clamp(FEWEST, MOST));
        let sequence = SobolSequence::new(&mut stream(seed, 0, Purpose::Scramble));
        one_by_one(problem, &encoding, history, count, |tried, id| {
            let mut rng = stream(seed, id, Purpose::Points);
            // A grid is to be tried whole.
            let new = |x: &[f64]| !tried.excludes(x);
            let from = grid.nearest(&sequence.point(id, encoding.len()));
            let draws = (0..DRAWS).map(|_| grid.nearest(&uniform(&mut rng, encoding.len())));
            let found = once(from.clone()).chain(draws).map(|digits| grid.vector(&digits).0).find(|x| new(x));
            let x = found.or_else(|| grid.next_new(&from, &new)).ok_or(SamplerError::Exhausted)?;
            Ok((x, Fit::by("grid")))
        })
    }
}

/// The values of each parameter on the grid, as canonical coordinates in ascending order.
#[derive(Debug)]
struct Grid<'a> {
    encoding: &'a Encoding<'a>,
    values: Vec<Vec<f64>>,
}

impl<'a> Grid<'a> {
    fn new(encoding: &'a Encoding<'a>, levels: usize) -> Self {
        let spread = |k: usize| k as f64 / (levels - 1) as f64;
        let values = |(i, parameter): (usize, &super::super::space::Parameter)| match encoding.kind(i) {
            CoordinateKind::Continuous => (0..levels).map(spread).collect(),
            CoordinateKind::Ordered(n) | CoordinateKind::Unordered(n) => {
                let all = matches!(parameter.domain, Domain::Choice { .. }) || n <= levels as u64;
                let mut chosen: Vec<u64> =
                    if all { (0..n).collect() } else { (0..levels).map(|k| encoding.level(i, spread(k))).collect() };
                chosen.dedup();
                chosen.into_iter().map(|k| encoding.centre(i, k)).collect()
            }
        };
        Self { encoding, values: encoding.space().parameters().iter().enumerate().map(values).collect() }
    }

    /// The grid point in whose cell a vector of the cube lies, one digit per parameter: cells are of equal width.
    fn nearest(&self, x: &[f64]) -> Vec<usize> {
        let digit = |(u, values): (&f64, &Vec<f64>)| ((u * values.len() as f64) as usize).min(values.len() - 1);
        x.iter().zip(&self.values).map(digit).collect()
    }

    /// The canonical vector of some digits, and which parameters are active there.
    fn vector(&self, digits: &[usize]) -> (Vec<f64>, Vec<bool>) {
        let mut x: Vec<f64> = digits.iter().zip(&self.values).map(|(&k, values)| values[k]).collect();
        let active = self.encoding.snap(&mut x);
        (x, active)
    }

    /// The first new vector from these digits on and around; `None` if there is none.
    fn next_new(&self, from: &[usize], new: &dyn Fn(&[f64]) -> bool) -> Option<Vec<f64>> {
        let order = self.encoding.space().dependency_order();
        // Inactive wheels stand at 0, so that no point is met twice.
        let (mut x, mut active) = self.vector(from);
        let mut digits: Vec<usize> = from.iter().zip(&active).map(|(&k, active)| if *active { k } else { 0 }).collect();
        let start = digits.clone();
        for _ in 0..VISITS {
            if new(&x) {
                return Some(x);
            }
            // The wheels of parameters that depend on others turn first, so they are back at 0 when they go out of use.
            for &i in order.iter().rev().filter(|i| active[**i]) {
                digits[i] += 1;
                if digits[i] < self.values[i].len() {
                    break;
                }
                digits[i] = 0;
            }
            if digits == start {
                break;
            }
            (x, active) = self.vector(&digits);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::history::{Outcome, Trial, TrialId};
    use super::super::super::space::{Point, Space, choice, float, int};
    use super::*;
    use crate::optimizer::Seed;
    use crate::optimizer::history::History;
    use crate::optimizer::problem::Problem;
    use crate::optimizer::problem::minimize;

    fn propose(space: &Space, history: &History, levels: usize, count: usize) -> Result<Vec<Point>, SamplerError> {
        let problem = Problem::new(space.clone(), [minimize("energy")]).unwrap();
        let sampler = GridSampler { levels: Some(levels) };
        Ok(sampler
            .propose(&ProposalRequest::new(&problem, history, count, Seed(3)))?
            .into_iter()
            .map(|p| p.point)
            .collect())
    }

    fn values(points: &[Point], name: &str) -> Vec<f64> {
        let mut values: Vec<f64> = points.iter().filter_map(|p| p.number(name)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    }

    #[test]
    fn ranges_are_thinned_to_their_ends_and_even_steps_between_and_choices_are_not() {
        let space = Space::new([
            float("rate", 1e-4..=1.0).log(),
            int("width", 0..=100),
            int("layers", 1..=2),
            choice("batch", [1, 2, 3, 4, 5, 6, 7]),
        ])
        .unwrap();
        let points = propose(&space, &History::new(), 3, 1000).unwrap();
        assert_eq!(points.len(), 3 * 3 * 2 * 7);
        let rates = values(&points, "rate");
        assert!(rates.iter().zip([1e-4, 1e-2, 1.0]).all(|(a, b)| (a / b - 1.0).abs() < 1e-12), "{rates:?}");
        assert_eq!(values(&points, "width"), [0.0, 50.0, 100.0]);
        assert_eq!(values(&points, "batch").len(), 7);
    }

    #[test]
    fn parameters_multiply_only_where_they_are_active() {
        let space = Space::new([
            float("momentum", 0.0..=0.9).when("optimizer", ["sgd"]),
            choice("optimizer", ["sgd", "adam", "lion"]),
            choice("nesterov", [true, false]).when("optimizer", ["sgd"]).when("momentum", [0.9]),
        ])
        .unwrap();
        let points = propose(&space, &History::new(), 4, 1000).unwrap();
        assert_eq!(points.len(), 2 + 3 + 2);
        assert!(points.iter().enumerate().all(|(i, p)| space.check(p).is_ok() && !points[..i].contains(p)));
        let mut history = History::new();
        for point in points {
            history.record(Trial { id: history.next_id(), point, fit: None, outcome: Outcome::Pending });
        }
        assert_eq!(propose(&space, &history, 4, 1), Err(SamplerError::Exhausted));
        let given_up = history.remove(TrialId(4)).unwrap().point;
        assert_eq!(propose(&space, &history, 4, 9), Ok(vec![given_up]));
    }

    #[test]
    fn the_first_points_of_a_huge_grid_are_spread_over_all_parameters() {
        let names: Vec<String> = (0..20).map(|i| format!("x{i}")).collect();
        let space = Space::new(names.iter().map(|name| float(name, 0.0..=1.0))).unwrap();
        let points = propose(&space, &History::new(), 4, 32).unwrap();
        for name in names {
            let count = |value: f64| points.iter().filter(|p| p.number(&name) == Some(value)).count();
            assert_eq!([count(0.0), count(1.0)], [8, 8], "{name}");
        }
    }
}
