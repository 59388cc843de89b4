//! Whether forbidden boxes leave anything of a space.

use std::cmp::Ordering;

use super::points::ends;
use crate::optimizer::problem::{Forbidden, Match};
use crate::optimizer::space::{Domain, Parameter, Point, Space, Value};

/// So many representatives of parts of the space are looked at.
const MOST: usize = 1 << 16;

/// Whether every point of the space matches one of these. Exact: a parameter changes whether it matches only at the
/// bounds and values that are written. So one value of each stretch between them stands for all. False where there are
/// too many.
pub(super) fn covers_all(space: &Space, forbidden: &[Forbidden]) -> bool {
    if forbidden.is_empty() {
        return false;
    }
    let points = points(space, forbidden, |_| true);
    points.is_some_and(|points| points.iter().all(|point| forbidden.iter().any(|f| f.matches(space, point))))
}

/// Whether any point of the space is such a combination; true where that is not known.
pub(super) fn can_match(space: &Space, forbidden: &Forbidden) -> bool {
    // What it says nothing of, and what nothing that it names depends on, makes no difference.
    let mut named: Vec<&str> = forbidden.clauses.iter().map(|(name, _)| name.as_str()).collect();
    let mut next = 0;
    while let Some(parameter) = named.get(next).map(|name| space.get(name)) {
        for clause in parameter.iter().flat_map(|p| &p.condition) {
            if !named.contains(&clause.parameter.as_str()) {
                named.push(&clause.parameter);
            }
        }
        next += 1;
    }
    let points = points(space, std::slice::from_ref(forbidden), |parameter| named.contains(&parameter.name.as_str()));
    points.is_none_or(|points| points.iter().any(|point| forbidden.matches(space, point)))
}

/// Points that stand for all, of these parameters alone; `None` where there are too many.
fn points(space: &Space, forbidden: &[Forbidden], of: impl Fn(&Parameter) -> bool) -> Option<Vec<Point>> {
    let mut points = vec![Point::new()];
    for &i in space.dependency_order() {
        let parameter = &space.parameters()[i];
        if !of(parameter) {
            continue;
        }
        let values = representatives(parameter, space, forbidden);
        let mut next = Vec::new();
        for point in points {
            if !space.is_active(parameter, &point) {
                next.push(point);
                continue;
            }
            if next.len() + values.len() > MOST {
                return None;
            }
            next.extend(values.iter().map(|value| {
                let mut longer = point.clone();
                longer.insert(&parameter.name, value.clone());
                longer
            }));
        }
        points = next;
    }
    Some(points)
}

/// Values that stand for all of a parameter: those that are written of it, and one of each stretch between.
fn representatives(parameter: &Parameter, space: &Space, forbidden: &[Forbidden]) -> Vec<Value> {
    if let Domain::Choice { values } = &parameter.domain {
        return values.clone();
    }
    let Some((low, high)) = ends(&parameter.domain) else { return Vec::new() };
    let mut cuts = vec![low, high];
    let clauses = forbidden.iter().flat_map(|f| &f.clauses).filter(|(name, _)| *name == parameter.name);
    for (_, what) in clauses {
        match what {
            Match::Values(values) => cuts.extend(values.iter().filter_map(Value::as_f64)),
            Match::Range { at_least, at_most } => cuts.extend([at_least, at_most].into_iter().flatten()),
        }
    }
    let conditions = space.parameters().iter().flat_map(|p| &p.condition).filter(|c| c.parameter == parameter.name);
    cuts.extend(conditions.flat_map(|c| &c.values).filter_map(Value::as_f64));
    cuts.retain(|cut| (low..=high).contains(cut));
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let Some(count) = parameter.domain.cardinality() else {
        let between = cuts.windows(2).map(|pair| pair[0] + (pair[1] - pair[0]) / 2.0);
        let between: Vec<f64> = between.collect();
        return cuts.into_iter().chain(between).map(Value::Float).collect();
    };
    // Of values that are counted, those beside each cut: all of a stretch match alike.
    let mut values: Vec<Value> = Vec::new();
    for cut in cuts {
        let at = first_from(&parameter.domain, count, cut);
        let near = at.saturating_sub(1)..=at.saturating_add(1).min(count - 1);
        values.extend(near.filter_map(|k| parameter.domain.nth(k)));
    }
    values.sort_by(|a, b| a.number_order(b).unwrap_or(Ordering::Equal));
    values.dedup();
    values
}

