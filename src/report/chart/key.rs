//! Which sampler of a comparison looks how.

use super::canvas::{Canvas, Shape};
use super::frame::{Area, CHARACTER, Chart};
use crate::analysis::comparison::Comparison;

/// How many looks there are; more samplers share them.
const LOOKS: usize = 6;

/// Pixels of the line before a name.
const SAMPLE: f64 = 34.0;

/// The look of one sampler: a colour and a dash, and a shape of its own, so that colour alone carries no meaning.
#[derive(Debug, Clone)]
pub(super) struct Look {
    pub(super) name: String,
    /// The class of its colour and dash.
    pub(super) class: String,
    pub(super) shape: Shape,
}

/// The looks of all samplers, the baseline muted, and the lines above the chart that explain them.
pub(super) struct Key {
    pub(super) looks: Vec<Look>,
    rows: Vec<Vec<usize>>,
    warning: Option<String>,
}

impl Key {
    pub(super) fn of(comparison: &Comparison, warning: Option<String>, chart: &Chart) -> Self {
        let shapes = [Shape::Square, Shape::Circle, Shape::Diamond, Shape::Triangle, Shape::Square, Shape::Circle];
        let mut next = 0;
        let looks: Vec<Look> = comparison
            .samplers
            .iter()
            .map(|compared| {
                let place = if compared.sampler == comparison.baseline {
                    0
                } else {
                    next += 1;
                    1 + (next - 1) % (LOOKS - 1)
                };
                Look { name: compared.sampler.clone(), class: format!("s{place}"), shape: shapes[place] }
            })
            .collect();
        let (mut rows, mut used) = (vec![Vec::new()], 0.0);
        for (i, look) in looks.iter().enumerate() {
            let width = width(&look.name);
            if used > 0.0 && used + width > chart.width - 90.0 {
                rows.push(Vec::new());
                used = 0.0;
            }
            used += width;
            if let Some(row) = rows.last_mut() {
                row.push(i);
            }
        }
        Self { looks, rows, warning }
    }

    /// The plotting area below the key.
    pub(super) fn area(&self, chart: &Chart) -> Area {
        let rows = (self.rows.len() + usize::from(self.warning.is_some())) as f64;
        Area::inside(chart, 20.0 * rows + 16.0)
    }

    pub(super) fn draw(&self, canvas: &mut Canvas, left: f64) {
        let mut y = 20.0;
        if let Some(warning) = &self.warning {
            canvas.text("warning", "start", (left, y), warning);
            y += 20.0;
        }
        for row in &self.rows {
            let mut x = left;
            for look in row.iter().map(|i| &self.looks[*i]) {
                let class = format!("course {}", look.class);
                canvas.polyline(&class, &[(x, y - 4.0), (x + SAMPLE, y - 4.0)]);
                let class = format!("attained {}", look.class);
                canvas.marker(&class, look.shape, (x + SAMPLE / 2.0, y - 4.0), 4.5, None);
                canvas.text("legend", "start", (x + SAMPLE + 7.0, y), &look.name);
                x += width(&look.name);
            }
            y += 20.0;
        }
    }
}

fn width(name: &str) -> f64 {
    let characters = name.chars().count() as f64;
    characters * CHARACTER + SAMPLE + 28.0
}
