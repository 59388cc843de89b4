//! The networks: tensors with gradients, and the way of a batch through them.

use tch::{Device, Kind, TchError, Tensor};

use super::{Model, Recipe};
use crate::data::Shape;

/// The largest side of the fields over which a cnn averages before its last layer.
const FIELDS: i64 = 4;

/// A network with its weights, from images `n x channels x height x width` to logits `n x classes`.
#[derive(Debug)]
pub(super) struct Network {
    model: Model,
    dropout: f64,
    /// Weight and bias of each layer, the last one linear.
    layers: Vec<(Tensor, Tensor)>,
}

impl Network {
    /// Weights drawn from libtorch's generator: uniform within `sqrt(6 / fan_in)` before a ReLU (He et al., 2015, eq. 10)
    /// and within `sqrt(3 / fan_in)` in the last layer; biases are 0.
    pub(super) fn new(recipe: &Recipe, shape: Shape, classes: usize, device: Device) -> Result<Self, TchError> {
        let (width, depth) = (recipe.width() as i64, recipe.depth());
        let mut layers = Vec::with_capacity(depth + 1);
        let mut layer = |dims: &[i64], gain: f64| -> Result<(), TchError> {
            let fan_in: i64 = dims[1..].iter().product();
            let bound = (gain / fan_in as f64).sqrt();
            let weight = Tensor::f_empty(dims, (Kind::Float, device))?.f_uniform_(-bound, bound)?;
            let bias = Tensor::f_zeros([dims[0]], (Kind::Float, device))?;
            layers.push((weight.f_set_requires_grad(true)?, bias.f_set_requires_grad(true)?));
            Ok(())
        };
        let mut inputs = match recipe.model() {
            Model::Mlp => shape.len() as i64,
            Model::Cnn => shape.channels as i64,
        };
        for _ in 0..depth {
            match recipe.model() {
                Model::Mlp => layer(&[width, inputs], 6.0)?,
                Model::Cnn => layer(&[width, inputs, 3, 3], 6.0)?,
            }
            inputs = width;
        }
        if recipe.model() == Model::Cnn {
            let (height, width) = fields(shape, depth);
            inputs *= height * width;
        }
        layer(&[classes as i64, inputs], 3.0)?;
        Ok(Self { model: recipe.model(), dropout: recipe.dropout(), layers })
    }

    /// The logits of a batch. Activations are dropped only with `train`.
    pub(super) fn forward(&self, images: &Tensor, train: bool) -> Result<Tensor, TchError> {
        let drop = |xs: Tensor| if train && self.dropout > 0.0 { xs.f_dropout(self.dropout, true) } else { Ok(xs) };
        let (last, hidden) = self.layers.split_last().ok_or_else(|| TchError::Shape("no layers".to_owned()))?;
        let mut xs = match self.model {
            Model::Mlp => images.f_flatten(1, -1)?,
            Model::Cnn => images.shallow_clone(),
        };
        for (weight, bias) in hidden {
            xs = match self.model {
                Model::Mlp => drop(xs.f_linear(weight, Some(bias))?.f_relu_()?)?,
                Model::Cnn => {
                    let xs = xs.f_conv2d(weight, Some(bias), 1, 1, 1, 1)?.f_relu_()?;
                    match xs.size()[..] {
                        [_, _, height, width] if pools(height, width) => xs.f_max_pool2d(2, 2, 0, 1, false)?,
                        _ => xs,
                    }
                }
            };
        }
        if self.model == Model::Cnn {
            if let [_, _, height, width] = xs.size()[..]
                && (height > FIELDS || width > FIELDS)
            {
                xs = xs.f_adaptive_avg_pool2d([height.min(FIELDS), width.min(FIELDS)])?;
            }
            xs = drop(xs.f_flatten(1, -1)?)?;
        }
        let (weight, bias) = last;
        xs.f_linear(weight, Some(bias))
    }

    /// All weights and biases.
    pub(super) fn parameters(&self) -> impl Iterator<Item = &Tensor> {
        self.layers.iter().flat_map(|(weight, bias)| [weight, bias])
    }

    /// How many numbers the weights and biases are.
    pub(super) fn parameter_count(&self) -> usize {
        self.parameters().map(Tensor::numel).sum()
    }
}

fn pools(height: i64, width: i64) -> bool {
    height >= 4 && width >= 4
}

/// Height and width of what reaches the last layer of a cnn.
fn fields(shape: Shape, depth: usize) -> (i64, i64) {
    let (mut height, mut width) = (shape.height as i64, shape.width as i64);
    for _ in 0..depth {
        if pools(height, width) {
            (height, width) = (height / 2, width / 2);
        }
    }
    (height.min(FIELDS), width.min(FIELDS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optimizer::space::Value;

    fn network(model: &str, width: i64, depth: i64, shape: Shape) -> Network {
        let settings =
            [("dataset", "digits".into()), ("model", model.into()), ("width", width.into()), ("depth", depth.into())];
        let recipe = Recipe::from_settings(settings.iter().map(|(k, v): &(&str, Value)| (*k, v))).unwrap();
        Network::new(&recipe, shape, 10, Device::Cpu).unwrap()
    }

    #[test]
    fn parameters_are_counted_as_by_hand() {
        let digits = Shape { channels: 1, height: 8, width: 8 };
        assert_eq!(network("mlp", 64, 2, digits).parameter_count(), 64 * 65 + 64 * 65 + 10 * 65);
        // One block leaves 4 x 4 fields, two blocks 2 x 2.
        assert_eq!(network("cnn", 8, 1, digits).parameter_count(), 8 * 10 + 10 * (8 * 16 + 1));
        assert_eq!(network("cnn", 8, 2, digits).parameter_count(), 8 * 10 + 8 * 73 + 10 * (8 * 4 + 1));
    }

    #[test]
    fn images_of_any_size_pass() {
        for (channels, height, width) in [(1, 8, 8), (3, 32, 32), (1, 28, 28), (1, 1, 1), (2, 3, 17)] {
            let shape = Shape { channels, height, width };
            let images = Tensor::randn([5, channels as i64, height as i64, width as i64], (Kind::Float, Device::Cpu));
            for (model, depth) in [("mlp", 1), ("mlp", 3), ("cnn", 1), ("cnn", 2), ("cnn", 6)] {
                let logits = network(model, 4, depth, shape).forward(&images, true).unwrap();
                assert_eq!(logits.size(), [5, 10], "{model} {depth} {shape:?}");
            }
        }
    }
}
