//! Charts as PDF: one page for a paper, made of the same SVG that [`chart`](crate::report::chart) draws.
//!
//! No SVG in general is read, but what the charts have; anything else is an error and never left out in silence. Text is set
//! in the standard fonts Helvetica and Helvetica-Bold, which every reader of PDF has, so that no font file is needed; it
//! remains text that can be searched. Nothing but the chart decides the bytes: there is no date in them.

mod draw;
mod font;
mod style;

use std::borrow::Cow;
use std::collections::BTreeSet;

use pdf_writer::{Finish, Name, Pdf, Rect, Ref, TextStr};
use roxmltree::{Document, Node};
use thiserror::Error;

use draw::Painter;
use font::Face;
use style::{Rules, Style};

/// Why there is no PDF of a chart.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PdfError {
    /// The chart is not well-formed.
    #[error("the chart is no SVG that can be read: {0}")]
    Unreadable(String),
    /// The chart has something that is not drawn as PDF, such as `<image>`.
    #[error("the chart has {0}, which is not drawn as PDF")]
    Unknown(String),
}

impl PdfError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Unreadable(_) => None,
            Self::Unknown(_) => Some("take the chart as SVG, which has it".into()),
        }
    }
}

/// A page, and what is missing from it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The file.
    pub bytes: Vec<u8>,
    /// Characters that the standard fonts lack. A question mark stands for each.
    pub missing: BTreeSet<char>,
}

/// The page of a chart that stands alone (of [`Theme::Light`](crate::report::chart::Theme::Light) or
/// [`Theme::Dark`](crate::report::chart::Theme::Dark)): as many points wide and high as the chart has pixels, with its title
/// and description as the document's.
///
/// # Errors
///
/// If `svg` is not well-formed, or has an element, an attribute or a property of style that the charts do not have.
pub fn page(svg: &str) -> Result<Page, PdfError> {
    let document = Document::parse(svg).map_err(|error| PdfError::Unreadable(error.to_string()))?;
    let root = document.root_element();
    let words = |name: &str| root.children().find(|n| n.has_tag_name(name)).and_then(|n| n.text()).unwrap_or_default();
    let rules = Rules::read(words("style"))?;
    let (width, height) = (length(root, "width")?, length(root, "height")?);
    check_root(root, width, height)?;

    let mut painter = Painter::new(height);
    let style = rules.style_of(root, &Style::default());
    for node in root.children().filter(Node::is_element) {
        match node.tag_name().name() {
            "style" | "title" | "desc" => {}
            _ => painter.draw(node, &rules.style_of(node, &style))?,
        }
    }
    let drawn = painter.finish();

    let [catalog, pages, page, content, info, plain, bold] = [1, 2, 3, 4, 5, 6, 7].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages).viewer_preferences().display_doc_title(true);
    pdf.pages(pages).kids([page]).count(1);
    let mut leaf = pdf.page(page);
    leaf.media_box(Rect::new(0.0, 0.0, width as f32, height as f32)).parent(pages).contents(content);
    let mut resources = leaf.resources();
    resources.fonts().pair(Face::Plain.name(), plain).pair(Face::Bold.name(), bold);
    if !drawn.opacities.is_empty() {
        let mut states = resources.ext_g_states();
        for (i, opacity) in drawn.opacities.iter().enumerate() {
            let mut state =
                states.insert(Name(draw::state_name(i).as_bytes())).start::<pdf_writer::writers::ExtGraphicsState>();
            state.stroking_alpha(*opacity).non_stroking_alpha(*opacity);
        }
    }
    resources.finish();
    leaf.finish();
    for (id, face) in [(plain, Face::Plain), (bold, Face::Bold)] {
        pdf.type1_font(id).base_font(face.base()).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    pdf.stream(content, &drawn.content);
    let creator = concat!("Wattfront ", env!("CARGO_PKG_VERSION"));
    let (title, subject) = (TextStr(words("title")), TextStr(words("desc")));
    pdf.document_info(info).title(title).subject(subject).creator(TextStr(creator));
    Ok(Page { bytes: pdf.finish(), missing: drawn.missing })
}

/// A number among the attributes of an element.
fn length(node: Node, name: &str) -> Result<f64, PdfError> {
    let text = node.attribute(name).unwrap_or_default();
    text.parse().map_err(|_| unknown_value(node, name, text))
}

fn unknown_value(node: Node, name: &str, text: &str) -> PdfError {
    PdfError::Unknown(format!("`{name}=\"{text}\"` in <{}>", node.tag_name().name()))
}

/// That one unit of the chart is one pixel, from a corner at the origin.
fn check_root(root: Node, width: f64, height: f64) -> Result<(), PdfError> {
    known_attributes(root, &["class", "role", "viewBox", "width", "height"])?;
    let view = root.attribute("viewBox").unwrap_or_default();
    let whole = view == format!("0 0 {width} {height}") && width > 0.0 && height > 0.0;
    if whole && root.has_tag_name("svg") { Ok(()) } else { Err(unknown_value(root, "viewBox", view)) }
}

/// That an element has no other attributes than these.
fn known_attributes(node: Node, known: &[&str]) -> Result<(), PdfError> {
    match node.attributes().find(|a| !known.contains(&a.name())) {
        Some(other) => Err(unknown_value(node, other.name(), other.value())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
