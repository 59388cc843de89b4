//! The networks, as functions of their weights.
//!
//! A [`Network`] holds its weights and says how a batch goes through them, but it goes through whatever weights it is
//! given: its own, the same in half precision or rounded to eight bits, or a moving average of them.

mod architecture;
mod init;
mod layer;
mod lenet;
mod mobilenet;
mod plain;
mod plan;
mod resnet;
#[cfg(test)]
mod tests;
mod vgg;

use tch::{Device, Kind, TchError, Tensor};

pub use architecture::Architecture;
use init::Init;
pub use layer::Linear;
use layer::{Layer, Pass};
pub use plan::{KernelKind, Role};

use super::Initialization;
use crate::data::Shape;

/// A network with its weights, from images `n x channels x height x width` to logits `n x outputs`.
#[derive(Debug)]
pub struct Network {
    layers: Vec<Layer>,
    weights: Vec<Tensor>,
    names: Vec<String>,
    roles: Vec<Role>,
    buffers: Vec<(String, Tensor)>,
    kernels: Vec<(usize, KernelKind)>,
    multiply_adds: u64,
}

impl Network {
    /// A network whose weights are drawn from libtorch's generator, in the order of [`weights`](Self::weights).
    ///
    /// `kind` is the precision of the weights. Where that is one of 16 bits, batch norm's scale, shift and statistics
    /// are of 32 bits all the same.
    ///
    /// # Errors
    ///
    /// What [`Architecture::check`] says, no outputs, and what libtorch cannot do, as when memory runs out.
    pub fn new(
        architecture: &Architecture,
        shape: Shape,
        outputs: usize,
        kind: Kind,
        device: Device,
    ) -> Result<Self, TchError> {
        let plan = architecture.plan(shape, outputs).map_err(TchError::Shape)?;
        let norms = if matches!(kind, Kind::Half | Kind::BFloat16) { Kind::Float } else { kind };
        let mut weights = Vec::with_capacity(plan.weights.len());
        let (mut names, mut roles) = (Vec::with_capacity(weights.capacity()), Vec::with_capacity(weights.capacity()));
        for weight in plan.weights {
            let kind = if weight.role == Role::Norm { norms } else { kind };
            // Drawn alike for all precisions, so that a seed means one network.
            let drawn = weight.init.tensor(&weight.dims, Kind::Float, device)?;
            weights.push(drawn.f_to_kind(kind)?.f_set_requires_grad(true)?);
            names.push(weight.name);
            roles.push(weight.role);
        }
        let buffers = plan.buffers.into_iter().map(|buffer| {
            let tensor = Init::Constant(buffer.value).tensor(&[buffer.channels], norms, device)?;
            Ok((buffer.name, tensor))
        });
        let buffers = buffers.collect::<Result<_, TchError>>()?;
        let (layers, kernels, multiply_adds) = (plan.layers, plan.kernels, plan.multiply_adds);
        Ok(Self { layers, weights, names, roles, buffers, kernels, multiply_adds })
    }

    /// The weights, leaves that want gradients, in an order that depends on architecture and shape alone.
    pub fn weights(&self) -> &[Tensor] {
        &self.weights
    }

    /// The names of the weights. Those of ResNet, VGG and MobileNetV2 are the ones of torchvision's `state_dict`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// What the weights are for.
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// Batch norm's running means and variances, by the names of PyTorch's `state_dict`. Not learned by gradients.
    pub fn buffers(&self) -> &[(String, Tensor)] {
        &self.buffers
    }

    /// Which weights are kernels, as places in [`weights`](Self::weights), and of what kind of layer.
    pub fn kernels(&self) -> impl Iterator<Item = (usize, KernelKind)> + '_ {
        self.kernels.iter().copied()
    }

    /// The logits of a batch, by `weights` in the order of [`weights`](Self::weights).
    ///
    /// Images, kernels and biases are of one kind. Batch norm's scale and shift are of that kind or of 32 bits; its
    /// buffers are this network's own. Only with `train` are activations dropped and batches normalised by their own
    /// mean and variance. Then the buffers move a tenth of the way there, in place. A single image whose maps have
    /// shrunk to one pixel has no variance, and is normalised by the buffers even then.
    ///
    /// # Errors
    ///
    /// Another number of weights than this network's, and what libtorch says of shapes, kinds, devices and memory.
    pub fn forward(
        &self,
        weights: &[Tensor],
        images: &Tensor,
        train: bool,
        linear: Option<&dyn Linear>,
    ) -> Result<Tensor, TchError> {
        self.forward_by(weights, &self.buffers, images, train, linear)
    }

    /// The same by other buffers, in the order of [`buffers`](Self::buffers).
    ///
    /// # Errors
    ///
    /// As [`forward`](Self::forward), and another number of buffers.
    pub fn forward_by(
        &self,
        weights: &[Tensor],
        buffers: &[(String, Tensor)],
        images: &Tensor,
        train: bool,
        linear: Option<&dyn Linear>,
    ) -> Result<Tensor, TchError> {
        if weights.len() != self.weights.len() {
            let (given, own) = (weights.len(), self.weights.len());
            return Err(TchError::Shape(format!("{given} weights for a network that has {own}")));
        }
        if buffers.len() != self.buffers.len() {
            let (given, own) = (buffers.len(), self.buffers.len());
            return Err(TchError::Shape(format!("{given} buffers for a network that has {own}")));
        }
        let single = images.size().first() == Some(&1);
        layer::run(&self.layers, &Pass { weights, buffers, train, single, linear }, images)
    }

    /// How many numbers the weights are, buffers left out.
    pub fn parameter_count(&self) -> usize {
        self.weights.iter().map(Tensor::numel).sum()
    }

    /// How many multiplications, each with its addition, one image takes forward, in convolutions and linear layers
    /// alone.
    pub fn multiply_adds(&self) -> u64 {
        self.multiply_adds
    }
}
