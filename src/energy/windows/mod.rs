//! From readings to the energy of a window: pure functions and tracks of what was read.

pub(crate) mod bursts;
pub(crate) mod cross_check;
pub(crate) mod edges;
pub(crate) mod figure;
pub(crate) mod idle;
pub(crate) mod ticks;
pub(crate) mod track;
