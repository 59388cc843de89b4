//! The chart of the hypervolume over the trials.

use super::axis::Axis;
use super::canvas::{Canvas, Shape};
use super::frame::{Area, Chart};
use super::trace::number;
use crate::analysis::{Summary, significant};
use crate::optimizer::space::Scale;
use crate::record::StudyRecord;

/// How the hypervolume grew over the trials that count towards the budget, the initial design set off by a band, failures
/// marked with crosses.
#[must_use]
pub fn hypervolume_chart(record: &StudyRecord, chart: &Chart) -> String {
    growth_chart(record, &Summary::of(record), chart)
}

/// The same where the summary is known already.
pub(in crate::report) fn growth_chart(record: &StudyRecord, summary: &Summary, chart: &Chart) -> String {
    let chart = chart.sized();
    let title = format!("Hypervolume of {} over its trials", record.header().name);
    let steps = &summary.steps;
    let area = Area::inside(&chart, 22.0);
    if summary.hypervolume.is_none() || steps.is_empty() {
        return chart.nothing(&title, "No trial has finished, so there is no hypervolume yet.");
    }
    let highest = steps.iter().map(|s| s.value).fold(0.0, f64::max);
    let plain = crate::analysis::Quantity::from_values("hypervolume", []);
    let up =
        Axis::over([0.0, if highest > 0.0 { highest } else { 1.0 }], &plain, Scale::Linear, (area.bottom, area.top));
    let Some(up) = up else { return chart.nothing(&title, "The hypervolume is not finite.") };
    let right = Axis::plain(0.0, number(steps.len() as u64), (area.left, area.right)).whole();
    let mut canvas = Canvas::default();
    if let Some(initial) = summary.initial.filter(|n| *n > 0) {
        let edge = right.place(number(initial as u64) + 0.5);
        canvas.rect("band", (area.left, area.top), (edge - area.left, area.bottom - area.top));
        canvas.text("tick", "start", (area.left + 6.0, area.top - 7.0), &format!("initial design ({initial} trials)"));
    }
    area.draw(&mut canvas, (&right, "trials that count towards the budget"), (&up, "hypervolume"));
    let mut line = vec![(area.left, up.place(0.0))];
    let mut before = 0.0;
    for (i, step) in steps.iter().enumerate() {
        let x = right.place(number(i as u64 + 1));
        line.extend([(x, up.place(before)), (x, up.place(step.value))]);
        before = step.value;
    }
    canvas.polyline("step", &line);
    let mut before = 0.0;
    for (i, step) in steps.iter().enumerate() {
        let at = (right.place(number(i as u64 + 1)), up.place(step.value));
        if step.failed {
            let words = format!("trial {}: failed", step.trial);
            canvas.marker("failed", Shape::Cross, at, 4.0, Some(&words));
        } else if step.value > before {
            let words = format!("trial {}: hypervolume {}", step.trial, significant(step.value, 4));
            canvas.marker("on-front", Shape::Circle, at, 3.5, Some(&words));
        }
        before = step.value;
    }
    let last = steps.last().map_or(0.0, |s| s.value);
    let description = format!("The hypervolume after {} trials is {}.", steps.len(), significant(last, 4));
    chart.wrap(&title, &description, &canvas.finish())
}
