//! Bayesian optimization.

use rand_chacha::ChaCha8Rng;

use super::super::Seed;
use super::super::acquisition::{Criterion, Effort, Feasibility, Landscape, maximize, perturb};
use super::super::history::{Fit, History, ObjectiveFit, Outcome};
use super::super::pareto::{given_reference, infer_reference, losses_of, non_dominated};
use super::super::problem::Problem;
use super::super::space::Encoding;
use super::super::surrogate::{
    FitError, GaussianProcess, Hyperparameters, Kernel, Noise, Observations, Standardization, fit,
};
use super::sobol::sobol_vector;
use super::stream::{Purpose, SobolSequence, stream};
use super::tried::Tried;
use super::{Proposal, Sampler, SamplerError, collect};

/// Sobol points among the starts of the acquisition's search.
const SPREAD: u64 = 512;
/// Perturbed front points among them.
const PERTURBED: usize = 256;
/// Noise of what is only believed: exact.
const EXACT: Noise = Noise { known: 0.0, inferred: false };

/// Gaussian processes and expected hypervolume improvement, after a Sobol start. One or two objectives.
///
/// Each proposal fits one [`GaussianProcess`] per objective to the finished trials (from the priors' mode, and from the last
/// fit in the history), takes the front of its posterior means at the tried points, and maximizes the exact log expected
/// hypervolume improvement over it; log expected improvement for a single objective. Coordinates of the reference point
/// that the user did not give are inferred anew from that front.
///
/// - **Noise.** A metric whose standard deviation is told as 0 is exact. Otherwise the noise is inferred, on top of the
///   standard deviation that is told, if any.
/// - **Pending trials** are believed to turn out at their posterior means (the kriging believer; Ginsbourger, Le Riche and
///   Carraro, "Kriging is well-suited to parallelize optimization", 2010). So are the earlier proposals of a batch.
/// - **Failed trials** are never proposed again, and the log probability of success is added to the acquisition.
/// - **If no surrogate can be fitted**, the trial's Sobol point is proposed, and [`Fit::fallback`] says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GpSampler {
    /// Trials before the surrogate is used; `2 (d + 1)` if `None`. Pending, failed and brought ones count.
    pub initial: Option<usize>,
}

impl GpSampler {
    /// With this number of trials before the surrogate is used.
    #[must_use]
    pub fn with_initial(initial: usize) -> Self {
        Self { initial: Some(initial) }
    }
}

impl Sampler for GpSampler {
    fn name(&self) -> &'static str {
        "gp"
    }

    fn propose(
        &self,
        problem: &Problem,
        history: &History,
        count: usize,
        seed: Seed,
    ) -> Result<Vec<Proposal>, SamplerError> {
        let m = problem.objectives().len();
        if !(1..=2).contains(&m) {
            let reason = format!("handles one or two objectives, not {m}; `sobol` and `random` handle any number");
            return Err(SamplerError::Unsupported { sampler: self.name(), reason });
        }
        let encoding = Encoding::new(problem.space());
        let mut tried = Tried::new(&encoding, history);
        let initial = self.initial.unwrap_or(2 * (encoding.len() + 1));
        let known = history.trials().len();
        let mut model = None;
        let mut taken = 0;
        collect(history.next_id(), count, |id| {
            let sobol = |tried: &Tried<'_>, fallback| {
                let x = sobol_vector(&encoding, tried, id, seed)?;
                Ok((x, Fit { rule: "sobol".to_owned(), fallback, ..Fit::default() }))
            };
            let (x, fit) = if known + taken < initial {
                sobol(&tried, None)?
            } else {
                let model = model.get_or_insert_with(|| Model::new(problem, history, &encoding));
                match model {
                    Ok(model) => model.propose(&encoding, &tried, seed, id)?,
                    Err(reason) => sobol(&tried, Some(format!("{reason}; took a Sobol point instead")))?,
                }
            };
            taken += 1;
            tried.insert(&x);
            if let Some(Ok(model)) = &mut model {
                model.believe(&x);
            }
            Ok(Proposal { point: encoding.decode(&x), fit })
        })
    }
}

/// Everything learned from one history.
struct Model {
    surrogates: Vec<GaussianProcess>,
    feasibility: Option<Feasibility>,
    fits: Vec<ObjectiveFit>,
    /// The user's coordinates of the reference point, standardized.
    given: Vec<Option<f64>>,
}

