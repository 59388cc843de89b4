//! What weights are before the first step.

use tch::{Device, Kind, TchError, Tensor};

/// How the kernel and the bias of a layer begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Rule {
    /// Uniform within `sqrt(gain / fan_in)`, bias 0. A gain of 6 keeps the variance before a ReLU (He et al., 2015, eq.
    /// 10), one of 3 that of a last layer.
    Uniform { gain: f64 },
    /// Kernel and bias uniform within `1 / sqrt(fan_in)`, as PyTorch's layers begin.
    PyTorch,
    /// Uniform within `sqrt(6 / (fan_in + fan_out))`, bias 0 (Glorot and Bengio, 2010, eq. 16).
    Xavier,
    /// Normal with variance `2 / fan_out`, bias 0 (He et al., 2015, eq. 14). As in torchvision, the fan of a
    /// convolution by groups is counted as if there were none.
    HeNormal,
    /// Normal with this standard deviation, bias 0.
    Normal { sd: f64 },
}

/// How one tensor begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Init {
    /// Uniform between the bound and its negative.
    Uniform(f64),
    /// Normal around 0 with this standard deviation.
    Normal(f64),
    Constant(f64),
}

impl Rule {
    /// For a kernel of `dims`, outputs first.
    pub(super) fn kernel(self, dims: &[i64]) -> Init {
        match self {
            Self::Uniform { gain } => Init::Uniform((gain / fan_in(dims)).sqrt()),
            Self::PyTorch => Init::Uniform((1.0 / fan_in(dims)).sqrt()),
            Self::Xavier => Init::Uniform((6.0 / (fan_in(dims) + fan_out(dims))).sqrt()),
            Self::HeNormal => Init::Normal((2.0 / fan_out(dims)).sqrt()),
            Self::Normal { sd } => Init::Normal(sd),
        }
    }

    /// For the bias beside a kernel of `dims`.
    pub(super) fn bias(self, dims: &[i64]) -> Init {
        match self {
            Self::PyTorch => self.kernel(dims),
            Self::Uniform { .. } | Self::Xavier | Self::HeNormal | Self::Normal { .. } => Init::Constant(0.0),
        }
    }
}

impl Init {
    /// Drawn, if at all, from the generator of `device`.
    pub(super) fn tensor(self, dims: &[i64], kind: Kind, device: Device) -> Result<Tensor, TchError> {
        let mut tensor = Tensor::f_empty(dims, (kind, device))?;
        match self {
            Self::Uniform(bound) => tensor.f_uniform_(-bound, bound),
            Self::Normal(sd) => tensor.f_normal_(0.0, sd),
            Self::Constant(value) => tensor.f_fill_(value),
        }
    }
}

fn fan_in(dims: &[i64]) -> f64 {
    dims[1..].iter().product::<i64>() as f64
}

fn fan_out(dims: &[i64]) -> f64 {
    (dims[0] * dims[2..].iter().product::<i64>()) as f64
}

#[cfg(test)]
mod tests {
    use super::super::{Architecture, Initialization, Network, Role};
    use super::*;
    use crate::data::Shape;

    /// Draws follow the order of weights: whoever changes these changes what a seed stands for in studies that exist.
    #[test]
    fn mlp_and_cnn_draw_as_they_always_did() {
        let initialization = Initialization::Kaiming;
        let drawn = |architecture: Architecture| {
            let plan = architecture.plan(Shape { channels: 3, height: 9, width: 5 }, 10).unwrap();
            plan.weights.into_iter().map(|weight| (weight.name, weight.dims, weight.init)).collect::<Vec<_>>()
        };
        let entry = |name: &str, dims: &[i64], init| (name.to_owned(), dims.to_vec(), init);
        let bound = |share: f64| Init::Uniform(share.sqrt());
        let mlp = [
            entry("hidden.0.weight", &[16, 135], bound(6.0 / 135.0)),
            entry("hidden.0.bias", &[16], Init::Constant(0.0)),
            entry("hidden.1.weight", &[16, 16], bound(6.0 / 16.0)),
            entry("hidden.1.bias", &[16], Init::Constant(0.0)),
            entry("output.weight", &[10, 16], bound(3.0 / 16.0)),
            entry("output.bias", &[10], Init::Constant(0.0)),
        ];
        assert_eq!(drawn(Architecture::Mlp { width: 16, depth: 2, dropout: 0.0, initialization }), mlp);
        let cnn = [
            entry("hidden.0.weight", &[8, 3, 3, 3], bound(6.0 / 27.0)),
            entry("hidden.0.bias", &[8], Init::Constant(0.0)),
            entry("hidden.1.weight", &[8, 8, 3, 3], bound(6.0 / 72.0)),
            entry("hidden.1.bias", &[8], Init::Constant(0.0)),
            entry("output.weight", &[10, 8 * 4 * 2], bound(3.0 / 64.0)),
            entry("output.bias", &[10], Init::Constant(0.0)),
        ];
        assert_eq!(drawn(Architecture::Cnn { width: 8, depth: 2, dropout: 0.0, initialization }), cnn);
    }

