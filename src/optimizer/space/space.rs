//! The space itself: a checked list of parameters.

use serde::{Deserialize, Serialize};

use super::{Clause, Domain, Parameter, Point, PointError, Scale, SpaceBuilder, SpaceError, Value};

/// A checked, ordered list of parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Parameter>", into = "Vec<Parameter>")]
pub struct Space {
    parameters: Vec<Parameter>,
    /// Indices of `parameters` such that each comes after those that its condition names.
    order: Vec<usize>,
}

impl Space {
    /// A builder without parameters.
    #[must_use]
    pub fn builder() -> SpaceBuilder {
        SpaceBuilder::default()
    }

    /// Checks a list of parameters.
    ///
    /// # Errors
    /// The first [`SpaceError`] found: domains first, in the order given, then conditions.
    pub fn new(parameters: Vec<Parameter>) -> Result<Self, SpaceError> {
        if parameters.is_empty() {
            return Err(SpaceError::Empty);
        }
        for (i, parameter) in parameters.iter().enumerate() {
            if parameters[..i].iter().any(|p| p.name == parameter.name) {
                return Err(SpaceError::DuplicateName { name: parameter.name.clone() });
            }
            check_domain(&parameter.name, &parameter.domain)?;
        }
        for parameter in &parameters {
            for clause in &parameter.condition {
                check_clause(&parameters, &parameter.name, clause)?;
            }
        }
        let order = dependency_order(&parameters)?;
        Ok(Self { parameters, order })
    }

