//! Elements of a chart as the operators of a page.

use std::collections::BTreeSet;

use pdf_writer::types::{LineJoinStyle, TextRenderingMode};
use pdf_writer::{Content, Name, Str};
use roxmltree::Node;

use super::font::{Face, encode};
use super::style::{Colour, Style};
use super::{PdfError, known_attributes, length, unknown_value};

/// How far the ends of the curves that make a quarter of a circle are from their control points, for a radius of one.
const QUARTER: f64 = 0.552_284_75;

/// What a page shows.
pub(super) struct Drawn {
    pub(super) content: Vec<u8>,
    /// The opacities that occur, in the order of [`state_name`].
    pub(super) opacities: Vec<f32>,
    pub(super) missing: BTreeSet<char>,
}

/// The name of the graphics state of the opacity in this place.
pub(super) fn state_name(place: usize) -> String {
    format!("G{place}")
}

/// One piece of an outline.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Move(f64, f64),
    Line(f64, f64),
    Curve([f64; 6]),
    Close,
}

/// A growing page.
pub(super) struct Painter {
    content: Content,
    opacities: Vec<f32>,
    missing: BTreeSet<char>,
}

impl Painter {
    /// A page of this height, on which `y` grows downwards as in SVG.
    pub(super) fn new(height: f64) -> Self {
        let mut content = Content::new();
        content.transform([1.0, 0.0, 0.0, -1.0, 0.0, exact(height)]);
        // Where SVG has another default than PDF.
        content.set_miter_limit(4.0);
        Self { content, opacities: Vec::new(), missing: BTreeSet::new() }
    }

    /// Draws one element.
    pub(super) fn draw(&mut self, node: Node, style: &Style) -> Result<(), PdfError> {
        let number = |name: &str| length(node, name);
        let name = node.tag_name().name();
        if let Some(child) = node.children().find(|c| c.is_element() && !c.has_tag_name("title")) {
            return Err(PdfError::Unknown(format!("<{}> in <{name}>", child.tag_name().name())));
        }
        let outline = match name {
            "line" => {
                known_attributes(node, &["class", "x1", "y1", "x2", "y2"])?;
                vec![Step::Move(number("x1")?, number("y1")?), Step::Line(number("x2")?, number("y2")?)]
            }
            "rect" => {
                known_attributes(node, &["class", "x", "y", "width", "height"])?;
                let origin = |name| if node.has_attribute(name) { number(name) } else { Ok(0.0) };
                rectangle((origin("x")?, origin("y")?), (number("width")?, number("height")?))
            }
            "circle" => {
                known_attributes(node, &["class", "cx", "cy", "r"])?;
                circle((number("cx")?, number("cy")?), number("r")?)
            }
            "polyline" | "polygon" => {
                known_attributes(node, &["class", "points"])?;
                let text = node.attribute("points").unwrap_or_default();
                let mut steps = points(text).ok_or_else(|| unknown_value(node, "points", text))?;
                if name == "polygon" && !steps.is_empty() {
                    steps.push(Step::Close);
                }
                steps
            }
            "path" => {
                known_attributes(node, &["class", "d"])?;
                let text = node.attribute("d").unwrap_or_default();
                path(text).ok_or_else(|| unknown_value(node, "d", text))?
            }
            "text" => return self.text(node, style),
            _ => return Err(PdfError::Unknown(format!("<{name}>"))),
        };
        self.paint(&outline, style);
        Ok(())
    }

