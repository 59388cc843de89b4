//! A network's average over the steps.

use tch::{Kind, TchError, Tensor};

use super::carrier::copied;

/// An average of the weights, and of batch norm's statistics in the same way: those of the weights of one step do not fit the
/// average. So do timm's `ModelEmaV2`, and PyTorch's `AveragedModel` with `use_buffers=True`. PyTorch's third buffer, the whole
/// number of batches so far, is not there to be averaged.
#[derive(Debug)]
pub(super) struct Average {
    decay: f64,
    steps: u64,
    weights: Vec<Tensor>,
    /// What moves, and its average.
    buffers: Vec<(Tensor, Tensor)>,
}

impl Average {
    /// `buffers` are what moves, and the average that is to follow it.
    pub(super) fn new(decay: f64, weights: &[Tensor], buffers: Vec<(Tensor, Tensor)>) -> Result<Self, TchError> {
        // Steps so small are nothing beside numbers of 16 bits.
        let wide = |weight: &Tensor| match weight.kind() {
            Kind::Double => copied(weight),
            _ => copied(weight)?.f_to_kind(Kind::Float),
        };
        let weights = weights.iter().map(wide).collect::<Result<_, _>>()?;
        Ok(Self { decay, steps: 0, weights, buffers })
    }

    pub(super) fn weights(&self) -> &[Tensor] {
        &self.weights
    }

    /// The first steps count for more, by `min(decay, (1 + t) / (10 + t))`, so that the start is soon forgotten.
    pub(super) fn follow(&mut self, weights: &[Tensor]) -> Result<(), TchError> {
        let _guard = tch::no_grad_guard();
        self.steps += 1;
        let steps = self.steps as f64;
        let decay = self.decay.min((1.0 + steps) / (10.0 + steps));
        let buffers = self.buffers.iter_mut().map(|(moving, own)| (own, &*moving));
        for (own, new) in self.weights.iter_mut().zip(weights).chain(buffers) {
            let _ = own.f_lerp_(&new.f_to_kind(own.kind())?, 1.0 - decay)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
