//! Everything learned from one history, and the best next point.

use rand_chacha::ChaCha8Rng;

use super::super::super::Seed;
use super::super::super::acquisition::{
    Belief, Bounded, Criterion, FailureCause, Feasibility, Labelled, Landscape, ModelledBound, Posterior, SearchEffort,
    Stake, maximize, perturb,
};
use super::super::super::history::{Fit, History, ObjectiveFit, Outcome, Trial};
use super::super::super::parallel;
use super::super::super::pareto::{complete_reference, given_reference, hypervolume, losses_of, non_dominated};
use super::super::super::problem::{Bound, Constraint, Goal, Objective, Problem};
use super::super::super::space::Encoding;
use super::super::super::surrogate::{
    Compression, FitError, GaussianProcess, Hyperparameters, Noise, Prediction, Starts, SurrogateDiagnosis, evenly, fit,
};
use super::super::SamplerError;
use super::super::stream::{Purpose, SobolSequence, stream};
use super::super::tried::Tried;
use super::data::{Data, ModelledMetric, Prepared};
use super::selection::{self, select};
use super::uncertain::{Candidate, draw, plain};

/// Sobol points among the starts of the acquisition's search.
const SPREAD: u64 = 512;
/// Perturbed front points among them.
const PERTURBED: usize = 256;
/// Untried points from which the search starts where all others were tried.
const LEFT: usize = 512;
/// Failures of one cause that are learned from at most.
const FAILURES: usize = 500;
/// Up to so many trials, every fit begins at the priors' mode too.
const FEW: usize = 40;
/// Beyond, every fit by whose trial the number of trials has grown by this factor.
const GROWTH: f64 = 1.15;
/// Weight of the user's priors after one trial (Hvarfner et al., 2022, section 4.1).
const BELIEF: f64 = 10.0;
/// What a failure costs, in standard deviations of one objective, or as a share of the hypervolume of several.
const STAKE: f64 = 1e-3;
/// The share of its own trials that the search may lose without restraint.
const ALLOWED: f64 = 0.05;
/// How much of a loss each of its own trials that found something better makes good.
const FOUND: f64 = 0.3;
/// Its own trials that are looked at, the newest.
const REMEMBERED: usize = 200;
/// Restraint for each one beyond.
const RESTRAINT: f64 = 6.0;

/// Everything learned from one history.
pub(super) struct Model<'a> {
    /// One per objective.
    processes: Vec<GaussianProcess>,
    /// What could not be modelled, and was left out.
    left_out: Vec<String>,
    fits: Vec<ObjectiveFit>,
    limits: Vec<ModelledBound>,
    constrained: bool,
    /// Whether each finished trial keeps the constraints.
    feasible: Vec<bool>,
    candidates: Vec<Candidate>,
    suffix: Vec<f64>,
    feasibility: Option<Feasibility>,
    /// How much less than its chance of success a gamble counts, after those that were lost.
    restraint: f64,
    /// The losses, standardized, up to which what was lost might have been on the front.
    hidden: Option<Vec<f64>>,
    belief: Option<Belief<'a>>,
    /// The user's coordinates of the reference point, standardized.
    given: Vec<Option<f64>>,
    /// The frozen reference point, standardized, if there is one.
    frozen: Option<Vec<f64>>,
    /// Losses beyond which the user's preferences see nothing, standardized.
    wanted: Vec<Option<f64>>,
}

