//! A network as a recipe has it carried out: in which numbers, and how.

use tch::{Kind, TchError, Tensor};

use super::integers::Integers;
use super::network::{Linear, Network, Role};
use super::traced::Traced;
use super::{InternalOptimization, Precision, Recipe};

/// The levels of a weight of 8 bits, which are symmetric about 0.
pub(super) const LEVELS: i64 = 127;

/// A network with the weights that are trained.
#[derive(Debug)]
pub(super) struct Carrier {
    network: Network,
    weights: Vec<Tensor>,
    /// The average of the network's buffers, by which it is judged if there is one.
    average: Option<Vec<(String, Tensor)>>,
    precision: Precision,
    internal: InternalOptimization,
    traced: Traced,
}

/// What a batch goes through the network for.
#[derive(Clone, Copy)]
pub(super) enum Pass<'a> {
    /// To learn from it.
    Train,
    /// To see what the network makes of it, with linear layers of integers if there are any.
    Judge(Option<&'a Integers>),
}

impl Carrier {
    pub(super) fn new(network: Network, recipe: &Recipe) -> Result<Self, TchError> {
        let (precision, internal) = (recipe.precision(), recipe.internal_optimization());
        let leaf = |weight: &Tensor| -> Result<Tensor, TchError> {
            let _guard = tch::no_grad_guard();
            let mut own = weight.f_detach()?;
            if internal == InternalOptimization::ChannelsLast && own.dim() == 4 {
                own = channels_last(&own)?;
            }
            own.f_set_requires_grad(true)
        };
        let weights = network.weights().iter().map(leaf).collect::<Result<_, _>>()?;
        let copy = |(name, buffer): &(String, Tensor)| Ok((name.clone(), copied(buffer)?));
        let copies = || network.buffers().iter().map(copy).collect::<Result<_, TchError>>();
        let average = recipe.ema().map(|_| copies()).transpose()?;
        Ok(Self { network, weights, average, precision, internal, traced: Traced::default() })
    }

    /// What is trained.
    pub(super) fn weights(&self) -> &[Tensor] {
        &self.weights
    }

    pub(super) fn network(&self) -> &Network {
        &self.network
    }

    /// Batch norm's statistics by which the network is judged.
    pub(super) fn buffers(&self) -> &[(String, Tensor)] {
        self.average.as_deref().unwrap_or(self.network.buffers())
    }

    /// Batch norm's statistics as training moves them, each with its average, if there is one.
    pub(super) fn averages(&self) -> Vec<(Tensor, Tensor)> {
        let average = self.average.iter().flatten();
        let both = self.network.buffers().iter().zip(average);
        both.map(|((_, moving), (_, average))| (moving.shallow_clone(), average.shallow_clone())).collect()
    }

    /// The outputs of samples `n x channels x height x width`, in 32 bits or more. The weights are in the order of
    /// those that are trained.
    pub(super) fn forward(&self, weights: &[Tensor], samples: &Tensor, pass: Pass<'_>) -> Result<Tensor, TchError> {
        let (train, linear) = match pass {
            Pass::Train => (true, None),
            Pass::Judge(integers) => (false, integers.map(|integers| integers as &dyn Linear)),
        };
        let samples = match self.precision {
            Precision::Float32 => samples.shallow_clone(),
            Precision::Float64 => samples.f_to_kind(Kind::Double)?,
            Precision::Float16Input => samples.f_to_kind(Kind::Half)?.f_to_kind(Kind::Float)?,
            Precision::BFloat16 | Precision::MixedBFloat16 => samples.f_to_kind(Kind::BFloat16)?,
            Precision::MixedFloat16 => samples.f_to_kind(Kind::Half)?,
        };
        let samples = match self.internal {
            InternalOptimization::ChannelsLast => channels_last(&samples)?,
            _ => samples,
        };
        let carry_out = |weights: &[Tensor], samples: &Tensor| match &self.average {
            Some(average) if !train => self.network.forward_by(weights, average, samples, train, linear),
            _ => self.network.forward(weights, samples, train, linear),
        };
        let as_used = |weights: &[Tensor], samples: &Tensor| match self.cast(weights)? {
            Some(cast) => carry_out(&cast, samples),
            None => carry_out(weights, samples),
        };
        let outputs = match self.internal {
            InternalOptimization::Traced => {
                self.traced.forward(weights, &samples, train, self.network.buffers(), as_used)?
            }
            _ => as_used(weights, &samples)?,
        };
        match outputs.kind() {
            Kind::Double => Ok(outputs),
            _ => outputs.f_to_kind(Kind::Float),
        }
    }

