//! LeNet-5 (LeCun, Bottou, Bengio and Haffner, 1998: Gradient-based learning applied to document recognition), with the
//! ReLU and the maximum pooling of PyTorch's tutorial, and its names.

use super::init::Rule;
use super::plan::{Builder, Convolution};

/// The side of the maps that its linear layers expect.
const FIELDS: i64 = 5;

/// Images of 32 x 32 pixels pass as in the paper. Smaller ones are padded by 2, so that 28 x 28 come to the same maps;
/// the second convolution is padded too where its maps would be smaller than those. Other sizes are averaged to theirs.
pub(super) fn lenet5(net: &mut Builder, outputs: i64) {
    for (name, maps, enough) in [("conv1", 6, 32), ("conv2", 16, 14)] {
        let padding = net.size().map(|side| if side < enough { 2 } else { 0 });
        let convolution = Convolution { padding, bias: true, ..Convolution::same(maps, 5) };
        net.convolution(name, convolution, Rule::PyTorch);
        net.relu();
        net.halve();
    }
    net.average([FIELDS, FIELDS]);
    net.flatten();
    for (name, units) in [("fc1", 120), ("fc2", 84)] {
        net.linear(name, units, Rule::PyTorch);
        net.relu();
    }
    net.linear("fc3", outputs, Rule::PyTorch);
}
