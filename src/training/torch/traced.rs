//! A network traced once and carried out by TorchScript.

use std::cell::OnceCell;

use tch::{CModule, TchError, Tensor};

use super::carrier::copied;

/// The traces of a network: for learning, and for judging, which neither drops activations nor moves batch norm's statistics; and
/// of each one for single samples, which have no variance of their own. Weights are inputs, for a trace takes no others that
/// gradients are wanted of.
#[derive(Debug, Default)]
pub(super) struct Traced {
    train: [OnceCell<CModule>; 2],
    judge: [OnceCell<CModule>; 2],
}

const FUNCTION: &str = "carry_out";

impl Traced {
    /// What `plain` makes of weights and samples, by its trace, which is taken the first time. That carries `plain` out once more:
    /// `buffers`, which it may move, are put back.
    pub(super) fn forward(
        &self,
        weights: &[Tensor],
        samples: &Tensor,
        train: bool,
        buffers: &[(String, Tensor)],
        plain: impl Fn(&[Tensor], &Tensor) -> Result<Tensor, TchError>,
    ) -> Result<Tensor, TchError> {
        let inputs: Vec<Tensor> = weights.iter().map(Tensor::shallow_clone).chain([samples.shallow_clone()]).collect();
        let single = usize::from(samples.size().first() == Some(&1));
        let cell = if train { &self.train[single] } else { &self.judge[single] };
        let module = match cell.get() {
            Some(module) => module,
            None => {
                let before = buffers.iter().map(|(_, buffer)| copied(buffer)).collect::<Result<Vec<_>, _>>()?;
                let module = trace(&inputs, plain)?;
                for ((_, buffer), before) in buffers.iter().zip(&before) {
                    buffer.shallow_clone().f_copy_(before)?;
                }
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
