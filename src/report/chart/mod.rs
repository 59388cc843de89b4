//! Charts as SVG, drawn by hand: no script, no fonts, no files.
//!
//! [`front_chart`] stands alone as a picture (its background is painted, so it can be read on any page); the HTML report
//! embeds the same charts with colours from its style sheet. Colour never carries meaning alone: the marked trials have
//! shapes and labels of their own.

mod attainment;
mod axis;
mod bands;
mod canvas;
mod confirmed;
mod frame;
mod front;
mod hypervolume;
mod key;
mod labels;
mod sparkline;
mod ticks;
mod trace;

pub use attainment::attainment_chart;
pub use bands::{Over, bands_chart};
pub use confirmed::confirmation_chart;
pub use frame::{Chart, Theme};
pub use front::front_chart;
pub(in crate::report) use front::{front_pairs, pair_chart};
pub(in crate::report) use hypervolume::growth_chart;
pub use hypervolume::hypervolume_chart;
pub(in crate::report) use sparkline::sparkline;
pub(in crate::report) use trace::trace_chart;

pub(in crate::report) use canvas::escape;
pub(in crate::report) use frame::{CHART_CSS, DARK, LIGHT};
