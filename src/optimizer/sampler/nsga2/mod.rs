//! The evolutionary algorithm NSGA-II, one child at a time.

mod variation;

use std::cmp::Ordering;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::super::history::{Fit, History};
use super::super::pareto::crowding_distances;
use super::super::problem::Problem;
use super::super::space::Encoding;
use super::ranked_trials::{RankedTrial, ranked_trials};
use super::sobol::sobol_vector;
use super::stream::{Purpose, stream};
use super::tried::Tried;
use super::{Proposal, ProposalRequest, Sampler, SamplerError, one_by_one};
use variation::Variation;

/// Members of the population where the settings do not say.
const POPULATION: usize = 20;
/// Fewest members: a child needs two parents.
const FEWEST: usize = 2;
/// Children of a trial before it gets a random point instead, because all of them were tried.
const CHILDREN: usize = 32;

/// NSGA-II (Deb et al., "A fast and elitist multiobjective genetic algorithm: NSGA-II", IEEE Trans. Evol. Comput. 6(2),
/// 2002) in its steady-state form (Durillo et al., "On the effect of the steady-state selection scheme in
/// multi-objective genetic algorithms", EMO 2009): every trial is a generation of its own. Any number of objectives.
///
/// The population of a trial is the best [`population`](Self::population) of *all* finished trials, whoever proposed
/// them: by rank, then by crowding distance within the last rank that fits. So it follows from the history alone,
/// pending trials hold nothing up, failed ones die out, and points that the user brought breed. Two binary tournaments
/// choose parents, whose child comes from simulated binary crossover and polynomial mutation; choices without order are
/// inherited whole and mutate to any other. A child that was tried mutates again.
///
/// The first trials, until `initial` are known, come from the Sobol sequence. Trials that keep the constraints rank
/// before those that do not. Among them those within the user's reference point, constraints and preferences rank
/// before those beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Nsga2Sampler {
    /// Members of the population, at least 2; 20 if `None`.
    pub population: Option<usize>,
    /// Trials of the Sobol sequence before the first child; as many as the population has members if `None`. Pending,
    /// failed and brought ones count.
    pub initial: Option<usize>,
}

impl Sampler for Nsga2Sampler {
    fn name(&self) -> &'static str {
        "nsga2"
    }

    fn initial(&self, _: &Problem, _: &History) -> Option<usize> {
        Some(self.initial.unwrap_or(self.population.unwrap_or(POPULATION).max(FEWEST)))
    }

    fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError> {
        let &ProposalRequest { problem, history, count, seed } = request;
        let encoding = Encoding::new(problem.space());
        let size = self.population.unwrap_or(POPULATION).max(FEWEST);
        let initial = self.initial.unwrap_or(size);
        let known = history.trials().len();
        let population = Population::new(ranked_trials(problem, history, &encoding), size);
        let variation = Variation::new(&encoding);
        let mut taken = 0;
        one_by_one(problem, &encoding, history, count, |tried, id| {
            let (x, rule, fallback) = if known + taken < initial {
                (sobol_vector(&encoding, tried, id, seed)?, "sobol", None)
            } else if population.members.len() < FEWEST {
                let reason = "fewer than two trials have finished; took a Sobol point instead";
                (sobol_vector(&encoding, tried, id, seed)?, "sobol", Some(reason.to_owned()))
            } else {
                let mut rng = stream(seed, id, Purpose::Variation);
                match population.child(&variation, tried, &mut rng) {
                    Some(x) => (x, "nsga2", None),
                    None => {
                        let reason = format!("{CHILDREN} children had all been tried; took a random point instead");
                        (tried.draw(&mut stream(seed, id, Purpose::Points))?, "random", Some(reason))
                    }
                }
            };
            taken += 1;
            Ok((x, Fit { fallback, ..Fit::by(rule) }))
        })
    }
}

/// The trials that breed.
struct Population {
    members: Vec<Member>,
}

struct Member {
    x: Vec<f64>,
    rank: usize,
    crowding: f64,
}

impl Population {
    /// The best `size` trials; of the last rank that does not fit as a whole the loneliest, ties in favour of older
    /// ones.
    fn new(mut ranked_trials: Vec<RankedTrial>, size: usize) -> Self {
        ranked_trials.sort_by_key(|s| s.rank);
        let mut members: Vec<Member> = Vec::with_capacity(size);
        for front in ranked_trials.chunk_by(|a, b| a.rank == b.rank) {
            let room = size - members.len();
            if room == 0 {
                break;
            }
            let mut kept: Vec<&RankedTrial> = front.iter().collect();
            if front.len() > room {
                let losses: Vec<&[f64]> = front.iter().map(|s| s.losses.as_slice()).collect();
                let crowding = crowding_distances(&losses);
                let mut order: Vec<usize> = (0..front.len()).collect();
                order.sort_by(|&a, &b| crowding[b].total_cmp(&crowding[a]));
                kept = order.into_iter().take(room).map(|i| &front[i]).collect();
            }
            let losses: Vec<&[f64]> = kept.iter().map(|s| s.losses.as_slice()).collect();
            let crowding = crowding_distances(&losses);
            let member = |(s, crowding): (&&RankedTrial, f64)| Member { x: s.x.clone(), rank: s.rank, crowding };
            members.extend(kept.iter().zip(crowding).map(member));
        }
        Self { members }
    }

