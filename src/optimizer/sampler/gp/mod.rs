//! Bayesian optimization.

mod data;
mod model;
mod selection;
mod uncertain;

use super::super::acquisition::Belief;
use super::super::history::{Fit, History};
use super::super::pareto::{knee, losses_of, non_dominated};
use super::super::problem::Problem;
use super::super::space::{Encoding, Point};
use super::sobol::{sobol_coordinates, sobol_vector};
use super::{KINDS, initial_of};
use super::{Proposal, ProposalRequest, Sampler, SamplerError, one_by_one};
use model::Model;

/// Objectives that it handles at most.
pub const MOST_OBJECTIVES: usize = 4;
/// Own trials before the surrogate is used where earlier studies are there to learn from.
const INITIAL_AFTER_EARLIER: usize = 3;

/// Bayesian optimization: Gaussian processes and expected hypervolume improvement, after a Sobol start. One to four objectives.
///
/// Each proposal fits one Gaussian process per objective to the finished trials, and takes the front at the tried
/// points. It maximizes the exact log expected hypervolume improvement over it; log expected improvement for a single
/// objective. Coordinates of the reference point that the user did not give are inferred anew from that front. They are
/// never short of those that the history has frozen: what is reported is what is searched for. Preferences that bound
/// an objective on its bad side move the reference point there.
///
/// - **Scales** of ordered parameters may bend (input warping), as far as the trials ask for it:
///   [`ObjectiveFit::bends`](super::super::history::ObjectiveFit::bends).
/// - **Noise.** A metric whose standard deviation is told as 0 is exact. Otherwise the noise is inferred, on top of the
///   standard deviation that is told, if any. The improvement is then averaged over joint draws of the front.
/// - **Pending trials**, and the earlier proposals of a batch, are drawn jointly with it (fantasies).
/// - **Constraints** on an objective are judged by its surrogate, others by one of their own. The log probability that all
///   are kept is added; until a trial keeps them, it is all that counts. A metric that is but yes or no is learned as failures are.
/// - **Failed trials** are never proposed again, nor is what is next to them, and the log probability of success is added: by a
///   classifier for each kind of cause. A trial that is lost has a price, and the more of them there
///   are that found nothing, the surer a point must be.
/// - **Priors** on parameters shape the initial design and are added with a weight that fades as trials come in.
/// - **Earlier studies** share the kernel, at a distance that is fitted: where they agree with this study they count, where
///   not they fade. Each is scaled by itself. The first trials are the best of them.
/// - **If no surrogate can be fitted**, the trial's Sobol point is proposed, and [`Fit::fallback`] says why.
/// - **Cost** grows with the cube of the number of trials. Beyond a thousand, the surrogates learn from a thousand: the best,
///   by fronts, and the newest of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GpSampler {
    /// Trials before the surrogate is used; `2 (d + 1)` if `None`, or two fifths of `trials` if that is less, 3 where there are
    /// earlier studies. Pending, failed and brought ones count.
    pub initial: Option<usize>,
    /// How many trials there will be in all, if that is known: see [`initial_within`](super::initial_within).
    pub trials: Option<u64>,
}

impl GpSampler {
    fn initial_trials(&self, problem: &Problem, history: &History) -> usize {
        let learned = !history.earlier().is_empty();
        let default =
            || if learned { INITIAL_AFTER_EARLIER } else { initial_of(problem.space(), self.trials, history) };
        self.initial.unwrap_or_else(default)
    }
}

