//! The frame that all charts share: size, theme, axes.

use super::axis::Axis;
use super::canvas::{Canvas, escape};

/// Where a chart's colours come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Theme {
    /// A picture of its own, dark on white (the default).
    #[default]
    Light,
    /// A picture of its own, light on near-black.
    Dark,
    /// Part of a page whose style sheet has the chart's rules.
    Page,
}

/// Size and colours of a chart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chart {
    /// Width in pixels, at least 240.
    pub width: f64,
    /// Height in pixels, at least 180.
    pub height: f64,
    /// Its colours.
    pub theme: Theme,
}

impl Default for Chart {
    /// 860 by 500 pixels, light.
    fn default() -> Self {
        Self { width: 860.0, height: 500.0, theme: Theme::Light }
    }
}

/// Rules for the charts' classes; colours are custom properties.
pub(in crate::report) const CHART_CSS: &str = include_str!("chart.css");

/// Custom properties of the light theme.
pub(in crate::report) const LIGHT: [(&str, &str); 11] = [
    ("--paper", "#ffffff"),
    ("--ink", "#1b1f24"),
    ("--muted", "#57606a"),
    ("--grid", "#e3e7eb"),
    ("--faint", "#7d8793"),
    ("--front", "#0b6e4f"),
    ("--knee", "#c2410c"),
    ("--best", "#1d4ed8"),
    ("--cheap", "#7c3aed"),
    ("--rose", "#be185d"),
    ("--shade", "#0b6e4f"),
];

/// Custom properties of the dark theme.
pub(in crate::report) const DARK: [(&str, &str); 11] = [
    ("--paper", "#12171d"),
    ("--ink", "#e6edf3"),
    ("--muted", "#a3adb8"),
    ("--grid", "#2b333d"),
    ("--faint", "#818b97"),
    ("--front", "#3fc08f"),
    ("--knee", "#fb923c"),
    ("--best", "#82adff"),
    ("--cheap", "#c9a8ff"),
    ("--rose", "#f472b6"),
    ("--shade", "#3fc08f"),
];

/// Text sizes follow the style sheet: 12 pixels for ticks, 13 for titles.
pub(super) const CHARACTER: f64 = 6.8;

impl Chart {
    /// The chart with its least size.
    pub(super) fn sized(self) -> Self {
        Self { width: self.width.max(240.0), height: self.height.max(180.0), ..self }
    }

    /// The complete `svg` element around `body`.
    pub(super) fn wrap(&self, title: &str, description: &str, body: &str) -> String {
        let (width, height) = (self.width, self.height);
        let style = match self.theme {
            Theme::Page => String::new(),
            Theme::Light => format!("<style>{}</style>\n", resolved(&LIGHT)),
            Theme::Dark => format!("<style>{}</style>\n", resolved(&DARK)),
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" viewBox=\"0 0 {width} {height}\" \
             width=\"{width}\" height=\"{height}\">\n<title>{}</title>\n<desc>{}</desc>\n{style}\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n{body}</svg>\n",
            escape(title),
            escape(description),
        )
    }

    /// A chart that says why there is nothing to draw.
    pub(super) fn nothing(&self, title: &str, reason: &str) -> String {
        let mut canvas = Canvas::default();
        canvas.text("axis-title", "middle", (self.width / 2.0, self.height / 2.0), reason);
        self.wrap(title, reason, &canvas.finish())
    }
}

/// The rules with colours put in, for programs that know no custom properties.
fn resolved(colours: &[(&str, &str)]) -> String {
    let put = |css: String, (name, colour): &(&str, &str)| css.replace(&format!("var({name})"), colour);
    colours.iter().fold(CHART_CSS.to_owned(), put)
}

/// The plotting area of a chart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Area {
    /// Inside `chart`, leaving `top` pixels above.
    pub(super) fn inside(chart: &Chart, top: f64) -> Self {
        Self { left: 64.0, right: chart.width - 18.0, top, bottom: chart.height - 52.0 }
    }

    /// How many ticks fit below.
    pub(super) fn most_x(&self) -> usize {
        room((self.right - self.left) / 72.0)
    }

    /// How many ticks fit on the left.
    pub(super) fn most_y(&self) -> usize {
        room((self.bottom - self.top) / 48.0)
    }

    /// Grid, ticks and titles.
    pub(super) fn draw(&self, canvas: &mut Canvas, x: (&Axis, &str), y: (&Axis, &str)) {
        for (at, label) in y.0.ticks(self.most_y()) {
            canvas.line("grid", (self.left, at), (self.right, at));
            canvas.text("tick", "end", (self.left - 8.0, at + 4.0), &label);
        }
        for (at, label) in x.0.ticks(self.most_x()) {
            canvas.line("grid", (at, self.top), (at, self.bottom));
            canvas.text("tick", "middle", (at, self.bottom + 18.0), &label);
        }
        canvas.line("axis", (self.left, self.bottom), (self.right, self.bottom));
        canvas.line("axis", (self.left, self.top), (self.left, self.bottom));
        let middle = (self.left + self.right) / 2.0;
        canvas.text("axis-title", "middle", (middle, self.bottom + 40.0), &x.0.title(x.1));
        canvas.text_upwards("axis-title", (16.0, (self.top + self.bottom) / 2.0), &y.0.title(y.1));
    }
}

fn room(count: f64) -> usize {
    count.clamp(2.0, 12.0) as usize
}
