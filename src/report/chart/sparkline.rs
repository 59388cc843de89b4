//! A tiny line without axes.

use super::canvas::{Canvas, escape};

/// The course of some values as a line of 120 by 28 pixels; empty for fewer than two finite values.
pub(in crate::report) fn sparkline(values: &[f64], title: &str) -> String {
    let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.len() < 2 {
        return String::new();
    }
    let (low, high) = finite.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let x = super::axis::Axis::plain(0.0, super::trace::number(finite.len() as u64 - 1), (4.0, 116.0));
    let y = super::axis::Axis::plain(low, high, (24.0, 4.0));
    let points: Vec<_> =
        finite.iter().enumerate().map(|(i, v)| (x.place(super::trace::number(i as u64)), y.place(*v))).collect();
    let mut canvas = Canvas::default();
    canvas.polyline("step", &points);
    format!(
        "<svg class=\"chart spark\" role=\"img\" viewBox=\"0 0 120 28\" width=\"120\" height=\"28\"><title>{}</title>\n{}</svg>",
        escape(title),
        canvas.finish()
    )
}
