//! The chart of a single objective: its value over the trials.

use super::axis::Axis;
use super::canvas::{Canvas, Shape};
use super::frame::{Area, Chart};
use crate::analysis::Summary;
use crate::record::StudyRecord;

/// Every finished trial's value, crossed where it breaks a constraint, and the best so far as a step line.
pub(in crate::report) fn trace_chart(record: &StudyRecord, summary: &Summary, chart: &Chart) -> String {
    let chart = chart.sized();
    let title = format!("The trials of {}", record.header().name);
    let Some(objective) = record.problem().objectives().get(summary.lead) else {
        return chart.nothing(&title, "The study has no objective.");
    };
    let area = Area::inside(&chart, 18.0);
    let value = |t: &crate::record::TrialRecord| {
        record.losses(t)?;
        t.result()?.metrics.get(&objective.metric).copied()
    };
    let mut values: Vec<(u64, f64)> = record.trials().iter().filter_map(|t| Some((t.id, value(t)?))).collect();
    values.sort_by_key(|(id, _)| *id);
    let quantity = &summary.quantities[summary.lead];
    let up = Axis::over(values.iter().map(|v| v.1), quantity, objective.scale, (area.bottom, area.top));
    let (Some(up), Some(last)) = (up, values.last()) else {
        return chart.nothing(&title, "No trial has finished, so there is nothing to show.");
    };
    let right = Axis::plain(0.0, number(last.0), (area.left + 8.0, area.right - 8.0)).whole();
    let mut canvas = Canvas::default();
    let estimated = if quantity.is_energy() && summary.front_is_estimated() { "ESTIMATED " } else { "" };
    area.draw(&mut canvas, (&right, "trial"), (&up, &format!("{estimated}{}", quantity.name())));

    let loss = |v: f64| objective.loss(v).unwrap_or(f64::INFINITY);
    let mut line: Vec<(f64, f64)> = Vec::new();
    let mut best = f64::NAN;
    let feasible = |id: u64| record.trial(id).is_some_and(|t| record.is_feasible(t));
    for (id, value) in values.iter().filter(|(id, _)| feasible(*id)) {
        let x = right.place(number(*id));
        if best.is_nan() {
            best = *value;
        } else {
            line.push((x, up.place(best)));
            if loss(*value) < loss(best) {
                best = *value;
            }
        }
        line.push((x, up.place(best)));
    }
    canvas.polyline("step", &line);
    for (id, value) in &values {
        let at = (right.place(number(*id)), up.place(*value));
        let is_best = summary.best == Some(*id);
        let (class, shape, radius) = match (is_best, feasible(*id)) {
            (true, _) => ("best", Shape::Triangle, 7.5),
            (false, true) => ("dominated", Shape::Circle, 4.0),
            (false, false) => ("infeasible", Shape::Cross, 4.0),
        };
        let words = format!("trial {id}: {}", summary.values_in_words(record, *id));
        canvas.marker(class, shape, at, radius, Some(&words));
    }
    chart.wrap(&title, &format!("{}.", summary.sentence(record)), &canvas.finish())
}

pub(super) fn number(id: u64) -> f64 {
    id as f64
}
