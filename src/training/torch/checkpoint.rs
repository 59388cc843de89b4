//! What a training leaves behind: the weights as safetensors, and beside them what they are.

use std::fs;
use std::path::Path;

use serde_json::json;
use tch::Tensor;

use super::carrier::{Carrier, rounded};
use super::network::Role;
use super::part::Goal;
use super::preprocess::Scaling;
use super::{InternalOptimization, Recipe, TrainError, TrainingResult};
use crate::data::Dataset;
use crate::disk::{WholeFile, create_folders, write_whole};

/// A trained network with what was done to its data.
pub(super) struct Checkpoint<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) seed: u64,
    pub(super) split_seed: u64,
    pub(super) dataset: &'a Dataset,
    pub(super) goal: Goal,
    pub(super) carrier: &'a Carrier,
    pub(super) weights: &'a [Tensor],
    pub(super) scaling: Option<&'a [Scaling]>,
    pub(super) outcome: &'a TrainingResult,
}

impl Checkpoint<'_> {
    /// Writes `path` with the weights and batch norm's statistics by their names in PyTorch, as the network was judged
    /// by them. The recipe, and all that else made them, go into the same path with `.json` for its ending. Each is
    /// whole or not there, and there is no recipe without its weights.
    pub(super) fn write(&self, path: &Path) -> Result<(), TrainError> {
        let _guard = tch::no_grad_guard();
        let failed =
            |error: &dyn std::fmt::Display| TrainError::Keep { path: path.to_owned(), reason: error.to_string() };
        if let Some(folder) = path.parent() {
            create_folders(folder).map_err(|error| failed(&error))?;
        }
        let network = self.carrier.network();
        let rounds = matches!(
            self.recipe.internal_optimization(),
            InternalOptimization::PreQuantization | InternalOptimization::PostQuantization
        );
        let judged = |(weight, role): (&Tensor, &Role)| match role {
            Role::Kernel if rounds => rounded(weight),
            _ => Ok(weight.shallow_clone()),
        };
        let judged: Vec<Tensor> =
            self.weights.iter().zip(network.roles()).map(judged).collect::<Result<_, tch::TchError>>()?;
        let weights = network.names().iter().zip(&judged);
        let buffers = self.carrier.buffers().iter().map(|(name, buffer)| (name, buffer));
        let plain = |tensor: &Tensor| tensor.f_detach()?.f_to_device(tch::Device::Cpu)?.f_contiguous();
        let tensors: Vec<(&str, Tensor)> = weights
            .chain(buffers)
            .map(|(name, tensor)| Ok((name.as_str(), plain(tensor)?)))
            .collect::<Result<_, tch::TchError>>()?;
        let beside = path.with_extension("json");
        // That of other weights, if there is one.
        let _ = fs::remove_file(&beside);
        let file = WholeFile::create(path).map_err(|error| failed(&error))?;
        Tensor::write_safetensors(&tensors, file.part()).map_err(|error| failed(&error))?;
        file.finish().map_err(|error| failed(&error))?;
        let text = format!("{:#}\n", self.description());
        write_whole(&beside, text.as_bytes()).map_err(|error| failed(&error))
    }

    fn description(&self) -> serde_json::Value {
        let shape = self.dataset.shape();
        let mut data = json!({
            "name": self.dataset.name(),
            "shape": [shape.channels, shape.height, shape.width],
            "classes": self.dataset.class_names(),
        });
        if !self.dataset.columns().is_empty() {
            // As the network is to be fed: a number for a column of numbers, else one for each category, 1 where it is that.
            let columns = self.dataset.columns().iter().map(|column| match column.categories.as_slice() {
                [] => json!({"name": column.name}),
                categories => json!({"name": column.name, "categories": categories}),
            });
            data["columns"] = columns.collect();
        }
        json!({
            "wattfront": env!("CARGO_PKG_VERSION"),
            "recipe": self.recipe.settings(),
            "seed": self.seed,
            "split_seed": self.split_seed,
            "metrics": self.outcome.metrics,
            "data": data,
            // The network predicts numbers less the mean and divided by the deviation.
            "target": match self.goal {
                Goal::Classes(classes) => json!({"classes": classes}),
                Goal::Number { mean, sd } => json!({"mean": mean, "sd": sd}),
            },
            // Bytes are 0 to 1 before that.
            "scaling": self.scaling.map(|channels| {
                channels.iter().map(|c| json!({"subtract": c.center, "divide": c.spread})).collect::<Vec<_>>()
            }),
        })
    }
}
