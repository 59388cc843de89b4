//! The rules of a chart's style sheet, and what they make of an element.

use roxmltree::Node;
use simplecss::{AttributeOperator, Declaration, Element, PseudoClass, StyleSheet};

use super::PdfError;

/// A colour in red, green and blue, each in `[0, 1]`.
pub(super) type Colour = [f32; 3];

/// How an element is painted. What is not set is as SVG has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Style {
    pub(super) fill: Option<Colour>,
    pub(super) fill_opacity: f32,
    pub(super) stroke: Option<Colour>,
    pub(super) stroke_opacity: f32,
    /// In pixels.
    pub(super) stroke_width: f32,
    /// Lengths of dashes and gaps in pixels; empty for an unbroken line.
    pub(super) dashes: Vec<f32>,
    pub(super) round_joins: bool,
    /// Whether the outline lies below what is filled, not above.
    pub(super) stroke_first: bool,
    /// In pixels.
    pub(super) font_size: f64,
    /// From 100 to 900; 400 is normal.
    pub(super) font_weight: u16,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            fill: Some([0.0; 3]),
            fill_opacity: 1.0,
            stroke: None,
            stroke_opacity: 1.0,
            stroke_width: 1.0,
            dashes: Vec::new(),
            round_joins: false,
            stroke_first: false,
            font_size: 16.0,
            font_weight: 400,
        }
    }
}

impl Style {
    /// Takes one declaration over, or says that it is not known.
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "fill" => self.fill = paint(value)?,
            "fill-opacity" => self.fill_opacity = share(value)?,
            "stroke" => self.stroke = paint(value)?,
            "stroke-opacity" => self.stroke_opacity = share(value)?,
            "stroke-width" => self.stroke_width = pixels(value)?,
            "stroke-dasharray" if value == "none" => self.dashes.clear(),
            "stroke-dasharray" => self.dashes = value.split([' ', ',']).map(pixels).collect::<Option<_>>()?,
            "stroke-linejoin" => self.round_joins = one_of(value, ["miter", "round"])? == 1,
            "paint-order" => self.stroke_first = one_of(value, ["normal", "stroke"])? == 1,
            "font-size" => self.font_size = f64::from(pixels(value)?),
            "font-weight" => self.font_weight = value.parse().ok().filter(|w| (1..=1000).contains(w))?,
            // The standard fonts are what there is, and their digits are all as wide as each other.
            "font-family" => {}
            "font-variant-numeric" => one_of(value, ["tabular-nums"]).map(|_| ())?,
            _ => return None,
        }
        Some(())
    }
}

fn one_of<const N: usize>(value: &str, names: [&str; N]) -> Option<usize> {
    names.iter().position(|name| *name == value)
}

/// `none` or a colour such as `#0b6e4f`; the outer `None` for anything else.
fn paint(value: &str) -> Option<Option<Colour>> {
    if value == "none" {
        return Some(None);
    }
    let digits = value.strip_prefix('#').filter(|d| d.len() == 6 && d.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let part = |i: usize| u8::from_str_radix(&digits[i..i + 2], 16).ok().map(|v| f32::from(v) / 255.0);
    Some(Some([part(0)?, part(2)?, part(4)?]))
}

fn share(value: &str) -> Option<f32> {
    value.parse().ok().filter(|share| (0.0..=1.0).contains(share))
}

fn pixels(value: &str) -> Option<f32> {
    value.strip_suffix("px").unwrap_or(value).parse().ok().filter(|length: &f32| length.is_finite() && *length >= 0.0)
}

/// A style sheet, all of it known.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    sheet: StyleSheet<'a>,
}

impl<'a> Rules<'a> {
    /// Reads a sheet. Blocks of at-rules, such as those for dark screens, are not for paper, and passed over.
    pub(super) fn read(css: &'a str) -> Result<Self, PdfError> {
        let sheet = StyleSheet::parse(css);
        // The parser passes over what it cannot read.
        let read = (sheet.rules.len(), sheet.rules.iter().map(|rule| rule.declarations.len()).sum());
        let written = written(css);
        if read != written {
            let words = format!("(selectors, properties) of style {written:?}, of which {read:?} can be read,");
            return Err(PdfError::Unknown(words));
        }
        for Declaration { name, value, .. } in sheet.rules.iter().flat_map(|rule| &rule.declarations) {
            let set = Style::default().set(name, value);
            set.ok_or_else(|| PdfError::Unknown(format!("the style `{name}: {value}`")))?;
        }
        Ok(Self { sheet })
    }

