//! Residual networks (He, Zhang, Ren and Sun, 2016: Deep residual learning for image recognition), in torchvision's
//! layout.

use super::init::Rule::{self, HeNormal};
use super::plan::{Builder, Convolution};

pub(super) fn resnet(net: &mut Builder, layers: usize, small: bool, outputs: i64) -> Result<(), String> {
    let (blocks, bottleneck) = match layers {
        18 => ([2, 2, 2, 2], false),
        34 => ([3, 4, 6, 3], false),
        50 => ([3, 4, 6, 3], true),
        _ => return Err(format!("a ResNet of {layers} layers: there are those of 18, 34 and 50")),
    };
    if small {
        net.convolution("conv1", Convolution::same(64, 3), HeNormal);
    } else {
        net.convolution("conv1", Convolution { stride: 2, ..Convolution::same(64, 7) }, HeNormal);
    }
    net.norm("bn1");
    net.relu();
    if !small {
        net.overlapping_maximum();
    }
    for (stage, (count, width)) in blocks.into_iter().zip([64, 128, 256, 512]).enumerate() {
        for i in 0..count {
            let stride = if stage > 0 && i == 0 { 2 } else { 1 };
            block(net, &format!("layer{}.{i}", stage + 1), width, stride, bottleneck);
        }
    }
    net.average([1, 1]);
    net.flatten();
    net.linear("fc", outputs, Rule::PyTorch);
    Ok(())
}

/// Two 3 x 3 convolutions, or one between two 1 x 1, beside a shortcut. The first 3 x 3 convolution strides.
fn block(net: &mut Builder, name: &str, width: i64, stride: i64, bottleneck: bool) {
    let strides = |convolution| Convolution { stride, ..convolution };
    let convolutions = if bottleneck {
        &[Convolution::same(width, 1), strides(Convolution::same(width, 3)), Convolution::same(4 * width, 1)][..]
    } else {
        &[strides(Convolution::same(width, 3)), Convolution::same(width, 3)]
    };
    let outputs = if bottleneck { 4 * width } else { width };
    let changes = stride != 1 || net.channels() != outputs;
    net.residual(
        |net| {
            for (i, convolution) in (1..).zip(convolutions) {
                net.convolution(&format!("{name}.conv{i}"), *convolution, HeNormal);
                net.norm(&format!("{name}.bn{i}"));
                if i < convolutions.len() {
                    net.relu();
                }
            }
        },
        |net| {
            if changes {
                net.convolution(&format!("{name}.downsample.0"), strides(Convolution::same(outputs, 1)), HeNormal);
                net.norm(&format!("{name}.downsample.1"));
            }
        },
    );
    net.relu();
}
