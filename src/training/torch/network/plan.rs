//! A network before it has weights: their names, sizes and beginnings, and the layers that use them.

use super::init::{Init, Rule};
use super::layer::Layer;
use crate::data::Shape;

/// What a weight is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// What a convolution or a linear layer multiplies with.
    Kernel,
    /// What a convolution or a linear layer adds.
    Bias,
    /// Scale or shift of batch norm.
    Norm,
}

/// Which layer a kernel belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelKind {
    /// A linear layer: outputs x inputs.
    Linear,
    /// A convolution: outputs x inputs of one group x height x width.
    Convolution,
}

/// A weight that is to be made.
#[derive(Debug)]
pub(super) struct Weight {
    pub(super) name: String,
    pub(super) role: Role,
    pub(super) dims: Vec<i64>,
    pub(super) init: Init,
}

/// A running statistic that is to be made.
#[derive(Debug)]
pub(super) struct Buffer {
    pub(super) name: String,
    pub(super) channels: i64,
    pub(super) value: f64,
}

#[derive(Debug, Default)]
pub(super) struct NetworkPlan {
    pub(super) weights: Vec<Weight>,
    pub(super) buffers: Vec<Buffer>,
    pub(super) kernels: Vec<(usize, KernelKind)>,
    pub(super) layers: Vec<Layer>,
    /// For one image.
    pub(super) multiply_adds: u64,
}

impl NetworkPlan {
    /// How many numbers the weights will be.
    pub(super) fn parameter_count(&self) -> f64 {
        self.weights.iter().map(|weight| weight.dims.iter().map(|dim| *dim as f64).product::<f64>()).sum()
    }
}

/// A convolution with a square kernel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Convolution {
    pub(super) outputs: i64,
    pub(super) side: i64,
    pub(super) stride: i64,
    pub(super) padding: [i64; 2],
    pub(super) groups: i64,
    pub(super) bias: bool,
}

impl Convolution {
    /// One whose maps keep their size, for a `side` that is odd; without bias, for batch norm has one.
    pub(super) fn same(outputs: i64, side: i64) -> Self {
        Self { outputs, side, stride: 1, padding: [side / 2; 2], groups: 1, bias: false }
    }
}

/// Plans a network layer by layer, and knows what comes out of the last one.
#[derive(Debug)]
pub(super) struct Builder {
    plan: NetworkPlan,
    channels: i64,
    /// Height and width.
    size: [i64; 2],
}

impl Builder {
    pub(super) fn new(shape: Shape) -> Self {
        let size = [shape.height as i64, shape.width as i64];
        Self { plan: NetworkPlan::default(), channels: shape.channels as i64, size }
    }

    pub(super) fn channels(&self) -> i64 {
        self.channels
    }

    /// Height and width of the maps.
    pub(super) fn size(&self) -> [i64; 2] {
        self.size
    }

    pub(super) fn finish(self) -> NetworkPlan {
        self.plan
    }

    pub(super) fn convolution(&mut self, name: &str, of: Convolution, rule: Rule) {
        let dims = [of.outputs, self.channels / of.groups, of.side, of.side];
        let kernel = self.kernel(name, KernelKind::Convolution, &dims, rule);
        let bias = of.bias.then(|| self.bias(name, &dims, rule));
        self.channels = of.outputs;
        for (side, padding) in self.size.iter_mut().zip(of.padding) {
            *side = (*side + 2 * padding - of.side) / of.stride + 1;
        }
        self.count(&dims, self.size[0] * self.size[1]);
        let (stride, padding, groups) = (of.stride, of.padding, of.groups);
        self.push(Layer::Convolution { kernel, bias, stride, padding, groups });
    }

    pub(super) fn linear(&mut self, name: &str, outputs: i64, rule: Rule) {
        let dims = [outputs, self.channels];
        let kernel = self.kernel(name, KernelKind::Linear, &dims, rule);
        let bias = self.bias(name, &dims, rule);
        self.channels = outputs;
        self.count(&dims, 1);
        self.push(Layer::Linear { kernel, bias });
    }

