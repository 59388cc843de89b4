//! NVIDIA GPUs, by the driver's management library, which is looked for at run time.
//!
//! Each GPU is read in the best way it has, a ladder of four rungs ([`Rung`]): the total-energy counter, the power samples
//! that the driver keeps, the power of the present, and the average power. What a GPU does not support leads to the next
//! rung; any other failure does not.

mod boards;
mod driver;
mod gauges;
mod ladder;
mod limit;
mod meter;
mod obstacle;
mod samples;
mod scope;
mod state;
#[cfg(test)]
pub(crate) mod testing;
mod unrest;
mod users;

pub(crate) use boards::{BoardListing, GpuPolicy, ListedBoard, gpus, list};
pub(crate) use ladder::Rung;
pub(crate) use limit::{UndoLimits, limit_range, set_limits};
pub(crate) use meter::NvmlMeter;
#[cfg(test)]
mod tests;
