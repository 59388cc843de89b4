//! Random search.

use super::super::history::Fit;
use super::super::space::Encoding;
use super::stream::{Purpose, stream};
use super::{Proposal, ProposalRequest, Sampler, SamplerError, one_by_one};

/// Independent draws, uniform over the encoded space; a point that was tried is drawn again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RandomSampler;

impl Sampler for RandomSampler {
    fn name(&self) -> &'static str {
        "random"
    }

    fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError> {
        let &ProposalRequest { problem, history, count, seed } = request;
        let encoding = Encoding::new(problem.space());
        one_by_one(problem, &encoding, history, count, |tried, id| {
            Ok((tried.draw(&mut stream(seed, id, Purpose::Points))?, Fit::by("random")))
        })
    }
}