impl<'a> Model<'a> {
    pub fn new(problem: &Problem, history: &History, encoding: &Encoding<'a>, id: u64) -> Result<Self, FitError> {
        let all = losses_of(problem, history);
        let keeps: Vec<bool> = all.iter().map(|(trial, _)| is_feasible(problem, trial)).collect();
        let losses: Vec<&[f64]> = all.iter().map(|(_, l)| l.as_slice()).collect();
        let chosen = select(&losses, &keeps, selection::MOST);
        let data = Data::new(history, chosen.iter().map(|&i| all[i].clone()).collect(), encoding);
        let prepared = objectives(problem, history, &data);
        let mode = from_mode(history, data.finished.len(), id);
        let jobs: Vec<(usize, &Prepared)> = prepared.iter().enumerate().collect();
        let fitted = parallel::map(&jobs, |(j, p)| {
            let previous = last_fit(history, *j, data.kernel.dimension());
            fit(&data.kernel, p.observations.clone(), &Starts { previous, mode, own: Some(data.finished.len()) })
        });
        let (mut processes, mut fits) = (Vec::new(), Vec::new());
        for result in fitted {
            let (process, log_posterior) = result?;
            let Hyperparameters { lengthscales, outputscale, noise, bends } = process.hyperparameters().clone();
            fits.push(ObjectiveFit { lengthscales, outputscale, noise, bends, log_posterior });
            processes.push(process);
        }
        let forward = |all: Vec<Option<f64>>| -> Vec<Option<f64>> {
            all.into_iter().zip(&prepared).map(|(v, p)| v.map(|v| p.forward(v))).collect()
        };
        let frozen = history.reference().filter(|r| r.len() == prepared.len());
        let exact = |(trial, _): &(&Trial, Vec<f64>)| match &trial.outcome {
            Outcome::Finished { sd, .. } => problem.objectives().iter().all(|o| sd.get(&o.metric) == Some(&0.0)),
            _ => false,
        };
        // This study's trials come first among the observations.
        let known: Vec<Vec<Prediction>> = processes.iter().map(GaussianProcess::at_observations).collect();
        let mut candidates: Vec<Candidate> = Vec::new();
        for (i, (t, x)) in data.finished.iter().zip(&data.inputs).enumerate() {
            let predictions = known.iter().map(|k| k[i]).collect();
            candidates.push(Candidate { x: x.clone(), predictions, exact: exact(t), pending: false });
        }
        let mut feasible: Vec<bool> = chosen.iter().map(|&i| keeps[i]).collect();
        // What the surrogates do not know may be on the front all the same.
        let unknown: Vec<usize> = (0..all.len()).filter(|i| keeps[*i] && chosen.binary_search(i).is_err()).collect();
        let unknown_losses: Vec<&[f64]> = unknown.iter().map(|&i| losses[i]).collect();
        for i in non_dominated(&unknown_losses).into_iter().map(|k| unknown[k]) {
            let x = data.input(&encoding.encode(&all[i].0.point));
            candidates.push(Candidate { exact: true, pending: false, ..pending(&processes, x) });
            feasible.push(true);
        }
        for trial in history.trials().iter().filter(|t| t.outcome == Outcome::Pending) {
            candidates.push(pending(&processes, data.input(&encoding.encode(&trial.point))));
        }
        let ended = history.trials().iter().filter(|t| t.outcome != Outcome::Pending).count();
        let n = ended.max(1) as f64;
        let mut left_out = Vec::new();
        let flags: Vec<bool> = problem.constraints().iter().map(|c| is_flag(problem, &data, c)).collect();
        let limits = limits(problem, &data, &prepared, &flags, &mut left_out);
        let mut labelled = failures(history, encoding, &data);
        labelled.extend(broken(problem, &data, &flags));
        let feasibility = Feasibility::new(&data.kernel, &labelled);
        if feasibility.is_none() && labelled.iter().any(|l| !l.lost.is_empty()) {
            left_out.push("what failed could not be modelled and does not count".to_owned());
        }
        let lost: Vec<&Vec<f64>> = labelled.iter().flat_map(|l| &l.lost).collect();
        let hidden = hidden(&processes, &candidates, &feasible, &lost);
        let restraint = restraint(problem, history, encoding, &data, feasibility.as_ref(), &limits, &processes);
        Ok(Self {
            limits,
            constrained: !problem.constraints().is_empty(),
            feasible,
            feasibility,
            restraint,
            hidden,
            left_out,
            belief: Belief::new(problem, encoding, BELIEF / n),
            given: forward(given_reference(problem)),
            frozen: frozen.map(|r| r.iter().zip(&prepared).map(|(v, p)| p.forward(*v)).collect()),
            wanted: forward(problem.limits()),
            suffix: data.suffix.clone(),
            candidates,
            processes,
            fits,
        })
    }

