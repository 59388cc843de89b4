//! Parameters as they are declared: finished values, for the list of [`Space::new`](super::Space::new).

use std::ops::RangeInclusive;

use super::{Clause, Domain, Parameter, Prior, Scale, SpaceError, Value};

/// Floating-point numbers from a closed range, on a linear scale.
///
/// ```
/// use wattfront::optimizer::space::{Space, float};
///
/// let space = Space::new([float("learning_rate", 1e-5..=1e-1).log(), float("dropout", 0.0..=0.5).step(0.1)])?;
/// # Ok::<(), wattfront::optimizer::space::SpaceError>(())
/// ```
#[must_use]
pub fn float(name: impl Into<String>, range: RangeInclusive<f64>) -> Parameter {
    let (low, high) = range.into_inner();
    Parameter::new(name, Domain::Float { low, high, scale: Scale::Linear, step: None })
}

/// Whole numbers from a closed range, on a linear scale.
///
/// ```
/// use wattfront::optimizer::space::{Space, int};
///
/// let space = Space::new([int("width", 8..=256).log(), int("epochs", 10..=100).step(10)])?;
/// # Ok::<(), wattfront::optimizer::space::SpaceError>(())
/// ```
#[must_use]
pub fn int(name: impl Into<String>, range: RangeInclusive<i64>) -> Parameter {
    let (low, high) = range.into_inner();
    Parameter::new(name, Domain::Int { low, high, scale: Scale::Linear, step: 1 })
}

/// A choice of values (a categorical parameter). Numbers are ordered by size; names and truth values have no order.
///
/// ```
/// use wattfront::optimizer::space::{Space, choice};
///
/// let space = Space::new([choice("optimizer", ["sgd", "adam"]), choice("batch", [16, 32, 64])])?;
/// # Ok::<(), wattfront::optimizer::space::SpaceError>(())
/// ```
#[must_use]
pub fn choice<V: Into<Value>>(name: impl Into<String>, values: impl IntoIterator<Item = V>) -> Parameter {
    Parameter::new(name, Domain::Choice { values: values.into_iter().map(Into::into).collect() })
}

/// What a parameter is besides its values. What makes no sense for its kind is an error of
/// [`Space::new`](super::Space::new), which names the parameter.
impl Parameter {
    /// A parameter with any domain, always active.
    #[must_use]
    pub fn new(name: impl Into<String>, domain: Domain) -> Self {
        Self { name: name.into(), domain, condition: Vec::new(), prior: None, misuse: None }
    }

    /// On a log scale: equal ratios count the same. For floats and integers above zero.
    #[must_use]
    pub fn log(mut self) -> Self {
        match &mut self.domain {
            Domain::Float { scale, .. } | Domain::Int { scale, .. } => *scale = Scale::Log,
            Domain::Choice { .. } => self.misused("a log scale is for floats and integers, and this is a choice"),
        }
        self
    }

    /// Only the lower bound plus whole multiples of `step`. For floats on a linear scale, and for integers, whose steps are
    /// whole.
    #[must_use]
    pub fn step(mut self, step: impl Into<Value>) -> Self {
        let value = step.into();
        match (&mut self.domain, &value) {
            (Domain::Float { step, .. }, v) if v.is_number() => *step = v.as_f64(),
            (Domain::Int { step, .. }, Value::Int(v)) => *step = *v,
            (Domain::Choice { .. }, _) => self.misused("a step is for floats and integers, and this is a choice"),
            (Domain::Int { .. }, _) => self.misused(&format!("a step of {value} is no whole number, as integers need")),
            (Domain::Float { .. }, _) => self.misused(&format!("a step of {value} is no number")),
        }
        self
    }

    /// Active only where `parameter` is active and has one of `values` (a conditional parameter). Several calls must all
    /// hold.
    #[must_use]
    pub fn when<V: Into<Value>>(mut self, parameter: impl Into<String>, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        self.condition.push(Clause { parameter: parameter.into(), values });
        self
    }

    /// Where the best values are expected: draws the search there at first. Replaces what was said before.
    ///
    /// ```
    /// use wattfront::optimizer::space::{Prior, Space, float};
    ///
    /// let expected = Prior::Around { value: 1e-3, spread: 3.0 };
    /// let space = Space::new([float("learning_rate", 1e-5..=1e-1).log().prior(expected)])?;
    /// # Ok::<(), wattfront::optimizer::space::SpaceError>(())
    /// ```
    #[must_use]
    pub fn prior(mut self, prior: Prior) -> Self {
        self.prior = Some(prior);
        self
    }

    /// Keeps the first modifier that does not fit, for [`Space::new`](super::Space::new) to refuse.
    fn misused(&mut self, reason: &str) {
        let (name, reason) = (self.name.clone(), reason.to_owned());
        self.misuse.get_or_insert_with(|| Box::new(SpaceError::Modifier { name, reason }));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Space;
    use super::*;

    fn refused(parameter: Parameter) -> String {
        Space::new([parameter]).unwrap_err().to_string()
    }

    #[test]
    fn modifiers_that_make_no_sense_are_refused_by_the_parameters_name() {
        let around = |value, spread| Prior::Around { value, spread };
        for (parameter, words) in [
            (choice("a", ["x"]).log(), "log scale is for floats"),
            (choice("a", ["x"]).step(2), "a step is for floats"),
            (int("a", 1..=9).step(0.5), "a step of 0.5 is no whole number"),
            (float("a", 0.0..=1.0).step("x"), "a step of x is no number"),
            (float("a", 0.1..=1.0).log().step(0.1), "cannot be combined with a log scale"),
            (float("a", 0.0..=1.0).prior(around(2.0, 0.1)), "outside its range"),
            (float("a", 0.0..=1.0).prior(around(0.5, 0.0)), "above zero"),
            (int("a", 1..=9).log().prior(around(3.0, 1.0)), "above one"),
            (int("a", 1..=9).prior(Prior::Weights(vec![1.0])), "weights are for choices"),
            (choice("a", ["x", "y"]).prior(around(0.5, 1.0)), "needs a weight for each value"),
            (choice("a", ["x", "y"]).prior(Prior::Weights(vec![1.0])), "1 weight for 2 values"),
            (choice("a", ["x", "y"]).prior(Prior::Weights(vec![0.0, 0.0])), "all zero"),
            (choice("a", ["x", "y"]).prior(Prior::Weights(vec![f64::NAN, 1.0])), "zero or above"),
        ] {
            let message = refused(parameter);
            assert!(message.contains("`a`") && message.contains(words), "{message}");
        }
    }

    #[test]
    fn an_unknown_name_in_a_condition_is_answered_with_the_likely_one() {
        let space = Space::new([choice("optimizer", ["sgd"]), float("m", 0.0..=0.9).when("optimiser", ["sgd"])]);
        let error = space.unwrap_err();
        assert_eq!(error.help().as_deref(), Some("did you mean `optimizer`?"), "{error}");
    }
}
