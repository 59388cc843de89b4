//! Early stopping.

use tch::Tensor;

use super::carrier::{Carrier, copied};
use super::{Recipe, TrainError};

/// The network of the best epoch, where the patience of a training is limited.
pub(super) struct Best {
    patience: Option<usize>,
    loss: f64,
    /// Its weights and buffers.
    kept: Option<(Vec<Tensor>, Vec<Tensor>)>,
    since: usize,
}

impl Best {
    pub(super) fn new(recipe: &Recipe) -> Self {
        Self { patience: recipe.patience(), loss: f64::INFINITY, kept: None, since: 0 }
    }

    /// Sees the validation loss of an epoch; says whether its network is the one that will be kept as far as is known.
    pub(super) fn see(&mut self, loss: f64, weights: &[Tensor], carrier: &Carrier) -> Result<bool, TrainError> {
        if self.patience.is_none() {
            return Ok(true);
        }
        let is_better = loss < self.loss;
        if is_better {
            let copies =
                |tensors: &mut dyn Iterator<Item = &Tensor>| tensors.map(copied).collect::<Result<Vec<_>, _>>();
            let buffers = carrier.buffers();
            self.kept = Some((copies(&mut weights.iter())?, copies(&mut buffers.iter().map(|(_, buffer)| buffer))?));
            (self.loss, self.since) = (loss, 0);
        } else {
            self.since += 1;
        }
        Ok(is_better)
    }

    pub(super) fn is_over(&self) -> bool {
        self.patience.is_some_and(|patience| self.since >= patience)
    }

    /// The weights to keep; the network gets the buffers that go with them.
    pub(super) fn into_weights(self, last: &[Tensor], carrier: &Carrier) -> Result<Vec<Tensor>, TrainError> {
        let Some((weights, buffers)) = self.kept else { return Ok(last.iter().map(Tensor::shallow_clone).collect()) };
        for ((_, buffer), kept) in carrier.buffers().iter().zip(&buffers) {
            buffer.shallow_clone().f_copy_(kept)?;
        }
        Ok(weights)
    }
}
