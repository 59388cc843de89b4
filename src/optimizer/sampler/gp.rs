//! Bayesian optimization.

use rand_chacha::ChaCha8Rng;

use super::super::Seed;
use super::super::acquisition::{Criterion, Effort, Feasibility, Landscape, maximize, perturb};
use super::super::history::{Fit, History, ObjectiveFit, Outcome};
use super::super::pareto::{complete_reference, given_reference, losses_of, non_dominated};
use super::super::problem::Problem;
use super::super::space::Encoding;
use super::super::surrogate::{
    Compression, FitError, GaussianProcess, Hyperparameters, Kernel, Noise, Observations, Standardization, fit,
};
use super::default_initial;
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
/// that the user did not give are inferred anew from that front, but never short of those that the history has frozen:
/// what is reported is what is searched for.
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
        let mut tried = Tried::new(problem, &encoding, history);
        let initial = self.initial.unwrap_or_else(|| default_initial(problem.space()));
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
    /// The frozen reference point, standardized, if there is one.
    frozen: Option<Vec<f64>>,
}

impl Model {
    fn new(problem: &Problem, history: &History, encoding: &Encoding<'_>) -> Result<Self, FitError> {
        let kernel = Kernel::new(encoding);
        let finished = losses_of(problem, history);
        let x: Vec<Vec<f64>> = finished.iter().map(|(t, _)| encoding.encode(&t.point)).collect();
        let mut surrogates = Vec::new();
        let mut fits = Vec::new();
        let mut given = given_reference(problem);
        let mut frozen = history.reference().filter(|r| r.len() == given.len()).map(<[f64]>::to_vec);
        let reference =
            complete_reference(&given, &finished.iter().map(|(_, l)| l).collect::<Vec<_>>()).unwrap_or_default();
        for (j, objective) in problem.objectives().iter().enumerate() {
            let losses: Vec<f64> = finished.iter().map(|(_, l)| l[j]).collect();
            let compression = match (given[j], reference.get(j)) {
                (Some(bound), _) => Compression::beyond(bound, &losses),
                (None, Some(needed)) => Compression::of_outliers(*needed, &losses),
                (None, None) => Compression::NONE,
            };
            let compressed: Vec<f64> = losses.iter().map(|l| compression.forward(*l)).collect();
            let scaling = Standardization::new(&compressed);
            let mut observations = Observations::default();
            for (i, (trial, _)) in finished.iter().enumerate() {
                let noise = match &trial.outcome {
                    Outcome::Finished { metrics, sd } => match sd.get(&objective.metric) {
                        Some(&sd) if sd > 0.0 => {
                            let value = metrics.get(&objective.metric).copied().unwrap_or(1.0);
                            let sd = objective.loss_sd(value, sd) * compression.slope(losses[i]);
                            Noise { known: scaling.variance(sd), inferred: true }
                        }
                        Some(_) => EXACT,
                        None => Noise { known: 0.0, inferred: true },
                    },
                    _ => EXACT,
                };
                observations.push(x[i].clone(), scaling.forward(compressed[i]), noise);
            }
            let previous = last_fit(history, j, encoding.len());
            let (surrogate, log_posterior) = fit(&kernel, observations, previous.as_slice())?;
            let Hyperparameters { lengthscales, outputscale, noise } = surrogate.hyperparameters().clone();
            fits.push(ObjectiveFit { lengthscales, outputscale, noise, log_posterior });
            surrogates.push(surrogate);
            let scaled = |r| scaling.forward(compression.forward(r));
            given[j] = given[j].map(scaled);
            if let Some(frozen) = &mut frozen {
                frozen[j] = scaled(frozen[j]);
            }
        }
        let failed: Vec<Vec<f64>> = history
            .trials()
            .iter()
            .filter(|t| matches!(t.outcome, Outcome::Failed(kind) if kind.is_of_configuration()))
            .map(|t| encoding.encode(&t.point))
            .collect();
        let feasibility = Feasibility::new(&kernel, &x, &failed);
        let mut model = Self { surrogates, feasibility, fits, given, frozen };
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
        let mut reference = complete_reference(&self.given, &means).unwrap_or_default();
        for ((coordinate, given), frozen) in reference.iter_mut().zip(&self.given).zip(self.frozen.iter().flatten()) {
            if given.is_none() {
                *coordinate = coordinate.max(*frozen);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::history::{FailureKind, Trial};
    use crate::optimizer::problem::Metrics;
    use crate::optimizer::space::Space;

    fn problem(objectives: usize) -> Problem {
        let space = Space::builder().float("a", 0.0..=1.0).float("b", 0.0..=1.0).build().unwrap();
        (0..objectives).fold(Problem::new(space), |p, j| p.minimize(format!("y{j}")))
    }

    fn finished(values: [f64; 2], sd: Option<f64>) -> Outcome {
        let named = |v: [f64; 2]| Metrics::from([("y0".to_owned(), v[0]), ("y1".to_owned(), v[1])]);
        Outcome::Finished { metrics: named(values), sd: sd.map_or_else(Metrics::new, |sd| named([sd; 2])) }
    }

    /// `n` trials of the first `n` Sobol points.
    fn history(n: usize, outcome: impl Fn(usize, f64, f64) -> Outcome) -> History {
        let mut history = History::new();
        let points = super::super::SobolSampler.propose(&problem(2), &history, n, Seed(1)).unwrap();
        for (i, Proposal { point, fit }) in points.into_iter().enumerate() {
            let outcome = outcome(i, point.number("a").unwrap(), point.number("b").unwrap());
            history.record(Trial { id: i as u64, point, fit: Some(fit), outcome });
        }
        history
    }

    fn propose(problem: &Problem, history: &History, count: usize) -> Vec<Proposal> {
        GpSampler::default().propose(problem, history, count, Seed(1)).unwrap()
    }

    #[test]
    fn starts_with_sobol_and_goes_on_with_the_surrogate() {
        let smooth = |_, a: f64, b: f64| finished([a + b, 1.0 - a], None);
        for (objectives, rule) in [(1, "log-ei"), (2, "log-ehvi")] {
            let problem = problem(objectives);
            let batch = propose(&problem, &history(4, smooth), 4);
            let rules: Vec<_> = batch.iter().map(|p| p.fit.rule.as_str()).collect();
            assert_eq!(rules, ["sobol", "sobol", rule, rule]);
            assert_eq!(batch[3].fit.objectives.len(), objectives);
            assert!(batch[3].fit.acquisition.is_some() && batch[3].fit.fallback.is_none());
        }
    }

    #[test]
    fn more_objectives_than_it_handles_are_named() {
        let error = GpSampler::default().propose(&problem(3), &History::new(), 1, Seed(1)).unwrap_err();
        assert!(error.to_string().contains("one or two objectives, not 3"), "{error}");
    }

    #[test]
    fn without_a_result_it_falls_back_and_says_so() {
        let proposals = propose(&problem(2), &history(8, |_, _, _| Outcome::Failed(FailureKind::Diverged)), 1);
        assert_eq!(proposals[0].fit.rule, "sobol");
        assert!(proposals[0].fit.fallback.as_ref().unwrap().contains("no observation"));
    }

    #[test]
    fn constant_huge_and_scattered_results_do_no_harm() {
        type Values = fn(usize, f64, f64) -> [f64; 2];
        let cases: [Values; 4] = [
            |_, _, _| [1.0, 1.0],
            |i, a, _| [if i == 3 { 1e300 } else { a }, -1e300 * a],
            |_, a, b| [1e-300 * a, 1e12 + b],
            |i, _, _| [f64::from(u8::from(i % 2 == 0)), f64::from(u8::from(i % 3 == 0))],
        ];
        for values in cases {
            for sd in [None, Some(0.0), Some(1.0), Some(1e200)] {
                let history = history(9, |i, a, b| finished(values(i, a, b), sd));
                for objectives in [1, 2] {
                    let problem = problem(objectives);
                    let proposals = propose(&problem, &history, 2);
                    assert!(proposals.iter().all(|p| problem.space().check(&p.point).is_ok()));
                }
            }
        }
    }

    #[test]
    fn pending_points_are_kept_away_from() {
        let problem = problem(2);
        let mut history = history(9, |_, a, b| finished([a * a + b, (1.0 - a).powi(2) + b], Some(0.0)));
        let batch = propose(&problem, &history, 3);
        for Proposal { point, fit } in batch.clone() {
            history.record(Trial { id: history.next_id(), point, fit: Some(fit), outcome: Outcome::Pending });
        }
        let next = propose(&problem, &history, 1).remove(0).point;
        let distance = |p: &Proposal| {
            let gap = |name| p.point.number(name).unwrap() - next.number(name).unwrap();
            gap("a").hypot(gap("b"))
        };
        assert!(batch.iter().all(|p| distance(p) > 1e-2));
    }

    #[test]
    fn what_is_best_at_a_bound_is_proposed_on_it() {
        let history = history(9, |_, a, b| finished([a + b, 1.0 - a + b], Some(0.0)));
        for Proposal { point, .. } in propose(&problem(2), &history, 3) {
            assert_eq!(point.number("b"), Some(0.0), "{point:?}");
        }
    }

    #[test]
    fn a_told_exact_zero_is_taken_for_exact_and_anything_else_is_not() {
        #[expect(clippy::cast_precision_loss, reason = "a small index")]
        let wave = |a: f64, i: usize| (3.0 * a).sin() + 0.5 * (1e4 * (i * i + 1) as f64).sin();
        let noise = |sd| {
            let history = history(30, |i, a, _| finished([wave(a, i), a], sd));
            propose(&problem(1), &history, 1)[0].fit.objectives[0].noise
        };
        let (untold, known, exact) = (noise(None), noise(Some(0.3)), noise(Some(0.0)));
        assert!(untold > 10.0 * exact, "{untold} is inferred, {exact} is the floor");
        assert!(known < untold, "what is known need not be inferred: {known} {untold}");
    }
}
