//! VGG (Simonyan and Zisserman, 2015: Very deep convolutional networks for large-scale image recognition) with batch
//! norm, in torchvision's layout.

use super::init::Rule;
use super::plan::{Builder, Convolution};

/// The side of the maps that the linear layers for large images expect.
const FIELDS: i64 = 7;
const LAST: Rule = Rule::Normal { sd: 0.01 };

/// Each stage ends with 2 x 2 pooling, as long as there are pixels to pool.
pub(super) fn vgg(net: &mut Builder, layers: usize, dropout: f64, small: bool, outputs: i64) -> Result<(), String> {
    let stages = match layers {
        11 => [1, 1, 2, 2, 2],
        16 => [2, 2, 3, 3, 3],
        _ => return Err(format!("a VGG of {layers} layers: there are those of 11 and 16")),
    };
    let mut place = 0;
    for (count, channels) in stages.into_iter().zip([64, 128, 256, 512, 512]) {
        for _ in 0..count {
            let convolution = Convolution { bias: true, ..Convolution::same(channels, 3) };
            net.convolution(&format!("features.{place}"), convolution, Rule::HeNormal);
            net.norm(&format!("features.{}", place + 1));
            net.relu();
            place += 3;
        }
        net.halve();
        place += 1;
    }
    if small {
        net.average([1, 1]);
        net.flatten();
        net.dropout(dropout);
        net.linear("classifier", outputs, LAST);
        return Ok(());
    }
    net.average([FIELDS, FIELDS]);
    net.flatten();
    for name in ["classifier.0", "classifier.3"] {
        net.linear(name, 4096, LAST);
        net.relu();
        net.dropout(dropout);
    }
    net.linear("classifier.6", outputs, LAST);
    Ok(())
}
