//! Samplers: what to try next.
//!
//! | name | what it does |
//! |---|---|
//! | `gp` | Gaussian processes and expected hypervolume improvement, after a Sobol start: [`GpSampler`] |
//! | `sobol` | a scrambled Sobol sequence: [`SobolSampler`] |
//! | `tpe` | densities of good and bad points, after a Sobol start: [`TpeSampler`] |
//! | `nsga2` | evolution of a population, after a Sobol start: [`Nsga2Sampler`] |
//! | `random` | independent uniform draws: [`RandomSampler`] |
//! | `grid` | every combination of a few values, in an order that spreads: [`GridSampler`] |

#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod gp;
mod grid;
mod nsga2;
mod random;
mod ranked_trials;
mod repair;
mod sobol;
mod stream;
mod tpe;
mod tried;

pub use gp::{GpSampler, MOST_OBJECTIVES, diagnose};
pub use grid::GridSampler;
pub use nsga2::Nsga2Sampler;
pub use random::RandomSampler;
pub use sobol::SobolSampler;
pub use tpe::TpeSampler;

pub use super::surrogate::SurrogateDiagnosis;

use std::borrow::Cow;

use super::Seed;
use super::history::{Fit, History, Outcome, Trial};
use super::nearest::did_you_mean;
use super::problem::Problem;
use super::space::{Encoding, Point, Space};
use tried::Tried;

/// Trials of an initial design, at least.
const LEAST_INITIAL: usize = 3;

/// The rule of a point that the user asked to be tried first.
pub const START: &str = "start";

/// A point to be tried, and how it came about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Proposal {
    /// The configuration.
    pub point: Point,
    /// The rule and the surrogate's hyperparameters behind it.
    pub fit: Fit,
}

impl Proposal {
    /// A point, and how it came about: [`Fit::by`] the name of a rule, at least.
    #[must_use]
    pub fn new(point: Point, fit: Fit) -> Self {
        Self { point, fit }
    }
}

/// Why a sampler has nothing to propose.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SamplerError {
    /// Every point of a finite space, or of the grid, has been tried or is pending.
    #[error("every point of the space has been tried")]
    Exhausted,
    /// A space too large for a list, of which next to nothing is allowed.
    #[error(
        "no new point that is allowed was found in {draws} draws and a search from the best of them{}",
        if obstacles.is_empty() { String::new() } else { format!(", where {}", obstacles.join(" and ")) }
    )]
    NothingAllowed {
        /// How many points were drawn.
        draws: usize,
        /// What was still in the way at the best point that the search found, in words.
        obstacles: Vec<String>,
    },
    /// No sampler has this name.
    #[error("there is no sampler `{name}`")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// The sampler cannot handle this kind of problem.
    #[error("the sampler `{sampler}` {reason}")]
    Unsupported {
        /// The sampler.
        sampler: &'static str,
        /// What it cannot do.
        reason: String,
        /// What can, in words.
        advice: Option<String>,
    },
}

impl SamplerError {
    /// What helps, as a sentence; `None` where the message says it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Exhausted => Some("there is nothing left to ask for; widen the space to go on".into()),
            Self::UnknownName { name } => did_you_mean(name, NAMES).map(Cow::from),
            Self::NothingAllowed { .. } => {
                Some("loosen what forbids, and instead of ruling out nearly all of a range, narrow the range".into())
            }
            Self::Unsupported { advice, .. } => advice.clone().map(Cow::from),
        }
    }
}

/// What a sampler is asked for.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct ProposalRequest<'a> {
    /// What is searched for.
    pub problem: &'a Problem,
    /// What is known so far.
    pub history: &'a History,
    /// How many points are wanted; 0 counts as 1.
    pub count: usize,
    /// The study's seed.
    pub seed: Seed,
}

impl<'a> ProposalRequest<'a> {
    /// So many points for this problem, by this history.
    #[must_use]
    pub fn new(problem: &'a Problem, history: &'a History, count: usize, seed: Seed) -> Self {
        Self { problem, history, count, seed }
    }
}

/// Proposes points. A sampler is pure: it holds settings and no state, and the same arguments give the same proposals.
pub trait Sampler: Send + Sync {
    /// The name under which study files know it, such as `gp`.
    fn name(&self) -> &'static str;

