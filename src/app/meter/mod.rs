//! What a command costs in energy.

pub(crate) mod coverage;
pub(crate) mod files;
pub(crate) mod in_place;
pub(crate) mod place;
pub(crate) mod stream;
pub(crate) mod table;
pub(crate) mod total;
