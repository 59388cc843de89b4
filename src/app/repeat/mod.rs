//! Trials of a study run again with other seeds: to confirm its front, or to train one configuration for good.

pub(crate) mod changes;
mod confirm;
mod origin;
pub(crate) mod outputs;
mod repeating;
mod train;

pub(crate) use confirm::confirm;
pub(crate) use repeating::{Confirmed, RepeatObserver, Wish};
pub(crate) use train::{TrainWish, train};
