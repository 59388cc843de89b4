//! What a domain must keep, so that each of its values can be proposed, stored and told from all others.

use std::collections::HashMap;

use super::stepped::{MOST_LEVELS, Stepped, spacing};
use super::{Clause, Domain, Parameter, Prior, Scale, SpaceError, Value};

/// Whole numbers up to here, on both sides of zero, are told apart by a float.
pub(super) const LARGEST_INT: i64 = 1 << 53;
/// A range without steps holds at least so many floats; else it is a list.
const LEAST_FLOATS: f64 = 1_048_576.0;

pub(super) fn check_domain(name: &str, domain: &Domain) -> Result<(), SpaceError> {
    match domain {
        Domain::Float { low, high, scale, step } => check_float(name, (*low, *high), *scale, *step),
        Domain::Int { low, high, scale, step } => check_int(name, (*low, *high), *scale, *step),
        Domain::Choice { values } => check_choice(name, values),
    }
}

fn check_float(name: &str, (low, high): (f64, f64), scale: Scale, step: Option<f64>) -> Result<(), SpaceError> {
    let name = || name.to_owned();
    if !(low <= high && low.is_finite() && high.is_finite()) {
        return Err(SpaceError::Range { name: name(), low, high });
    }
    if !(high - low).is_finite() {
        return Err(SpaceError::TooWide { name: name(), low, high });
    }
    if scale == Scale::Log && low <= 0.0 {
        return Err(SpaceError::LogThroughZero { name: name(), low });
    }
    let Some(step) = step else {
        let floats = (high - low) / spacing(low.abs().max(high.abs()));
        return match low == high || floats >= LEAST_FLOATS {
            true => Ok(()),
            false => Err(SpaceError::TooNarrow { name: name(), low, high }),
        };
    };
    let refuse = |reason: String, advice: Option<String>| Err(SpaceError::Step { name: name(), reason, advice });
    if scale == Scale::Log {
        return refuse("a step cannot be combined with a log scale".to_owned(), Some("use one of the two".to_owned()));
    }
    // 0.3 - 0.2 is less than 0.1.
    if !(step > 0.0 && step <= (high - low) * (1.0 + 1e-9)) {
        return refuse("the step must be above zero and no wider than the range".to_owned(), None);
    }
    let stepped = Stepped { low, high, step };
    if stepped.count() > MOST_LEVELS {
        let least = (high - low) / 2f64.powi(40);
        let reason = format!("with a step of {step:e} there are more values than can be told apart, 2^40");
        return refuse(reason, Some(coarser(least)));
    }
    if !stepped.is_fine_enough() {
        let least = 8.0 * spacing(low.abs().max(high.abs()));
        let reason = format!("a step of {step:e} is lost in the rounding of numbers as large as this range's");
        return refuse(reason, Some(coarser(least)));
    }
    Ok(())
}

fn coarser(least: f64) -> String {
    format!("the step must be {least:.1e} or more, and without one every number of the range can be tried")
}

fn check_int(name: &str, (low, high): (i64, i64), scale: Scale, step: i64) -> Result<(), SpaceError> {
    let name = || name.to_owned();
    if step < 1 {
        return Err(SpaceError::Step { name: name(), reason: "the step must be at least 1".to_owned(), advice: None });
    }
    if let Some(value) = [low, high].into_iter().find(|v| v.unsigned_abs() > LARGEST_INT.unsigned_abs()) {
        return Err(SpaceError::LargeInteger { name: name(), value });
    }
    if low > high {
        return Err(SpaceError::Range { name: name(), low: low as f64, high: high as f64 });
    }
    if scale == Scale::Log && low <= 0 {
        return Err(SpaceError::LogThroughZero { name: name(), low: low as f64 });
    }
    if high.abs_diff(low) / step.unsigned_abs() >= MOST_LEVELS {
        let least = high.abs_diff(low) / (MOST_LEVELS - 1) + 1;
        let reason = format!("from {low} to {high} there are more values than can be told apart, 2^40");
        let advice = Some(format!("narrow the range, or give a step of {least} or more"));
        return Err(SpaceError::Step { name: name(), reason, advice });
    }
    Ok(())
}

