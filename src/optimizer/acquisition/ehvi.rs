//! The expected hypervolume improvement: a sum over boxes of products over objectives.

use super::super::pareto::{Boxes, Side};
use super::criterion::{Improvement, Posterior};
use super::normal::{NormalEdge, Scaled, Segment, Slopes, exp};

/// The logarithm of the expected hypervolume improvement, for `M` objectives.
pub(super) fn log_value<const M: usize>(boxes: &Boxes, losses: &[Posterior; M]) -> f64 {
    let axes = axes(boxes, losses);
    let factors = axes.each_ref().map(Axis::factors);
    let (cells, _) = boxes.cells().as_chunks();
    let mut sum = Sum::default();
    for cell in cells {
        sum.add(product(&factors, cell));
    }
    sum.ln() + unit(losses)
}

/// The same with its derivatives.
pub(super) fn value<const M: usize>(boxes: &Boxes, losses: &[Posterior; M]) -> Improvement {
    let axes = axes(boxes, losses);
    let factors = axes.each_ref().map(Axis::factors);
    let (cells, _) = boxes.cells().as_chunks();
    let products: Vec<Scaled> = cells.iter().map(|cell| product(&factors, cell)).collect();
    let mut sum = Sum::default();
    for product in &products {
        sum.add(*product);
    }
    // How much of the whole passes through each side.
    let mut shares = factors.each_ref().map(|of_axis| vec![0.0; of_axis.len()]);
    for (cell, product) in cells.iter().zip(&products) {
        let share = sum.share(*product);
        for (shares, side) in shares.iter_mut().zip(cell) {
            shares[*side as usize] += share;
        }
    }
    let (mut by_mean, mut by_sd) = (Vec::with_capacity(M), Vec::with_capacity(M));
    for (axis, shares) in axes.iter().zip(&shares) {
        let total = axis.slopes(shares);
        by_mean.push(total.by_mean / axis.sd);
        by_sd.push(total.by_log_sd / axis.sd);
    }
    Improvement { log: sum.ln() + unit(losses), by_mean, by_sd }
}

/// The logarithm of the unit in which [`Sum`] adds: the product of the standard deviations.
fn unit(losses: &[Posterior]) -> f64 {
    losses.iter().map(|p| p.sd.ln()).sum()
}

fn product<const M: usize>(factors: &[Vec<Scaled>; M], cell: &[u32; M]) -> Scaled {
    let mut product = Scaled { value: 1.0, scale: 0.0 };
    for (factors, side) in factors.iter().zip(cell) {
        let factor = factors[*side as usize];
        product.value *= factor.value;
        product.scale += factor.scale;
    }
    product
}

fn axes<'a, const M: usize>(boxes: &'a Boxes, losses: &[Posterior; M]) -> [Axis<'a>; M] {
    std::array::from_fn(|j| Axis::new(boxes, j, losses[j]))
}

/// One objective's edges and sides, seen from its posterior.
struct Axis<'a> {
    bounds: &'a [f64],
    sides: &'a [Side],
    sd: f64,
    edges: Vec<NormalEdge>,
}

impl<'a> Axis<'a> {
    fn new(boxes: &'a Boxes, objective: usize, loss: Posterior) -> Self {
        let (bounds, sides) = (boxes.edges(objective), boxes.sides(objective));
        let edges = bounds.iter().map(|bound| NormalEdge::new((bound - loss.mean) / loss.sd)).collect();
        Self { bounds, sides, sd: loss.sd, edges }
    }

    /// The edge up to which a side reaches, and the segment that it is if it is bounded below too.
    fn side(&self, side: Side) -> (&NormalEdge, Option<Segment<'_>>) {
        let (lower, upper) = (&self.edges[side.lower], &self.edges[side.upper]);
        let width = (self.bounds[side.upper] - self.bounds[side.lower]) / self.sd;
        (upper, (side.lower > 0).then_some(Segment { lower, upper, width }))
    }

    /// The integral over each side, in standard deviations.
    fn factors(&self) -> Vec<Scaled> {
        let factor = |side: &Side| {
            let (upper, segment) = self.side(*side);
            segment.map_or_else(|| upper.shortfall(), |s| s.integral()).moderate()
        };
        self.sides.iter().map(factor).collect()
    }

    /// The slopes of the whole, of which `shares` pass through the sides.
    fn slopes(&self, shares: &[f64]) -> Slopes {
        let mut total = Slopes { by_mean: 0.0, by_log_sd: 0.0 };
        for (side, share) in self.sides.iter().zip(shares).filter(|(_, share)| **share > 0.0) {
            let (upper, segment) = self.side(*side);
            let slopes = segment.map_or_else(|| upper.slopes(), |s| s.slopes());
            total.by_mean += share * slopes.by_mean;
            total.by_log_sd += share * slopes.by_log_sd;
        }
        total
    }
}

/// A sum of [`Scaled`] numbers, in units of the exponential of the largest scale so far.
struct Sum {
    value: f64,
    scale: f64,
}

impl Default for Sum {
    fn default() -> Self {
        Self { value: 0.0, scale: f64::NEG_INFINITY }
    }
}

impl Sum {
    fn add(&mut self, term: Scaled) {
        if term.scale == self.scale {
            self.value += term.value;
        } else if term.scale > self.scale {
            self.value = self.value * exp(self.scale - term.scale) + term.value;
            self.scale = term.scale;
        } else {
            self.value += term.value * exp(term.scale - self.scale);
        }
    }

    fn share(&self, term: Scaled) -> f64 {
        term.value * exp(term.scale - self.scale) / self.value
    }

    fn ln(&self) -> f64 {
        self.scale + self.value.ln()
    }
}
