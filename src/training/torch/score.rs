//! How well outputs fit their targets.

use tch::{Kind, Reduction, TchError, Tensor};

use super::TrainError;
use super::carrier::copied;
use super::part::Goal;
use crate::optimizer::problem::Metrics;

/// Means over samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Score {
    /// Cross-entropy in nats, or the mean square of standardized numbers.
    pub(super) loss: f64,
    /// Share classified correctly, or the coefficient of determination.
    fit: f64,
    goal: Goal,
}

/// The mean loss of outputs `n x outputs`, a number.
pub(super) fn loss(outputs: &Tensor, targets: &Tensor, goal: Goal, smoothing: f64) -> Result<Tensor, TchError> {
    loss_by(outputs, targets, goal, smoothing, Reduction::Mean)
}

fn loss_by(
    outputs: &Tensor,
    targets: &Tensor,
    goal: Goal,
    smoothing: f64,
    reduction: Reduction,
) -> Result<Tensor, TchError> {
    match goal {
        Goal::Classes(_) => outputs.f_cross_entropy_loss(targets, None::<Tensor>, reduction, -100, smoothing),
        Goal::Number { .. } => {
            // Backwards, libtorch takes no targets of other numbers than the outputs.
            outputs.f_squeeze_dim(1)?.f_mse_loss(&targets.f_to_kind(outputs.kind())?, reduction)
        }
    }
}

/// The score of predictions, summed up on the device batch by batch, so that it takes the same memory however many they are.
pub(super) struct Tally {
    goal: Goal,
    samples: usize,
    /// Outputs and targets that are not in the sums yet.
    waiting: Vec<(Tensor, Tensor)>,
    numbers: usize,
    sums: Option<Tensor>,
    /// The first target of all, beside which sums of squares lose no digits, and none are left of equal targets.
    origin: Option<Tensor>,
}

/// Outputs wait until there are so many numbers of them (4 MiB as floats), or batches: sums after every step made an mlp for the
/// digits a tenth slower on the CPU.
const NUMBERS: usize = 1 << 20;
const BATCHES: usize = 1 << 10;

impl Tally {
    pub(super) fn new(goal: Goal) -> Self {
        Self { goal, samples: 0, waiting: Vec::new(), numbers: 0, sums: None, origin: None }
    }

    /// Counts a batch: outputs `n x outputs` without gradients, and targets `n`.
    pub(super) fn see(&mut self, outputs: Tensor, targets: Tensor) -> Result<(), TchError> {
        self.samples += targets.numel();
        self.numbers += outputs.numel();
        self.waiting.push((outputs, targets));
        if self.numbers >= NUMBERS || self.waiting.len() >= BATCHES { self.add_up() } else { Ok(()) }
    }

    fn add_up(&mut self) -> Result<(), TchError> {
        let (outputs, targets): (Vec<Tensor>, Vec<Tensor>) = self.waiting.drain(..).unzip();
        self.numbers = 0;
        let (outputs, targets) = (Tensor::f_cat(&outputs, 0)?, Tensor::f_cat(&targets, 0)?);
        let loss = loss_by(&outputs, &targets, self.goal, 0.0, Reduction::Sum)?.f_to_kind(Kind::Double)?;
        let new = match self.goal {
            Goal::Classes(_) => {
                let right = outputs.f_argmax(1, false)?.f_eq_tensor(&targets)?.f_sum(Kind::Double)?;
                Tensor::f_stack(&[loss, right], 0)?
            }
            Goal::Number { .. } => {
                let targets = targets.f_to_kind(Kind::Double)?;
                let origin = match &self.origin {
                    Some(origin) => origin.shallow_clone(),
                    None => self.origin.insert(copied(&targets.f_select(0, 0)?)?).shallow_clone(),
                };
                let apart = targets.f_sub(&origin)?;
                let square = apart.f_square()?.f_sum(Kind::Double)?;
                Tensor::f_stack(&[loss, apart.f_sum(Kind::Double)?, square], 0)?
            }
        };
        self.sums = Some(match self.sums.take() {
            Some(sums) => sums.f_add(&new)?,
            None => new,
        });
        Ok(())
    }

    /// Means over all samples, read from the device in one transfer.
    pub(super) fn score(mut self) -> Result<Score, TrainError> {
        if !self.waiting.is_empty() {
            self.add_up()?;
        }
        let sums = self.sums.as_ref().map(Vec::<f64>::try_from).transpose()?.unwrap_or_default();
        let (goal, samples) = (self.goal, self.samples as f64);
        match sums[..] {
            [loss, right] => Ok(Score { loss: loss / samples, fit: right / samples, goal }),
            [loss, apart, square] => {
                let (loss, spread) = (loss / samples, square / samples - (apart / samples).powi(2));
                Ok(Score { loss, fit: 1.0 - loss / spread, goal })
            }
            _ => Err(TrainError::Torch { detail: "there is no sample to score".to_owned() }),
        }
    }
}

