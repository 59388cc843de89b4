//! The search for a point that is allowed, where draws have found none.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::problem::Problem;
use super::super::space::Encoding;
use super::stream::uniform;

/// From so many places the search begins.
const BEGINNINGS: usize = 8;
/// Draws among which each is the least bad.
const DRAWS: usize = 200;
/// Steps from each.
const STEPS: usize = 4000;
/// Steps among what is allowed, so that points found one after another are not neighbours.
const WALK: usize = 200;
/// Powers of ten over which the lengths of steps are spread, from a whole range downwards.
const DECADES: f64 = 9.0;

/// A canonical vector that is allowed and `new`. It is found by steps of all sizes that never lead further away from
/// it, and a walk among what is allowed from there. Or else the requirements and combinations that were still in the
/// way at the best point, in words.
///
/// What is found is spread over the part that is allowed, but not evenly.
pub(super) fn find_allowed(
    problem: &Problem,
    encoding: &Encoding<'_>,
    new: &dyn Fn(&[f64]) -> bool,
    rng: &mut ChaCha8Rng,
) -> Result<Vec<f64>, Vec<String>> {
    let mut nearest: Option<(f64, Vec<f64>)> = None;
    for _ in 0..BEGINNINGS {
        let (mut best, mut x) = (f64::INFINITY, Vec::new());
        for _ in 0..DRAWS {
            let mut drawn = uniform(rng, encoding.len());
            encoding.snap(&mut drawn);
            let distance = distance(problem, encoding, &drawn);
            if distance < best {
                (best, x) = (distance, drawn);
            }
        }
        for _ in 0..STEPS {
            if best == 0.0 || x.is_empty() {
                break;
            }
            let moved = step(encoding, &x, rng);
            let distance = distance(problem, encoding, &moved);
            if distance <= best {
                (best, x) = (distance, moved);
            }
        }
        if best == 0.0 {
            let mut found = new(&x).then(|| x.clone());
            for _ in 0..WALK {
                let moved = step(encoding, &x, rng);
                if distance(problem, encoding, &moved) == 0.0 {
                    x = moved;
                    found = if new(&x) { Some(x.clone()) } else { found };
                }
            }
            if let Some(found) = found {
                return Ok(found);
            }
        }
        if nearest.as_ref().is_none_or(|(least, _)| best < *least) {
            nearest = Some((best, x));
        }
    }
    let point = nearest.map(|(_, x)| encoding.decode(&x)).unwrap_or_default();
    let broken = problem.requirements().iter().filter(|r| !r.holds(&point)).map(|r| format!("`{r}` is broken"));
    let matched = problem
        .forbidden()
        .iter()
        .filter(|f| f.matches(problem.space(), &point))
        .map(|f| format!("[[forbid]] {f} applies"));
    Err(broken.chain(matched).collect())
}

/// How far from being allowed, 0 where it is.
fn distance(problem: &Problem, encoding: &Encoding<'_>, x: &[f64]) -> f64 {
    let point = encoding.decode(x);
    let excess: f64 = problem.requirements().iter().map(|r| r.excess(&point)).sum();
    let matched = problem.forbidden().iter().filter(|f| f.matches(problem.space(), &point)).count();
    let matched = matched as f64;
    excess + matched
}

/// One coordinate, or now and then several, moved by a length of any order of magnitude.
fn step(encoding: &Encoding<'_>, x: &[f64], rng: &mut ChaCha8Rng) -> Vec<f64> {
    let mut moved = x.to_vec();
    let several = rng.random::<f64>() < 0.3;
    let one = rng.random_range(0..moved.len());
    for (i, u) in moved.iter_mut().enumerate() {
        if i != one && !(several && rng.random::<bool>()) {
            continue;
        }
        let length = 10f64.powf(-DECADES * rng.random::<f64>());
        let to = if rng.random::<bool>() { *u + length } else { *u - length };
        // Beyond an end it is anywhere.
        *u = if (0.0..=1.0).contains(&to) { to } else { rng.random() };
    }
    encoding.snap(&mut moved);
    moved
}