    /// The style of an element in one that looks like `parent`; every property of the charts is inherited.
    pub(super) fn style_of(&self, node: Node, parent: &Style) -> Style {
        let mut style = parent.clone();
        for rule in self.sheet.rules.iter().filter(|rule| rule.selector.matches(&Styled(node))) {
            for Declaration { name, value, .. } in &rule.declarations {
                // All were tried as the sheet was read.
                let _ = style.set(name, value);
            }
        }
        style
    }
}

/// How many selectors there are outside of at-rules, and how many properties they set, each for itself.
fn written(css: &str) -> (usize, usize) {
    let (mut selectors, mut properties, mut here) = (0, 0, 0);
    let (mut depth, mut passed_over, mut words) = (0usize, None, String::new());
    for c in css.chars() {
        match c {
            '{' if words.trim_start().starts_with('@') => {
                passed_over = passed_over.or(Some(depth));
                depth += 1;
            }
            '{' => {
                here = if passed_over.is_none() { words.split(',').count() } else { 0 };
                selectors += here;
                depth += 1;
            }
            '}' => {
                properties += here * words.split(';').filter(|set| !set.trim().is_empty()).count();
                here = 0;
                depth = depth.saturating_sub(1);
                passed_over = passed_over.filter(|outside| *outside != depth);
            }
            _ => {
                words.push(c);
                continue;
            }
        }
        words.clear();
    }
    (selectors, properties)
}

/// An element as selectors see it.
struct Styled<'a, 'input>(Node<'a, 'input>);

impl Element for Styled<'_, '_> {
    fn parent_element(&self) -> Option<Self> {
        self.0.parent_element().map(Self)
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        self.0.prev_sibling_element().map(Self)
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.0.tag_name().name() == name
    }

    fn attribute_matches(&self, name: &str, operator: AttributeOperator<'_>) -> bool {
        self.0.attribute(name).is_some_and(|value| operator.matches(value))
    }

    fn pseudo_class_matches(&self, _class: PseudoClass<'_>) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use roxmltree::Document;

    use super::*;

    #[test]
    fn the_more_special_and_the_later_rule_wins() {
        let css = ".chart .bar { stroke: #0000ff; stroke-width: 2px } .chart .bar.of-x { stroke: none }\n\
                   @media (prefers-color-scheme: dark) { .chart .bar { stroke: #ffffff } }\n\
                   .chart .of-x, .chart .of-y { fill: #00ff00; font-weight: 650 }\n.chart .bar { fill: #ff0000 }";
        let rules = Rules::read(css).unwrap();
        let document =
            Document::parse("<svg class='chart'><line class='bar of-x'/><line class='of-y'/></svg>").unwrap();
        let styles: Vec<_> = document.root_element().children().map(|n| rules.style_of(n, &Style::default())).collect();
        assert_eq!(styles[0].stroke, None);
        assert_eq!(styles[0].fill, Some([1.0, 0.0, 0.0]));
        assert_eq!((styles[0].stroke_width, styles[0].font_weight), (2.0, 650));
        assert_eq!(styles[1], Style { fill: Some([0.0, 1.0, 0.0]), font_weight: 650, ..Style::default() });
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for (css, words) in [
            (".a { filter: blur(2px) }", "`filter: blur(2px)`"),
            (".a { fill: red }", "`fill: red`"),
            (".a { fill: #123 }", "`fill: #123`"),
            (".a { fill: #12345é }", "`fill: #12345`"),
            (".a { stroke-dasharray: 2 x }", "`stroke-dasharray: 2 x`"),
            (".a { font-size: 2em }", "`font-size: 2em`"),
            (".a { opacity: 0.5 }", "`opacity: 0.5`"),
            (".a { font-weight: bolder }", "`font-weight: bolder`"),
            (".a { fill: none } .a ~ .b { fill: #000000 }", "(2, 2), of which (1, 1)"),
        ] {
            assert!(Rules::read(css).unwrap_err().to_string().contains(words), "{css}: {:?}", Rules::read(css));
        }
    }
}
