//! The tree-structured Parzen estimator.

mod parzen;
mod split;

use super::super::Seed;
use super::super::history::{Fit, History, Outcome};
use super::super::problem::Problem;
use super::super::space::Encoding;
use super::sobol::sobol_vector;
use super::standing::{standings, vectors};
use super::stream::{Purpose, stream};
use super::tried::Tried;
use super::{Proposal, Sampler, SamplerError, collect, default_initial};
use parzen::Density;
use split::Split;

/// Points that are drawn among the good ones, of which the best is proposed.
const CANDIDATES: usize = 24;
/// Rounds of as many draws, if all of a round were tried.
const ROUNDS: usize = 16;

/// The multivariate, multi-objective tree-structured Parzen estimator: splits the trials into good and bad ones, estimates
/// the density of each group over the space, and proposes the point with the largest ratio `l(x)/g(x)` of good to bad among
/// some that are drawn from the good (Bergstra et al., "Algorithms for hyper-parameter optimization", NeurIPS 2011; Ozaki et
/// al., "Multiobjective tree-structured Parzen estimator", JAIR 73, 2022; Watanabe, arXiv 2304.11127, 2023). Any number of
/// objectives.
///
/// - **Good** is the best tenth of the finished trials, 25 at most: by rank of non-domination, then, of the rank that does not
///   fit as a whole, those that make up the largest hypervolume together. A good trial weighs as much as it contributes to the
///   hypervolume of the good.
/// - **Bad** are all others: failed trials, so that crashing regions are left, and pending ones, so that workers keep apart
///   (the constant liar); earlier proposals of a batch, too.
/// - **Conditional parameters** are compared among the trials in which they are active.
/// - **Constraints**: trials that keep them rank before those that do not, and among them those within the user's reference
///   point and preferences before those beyond.
///
/// The first trials, until `initial` are known, come from the Sobol sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TpeSampler {
    /// Trials before the densities are used; `2 (d + 1)` for `d` parameters if `None`. Pending, failed and brought ones
    /// count.
    pub initial: Option<usize>,
}

impl Sampler for TpeSampler {
    fn name(&self) -> &'static str {
        "tpe"
    }

    fn propose(
        &self,
        problem: &Problem,
        history: &History,
        count: usize,
        seed: Seed,
    ) -> Result<Vec<Proposal>, SamplerError> {
        let encoding = Encoding::new(problem.space());
        let mut tried = Tried::new(problem, &encoding, history);
        let initial = self.initial.unwrap_or_else(|| default_initial(problem.space()));
        let known = history.trials().len();
        let split = Split::new(problem, history, standings(problem, history, &encoding));
        let good = Density::new(&encoding, &split.good());
        let mut bad = split.bad();
        bad.extend(vectors(history, &encoding, |o| !matches!(o, Outcome::Finished { .. })));
        let mut taken = 0;
        collect(history.next_id(), count, |id| {
            let (x, fit) = if known + taken < initial || split.is_empty() {
                let fallback = (known + taken >= initial)
                    .then(|| "no trial has finished that could be learned from; took a Sobol point instead".to_owned());
                (
                    sobol_vector(&encoding, &tried, id, seed)?,
                    Fit { rule: "sobol".to_owned(), fallback, ..Fit::default() },
                )
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
                    Some((ratio, x)) => (x, Fit { rule: "tpe".to_owned(), acquisition: Some(ratio), ..Fit::default() }),
                    None => {
                        let reason = "every point drawn had been tried; took a random one instead".to_owned();
                        let x = tried.draw(&mut stream(seed, id, Purpose::Points))?;
                        (x, Fit { rule: "random".to_owned(), fallback: Some(reason), ..Fit::default() })
                    }
                }
            };
            taken += 1;
            tried.insert(&x);
            bad.push(x.clone());
            Ok(Proposal { point: encoding.decode(&x), fit })
        })
    }
}