    /// How many trials it lets pass before it learns from them: its initial design, in which starts, failures and pending trials
    /// count. `None` of a sampler that never learns.
    fn initial(&self, problem: &Problem, history: &History) -> Option<usize> {
        let _ = (problem, history);
        None
    }

    /// Proposes up to `count` distinct points, at least one, for the trials `history.next_id()`, `+ 1`, ...
    ///
    /// Randomness comes from `seed` and the trial's id alone. No point that was tried or is pending is proposed again
    /// while the space has others.
    ///
    /// # Errors
    /// [`SamplerError::Exhausted`] when no new point is left, [`SamplerError::Unsupported`] for problems outside the
    /// sampler's reach.
    fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError>;
}

/// Proposes as `sampler` does, but the problem's [starts](Problem::starts) before all others. Starts that were tried, are
/// pending or are forbidden are passed over.
///
/// # Errors
/// As [`Sampler::propose`].
pub fn propose(
    sampler: &dyn Sampler,
    problem: &Problem,
    history: &History,
    count: usize,
    seed: Seed,
) -> Result<Vec<Proposal>, SamplerError> {
    let encoding = Encoding::new(problem.space());
    let mut tried = Tried::new(problem, &encoding, history);
    let mut proposals = Vec::new();
    for start in problem.starts() {
        let x = encoding.encode(start);
        // As the user wrote it: coded and decoded, 0.001 may come back as 0.0009999999999999998.
        let start = problem.space().typed(start);
        let as_written = problem.space().check(&start).is_ok();
        let point = if as_written { start } else { encoding.decode(&x) };
        if proposals.len() < count.max(1) && !tried.has_seen(&x) && !problem.forbids(&point) {
            tried.insert(&x);
            proposals.push(Proposal { point, fit: Fit::by(START) });
        }
    }
    if proposals.is_empty() {
        return sampler.propose(&ProposalRequest::new(problem, history, count, seed));
    }
    if proposals.len() < count {
        let mut more = history.clone();
        for Proposal { point, fit } in proposals.clone() {
            let id = more.next_id();
            more.record(Trial { id, point, fit: Some(fit), outcome: Outcome::Pending });
        }
        match sampler.propose(&ProposalRequest::new(problem, &more, count - proposals.len(), seed)) {
            Ok(rest) => proposals.extend(rest),
            Err(SamplerError::Exhausted) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(proposals)
}

impl<S: Sampler + ?Sized> Sampler for Box<S> {
    fn name(&self) -> &'static str {
        (**self).name()
    }

    fn initial(&self, problem: &Problem, history: &History) -> Option<usize> {
        (**self).initial(problem, history)
    }

    fn propose(&self, request: &ProposalRequest<'_>) -> Result<Vec<Proposal>, SamplerError> {
        (**self).propose(request)
    }
}

/// One of the samplers of [`by_name`]: what it can make use of, and the words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SamplerKind {
    /// Its name in study files.
    pub name: &'static str,
    /// What it does, for the list of keys of the study file.
    pub about: &'static str,
    /// What it goes on with, for the summary of a study: after its initial design if it learns. May be
    /// empty. There, `{population}` stands for ` of N` or nothing, and `{levels}` for the levels or `a few`.
    pub plan: &'static str,
    /// How it learns from trials; `None` of one that never does.
    pub learning: Option<Learning>,
    /// Whether it learns from [earlier studies](History::earlier); others pass them over.
    pub learns_from_earlier: bool,
    /// Whether it makes use of [priors](Problem::priors); others pass them over.
    pub uses_priors: bool,
    /// The fields of [`Settings`] that mean something to it.
    pub settings: &'static [&'static str],
    /// How many objectives it handles at most; `None` for any number.
    pub most_objectives: Option<usize>,
}

/// How a sampler learns from trials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Learning {
    /// What proposes once it has learned, such as `the Gaussian process`.
    pub model: &'static str,
    /// How the rules ([`Fit::rule`]) begin of what it then proposes.
    pub rules: &'static [&'static str],
}

impl SamplerKind {
    const fn new(name: &'static str, about: &'static str, plan: &'static str) -> Self {
        let (learns_from_earlier, uses_priors, most_objectives) = (false, false, None);
        Self { name, about, plan, learning: None, learns_from_earlier, uses_priors, settings: &[], most_objectives }
    }

