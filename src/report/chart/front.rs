//! The chart of the front.

use super::axis::Axis;
use super::canvas::{Canvas, Shape};
use super::frame::{Area, CHARACTER, Chart};
use super::labels::{Extent, Placement};
use super::trace::trace_chart;
use crate::analysis::{Provenance, QuantityKind, Summary};
use crate::optimizer::problem::{Goal, Objective};
use crate::record::{StudyRecord, TrialRecord};

/// The front of a study as a picture, with the cost (energy) to the right and the lead (accuracy) upwards. Dominated
/// trials are hollow, and those that break a constraint crossed. The line of what was attained joins the front. The
/// knee (or the pick, where there is none), the most accurate and the cheapest trial are labelled with their numbers.
///
/// With one objective: its value over the trials, and the best so far. With more than two: the lead against the cost.
/// Without finished trials: a picture that says so.
#[must_use]
pub fn front_chart(record: &StudyRecord, chart: &Chart) -> String {
    let summary = Summary::of(record);
    match summary.cost {
        Some(cost) => pair_chart(record, &summary, (cost, summary.lead), chart),
        None => trace_chart(record, &summary, chart),
    }
}

/// The pairs of objectives (to the right, upwards) whose charts show a front: the lead against every other one, the
/// cost first. Empty with one objective.
pub(in crate::report) fn front_pairs(summary: &Summary) -> Vec<(usize, usize)> {
    let others = (0..summary.quantities.len()).filter(|&k| k != summary.lead && Some(k) != summary.cost);
    summary.cost.into_iter().chain(others).map(|k| (k, summary.lead)).collect()
}

/// One trial on the chart.
struct Dot<'a> {
    trial: &'a TrialRecord,
    x: f64,
    y: f64,
    on_front: bool,
    feasible: bool,
}

/// What a marked trial looks like.
#[derive(Clone, Copy)]
struct Mark {
    class: &'static str,
    shape: Shape,
    radius: f64,
}

const PLAIN: Mark = Mark { class: "on-front", shape: Shape::Circle, radius: 5.0 };
const KNEE: Mark = Mark { class: "knee", shape: Shape::Diamond, radius: 7.0 };
const BEST: Mark = Mark { class: "best", shape: Shape::Triangle, radius: 7.5 };
const CHEAP: Mark = Mark { class: "cheap", shape: Shape::Square, radius: 6.5 };

/// The chart of two objectives, given by their indices (to the right, upwards).
pub(in crate::report) fn pair_chart(
    record: &StudyRecord,
    summary: &Summary,
    (right, up): (usize, usize),
    chart: &Chart,
) -> String {
    let chart = chart.sized();
    let title = pair_title(record, summary, right, up);
    let objectives = record.problem().objectives();
    let dots = dots(record, summary, &objectives[right], &objectives[up]);
    let legend = Legend::of(summary, &dots, &chart);
    let area = Area::inside(&chart, legend.height());
    let x_axis = Axis::over(
        view(&dots, |d| d.x, &objectives[right]),
        &summary.quantities[right],
        objectives[right].scale,
        (area.left, area.right),
    );
    let y_axis = Axis::over(
        view(&dots, |d| d.y, &objectives[up]),
        &summary.quantities[up],
        objectives[up].scale,
        (area.bottom, area.top),
    );
    let (Some(x_axis), Some(y_axis)) = (x_axis, y_axis) else {
        return chart.nothing(&title, "No trial has finished, so there is no front to show.");
    };

    let mut canvas = Canvas::default();
    area.draw(&mut canvas, (&x_axis, &axis_name(summary, right)), (&y_axis, &axis_name(summary, up)));
    let pixel = |d: &Dot| (x_axis.place(d.x), y_axis.place(d.y));
    let two = objectives.len() == 2;
    if two {
        attainment(&mut canvas, &dots, (&objectives[right], &objectives[up]), (&x_axis, &y_axis), &area);
    }
    let outside = |d: &Dot| !(x_axis.holds(d.x) && y_axis.holds(d.y));
    for dot in dots.iter().filter(|d| !d.on_front) {
        let (class, shape) = match (outside(dot), dot.feasible) {
            (true, _) => ("outside", Shape::Triangle),
            (false, true) => ("dominated", Shape::Circle),
            (false, false) => ("infeasible", Shape::Cross),
        };
        canvas.marker(class, shape, pixel(dot), 4.0, Some(&words(record, summary, dot)));
    }
    let rank = |d: &&Dot| u8::from(mark(summary, d.trial.id).class != PLAIN.class);
    let mut front: Vec<_> = dots.iter().filter(|d| d.on_front).collect();
    front.sort_by_key(rank);
    for dot in &front {
        let Mark { class, shape, radius } = mark(summary, dot.trial.id);
        canvas.marker(class, shape, pixel(dot), radius, Some(&words(record, summary, dot)));
    }

    let bounds =
        Extent { left: area.left + 3.0, top: area.top - 16.0, right: area.right + 14.0, bottom: area.bottom - 3.0 };
    let mut placement = Placement::new(bounds, dots.iter().map(&pixel));
    for dot in front.iter().rev() {
        let Mark { class, .. } = mark(summary, dot.trial.id);
        let marked = class != PLAIN.class;
        let text = label(record, summary, dot.trial.id);
        let width = text.chars().count() as f64 * if marked { CHARACTER + 0.5 } else { CHARACTER };
        let size = (width, if marked { 16.0 } else { 12.0 });
        if let Some(spot) = placement.place(pixel(dot), size, marked) {
            if let Some(end) = spot.lead {
                canvas.line("lead", pixel(dot), end);
            }
            let class = if marked { format!("label of-{class}") } else { "number".to_owned() };
            canvas.text(&class, "start", spot.baseline, &text);
        }
    }
    legend.draw(&mut canvas, area.left, dots.iter().filter(|d| outside(d)).count());
    chart.wrap(&title, &format!("{}.", summary.sentence(record)), &canvas.finish())
}