    #[test]
    fn pytorch_and_xavier_are_the_published_ones() {
        let drawn = |initialization| {
            let cnn = Architecture::Cnn { width: 8, depth: 1, dropout: 0.0, initialization };
            let plan = cnn.plan(Shape { channels: 3, height: 9, width: 5 }, 10).unwrap();
            plan.weights.into_iter().map(|weight| weight.init).collect::<Vec<_>>()
        };
        let bound = |share: f64| Init::Uniform(share.sqrt());
        // 3 x 3 x 3 numbers go into each of 8 channels, and 8 maps of 4 x 2 into each of 10 outputs.
        let (hidden, last) = (bound(1.0 / 27.0), bound(1.0 / 64.0));
        assert_eq!(drawn(Initialization::PyTorch), [hidden, hidden, last, last]);
        let zero = Init::Constant(0.0);
        assert_eq!(drawn(Initialization::Xavier), [bound(6.0 / (27.0 + 72.0)), zero, bound(6.0 / 74.0), zero]);
    }

    #[test]
    fn weights_begin_as_the_definitions_say() {
        let shape = Shape { channels: 3, height: 32, width: 32 };
        for architecture in [
            Architecture::Mlp { width: 64, depth: 2, dropout: 0.0, initialization: Initialization::PyTorch },
            Architecture::Cnn { width: 16, depth: 2, dropout: 0.0, initialization: Initialization::PyTorch },
            Architecture::LeNet5,
            Architecture::Vgg { layers: 11, dropout: 0.0 },
            Architecture::ResNet { layers: 18 },
            Architecture::MobileNetV2 { dropout: 0.0 },
        ] {
            let network = Network::new(&architecture, shape, 10, Kind::Float, Device::Cpu).unwrap();
            let mut fan_in = 1.0;
            for ((name, weight), role) in network.names().iter().zip(network.weights()).zip(network.roles()) {
                let dims = weight.size().into_iter().map(|dim| dim as f64).collect::<Vec<_>>();
                if *role == Role::Kernel {
                    fan_in = dims[1..].iter().product();
                }
                // Mean and variance; a uniform distribution within b has the variance b^2 / 3.
                let (mean, variance) = match (architecture, role) {
                    (_, Role::Norm) => (if name.ends_with(".weight") { 1.0 } else { 0.0 }, 0.0),
                    (Architecture::LeNet5 | Architecture::Mlp { .. } | Architecture::Cnn { .. }, _) => {
                        (0.0, 1.0 / fan_in / 3.0)
                    }
                    (Architecture::ResNet { .. }, _) if dims.len() < 4 => (0.0, 1.0 / fan_in / 3.0),
                    (_, Role::Bias) => (0.0, 0.0),
                    (_, Role::Kernel) if dims.len() == 2 => (0.0, 1e-4),
                    (_, Role::Kernel) => (0.0, 2.0 / (dims[0] * dims[2] * dims[3])),
                };
                let values = weight.detach().to_kind(Kind::Double).flatten(0, -1);
                let (count, sd) = (values.numel() as f64, variance.sqrt());
                let found = (values.mean(Kind::Double).double_value(&[]), values.std(count > 1.0).double_value(&[]));
                assert!((found.0 - mean).abs() <= 6.0 * sd / count.sqrt(), "{architecture:?} {name}: {found:?}");
                assert!(
                    (found.1 - sd).abs() <= 6.0 * sd / (2.0 * count).sqrt(),
                    "{architecture:?} {name}: {found:?} {sd}"
                );
            }
        }
    }
}
