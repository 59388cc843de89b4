//! Predicting samples with a trained network.

use std::time::{Duration, Instant};

use super::TrainError;
use super::carrier::{Carrier, Pass};
use super::device::synchronize;
use super::integers::Integers;
use super::part::Scaled;

/// A device is asked for so many batches before it is waited for, at most, and for no more than so much work.
const MOST_TOGETHER: usize = 64;
const TOGETHER: Duration = Duration::from_millis(50);

/// Predicts whole batches of `data` in their order, again and again for at least `seconds`; says how many samples that were. With
/// `seconds` of 0 it is one batch.
pub(super) fn infer(
    carrier: &Carrier,
    weights: &[tch::Tensor],
    integers: Option<&Integers>,
    data: &Scaled<'_>,
    batch: usize,
    seconds: f64,
) -> Result<usize, TrainError> {
    let _guard = tch::no_grad_guard();
    let size = batch.min(data.part.samples);
    let batches = data.part.samples / size;
    let begin = Instant::now();
    let (mut next, mut predicted, mut together) = (0, 0, 1);
    loop {
        let since = Instant::now();
        for _ in 0..together {
            let _ = carrier.forward(weights, &data.batch(next * size, size)?, Pass::Judge(integers))?;
            (next, predicted) = ((next + 1) % batches, predicted + size);
        }
        synchronize(data.device())?;
        if begin.elapsed().as_secs_f64() >= seconds {
            return Ok(predicted);
        }
        if since.elapsed() < TOGETHER / 2 {
            together = (2 * together).min(MOST_TOGETHER);
        }
    }
}
