//! The chart of what trials came to again.

use super::axis::Axis;
use super::canvas::{Canvas, Shape};
use super::frame::{Area, CHARACTER, Chart};
use super::labels::{Extent, Placement};
use crate::analysis::confirmation::{Confirmation, Member, shown};
use crate::analysis::statistics::Mean;

/// What each trial was in the search as a ring, and where its mean over the new seeds is: a mark with the 95 % intervals of both
/// objectives as bars, and a line between the two; the cost to the right, the lead upwards. A picture that says so where
/// there are not two objectives, or nothing has finished.
#[must_use]
pub fn confirmation_chart(confirmation: &Confirmation, chart: &Chart) -> String {
    let chart = chart.sized();
    let title = format!("The front of {} with other seeds", confirmation.name);
    let (Some(right), 2) = (confirmation.cost, confirmation.objectives.len()) else {
        return chart.nothing(&title, "Means are drawn of two objectives.");
    };
    let up = confirmation.lead;
    if !confirmation.changes.is_empty() {
        return chart.nothing(&title, "Trials with other settings are not those of the search.");
    }
    let dots: Vec<Dot<'_>> =
        confirmation.members.iter().filter_map(|member| Dot::of(confirmation, member, right, up)).collect();
    let estimated = confirmation.is_estimated();
    let top = if estimated { 58.0 } else { 40.0 };
    let area = Area::inside(&chart, top);
    let axis = |k: usize, values: Vec<f64>, range| {
        Axis::over(values, &confirmation.quantities[k], confirmation.objectives[k].scale, range)
    };
    let across = dots.iter().flat_map(|dot| reach(&dot.x).into_iter().chain(dot.searched.map(|s| s.0))).collect();
    let along = dots.iter().flat_map(|dot| reach(&dot.y).into_iter().chain(dot.searched.map(|s| s.1))).collect();
    let x_axis = axis(right, across, (area.left, area.right));
    let y_axis = axis(up, along, (area.bottom, area.top));
    let (Some(x_axis), Some(y_axis)) = (x_axis, y_axis) else {
        return chart.nothing(&title, "No trial has finished with any new seed.");
    };
    let mut canvas = Canvas::default();
    let name = |k: usize| {
        let quantity = &confirmation.quantities[k];
        if quantity.is_energy() && estimated { format!("ESTIMATED {}", quantity.name()) } else { quantity.name() }
    };
    area.draw(&mut canvas, (&x_axis, &name(right)), (&y_axis, &name(up)));
    for dot in &dots {
        let (x, y) = (x_axis.place(dot.x.mean), y_axis.place(dot.y.mean));
        if let Some((from_x, from_y)) = dot.searched {
            let from = (x_axis.place(from_x), y_axis.place(from_y));
            canvas.line("lead", from, (x, y));
            let words = format!("trial {} in the search", dot.member.trial);
            canvas.marker("dominated", Shape::Circle, from, 4.5, Some(&words));
        }
        let class = format!("bar of-{}", dot.class(confirmation));
        if let Some(interval) = dot.x.interval {
            canvas.line(&class, (x_axis.place(interval.low), y), (x_axis.place(interval.high), y));
        }
        if let Some(interval) = dot.y.interval {
            canvas.line(&class, (x, y_axis.place(interval.low)), (x, y_axis.place(interval.high)));
        }
    }
    let bounds =
        Extent { left: area.left + 3.0, top: area.top - 8.0, right: area.right + 14.0, bottom: area.bottom - 3.0 };
    let pixel = |dot: &Dot<'_>| (x_axis.place(dot.x.mean), y_axis.place(dot.y.mean));
    let mut placement = Placement::new(bounds, dots.iter().map(pixel));
    for dot in &dots {
        let (class, shape) = (dot.class(confirmation), dot.shape(confirmation));
        let told = [right, up].map(|k| {
            let quantity = &confirmation.quantities[k];
            let mean = if k == right { &dot.x } else { &dot.y };
            format!("{} {}", quantity.name(), shown(quantity, mean.mean, mean.interval))
        });
        let words = format!("trial {}, {} seeds: {}, {}", dot.member.trial, dot.x.count, told[1], told[0]);
        canvas.marker(class, shape, pixel(dot), 6.0, Some(&words));
        let (word, marked) = match class {
            "knee" => (" pick", true),
            "best" => (" base", true),
            _ => ("", false),
        };
        let text = format!("{}{word}", dot.member.trial);
        let width = text.len() as f64 * if marked { CHARACTER + 0.5 } else { CHARACTER };
        if let Some(spot) = placement.place(pixel(dot), (width, if marked { 16.0 } else { 12.0 }), marked) {
            let class = if marked { format!("label of-{class}") } else { "number".to_owned() };
            canvas.text(&class, "start", spot.baseline, &text);
        }
    }
    if estimated {
        canvas.text("warning", "start", (area.left, 18.0), "Energy is ESTIMATED, not measured");
    }
    legend(&mut canvas, (area.left, top - 22.0), chart.width, confirmation.seeds() < 2);
    chart.wrap(&title, &format!("{}.", confirmation.sentence()), &canvas.finish())
}