    /// Reckons with a trial whose result is still to come.
    pub fn await_result(&mut self, x: &[f64]) {
        let x = x.iter().chain(&self.suffix).copied().collect();
        self.candidates.push(pending(&self.processes, x));
    }

    pub fn diagnoses(&self) -> Vec<SurrogateDiagnosis> {
        self.processes.iter().filter_map(SurrogateDiagnosis::of).collect()
    }

    /// The best new point.
    pub fn propose(
        &self,
        encoding: &Encoding<'_>,
        tried: &Tried<'_>,
        seed: Seed,
        id: u64,
    ) -> Result<(Vec<f64>, Fit), SamplerError> {
        let mut rng = stream(seed, id, Purpose::Acquisition);
        let (landscape, rule, mut left_out) =
            self.landscape(&SobolSequence::new(&mut stream(seed, id, Purpose::Draws)));
        let starts = self.starts(encoding, &mut rng);
        let is_tried = |x: &[f64]| tried.contains(x);
        let effort = SearchEffort::default();
        let mut search =
            |starts| maximize(&landscape, encoding, starts, &is_tried, effort, &mut rng).into_iter().next();
        let mut best = search(starts);
        if best.is_none() {
            // All starts were tried: the space is small and nearly used up, or odd. Start from what is surely new.
            let left = match tried.untried() {
                Some(left) => evenly(left.len(), LEFT).map(|i| left[i].clone()).collect(),
                None => vec![tried.draw(&mut stream(seed, id, Purpose::Points))?],
            };
            if left.is_empty() {
                return Err(SamplerError::Exhausted);
            }
            best = search(left);
        }
        let (x, acquisition) = match best {
            Some(best) => (best.x, Some(best.value).filter(|v| v.is_finite())),
            None => {
                left_out.push("the acquisition has no value anywhere; drew at random".to_owned());
                (tried.draw(&mut stream(seed, id, Purpose::Points))?, None)
            }
        };
        let fallback = (!left_out.is_empty()).then(|| left_out.join("; "));
        Ok((x, Fit { rule: rule.to_owned(), objectives: self.fits.clone(), acquisition, fallback }))
    }

    /// The acquisition function, the name of its rule, and what had to be left out of it.
    fn landscape(&self, sequence: &SobolSequence) -> (Landscape<'a>, &'static str, Vec<String>) {
        // Of finished trials only the feasible ones are on a front; a pending one may be.
        let eligible = |i: usize| self.feasible.get(i).copied().unwrap_or(true);
        let candidates: Vec<Candidate> =
            (0..self.candidates.len()).filter(|&i| eligible(i)).map(|i| self.candidates[i].clone()).collect();
        let mut left_out = self.left_out.clone();
        let uncertain = draw(&self.processes, &candidates, sequence).unwrap_or_else(|| {
            left_out.push("noisy and pending trials could not be drawn jointly; took their means".to_owned());
            plain(&self.processes, &candidates)
        });
        let nothing_feasible = self.constrained && !self.feasible.iter().any(|f| *f);
        let mut reference = self.reference();
        let mut limits = self.limits.clone();
        if nothing_feasible {
            limits.iter_mut().for_each(|limit| self.fear_the_pending(limit));
        } else {
            // What breaks an upper bound on an objective improves nothing: exactly so if the reference point is there.
            limits.retain(|limit| match limit.of {
                Bounded::Objective(j) if !limit.above => {
                    reference[j] = reference[j].min(limit.bound);
                    false
                }
                _ => true,
            });
        }
        let criteria: Option<Vec<Criterion>> =
            uncertain.fronts.iter().map(|front| Criterion::new(front, &reference)).collect();
        let criteria = criteria.filter(|_| !nothing_feasible).unwrap_or_default();
        let noisy = uncertain.fronts.len() > 1;
        let rule = match (criteria.first().map(Criterion::rule), noisy) {
            (None, _) => "feasibility",
            (Some("log-ei"), true) => "log-nei",
            (Some("log-ehvi"), true) => "log-nehvi",
            (Some(rule), _) => rule,
        };
        let landscape = Landscape {
            objectives: uncertain.objectives,
            criteria,
            limits,
            feasibility: self.feasibility.clone(),
            stake: self.stake(&uncertain.fronts, &reference),
            belief: self.belief.clone(),
            suffix: self.suffix.clone(),
        };
        (landscape, rule, left_out)
    }

