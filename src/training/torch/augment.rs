//! Varied samples for training, made on the device.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Beta, Distribution};
use tch::{Device, Kind, TchError, Tensor};

use super::carrier::copied;
use super::part::Goal;
use super::{Augmentation, TrainError, score};

/// Images are shifted by up to this part of their side.
const SHIFT: i64 = 8;

/// The random changes: degrees, part of the side, scale and contrast to either side of 1.
const TURN: f64 = 15.0;
const MOVE: f64 = 0.1;
const SCALE: f64 = 0.1;
const CONTRAST: f64 = 0.2;

/// The concentration of the weights of blends: Zhang et al. (2018) take 0.1 to 0.4 for images.
const MIXUP: f64 = 0.2;

/// Varies batches. What is drawn for a whole batch comes from a generator of its own, what is drawn for each sample from
/// libtorch's.
#[derive(Debug)]
pub(super) struct Augmenter {
    how: Augmentation,
    random: ChaCha8Rng,
}

/// A batch with its targets.
pub(super) struct Varied {
    pub(super) features: Tensor,
    targets: Tensor,
    /// Other targets, and how much the first count beside them.
    other: Option<(Tensor, f64)>,
}

impl Varied {
    /// The target that counts most in each sample.
    pub(super) fn main_targets(&self) -> Tensor {
        match &self.other {
            Some((other, share)) if *share < 0.5 => other.shallow_clone(),
            _ => self.targets.shallow_clone(),
        }
    }

    /// The loss of the outputs for these samples.
    pub(super) fn loss(&self, outputs: &Tensor, goal: Goal, smoothing: f64) -> Result<Tensor, TchError> {
        let loss = score::loss(outputs, &self.targets, goal, smoothing)?;
        match &self.other {
            None => Ok(loss),
            Some((other, share)) => {
                let rest = score::loss(outputs, other, goal, smoothing)?.f_mul_scalar(1.0 - share)?;
                loss.f_mul_scalar(*share)?.f_add(&rest)
            }
        }
    }
}

