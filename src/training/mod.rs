//! Training: the recipe, and with feature `torch` the networks and the loop.
//!
//! A [`Recipe`] says what is trained, complete but for the seed; it is there without libtorch too, so that a study can be
//! checked anywhere. With feature `torch` a `Trainer` carries it out and tells an [`Observer`] the edges of its phases
//! and every epoch.

#[cfg(feature = "torch")]
mod augment;
#[cfg(feature = "torch")]
mod average;
#[cfg(feature = "torch")]
mod carrier;
#[cfg(feature = "torch")]
mod checkpoint;
mod choices;
#[cfg(feature = "torch")]
mod device;
mod error;
#[cfg(feature = "torch")]
mod failure;
#[cfg(feature = "torch")]
mod inference;
#[cfg(feature = "torch")]
mod integers;
#[cfg(feature = "torch")]
mod network;
mod observer;
#[cfg(feature = "torch")]
mod part;
mod possible;
mod preprocess;
mod recipe;
mod schedule;
#[cfg(feature = "torch")]
mod score;
mod settings;
#[cfg(feature = "torch")]
mod stepper;
mod table;
#[cfg(feature = "torch")]
mod traced;
#[cfg(feature = "torch")]
mod trainer;

#[cfg(feature = "torch")]
pub use carrier::check_networks;
pub use choices::{Augmentation, InternalOptimization, Model, Precision, Preprocessing, Schedule};
#[cfg(feature = "torch")]
pub use device::{DeviceChoice, finds_gpu};
pub use error::{RecipeError, TrainError};
pub use observer::{Control, Device, METRICS, Metric, Metrics, Observer, Outcome, Phase};
pub use possible::{check_on, partitions};
pub use preprocess::Scaling;
pub use recipe::{Recipe, Update};
pub use schedule::StepSizes;
pub use settings::{Condition, DefaultValue, Range, Setting, check_settings};
pub use table::SETTINGS;
#[cfg(feature = "torch")]
pub use trainer::{Trainer, TrainerOptions};