    /// What a failure costs: a share of what the front has. Nothing where no trial was lost, or where there is no front yet.
    fn stake(&self, fronts: &[Vec<Vec<f64>>], reference: &[f64]) -> Option<Stake> {
        let lost = self.feasibility.is_some() || self.feasible.iter().any(|f| !*f);
        let whole = match reference {
            [_] => 1.0,
            _ => fronts.iter().map(|f| hypervolume(f, reference)).sum::<f64>() / fronts.len().max(1) as f64,
        };
        (lost && whole > 0.0).then(|| Stake::new(STAKE * whole, self.restraint))
    }

    /// While nothing is feasible, pending trials are taken to break the constraint by a standard deviation, so that others
    /// go elsewhere (a pessimistic constant liar; Ginsbourger, Le Riche and Carraro, "Kriging is well-suited to parallelize
    /// optimization", 2010).
    fn fear_the_pending(&self, limit: &mut ModelledBound) {
        let process = match &limit.of {
            Bounded::Objective(j) => &self.processes[*j],
            Bounded::Other(process) => process,
        };
        let mut observations = process.observations().clone();
        let before = observations.y.len();
        for candidate in self.candidates.iter().filter(|c| c.pending) {
            let p = process.predict(&candidate.x);
            let sd = p.variance.sqrt();
            let feared = if limit.above { p.mean.min(limit.bound) - sd } else { p.mean.max(limit.bound) + sd };
            observations.push(candidate.x.clone(), feared, Noise::EXACT);
        }
        let kernel = process.kernel().clone();
        if observations.y.len() > before
            && let Some(told) = GaussianProcess::new(kernel, process.hyperparameters().clone(), observations)
        {
            limit.of = Bounded::Other(Box::new(told));
        }
    }

    /// The reference point, standardized: one for all draws.
    fn reference(&self) -> Vec<f64> {
        let all = self.feasible.iter().any(|f| *f);
        let means: Vec<Vec<f64>> = (0..self.feasible.len())
            .filter(|&i| !all || self.feasible[i])
            .map(|i| self.candidates[i].means())
            .collect();
        let mut reference = complete_reference(&self.given, &means).unwrap_or_else(|| vec![0.0; self.processes.len()]);
        for ((coordinate, given), frozen) in reference.iter_mut().zip(&self.given).zip(self.frozen.iter().flatten()) {
            if given.is_none() {
                *coordinate = coordinate.max(*frozen);
            }
        }
        for ((coordinate, given), hidden) in reference.iter_mut().zip(&self.given).zip(self.hidden.iter().flatten()) {
            if given.is_none() {
                *coordinate = coordinate.max(*hidden);
            }
        }
        for (coordinate, wanted) in reference.iter_mut().zip(&self.wanted) {
            *coordinate = wanted.map_or(*coordinate, |w| coordinate.min(w));
        }
        reference
    }