    /// What is filled and its outline are painted one after the other, as in SVG, for each may have an opacity of its own.
    fn paint(&mut self, outline: &[Step], style: &Style) {
        let encloses = outline.len() > 2;
        let fill = style.fill.filter(|_| encloses).map(|colour| (false, colour));
        let stroke = style.stroke.filter(|_| style.stroke_width > 0.0).map(|colour| (true, colour));
        for (is_stroke, colour) in in_order(fill, stroke, style.stroke_first) {
            self.content.save_state();
            self.set(style, is_stroke, colour);
            for step in outline {
                match *step {
                    Step::Move(x, y) => self.content.move_to(exact(x), exact(y)),
                    Step::Line(x, y) => self.content.line_to(exact(x), exact(y)),
                    Step::Curve(ends) => {
                        let [a, b, c, d, e, f] = ends.map(exact);
                        self.content.cubic_to(a, b, c, d, e, f)
                    }
                    Step::Close => self.content.close_path(),
                };
            }
            if is_stroke {
                self.content.stroke()
            } else {
                self.content.fill_nonzero()
            };
            self.content.restore_state();
        }
    }

    /// Sets what one of the two ways of painting needs.
    fn set(&mut self, style: &Style, is_stroke: bool, [r, g, b]: Colour) {
        let opacity = if is_stroke { style.stroke_opacity } else { style.fill_opacity };
        if opacity < 1.0 {
            let known = self.opacities.iter().position(|o| o.to_bits() == opacity.to_bits());
            let place = known.unwrap_or_else(|| {
                self.opacities.push(opacity);
                self.opacities.len() - 1
            });
            self.content.set_parameters(Name(state_name(place).as_bytes()));
        }
        if !is_stroke {
            self.content.set_fill_rgb(r, g, b);
            return;
        }
        self.content.set_stroke_rgb(r, g, b).set_line_width(style.stroke_width);
        if style.round_joins {
            self.content.set_line_join(LineJoinStyle::RoundJoin);
        }
        // Dashes of no length at all are no dashes.
        if style.dashes.iter().any(|dash| *dash > 0.0) {
            let twice = if style.dashes.len() % 2 == 1 { 2 } else { 1 };
            let dashes = style.dashes.iter().copied().cycle().take(style.dashes.len() * twice);
            self.content.set_dash_pattern(dashes, 0.0);
        }
    }

