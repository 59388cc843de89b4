//! What is searched for: a space, the objectives over it, and what else the user knows or wants.
//!
//! The only place where signs are flipped and scales applied. Everything behind it (fronts, hypervolumes, surrogates)
//! works on *losses*: one number per objective, smaller is better, on the scale that the user asked for.
//!
//! | part | what it does |
//! |---|---|
//! | [`Objective`] | a metric to be made as good as possible |
//! | [`Constraint`] | a bound that a metric must keep; trials that break it are on no front |
//! | [`Preference`] | which part of the front matters: directs the search and the choice, hides nothing |
//! | [`Prior`] | where the user expects the best values of a parameter |
//! | [`Forbidden`] | combinations that are never proposed |
//! | [`Requirement`] | what the parameters of every proposed point keep together, such as `width * batch <= 200000` |
//! | starts | points that are proposed first |

mod constraint;
mod error;
mod forbidden;
mod objective;
mod preference;
mod requirement;

pub use constraint::{Bound, Constraint, at_least, at_most};
pub use error::ProblemError;
pub use forbidden::{Forbidden, Match};
pub use objective::{Goal, Objective, ValueError, maximize, minimize};
pub use preference::Preference;
pub use requirement::{Requirement, RequirementError};

pub use super::space::Prior;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::nearest::nearest;
use super::space::{Point, Space};

/// Named numbers of one trial, in the units in which they were reported.
pub type Metrics = BTreeMap<String, f64>;

/// A space and at least one objective.
///
/// ```
/// use wattfront::optimizer::problem::{Problem, maximize, minimize};
/// use wattfront::optimizer::space::{Space, float};
///
/// let space = Space::new([float("learning_rate", 1e-5..=1e-1).log()])?;
/// let problem = Problem::new(space, [maximize("accuracy"), minimize("energy").log()])?;
/// assert_eq!(problem.objectives().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    space: Space,
    objectives: Vec<Objective>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    constraints: Vec<Constraint>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    preferences: Vec<Preference>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    priors: BTreeMap<String, Prior>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    forbidden: Vec<Forbidden>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    requirements: Vec<Requirement>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    starts: Vec<Point>,
}

/// Parts of a problem that were checked where they were read.
#[cfg(any(feature = "study", test))]
#[derive(Debug, Default)]
pub(crate) struct ProblemParts {
    pub(crate) constraints: Vec<Constraint>,
    pub(crate) preferences: Vec<Preference>,
    pub(crate) priors: BTreeMap<String, Prior>,
    pub(crate) forbidden: Vec<Forbidden>,
    pub(crate) starts: Vec<Point>,
}

impl Problem {
    /// Something to be searched for over a space. The [priors](super::space::Parameter::prior) of its parameters become the
    /// problem's.
    ///
    /// # Errors
    /// A [`ProblemError`] if there is no objective, a name that is empty or has control characters, two of one metric, or a reference that no log scale can take.
    pub fn new(space: Space, objectives: impl IntoIterator<Item = Objective>) -> Result<Self, ProblemError> {
        let problem = Self::unchecked(space, objectives.into_iter().collect());
        problem.objectives.iter().try_for_each(|objective| usable_name(&objective.metric))?;
        problem.check_objectives()?;
        Ok(problem)
    }

    /// A problem as it was read from where its parts have been checked, with their places.
    pub(crate) fn unchecked(mut space: Space, objectives: Vec<Objective>) -> Self {
        let priors = space.take_priors();
        Self {
            space,
            objectives,
            constraints: Vec::new(),
            preferences: Vec::new(),
            priors,
            forbidden: Vec::new(),
            requirements: Vec::new(),
            starts: Vec::new(),
        }
    }

    /// Whether the objectives are such as [`new`](Self::new) takes: a stored problem may be older than its rules.
    pub(super) fn check_objectives(&self) -> Result<(), ProblemError> {
        if self.objectives.is_empty() {
            return Err(ProblemError::NoObjective);
        }
        for (i, objective) in self.objectives.iter().enumerate() {
            let metric = || objective.metric.clone();
            if self.objectives[..i].iter().any(|other| other.metric == objective.metric) {
                return Err(ProblemError::DuplicateObjective { metric: metric() });
            }
            objective
                .reference
                .map_or(Ok(0.0), |reference| objective.loss(reference))
                .map_err(|source| ProblemError::Reference { metric: metric(), source })?;
        }
        Ok(())
    }

