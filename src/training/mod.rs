//! Training: the recipe, and with feature `torch` the networks and the loop.
//!
//! A [`Recipe`] says what is trained, complete but for the seed; it is there without libtorch too, so that a study can be
//! checked anywhere. With feature `torch` a `Trainer` carries it out and tells an [`TrainingObserver`] the edges of its phases
//! and every epoch.

mod cause;
mod choices;
mod defaults;
mod error;
mod observer;
mod possible;
mod preprocess;
mod recipe;
mod schedule;
mod settings;
mod table;
#[cfg(feature = "torch")]
mod torch;

pub use cause::DivergenceCause;
pub use choices::{Augmentation, Initialization, InternalOptimization, Model, Precision, Preprocessing, Schedule};
pub use defaults::Defaults;
pub use error::{RecipeError, TrainError};
pub use observer::{Control, Device, METRICS, Metric, Phase, TrainingObserver, TrainingResult};
pub use possible::{check_on, partitions};
pub use preprocess::Scaling;
pub use recipe::{Recipe, Update};
pub use schedule::StepSizes;
pub use settings::{Condition, DefaultValue, Range, Setting, check_settings};
pub use table::SETTINGS;
#[cfg(feature = "torch")]
pub use torch::{DeviceChoice, Trainer, TrainerOptions, check_networks, finds_gpu};
