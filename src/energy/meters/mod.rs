//! What a meter is ([`meter`]), and the meters that this crate brings along.

pub(crate) mod choice;
mod counter;
pub(crate) mod estimate;
pub(crate) mod meter;
#[cfg(feature = "nvml")]
pub(crate) mod nvml;
pub(crate) mod places;
pub(crate) mod rapl;
#[cfg(feature = "nvml")]
pub(crate) mod share;
#[cfg(test)]
pub(crate) mod testing;