    /// Adds bounds that metrics must keep, those of objectives or others: see [`at_least`] and [`at_most`].
    ///
    /// # Errors
    /// [`ProblemError::NotFinite`] for a bound that is no finite number, [`ProblemError::MetricName`] for a name that is none.
    ///
    /// ```
    /// # use wattfront::optimizer::{problem::{Problem, at_most, maximize}, space::{Space, float}};
    /// # let space = Space::new([float("x", 0.0..=1.0)])?;
    /// let problem = Problem::new(space, [maximize("accuracy")])?.subject_to([at_most("memory", 8e9)])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn subject_to(mut self, constraints: impl IntoIterator<Item = Constraint>) -> Result<Self, ProblemError> {
        for constraint in constraints {
            usable_name(&constraint.metric)?;
            finite(&format!("the bound of `{}`", constraint.metric), constraint.bound.value())?;
            self.constraints.push(constraint);
        }
        Ok(self)
    }

    /// Says which part of the front matters.
    ///
    /// # Errors
    /// [`ProblemError::UnknownObjective`] if the metric is that of no objective; [`ProblemError::NotFinite`] and
    /// [`ProblemError::Weight`] for numbers that cannot be.
    pub fn prefer(mut self, preferences: impl IntoIterator<Item = Preference>) -> Result<Self, ProblemError> {
        for preference in preferences {
            let metric = &preference.metric;
            if self.objective(metric).is_none() {
                return Err(self.unknown_objective(metric));
            }
            preference.within.map_or(Ok(()), |b| finite(&format!("the preferred bound of `{metric}`"), b.value()))?;
            if !(preference.weight.is_finite() && preference.weight > 0.0) {
                return Err(ProblemError::Weight { metric: metric.clone(), weight: preference.weight });
            }
            self.preferences.push(preference);
        }
        Ok(self)
    }

    /// The problem with these preferences in place of those that it has.
    #[must_use]
    pub(crate) fn preferring(mut self, preferences: Vec<Preference>) -> Self {
        self.preferences = preferences;
        self
    }

    /// Adds combinations that are never proposed.
    ///
    /// # Errors
    /// [`ProblemError::EmptyForbidden`] if one has no part; [`ProblemError::UnknownParameter`] and
    /// [`ProblemError::NeverThat`] if one names what the space does not have.
    ///
    /// ```
    /// # use wattfront::optimizer::problem::{Forbidden, Match, Problem, maximize};
    /// # use wattfront::optimizer::space::{Space, choice, int};
    /// # let space = Space::new([choice("optimizer", ["sgd", "adam"]), int("batch", 16..=256)])?;
    /// let slow = Forbidden::new([("optimizer", Match::one_of(["sgd"])), ("batch", Match::above(128.0))]);
    /// let problem = Problem::new(space, [maximize("accuracy")])?.forbid([slow])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn forbid(mut self, combinations: impl IntoIterator<Item = Forbidden>) -> Result<Self, ProblemError> {
        for forbidden in combinations {
            if forbidden.clauses.is_empty() {
                return Err(ProblemError::EmptyForbidden);
            }
            for (name, what) in &forbidden.clauses {
                let Some(parameter) = self.space.get(name) else {
                    let nearest = nearest(name, self.space.names()).map(str::to_owned);
                    return Err(ProblemError::UnknownParameter { name: name.clone(), nearest });
                };
                if !what.is_possible(&parameter.domain) {
                    return Err(ProblemError::NeverThat { name: name.clone(), what: what.to_string() });
                }
            }
            self.forbidden.push(forbidden);
        }
        Ok(self)
    }

    /// Adds what the parameters of every proposed point keep together, as texts or parsed.
    ///
    /// # Errors
    /// A [`RequirementError`] if a text is none, or if one names what is no parameter of the space, or one whose values are no
    /// numbers.
    ///
    /// ```
    /// # use wattfront::optimizer::{problem::{Problem, maximize}, space::{Space, int}};
    /// let space = Space::new([int("width", 8..=4096).log(), int("batch", 8..=1024).log()])?;
    /// let problem = Problem::new(space, [maximize("accuracy")])?.require(["width * batch <= 200000"])?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn require<R>(mut self, requirements: impl IntoIterator<Item = R>) -> Result<Self, ProblemError>
    where
        R: TryInto<Requirement>,
        ProblemError: From<R::Error>,
    {
        for requirement in requirements {
            let requirement: Requirement = requirement.try_into()?;
            if let Some(name) = requirement.stranger(&self.space) {
                return Err(RequirementError::no_number(name).into());
            }
            self.requirements.push(requirement);
        }
        Ok(self)
    }

    /// Adds points that are proposed before all others, such as the setting that is in use today. Those that are forbidden are
    /// passed over.
    ///
    /// # Errors
    /// [`ProblemError::Start`] for a point that the space does not have.
    pub fn start(mut self, points: impl IntoIterator<Item = Point>) -> Result<Self, ProblemError> {
        for point in points {
            self.space.check(&self.space.typed(&point)).map_err(|source| ProblemError::Start { source })?;
            self.starts.push(point);
        }
        Ok(self)
    }

    /// Adds parts that were checked where they were read.
    #[cfg(any(feature = "study", test))]
    pub(crate) fn add_unchecked(mut self, parts: ProblemParts) -> Self {
        self.constraints.extend(parts.constraints);
        self.preferences.extend(parts.preferences);
        self.priors.extend(parts.priors);
        self.forbidden.extend(parts.forbidden);
        self.starts.extend(parts.starts);
        self
    }

    fn objective(&self, metric: &str) -> Option<&Objective> {
        self.objectives.iter().find(|o| o.metric == metric)
    }

    pub(super) fn unknown_objective(&self, metric: &str) -> ProblemError {
        let nearest = nearest(metric, self.objectives.iter().map(|o| o.metric.as_str())).map(str::to_owned);
        ProblemError::UnknownObjective { metric: metric.to_owned(), nearest }
    }

    /// The space.
    #[must_use]
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// The objectives, in the order in which they were added.
    #[must_use]
    pub fn objectives(&self) -> &[Objective] {
        &self.objectives
    }

    /// The constraints, in the order in which they were added.
    #[must_use]
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// The preferences, in the order in which they were added.
    #[must_use]
    pub fn preferences(&self) -> &[Preference] {
        &self.preferences
    }

    /// The priors, by the names of their parameters.
    #[must_use]
    pub fn priors(&self) -> &BTreeMap<String, Prior> {
        &self.priors
    }

    /// The points that are proposed first, in order.
    #[must_use]
    pub fn starts(&self) -> &[Point] {
        &self.starts
    }

    /// Whether a point is never proposed: it matches a forbidden combination, or breaks a requirement.
    #[must_use]
    pub fn forbids(&self, point: &Point) -> bool {
        self.forbidden.iter().any(|f| f.matches(&self.space, point))
            || self.requirements.iter().any(|r| !r.holds(point))
    }

    /// Whether there is anything that [`forbids`](Self::forbids) points.
    #[must_use]
    pub fn is_restricted(&self) -> bool {
        !(self.forbidden.is_empty() && self.requirements.is_empty())
    }

    /// The forbidden combinations.
    #[must_use]
    pub fn forbidden(&self) -> &[Forbidden] {
        &self.forbidden
    }

    /// The requirements.
    #[must_use]
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// How far each constraint is broken, in its metric's own units: zero or less where it is kept.
    ///
    /// # Errors
    /// A [`ValueError`] if a metric is missing or not finite.
    pub fn violations(&self, metrics: &Metrics) -> Result<Vec<f64>, ValueError> {
        let violation = |constraint: &Constraint| {
            let value = *metrics.get(&constraint.metric).ok_or_else(|| missing(&constraint.metric, metrics))?;
            if !value.is_finite() {
                return Err(ValueError::NotFinite { metric: constraint.metric.clone(), value });
            }
            Ok(constraint.bound.violation(value))
        };
        self.constraints.iter().map(violation).collect()
    }

    /// Whether metrics keep every constraint; false where one cannot be told.
    #[must_use]
    pub fn is_feasible(&self, metrics: &Metrics) -> bool {
        self.violations(metrics).is_ok_and(|v| v.iter().all(|v| *v <= 0.0))
    }

    /// Whether metrics can be the outcome of a trial: every objective has a loss and every constraint its metric.
    ///
    /// # Errors
    /// The first [`ValueError`].
    pub fn check(&self, metrics: &Metrics) -> Result<(), ValueError> {
        self.losses(metrics)?;
        self.violations(metrics).map(drop)
    }

    /// Per objective, the loss beyond which the user's preferences see nothing of interest; `None` where they say nothing,
    /// or bound the good side only.
    #[must_use]
    pub fn limits(&self) -> Vec<Option<f64>> {
        let limit = |objective: &Objective| {
            let own = self.preferences.iter().filter(|p| p.metric == objective.metric);
            own.filter_map(|p| objective.limit(p.within?)).min_by(f64::total_cmp)
        };
        self.objectives.iter().map(limit).collect()
    }

    /// Per objective, how much a scaled loss counts when one point of the front is to be chosen: 1 unless a preference says
    /// otherwise.
    #[must_use]
    pub fn weights(&self) -> Vec<f64> {
        let weight =
            |o: &Objective| self.preferences.iter().rev().find(|p| p.metric == o.metric).map_or(1.0, |p| p.weight);
        self.objectives.iter().map(weight).collect()
    }

    /// The losses of a trial's metrics: one per objective, smaller is better.
    ///
    /// # Errors
    /// A [`ValueError`] if a metric is missing, not finite, or not above zero where the scale is logarithmic.
    pub fn losses(&self, metrics: &Metrics) -> Result<Vec<f64>, ValueError> {
        let loss = |objective: &Objective| {
            let value = metrics.get(&objective.metric).ok_or_else(|| missing(&objective.metric, metrics))?;
            objective.loss(*value)
        };
        self.objectives.iter().map(loss).collect()
    }

    /// The metrics' values that have these losses, in the order of the objectives.
    #[must_use]
    pub fn values(&self, losses: &[f64]) -> Vec<f64> {
        self.objectives.iter().zip(losses).map(|(o, l)| o.value(*l)).collect()
    }
}

