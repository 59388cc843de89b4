//! What concerns several of these modules.

mod extreme;
