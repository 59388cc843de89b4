//! The named choices of a recipe.

use serde::{Deserialize, Serialize};

macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$item_doc])* #[serde(rename = $text)] $item,)*
        }

        impl $name {
            /// Its name in study files.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$item => $text,)*
                }
            }

            pub(super) fn of(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$item),)*
                    _ => None,
                }
            }
        }
    };
}

choices! {
    /// Which network is trained.
    Model {
        /// `depth` hidden layers of `width` units with ReLU and dropout, and a last layer.
        Mlp = "mlp",
        /// `depth` blocks of a 3 x 3 convolution with `width` channels and ReLU. While the image has four pixels a
        /// side, 2 x 2 maximum pooling follows; then averages over at most 4 x 4 fields; dropout, and a last layer.
        Cnn = "cnn",
        /// LeNet-5 (LeCun, Bottou, Bengio and Haffner, 1998).
        LeNet5 = "lenet5",
        /// VGG with 11 layers, A, with batch normalization (Simonyan and Zisserman, 2015).
        Vgg11 = "vgg11",
        /// VGG with 16 layers, D, with batch normalization.
        Vgg16 = "vgg16",
        /// A residual network of 18 layers (He, Zhang, Ren and Sun, 2016).
        ResNet18 = "resnet18",
        /// One of 34 layers.
        ResNet34 = "resnet34",
        /// One of 50 layers, with bottlenecks.
        ResNet50 = "resnet50",
        /// MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov and Chen, 2018).
        MobileNetV2 = "mobilenetv2",
    }
}

choices! {
    /// What is done to each channel of the data, with figures fitted to the training part alone.
    Preprocessing {
        /// Nothing. Bytes are 0 to 1.
        None = "none",
        /// Mean 0, standard deviation 1.
        Standardize = "standardize",
        /// Median 0, one from the lower to the upper quartile.
        Robust = "robust",
        /// From 0 to 1.
        MinMax = "minmax",
    }
}

choices! {
    /// How the weights of `mlp` and `cnn` begin; the other networks begin as their authors or torchvision have it.
    Initialization {
        /// As PyTorch's layers do: weights and biases uniform within `1 / sqrt(fan_in)` (`kaiming_uniform_` with `a = sqrt(5)`).
        PyTorch = "pytorch",
        /// Weights uniform, with the variance that ReLU keeps: within `sqrt(6 / fan_in)`, and in the last layer within
        /// `sqrt(3 / fan_in)`; biases 0 (He, Zhang, Ren and Sun, 2015, eq. 10).
        Kaiming = "kaiming",
        /// Weights uniform within `sqrt(6 / (fan_in + fan_out))`, biases 0 (Glorot and Bengio, 2010, eq. 16).
        Xavier = "xavier",
    }
}

choices! {
    /// How images are varied in training, on the device.
    Augmentation {
        /// Not at all.
        None = "none",
        /// Mirrored left to right at random, and shifted by up to an eighth of the side. Zeros stand where nothing is
        /// (He et al., 2016, section 4.2).
        FlipAndCrop = "flip-and-crop",
        /// Mirrored, turned by up to 15 degrees, shifted by up to a tenth and scaled by 0.9 to 1.1. The contrast is 0.8
        /// to 1.2 times as large.
        Random = "random",
        /// Blends of two samples and their labels (Zhang et al., 2018), with weights from Beta(0.2, 0.2).
        Mixup = "mixup",
        /// A rectangle of another image, and as much of its label (Yun et al., 2019), with areas from Beta(1, 1).
        CutMix = "cutmix",
    }
}

choices! {
    /// The numbers that are computed with.
    Precision {
        /// 32 bits. On GPUs since Ampere cuDNN computes convolutions of them in TF32, as in PyTorch, unless `NVIDIA_TF32_OVERRIDE=0` is
        /// set.
        Float32 = "float32",
        /// 64 bits.
        Float64 = "float64",
        /// 16 bits, 8 of them for the exponent, in weights and activations; batch norm's scale, shift and statistics keep 32.
        BFloat16 = "bfloat16",
        /// 32 bits, of data that were rounded to 16.
        Float16Input = "float16-input",
        /// Convolutions, products of matrices and what comes of them in bfloat16; weights, batch norm's statistics and the loss in 32 bits.
        MixedBFloat16 = "mixed-bfloat16",
        /// The same in float16, with a scaled loss (Micikevicius et al., 2018). On a CPU it is dozens of times slower than 32 bits.
        MixedFloat16 = "mixed-float16",
    }
}

choices! {
    /// How the network is carried out.
    InternalOptimization {
        /// As it is written.
        None = "none",
        /// Channels lie beside each other in memory. On the CPU `cnn` and `mobilenetv2` took 0.6 to 0.8 of the time of `none` so, the other
        /// networks 0.9 to 1.1.
        ChannelsLast = "channels-last",
        /// Traced once, and compiled by TorchScript.
        Traced = "traced",
        /// Training on weights that are rounded to 8 bits at every step, with the gradient passed straight through (Jacob et al., 2018,
        /// section 3): simulated, the products are those of 32 bits.
        PreQuantization = "pre-quantization",
        /// After training linear layers compute with 8 bits; the weights of convolutions are rounded to 8 bits, which is simulated.
        PostQuantization = "post-quantization",
    }
}

choices! {
    /// How the size of a step changes over a training, by the share `p` of the steps that are over since it was warm.
    Schedule {
        /// Not at all.
        Constant = "constant",
        /// `0.01^p` times the learning rate.
        Exponential = "exponential",
        /// `(1 - p)^0.9` times it (Chen et al., 2018).
        Polynomial = "polynomial",
        /// `(1 + cos(pi p)) / 2` times it (Loshchilov and Hutter, 2017, without restarts).
        Cosine = "cosine",
        /// From a 25th of it up to it over 30 % of the steps, and down to 1/250,000 of it (Smith and Topin, 2018; PyTorch's
        /// `OneCycleLR` without the cycle of momentum).
        OneCycle = "one-cycle",
        /// Up to it over the first tenth of the steps.
        WarmUp = "warm-up",
    }
}
