//! MobileNetV2 (Sandler, Howard, Zhu, Zhmoginov and Chen, 2018: Inverted residuals and linear bottlenecks), in
//! torchvision's layout.

use super::init::Rule;
use super::plan::{Builder, Convolution};

/// Expansion, channels, number of blocks and first stride of each stage: the paper's table 2.
const STAGES: [(i64, i64, usize, i64); 7] =
    [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)];

pub(super) fn mobilenet_v2(net: &mut Builder, dropout: f64, small: bool, outputs: i64) {
    let first = if small { 1 } else { 2 };
    convolution(net, "features.0", Convolution { stride: first, ..Convolution::same(32, 3) });
    let mut place = 1;
    for (expansion, channels, count, stride) in STAGES {
        for i in 0..count {
            let stride = if i > 0 || (small && channels == 24) { 1 } else { stride };
            bottleneck(net, &format!("features.{place}"), expansion, channels, stride);
            place += 1;
        }
    }
    convolution(net, &format!("features.{place}"), Convolution::same(1280, 1));
    net.average([1, 1]);
    net.flatten();
    net.dropout(dropout);
    net.linear("classifier.1", outputs, Rule::Normal { sd: 0.01 });
}

/// Widens by 1 x 1, filters each channel by itself, narrows by 1 x 1 without activation; what came in is added where it
/// has the same size.
fn bottleneck(net: &mut Builder, name: &str, expansion: i64, outputs: i64, stride: i64) {
    let inputs = net.channels();
    let wide = expansion * inputs;
    let branch = |net: &mut Builder| {
        let mut place = 0;
        if expansion > 1 {
            convolution(net, &format!("{name}.conv.0"), Convolution::same(wide, 1));
            place = 1;
        }
        let each = Convolution { stride, groups: wide, ..Convolution::same(wide, 3) };
        convolution(net, &format!("{name}.conv.{place}"), each);
        net.convolution(&format!("{name}.conv.{}", place + 1), Convolution::same(outputs, 1), Rule::HeNormal);
        net.norm(&format!("{name}.conv.{}", place + 2));
    };
    if stride == 1 && inputs == outputs {
        net.residual(branch, |_| {});
    } else {
        branch(net);
    }
}

/// A convolution with batch norm and ReLU6.
fn convolution(net: &mut Builder, name: &str, of: Convolution) {
    net.convolution(&format!("{name}.0"), of, Rule::HeNormal);
    net.norm(&format!("{name}.1"));
    net.relu6();
}