fn pair_title(record: &StudyRecord, summary: &Summary, right: usize, up: usize) -> String {
    let name = &record.header().name;
    format!("The front of {name}: {} against {}", axis_name(summary, up), axis_name(summary, right))
}

/// The name of an objective on its axis.
fn axis_name(summary: &Summary, objective: usize) -> String {
    let quantity = &summary.quantities[objective];
    let estimated = quantity.is_energy() && summary.front_is_estimated();
    let doubtful = quantity.is_energy() && summary.front_is_doubtful();
    let name = match (doubtful, estimated) {
        (true, _) => format!("DOUBTFUL {}", quantity.name()),
        (false, true) => format!("ESTIMATED {}", quantity.name()),
        (false, false) => quantity.name(),
    };
    // Where trials differ in what is left out, each says so in the tables.
    let left_out = summary.basis.provenances.first().filter(|_| quantity.is_energy()).map(Provenance::without);
    name + &left_out.unwrap_or_default()
}

fn dots<'a>(record: &'a StudyRecord, summary: &Summary, right: &Objective, up: &Objective) -> Vec<Dot<'a>> {
    let dot = |trial: &'a TrialRecord| {
        record.losses(trial)?;
        let metrics = &trial.result()?.metrics;
        let (x, y) = (*metrics.get(&right.metric)?, *metrics.get(&up.metric)?);
        Some(Dot { trial, x, y, on_front: summary.on_front(trial.id), feasible: record.is_feasible(trial) })
    };
    record.trials().iter().filter_map(dot).collect()
}

/// The values that decide the range of an axis: all of the front, and most others. Left out are those that are both
/// among the worst fifth and worse than the front's worst by more than the front's own range. So a few hopeless trials
/// do not squeeze it. In losses, so for any goal.
fn view(dots: &[Dot], value: fn(&Dot) -> f64, objective: &Objective) -> Vec<f64> {
    let loss = |d: &Dot| objective.loss(value(d)).unwrap_or(f64::INFINITY);
    let front = || dots.iter().filter(|d| d.on_front).map(loss);
    let (low, high) = front().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    let mut all: Vec<f64> = dots.iter().map(loss).collect();
    all.sort_by(f64::total_cmp);
    let most = all.get((all.len() * 4 / 5).saturating_sub(1)).copied().unwrap_or(f64::INFINITY);
    let limit = if high > low { (high + (high - low)).max(most) } else { f64::INFINITY };
    dots.iter().filter(|d| loss(d) <= limit).map(value).collect()
}

/// The boundary of what the front dominates, and its area.
fn attainment(
    canvas: &mut Canvas,
    dots: &[Dot],
    (right, up): (&Objective, &Objective),
    (x_axis, y_axis): (&Axis, &Axis),
    area: &Area,
) {
    let mut front: Vec<(f64, f64)> =
        dots.iter().filter(|d| d.on_front).map(|d| (x_axis.place(d.x), y_axis.place(d.y))).collect();
    // From the best to the worst in the objective to the right.
    let sign = if right.goal == Goal::Minimize { 1.0 } else { -1.0 };
    let upwards = if up.goal == Goal::Maximize { 1.0 } else { -1.0 };
    front.sort_by(|a, b| (sign * a.0).total_cmp(&(sign * b.0)).then((upwards * b.1).total_cmp(&(upwards * a.1))));
    let worst_x = if right.goal == Goal::Minimize { area.right } else { area.left };
    let worst_y = if up.goal == Goal::Maximize { area.bottom } else { area.top };
    let (Some(first), Some(last)) = (front.first().copied(), front.last().copied()) else { return };
    let mut line = vec![(first.0, worst_y), first];
    for pair in front.windows(2) {
        line.push((pair[1].0, pair[0].1));
        line.push(pair[1]);
    }
    line.push((worst_x, last.1));
    let mut dominated = line.clone();
    dominated.push((worst_x, worst_y));
    canvas.polygon("shade", &dominated);
    canvas.polyline("step", &line);
}

