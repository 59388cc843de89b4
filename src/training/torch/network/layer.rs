//! The layers, and the way through them.

use tch::{TchError, Tensor};

/// How much the newest batch counts in the running statistics: PyTorch's default, as in all of torchvision's networks
/// here.
const MOMENTUM: f64 = 0.1;
/// What is added to a variance before its root is taken: PyTorch's default too.
const EPSILON: f64 = 1e-5;

/// One step of the way; weights and buffers are places in those of the network.
#[derive(Debug)]
pub(super) enum Layer {
    Convolution {
        kernel: usize,
        bias: Option<usize>,
        stride: i64,
        padding: [i64; 2],
        groups: i64,
    },
    Linear {
        kernel: usize,
        bias: usize,
    },
    /// Batch norm, whose shift comes after its scale and whose running variance after the running mean. `pixel` says
    /// that its maps are of one pixel.
    Norm {
        scale: usize,
        mean: usize,
        pixel: bool,
    },
    /// In place, as the next one: stands only after layers that return what nobody else holds, and whose gradients do
    /// not need it.
    Relu,
    Relu6,
    /// Maximum over windows.
    Maximum {
        window: [i64; 2],
        stride: [i64; 2],
        padding: i64,
    },
    /// Averages over as many fields as are named, whatever the size of the maps.
    Average {
        fields: [i64; 2],
    },
    Flatten,
    Dropout(f64),
    /// The sum of two ways. The branch ends with batch norm, so that what the shortcut brings may be added in place; an
    /// empty shortcut brings what came in.
    Residual {
        branch: Vec<Layer>,
        shortcut: Vec<Layer>,
    },
}

/// What all layers need to know of one forward pass.
pub(super) struct Pass<'a> {
    pub(super) weights: &'a [Tensor],
    pub(super) buffers: &'a [(String, Tensor)],
    pub(super) train: bool,
    /// Whether the batch is one image.
    pub(super) single: bool,
    /// What carries linear layers out, if not libtorch's own.
    pub(super) linear: Option<&'a dyn Linear>,
}

/// Carries linear layers out.
pub trait Linear {
    /// `xs` times the transposed `weight`, which is number `kernel` of the network's weights, plus `bias`.
    ///
    /// # Errors
    ///
    /// What libtorch cannot do.
    fn apply(&self, xs: &Tensor, kernel: usize, weight: &Tensor, bias: &Tensor) -> Result<Tensor, TchError>;
}

/// Takes `xs` through all layers, one after the other.
pub(super) fn run(layers: &[Layer], pass: &Pass<'_>, xs: &Tensor) -> Result<Tensor, TchError> {
    layers.iter().try_fold(xs.shallow_clone(), |xs, layer| layer.forward(pass, xs))
}

impl Layer {
    fn forward(&self, pass: &Pass<'_>, mut xs: Tensor) -> Result<Tensor, TchError> {
        let weights = pass.weights;
        match self {
            Self::Convolution { kernel, bias, stride, padding, groups } => {
                xs.f_conv2d(&weights[*kernel], bias.map(|bias| &weights[bias]), *stride, padding, 1, *groups)
            }
            Self::Linear { kernel, bias } => match pass.linear {
                Some(linear) => linear.apply(&xs, *kernel, &weights[*kernel], &weights[*bias]),
                None => xs.f_linear(&weights[*kernel], Some(&weights[*bias])),
            },
            Self::Norm { scale, mean, pixel } => xs.f_batch_norm(
                Some(&weights[*scale]),
                Some(&weights[*scale + 1]),
                Some(&pass.buffers[*mean].1),
                Some(&pass.buffers[*mean + 1].1),
                pass.train && !(*pixel && pass.single),
                MOMENTUM,
                EPSILON,
                true,
            ),
            Self::Relu => xs.f_relu_(),
            Self::Relu6 => xs.f_relu6_(),
            Self::Maximum { window, stride, padding } => xs.f_max_pool2d(window, stride, *padding, 1, false),
            Self::Average { fields } => xs.f_adaptive_avg_pool2d(fields),
            Self::Flatten => xs.f_flatten(1, -1),
            Self::Dropout(share) if pass.train => xs.f_dropout(*share, true),
            Self::Dropout(_) => Ok(xs),
            Self::Residual { branch, shortcut } => {
                let mut sum = run(branch, pass, &xs)?;
                sum.f_add_(&run(shortcut, pass, &xs)?)
            }
        }
    }
}