    fn text(&mut self, node: Node, style: &Style) -> Result<(), PdfError> {
        known_attributes(node, &["class", "x", "y", "text-anchor", "transform"])?;
        let (x, y, upwards) = match node.attribute("transform") {
            None => (length(node, "x")?, length(node, "y")?, false),
            Some(text) => {
                let at = turned(text).filter(|_| !node.has_attribute("x") && !node.has_attribute("y"));
                let (x, y) = at.ok_or_else(|| unknown_value(node, "transform", text))?;
                (x, y, true)
            }
        };
        let face = if style.font_weight >= 600 { Face::Bold } else { Face::Plain };
        let encoded = encode(node.text().unwrap_or_default());
        self.missing.extend(encoded.missing);
        let width = face.width(&encoded.bytes) * style.font_size;
        let before = match node.attribute("text-anchor") {
            None | Some("start") => 0.0,
            Some("middle") => width / 2.0,
            Some("end") => width,
            Some(other) => return Err(unknown_value(node, "text-anchor", other)),
        };
        // The page is turned upside down, and letters are turned back.
        let matrix = if upwards {
            [0.0, -1.0, -1.0, 0.0, exact(x), exact(y + before)]
        } else {
            [1.0, 0.0, 0.0, -1.0, exact(x - before), exact(y)]
        };
        let fill = style.fill.map(|colour| (false, colour));
        let stroke = style.stroke.filter(|_| style.stroke_width > 0.0).map(|colour| (true, colour));
        for (is_stroke, colour) in in_order(fill, stroke, style.stroke_first) {
            self.content.save_state();
            self.set(style, is_stroke, colour);
            let mode = if is_stroke { TextRenderingMode::Stroke } else { TextRenderingMode::Fill };
            self.content.begin_text().set_font(face.name(), exact(style.font_size)).set_text_rendering_mode(mode);
            self.content.set_text_matrix(matrix).show(Str(&encoded.bytes)).end_text();
            self.content.restore_state();
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Drawn {
        Drawn { content: self.content.finish().to_vec(), opacities: self.opacities, missing: self.missing }
    }
}

type Paint = Option<(bool, Colour)>;

fn in_order(fill: Paint, stroke: Paint, stroke_first: bool) -> impl Iterator<Item = (bool, Colour)> {
    let order = if stroke_first { [stroke, fill] } else { [fill, stroke] };
    order.into_iter().flatten()
}

/// Hundredths of a point are exact enough, and short.
fn exact(value: f64) -> f32 {
    let value = ((value * 100.0).round() / 100.0) as f32;
    value
}

fn rectangle((x, y): (f64, f64), (width, height): (f64, f64)) -> Vec<Step> {
    let (right, bottom) = (x + width, y + height);
    vec![Step::Move(x, y), Step::Line(right, y), Step::Line(right, bottom), Step::Line(x, bottom), Step::Close]
}

fn circle((x, y): (f64, f64), r: f64) -> Vec<Step> {
    let k = QUARTER * r;
    vec![
        Step::Move(x + r, y),
        Step::Curve([x + r, y + k, x + k, y + r, x, y + r]),
        Step::Curve([x - k, y + r, x - r, y + k, x - r, y]),
        Step::Curve([x - r, y - k, x - k, y - r, x, y - r]),
        Step::Curve([x + k, y - r, x + r, y - k, x + r, y]),
        Step::Close,
    ]
}

/// `x,y x,y ...`, joined by lines.
fn points(text: &str) -> Option<Vec<Step>> {
    let pair = |(i, text): (usize, &str)| {
        let (x, y) = text.split_once(',')?;
        let (x, y) = (x.parse().ok()?, y.parse().ok()?);
        Some(if i == 0 { Step::Move(x, y) } else { Step::Line(x, y) })
    };
    text.split_ascii_whitespace().enumerate().map(pair).collect()
}

/// An outline of `M`, `L` and `Z`, each of the first two with one pair of numbers.
fn path(text: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = text.trim();
    while let Some(letter) = rest.chars().next() {
        rest = rest.get(1..)?;
        let end = rest.find(['M', 'L', 'Z']).unwrap_or(rest.len());
        let numbers: Option<Vec<f64>> = rest[..end].split_ascii_whitespace().map(|n| n.parse().ok()).collect();
        rest = &rest[end..];
        steps.push(match (letter, numbers?.as_slice()) {
            ('M', &[x, y]) => Step::Move(x, y),
            ('L', &[x, y]) if !steps.is_empty() => Step::Line(x, y),
            ('Z', []) if !steps.is_empty() => Step::Close,
            _ => return None,
        });
    }
    Some(steps)
}

/// The place of text that reads upwards: `translate(x y) rotate(-90)`.
fn turned(text: &str) -> Option<(f64, f64)> {
    let (x, y) = text.strip_prefix("translate(")?.strip_suffix(") rotate(-90)")?.split_once(' ')?;
    Some((x.parse().ok()?, y.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outlines_are_read_as_the_canvas_writes_them() {
        let diamond = [Step::Move(1.5, -2.0), Step::Line(3.0, 4.0), Step::Close];
        assert_eq!(path("M1.5 -2L3 4Z").unwrap(), diamond);
        assert_eq!(points("1.5,-2 3,4").unwrap(), diamond[..2]);
        assert_eq!(points(""), Some(Vec::new()));
        for wrong in ["L1 2", "M1 2C3 4 5 6 7 8", "M1", "M1 2 3 4", "m1 2", "Z", "Mé 1", "é"] {
            assert_eq!(path(wrong), None, "{wrong}");
        }
        assert_eq!(points("1 2"), None);
        assert_eq!(turned("translate(16 224.5) rotate(-90)"), Some((16.0, 224.5)));
        assert_eq!(turned("translate(16 224.5) rotate(90)"), None);
    }
}
