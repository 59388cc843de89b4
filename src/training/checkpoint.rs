//! What a training leaves behind: the weights as safetensors, and beside them what they are.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use tch::Tensor;

use super::carrier::Carrier;
use super::preprocess::Scaling;
use super::{Outcome, Recipe, TrainError};
use crate::data::Dataset;

/// A trained network with what was done to its data.
pub(super) struct Checkpoint<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) seed: u64,
    pub(super) split_seed: u64,
    pub(super) dataset: &'a Dataset,
    pub(super) carrier: &'a Carrier,
    pub(super) weights: &'a [Tensor],
    pub(super) scaling: Option<&'a [Scaling]>,
    pub(super) outcome: &'a Outcome,
}

impl Checkpoint<'_> {
    /// Writes `path` with the weights and batch norm's statistics by their names in PyTorch, in 32 bits or as they were trained,
    /// and the same with `.json` for its ending, with the recipe and all that else made them. Both are whole or not there.
    pub(super) fn write(&self, path: &Path) -> Result<(), TrainError> {
        let _guard = tch::no_grad_guard();
        let failed =
            |error: &dyn std::fmt::Display| TrainError::Keep { path: path.to_owned(), reason: error.to_string() };
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        let network = self.carrier.network();
        let weights = network.names().iter().zip(self.weights);
        let buffers = network.buffers().iter().map(|(name, buffer)| (name, buffer));
        let plain = |tensor: &Tensor| tensor.f_detach()?.f_to_device(tch::Device::Cpu)?.f_contiguous();
        let tensors: Vec<(&str, Tensor)> = weights
            .chain(buffers)
            .map(|(name, tensor)| Ok((name.as_str(), plain(tensor)?)))
            .collect::<Result<_, tch::TchError>>()?;
        let beside = path.with_extension("json");
        write_whole(path, |file| Tensor::write_safetensors(&tensors, file).map_err(|error| failed(&error)))?;
        let text = format!("{:#}\n", self.description());
        write_whole(&beside, |file| fs::write(file, &text).map_err(|error| failed(&error)))
    }

    fn description(&self) -> serde_json::Value {
        let shape = self.dataset.shape();
        json!({
            "wattfront": env!("CARGO_PKG_VERSION"),
            "recipe": self.recipe.settings(),
            "seed": self.seed,
            "split_seed": self.split_seed,
            "metrics": self.outcome.metrics,
            "data": {
                "name": self.dataset.name(),
                "shape": [shape.channels, shape.height, shape.width],
                "classes": self.dataset.class_names(),
            },
            // Bytes are 0 to 1 before that.
            "scaling": self.scaling.map(|channels| {
                channels.iter().map(|c| json!({"subtract": c.center, "divide": c.spread})).collect::<Vec<_>>()
            }),
        })
    }
}

/// Under another name first, for nobody shall find a half.
fn write_whole(path: &Path, write: impl FnOnce(&Path) -> Result<(), TrainError>) -> Result<(), TrainError> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    let part: PathBuf = path.with_file_name(name);
    write(&part)?;
    fs::rename(&part, path).map_err(|error| TrainError::Keep { path: path.to_owned(), reason: error.to_string() })
}
