//! The space itself: a checked list of parameters.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::super::nearest::nearest;
use super::domain::{check_clause, check_domain, check_prior};
use super::{Clause, Domain, Parameter, Point, PointError, Prior, SpaceError, Value};

/// A checked, ordered list of parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Parameter>", into = "Vec<Parameter>")]
pub struct Space {
    parameters: Vec<Parameter>,
    /// Indices of `parameters` such that each comes after those that its condition names.
    order: Vec<usize>,
}

impl Space {
    /// A space of these parameters.
    ///
    /// ```
    /// use wattfront::optimizer::space::{Space, choice, float, int};
    ///
    /// let space = Space::new([
    ///     float("learning_rate", 1e-5..=1e-1).log(),
    ///     int("width", 8..=256).step(8),
    ///     choice("optimizer", ["sgd", "adam"]),
    ///     float("momentum", 0.0..=0.99).when("optimizer", ["sgd"]),
    /// ])?;
    /// assert_eq!(space.len(), 4);
    /// # Ok::<(), wattfront::optimizer::space::SpaceError>(())
    /// ```
    ///
    /// # Errors
    /// The first [`SpaceError`] found: domains first, in the order given, then conditions.
    pub fn new(parameters: impl IntoIterator<Item = Parameter>) -> Result<Self, SpaceError> {
        Self::checked(parameters.into_iter().collect(), true)
    }

    /// `fully`: domains and what conditions say of them are checked, too, and not only that parameters have names and an order.
    fn checked(mut parameters: Vec<Parameter>, fully: bool) -> Result<Self, SpaceError> {
        if parameters.is_empty() {
            return Err(SpaceError::Empty);
        }
        spell_conditions(&mut parameters);
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        for (i, parameter) in parameters.iter().enumerate() {
            if by_name.insert(&parameter.name, i).is_some() {
                return Err(SpaceError::DuplicateName { name: parameter.name.clone() });
            }
            if fully {
                if parameter.name.is_empty() || parameter.name.contains(char::is_control) {
                    return Err(SpaceError::Name { name: parameter.name.clone() });
                }
                if let Some(misuse) = &parameter.misuse {
                    return Err((**misuse).clone());
                }
                check_domain(&parameter.name, &parameter.domain)?;
                check_prior(parameter)?;
            }
        }
        for parameter in &parameters {
            for clause in &parameter.condition {
                let Some(on) = by_name.get(clause.parameter.as_str()).map(|i| &parameters[*i]) else {
                    let nearest = nearest(&clause.parameter, by_name.keys().copied()).map(str::to_owned);
                    let (name, on) = (parameter.name.clone(), clause.parameter.clone());
                    return Err(SpaceError::UnknownCondition { name, on, nearest });
                };
                if fully {
                    check_clause(on, &parameter.name, clause)?;
                }
            }
        }
        let order = dependency_order(&parameters, &by_name)?;
        Ok(Self { parameters, order })
    }

    /// Takes the [priors](Parameter::prior) of the parameters out, by name.
    pub(in super::super) fn take_priors(&mut self) -> BTreeMap<String, Prior> {
        let take = |p: &mut Parameter| Some((p.name.clone(), p.prior.take()?));
        self.parameters.iter_mut().filter_map(take).collect()
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
        let mut free = 1u64;
        for parameter in &self.parameters {
            let values = parameter.domain.cardinality()?;
            if parameter.condition.is_empty() {
                // Every combination of these is a part of some point.
                free = free.checked_mul(values).filter(|n| *n <= limit)?;
            }
        }
        if self.parameters.iter().all(|p| p.condition.is_empty()) { Some(free) } else { self.count(limit) }
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
        let holds = |c: &Clause, v: &Value| {
            // Points from elsewhere may spell a value of steps in another way.
            let respelt = || {
                matches!(v, Value::Float(_)) && self.typed_in(&c.parameter, v).is_some_and(|v| c.values.contains(&v))
            };
            c.values.contains(v) || respelt()
        };
        parameter.condition.iter().all(|c| point.get(&c.parameter).is_some_and(|v| holds(c, v)))
    }

    /// The point with its values in the types and the spelling of the space, as far as they are values of it: some languages write
    /// 1.0 as `1`, and `3 * 0.1` is 0.30000000000000004 in most.
    #[must_use]
    pub fn typed(&self, point: &Point) -> Point {
        let mut typed = point.clone();
        for parameter in &self.parameters {
            if let Some(value) = point.get(&parameter.name) {
                typed.insert(&parameter.name, parameter.domain.typed(value.clone()));
            }
        }
        typed
    }

    fn typed_in(&self, name: &str, value: &Value) -> Option<Value> {
        self.get(name).map(|parameter| parameter.domain.typed(value.clone()))
    }