    /// The parameters, in the order of declaration.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The parameter of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|p| p.name == name)
    }

    /// Number of parameters, active or not: the dimension of the encoding.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a space is never empty")]
    pub fn len(&self) -> usize {
        self.parameters.len()
    }

    /// Indices of the parameters such that each comes after those that its condition names.
    #[must_use]
    pub fn dependency_order(&self) -> &[usize] {
        &self.order
    }

    /// Number of distinct points, or `None` if there is a continuum or more than `limit`.
    #[must_use]
    pub fn cardinality(&self, limit: u64) -> Option<u64> {
        let all_choices = self.parameters.iter().try_fold(1u64, |n, p| n.checked_mul(p.domain.cardinality()?));
        match all_choices {
            Some(n) if self.parameters.iter().all(|p| p.condition.is_empty()) => (n <= limit).then_some(n),
            Some(_) => self.count_conditional(limit),
            None => None,
        }
    }

    /// All points, or `None` if there is a continuum or more than `limit`. Deterministic order.
    #[must_use]
    pub fn points(&self, limit: u64) -> Option<Vec<Point>> {
        self.cardinality(limit)?;
        let mut points = vec![Point::new()];
        for &i in &self.order {
            let parameter = &self.parameters[i];
            let mut next = Vec::with_capacity(points.len());
            for point in points {
                if !self.is_active(parameter, &point) {
                    next.push(point);
                    continue;
                }
                for k in 0..parameter.domain.cardinality()? {
                    let mut longer = point.clone();
                    longer.insert(&parameter.name, parameter.domain.nth(k)?);
                    next.push(longer);
                }
            }
            points = next;
        }
        Some(points)
    }

    /// Whether the parameter's condition holds, given the values of the parameters that it depends on.
    #[must_use]
    pub fn is_active(&self, parameter: &Parameter, point: &Point) -> bool {
        parameter.condition.iter().all(|c| point.get(&c.parameter).is_some_and(|v| c.values.contains(v)))
    }

    /// Whether `point` has exactly the active parameters, each with a value of its domain.
    ///
    /// # Errors
    /// The first [`PointError`], unknown names before others.
    pub fn check(&self, point: &Point) -> Result<(), PointError> {
        if let Some((name, _)) = point.iter().find(|(name, _)| self.get(name).is_none()) {
            return Err(PointError::Unknown { name: name.to_owned() });
        }
        for &i in &self.order {
            let parameter = &self.parameters[i];
            let name = || parameter.name.clone();
            match (point.get(&parameter.name), self.is_active(parameter, point)) {
                (None, true) => return Err(PointError::Missing { name: name() }),
                (Some(_), false) => return Err(PointError::Inactive { name: name() }),
                (Some(v), true) if !parameter.domain.contains(v) => {
                    return Err(PointError::Value { name: name(), value: v.clone() });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The point with the active parameters that it lacks at the [middle](Domain::middle) of their domains, and its numbers
    /// in the types of the space.
    ///
    /// # Errors
    /// A [`PointError`] if what it has does not belong to the space.
    pub fn complete(&self, point: &Point) -> Result<Point, PointError> {
        let mut whole = point.clone();
        for &i in &self.order {
            let parameter = &self.parameters[i];
            match whole.get(&parameter.name).cloned() {
                Some(value) => whole.insert(&parameter.name, parameter.domain.typed(value)),
                None if self.is_active(parameter, &whole) => {
                    if let Some(value) = parameter.domain.middle() {
                        whole.insert(&parameter.name, value);
                    }
                }
                None => {}
            }
        }
        self.check(&whole)?;
        Ok(whole)
    }

    /// `name=value` pairs of a point in the order of declaration.
    #[must_use]
    pub fn describe(&self, point: &Point) -> String {
        let pairs = self.parameters.iter().filter_map(|p| Some(format!("{}={}", p.name, point.get(&p.name)?)));
        pairs.collect::<Vec<_>>().join(" ")
    }

    fn count_conditional(&self, limit: u64) -> Option<u64> {
        let mut stack = vec![(0, Point::new())];
        let mut count = 0;
        while let Some((depth, point)) = stack.pop() {
            let Some(&i) = self.order.get(depth) else {
                count += 1;
                if count > limit {
                    return None;
                }
                continue;
            };
            let parameter = &self.parameters[i];
            if !self.is_active(parameter, &point) {
                stack.push((depth + 1, point));
                continue;
            }
            for k in 0..parameter.domain.cardinality()?.min(limit + 1) {
                let mut next = point.clone();
                next.insert(&parameter.name, parameter.domain.nth(k)?);
                stack.push((depth + 1, next));
            }
        }
        Some(count)
    }
}

impl TryFrom<Vec<Parameter>> for Space {
    type Error = SpaceError;

    fn try_from(parameters: Vec<Parameter>) -> Result<Self, SpaceError> {
        Self::new(parameters)
    }
}

impl From<Space> for Vec<Parameter> {
    fn from(space: Space) -> Self {
        space.parameters
    }
}

fn check_domain(name: &str, domain: &Domain) -> Result<(), SpaceError> {
    let name = || name.to_owned();
    let step_error = |reason: &str| SpaceError::Step { name: name(), reason: reason.to_owned() };
    #[expect(clippy::cast_precision_loss, reason = "only for the message and the sign")]
    let (low, high, scale) = match domain {
        Domain::Float { low, high, scale, step } => {
            if step.is_some() && *scale == Scale::Log {
                return Err(step_error("a step cannot be combined with a log scale"));
            }
            if step.is_some_and(|s| !(s > 0.0 && s.is_finite() && (s <= high - low || low > high))) {
                return Err(step_error("the step must be above zero and no wider than the range"));
            }
            (*low, *high, scale)
        }
        Domain::Int { low, high, scale, step } => {
            if *step < 1 {
                return Err(step_error("the step must be at least 1"));
            }
            (*low as f64, *high as f64, scale)
        }
        Domain::Choice { values } => {
            if values.is_empty() {
                return Err(SpaceError::EmptyChoice { name: name() });
            }
            for (i, value) in values.iter().enumerate() {
                let finite = value.as_f64().is_none_or(f64::is_finite);
                let same = |other: &Value| match (other.as_f64(), value.as_f64()) {
                    (Some(a), Some(b)) => a == b,
                    _ => other == value,
                };
                if !finite || values[..i].iter().any(same) {
                    return Err(SpaceError::ChoiceValue { name: name(), value: value.clone() });
                }
            }
            return Ok(());
        }
    };
    if !(low <= high && low.is_finite() && high.is_finite() && (high - low).is_finite()) {
        return Err(SpaceError::Range { name: name(), low, high });
    }
    if *scale == Scale::Log && low <= 0.0 {
        return Err(SpaceError::LogThroughZero { name: name(), low });
    }
    Ok(())
}

fn check_clause(parameters: &[Parameter], name: &str, clause: &Clause) -> Result<(), SpaceError> {
    let Some(on) = parameters.iter().find(|p| p.name == clause.parameter) else {
        return Err(SpaceError::UnknownCondition { name: name.to_owned(), on: clause.parameter.clone() });
    };
    match clause.values.iter().find(|v| !on.domain.contains(v)) {
        Some(value) => {
            Err(SpaceError::ConditionValue { name: name.to_owned(), on: on.name.clone(), value: value.clone() })
        }
        None => Ok(()),
    }
}

fn dependency_order(parameters: &[Parameter]) -> Result<Vec<usize>, SpaceError> {
    let mut order: Vec<usize> = Vec::with_capacity(parameters.len());
    while order.len() < parameters.len() {
        let placed = |name: &str| order.iter().any(|&i| parameters[i].name == name);
        let next = (0..parameters.len())
            .find(|i| !order.contains(i) && parameters[*i].condition.iter().all(|c| placed(&c.parameter)));
        match next {
            Some(i) => order.push(i),
            None => {
                let left = (0..parameters.len()).filter(|i| !order.contains(i));
                return Err(SpaceError::ConditionCycle { names: left.map(|i| parameters[i].name.clone()).collect() });
            }
        }
    }
    Ok(order)
}
