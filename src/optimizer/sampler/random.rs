//! Random search.

use super::super::Seed;
use super::super::history::{Fit, History};
use super::super::problem::Problem;
use super::super::space::Encoding;
use super::stream::{Purpose, stream};
use super::{Proposal, Sampler, SamplerError, one_by_one};

/// Independent draws, uniform over the encoded space; a point that was tried is drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RandomSampler;

impl Sampler for RandomSampler {
    fn name(&self) -> &'static str {
        "random"
    }

    fn propose(
        &self,
        problem: &Problem,
        history: &History,
        count: usize,
        seed: Seed,
    ) -> Result<Vec<Proposal>, SamplerError> {
        let encoding = Encoding::new(problem.space());
        one_by_one(problem, &encoding, history, count, |tried, id| {
            Ok((tried.draw(&mut stream(seed, id, Purpose::Points))?, Fit::by("random")))
        })
    }
}
