//! Which networks there are.

use std::ops::RangeInclusive;

use super::plan::{Builder, NetworkPlan};
use super::{Initialization, lenet, mobilenet, plain, resnet, vgg};
use crate::data::Shape;

/// The largest side of images that count as small: ResNet, VGG and MobileNetV2 then take the form that is usual for
/// CIFAR, which gives away less of the resolution.
const SMALL: usize = 64;
/// More weights than this are a slip of the pen: 40 GB in 32 bits.
const LARGEST: f64 = 1e10;
/// No side, width or number of outputs may be larger.
const WIDEST: usize = 1 << 16;
/// No plain network may have more layers.
const DEEPEST: usize = 1000;

/// A network's form, but for what the data decide.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Architecture {
    /// `depth` hidden layers of `width` units with ReLU and dropout, and a last layer.
    Mlp {
        /// Units of each hidden layer, from 1.
        width: usize,
        /// Hidden layers; with none it is a linear classifier.
        depth: usize,
        /// The share of activations that a step of the training leaves out, in `[0, 1)`.
        dropout: f64,
        /// How its weights begin.
        initialization: Initialization,
    },
    /// `depth` blocks of a 3 x 3 convolution with `width` channels and ReLU. While the image has four pixels a side, 2
    /// x 2 maximum pooling follows; then averages over at most 4 x 4 fields; dropout, and a last layer.
    Cnn {
        /// Channels of each convolution, from 1.
        width: usize,
        /// Blocks.
        depth: usize,
        /// As that of a mlp.
        dropout: f64,
        /// How its weights begin.
        initialization: Initialization,
    },
    /// LeNet-5 (LeCun et al., 1998), as it is built today: ReLU and maximum pooling, every map of the second
    /// convolution sees all of the first, and the last layer is linear.
    LeNet5,
    /// VGG with batch norm (Simonyan and Zisserman, 2015, configurations A and D; Ioffe and Szegedy, 2015). Images with
    /// no side above 64 get one linear layer after the convolutions instead of three.
    Vgg {
        /// 11 or 16.
        layers: usize,
        /// Before linear layers but the first of three; the paper's is 0.5.
        dropout: f64,
    },
    /// A residual network (He et al., 2016), which strides in its 3 x 3 convolutions. Images with no side above 64 get
    /// a 3 x 3 convolution first, instead of 7 x 7 and pooling that both stride.
    ResNet {
        /// 18, 34 or 50.
        layers: usize,
    },
    /// MobileNetV2 (Sandler et al., 2018). For images with no side above 64 its first two strides are 1: that of the
    /// first convolution, and that of the blocks with 24 channels.
    MobileNetV2 {
        /// Before the last layer; torchvision's is 0.2.
        dropout: f64,
    },
}

impl Architecture {
    /// Whether there is such a network for images of this shape.
    ///
    /// # Errors
    ///
    /// What is wrong, and what may be instead.
    pub fn check(&self, shape: Shape) -> Result<(), String> {
        self.plan(shape, 1).map(drop)
    }

    pub(super) fn plan(&self, shape: Shape, outputs: usize) -> Result<NetworkPlan, String> {
        self.check_settings()?;
        for (what, size) in [("channels", shape.channels), ("rows", shape.height), ("columns", shape.width)] {
            within(&format!("{what} of an image"), size, 1..=WIDEST)?;
        }
        within("outputs of a network", outputs, 1..=WIDEST)?;
        let small = shape.height <= SMALL && shape.width <= SMALL;
        let (mut builder, outputs) = (Builder::new(shape), outputs as i64);
        let net = &mut builder;
        match *self {
            Self::Mlp { width, depth, dropout, initialization } => {
                plain::mlp(net, width as i64, depth, dropout, initialization, outputs);
            }
            Self::Cnn { width, depth, dropout, initialization } => {
                plain::cnn(net, width as i64, depth, dropout, initialization, outputs);
            }
            Self::LeNet5 => lenet::lenet5(net, outputs),
            Self::Vgg { layers, dropout } => vgg::vgg(net, layers, dropout, small, outputs)?,
            Self::ResNet { layers } => resnet::resnet(net, layers, small, outputs)?,
            Self::MobileNetV2 { dropout } => mobilenet::mobilenet_v2(net, dropout, small, outputs),
        }
        let plan = builder.finish();
        let count = plan.parameter_count();
        if count > LARGEST {
            return Err(format!("a network of {count:.1e} weights is too large: at most {LARGEST:.0e} are possible"));
        }
        Ok(plan)
    }

    fn check_settings(&self) -> Result<(), String> {
        if let Self::Mlp { width, depth, .. } | Self::Cnn { width, depth, .. } = *self {
            within("units or channels of a layer", width, 1..=WIDEST)?;
            within("hidden layers", depth, 0..=DEEPEST)?;
        }
        match *self {
            Self::Mlp { dropout, .. }
            | Self::Cnn { dropout, .. }
            | Self::Vgg { dropout, .. }
            | Self::MobileNetV2 { dropout }
                if !(0.0..1.0).contains(&dropout) =>
            {
                Err(format!("a dropout of {dropout}: it is a share, from 0 to below 1"))
            }
            _ => Ok(()),
        }
    }
}