    const fn learning(self, model: &'static str, rules: &'static [&'static str]) -> Self {
        Self { learning: Some(Learning { model, rules }), ..self }
    }

    const fn with(self, settings: &'static [&'static str]) -> Self {
        Self { settings, ..self }
    }
}

/// The samplers that [`by_name`] knows, the recommended one first.
pub const KINDS: [SamplerKind; 6] = [
    SamplerKind {
        learns_from_earlier: true,
        uses_priors: true,
        most_objectives: Some(MOST_OBJECTIVES),
        ..SamplerKind::new(
            "gp",
            "a Gaussian process per objective, and the expected hypervolume improvement; one to four objectives",
            "a Gaussian process proposes",
        )
        .learning("the Gaussian process", &["log-", "feasibility"])
        .with(&["initial"])
    },
    SamplerKind::new(
        "tpe",
        "densities of good and of bad points; any number of objectives",
        "densities of good and bad points propose",
    )
    .learning("the densities of tpe", &["tpe"])
    .with(&["initial"]),
    SamplerKind::new(
        "nsga2",
        "evolution of a population; any number of objectives",
        "a population{population} evolves",
    )
    .learning("the evolution of nsga2", &["nsga2"])
    .with(&["initial", "population"]),
    SamplerKind::new(
        "sobol",
        "a scrambled Sobol sequence, which spreads evenly; to compare against",
        "evenly spread points",
    ),
    SamplerKind::new("random", "independent draws; to compare against", ""),
    SamplerKind::new(
        "grid",
        "every combination of a few values, in an order that spreads; to compare against",
        "every combination of {levels} values per range",
    )
    .with(&["levels"]),
];

/// The names of [`KINDS`], in their order.
pub const NAMES: [&str; KINDS.len()] = {
    let mut names = [""; KINDS.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = KINDS[i].name;
        i += 1;
    }
    names
};

/// The names of [`KINDS`] with what each does, in their order.
pub const ABOUT: [(&str, &str); KINDS.len()] = {
    let mut about = [("", ""); KINDS.len()];
    let mut i = 0;
    while i < about.len() {
        about[i] = (KINDS[i].name, KINDS[i].about);
        i += 1;
    }
    about
};

/// The one of [`KINDS`] with this name, if there is one.
#[must_use]
pub fn kind(name: &str) -> Option<&'static SamplerKind> {
    const TABLE: &[SamplerKind] = &KINDS;
    TABLE.iter().find(|kind| kind.name == name)
}

/// Settings of samplers as study files give them; a sampler ignores what it has no use for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Trials before the sampler learns from them (`gp`, `tpe`, `nsga2`); `None` leaves it to the sampler.
    pub initial: Option<usize>,
    /// Members of the population (`nsga2`); `None` leaves it to the sampler.
    pub population: Option<usize>,
    /// Values per range (`grid`); `None` leaves it to the sampler.
    pub levels: Option<usize>,
    /// How many trials there will be in all, if that is known: of few, fewer are spent on the initial design (`gp`, `tpe`).
    pub trials: Option<u64>,
}

/// Trials before a surrogate is used where the settings do not say: `2 (d + 1)` for `d` parameters, as many as a Gaussian
/// process needs to begin to tell directions apart. Studies freeze their reference point after so many, too.
#[must_use]
pub fn default_initial(space: &Space) -> usize {
    2 * (space.len() + 1)
}

/// As [`default_initial`], where there will be so many trials in all: two fifths of them at most, but three.
#[must_use]
pub fn initial_within(space: &Space, trials: Option<u64>) -> usize {
    let share = |trials: u64| usize::try_from(trials.saturating_mul(2) / 5).unwrap_or(usize::MAX).max(LEAST_INITIAL);
    default_initial(space).min(trials.map_or(usize::MAX, share))
}

/// As [`initial_within`], and no more than were let pass when the first trial was proposed by what was learned. How
/// many trials there will be may have been changed since then.
fn initial_of(space: &Space, trials: Option<u64>, history: &History) -> usize {
    let rules = || KINDS.iter().filter_map(|kind| kind.learning).flat_map(|learning| learning.rules);
    let learned = |t: &Trial| t.fit.as_ref().is_some_and(|fit| rules().any(|rule| fit.rule.starts_with(rule)));
    let before = history.trials().iter().position(learned);
    initial_within(space, trials).min(before.unwrap_or(usize::MAX))
}