impl Model {
    fn new(problem: &Problem, history: &History, encoding: &Encoding<'_>) -> Result<Self, FitError> {
        let kernel = Kernel::new(encoding);
        let finished = losses_of(problem, history);
        let x: Vec<Vec<f64>> = finished.iter().map(|(t, _)| encoding.encode(&t.point)).collect();
        let mut surrogates = Vec::new();
        let mut fits = Vec::new();
        let mut given = given_reference(problem);
        for (j, objective) in problem.objectives().iter().enumerate() {
            let losses: Vec<f64> = finished.iter().map(|(_, l)| l[j]).collect();
            let scaling = Standardization::new(&losses);
            let mut observations = Observations::default();
            for (i, (trial, _)) in finished.iter().enumerate() {
                let noise = match &trial.outcome {
                    Outcome::Finished { metrics, sd } => match sd.get(&objective.metric) {
                        Some(&sd) if sd > 0.0 => {
                            let value = metrics.get(&objective.metric).copied().unwrap_or(1.0);
                            Noise { known: scaling.variance(objective.loss_sd(value, sd)), inferred: true }
                        }
                        Some(_) => EXACT,
                        None => Noise { known: 0.0, inferred: true },
                    },
                    _ => EXACT,
                };
                observations.push(x[i].clone(), scaling.forward(losses[i]), noise);
            }
            let previous = last_fit(history, j, encoding.len());
            let (surrogate, log_posterior) = fit(&kernel, observations, previous.as_slice())?;
            let Hyperparameters { lengthscales, outputscale, noise } = surrogate.hyperparameters().clone();
            fits.push(ObjectiveFit { lengthscales, outputscale, noise, log_posterior });
            surrogates.push(surrogate);
            given[j] = given[j].map(|r| scaling.forward(r));
        }
        let failed: Vec<Vec<f64>> = history
            .trials()
            .iter()
            .filter(|t| matches!(t.outcome, Outcome::Failed(kind) if kind.is_of_configuration()))
            .map(|t| encoding.encode(&t.point))
            .collect();
        let feasibility = Feasibility::new(&kernel, &x, &failed);
        let mut model = Self { surrogates, feasibility, fits, given };
        for trial in history.trials().iter().filter(|t| t.outcome == Outcome::Pending) {
            model.believe(&encoding.encode(&trial.point));
        }
        Ok(model)
    }

    /// Takes the posterior means at `x` for observations.
    fn believe(&mut self, x: &[f64]) {
        for surrogate in &mut self.surrogates {
            let mean = surrogate.predict(x).mean;
            if let Some(more) = surrogate.condition(x.to_vec(), mean, EXACT) {
                *surrogate = more;
            }
        }
    }

    /// The best new point.
    fn propose(
        &self,
        encoding: &Encoding<'_>,
        tried: &Tried<'_>,
        seed: Seed,
        id: u64,
    ) -> Result<(Vec<f64>, Fit), SamplerError> {
        let points = &self.surrogates[0].observations().x;
        let means: Vec<Vec<f64>> =
            points.iter().map(|x| self.surrogates.iter().map(|gp| gp.predict(x).mean).collect()).collect();
        let members = non_dominated(&means);
        let inferred = infer_reference(&means).unwrap_or_default();
        let reference: Vec<f64> =
            self.given.iter().zip(inferred).map(|(given, other)| given.unwrap_or(other)).collect();
        let mut rng = stream(seed, id, Purpose::Acquisition);
        let fit = |rule: &str, acquisition, fallback| Fit {
            rule: rule.to_owned(),
            objectives: self.fits.clone(),
            acquisition,
            fallback,
        };
        let Some(criterion) = Criterion::new(&means, &reference) else {
            let x = tried.draw(&mut rng)?;
            return Ok((x, fit("random", None, Some("there is nothing to improve on; drew at random".to_owned()))));
        };
        let rule = criterion.rule();
        let landscape =
            Landscape { surrogates: self.surrogates.clone(), criterion, feasibility: self.feasibility.clone() };
        let centres: Vec<Vec<f64>> = members.iter().map(|&i| points[i].clone()).collect();
        let starts = starts(encoding, &centres, &mut rng);
        let is_tried = |x: &[f64]| tried.contains(x);
        let search = |starts, rng: &mut ChaCha8Rng| {
            maximize(&landscape, encoding, starts, &is_tried, Effort::default(), rng).into_iter().next()
        };
        let best = match search(starts, &mut rng) {
            Some(best) => best,
            // All starts were tried: the space is small and nearly used up, or odd. Start from what is surely new.
            None => {
                let left = match tried.untried() {
                    Some(left) => left,
                    None => vec![tried.draw(&mut rng)?],
                };
                search(left, &mut rng).ok_or(SamplerError::Exhausted)?
            }
        };
        Ok((best.x, fit(rule, Some(best.value).filter(|v| v.is_finite()), None)))
    }
}

/// Where the search for the best acquisition starts: Sobol points and perturbed points of the front.
fn starts(encoding: &Encoding<'_>, centres: &[Vec<f64>], rng: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
    let sequence = SobolSequence::new(rng);
    let spread = (0..SPREAD).map(|i| {
        let mut x = sequence.point(i, encoding.len());
        encoding.snap(&mut x);
        x
    });
    let mut all: Vec<Vec<f64>> = spread.collect();
    all.extend(perturb(encoding, centres, PERTURBED, rng));
    all
}

/// The newest recorded hyperparameters of objective `j`.
fn last_fit(history: &History, j: usize, d: usize) -> Option<Hyperparameters> {
    let fits = history.trials().iter().rev().filter_map(|t| t.fit.as_ref()?.objectives.get(j));
    fits.filter_map(|fit| Hyperparameters::from_record(fit, d)).next()
}