    /// Where the search for the best acquisition starts: Sobol points and perturbed points of the front.
    fn starts(&self, encoding: &Encoding<'_>, rng: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
        let d = encoding.len();
        let sequence = SobolSequence::new(rng);
        let spread = (0..SPREAD).map(|i| {
            let mut x = sequence.point(i, d);
            encoding.snap(&mut x);
            x
        });
        let mut all: Vec<Vec<f64>> = spread.collect();
        let eligible: Vec<usize> = (0..self.feasible.len()).filter(|&i| self.feasible[i]).collect();
        let pool: Vec<usize> = if eligible.is_empty() { (0..self.feasible.len()).collect() } else { eligible };
        let means: Vec<Vec<f64>> = pool.iter().map(|&i| self.candidates[i].means()).collect();
        let centres: Vec<Vec<f64>> =
            non_dominated(&means).into_iter().map(|k| self.candidates[pool[k]].x[..d].to_vec()).collect();
        all.extend(perturb(encoding, &centres, PERTURBED, rng));
        all
    }
}

fn is_feasible(problem: &Problem, trial: &Trial) -> bool {
    match &trial.outcome {
        Outcome::Finished { metrics, .. } => problem.is_feasible(metrics),
        Outcome::Pending | Outcome::Failed(_) => false,
    }
}

/// A trial whose result is still to come.
fn pending(processes: &[GaussianProcess], x: Vec<f64>) -> Candidate {
    let predictions = processes.iter().map(|gp| gp.predict(&x)).collect();
    Candidate { x, predictions, exact: false, pending: true }
}

/// The observations of every objective.
fn objectives(problem: &Problem, history: &History, data: &Data<'_>) -> Vec<Prepared> {
    let given = given_reference(problem);
    let losses: Vec<&Vec<f64>> = data.finished.iter().map(|(_, l)| l).collect();
    let reference = complete_reference(&given, &losses).unwrap_or_default();
    let frozen = history.reference().unwrap_or_default();
    let one = |(j, objective): (usize, &Objective)| {
        let quantity = ModelledMetric {
            metric: &objective.metric,
            value: &|v| objective.loss(v).ok(),
            sd: &|v, sd| objective.loss_sd(v, sd),
        };
        data.prepare(&quantity, |losses| match (given[j], reference.get(j)) {
            (Some(bound), _) => Compression::beyond(bound, losses),
            (None, Some(needed)) => Compression::of_outliers(frozen.get(j).map_or(*needed, |f| f.max(*needed)), losses),
            (None, None) => Compression::NONE,
        })
    };
    problem.objectives().iter().enumerate().map(one).collect()
}

/// The constraints: on objectives by their surrogates, on other metrics by surrogates of their own. One that cannot be
/// fitted is left out, and named.
fn limits(
    problem: &Problem,
    data: &Data<'_>,
    objectives: &[Prepared],
    flags: &[bool],
    left_out: &mut Vec<String>,
) -> Vec<ModelledBound> {
    let measured: Vec<&Constraint> =
        problem.constraints().iter().zip(flags).filter(|(_, flag)| !**flag).map(|(c, _)| c).collect();
    let one = |constraint: &&Constraint| {
        if let Some(j) = problem.objectives().iter().position(|o| o.metric == constraint.metric) {
            let objective = &problem.objectives()[j];
            let (bound, lower) = match constraint.bound {
                Bound::AtLeast(v) => (v, true),
                Bound::AtMost(v) => (v, false),
            };
            let above = lower != (objective.goal == Goal::Maximize);
            let bound = objectives[j].forward(objective.loss(bound).ok()?);
            return Some(ModelledBound { of: Bounded::Objective(j), bound, above });
        }
        let quantity = ModelledMetric {
            metric: &constraint.metric,
            value: &|v| v.is_finite().then(|| constraint.bound.violation(v)),
            sd: &|_, sd| sd,
        };
        // What counts is on which side of zero a value lies, and how near.
        let prepared = data.prepare(&quantity, |values| Compression::of_outliers(0.0, values));
        let starts = Starts { own: Some(data.finished.len()), ..Starts::COLD };
        let (process, _) = fit(&data.kernel, prepared.observations.clone(), &starts).ok()?;
        Some(ModelledBound { of: Bounded::Other(Box::new(process)), bound: prepared.forward(0.0), above: false })
    };
    let modelled = parallel::map(&measured, one);
    for (constraint, _) in measured.iter().zip(&modelled).filter(|(_, limit)| limit.is_none()) {
        left_out.push(format!("the constraint on `{}` could not be modelled and does not count", constraint.metric));
    }
    modelled.into_iter().flatten().collect()
}

