//! Step-by-step construction of a space.

use std::ops::RangeInclusive;

use super::{Clause, Domain, Parameter, Scale, Space, SpaceError, Value};

/// Builds a [`Space`]. [`log`](Self::log), [`step`](Self::step) and [`when`](Self::when) refine the parameter added last.
///
/// ```
/// use wattfront::optimizer::space::Space;
///
/// let space = Space::builder()
///     .float("learning_rate", 1e-5..=1e-1).log()
///     .choice("optimizer", ["sgd", "adam"])
///     .float("momentum", 0.0..=0.99).when("optimizer", ["sgd"])
///     .build()?;
/// assert_eq!(space.len(), 3);
/// # Ok::<(), wattfront::optimizer::space::SpaceError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SpaceBuilder {
    parameters: Vec<Parameter>,
    misuse: Option<SpaceError>,
}

impl SpaceBuilder {
    /// Adds floating-point numbers from a closed range, on a linear scale.
    #[must_use]
    pub fn float(self, name: impl Into<String>, range: RangeInclusive<f64>) -> Self {
        let (low, high) = range.into_inner();
        self.parameter(name, Domain::Float { low, high, scale: Scale::Linear, step: None })
    }

    /// Adds whole numbers from a closed range, on a linear scale.
    #[must_use]
    pub fn int(self, name: impl Into<String>, range: RangeInclusive<i64>) -> Self {
        let (low, high) = range.into_inner();
        self.parameter(name, Domain::Int { low, high, scale: Scale::Linear, step: 1 })
    }

    /// Adds a choice of values. Numbers are ordered by size; names and truth values have no order.
    #[must_use]
    pub fn choice<V: Into<Value>>(self, name: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        self.parameter(name, Domain::Choice { values: values.into_iter().map(Into::into).collect() })
    }

    /// Adds a parameter with any domain.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, domain: Domain) -> Self {
        self.parameters.push(Parameter { name: name.into(), domain, condition: Vec::new() });
        self
    }

    /// Puts the last parameter on a log scale.
    #[must_use]
    pub fn log(mut self) -> Self {
        match self.parameters.last_mut() {
            Some(Parameter { domain: Domain::Float { scale, .. } | Domain::Int { scale, .. }, .. }) => {
                *scale = Scale::Log;
            }
            last => {
                let name = last.map_or_else(String::new, |p| p.name.clone());
                let reason = "a log scale is for floats and integers".to_owned();
                self.misuse.get_or_insert(SpaceError::Step { name, reason });
            }
        }
        self
    }

    /// Restricts the last parameter to its lower bound plus whole multiples of `step`.
    #[must_use]
    pub fn step(mut self, step: impl Into<Value>) -> Self {
        let value = step.into();
        match (self.parameters.last_mut().map(|p| &mut p.domain), &value) {
            (Some(Domain::Float { step, .. }), v) if v.is_number() => *step = v.as_f64(),
            (Some(Domain::Int { step, .. }), Value::Int(v)) => *step = *v,
            _ => {
                let name = self.parameters.last().map_or_else(String::new, |p| p.name.clone());
                let reason = format!("a step of {value} does not fit this kind of parameter");
                self.misuse.get_or_insert(SpaceError::Step { name, reason });
            }
        }
        self
    }

    /// Makes the last parameter active only where `parameter` is active and has one of `values`. Several calls must all
    /// hold.
    #[must_use]
    pub fn when<V: Into<Value>>(mut self, parameter: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        if let Some(last) = self.parameters.last_mut() {
            let values = values.into_iter().map(Into::into).collect();
            last.condition.push(Clause { parameter: parameter.into(), values });
        }
        self
    }

    /// Checks everything and builds the space.
    ///
    /// # Errors
    /// The first [`SpaceError`] in the order of the parameters.
    pub fn build(self) -> Result<Space, SpaceError> {
        match self.misuse {
            Some(error) => Err(error),
            None => Space::new(self.parameters),
        }
    }
}