fn finite(what: &str, value: f64) -> Result<(), ProblemError> {
    if value.is_finite() { Ok(()) } else { Err(ProblemError::NotFinite { what: what.to_owned(), value }) }
}

fn usable_name(metric: &str) -> Result<(), ProblemError> {
    let unusable = metric.is_empty() || metric.contains(char::is_control);
    if unusable { Err(ProblemError::MetricName { metric: metric.to_owned() }) } else { Ok(()) }
}

fn missing(metric: &str, metrics: &Metrics) -> ValueError {
    ValueError::Missing { metric: metric.to_owned(), reported: metrics.keys().cloned().collect() }
}

#[cfg(test)]
mod tests {
    use super::super::space::{Value, choice, float};
    use super::*;

    fn problem() -> Problem {
        let space = Space::new([float("x", 0.0..=1.0), choice("o", ["a", "b"])]).unwrap();
        Problem::new(space, [maximize("accuracy"), minimize("energy").log()]).unwrap()
    }

    #[test]
    fn constraints_are_kept_up_to_and_including_their_bound() {
        let problem = problem().subject_to([at_least("accuracy", 0.5), at_most("ram", 8.0)]).unwrap();
        let metrics = |accuracy: f64, ram: f64| {
            Metrics::from([("accuracy".to_owned(), accuracy), ("energy".to_owned(), 1.0), ("ram".to_owned(), ram)])
        };
        assert!(problem.is_feasible(&metrics(0.5, 8.0)));
        assert!(!problem.is_feasible(&metrics(0.4, 8.0)) && !problem.is_feasible(&metrics(0.6, 9.0)));
        assert_eq!(problem.violations(&metrics(0.25, 4.0)), Ok(vec![0.25, -4.0]));
        let mut without = metrics(0.5, 8.0);
        without.remove("ram");
        assert!(problem.check(&without).unwrap_err().to_string().contains("`ram` was not reported"));
    }