fn mark(summary: &Summary, trial: u64) -> Mark {
    match Some(trial) {
        t if t == summary.pick => KNEE,
        t if t == summary.best => BEST,
        t if t == summary.cheapest => CHEAP,
        _ => PLAIN,
    }
}

/// Such as `23 knee` or `17 most accurate, cheapest`; the bare number of other trials.
fn label(record: &StudyRecord, summary: &Summary, trial: u64) -> String {
    let mut roles = Vec::new();
    if summary.knee == Some(trial) {
        roles.push("knee".to_owned());
    } else if summary.pick == Some(trial) {
        roles.push("pick".to_owned());
    }
    if summary.best == Some(trial) {
        roles.push(best_name(record, summary));
    }
    if summary.cheapest == Some(trial) {
        roles.push(cheapest_name(record, summary));
    }
    format!("{trial} {}", roles.join(", ")).trim_end().to_owned()
}

/// What the best trial of the lead is called, such as `most accurate`.
fn best_name(record: &StudyRecord, summary: &Summary) -> String {
    let quantity = &summary.quantities[summary.lead];
    match record.problem().objectives()[summary.lead].goal {
        Goal::Maximize if quantity.metric.contains("accuracy") => "most accurate".to_owned(),
        Goal::Maximize => format!("highest {}", quantity.name()),
        Goal::Minimize => format!("lowest {}", quantity.name()),
    }
}

fn cheapest_name(record: &StudyRecord, summary: &Summary) -> String {
    let Some(cost) = summary.cost else { return String::new() };
    let quantity = &summary.quantities[cost];
    match record.problem().objectives()[cost].goal {
        Goal::Minimize if quantity.kind == QuantityKind::Energy => "least energy".to_owned(),
        Goal::Minimize => format!("lowest {}", quantity.name()),
        Goal::Maximize => format!("highest {}", quantity.name()),
    }
}

/// What appears while the pointer rests on a trial.
fn words(record: &StudyRecord, summary: &Summary, dot: &Dot) -> String {
    let place = match (dot.on_front, dot.feasible) {
        (true, _) => "on the front",
        (false, true) => "dominated",
        (false, false) => "infeasible",
    };
    let values = summary.values_in_words(record, dot.trial.id);
    let point = crate::report::words::point(record, dot.trial);
    format!("trial {} ({place}): {values}; {point}", dot.trial.id)
}

/// The line or lines above the chart.
struct Legend {
    entries: Vec<(Mark, String)>,
    per_row: Vec<usize>,
    estimated: bool,
}

impl Legend {
    fn of(summary: &Summary, dots: &[Dot], chart: &Chart) -> Self {
        let dominated = Mark { class: "dominated", shape: Shape::Circle, radius: 4.0 };
        let infeasible = Mark { class: "infeasible", shape: Shape::Cross, radius: 4.0 };
        let mut entries = Vec::new();
        if dots.iter().any(|d| d.on_front) {
            entries.push((PLAIN, "front".to_owned()));
        }
        if dots.iter().any(|d| !d.on_front && d.feasible) {
            entries.push((dominated, "dominated".to_owned()));
        }
        if dots.iter().any(|d| !d.feasible) {
            entries.push((infeasible, "breaks a constraint".to_owned()));
        }
        let (mut per_row, mut used) = (vec![0], 0.0);
        for (_, text) in &entries {
            let width = entry_width(text);
            if used > 0.0 && used + width > chart.width - 90.0 {
                per_row.push(0);
                used = 0.0;
            }
            used += width;
            if let Some(last) = per_row.last_mut() {
                *last += 1;
            }
        }
        Self { entries, per_row, estimated: summary.front_is_estimated() }
    }

    fn height(&self) -> f64 {
        let rows = self.per_row.len() as f64;
        20.0 * (rows + f64::from(u8::from(self.estimated))) + 22.0
    }

    fn draw(&self, canvas: &mut Canvas, left: f64, outside: usize) {
        let mut y = 20.0;
        if self.estimated {
            canvas.text("warning", "start", (left, y), "Energy is ESTIMATED, not measured");
            y += 20.0;
        }
        let mut entries = self.entries.iter();
        let mut x = left;
        for count in &self.per_row {
            x = left + 6.0;
            for (mark, text) in entries.by_ref().take(*count) {
                canvas.marker(mark.class, mark.shape, (x, y - 4.0), mark.radius, None);
                canvas.text("legend", "start", (x + 11.0, y), text);
                x += entry_width(text);
            }
            y += 20.0;
        }
        if outside > 0 {
            canvas.marker("outside", Shape::Triangle, (x, y - 24.0), 4.0, None);
            canvas.text("legend", "start", (x + 11.0, y - 20.0), &format!("{outside} far off, at the edge"));
        }
    }
}

fn entry_width(text: &str) -> f64 {
    let characters = text.chars().count() as f64;
    characters * CHARACTER + 32.0
}
