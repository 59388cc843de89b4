//! The chart of what samplers attain of two objectives.

use super::axis::Axis;
use super::canvas::Canvas;
use super::frame::{Area, Chart};
use super::key::Key;
use crate::analysis::comparison::{Comparison, Surfaces};
use crate::optimizer::problem::{Goal, Objective};

/// The median attainment surface of every sampler as a line: what half of its runs attain. A band lies between what a
/// quarter and what three quarters attain, and markers are the front of all its runs together. Energy is to the right.
/// What lies beyond the reference point is left out. A picture that says so unless there are two objectives.
#[must_use]
pub fn attainment_chart(comparison: &Comparison, chart: &Chart) -> String {
    let chart = chart.sized();
    let title = format!("What the samplers attain: {}", comparison.name);
    let surfaces: Option<Vec<&Surfaces>> = comparison.samplers.iter().map(|e| e.surfaces.as_ref()).collect();
    let Some(surfaces) = surfaces.filter(|s| !s.is_empty()) else {
        return chart.nothing(&title, "Attainment surfaces are drawn of two objectives.");
    };
    let up = comparison.quantities.iter().position(|q| !q.is_energy()).unwrap_or(0);
    let right = 1 - up;
    let pair = Pair { right: &comparison.objectives[right], up: &comparison.objectives[up], turned: right == 1 };
    let useful = |corners: &[[f64; 2]]| -> Vec<[f64; 2]> {
        corners.iter().copied().filter(|c| c.iter().zip(&comparison.reference).all(|(l, r)| l < r)).collect()
    };
    let fronts: Vec<Fronts> = surfaces.iter().map(|s| Fronts::of(s, &useful)).collect();

    let warning = comparison.fronts_are_estimated.then(|| "Energy is ESTIMATED, not measured".to_owned());
    let key = Key::of(comparison, warning, &chart);
    let area = key.area(&chart);
    let shown: Vec<(f64, f64)> = fronts
        .iter()
        .flat_map(|f| f.best.iter().chain(&f.median).chain(&f.three_quarters))
        .map(|c| pair.values(c))
        .collect();
    let axis = |values: Vec<f64>, index: usize, range| {
        Axis::over(values, &comparison.quantities[index], comparison.objectives[index].scale, range)
    };
    let x_axis = axis(shown.iter().map(|v| v.0).collect(), right, (area.left, area.right));
    let y_axis = axis(shown.iter().map(|v| v.1).collect(), up, (area.bottom, area.top));
    let (Some(x_axis), Some(y_axis)) = (x_axis, y_axis) else {
        return chart.nothing(&title, "No run has found anything within the reference point.");
    };
    let mut canvas = Canvas::default();
    let name = |index: usize| {
        let quantity = &comparison.quantities[index];
        let estimated = quantity.is_energy() && comparison.fronts_are_estimated;
        if estimated { format!("ESTIMATED {}", quantity.name()) } else { quantity.name() }
    };
    area.draw(&mut canvas, (&x_axis, &name(right)), (&y_axis, &name(up)));
    let place = |corner: &[f64; 2]| {
        let (x, y) = pair.values(corner);
        (x_axis.place(x), y_axis.place(y))
    };
    let stairs = |corners: &[[f64; 2]]| pair.stairs(corners.iter().map(place).collect(), &area);
    for (front, look) in fronts.iter().zip(&key.looks) {
        let (outer, mut inner) = (stairs(&front.quarter), stairs(&front.three_quarters));
        inner.reverse();
        if !outer.is_empty() && !inner.is_empty() {
            canvas.polygon(&format!("spread {}", look.class), &[outer, inner].concat());
        }
    }
    for (front, look) in fronts.iter().zip(&key.looks) {
        let line = stairs(&front.median);
        if !line.is_empty() {
            canvas.polyline(&format!("course {}", look.class), &line);
        }
    }
    for (front, look) in fronts.iter().zip(&key.looks) {
        for corner in &front.best {
            let words = format!("attained by a run of {}: {}", look.name, comparison.values_in_words(corner));
            canvas.marker(&format!("attained {}", look.class), look.shape, place(corner), 4.0, Some(&words));
        }
    }
    key.draw(&mut canvas, area.left);
    let description = format!(
        "Median attainment surfaces over {}. {}.",
        crate::report::words::counted(comparison.seeds.len(), "seed"),
        comparison.sentence()
    );
    chart.wrap(&title, &description, &canvas.finish())
}

/// The corners of one sampler that lie within the reference point.
struct Fronts {
    best: Vec<[f64; 2]>,
    quarter: Vec<[f64; 2]>,
    median: Vec<[f64; 2]>,
    three_quarters: Vec<[f64; 2]>,
}

impl Fronts {
    fn of(surfaces: &Surfaces, useful: &impl Fn(&[[f64; 2]]) -> Vec<[f64; 2]>) -> Self {
        Self {
            best: useful(&surfaces.best),
            quarter: useful(&surfaces.quarter),
            median: useful(&surfaces.median),
            three_quarters: useful(&surfaces.three_quarters),
        }
    }
}

/// The two objectives as they are drawn.
struct Pair<'a> {
    right: &'a Objective,
    up: &'a Objective,
    /// Whether the objective to the right is the second.
    turned: bool,
}

impl Pair<'_> {
    /// The metrics to the right and upwards that losses stand for.
    fn values(&self, losses: &[f64; 2]) -> (f64, f64) {
        let [right, up] = if self.turned { [losses[1], losses[0]] } else { *losses };
        (self.right.value(right), self.up.value(up))
    }

    /// The boundary of what some corners dominate, from the best in the objective to the right to the worst, in pixels.
    fn stairs(&self, mut corners: Vec<(f64, f64)>, area: &Area) -> Vec<(f64, f64)> {
        let rightwards = if self.right.goal == Goal::Minimize { 1.0 } else { -1.0 };
        corners.sort_by(|a, b| (rightwards * a.0).total_cmp(&(rightwards * b.0)));
        let worst_x = if self.right.goal == Goal::Minimize { area.right } else { area.left };
        let worst_y = if self.up.goal == Goal::Maximize { area.bottom } else { area.top };
        let (Some(first), Some(last)) = (corners.first().copied(), corners.last().copied()) else { return Vec::new() };
        let mut line = vec![(first.0, worst_y), first];
        for pair in corners.windows(2) {
            line.extend([(pair[1].0, pair[0].1), pair[1]]);
        }
        line.push((worst_x, last.1));
        line
    }
}