/// How much restraint the surrogates' own lost trials ask for. A loss counts where they now know better: where success is less
/// likely than not. Those that come by chance, wherever one looks, teach nothing. A search that keeps finding something better may
/// lose more.
fn restraint(
    problem: &Problem,
    history: &History,
    encoding: &Encoding<'_>,
    data: &Data<'_>,
    feasibility: Option<&Feasibility>,
    limits: &[ModelledBound],
    processes: &[GaussianProcess],
) -> f64 {
    if feasibility.is_none() && limits.is_empty() {
        return 0.0;
    }
    let unlikely = |x: &[f64]| {
        let kept = limits.iter().map(|limit| {
            let process = match &limit.of {
                Bounded::Objective(j) => &processes[*j],
                Bounded::Other(process) => process,
            };
            let p = process.predict(x);
            limit.log_probability(Posterior { mean: p.mean, sd: p.variance.sqrt() }).0
        });
        feasibility.map_or(0.0, |f| f.log_probability(x, None)) + kept.sum::<f64>() < -std::f64::consts::LN_2
    };
    // Of each of its own trials, in their order, whether it was lost, and whether it found something better.
    let mut front: Vec<Vec<f64>> = Vec::new();
    let mut account: Vec<(&Trial, bool, bool)> = Vec::new();
    for trial in history.trials().iter().filter(|t| t.outcome != Outcome::Pending) {
        let own = trial.fit.as_ref().is_some_and(|f| !f.objectives.is_empty());
        let kept = is_feasible(problem, trial);
        let losses = feasible_loss(problem, trial).filter(|_| kept);
        let better = losses.as_ref().is_some_and(|new| {
            let beaten = front.iter().any(|old| old.iter().zip(new).all(|(a, b)| a <= b));
            if !beaten {
                front.retain(|old| !new.iter().zip(old).all(|(a, b)| a <= b));
                front.push(new.clone());
            }
            !beaten
        });
        if own {
            account.push((trial, !kept, better));
        }
    }
    let balance = |&(trial, lost, better): &(&Trial, bool, bool)| {
        let lost = lost && unlikely(&data.input(&encoding.encode(&trial.point)));
        f64::from(u8::from(lost)) - ALLOWED - if better { FOUND } else { 0.0 }
    };
    let newest = account.iter().rev().take(REMEMBERED);
    RESTRAINT * newest.map(balance).sum::<f64>().max(0.0)
}

/// How far the front may reach where trials were lost: the largest loss by objective, a standard deviation beyond what is predicted, of
/// those that the front does not surely beat. A reference point that is inferred from what survived alone would take its ends
/// for the ends of all there is.
fn hidden(
    processes: &[GaussianProcess],
    candidates: &[Candidate],
    feasible: &[bool],
    lost: &[&Vec<f64>],
) -> Option<Vec<f64>> {
    let front: Vec<Vec<f64>> = feasible.iter().zip(candidates).filter(|(f, _)| **f).map(|(_, c)| c.means()).collect();
    let reach = |x: &&Vec<f64>| {
        let predicted: Vec<(f64, f64)> =
            processes.iter().map(|gp| gp.predict(x)).map(|p| (p.mean, p.variance.sqrt())).collect();
        let beaten = |old: &Vec<f64>| old.iter().zip(&predicted).all(|(old, (mean, _))| old <= mean);
        (!front.iter().any(beaten)).then(|| predicted.iter().map(|(mean, sd)| mean + sd).collect::<Vec<f64>>())
    };
    lost.iter().filter_map(reach).reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a.max(*b)).collect())
}

