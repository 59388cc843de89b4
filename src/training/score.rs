//! How well outputs fit their targets.

use tch::{Kind, Reduction, TchError, Tensor};

use super::part::Goal;
use super::{Metrics, TrainError};

/// Means over samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    /// Cross-entropy in nats, or the mean square of standardized numbers.
    pub(super) loss: f64,
    /// Share classified correctly, or the coefficient of determination.
    fit: f64,
    goal: Goal,
}

/// The loss of outputs `n x outputs`, a number.
pub(super) fn loss(outputs: &Tensor, targets: &Tensor, goal: Goal, smoothing: f64) -> Result<Tensor, TchError> {
    match goal {
        Goal::Classes(_) => outputs.f_cross_entropy_loss(targets, None::<Tensor>, Reduction::Mean, -100, smoothing),
        Goal::Number { .. } => outputs.f_squeeze_dim(1)?.f_mse_loss(targets, Reduction::Mean),
    }
}

impl Score {
    /// Read from the device in one transfer.
    pub(super) fn of(outputs: &Tensor, targets: &Tensor, goal: Goal) -> Result<Self, TrainError> {
        let loss = loss(outputs, targets, goal, 0.0)?.f_to_kind(Kind::Double)?;
        let fit = match goal {
            Goal::Classes(_) => outputs.f_argmax(1, false)?.f_eq_tensor(targets)?.f_mean(Kind::Double)?,
            Goal::Number { .. } => {
                let spread = targets.f_to_kind(Kind::Double)?.f_var(false)?;
                loss.f_div(&spread)?.f_neg()?.f_add_scalar(1.0)?
            }
        };
        let both = Vec::<f64>::try_from(Tensor::f_stack(&[loss, fit], 0)?)?;
        match both[..] {
            [loss, fit] => Ok(Self { loss, fit, goal }),
            _ => Err(TrainError::Torch { detail: format!("a score has {} numbers", both.len()) }),
        }
    }

    /// A mean loss so far above that of guessing that the training leads nowhere.
    pub(super) fn has_diverged(&self) -> bool {
        const TIMES: f64 = 1e3;
        let guessing = match self.goal {
            Goal::Classes(classes) => (classes as f64).ln(),
            Goal::Number { .. } => 1.0,
        };
        !self.loss.is_finite() || self.loss > TIMES * guessing
    }

    /// The metrics of a part: `prefix` is empty for validation. What is no number is none: a share of a variance of 0.
    pub(super) fn metrics(&self, prefix: &str) -> Metrics {
        let named = |name: &str, value: f64| (format!("{prefix}{name}"), value);
        let told: Metrics = match self.goal {
            Goal::Classes(_) => [named("accuracy", self.fit)].into(),
            Goal::Number { sd, .. } => [named("r2", self.fit), named("rmse", self.loss.sqrt() * sd)].into(),
        };
        told.into_iter().filter(|(_, value)| value.is_finite()).collect()
    }
}