    /// The winner of a binary tournament (the crowded-comparison operator, section III-B).
    fn parent(&self, rng: &mut ChaCha8Rng) -> &Member {
        let (a, b) = (self.any(rng), self.any(rng));
        match a.rank.cmp(&b.rank).then(b.crowding.total_cmp(&a.crowding)) {
            Ordering::Greater => b,
            Ordering::Less | Ordering::Equal => a,
        }
    }

    fn any(&self, rng: &mut ChaCha8Rng) -> &Member {
        &self.members[rng.random_range(0..self.members.len())]
    }

    /// A new child of two parents, or `None` if all children were tried.
    fn child(&self, variation: &Variation<'_>, tried: &Tried<'_>, rng: &mut ChaCha8Rng) -> Option<Vec<f64>> {
        let mut child = || {
            let (mother, father) = (self.parent(rng), self.parent(rng));
            let mut child = variation.cross(&mother.x, &father.x, rng);
            variation.mutate(&mut child, rng);
            // Once more, for parents that are alike.
            if tried.contains(&child) {
                variation.mutate(&mut child, rng);
            }
            child
        };
        (0..CHILDREN).map(|_| child()).find(|x| !tried.contains(x))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::history::{FailureKind, Outcome, Trial, TrialId};
    use super::super::super::problem::{Metrics, minimize};
    use super::super::super::space::{Point, Space, float};
    use super::*;
    use crate::optimizer::Seed;

    fn problem() -> Problem {
        let space = Space::new([float("x", 0.0..=1.0), float("y", 0.0..=1.0)]).unwrap();
        Problem::new(space, [minimize("a"), minimize("b")]).unwrap()
    }

    fn finished(a: f64, b: f64) -> Outcome {
        let metrics = Metrics::from([("a".to_owned(), a), ("b".to_owned(), b)]);
        Outcome::Finished { metrics, sd: Metrics::new() }
    }

    fn history(n: u32, outcome: impl Fn(f64, f64) -> Outcome) -> History {
        let mut history = History::new();
        for i in 0..n {
            let (x, y) = (f64::from(i) / f64::from(n), f64::from(7 * i % n) / f64::from(n));
            let trial = Trial {
                id: TrialId(i.into()),
                point: Point::from_iter([("x", x), ("y", y)]),
                fit: None,
                outcome: outcome(x, y),
            };
            history.record(trial);
        }
        history
    }

    #[test]
    fn the_population_is_the_best_ranks_and_the_loneliest_of_the_last() {
        let standing = |rank, a: f64| RankedTrial { x: vec![a], losses: vec![a, -a], rank, wanted: true };
        let ranked_trials = vec![
            standing(1, 9.0),
            standing(0, 5.0),
            standing(1, 0.0),
            standing(1, 1.0),
            standing(1, 5.0),
            standing(2, 0.0),
        ];
        let population = Population::new(ranked_trials, 4);
        let mut kept: Vec<(usize, f64)> = population.members.iter().map(|m| (m.rank, m.x[0])).collect();
        kept.sort_by(|a, b| a.partial_cmp(b).unwrap());
        assert_eq!(kept, [(0, 5.0), (1, 0.0), (1, 5.0), (1, 9.0)]);
    }

    #[test]
    fn children_resemble_the_best_trials() {
        // The front is the edge y = 0.
        let history = history(40, |x, y| finished(x + y, 1.0 - x + y));
        let children = Nsga2Sampler { population: Some(8), initial: None }.propose(&ProposalRequest::new(
            &problem(),
            &history,
            20,
            Seed(2),
        ));
        let children = children.unwrap();
        assert!(children.iter().all(|p| p.fit.rule == "nsga2"));
        let low = children.iter().filter(|p| p.point.number("y") < Some(0.4)).count();
        assert!(low >= 15, "{low} of 20");
    }

    #[test]
    fn fewer_than_two_parents_have_no_child() {
        let failed = |x: f64, _| if x == 0.0 { finished(1.0, 1.0) } else { Outcome::Failed(FailureKind::Exit) };
        let proposal = Nsga2Sampler::default()
            .propose(&ProposalRequest::new(&problem(), &history(30, failed), 1, Seed(2)))
            .unwrap()
            .remove(0);
        assert_eq!(proposal.fit.rule, "sobol");
        assert!(proposal.fit.fallback.unwrap().contains("fewer than two"));
    }
}