fn within(what: &str, number: usize, range: RangeInclusive<usize>) -> Result<(), String> {
    if range.contains(&number) {
        return Ok(());
    }
    Err(format!("{number} {what}: there may be from {} to {}", range.start(), range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(side: usize) -> Shape {
        Shape { channels: 3, height: side, width: side }
    }

    #[test]
    fn what_cannot_be_built_is_said() {
        for (architecture, words) in [
            (Architecture::ResNet { layers: 20 }, "a ResNet of 20 layers: there are those of 18, 34 and 50"),
            (Architecture::Vgg { layers: 19, dropout: 0.0 }, "a VGG of 19 layers: there are those of 11 and 16"),
            (
                Architecture::Mlp { width: 0, depth: 1, dropout: 0.0, initialization: Initialization::PyTorch },
                "0 units or channels of a layer",
            ),
            (
                Architecture::Cnn {
                    width: usize::MAX,
                    depth: 1,
                    dropout: 0.0,
                    initialization: Initialization::PyTorch,
                },
                "units or channels of a layer",
            ),
            (
                Architecture::Cnn {
                    width: 1,
                    depth: usize::MAX,
                    dropout: 0.0,
                    initialization: Initialization::PyTorch,
                },
                "hidden layers",
            ),
            (
                Architecture::Mlp { width: 65536, depth: 900, dropout: 0.0, initialization: Initialization::PyTorch },
                "too large",
            ),
            (Architecture::MobileNetV2 { dropout: 1.0 }, "a dropout of 1"),
            (Architecture::Vgg { layers: 11, dropout: f64::NAN }, "a dropout of NaN"),
        ] {
            let error = architecture.check(shape(32)).unwrap_err();
            assert!(error.contains(words), "{architecture:?}: {error}");
        }
        let error = Architecture::LeNet5.check(shape(0)).unwrap_err();
        assert!(error.contains("0 rows of an image"), "{error}");
        let error = Architecture::LeNet5.plan(shape(8), 0).unwrap_err();
        assert!(error.contains("0 outputs"), "{error}");
    }

    #[test]
    fn the_largest_sizes_do_not_overflow() {
        let largest = Shape { channels: WIDEST, height: WIDEST, width: WIDEST };
        for architecture in [
            Architecture::Mlp { width: WIDEST, depth: 2, dropout: 0.0, initialization: Initialization::PyTorch },
            Architecture::Cnn { width: WIDEST, depth: DEEPEST, dropout: 0.0, initialization: Initialization::PyTorch },
            Architecture::LeNet5,
            Architecture::Vgg { layers: 16, dropout: 0.0 },
            Architecture::ResNet { layers: 50 },
            Architecture::MobileNetV2 { dropout: 0.0 },
        ] {
            match architecture.plan(largest, WIDEST) {
                Ok(plan) => assert!(plan.multiply_adds > 1 << 40, "{architecture:?}"),
                Err(error) => assert!(error.contains("too large"), "{error}"),
            }
        }
    }

    #[test]
    fn sizes_are_the_published_ones() {
        let (grey, colour, photo) =
            (Shape { channels: 1, height: 28, width: 28 }, shape(32), Shape { channels: 3, height: 224, width: 224 });
        let (vgg, resnet) =
            (|layers| Architecture::Vgg { layers, dropout: 0.5 }, |layers| Architecture::ResNet { layers });
        let mobilenet = Architecture::MobileNetV2 { dropout: 0.2 };
        for (architecture, shape, outputs, expected) in [
            (Architecture::LeNet5, grey, 10, 61_706),
            (Architecture::LeNet5, Shape { channels: 1, ..colour }, 10, 61_706),
            (vgg(11), photo, 1000, 132_868_840),
            (vgg(16), photo, 1000, 138_365_992),
            (vgg(11), colour, 10, 9_231_114),
            (vgg(16), colour, 10, 14_728_266),
            (resnet(18), photo, 1000, 11_689_512),
            (resnet(34), photo, 1000, 21_797_672),
            (resnet(50), photo, 1000, 25_557_032),
            (resnet(18), colour, 10, 11_173_962),
            (resnet(34), colour, 10, 21_282_122),
            (resnet(50), colour, 10, 23_520_842),
            (resnet(50), colour, 100, 23_705_252),
            (mobilenet, photo, 1000, 3_504_872),
            (mobilenet, colour, 10, 2_236_682),
        ] {
            let plan = architecture.plan(shape, outputs).unwrap();
            assert_eq!(plan.parameter_count(), f64::from(expected), "{architecture:?} {shape:?}");
        }
    }
}
