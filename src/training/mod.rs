//! Training: the recipe, and with feature `torch` the networks and the loop.
//!
//! A [`Recipe`] says what is trained, complete but for the seed; it is there without libtorch too, so that a study can be
//! checked anywhere. With feature `torch` a `Trainer` carries it out and tells an [`Observer`] the edges of its phases
//! and every epoch.

#[cfg(feature = "torch")]
mod device;
mod error;
#[cfg(feature = "torch")]
mod failure;
#[cfg(feature = "torch")]
mod network;
mod observer;
mod recipe;
mod settings;
#[cfg(feature = "torch")]
mod stepper;
#[cfg(feature = "torch")]
mod trainer;

#[cfg(feature = "torch")]
pub use device::DeviceChoice;
pub use error::{RecipeError, TrainError};
pub use observer::{Control, Device, METRICS, Metric, Metrics, Observer, Outcome, Phase};
pub use recipe::{Model, Recipe, Update};
pub use settings::{Condition, DefaultValue, Range, SETTINGS, Setting, check_settings};
#[cfg(feature = "torch")]
pub use trainer::{Trainer, TrainerOptions};