#[cfg(test)]
mod tests {
    use super::super::super::problem::{Forbidden, Match};
    use super::super::super::space::{Point, Space, choice, float, int};
    use super::super::{NAMES, ProposalRequest, Sampler, SamplerError, Settings, by_name};
    use super::*;
    use crate::optimizer::Seed;
    use crate::optimizer::history::{History, Outcome, Trial};
    use crate::optimizer::problem::{Metrics, minimize};

    fn problem(requirements: &[&str]) -> Problem {
        let space = Space::new([
            float("a", 0.0..=1.0),
            float("b", 1e-6..=1.0).log(),
            int("n", 1..=100_000).log(),
            choice("kind", ["x", "y"]),
        ])
        .unwrap();
        let problem = Problem::new(space, [minimize("loss")]).unwrap();
        requirements.iter().fold(problem, |p, text| p.require([*text]).unwrap())
    }

    fn run(sampler: &dyn Sampler, problem: &Problem, n: u64) -> Vec<Point> {
        let mut history = History::new();
        for id in 0..n {
            let proposal =
                sampler.propose(&ProposalRequest::new(problem, &history, 1, Seed(id % 2))).unwrap().remove(0);
            let loss = proposal.point.number("a").unwrap() + proposal.point.number("n").unwrap().ln();
            let outcome = Outcome::Finished { metrics: Metrics::from([("loss".to_owned(), loss)]), sd: Metrics::new() };
            history.record(Trial { id: id.into(), point: proposal.point, fit: Some(proposal.fit), outcome });
        }
        history.trials().iter().map(|t| t.point.clone()).collect()
    }

    /// Parts of which one in a million draws and fewer fall into.
    #[test]
    fn a_tiny_part_that_is_allowed_is_found_and_searched() {
        let cases: [&[&str]; 3] = [
            &["abs(a - 0.3) <= 1e-5", "abs(log10(b) + 2) < 1e-3"],
            &["1000 < n * b < 1001", "0.5 <= a + b <= 0.5001"],
            &["n % 317 == 5", "n >= 50000", "a < 1e-6"],
        ];
        for requirements in cases {
            let problem = problem(requirements);
            for name in NAMES.iter().filter(|name| **name != "grid") {
                let settings = Settings { initial: Some(4), population: Some(4), ..Settings::default() };
                let points = run(&*by_name(name, &settings).unwrap(), &problem, 8);
                assert!(points.iter().all(|p| !problem.forbids(p)), "{name}: {requirements:?}");
                assert!((1..8).all(|i| !points[..i].contains(&points[i])), "{name} repeats itself: {requirements:?}");
            }
        }
    }

    #[test]
    fn what_stands_in_the_way_is_named() {
        let problem = problem(&["a <= 0.5", "a * b >= 0.75"]);
        let error = by_name("random", &Settings::default()).unwrap().propose(&ProposalRequest::new(
            &problem,
            &History::new(),
            1,
            Seed(1),
        ));
        let Err(error @ SamplerError::NothingAllowed { .. }) = error else { panic!("{error:?}") };
        assert!(error.to_string().contains("`a * b >= 0.75` is broken"), "{error}");
    }

    #[test]
    fn forbidden_combinations_count_as_well() {
        let problem = problem(&["a > 0.9999"])
            .forbid([Forbidden {
                clauses: vec![
                    ("kind".to_owned(), Match::Values(vec!["x".into()])),
                    ("b".to_owned(), Match::above(1e-5)),
                ],
            }])
            .unwrap();
        let problem = problem.forbid([Forbidden::new([("n", Match::above(2.0))])]).unwrap();
        let points = run(&*by_name("random", &Settings::default()).unwrap(), &problem, 4);
        assert!(points.iter().all(|p| !problem.forbids(p)));
    }
}
