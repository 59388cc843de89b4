//! What the operating system tells and gives: the time, processes, the processor, locks; and calls of foreign code that may
//! never return.

pub(crate) mod clock;
pub(crate) mod deadline;
#[cfg(feature = "nvml")]
pub(crate) mod late;
pub(crate) mod lock;
mod process;
pub(crate) mod process_tree;
pub(crate) mod processor;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod unwaited;
