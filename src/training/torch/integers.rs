//! Networks with weights of 8 bits, made after training.

use std::collections::BTreeMap;

use tch::{Kind, TchError, Tensor};

use super::carrier::{LEVELS, rounded};
use super::network::{KernelKind, Linear, Network};

/// The linear layers of a network in 8 bits: products of integers, summed up in 32 bits.
///
/// Weights are rounded once for each output, activations for each sample as they come (dynamic quantization):
/// `y = s_x s_w (x_q w_q) + b`, with `s = max |v| / 127` and `v_q = round(v / s)` (Jacob et al., 2018, eq. 3, without zero
/// points).
#[derive(Debug)]
pub(super) struct Integers {
    /// By the place of the kernel among the weights.
    layers: BTreeMap<usize, Layer>,
}

#[derive(Debug)]
struct Layer {
    /// Integers `inputs x outputs`, both rounded up to what GPUs multiply.
    weights: Tensor,
    /// The scale of each output, `1 x outputs`.
    scales: Tensor,
}

/// Products of integers on a GPU take matrices of these multiples, and no fewer rows than this.
const MULTIPLE: i64 = 8;
const LEAST_ROWS: i64 = 32;

impl Integers {
    /// Rounds the kernels of a network. Those of convolutions come back as numbers of 32 bits, of 8 bits' worth: libtorch has
    /// no convolutions of integers that could be had here.
    pub(super) fn of(network: &Network, weights: &[Tensor]) -> Result<(Vec<Tensor>, Self), TchError> {
        let mut own: Vec<Tensor> = weights.iter().map(Tensor::shallow_clone).collect();
        let mut layers = BTreeMap::new();
        for (place, kind) in network.kernels() {
            let kernel = &weights[place];
            match kind {
                KernelKind::Convolution => own[place] = rounded(kernel)?,
                KernelKind::Linear => {
                    layers.insert(place, Layer::of(kernel)?);
                }
            }
        }
        Ok((own, Self { layers }))
    }
}

impl Layer {
    fn of(kernel: &Tensor) -> Result<Self, TchError> {
        let (whole, scale) = integers(kernel)?;
        Ok(Self { weights: padded(&whole, MULTIPLE)?.f_tr()?, scales: scale.f_view([1, -1])? })
    }

    fn apply(&self, xs: &Tensor, bias: &Tensor) -> Result<Tensor, TchError> {
        let (whole, scale) = integers(xs)?;
        let products = padded(&whole, LEAST_ROWS)?.f_internal_int_mm(&self.weights)?;
        let products = products.f_narrow(0, 0, xs.size()[0])?.f_narrow(1, 0, self.scales.numel() as i64)?;
        let sums = products.f_to_kind(Kind::Float)?.f_mul(&scale)?.f_mul(&self.scales)?;
        sums.f_to_kind(xs.kind())?.f_add(bias)
    }
}

impl Linear for Integers {
    fn apply(&self, xs: &Tensor, kernel: usize, weight: &Tensor, bias: &Tensor) -> Result<Tensor, TchError> {
        match self.layers.get(&kernel) {
            Some(layer) => layer.apply(xs, bias),
            None => xs.f_linear(weight, Some(bias)),
        }
    }
}

/// The same matrix with zeros below and beside it, up to multiples of `rows` and of [`MULTIPLE`].
fn padded(matrix: &Tensor, rows: i64) -> Result<Tensor, TchError> {
    let up = |size: i64, multiple: i64| (multiple - size % multiple) % multiple;
    let size = matrix.size();
    matrix.f_constant_pad_nd([0, up(size[1], MULTIPLE), 0, up(size[0], rows)])
}

/// Rows `n x m` as integers of 8 bits, and the scale of each row.
fn integers(rows: &Tensor) -> Result<(Tensor, Tensor), TchError> {
    let rows = rows.f_to_kind(Kind::Float)?;
    let scale = rows.f_abs()?.f_amax([1_i64].as_slice(), true)?.f_div_scalar(LEVELS as f64)?;
    let scale = scale.f_clamp_min(f64::from(f32::MIN_POSITIVE))?;
    let whole = rows.f_div(&scale)?.f_round()?.f_clamp(-(LEVELS as f64), LEVELS as f64)?;
    Ok((whole.f_to_kind(Kind::Int8)?, scale))
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;

    #[test]
    fn integers_are_within_half_a_level() {
        let rows = Tensor::randn([20, 50], (Kind::Float, Device::Cpu));
        let (whole, scale) = integers(&rows).unwrap();
        let back = whole.to_kind(Kind::Float) * &scale;
        let worst = ((back - &rows).abs() / &scale).max().double_value(&[]);
        assert!(worst <= 0.5 + 1e-4, "{worst}");
        let (zeros, _) = integers(&rows.zeros_like()).unwrap();
        assert_eq!(zeros.abs().max().int64_value(&[]), 0, "a row of zeros has a scale, too");
    }

    #[test]
    fn a_layer_of_integers_is_what_its_rounded_factors_make() {
        let options = (Kind::Float, Device::Cpu);
        let (xs, weight) = (Tensor::randn([9, 33], options), Tensor::randn([7, 33], options));
        let bias = Tensor::randn([7], options);
        let layers = BTreeMap::from([(0, Layer::of(&weight).unwrap())]);
        let told = Integers { layers }.apply(&xs, 0, &weight, &bias).unwrap();
        let rounded = |rows: &Tensor| {
            let (whole, scale) = integers(rows).unwrap();
            whole.to_kind(Kind::Double) * scale.to_kind(Kind::Double)
        };
        let expected = rounded(&xs).matmul(&rounded(&weight).tr()) + &bias;
        assert!((told - expected).abs().max().double_value(&[]) < 1e-4);
    }
}