/// The index of the first value that is no less than a number; of the last if there is none.
fn first_from(domain: &Domain, count: u64, number: f64) -> u64 {
    let (mut low, mut high) = (0, count - 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let below = domain.nth(middle).and_then(|v| v.number_order(&Value::Float(number))) == Some(Ordering::Less);
        if below {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use crate::optimizer::space::{choice, float, int};

    use super::*;

    fn space() -> Space {
        let (x, n, z) = (float("x", 0.0..=1.0), int("n", 1..=1_000_000), float("z", 0.0..=1.0).step(0.25));
        Space::new([x, n, z, choice("kind", ["a", "b"]), float("y", 0.0..=1.0).when("kind", ["b"])]).unwrap()
    }

    fn forbid(clauses: &[(&str, Match)]) -> Forbidden {
        Forbidden { clauses: clauses.iter().map(|(name, what)| ((*name).to_owned(), what.clone())).collect() }
    }

    fn text(values: &[&str]) -> Match {
        Match::Values(values.iter().map(|v| Value::from(*v)).collect())
    }

    #[test]
    fn boxes_cover_a_space_together_or_leave_a_gap() {
        let covers = |boxes: &[Forbidden]| covers_all(&space(), boxes);
        assert!(covers(&[forbid(&[("x", Match::below(1.0))])]));
        assert!(covers(&[forbid(&[("x", Match::below(0.5))]), forbid(&[("x", Match::above(0.5))])]));
        assert!(!covers(&[forbid(&[("x", Match::below(0.5))]), forbid(&[("x", Match::above(0.51))])]));
        assert!(!covers(&[forbid(&[("x", Match::above(1e-9))])]));
        assert!(covers(&[forbid(&[("n", Match::below(500.5))]), forbid(&[("n", Match::above(500.9))])]));
        assert!(!covers(&[forbid(&[("n", Match::below(500.0))]), forbid(&[("n", Match::above(502.0))])]));
        assert!(covers(&[forbid(&[("z", Match::below(0.3))]), forbid(&[("z", Match::above(0.45))])]));
        assert!(!covers(&[forbid(&[("z", Match::below(0.2))]), forbid(&[("z", Match::above(0.3))])]));
        let of_b = forbid(&[("kind", text(&["b"])), ("y", Match::above(0.5))]);
        let (low, a) = (forbid(&[("y", Match::below(0.5))]), forbid(&[("kind", text(&["a"]))]));
        assert!(!covers(&[of_b.clone(), low.clone()]), "a is left");
        assert!(!covers(&[of_b.clone(), a.clone()]), "the lower half of b is left");
        assert!(covers(&[of_b, low, a]));
        assert!(!covers(&[]));
    }

    #[test]
    fn what_is_inactive_with_the_other_values_is_never_matched() {
        let can = |clauses: &[(&str, Match)]| can_match(&space(), &forbid(clauses));
        assert!(can(&[("kind", text(&["b"])), ("y", Match::above(0.5))]));
        assert!(!can(&[("kind", text(&["a"])), ("y", Match::above(0.5))]));
        assert!(can(&[("x", Match::Values(vec![0.3.into()])), ("n", Match::above(1e5))]));
        assert!(!can(&[("z", Match::Range { at_least: Some(0.3), at_most: Some(0.4) })]), "between two steps");
    }
}
