//! What can be wrong with a recipe, and what can go wrong in training.

use std::borrow::Cow;
use std::path::PathBuf;

use super::DivergenceCause;
use crate::data::DataError;
use crate::optimizer::space::Value;

/// Why settings do not make a recipe. Every variant names the setting at fault.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RecipeError {
    /// A name that no setting has.
    #[error("there is no training setting `{name}` (there are: {})", .known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The names of all settings.
        known: Vec<String>,
    },
    /// A setting without a default that is not given.
    #[error("the training setting `{name}` is missing: it must be {allowed}")]
    Missing {
        /// The setting.
        name: String,
        /// What it can be, in words.
        allowed: String,
    },
    /// A setting given twice, as when it is both fixed and searched.
    #[error("the training setting `{name}` is given twice")]
    Twice {
        /// The setting.
        name: String,
    },
    /// A value of the wrong type or out of range.
    #[error("the training setting `{name}` cannot be {value}: it must be {allowed}")]
    Value {
        /// The setting.
        name: String,
        /// The value.
        value: Value,
        /// What it can be, in words.
        allowed: String,
    },
    /// A setting that must be the same in all trials is searched.
    #[error("the training setting `{name}` must be fixed: trials that differ in it cannot be compared")]
    NotSearchable {
        /// The setting.
        name: String,
    },
    /// A setting that has no meaning beside the value of another.
    #[error(
        "the training setting `{name}` has no meaning with `{on}` = {value}, only where it is {}",
        .allowed.join(" or ")
    )]
    Meaningless {
        /// The setting.
        name: String,
        /// The setting that decides.
        on: String,
        /// Its value.
        value: Value,
        /// The values beside which `name` has a meaning.
        allowed: Vec<String>,
        /// What to do about it.
        help: String,
    },
    /// Something that the device, the data or another setting do not allow.
    #[error("`{name}` = {value} is not possible: {reason}")]
    Impossible {
        /// The setting.
        name: String,
        /// Its value.
        value: Value,
        /// Why.
        reason: String,
        /// What to do about it.
        help: String,
    },
}

impl RecipeError {
    /// The setting at fault.
    #[must_use]
    pub fn setting(&self) -> &str {
        match self {
            Self::Unknown { name, .. }
            | Self::Missing { name, .. }
            | Self::Twice { name }
            | Self::Value { name, .. }
            | Self::NotSearchable { name }
            | Self::Meaningless { name, .. }
            | Self::Impossible { name, .. } => name,
        }
    }

    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Twice { .. } => Some("fix it or search it, not both".into()),
            Self::Meaningless { help, .. } | Self::Impossible { help, .. } => Some(help.clone().into()),
            // What would be right stands with what is wrong.
            Self::Unknown { .. } | Self::Missing { .. } | Self::Value { .. } | Self::NotSearchable { .. } => None,
        }
    }
}

/// Why a training did not come to its end.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The loss is no number, or has grown and does not fall any more: a fault of the configuration.
    #[error("training diverged in epoch {epoch}: the loss is {loss}; {cause}")]
    Diverged {
        /// The epoch, counted from 1.
        epoch: usize,
        /// The mean loss of that epoch: NaN, infinite or far above that of the untrained network.
        loss: f64,
        /// What has most likely brought that about.
        cause: DivergenceCause,
    },
    /// The device or the machine has too little memory: a fault of the configuration.
    #[error("out of memory: {detail}")]
    OutOfMemory {
        /// libtorch's words.
        detail: String,
    },
    /// The device failed or cannot be used: a fault of the environment. A CUDA context does not recover from it, so the
    /// process should be replaced.
    #[error("the device failed: {detail}")]
    Device {
        /// What happened.
        detail: String,
    },
    /// Settings that do not go with each other, the data or the device.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The dataset or its split cannot be made.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The trained weights cannot be written.
    #[error("the weights cannot be kept as {}: {reason}", .path.display())]
    Keep {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Any other error of libtorch.
    #[error("libtorch failed: {detail}")]
    Torch {
        /// libtorch's words.
        detail: String,
    },
}

impl TrainError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Diverged { cause, .. } => Some(cause.help()),
            Self::Recipe(error) => error.help(),
            Self::Data(error) => error.help(),
            Self::OutOfMemory { .. } | Self::Device { .. } | Self::Keep { .. } | Self::Torch { .. } => None,
        }
    }
}