    /// The weights as products take them, if that is not as they are.
    fn cast(&self, weights: &[Tensor]) -> Result<Option<Vec<Tensor>>, TchError> {
        let low = match self.precision {
            Precision::MixedBFloat16 => Some(Kind::BFloat16),
            Precision::MixedFloat16 => Some(Kind::Half),
            _ => None,
        };
        let rounds = self.internal == InternalOptimization::PreQuantization;
        if low.is_none() && !rounds {
            return Ok(None);
        }
        let cast = |(weight, role): (&Tensor, &Role)| -> Result<Tensor, TchError> {
            let weight = match role {
                Role::Kernel if rounds => rounded(weight)?,
                _ => weight.shallow_clone(),
            };
            match low {
                Some(kind) if *role != Role::Norm => weight.f_to_kind(kind),
                _ => Ok(weight),
            }
        };
        weights.iter().zip(self.network.roles()).map(cast).collect::<Result<_, _>>().map(Some)
    }

    /// Whether gradients may be too small for the numbers that they are computed in.
    pub(super) fn needs_scaled_loss(&self) -> bool {
        self.precision == Precision::MixedFloat16
    }
}

/// The kind in which a network is made.
pub(super) fn kind_of(recipe: &Recipe) -> Kind {
    match recipe.precision() {
        Precision::Float64 => Kind::Double,
        Precision::BFloat16 => Kind::BFloat16,
        _ => Kind::Float,
    }
}

/// The same images with their channels beside each other in memory: libtorch has a call for it that tch has not.
fn channels_last(images: &Tensor) -> Result<Tensor, TchError> {
    images.f_permute([0, 2, 3, 1])?.f_contiguous()?.f_permute([0, 3, 1, 2])
}

/// The same numbers in memory of their own, and in the same layout.
pub(super) fn copied(tensor: &Tensor) -> Result<Tensor, TchError> {
    let _guard = tch::no_grad_guard();
    let mut copy = tensor.f_detach()?.f_empty_like()?;
    copy.f_copy_(tensor)?;
    Ok(copy)
}

/// A kernel rounded to 8 bits for each of its outputs, the gradient passed straight through (Jacob et al., 2018, section 3;
/// Krishnamoorthi, 2018, section 2.4): `scale = max |w| / 127`.
pub(super) fn rounded(kernel: &Tensor) -> Result<Tensor, TchError> {
    // Fewer than 32 bits would round what was rounded.
    let plain = kernel.f_to_kind(Kind::Float)?;
    let (scale, zero) = {
        let _guard = tch::no_grad_guard();
        let scale = plain.f_flatten(1, -1)?.f_abs()?.f_amax([1_i64].as_slice(), false)?;
        let scale = scale.f_div_scalar(LEVELS as f64)?.f_clamp_min(f64::from(f32::MIN_POSITIVE))?;
        // Of whole numbers libtorch would look whether they are in range, and wait for the device.
        let zero = Tensor::f_zeros([scale.size()[0]], (Kind::Float, kernel.device()))?;
        (scale, zero)
    };
    plain.f_fake_quantize_per_channel_affine(&scale, &zero, 0, -LEVELS, LEVELS)?.f_to_kind(kernel.kind())
}