    /// Batch norm.
    pub(super) fn norm(&mut self, name: &str) {
        let (channels, scale, mean) = (self.channels, self.plan.weights.len(), self.plan.buffers.len());
        for (part, value) in [("weight", 1.0), ("bias", 0.0)] {
            self.weight(format!("{name}.{part}"), Role::Norm, &[channels], Init::Constant(value));
        }
        for (part, value) in [("running_mean", 0.0), ("running_var", 1.0)] {
            self.plan.buffers.push(Buffer { name: format!("{name}.{part}"), channels, value });
        }
        self.push(Layer::Norm { scale, mean, pixel: self.size == [1, 1] });
    }

    pub(super) fn relu(&mut self) {
        self.push(Layer::Relu);
    }

    pub(super) fn relu6(&mut self) {
        self.push(Layer::Relu6);
    }

    /// The maximum of each 2 x 2 pixels. A side of one pixel stays.
    pub(super) fn halve(&mut self) {
        let window = self.size.map(|side| side.min(2));
        if window != [1, 1] {
            self.size = [self.size[0] / window[0], self.size[1] / window[1]];
            self.push(Layer::Maximum { window, stride: window, padding: 0 });
        }
    }

    /// The maximum of 3 x 3 pixels around every second one.
    pub(super) fn overlapping_maximum(&mut self) {
        self.size = self.size.map(|side| (side - 1) / 2 + 1);
        self.push(Layer::Maximum { window: [3, 3], stride: [2, 2], padding: 1 });
    }

    /// Averages over `fields`, unless the maps are of that size already.
    pub(super) fn average(&mut self, fields: [i64; 2]) {
        if self.size != fields {
            self.size = fields;
            self.push(Layer::Average { fields });
        }
    }

    /// All pixels of all maps become channels without extent.
    pub(super) fn flatten(&mut self) {
        self.channels *= self.size[0] * self.size[1];
        self.size = [1, 1];
        self.push(Layer::Flatten);
    }

    pub(super) fn dropout(&mut self, share: f64) {
        if share > 0.0 {
            self.push(Layer::Dropout(share));
        }
    }

    /// The sum of what `branch` and `shortcut` make of the same input; both must come to the same size.
    pub(super) fn residual(&mut self, branch: impl FnOnce(&mut Self), shortcut: impl FnOnce(&mut Self)) {
        let (channels, size) = (self.channels, self.size);
        let before = std::mem::take(&mut self.plan.layers);
        branch(self);
        let branch = std::mem::take(&mut self.plan.layers);
        (self.channels, self.size) = (channels, size);
        shortcut(self);
        let shortcut = std::mem::replace(&mut self.plan.layers, before);
        self.push(Layer::Residual { branch, shortcut });
    }

    fn kernel(&mut self, name: &str, kind: KernelKind, dims: &[i64], rule: Rule) -> usize {
        let index = self.weight(format!("{name}.weight"), Role::Kernel, dims, rule.kernel(dims));
        self.plan.kernels.push((index, kind));
        index
    }

    fn bias(&mut self, name: &str, dims: &[i64], rule: Rule) -> usize {
        self.weight(format!("{name}.bias"), Role::Bias, &dims[..1], rule.bias(dims))
    }

    fn weight(&mut self, name: String, role: Role, dims: &[i64], init: Init) -> usize {
        self.plan.weights.push(Weight { name, role, dims: dims.to_vec(), init });
        self.plan.weights.len() - 1
    }

    fn count(&mut self, kernel: &[i64], pixels: i64) {
        let times = kernel.iter().fold(pixels as u64, |times, dim| times.saturating_mul(*dim as u64));
        self.plan.multiply_adds = self.plan.multiply_adds.saturating_add(times);
    }

    fn push(&mut self, layer: Layer) {
        self.plan.layers.push(layer);
    }
}