/// The losses of a finished trial.
fn feasible_loss(problem: &Problem, trial: &Trial) -> Option<Vec<f64>> {
    match &trial.outcome {
        Outcome::Finished { metrics, .. } => problem.losses(metrics).ok(),
        Outcome::Pending | Outcome::Failed(_) => None,
    }
}

/// The inputs that failed, the newest first, by their cause, and what finished beside each.
fn failures(history: &History, encoding: &Encoding<'_>, data: &Data<'_>) -> Vec<Labelled> {
    let failed = |t: &Trial| match t.outcome {
        Outcome::Failed(kind) if kind.is_of_configuration() => {
            Some((FailureCause::of(kind), data.input(&encoding.encode(&t.point))))
        }
        _ => None,
    };
    let labelled = [FailureCause::Memory, FailureCause::Time, FailureCause::Failure].map(|cause| {
        let newest = history.trials().iter().rev().filter_map(failed).filter(|(of, _)| *of == cause);
        let lost = newest.take(FAILURES).map(|(_, x)| x).collect();
        Labelled { cause, kept: data.inputs.clone(), lost }
    });
    labelled.into()
}

/// A constraint's metric of every trial that is learned from.
fn values<'d>(data: &'d Data<'_>, constraint: &Constraint) -> impl Iterator<Item = Option<f64>> + use<'d> {
    let metric = constraint.metric.clone();
    data.finished.iter().map(move |(t, _)| match &t.outcome {
        Outcome::Finished { metrics, .. } => metrics.get(&metric).copied().filter(|v| v.is_finite()),
        Outcome::Pending | Outcome::Failed(_) => None,
    })
}

/// Whether a constraint's metric is but yes or no: two values, and no objective. How near it was to its bound is then not told.
fn is_flag(problem: &Problem, data: &Data<'_>, constraint: &Constraint) -> bool {
    let mut known: Vec<f64> = values(data, constraint).flatten().collect();
    known.sort_by(f64::total_cmp);
    known.dedup();
    known.len() == 2 && data.finished.len() > 3 && problem.objectives().iter().all(|o| o.metric != constraint.metric)
}

/// The inputs that keep and that break each constraint that is but a flag.
fn broken(problem: &Problem, data: &Data<'_>, flags: &[bool]) -> Vec<Labelled> {
    let flagged = problem.constraints().iter().enumerate().filter(|(i, _)| flags[*i]);
    let labelled = flagged.map(|(i, constraint)| {
        let mut labelled = Labelled { cause: FailureCause::Constraint(i), kept: Vec::new(), lost: Vec::new() };
        for (value, x) in values(data, constraint).zip(&data.inputs).collect::<Vec<_>>().into_iter().rev() {
            match value {
                Some(v) if constraint.bound.violation(v) <= 0.0 => labelled.kept.push(x.clone()),
                Some(_) => labelled.lost.push(x.clone()),
                None => {}
            }
        }
        labelled
    });
    labelled.collect()
}

/// Whether the fit for trial `id` begins at the priors' mode too: while trials are few, and from then on whenever their
/// number has grown by a share since the last fit that did.
fn from_mode(history: &History, n: usize, id: u64) -> bool {
    if n <= FEW {
        return true;
    }
    let step = |id: u64| ((id + 1) as f64).ln().div_euclid(GROWTH.ln());
    let fitted = |t: &&Trial| t.fit.as_ref().is_some_and(|f| !f.objectives.is_empty());
    history.trials().iter().rev().find(fitted).is_none_or(|last| step(last.id.0) < step(id))
}

/// The newest recorded hyperparameters of objective `j`.
fn last_fit(history: &History, j: usize, d: usize) -> Option<Hyperparameters> {
    let fits = history.trials().iter().rev().filter_map(|t| t.fit.as_ref()?.objectives.get(j));
    fits.filter_map(|fit| Hyperparameters::from_record(fit, d)).next()
}
