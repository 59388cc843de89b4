//! What a requirement comes to over whole ranges: whether it holds everywhere, or nowhere.

use super::expression::{Expression, Function, Operator};
use super::{Relation, Requirement};

/// From where to where values lie, both ends included.
type Extent = (f64, f64);

/// What is proven has this share of slack, for the ends are rounded.
const SLACK: f64 = 1e-9;

/// So many parts are looked at to prove that nothing keeps several requirements.
const MOST_PARTS: usize = 4000;

/// The extent of a side, and the largest size of what it is added up from.
#[derive(Clone, Copy)]
struct Side {
    low: f64,
    high: f64,
    size: f64,
}

/// Whether a requirement holds for all values of its parameters within these extents, for none, or what cannot be told;
/// dependencies between parts are not seen, so `None` says nothing.
pub(super) fn verdict(requirement: &Requirement, of: &dyn Fn(&str) -> Option<Extent>) -> Option<bool> {
    let sides: Option<Vec<Side>> = requirement.sides().map(|side| extent(side, of)).collect();
    let sides = sides?;
    let mut all = true;
    for ((left, right), relation) in sides.iter().zip(&sides[1..]).zip(requirement.rest.iter().map(|(c, _)| *c)) {
        let slack = SLACK * left.size.max(right.size);
        let (left, right) = ((left.low, left.high), (right.low, right.high));
        // Sides that are equal but for rounding are equal, so where they meet at an end all is certain, too.
        let (holds, fails) = match relation {
            Relation::AtMost => (left.1 <= right.0, left.0 - slack > right.1),
            Relation::Below => (left.1 + slack < right.0, left.0 >= right.1),
            Relation::AtLeast => (left.0 >= right.1, left.1 + slack < right.0),
            Relation::Above => (left.0 - slack > right.1, left.1 <= right.0),
            Relation::Equal => (false, left.0 - slack > right.1 || left.1 + slack < right.0),
        };
        if fails {
            return Some(false);
        }
        all &= holds;
    }
    all.then_some(true)
}

/// Whether no values of these parameters within these extents keep all of the requirements. `false`, too, where cutting
/// the extents into some thousands of parts does not prove it.
pub(super) fn none_keeps_all(requirements: &[&Requirement], extents: &[(&str, Extent)]) -> bool {
    let mut parts: Vec<Vec<Extent>> = vec![extents.iter().map(|(_, extent)| *extent).collect()];
    for _ in 0..MOST_PARTS {
        let Some(part) = parts.pop() else { return true };
        let of = |name: &str| extents.iter().position(|(own, _)| *own == name).map(|i| part[i]);
        if requirements.iter().any(|requirement| verdict(requirement, &of) == Some(false)) {
            continue;
        }
        // The widest by its share of the whole is cut in two.
        let share = |i: usize| {
            let (low, high) = extents[i].1;
            (part[i].1 - part[i].0) / (high - low).max(f64::MIN_POSITIVE)
        };
        let Some(widest) = (0..part.len()).max_by(|a, b| share(*a).total_cmp(&share(*b))) else { return false };
        let (low, high) = part[widest];
        let middle = if low > 0.0 && high / low > 4.0 { low.sqrt() * high.sqrt() } else { low + (high - low) / 2.0 };
        if !(low < middle && middle < high) {
            return false;
        }
        for half in [(low, middle), (middle, high)] {
            let mut smaller = part.clone();
            smaller[widest] = half;
            parts.push(smaller);
        }
    }
    false
}

/// `None` where a value may be no finite number.
fn extent(expression: &Expression, of: &dyn Fn(&str) -> Option<Extent>) -> Option<Side> {
    let ((low, high), size) = match expression {
        Expression::Number(number) => ((*number, *number), 0.0),
        Expression::Parameter(name) => (of(name)?, 0.0),
        Expression::Negative(inner) => {
            let Side { low, high, size } = extent(inner, of)?;
            ((-high, -low), size)
        }
        Expression::Binary(operator, a, b) => {
            let (a, b) = (extent(a, of)?, extent(b, of)?);
            let at_corners = |f: &dyn Fn(f64, f64) -> f64| corners((a.low, a.high), (b.low, b.high), f);
            match operator {
                Operator::Add | Operator::Subtract => (at_corners(&|x, y| operator.apply(x, y)), a.size.max(b.size)),
                Operator::Multiply => (at_corners(&|x, y| x * y), a.size * b.size),
                Operator::Divide if b.low > 0.0 || b.high < 0.0 => {
                    (at_corners(&|x, y| x / y), a.size / b.low.abs().min(b.high.abs()))
                }
                Operator::Power if a.low > 0.0 => (at_corners(&f64::powf), 0.0),
                Operator::Remainder if b.low > 0.0 => ((0.0, b.high), b.size),
                Operator::Divide | Operator::Power | Operator::Remainder => return None,
            }
        }
        Expression::Call(function, arguments) => {
            let parts: Option<Vec<Side>> = arguments.iter().map(|argument| extent(argument, of)).collect();
            let parts = parts?;
            let Side { low, high, .. } = *parts.first()?;
            match function {
                Function::Abs if low <= 0.0 && high >= 0.0 => ((0.0, high.max(-low)), 0.0),
                Function::Abs => ((low.abs().min(high.abs()), low.abs().max(high.abs())), 0.0),
                Function::Min | Function::Max => {
                    let fold = |so_far: Extent, next: &Side| {
                        (function.apply(so_far.0, next.low), function.apply(so_far.1, next.high))
                    };
                    (parts[1..].iter().fold((low, high), fold), parts.iter().map(|part| part.size).fold(0.0, f64::max))
                }
                // All others never fall.
                _ => ((function.apply(low, 0.0), function.apply(high, 0.0)), 0.0),
            }
        }
    };
    let size = size.max(low.abs()).max(high.abs());
    (low.is_finite() && high.is_finite() && low <= high && size.is_finite()).then_some(Side { low, high, size })
}

/// Of what has its extremes where both numbers have theirs.
fn corners(a: Extent, b: Extent, f: &dyn Fn(f64, f64) -> f64) -> Extent {
    let all = [f(a.0, b.0), f(a.0, b.1), f(a.1, b.0), f(a.1, b.1)];
    let worst = |so_far: f64, next: f64| if so_far.is_nan() || next.is_nan() { f64::NAN } else { so_far.max(next) };
    (-all.iter().map(|v| -v).fold(f64::NEG_INFINITY, worst), all.into_iter().fold(f64::NEG_INFINITY, worst))
}
