//! Quasi-random search.

use super::super::Seed;
use super::super::history::Fit;
use super::super::space::Encoding;
use super::stream::{Purpose, SOBOL_LENGTH, SobolSequence, stream};
use super::tried::Tried;
use super::{Proposal, ProposalRequest, Sampler, SamplerError, one_by_one};

/// Sequences that are asked for a trial's point before one is drawn at random.
const TURNS: u64 = 64;

/// An Owen-scrambled Sobol sequence (Burley, "Practical hash-based Owen scrambling", JCGT 9(4), 2020): trial `id` gets the
/// `id`-th point. Where that was tried already, as happens with discrete parameters, or is forbidden, the point of another such
/// sequence takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SobolSampler;

impl Sampler for SobolSampler {
    fn name(&self) -> &'static str {
        "sobol"
    }

    fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError> {
        let &ProposalRequest { problem, history, count, seed } = request;
        let encoding = Encoding::new(problem.space());
        one_by_one(problem, &encoding, history, count, |tried, id| {
            Ok((sobol_vector(&encoding, tried, id, seed)?, Fit::by("sobol")))
        })
    }
}

/// The canonical vector that [`SobolSampler`] proposes for a trial.
pub(super) fn sobol_vector(
    encoding: &Encoding<'_>,
    tried: &Tried<'_>,
    id: u64,
    seed: Seed,
) -> Result<Vec<f64>, SamplerError> {
    let mut x = sobol_coordinates(encoding, id, seed);
    encoding.snap(&mut x);
    // Where much is forbidden, further sequences of the study take turns.
    for turn in 1..TURNS {
        if !tried.contains(&x) {
            return Ok(x);
        }
        x = sobol_coordinates(encoding, id + turn * SOBOL_LENGTH, seed);
        encoding.snap(&mut x);
    }
    tried.draw(&mut stream(seed, id, Purpose::Points))
}

/// The point of the study's Sobol sequence for a trial, as it falls in the cube.
pub(super) fn sobol_coordinates(encoding: &Encoding<'_>, id: u64, seed: Seed) -> Vec<f64> {
    SobolSequence::new(&mut stream(seed, 0, Purpose::Scramble)).point(id, encoding.len())
}
