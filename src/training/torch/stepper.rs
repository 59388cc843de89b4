//! One step of training: gradients, and what they do to the weights.

use tch::{COptimizer, Kind, TchError, Tensor};

use super::average::Average;
use super::carrier::Carrier;
use super::{Recipe, Update};

/// A scaled loss begins with this factor, which doubles after so many steps without overflow and halves at one, as PyTorch's
/// `GradScaler` has it.
const FIRST_FACTOR: f64 = 65_536.0;
const CALM: u32 = 2000;

/// Changes a network's weights.
#[derive(Debug)]
pub(super) struct Stepper {
    optimizer: COptimizer,
    weights: Vec<Tensor>,
    clip: Option<f64>,
    scaler: Option<Scaler>,
    average: Option<Average>,
}

/// The factor of the loss.
#[derive(Debug)]
struct Scaler {
    factor: f64,
    calm: u32,
}

impl Stepper {
    /// libtorch's own optimizers with its defaults: Adam's betas are 0.9 and 0.999, RMSprop's smoothing is 0.99, epsilon
    /// is 1e-8.
    pub(super) fn new(recipe: &Recipe, carrier: &Carrier) -> Result<Self, TchError> {
        let weights = carrier.weights();
        let (rate, decay) = (recipe.learning_rate(), recipe.weight_decay());
        let mut optimizer = match recipe.update() {
            Update::Sgd { momentum, nesterov } => COptimizer::sgd(rate, momentum, 0.0, decay, nesterov)?,
            Update::Adam => COptimizer::adam(rate, 0.9, 0.999, decay, 1e-8, false)?,
            Update::AdamW => COptimizer::adamw(rate, 0.9, 0.999, decay, 1e-8, false)?,
            Update::RmsProp { momentum } => COptimizer::rms_prop(rate, 0.99, 1e-8, decay, momentum, false)?,
        };
        for weight in weights {
            optimizer.add_parameters(weight, 0)?;
        }
        let average = recipe.ema().map(|decay| Average::new(decay, weights, carrier.averages())).transpose()?;
        Ok(Self {
            optimizer,
            weights: weights.iter().map(Tensor::shallow_clone).collect(),
            clip: recipe.gradient_clip(),
            scaler: carrier.needs_scaled_loss().then_some(Scaler { factor: FIRST_FACTOR, calm: 0 }),
            average,
        })
    }

    /// The size of the steps from now on.
    pub(super) fn set_size(&mut self, size: f64) -> Result<(), TchError> {
        self.optimizer.set_learning_rate(size)
    }

    /// Lets the gradient of a loss change the weights.
    pub(super) fn step(&mut self, loss: &Tensor) -> Result<(), TchError> {
        self.optimizer.zero_grad()?;
        match &self.scaler {
            Some(scaler) => loss.f_mul_scalar(scaler.factor)?.f_backward()?,
            None => loss.f_backward()?,
        }
        let goes = match &mut self.scaler {
            Some(scaler) => scaler.unscale(&self.weights)?,
            None => true,
        };
        if goes {
            if let Some(most) = self.clip {
                clip(&self.weights, most)?;
            }
            self.optimizer.step()?;
            if let Some(average) = &mut self.average {
                average.follow(&self.weights)?;
            }
        }
        Ok(())
    }

    /// The weights by which the network is judged: their average, if there is one.
    pub(super) fn judged(&self) -> Result<Vec<Tensor>, TchError> {
        let average = self.average.as_ref().map_or(self.weights.as_slice(), Average::weights);
        let alike = |(own, weight): (&Tensor, &Tensor)| own.f_to_kind(weight.kind());
        average.iter().zip(&self.weights).map(alike).collect()
    }
}

fn gradients(weights: &[Tensor]) -> impl Iterator<Item = Tensor> {
    weights.iter().map(Tensor::grad).filter(Tensor::defined)
}

/// The Euclidean norm over all gradients, on the device.
fn norm(weights: &[Tensor]) -> Result<Tensor, TchError> {
    let norms = gradients(weights).map(|gradient| gradient.f_norm()?.f_to_kind(Kind::Float));
    Tensor::f_stack(&norms.collect::<Result<Vec<_>, _>>()?, 0)?.f_norm()
}

/// Shortens the gradient to this norm, if it is longer (Pascanu, Mikolov and Bengio, 2013, algorithm 1).
fn clip(weights: &[Tensor], most: f64) -> Result<(), TchError> {
    let _guard = tch::no_grad_guard();
    let share = norm(weights)?.f_add_scalar(1e-6)?.f_reciprocal()?.f_mul_scalar(most)?.f_clamp_max(1.0)?;
    for mut gradient in gradients(weights) {
        let _ = gradient.f_mul_(&share.f_to_kind(gradient.kind())?)?;
    }
    Ok(())
}

impl Scaler {
    /// Takes the factor out of the gradients. Says whether they are finite; a step by others is left out.
    fn unscale(&mut self, weights: &[Tensor]) -> Result<bool, TchError> {
        let _guard = tch::no_grad_guard();
        let is_finite = norm(weights)?.f_double_value(&[])?.is_finite();
        if !is_finite {
            self.factor = (self.factor / 2.0).max(1.0);
            self.calm = 0;
            return Ok(false);
        }
        for mut gradient in gradients(weights) {
            let _ = gradient.f_mul_scalar_(1.0 / self.factor)?;
        }
        self.calm += 1;
        if self.calm == CALM {
            (self.factor, self.calm) = (2.0 * self.factor, 0);
        }
        Ok(true)
    }
}
