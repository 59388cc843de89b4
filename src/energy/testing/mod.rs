//! The contract of [`Meter`](super::Meter), kept by every meter.

mod contract;