impl Augmenter {
    pub(super) fn new(how: Augmentation, seed: u64) -> Self {
        Self { how, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Varies a batch `n x channels x height x width`.
    pub(super) fn vary(&mut self, features: Tensor, targets: &Tensor) -> Result<Varied, TrainError> {
        let plain = |features: Tensor| Varied { features, targets: targets.shallow_clone(), other: None };
        Ok(match self.how {
            Augmentation::None => plain(features),
            Augmentation::FlipAndCrop => plain(flip_and_crop(&features)?),
            Augmentation::Random => plain(random(&features)?),
            Augmentation::Mixup => {
                let share = self.share(MIXUP)?;
                let order = partners(&features)?;
                let other = features.f_index_select(0, &order)?;
                let blended = features.f_mul_scalar(share)?.f_add(&other.f_mul_scalar(1.0 - share)?)?;
                let other = targets.f_index_select(0, &order)?;
                Varied { other: Some((other, share)), ..plain(blended) }
            }
            Augmentation::CutMix => {
                let share = self.share(1.0)?;
                let (rows, columns, kept) = self.rectangle(&features, share);
                let order = partners(&features)?;
                let cut = |xs: &Tensor| xs.f_narrow(2, rows.0, rows.1)?.f_narrow(3, columns.0, columns.1);
                let varied = copied(&features)?;
                cut(&varied)?.f_copy_(&cut(&features.f_index_select(0, &order)?)?)?;
                let other = targets.f_index_select(0, &order)?;
                Varied { other: Some((other, kept)), ..plain(varied) }
            }
        })
    }

    fn share(&mut self, concentration: f64) -> Result<f64, TrainError> {
        let beta = Beta::new(concentration, concentration);
        let beta = beta.map_err(|error| TrainError::Torch { detail: error.to_string() })?;
        Ok(beta.sample(&mut self.random))
    }

    /// First and number of rows and columns of a rectangle of about `1 - share` of the image, about any of its pixels.
    /// Then the share of the image that it really leaves (Yun et al., 2019, eq. 2).
    fn rectangle(&mut self, features: &Tensor, share: f64) -> ((i64, i64), (i64, i64), f64) {
        let size = features.size();
        let side = (1.0 - share).sqrt();
        let mut span = |length: i64| {
            let half = side * length as f64 / 2.0;
            let center = self.random.random_range(0.0..length as f64);
            let (from, to) = ((center - half).max(0.0).round(), (center + half).min(length as f64).round());
            (from as i64, (to - from) as i64)
        };
        let (rows, columns) = (span(size[2]), span(size[3]));
        let cut = (rows.1 * columns.1) as f64 / (size[2] * size[3]) as f64;
        (rows, columns, 1.0 - cut)
    }
}

/// Another sample of the batch for each.
fn partners(features: &Tensor) -> Result<Tensor, TchError> {
    Tensor::f_randperm(features.size()[0], (Kind::Int64, features.device()))
}

/// Numbers `n` from `low` to `high`.
fn uniform(n: i64, low: f64, high: f64, device: Device) -> Result<Tensor, TchError> {
    Tensor::f_empty([n], (Kind::Float, device))?.f_uniform_(low, high)
}

fn flip_and_crop(features: &Tensor) -> Result<Tensor, TchError> {
    let (device, size) = (features.device(), features.size());
    let [n, channels, height, width] = size[..] else { return Err(TchError::Shape(format!("{size:?}"))) };
    let integers = (Kind::Int64, device);
    let (down, right) = ((height / SHIFT).max(1), (width / SHIFT).max(1));
    let padded = features.f_constant_pad_nd([right, right, down, down])?;
    let from = |most: i64| Tensor::f_randint(2 * most + 1, [n, 1], integers);
    let rows = Tensor::f_arange(height, integers)?.f_add(&from(down)?)?;
    let columns = Tensor::f_arange(width, integers)?;
    let mirrored = columns.f_neg()?.f_add_scalar(width - 1)?;
    let flips = Tensor::f_randint(2, [n, 1], integers)?.f_to_kind(Kind::Bool)?;
    let columns = mirrored.f_where_self(&flips, &columns)?.f_add(&from(right)?)?;
    let rows = rows.f_view([n, 1, height, 1])?.f_expand([n, channels, height, width + 2 * right], false)?;
    let columns = columns.f_view([n, 1, 1, width])?.f_expand([n, channels, height, width], false)?;
    padded.f_gather(2, &rows, false)?.f_gather(3, &columns, false)
}

fn random(features: &Tensor) -> Result<Tensor, TchError> {
    let (device, size) = (features.device(), features.size());
    let n = size[0];
    let turn = uniform(n, -TURN.to_radians(), TURN.to_radians(), device)?;
    let scale = uniform(n, 1.0 - SCALE, 1.0 + SCALE, device)?;
    // The sides of an image lie at -1 and 1.
    let across = uniform(n, -2.0 * MOVE, 2.0 * MOVE, device)?;
    let down = uniform(n, -2.0 * MOVE, 2.0 * MOVE, device)?;
    let mirror = Tensor::f_randint(2, [n], (Kind::Float, device))?.f_mul_scalar(2.0)?.f_sub_scalar(1.0)?;
    let (cos, sin) = (turn.f_cos()?.f_mul(&scale)?, turn.f_sin()?.f_mul(&scale)?);
    // Both sides go from -1 to 1, however long they are.
    let ratio = size[2] as f64 / size[3] as f64;
    let (right, left) = (sin.f_neg()?.f_mul_scalar(ratio)?, sin.f_mul(&mirror)?.f_mul_scalar(1.0 / ratio)?);
    let entries = [cos.f_mul(&mirror)?, right, across, left, cos, down].map(|entry| entry.f_unsqueeze(1));
    let entries = entries.into_iter().collect::<Result<Vec<_>, _>>()?;
    let theta = Tensor::f_cat(&entries, 1)?.f_view([n, 2, 3])?;
    let grid = Tensor::f_affine_grid_generator(&theta, &size, false)?;
    // Bilinear, and zeros where there is nothing.
    let moved = features.f_grid_sampler(&grid, 0, 0, false)?;
    let contrast = uniform(n, 1.0 - CONTRAST, 1.0 + CONTRAST, device)?.f_view([n, 1, 1, 1])?;
    let mean = moved.f_mean_dim([1_i64, 2, 3].as_slice(), true, Kind::Float)?;
    moved.f_sub(&mean)?.f_mul(&contrast)?.f_add(&mean)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Images whose pixels say where they were: 1 to 64 by row and column, and the number of the image.
    fn images(n: i64) -> Tensor {
        let pixels = Tensor::arange(64, (Kind::Float, Device::Cpu)).view([1, 1, 8, 8]) + 1.0;
        let numbers = Tensor::arange(n, (Kind::Float, Device::Cpu)).view([n, 1, 1, 1]) * 100.0;
        Tensor::cat(&[&pixels + &numbers, -(&pixels + &numbers)], 1)
    }

    fn vary(how: Augmentation, n: i64) -> Varied {
        let targets = Tensor::arange(n, (Kind::Int64, Device::Cpu)).remainder(3);
        Augmenter::new(how, 5).vary(images(n), &targets).unwrap()
    }

    #[test]
    fn every_way_keeps_shape_and_kind_and_changes_something_but_none() {
        for how in [
            Augmentation::None,
            Augmentation::FlipAndCrop,
            Augmentation::Random,
            Augmentation::Mixup,
            Augmentation::CutMix,
        ] {
            let varied = vary(how, 12);
            assert_eq!((varied.features.size(), varied.features.kind()), (vec![12, 2, 8, 8], Kind::Float), "{how:?}");
            assert_eq!(varied.features.equal(&images(12)), how == Augmentation::None, "{how:?}");
        }
    }

    #[test]
    fn a_crop_is_a_piece_of_the_image_or_of_its_mirror_with_zeros_around() {
        let varied = vary(Augmentation::FlipAndCrop, 60).features;
        let (mut mirrored, mut shifts) = (0, std::collections::BTreeSet::new());
        for n in 0..60 {
            let pixel = |row: i64, column: i64| varied.double_value(&[n, 0, row, column]) - 100.0 * n as f64;
            assert_eq!(varied.double_value(&[n, 1, 4, 4]), -varied.double_value(&[n, 0, 4, 4]), "channels go together");
            let step = pixel(4, 5) - pixel(4, 4);
            assert!(step == 1.0 || step == -1.0, "{step}");
            assert_eq!(pixel(5, 4) - pixel(4, 4), 8.0);
            mirrored += i32::from(step < 0.0);
            shifts.insert(format!("{}", pixel(4, 4)));
        }
        assert!((15..45).contains(&mirrored), "{mirrored}");
        assert!(shifts.len() > 9, "{shifts:?}");
    }

    #[test]
    fn blends_count_their_labels_by_their_shares() {
        let varied = vary(Augmentation::Mixup, 12);
        let (_, share) = varied.other.as_ref().unwrap();
        // A pixel's value is linear in the number of its image, which the partner changes by its share alone.
        let told = varied.features.double_value(&[0, 0, 0, 0]) - 1.0;
        assert!(told >= 0.0 && told <= 1100.0 * (1.0 - share) + 1e-3, "{told} {share}");
        // Outputs that are sure of the first targets are wrong by as much as the others count.
        let outputs = varied.targets.one_hot(3).to_kind(Kind::Float) * 50.0;
        let loss = varied.loss(&outputs, Goal::Classes(3), 0.0).unwrap().double_value(&[]);
        let (other, share) = varied.other.as_ref().unwrap();
        let differ = other.ne_tensor(&varied.targets).to_kind(Kind::Double).mean(Kind::Double).double_value(&[]);
        assert!((loss - 50.0 * differ * (1.0 - share)).abs() < 1e-3, "{loss} {differ} {share}");
        assert!(differ > 0.0 && *share != 0.5);
    }

    /// The mean cross-entropy of logits by samples, or the mean square of numbers.
    fn by_hand(outputs: &[Vec<f64>], targets: &[f64], goal: Goal, smoothing: f64) -> f64 {
        let of = |(outputs, target): (&Vec<f64>, &f64)| match goal {
            Goal::Number { .. } => (outputs[0] - target).powi(2),
            Goal::Classes(classes) => {
                let sum: f64 = outputs.iter().map(|x| x.exp()).sum();
                let weight = |class: usize| {
                    let own = if class == *target as usize { 1.0 - smoothing } else { 0.0 };
                    own + smoothing / classes as f64
                };
                outputs.iter().enumerate().map(|(class, x)| weight(class) * (sum.ln() - x)).sum()
            }
        };
        outputs.iter().zip(targets).map(of).sum::<f64>() / targets.len() as f64
    }

    /// Which other image is in each one by what the pixels tell, and the share of its own that is left. How much of a blend is
    /// whose cannot be told by its pixels alone, so that is taken from what the augmenter says.
    fn partners_in(varied: &Varied, how: Augmentation) -> (Vec<usize>, f64) {
        let n = varied.features.size()[0];
        let apart = varied.features.f_sub(&images(n)).unwrap().select(1, 0).view([n, 64]);
        let furthest = apart.gather(1, &apart.abs().argmax(1, true), false).view([n]) / 100.0;
        let furthest = Vec::<f32>::try_from(furthest).unwrap();
        let share = varied.other.as_ref().unwrap().1;
        let (share, by) = match how {
            Augmentation::Mixup => (share, 1.0 - share),
            _ => {
                let cut = apart.abs().gt(1.0).sum_dim_intlist([1_i64].as_slice(), false, Kind::Float).max();
                (1.0 - cut.double_value(&[]) / 64.0, 1.0)
            }
        };
        let other = |(own, apart): (usize, f32)| match by > 1e-4 {
            true => (own as f64 + f64::from(apart) / by).round() as usize,
            false => own,
        };
        (furthest.into_iter().enumerate().map(other).collect(), share)
    }

    #[test]
    fn the_loss_of_a_blend_is_that_of_both_its_targets_by_their_shares() {
        let goals = [(Goal::Classes(3), 0.0), (Goal::Classes(3), 0.2), (Goal::Number { mean: 0.0, sd: 1.0 }, 0.0)];
        for (how, (goal, smoothing)) in
            [Augmentation::Mixup, Augmentation::CutMix].into_iter().flat_map(|how| goals.map(|goal| (how, goal)))
        {
            let (kind, plain): (_, Vec<f64>) = match goal {
                Goal::Classes(_) => (Kind::Int64, (0..12).map(|i| f64::from(i * i % 3)).collect()),
                Goal::Number { .. } => (Kind::Float, (0..12).map(|i| (f64::from(i) * 0.7).sin()).collect()),
            };
            let wide = goal.outputs();
            let outputs: Vec<f64> = (0..12 * wide).map(|i| (i as f64 * 1.3).sin() * 2.0).collect();
            let rows: Vec<Vec<f64>> = outputs.chunks(wide).map(<[f64]>::to_vec).collect();
            let tensor = Tensor::from_slice(&outputs).view([12, -1]).to_kind(Kind::Float);
            let (mut augmenter, mut real) = (Augmenter::new(how, 11), 0);
            for _ in 0..20 {
                let varied = augmenter.vary(images(12), &Tensor::from_slice(&plain).to_kind(kind)).unwrap();
                let told = varied.loss(&tensor, goal, smoothing).unwrap().double_value(&[]);
                let (partners, share) = partners_in(&varied, how);
                let other: Vec<f64> = partners.into_iter().map(|n| plain[n]).collect();
                let (own, other) = (by_hand(&rows, &plain, goal, smoothing), by_hand(&rows, &other, goal, smoothing));
                let expected = share * own + (1.0 - share) * other;
                assert!((told - expected).abs() < 1e-4, "{how:?} {goal:?} {share}: {told} and {expected}");
                real += i32::from((0.05..0.95).contains(&share) && (own - other).abs() > 0.05);
            }
            assert!(real > 2, "{how:?} {goal:?}: {real} real blends of targets that differ");
        }
    }

    #[test]
    fn a_rectangle_is_another_images_and_its_area_is_the_labels_share() {
        let mut augmenter = Augmenter::new(Augmentation::CutMix, 1);
        let (mut areas, mut whole) = (0.0, 0);
        for _ in 0..200 {
            let plain = images(2);
            let varied = augmenter.vary(plain.shallow_clone(), &Tensor::from_slice(&[0_i64, 1])).unwrap();
            let changed = varied.features.ne_tensor(&plain).sum(Kind::Int64).int64_value(&[]);
            let (_, kept) = varied.other.as_ref().unwrap();
            let swapped = changed > 0;
            if swapped {
                assert_eq!(changed, ((1.0 - kept) * 2.0 * 128.0).round() as i64);
            }
            areas += 1.0 - kept;
            whole += i32::from(swapped);
        }
        assert!((0.25..0.5).contains(&(areas / 200.0)), "{areas}: rectangles are cut by the borders");
        assert!(whole > 50);
    }
}