/// The sampler of this name.
///
/// # Errors
/// [`SamplerError::UnknownName`] for a name that is not in [`NAMES`].
pub fn by_name(name: &str, settings: &Settings) -> Result<Box<dyn Sampler>, SamplerError> {
    match name {
        "gp" => Ok(Box::new(GpSampler { initial: settings.initial, trials: settings.trials })),
        "tpe" => Ok(Box::new(TpeSampler { initial: settings.initial, trials: settings.trials })),
        "nsga2" => Ok(Box::new(Nsga2Sampler { population: settings.population, initial: settings.initial })),
        "grid" => Ok(Box::new(GridSampler { levels: settings.levels })),
        "sobol" => Ok(Box::new(SobolSampler)),
        "random" => Ok(Box::new(RandomSampler)),
        _ => Err(SamplerError::UnknownName { name: name.to_owned() }),
    }
}

/// Proposes for up to `count` trials, one after the other. `next` gives the canonical vector for the trial of an id, and how it came
/// about, by what was tried so far. To run out of points at once is an error.
fn one_by_one<'a>(
    problem: &'a Problem,
    encoding: &'a Encoding<'a>,
    history: &History,
    count: usize,
    mut next: impl FnMut(&Tried<'a>, u64) -> Result<(Vec<f64>, Fit), SamplerError>,
) -> Result<Vec<Proposal>, SamplerError> {
    let mut tried = Tried::new(problem, encoding, history);
    let mut proposals = Vec::with_capacity(count);
    for id in (history.next_id().0..).take(count.max(1)) {
        match next(&tried, id) {
            Ok((x, fit)) => {
                tried.insert(&x);
                proposals.push(Proposal { point: encoding.decode(&x), fit });
            }
            Err(SamplerError::Exhausted) if !proposals.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(proposals)
}

#[cfg(test)]
mod tests {
    use super::super::history::TrialId;
    use super::*;
    use crate::optimizer::problem::minimize;
    use crate::optimizer::space::float;

    fn space(parameters: usize) -> Space {
        Space::new((0..parameters).map(|i| float(format!("x{i}"), 0.0..=1.0))).unwrap()
    }

    #[test]
    fn of_few_trials_few_are_the_initial_designs() {
        for (parameters, trials, initial) in [
            (6, None, 14),
            (6, Some(40), 14),
            (6, Some(35), 14),
            (6, Some(14), 5),
            (6, Some(5), 3),
            (6, Some(0), 3),
            (1, Some(40), 4),
            (1, Some(3), 3),
            (20, Some(u64::MAX), 42),
        ] {
            assert_eq!(initial_within(&space(parameters), trials), initial, "{parameters} {trials:?}");
        }
    }

    #[test]
    fn a_larger_budget_takes_nobody_back_into_the_initial_design() {
        let problem = Problem::new(space(10), [minimize("y")]).unwrap();
        let mut history = History::new();
        for (id, rule) in ["sobol", "prior", "sobol", "sobol", "log-nei", "log-nei"].into_iter().enumerate() {
            let fit = Some(Fit::by(rule));
            let point = super::super::space::Point::new();
            history.record(Trial { id: TrialId(id as u64), point, fit, outcome: Outcome::Pending });
        }
        let gp = |trials| by_name("gp", &Settings { trials, ..Settings::default() }).unwrap();
        assert_eq!(gp(Some(10)).initial(&problem, &history), Some(4));
        assert_eq!(gp(Some(40)).initial(&problem, &history), Some(4));
        assert_eq!(gp(None).initial(&problem, &History::new()), Some(22));
    }

    #[test]
    fn samplers_that_learn_say_how_many_trials_they_let_pass() {
        let problem = Problem::new(space(6), [minimize("y")]).unwrap();
        let initial =
            |name: &str, settings: Settings| by_name(name, &settings).unwrap().initial(&problem, &History::new());
        for name in ["gp", "tpe"] {
            let trials = Some(14);
            assert_eq!(initial(name, Settings { trials, ..Settings::default() }), Some(5));
            assert_eq!(initial(name, Settings { trials, initial: Some(9), ..Settings::default() }), Some(9));
        }
        for kind in KINDS {
            let initial = initial(kind.name, Settings::default());
            assert_eq!(initial.is_some(), kind.learning.is_some(), "{}", kind.name);
        }
    }
}
