//! What the hardware of this machine draws.

mod watch;

pub(crate) use watch::{Look, line, table, watched};
