//! The tree-structured Parzen estimator.

mod parzen;
mod split;

use super::super::history::{Fit, History, Outcome};
use super::super::problem::Problem;
use super::super::space::Encoding;
use super::ranked_trials::{ranked_trials, vectors};
use super::sobol::sobol_vector;
use super::stream::{Purpose, stream};
use super::{Proposal, ProposalRequest, Sampler, SamplerError, initial_of, one_by_one};
use parzen::Density;
use split::Split;

/// Points that are drawn among the good ones, of which the best is proposed.
const CANDIDATES: usize = 24;
/// Rounds of as many draws, if all of a round were tried.
const ROUNDS: usize = 16;

/// The multivariate, multi-objective tree-structured Parzen estimator: splits the trials into good and bad ones, and
/// estimates the density of each group over the space. It proposes the point with the largest ratio `l(x)/g(x)` of
/// good to bad among some that are drawn from the good (Bergstra et al., "Algorithms for hyper-parameter optimization",
/// NeurIPS 2011; Ozaki et al., "Multiobjective tree-structured Parzen estimator", JAIR 73, 2022; Watanabe, arXiv
/// 2304.11127, 2023). Any number of objectives.
///
/// - **Good** is the best fifth of the finished trials, 25 at most: by rank of non-domination, then, of the rank that
///   does not fit as a whole, those that make up the largest hypervolume together. A good trial weighs as much as it
///   contributes to the hypervolume of the good.
/// - **Bad** are all others: failed trials, so that crashing regions are left, and pending ones, so that workers keep
///   apart (the constant liar); earlier proposals of a batch, too.
/// - **Conditional parameters** are compared among the trials in which they are active.
/// - **Constraints**: trials that keep them rank before those that do not, and among them those within the user's
///   reference point and preferences before those beyond.
///
/// The first trials, until `initial` are known, come from the Sobol sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TpeSampler {
    /// Trials before the densities are used; `2 (d + 1)` for `d` parameters if `None`. Pending, failed and brought ones
    /// count.
    pub initial: Option<usize>,
    /// How many trials there will be in all, if that is known: see [`initial_within`](super::initial_within).
    pub trials: Option<u64>,
}

impl Sampler for TpeSampler {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn initial(&self, problem: &Problem, history: &History) -> Option<usize> {
        Some(self.initial.unwrap_or_else(|| initial_of(problem.space(), self.trials, history)))
    }

    fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError> {
        let &ProposalRequest { problem, history, count, seed } = request;
        let encoding = Encoding::new(problem.space());
        let initial = self.initial.unwrap_or_else(|| initial_of(problem.space(), self.trials, history));
        let known = history.trials().len();
        let Split { good, mut bad } = Split::new(problem, history, ranked_trials(problem, history, &encoding));
        let nothing_good = good.is_empty();
        let good = Density::new(&encoding, &good.iter().map(|(x, weight)| (x.as_slice(), *weight)).collect::<Vec<_>>());
        bad.extend(vectors(history, &encoding, |o| !matches!(o, Outcome::Finished { .. })));
        let mut taken = 0;
        one_by_one(problem, &encoding, history, count, |tried, id| {
            let (x, fit) = if known + taken < initial || nothing_good {
                let fallback = (known + taken >= initial)
                    .then(|| "no trial has finished that could be learned from; took a Sobol point instead".to_owned());
                (sobol_vector(&encoding, tried, id, seed)?, Fit { fallback, ..Fit::by("sobol") })
            } else {
                let observed: Vec<(&[f64], f64)> = bad.iter().map(|x| (x.as_slice(), 1.0)).collect();
                let bad = Density::new(&encoding, &observed);
                let mut rng = stream(seed, id, Purpose::Density);
                let mut round = || {
                    let new = (0..CANDIDATES).map(|_| good.draw(&mut rng)).filter(|x| !tried.contains(x));
                    let ratio = |x: Vec<f64>| (good.log_density(&x) - bad.log_density(&x), x);
                    new.map(ratio).reduce(|best, other| if other.0 > best.0 { other } else { best })
                };
                match (0..ROUNDS).find_map(|_| round()) {
                    Some((ratio, x)) => (x, Fit { acquisition: Some(ratio), ..Fit::by("tpe") }),
                    None => {
                        let reason = "every point drawn had been tried; took a random one instead".to_owned();
                        let x = tried.draw(&mut stream(seed, id, Purpose::Points))?;
                        (x, Fit { fallback: Some(reason), ..Fit::by("random") })
                    }
                }
            };
            taken += 1;
            bad.push(x.clone());
            Ok((x, fit))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::history::{FailureKind, Trial};
    use super::super::super::problem::{Metrics, minimize};
    use super::super::super::space::{Point, Space, choice, float};
    use super::*;
    use crate::optimizer::Seed;

    fn problem() -> Problem {
        let space = Space::new([
            float("rate", 0.0..=1.0),
            choice("optimizer", ["sgd", "adam"]),
            float("momentum", 0.0..=1.0).when("optimizer", ["sgd"]),
        ])
        .unwrap();
        Problem::new(space, [minimize("error"), minimize("energy")]).unwrap()
    }

    /// Thirty Sobol points with these outcomes.
    fn history(outcome: impl Fn(&Point) -> Outcome) -> History {
        let mut history = History::new();
        let all = TpeSampler { initial: Some(30), trials: None }
            .propose(&ProposalRequest::new(&problem(), &history, 30, Seed(4)))
            .unwrap();
        for Proposal { point, fit } in all {
            assert_eq!(fit.rule, "sobol");
            let outcome = outcome(&point);
            history.record(Trial { id: history.next_id(), point, fit: Some(fit), outcome });
        }
        history
    }

    fn finished(error: f64, energy: f64) -> Outcome {
        let metrics = Metrics::from([("error".to_owned(), error), ("energy".to_owned(), energy)]);
        Outcome::Finished { metrics, sd: Metrics::new() }
    }

    /// What twenty studies of different seeds would try next.
    fn proposals(history: &History) -> Vec<Point> {
        let propose = |seed| {
            TpeSampler::default().propose(&ProposalRequest::new(&problem(), history, 1, Seed(seed))).unwrap().remove(0)
        };
        let proposed: Vec<Proposal> = (0..20).map(propose).collect();
        assert!(proposed.iter().all(|p| p.fit.rule == "tpe" && p.fit.acquisition.is_some()));
        proposed.into_iter().map(|p| p.point).collect()
    }

    #[test]
    fn proposes_where_the_good_trials_are_also_along_conditional_parameters() {
        let history = history(|p| {
            let error = p.number("momentum").map_or(2.0, |m| (m - 0.8).abs()) + p.number("rate").unwrap();
            finished(error, error)
        });
        let near =
            |p: &&Point| p.number("momentum").is_some_and(|m| (m - 0.8).abs() < 0.3) && p.number("rate") < Some(0.5);
        let hits = proposals(&history).iter().filter(near).count();
        assert!(hits >= 15, "{hits} of 20");
    }

    #[test]
    fn leaves_regions_that_fail_and_keeps_away_from_pending_trials() {
        let rate = |p: &Point| p.number("rate").unwrap();
        for crowded in [Outcome::Failed(FailureKind::Diverged), Outcome::Pending] {
            let history = history(|p| if rate(p) > 0.5 { crowded.clone() } else { finished(1.0 - rate(p), rate(p)) });
            let inside = proposals(&history).iter().filter(|p| rate(p) > 0.5).count();
            assert!(inside <= 5, "{inside} of 20");
        }
    }

    #[test]
    fn without_a_result_it_falls_back_and_says_so() {
        let history = history(|_| Outcome::Failed(FailureKind::OutOfMemory));
        let proposed =
            TpeSampler::default().propose(&ProposalRequest::new(&problem(), &history, 1, Seed(9))).unwrap().remove(0);
        assert_eq!(proposed.fit.rule, "sobol");
        assert!(proposed.fit.fallback.unwrap().contains("no trial has finished"));
    }
}