fn check_choice(name: &str, values: &[Value]) -> Result<(), SpaceError> {
    if values.is_empty() {
        return Err(SpaceError::EmptyChoice { name: name.to_owned() });
    }
    let (mut seen, mut words) = (HashMap::new(), HashMap::new());
    for value in values {
        let refuse =
            |reason: String| Err(SpaceError::ChoiceValue { name: name.to_owned(), value: value.clone(), reason });
        if let Some(reason) = broken(value) {
            return refuse(reason.to_owned());
        }
        if let Some(first) = seen.insert(identity(value), value) {
            return refuse(if first == value {
                "is listed twice".to_owned()
            } else {
                format!("is listed twice, first as {}", first.to_toml())
            });
        }
        // As programs get it, and as tables show it.
        for word in [value.plain(), Some(value.to_string())].into_iter().flatten() {
            let first: &Value = words.entry(word.clone()).or_insert(value);
            if first != value {
                let first = first.to_toml();
                return refuse(format!("cannot be told from {first}: in arguments or tables, both are `{word}`"));
            }
        }
    }
    Ok(())
}

/// What is wrong with a value by itself.
fn broken(value: &Value) -> Option<&'static str> {
    match value {
        Value::Float(v) if !v.is_finite() => Some("is no finite number"),
        Value::Text(text) if text.contains('\0') => {
            Some("holds a NUL character, which no argument or environment variable can")
        }
        Value::List(values) => values.iter().find_map(|element| match element {
            Value::None | Value::List(_) => Some("is a list of other than plain values"),
            plain => broken(plain),
        }),
        _ => None,
    }
}

/// Equal for equal values, where 1 and 1.0 are equal.
#[derive(PartialEq, Eq, Hash)]
enum Identity<'a> {
    Bool(bool),
    Int(i64),
    Float(u64),
    Text(&'a str),
    None,
    List(Vec<Identity<'a>>),
}

fn identity(value: &Value) -> Identity<'_> {
    match value {
        Value::Bool(v) => Identity::Bool(*v),
        Value::Int(v) => Identity::Int(*v),
        Value::Text(v) => Identity::Text(v),
        Value::None => Identity::None,
        Value::List(values) => Identity::List(values.iter().map(identity).collect()),
        Value::Float(v) => {
            let whole = *v as i64;
            if value.is_same_number(&Value::Int(whole)) { Identity::Int(whole) } else { Identity::Float(v.to_bits()) }
        }
    }
}

pub(super) fn check_clause(on: &Parameter, name: &str, clause: &Clause) -> Result<(), SpaceError> {
    match clause.values.iter().find(|v| !on.domain.contains(v)) {
        Some(value) => {
            Err(SpaceError::ConditionValue { name: name.to_owned(), on: on.name.clone(), value: value.clone() })
        }
        None => Ok(()),
    }
}

pub(super) fn check_prior(parameter: &Parameter) -> Result<(), SpaceError> {
    let reason = match (&parameter.prior, &parameter.domain) {
        (None, _) => None,
        (Some(Prior::Weights(weights)), Domain::Choice { values }) => doubt_weights(weights, values.len()),
        (Some(Prior::Weights(_)), _) => Some("weights are for choices; use `Prior::Around` for numbers".to_owned()),
        (Some(Prior::Around { .. }), Domain::Choice { .. }) => {
            Some("a choice needs a weight for each value: use `Prior::Weights`".to_owned())
        }
        (Some(Prior::Around { value, spread }), Domain::Float { low, high, scale, .. }) => {
            doubt_around(*value, *spread, (*low, *high), *scale)
        }
        (Some(Prior::Around { value, spread }), Domain::Int { low, high, scale, .. }) => {
            doubt_around(*value, *spread, (*low as f64, *high as f64), *scale)
        }
    };
    reason.map_or(Ok(()), |reason| Err(SpaceError::Prior { name: parameter.name.clone(), reason }))
}

fn doubt_weights(weights: &[f64], values: usize) -> Option<String> {
    if weights.len() != values {
        let s = if weights.len() == 1 { "" } else { "s" };
        return Some(format!("{} weight{s} for {values} values", weights.len()));
    }
    if let Some(weight) = weights.iter().find(|w| !(w.is_finite() && **w >= 0.0)) {
        return Some(format!("a weight is {weight}; each must be a finite number, zero or above"));
    }
    weights.iter().all(|w| *w == 0.0).then(|| "its weights are all zero".to_owned())
}

fn doubt_around(value: f64, spread: f64, (low, high): (f64, f64), scale: Scale) -> Option<String> {
    let (least, words) = match scale {
        Scale::Linear => (0.0, "zero"),
        Scale::Log => (1.0, "one, for it is a factor on a log scale"),
    };
    if !(low..=high).contains(&value) {
        return Some(format!("{value} is outside its range, from {low} to {high}"));
    }
    (!(spread.is_finite() && spread > least)).then(|| format!("its spread is {spread}; it must be above {words}"))
}