impl Score {
    /// The metrics of a part: `prefix` is empty for validation. What is no number is none: a share of a variance of 0.
    pub(super) fn metrics(&self, prefix: &str) -> Metrics {
        let named = |name: &str, value: f64| (format!("{prefix}{name}"), value);
        let named: Metrics = match self.goal {
            Goal::Classes(_) => [named("accuracy", self.fit)].into(),
            Goal::Number { sd, .. } => [named("r2", self.fit), named("rmse", self.loss.sqrt() * sd)].into(),
        };
        named.into_iter().filter(|(_, value)| value.is_finite()).collect()
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    const SAMPLES: i64 = 5 * BATCHES as i64 + 2;

    /// Outputs and targets handed over in batches of so many, of which the last has fewer.
    fn told(outputs: &Tensor, targets: &Tensor, batch: i64, goal: Goal) -> Score {
        let mut tally = Tally::new(goal);
        for (outputs, targets) in outputs.split(batch, 0).into_iter().zip(targets.split(batch, 0)) {
            tally.see(outputs, targets).unwrap();
        }
        tally.score().unwrap()
    }

    /// Numbers from 0 to below 7 without any order.
    fn numbers(n: i64) -> Vec<f64> {
        (0..n).map(|i| (i * 7919 % 7001) as f64 / 1000.0).collect()
    }

    /// Batches that wait for each other more than once, all together, and alone.
    const SIZES: [i64; 4] = [1, 3, 1000, SAMPLES];

    #[test]
    fn classes_are_told_by_mean_cross_entropy_and_the_share_of_hits() {
        let classes = 3;
        let logits = numbers(SAMPLES * classes as i64);
        let labels: Vec<i64> = (0..SAMPLES).map(|i| i * i % 3).collect();
        let (mut loss, mut right) = (0.0, 0);
        for (row, label) in logits.chunks(classes).zip(&labels) {
            let sum: f64 = row.iter().map(|x| x.exp()).sum();
            loss += sum.ln() - row[*label as usize];
            let largest = (0..classes).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
            right += i64::from(largest == *label as usize);
        }
        let outputs = Tensor::from_slice(&logits).view([SAMPLES, classes as i64]).to_kind(Kind::Float);
        for batch in SIZES {
            let score = told(&outputs, &Tensor::from_slice(&labels), batch, Goal::Classes(classes));
            assert!((score.loss - loss / SAMPLES as f64).abs() < 1e-5, "{batch}: {score:?} {loss}");
            assert_eq!(score.fit, right as f64 / SAMPLES as f64, "{batch}");
        }
        assert!(right > 0 && right < SAMPLES);
    }

    #[test]
    fn numbers_are_told_by_mean_square_and_share_of_variance() {
        let told_as = numbers(SAMPLES);
        // Far from 0 and close to each other, as those of a part may be that is not trained on.
        let targets: Vec<f64> = told_as.iter().rev().map(|x| (3000.0 + 0.01 * x) as f32).map(f64::from).collect();
        let outputs: Vec<f64> = told_as.iter().map(|x| (3000.0 + 0.01 * x) as f32).map(f64::from).collect();
        let n = SAMPLES as f64;
        let mean = targets.iter().sum::<f64>() / n;
        let spread = targets.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / n;
        let loss = targets.iter().zip(&outputs).map(|(t, o)| (t - o).powi(2)).sum::<f64>() / n;
        let narrow = |values: &[f64]| Tensor::from_slice(values).to_kind(Kind::Float);
        let goal = Goal::Number { mean: 1.0, sd: 2.0 };
        for batch in SIZES {
            let score = told(&narrow(&outputs).view([-1, 1]), &narrow(&targets), batch, goal);
            assert!((score.loss / loss - 1.0).abs() < 1e-5, "{batch}: {score:?} {loss}");
            assert!((score.fit - (1.0 - loss / spread)).abs() < 1e-4, "{batch}: {score:?} {}", 1.0 - loss / spread);
            let metrics = score.metrics("test_");
            assert!((metrics["test_rmse"] / (2.0 * loss.sqrt()) - 1.0).abs() < 1e-5, "{metrics:?}");
        }
    }

    #[test]
    fn equal_targets_have_no_variance_to_tell() {
        let outputs = Tensor::from_slice(&numbers(SAMPLES)).to_kind(Kind::Float).view([-1, 1]);
        let targets = Tensor::full([SAMPLES], 0.1, (Kind::Float, Device::Cpu));
        for batch in SIZES {
            let score = told(&outputs, &targets, batch, Goal::Number { mean: 0.0, sd: 1.0 });
            assert_eq!(score.fit, f64::NEG_INFINITY, "{batch}");
            assert_eq!(score.metrics("").keys().collect::<Vec<_>>(), ["rmse"], "{batch}");
        }
    }

    #[test]
    fn what_waits_does_not_grow_with_the_samples() {
        let mut tally = Tally::new(Goal::Classes(2));
        for _ in 0..3 * BATCHES {
            tally.see(Tensor::zeros([2, 2], (Kind::Float, Device::Cpu)), Tensor::from_slice(&[0_i64, 1])).unwrap();
            assert!(tally.waiting.len() < BATCHES);
        }
        let wide = || Tensor::zeros([1, 2], (Kind::Float, Device::Cpu)).expand([1 << 18, 2], false);
        for _ in 0..5 {
            tally.see(wide(), Tensor::zeros([1 << 18], (Kind::Int64, Device::Cpu))).unwrap();
            assert!(tally.numbers < NUMBERS);
        }
        assert_eq!(tally.samples, 6 * BATCHES + (5 << 18));
        assert!(Tally::new(Goal::Classes(2)).score().is_err(), "of nothing there is no mean");
    }

    #[test]
    fn a_loss_that_is_no_number_is_told_as_it_is() {
        let goal = Goal::Number { mean: 0.0, sd: 1.0 };
        let outputs = Tensor::from_slice(&[0.0_f32, f32::NAN, 1.0]).view([3, 1]);
        let score = told(&outputs, &Tensor::from_slice(&[0.0_f32, 1.0, 2.0]), 2, goal);
        assert!(score.loss.is_nan());
    }
}