impl Sampler for GpSampler {
    fn name(&self) -> &'static str {
        "gp"
    }

    fn initial(&self, problem: &Problem, history: &History) -> Option<usize> {
        Some(self.initial_trials(problem, history))
    }

    fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError> {
        let &ProposalRequest { problem, history, count, seed } = request;
        let m = problem.objectives().len();
        if !(1..=MOST_OBJECTIVES).contains(&m) {
            let reason = format!("handles one to four objectives, not {m}");
            let others: Vec<_> = KINDS
                .iter()
                .filter(|kind| kind.most_objectives.is_none())
                .map(|kind| format!("`{}`", kind.name))
                .collect();
            let advice = Some(format!("each of {} handles any number", others.join(", ")));
            return Err(SamplerError::Unsupported { sampler: self.name(), reason, advice });
        }
        let encoding = Encoding::new(problem.space());
        let initial = self.initial_trials(problem, history);
        let belief = Belief::new(problem, &encoding, 1.0);
        let known = history.trials().len();
        let first = if known < initial { first_after_earlier(problem, history) } else { Vec::new() };
        let mut first = first.into_iter();
        let mut model = None;
        let mut taken = 0;
        one_by_one(problem, &encoding, history, count, |tried, id| {
            let sobol = |fallback: Option<String>| {
                // Half of the initial design goes where the user expects the optimum.
                if let Some(belief) = belief.as_ref().filter(|_| id % 2 == 0 && fallback.is_none()) {
                    let mut drawn = sobol_coordinates(&encoding, id, seed);
                    belief.quantiles(&mut drawn);
                    encoding.snap(&mut drawn);
                    if !tried.contains(&drawn) {
                        return Ok((drawn, Fit { fallback, ..Fit::by("prior") }));
                    }
                }
                let x = sobol_vector(&encoding, tried, id, seed)?;
                Ok((x, Fit { fallback, ..Fit::by("sobol") }))
            };
            let repeated = if known + taken < initial {
                first.by_ref().map(|p| encoding.encode(&p)).find(|x| !tried.contains(x))
            } else {
                None
            };
            let (x, fit) = if let Some(x) = repeated {
                (x, Fit::by("earlier"))
            } else if known + taken < initial {
                sobol(None)?
            } else {
                match model.get_or_insert_with(|| Model::new(problem, history, &encoding, id)) {
                    Ok(model) => model.propose(&encoding, tried, seed, id)?,
                    Err(reason) => sobol(Some(format!("{reason}; took a Sobol point instead")))?,
                }
            };
            taken += 1;
            if let Some(Ok(model)) = &mut model {
                model.await_result(&x);
            }
            Ok((x, fit))
        })
    }
}

/// The points of earlier studies that are worth a trial first: of the front of the largest, the knee and the ends.
fn first_after_earlier(problem: &Problem, history: &History) -> Vec<Point> {
    let Some(earlier) = history.earlier().iter().max_by_key(|e| e.trials.len()) else { return Vec::new() };
    let kept = earlier.trials.iter().filter(|(_, metrics)| problem.is_feasible(metrics));
    let (points, losses): (Vec<&Point>, Vec<Vec<f64>>) =
        kept.filter_map(|(point, metrics)| Some((point, problem.losses(metrics).ok()?))).unzip();
    let front = non_dominated(&losses);
    let best = |j: usize| front.iter().copied().min_by(|&a, &b| losses[a][j].total_cmp(&losses[b][j]));
    let mut chosen: Vec<usize> = knee(&losses).into_iter().collect();
    chosen.extend((0..problem.objectives().len()).filter_map(best));
    let mut seen = Vec::new();
    chosen.retain(|i| {
        !seen.contains(i) && {
            seen.push(*i);
            true
        }
    });
    chosen.into_iter().map(|i| points[i].clone()).collect()
}

/// How well the surrogates that `gp` would use, one per objective in order, predict each trial from the others. The
/// trials are all that they learn from, of earlier studies, too: see [`SurrogateDiagnosis`]. Empty where there is
/// nothing to judge.
///
/// [`SurrogateDiagnosis`]: super::super::surrogate::SurrogateDiagnosis
#[must_use]
pub fn diagnose(problem: &Problem, history: &History) -> Vec<super::super::surrogate::SurrogateDiagnosis> {
    if !(1..=MOST_OBJECTIVES).contains(&problem.objectives().len()) || losses_of(problem, history).is_empty() {
        return Vec::new();
    }
    let encoding = Encoding::new(problem.space());
    Model::new(problem, history, &encoding, history.next_id().0).map_or_else(|_| Vec::new(), |model| model.diagnoses())
}

#[cfg(test)]
mod tests;
