//! The charts of a comparison's hypervolumes: medians as lines, quartiles as bands.

use super::axis::Axis;
use super::canvas::Canvas;
use super::frame::Chart;
use super::key::Key;
use crate::analysis::comparison::{BandPoint, ComparedSampler, Comparison};
use crate::analysis::{Quantity, significant};

/// What a chart of hypervolumes has to the right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Over {
    /// Trials that count towards the budget.
    Trials,
    /// Joules of all attempts, failed trials included.
    Joules,
}

/// The hypervolume of every sampler's runs over trials or over joules spent: the median as a line, the quartiles as a band
/// about it, what the baseline ends with as a thin line across. A picture that says why, where joules cannot be compared.
#[must_use]
pub fn bands_chart(comparison: &Comparison, over: Over, chart: &Chart) -> String {
    let chart = chart.sized();
    let estimated = comparison.energy.is_estimated();
    let energy = if estimated { "ESTIMATED energy spent" } else { "energy spent" };
    let (title, right_title) = match over {
        Over::Trials => {
            (format!("Hypervolume over the trials: {}", comparison.name), "trials that count towards the budget")
        }
        Over::Joules => (format!("Hypervolume over {energy}: {}", comparison.name), energy),
    };
    let curves: Option<Vec<&[BandPoint]>> = comparison.samplers.iter().map(|e| curve(e, over)).collect();
    let Some(curves) = curves else {
        return chart.nothing(&title, "The joules of these runs cannot be compared.");
    };
    let shown = curves.iter().flat_map(|c| c.iter());
    let furthest = shown.clone().map(|p| p.at).fold(0.0, f64::max);
    let highest = shown.map(|p| p.hypervolume.upper).fold(0.0, f64::max);
    if !(highest > 0.0 && highest.is_finite() && furthest > 0.0) {
        return chart.nothing(&title, "No run has found anything within the reference point.");
    }
    let warned = match over {
        Over::Joules => estimated,
        Over::Trials => comparison.fronts_are_estimated,
    };
    let key = Key::of(comparison, warned.then(|| "Energy is ESTIMATED, not measured".to_owned()), &chart);
    let area = key.area(&chart);
    let quantity = |metric: &str| Quantity::from_values(metric, []);
    let across = (area.left, area.right);
    let x_axis = match over {
        Over::Trials => Axis::reaching(0.0, furthest, &quantity("trials"), across).whole(),
        Over::Joules => Axis::reaching(0.0, furthest, &quantity("energy"), across),
    };
    let floor = floor(&curves, furthest);
    let y_axis = Axis::reaching(floor, highest, &quantity("hypervolume"), (area.bottom, area.top));

    let mut canvas = Canvas::default();
    area.draw(&mut canvas, (&x_axis, right_title), (&y_axis, "hypervolume"));
    if let Some(target) = comparison.target.filter(|t| y_axis.holds(*t)) {
        let y = y_axis.place(target);
        canvas.line("target", (area.left, y), (area.right, y));
        let words = format!("where {} ends (median)", comparison.baseline);
        canvas.text("number", "start", (area.left + 6.0, y - 5.0), &words);
    }
    let place = |at: f64, value: f64| (x_axis.place(at), y_axis.place(value));
    for (points, look) in curves.iter().zip(&key.looks) {
        // What lies below the axis is left out, up to the point from which a line enters.
        let begin = points.iter().position(|p| p.hypervolume.upper >= floor).unwrap_or(0).saturating_sub(1);
        let upper = steps(&points[begin..], |p| place(p.at, p.hypervolume.upper));
        let mut band = steps(&points[begin..], |p| place(p.at, p.hypervolume.lower));
        band.reverse();
        canvas.polygon(&format!("spread {}", look.class), &[upper, band].concat());
    }
    for (points, look) in curves.iter().zip(&key.looks) {
        let begin = points.iter().position(|p| p.hypervolume.median >= floor).unwrap_or(0).saturating_sub(1);
        let line = steps(&points[begin..], |p| place(p.at, p.hypervolume.median));
        canvas.polyline(&format!("course {}", look.class), &line);
        if let Some(last) = points.last() {
            let end = place(last.at, last.hypervolume.median);
            let words = format!("{} ends with {} in the median", look.name, significant(last.hypervolume.median, 4));
            canvas.marker(&format!("attained {}", look.class), look.shape, end, 4.5, Some(&words));
        }
    }
    key.draw(&mut canvas, area.left);
    chart.wrap(&title, &format!("{}.", comparison.sentence()), &canvas.finish())
}

fn curve(compared: &ComparedSampler, over: Over) -> Option<&[BandPoint]> {
    match over {
        Over::Trials => Some(&compared.over_trials),
        Over::Joules => compared.over_joules.as_deref(),
    }
}

/// Where the axis of hypervolumes begins: at the lowest quartile after a fifth of the way, for what comes before it is
/// steep and would press everything else to the top; at zero where that is within the lower third anyway.
fn floor(curves: &[&[BandPoint]], furthest: f64) -> f64 {
    let highest = curves.iter().flat_map(|c| c.iter()).map(|p| p.hypervolume.upper).fold(0.0, f64::max);
    let early = |c: &&[BandPoint]| c.iter().find(|p| p.at >= furthest / 5.0).map(|p| p.hypervolume.lower);
    let low = curves.iter().filter_map(early).fold(f64::INFINITY, f64::min);
    let room = 0.05 * (highest - low);
    if low.is_finite() && low - room > highest / 3.0 { low - room } else { 0.0 }
}

/// The points of a function that changes in steps.
fn steps(points: &[BandPoint], place: impl Fn(&BandPoint) -> (f64, f64)) -> Vec<(f64, f64)> {
    let mut line: Vec<(f64, f64)> = Vec::with_capacity(2 * points.len());
    for (x, y) in points.iter().map(place) {
        if let Some((_, before)) = line.last().copied().filter(|last| last.1 != y) {
            line.push((x, before));
        }
        line.push((x, y));
    }
    line
}
