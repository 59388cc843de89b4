//! What a requirement comes to over whole ranges: whether it holds everywhere, or nowhere.

use super::expression::{Expression, Function, Operator};
use super::{Comparison, Requirement};

/// From where to where values lie, both ends included.
type Extent = (f64, f64);

/// What is proven has this share of slack, for the ends are rounded.
const SLACK: f64 = 1e-9;

/// Whether a requirement holds for all values of its parameters within these extents, for none, or what cannot be told;
/// dependencies between parts are not seen, so `None` says nothing.
pub(super) fn verdict(requirement: &Requirement, of: &dyn Fn(&str) -> Option<Extent>) -> Option<bool> {
    let sides: Option<Vec<Extent>> = requirement.sides().map(|side| extent(side, of)).collect();
    let sides = sides?;
    let mut all = true;
    for ((left, right), comparison) in sides.iter().zip(&sides[1..]).zip(requirement.rest.iter().map(|(c, _)| *c)) {
        let slack = SLACK * [left.0, left.1, right.0, right.1].into_iter().map(f64::abs).fold(0.0, f64::max);
        let (holds, fails) = match comparison {
            Comparison::AtMost | Comparison::Below => (left.1 + slack < right.0, left.0 - slack > right.1),
            Comparison::AtLeast | Comparison::Above => (left.0 - slack > right.1, left.1 + slack < right.0),
            Comparison::Equal => (false, left.0 - slack > right.1 || left.1 + slack < right.0),
        };
        if fails {
            return Some(false);
        }
        all &= holds;
    }
    all.then_some(true)
}

/// `None` where a value may be no finite number.
fn extent(expression: &Expression, of: &dyn Fn(&str) -> Option<Extent>) -> Option<Extent> {
    let (low, high) = match expression {
        Expression::Number(number) => (*number, *number),
        Expression::Parameter(name) => of(name)?,
        Expression::Negative(inner) => {
            let (low, high) = extent(inner, of)?;
            (-high, -low)
        }
        Expression::Binary(operator, a, b) => {
            let (a, b) = (extent(a, of)?, extent(b, of)?);
            match operator {
                Operator::Add | Operator::Multiply | Operator::Subtract => corners(a, b, |a, b| operator.apply(a, b)),
                Operator::Divide if b.0 > 0.0 || b.1 < 0.0 => corners(a, b, |a, b| a / b),
                Operator::Power if a.0 > 0.0 => corners(a, b, f64::powf),
                Operator::Remainder if b.0 > 0.0 => (0.0, b.1),
                Operator::Divide | Operator::Power | Operator::Remainder => return None,
            }
        }
        Expression::Call(function, arguments) => {
            let parts: Option<Vec<Extent>> = arguments.iter().map(|argument| extent(argument, of)).collect();
            let parts = parts?;
            let (low, high) = *parts.first()?;
            match function {
                Function::Abs if low <= 0.0 && high >= 0.0 => (0.0, high.max(-low)),
                Function::Abs => (low.abs().min(high.abs()), low.abs().max(high.abs())),
                Function::Min | Function::Max => parts[1..].iter().fold((low, high), |so_far, next| {
                    (function.apply(so_far.0, next.0), function.apply(so_far.1, next.1))
                }),
                // All others never fall.
                _ => (function.apply(low, 0.0), function.apply(high, 0.0)),
            }
        }
    };
    (low.is_finite() && high.is_finite() && low <= high).then_some((low, high))
}

/// Of what has its extremes where both numbers have theirs.
fn corners(a: Extent, b: Extent, f: impl Fn(f64, f64) -> f64) -> Extent {
    let all = [f(a.0, b.0), f(a.0, b.1), f(a.1, b.0), f(a.1, b.1)];
    let worst = |so_far: f64, next: f64| if so_far.is_nan() || next.is_nan() { f64::NAN } else { so_far.max(next) };
    (-all.iter().map(|v| -v).fold(f64::NEG_INFINITY, worst), all.into_iter().fold(f64::NEG_INFINITY, worst))
}