fn legend(canvas: &mut Canvas, (left, y): (f64, f64), width: f64, single: bool) {
    canvas.marker("dominated", Shape::Circle, (left + 6.0, y), 4.5, None);
    canvas.text("legend", "start", (left + 16.0, y + 4.0), "in the search");
    let words = match width > 420.0 {
        _ if single => "one new seed, no interval",
        true => "mean over new seeds, 95 %",
        false => "mean, 95 %",
    };
    canvas.line("bar of-on-front", (left + 118.0, y), (left + 142.0, y));
    canvas.marker("on-front", Shape::Circle, (left + 130.0, y), 5.0, None);
    canvas.text("legend", "start", (left + 148.0, y + 4.0), words);
}

/// A trial on the chart.
struct Dot<'a> {
    member: &'a Member,
    x: Mean,
    y: Mean,
    searched: Option<(f64, f64)>,
}

impl<'a> Dot<'a> {
    fn of(confirmation: &Confirmation, member: &'a Member, right: usize, up: usize) -> Option<Self> {
        let figure = |k: usize| member.figure(&confirmation.quantities[k].metric);
        let (x, y) = (figure(right)?, figure(up)?);
        Some(Self { member, x: x.mean?, y: y.mean?, searched: x.searched.zip(y.searched) })
    }

    fn class(&self, confirmation: &Confirmation) -> &'static str {
        match Some(self.member.trial) {
            trial if trial == confirmation.pick => "knee",
            trial if trial == confirmation.base => "best",
            _ if self.member.on_front => "on-front",
            _ => "outside",
        }
    }

    fn shape(&self, confirmation: &Confirmation) -> Shape {
        match self.class(confirmation) {
            "knee" => Shape::Diamond,
            "best" => Shape::Triangle,
            _ => Shape::Circle,
        }
    }
}

/// The mean and the ends of its interval.
fn reach(mean: &Mean) -> Vec<f64> {
    let ends = mean.interval.into_iter().flat_map(|interval| [interval.low, interval.high]);
    ends.chain([mean.mean]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::confirmation::tests::confirmed;
    use crate::analysis::fixture::{counters, estimate};

    #[test]
    fn every_trial_is_drawn_with_its_intervals() {
        let svg = confirmation_chart(&confirmed(counters), &Chart::default());
        assert_eq!(svg.matches("in the search</title>").count(), 3);
        // Two bars each, and one of the legend.
        assert_eq!(svg.matches("class=\"bar of-").count(), 7);
        assert!(!svg.contains("ESTIMATED"));
        assert!(confirmation_chart(&confirmed(estimate), &Chart::default()).contains("Energy is ESTIMATED"));
    }

    #[test]
    fn what_cannot_be_drawn_says_why() {
        let mut single = confirmed(counters);
        single.objectives.truncate(1);
        assert!(confirmation_chart(&single, &Chart::default()).contains("two objectives"));
        let changed = confirmed(counters).with_changes(vec!["epochs = 20".to_owned()]);
        assert!(confirmation_chart(&changed, &Chart::default()).contains("other settings"));
        let mut nothing = confirmed(counters);
        nothing.members.clear();
        assert!(confirmation_chart(&nothing, &Chart::default()).contains("No trial has finished"));
    }
}
