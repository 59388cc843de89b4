//! The search space: parameters, the points made of their values, and the encoding of points as vectors.
//!
//! A [`Space`] is an ordered list of [`Parameter`]s. Each has a [`Domain`] (float, integer, or a choice of values) and
//! may be conditional: it is *active* in a point only if every [`Clause`] of its condition holds there. A [`Point`]
//! holds the values of the active parameters and of no others, so two points that differ only in an inactive
//! parameter cannot exist.

mod decimal;
mod declare;
mod domain;
mod encoding;
mod error;
mod parameter;
mod parse;
mod point;
mod prior;
mod range;
#[expect(clippy::module_inception, reason = "the folder is named after its main type")]
mod space;
mod stepped;
mod value;

pub use declare::{choice, float, int};
pub use encoding::{CoordinateKind, Encoding};
pub use error::{PointError, SpaceError};
pub use parameter::{Clause, Domain, Parameter, Scale};
pub use parse::ParseError;
pub use point::Point;
pub use prior::Prior;
pub use space::Space;
pub use stepped::MOST_LEVELS;
pub use value::Value;
#[cfg(test)]
mod tests;