    #[test]
    fn limits_are_the_tightest_preferences_on_the_bad_side() {
        let preferences = [
            Preference::within("energy", Bound::AtLeast(1.0)),
            Preference::within("accuracy", Bound::AtLeast(0.8)),
            Preference::within("accuracy", Bound::AtLeast(0.9)),
            Preference::weight("energy", 2.0),
        ];
        let problem = problem().subject_to([at_least("accuracy", 0.95)]).unwrap().prefer(preferences).unwrap();
        assert_eq!(problem.limits(), [Some(-0.9), None]);
        assert_eq!(problem.weights(), [1.0, 2.0]);
    }

    #[test]
    fn forbidden_combinations_need_all_their_parts() {
        let clauses = [("o", Match::one_of(["a"])), ("x", Match::above(0.5))];
        let problem = problem().forbid([Forbidden::new(clauses)]).unwrap();
        let point = |x: f64, o: &str| Point::from_iter([("x", Value::from(x)), ("o", Value::from(o))]);
        assert!(problem.forbids(&point(0.7, "a")));
        assert!(!problem.forbids(&point(0.2, "a")) && !problem.forbids(&point(0.7, "b")));
        let without = Point::from_iter([("o", "a")]);
        assert!(!problem.forbids(&without), "an inactive parameter matches nothing");
    }

