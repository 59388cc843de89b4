//! One step of training: gradients, and what they do to the weights.

use tch::{COptimizer, TchError, Tensor};

use super::{Recipe, Update};

/// Changes a network's weights.
#[derive(Debug)]
pub(super) struct Stepper {
    optimizer: COptimizer,
}

impl Stepper {
    /// libtorch's own optimizers with its defaults: Adam's betas are 0.9 and 0.999, RMSprop's smoothing is 0.99, epsilon
    /// is 1e-8.
    pub(super) fn new<'a>(recipe: &Recipe, parameters: impl IntoIterator<Item = &'a Tensor>) -> Result<Self, TchError> {
        let (rate, decay) = (recipe.learning_rate(), recipe.weight_decay());
        let mut optimizer = match recipe.update() {
            Update::Sgd { momentum } => COptimizer::sgd(rate, momentum, 0.0, decay, false)?,
            Update::Adam => COptimizer::adam(rate, 0.9, 0.999, decay, 1e-8, false)?,
            Update::AdamW => COptimizer::adamw(rate, 0.9, 0.999, decay, 1e-8, false)?,
            Update::RmsProp { momentum } => COptimizer::rms_prop(rate, 0.99, 1e-8, decay, momentum, false)?,
        };
        for parameter in parameters {
            optimizer.add_parameters(parameter, 0)?;
        }
        Ok(Self { optimizer })
    }

    /// Lets the gradient of a loss change the weights.
    pub(super) fn step(&mut self, loss: &Tensor) -> Result<(), TchError> {
        self.optimizer.zero_grad()?;
        loss.f_backward()?;
        self.optimizer.step()
    }
}
