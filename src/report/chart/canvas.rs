//! The few SVG elements that charts need.

use std::fmt::Write as _;

use crate::guard::text::is_obeyed;

/// Text for element content and attributes: markup characters become references, and control characters, which XML
/// forbids, the replacement character. So do those that turn the direction of writing, or hide.
pub(in crate::report) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            '\n' | '\t' => safe.push(' '),
            c if is_obeyed(c) || matches!(c, '\u{FFFE}' | '\u{FFFF}') => safe.push('\u{FFFD}'),
            c => safe.push(c),
        }
    }
    safe
}

/// The form of a marker; each kind of trial has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Circle,
    Diamond,
    Square,
    Triangle,
    Cross,
}

/// A growing list of elements. Coordinates are pixels, rounded to tenths; text is escaped here.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    out: String,
}

impl Canvas {
    pub(super) fn line(&mut self, class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(px);
        let _ = writeln!(self.out, r#"<line class="{class}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>"#);
    }

    pub(super) fn rect(&mut self, class: &str, (x, y): (f64, f64), (width, height): (f64, f64)) {
        let [x, y, width, height] = [x, y, width, height].map(px);
        let _ = writeln!(self.out, r#"<rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"/>"#);
    }

    /// `anchor` is `start`, `middle` or `end`.
    pub(super) fn text(&mut self, class: &str, anchor: &str, (x, y): (f64, f64), text: &str) {
        let ([x, y], text) = ([x, y].map(px), escape(text));
        let _ = writeln!(self.out, r#"<text class="{class}" text-anchor="{anchor}" x="{x}" y="{y}">{text}</text>"#);
    }

    /// Text that reads upwards.
    pub(super) fn text_upwards(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let ([x, y], text) = ([x, y].map(px), escape(text));
        let _ = writeln!(
            self.out,
            r#"<text class="{class}" text-anchor="middle" transform="translate({x} {y}) rotate(-90)">{text}</text>"#
        );
    }

    pub(super) fn polyline(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{},{}", px(*x), px(*y))).collect();
        let _ = writeln!(self.out, r#"<polyline class="{class}" points="{}"/>"#, points.join(" "));
    }

    pub(super) fn polygon(&mut self, class: &str, points: &[(f64, f64)]) {
        let points: Vec<_> = points.iter().map(|(x, y)| format!("{},{}", px(*x), px(*y))).collect();
        let _ = writeln!(self.out, r#"<polygon class="{class}" points="{}"/>"#, points.join(" "));
    }

    /// A marker with a text that appears while the pointer rests on it.
    pub(super) fn marker(&mut self, class: &str, shape: Shape, (x, y): (f64, f64), r: f64, title: Option<&str>) {
        let title = title.map_or_else(String::new, |t| format!("<title>{}</title>", escape(t)));
        let path = |points: &[(f64, f64)]| {
            let parts: Vec<_> =
                points.iter().map(|(dx, dy)| format!("{} {}", px(x + dx * r), px(y + dy * r))).collect();
            format!("M{}Z", parts.join("L"))
        };
        let d = match shape {
            Shape::Circle => {
                let [x, y, r] = [x, y, r].map(px);
                let _ = writeln!(self.out, r#"<circle class="{class}" cx="{x}" cy="{y}" r="{r}">{title}</circle>"#);
                return;
            }
            Shape::Diamond => path(&[(0.0, -1.25), (1.25, 0.0), (0.0, 1.25), (-1.25, 0.0)]),
            Shape::Square => path(&[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]),
            Shape::Triangle => path(&[(0.0, -1.2), (1.15, 0.85), (-1.15, 0.85)]),
            Shape::Cross => format!(
                "M{} {}L{} {}M{} {}L{} {}",
                px(x - r),
                px(y - r),
                px(x + r),
                px(y + r),
                px(x - r),
                px(y + r),
                px(x + r),
                px(y - r)
            ),
        };
        let _ = writeln!(self.out, r#"<path class="{class}" d="{d}">{title}</path>"#);
    }

    pub(super) fn finish(self) -> String {
        self.out
    }
}

fn px(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0 + 0.0;
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup() {
        assert_eq!(escape("<b a=\"1\" b='2'>&\u{0}\n"), "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;\u{FFFD} ");
        let mut canvas = Canvas::default();
        canvas.marker("m", Shape::Circle, (1.04, 2.0), 3.0, Some("</title><script>"));
        assert_eq!(
            canvas.finish(),
            "<circle class=\"m\" cx=\"1\" cy=\"2\" r=\"3\"><title>&lt;/title&gt;&lt;script&gt;</title></circle>\n"
        );
    }
}
