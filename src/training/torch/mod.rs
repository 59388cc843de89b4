//! How a training is carried out, by libtorch.

mod augment;
mod average;
mod best;
mod carrier;
mod check;
mod checkpoint;
mod descent;
mod device;
mod failure;
mod inference;
mod integers;
mod loaded;
mod network;
mod part;
mod score;
mod stepper;
mod steps;
mod traced;
mod trained;
mod trainer;

pub use check::check_networks;
pub use device::{DeviceChoice, finds_gpu};
pub use trainer::{Trainer, TrainerOptions};

// What all of it knows of a training.
use super::preprocess;
use super::schedule::StepSizes;
use super::{
    Augmentation, Control, Device, DivergenceCause, Initialization, InternalOptimization, Model, Phase, Precision,
    Recipe, RecipeError, Setting, TrainError, TrainingObserver, TrainingResult, Update, possible,
};