    /// What is wrong, in which part, and what helps.
    #[test]
    fn what_cannot_be_is_refused_where_it_is_said() {
        let space = || Space::new([float("x", 0.0..=1.0), choice("o", ["a", "b"])]).unwrap();
        let new = |objectives: Vec<Objective>| Problem::new(space(), objectives);
        let one = |name: &str, what| problem().forbid([Forbidden::new([(name, what)])]);
        let prefer = |metric: &str, weight| problem().prefer([Preference::weight(metric, weight)]);
        for (made, wrong, helps) in [
            (new(vec![]), "no objective", "maximize"),
            (new(vec![maximize("a"), minimize("a")]), "`a` is an objective twice", "keep one"),
            (new(vec![minimize("e").log().reference(-1.0)]), "the reference of `e`", "inferred"),
            (problem().subject_to([at_most("ram", f64::NAN)]), "the bound of `ram` is NaN", ""),
            (prefer("acuracy", 1.0), "`acuracy` is no objective", "did you mean `accuracy`?"),
            (prefer("accuracy", 0.0), "the weight of `accuracy` is 0", ""),
            (one("xx", Match::above(0.5)), "no parameter `xx`", "did you mean `x`?"),
            (one("o", Match::one_of(["c"])), "`o` is never c", "leave the combination out"),
            (one("o", Match::above(0.5)), "`o` is never at least 0.5", "leave the combination out"),
            (problem().forbid([Forbidden::new::<&str>([])]), "forbid every point", "leave it out"),
            (problem().require(["x <"]), "", ""),
            (problem().require(["o < 1"]), "`o` is no parameter of the space that is a number", "name a range"),
            (problem().start([Point::from_iter([("x", 0.5)])]), "a start is no point", "give it one"),
        ] {
            let error = made.unwrap_err();
            let (said, help) = (error.to_string(), error.help().unwrap_or_default());
            assert!(said.contains(wrong) && help.contains(helps), "{said} / {help}");
            assert!(helps.is_empty() || !said.contains(helps), "help stands apart: {said}");
        }
    }

    #[test]
    fn priors_of_parameters_become_the_problems_and_are_stored_as_ever() {
        let expected = Prior::Around { value: 0.5, spread: 0.1 };
        let space = Space::new([float("x", 0.0..=1.0).prior(expected.clone())]).unwrap();
        let stored = serde_json::to_string(&space).unwrap();
        assert_eq!(serde_json::from_str::<Space>(&stored).unwrap(), space, "{stored}");
        let problem = Problem::new(space, [maximize("a")]).unwrap();
        assert_eq!(problem.priors().get("x"), Some(&expected));
        let json = serde_json::to_string(&problem).unwrap();
        let domain = r#"{"type":"float","low":0.0,"high":1.0,"scale":"linear","step":null}"#;
        let parts = [
            format!(r#"{{"space":[{{"name":"x","domain":{domain}}}],"#),
            r#""objectives":[{"metric":"a","goal":"maximize","scale":"linear"}],"#.to_owned(),
            r#""priors":{"x":{"around":{"value":0.5,"spread":0.1}}}}"#.to_owned(),
        ];
        assert_eq!(json, parts.concat());
        assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
    }
}
