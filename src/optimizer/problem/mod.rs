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
mod forbidden;
mod objective;
mod preference;
mod prior;
mod requirement;

pub use constraint::{Bound, Constraint};
pub use forbidden::{Forbidden, Match};
pub use objective::{Goal, Objective, ValueError};
pub use preference::Preference;
pub use prior::Prior;
pub use requirement::{Requirement, RequirementError};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::space::{Point, Scale, Space};

/// Named numbers of one trial, in the units in which they were reported.
pub type Metrics = BTreeMap<String, f64>;

/// A space and at least one objective.
///
/// ```
/// use wattfront::optimizer::{problem::Problem, space::Space};
///
/// let space = Space::builder().float("learning_rate", 1e-5..=1e-1).log().build()?;
/// let problem = Problem::new(space).maximize("accuracy").minimize("energy").log();
/// assert_eq!(problem.objectives().len(), 2);
/// # Ok::<(), wattfront::optimizer::space::SpaceError>(())
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

impl Problem {
    /// A problem without objectives; add some with [`maximize`](Self::maximize) and [`minimize`](Self::minimize).
    #[must_use]
    pub fn new(space: Space) -> Self {
        Self {
            space,
            objectives: Vec::new(),
            constraints: Vec::new(),
            preferences: Vec::new(),
            priors: BTreeMap::new(),
            forbidden: Vec::new(),
            requirements: Vec::new(),
            starts: Vec::new(),
        }
    }

    /// Adds a metric to maximize, on a linear scale.
    #[must_use]
    pub fn maximize(self, metric: impl Into<String>) -> Self {
        self.objective(Objective { metric: metric.into(), goal: Goal::Maximize, scale: Scale::Linear, reference: None })
    }

    /// Adds a metric to minimize, on a linear scale.
    #[must_use]
    pub fn minimize(self, metric: impl Into<String>) -> Self {
        self.objective(Objective { metric: metric.into(), goal: Goal::Minimize, scale: Scale::Linear, reference: None })
    }

    /// Adds an objective.
    #[must_use]
    pub fn objective(mut self, objective: Objective) -> Self {
        self.objectives.push(objective);
        self
    }

    /// Puts the last objective on a log scale.
    #[must_use]
    pub fn log(mut self) -> Self {
        if let Some(last) = self.objectives.last_mut() {
            last.scale = Scale::Log;
        }
        self
    }

    /// Gives the last objective its coordinate of the reference point, in the metric's own units.
    #[must_use]
    pub fn reference(mut self, value: f64) -> Self {
        if let Some(last) = self.objectives.last_mut() {
            last.reference = Some(value);
        }
        self
    }

    /// Adds a bound that a metric must keep, an objective's or another.
    #[must_use]
    pub fn constraint(mut self, metric: impl Into<String>, bound: Bound) -> Self {
        self.constraints.push(Constraint { metric: metric.into(), bound });
        self
    }

    /// Says which part of the front matters.
    #[must_use]
    pub fn prefer(mut self, preference: Preference) -> Self {
        self.preferences.push(preference);
        self
    }

    /// The problem with these preferences in place of those that it has.
    #[must_use]
    pub fn preferring(mut self, preferences: Vec<Preference>) -> Self {
        self.preferences = preferences;
        self
    }

    /// Says where the best values of a parameter are expected; replaces what was said before.
    #[must_use]
    pub fn prior(mut self, parameter: impl Into<String>, prior: Prior) -> Self {
        self.priors.insert(parameter.into(), prior);
        self
    }

    /// Adds a combination that is never proposed.
    #[must_use]
    pub fn forbid(mut self, forbidden: Forbidden) -> Self {
        self.forbidden.push(forbidden);
        self
    }

    /// Adds what the parameters of every proposed point keep together.
    ///
    /// # Errors
    /// A [`RequirementError`] if it names what is no parameter of the space, or one whose values are no numbers.
    ///
    /// ```
    /// # use wattfront::optimizer::{problem::Problem, space::Space};
    /// let space = Space::builder().int("width", 8..=4096).log().int("batch", 8..=1024).log().build()?;
    /// let problem = Problem::new(space).maximize("accuracy").require("width * batch <= 200000".parse()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn require(mut self, requirement: Requirement) -> Result<Self, RequirementError> {
        if let Some(name) = requirement.stranger(&self.space) {
            return Err(RequirementError::no_number(name));
        }
        self.requirements.push(requirement);
        Ok(self)
    }

    /// Adds a point that is proposed before all others.
    #[must_use]
    pub fn start(mut self, point: Point) -> Self {
        self.starts.push(point);
        self
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

fn missing(metric: &str, metrics: &Metrics) -> ValueError {
    ValueError::Missing { metric: metric.to_owned(), reported: metrics.keys().cloned().collect() }
}

#[cfg(test)]
mod tests {
    use super::super::space::Value;
    use super::*;

    fn problem() -> Problem {
        let space = Space::builder().float("x", 0.0..=1.0).choice("o", ["a", "b"]).build().unwrap();
        Problem::new(space).maximize("accuracy").minimize("energy").log()
    }

    #[test]
    fn constraints_are_kept_up_to_and_including_their_bound() {
        let problem = problem().constraint("accuracy", Bound::AtLeast(0.5)).constraint("ram", Bound::AtMost(8.0));
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
        let problem = problem()
            .constraint("accuracy", Bound::AtLeast(0.95))
            .prefer(Preference::within("energy", Bound::AtLeast(1.0)))
            .prefer(Preference::within("accuracy", Bound::AtLeast(0.8)))
            .prefer(Preference::within("accuracy", Bound::AtLeast(0.9)))
            .prefer(Preference::weight("energy", 2.0));
        assert_eq!(problem.limits(), [Some(-0.9), None]);
        assert_eq!(problem.weights(), [1.0, 2.0]);
    }

    #[test]
    fn forbidden_combinations_need_all_their_parts() {
        let clauses = [("o".to_owned(), Match::Values(vec!["a".into()])), ("x".to_owned(), Match::above(0.5))];
        let problem = problem().forbid(Forbidden { clauses: clauses.into() });
        let point = |x: f64, o: &str| Point::from_iter([("x", Value::from(x)), ("o", Value::from(o))]);
        assert!(problem.forbids(&point(0.7, "a")));
        assert!(!problem.forbids(&point(0.2, "a")) && !problem.forbids(&point(0.7, "b")));
        let without = Point::from_iter([("o", "a")]);
        assert!(!problem.forbids(&without), "an inactive parameter matches nothing");
    }
}