    /// The names of the parameters, in the order of declaration.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.parameters.iter().map(|p| p.name.as_str())
    }

    /// Whether `point` has exactly the active parameters, each with a value of its domain.
    ///
    /// # Errors
    /// The first [`PointError`], unknown names before others.
    pub fn check(&self, point: &Point) -> Result<(), PointError> {
        if let Some((name, _)) = point.iter().find(|(name, _)| self.get(name).is_none()) {
            let nearest = nearest(name, self.names()).map(str::to_owned);
            return Err(PointError::Unknown { name: name.to_owned(), nearest });
        }
        for &i in &self.order {
            let parameter = &self.parameters[i];
            let name = || parameter.name.clone();
            match (point.get(&parameter.name), self.is_active(parameter, point)) {
                (None, true) => return Err(PointError::Missing { name: name() }),
                (Some(_), false) => return Err(PointError::Inactive { name: name() }),
                (Some(v), true) if !parameter.domain.contains(v) => {
                    return Err(PointError::value(name(), v.clone(), &parameter.domain));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The point with the active parameters that it lacks at the [middle](super::Domain::middle) of their domains, and its numbers
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

    /// Number of points of a space that is no continuum, by an odometer whose wheels are the active parameters.
    fn count(&self, limit: u64) -> Option<u64> {
        let mut wheels: Vec<u64> = Vec::with_capacity(self.order.len());
        let mut point = Point::new();
        let mut count = 0u64;
        loop {
            while let Some(&i) = self.order.get(wheels.len()) {
                let parameter = &self.parameters[i];
                if self.is_active(parameter, &point) {
                    point.insert(&parameter.name, parameter.domain.nth(0)?);
                }
                wheels.push(0);
            }
            count += 1;
            if count > limit {
                return None;
            }
            // The last wheel that can turn turns; those behind it start again.
            loop {
                let Some(wheel) = wheels.pop() else { return Some(count) };
                let parameter = &self.parameters[self.order[wheels.len()]];
                if point.remove(&parameter.name)
                    && let Some(value) = parameter.domain.nth(wheel + 1)
                {
                    point.insert(&parameter.name, value);
                    wheels.push(wheel + 1);
                    break;
                }
            }
        }
    }
}

/// A space as it was stored. Its domains were checked when the study began, by the rules of then: a study that an earlier version
/// began can be read whatever this one would refuse.
impl TryFrom<Vec<Parameter>> for Space {
    type Error = SpaceError;

    fn try_from(parameters: Vec<Parameter>) -> Result<Self, SpaceError> {
        Self::checked(parameters, false)
    }
}

impl From<Space> for Vec<Parameter> {
    fn from(space: Space) -> Self {
        space.parameters
    }
}

/// Conditions name values as the parameters that decide spell them.
fn spell_conditions(parameters: &mut [Parameter]) {
    let wanted = parameters.iter().flat_map(|p| &p.condition).map(|c| c.parameter.clone());
    let wanted: HashSet<String> = wanted.collect();
    let deciders = parameters.iter().filter(|p| wanted.contains(&p.name));
    let domains: HashMap<String, Domain> = deciders.map(|p| (p.name.clone(), p.domain.clone())).collect();
    for clause in parameters.iter_mut().flat_map(|p| &mut p.condition) {
        if let Some(domain) = domains.get(&clause.parameter) {
            clause.values = clause.values.drain(..).map(|value| domain.typed(value)).collect();
        }
    }
}

/// Each parameter after those that its condition names; of those that may come next, the one that is declared first.
fn dependency_order(parameters: &[Parameter], by_name: &HashMap<&str, usize>) -> Result<Vec<usize>, SpaceError> {
    let mut waits: Vec<usize> = parameters.iter().map(|p| p.condition.len()).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); parameters.len()];
    for (i, parameter) in parameters.iter().enumerate() {
        for clause in &parameter.condition {
            followers[by_name[clause.parameter.as_str()]].push(i);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..waits.len()).filter(|i| waits[*i] == 0).map(Reverse).collect();
    let mut order: Vec<usize> = Vec::with_capacity(parameters.len());
    while let Some(Reverse(next)) = ready.pop() {
        order.push(next);
        for &follower in &followers[next] {
            waits[follower] -= 1;
            if waits[follower] == 0 {
                ready.push(Reverse(follower));
            }
        }
    }
    if order.len() < parameters.len() {
        let left = parameters.iter().zip(&waits).filter(|(_, waits)| **waits > 0);
        return Err(SpaceError::ConditionCycle { names: left.map(|(p, _)| p.name.clone()).collect() });
    }
    Ok(order)
}
