//! A network traced once and carried out by TorchScript.

use std::cell::OnceCell;

use tch::{CModule, TchError, Tensor};

/// The traces of a network: one for learning, and one for judging, which neither drops activations nor moves batch norm's
/// statistics. Weights are inputs, for a trace takes no others that gradients are wanted of.
#[derive(Debug, Default)]
pub(super) struct Traced {
    train: OnceCell<CModule>,
    judge: OnceCell<CModule>,
}

const FUNCTION: &str = "carry_out";

impl Traced {
    /// What `plain` makes of weights and samples, by its trace, which is taken the first time.
    pub(super) fn forward(
        &self,
        weights: &[Tensor],
        samples: &Tensor,
        train: bool,
        plain: impl Fn(&[Tensor], &Tensor) -> Result<Tensor, TchError>,
    ) -> Result<Tensor, TchError> {
        let inputs: Vec<Tensor> = weights.iter().map(Tensor::shallow_clone).chain([samples.shallow_clone()]).collect();
        let cell = if train { &self.train } else { &self.judge };
        let module = match cell.get() {
            Some(module) => module,
            None => {
                let module = trace(&inputs, plain)?;
                cell.get_or_init(|| module)
            }
        };
        module.method_ts(FUNCTION, &inputs)
    }
}

fn trace(
    inputs: &[Tensor],
    plain: impl Fn(&[Tensor], &Tensor) -> Result<Tensor, TchError>,
) -> Result<CModule, TchError> {
    let mut failure = None;
    let mut body = |inputs: &[Tensor]| {
        let outputs = inputs.split_last().map(|(samples, weights)| plain(weights, samples));
        match outputs {
            Some(Ok(outputs)) => vec![outputs],
            other => {
                failure = other.and_then(Result::err);
                inputs.last().map(Tensor::shallow_clone).into_iter().collect()
            }
        }
    };
    let module = CModule::create_by_tracing("network", FUNCTION, inputs, &mut body);
    match failure {
        Some(error) => Err(error),
        None => module,
    }
}
