//! Points by coordinate.

/// `n` points of dimension `d`, one contiguous column per coordinate, so that loops over points run in vector registers.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    n: usize,
    values: Vec<f64>,
}

impl Columns {
    /// What `map` makes of each coordinate (its index first) of `n` points of length `d`.
    pub(super) fn of(points: &[Vec<f64>], d: usize, map: impl Fn(usize, f64) -> f64) -> Self {
        let mut values = Vec::with_capacity(points.len() * d);
        for k in 0..d {
            values.extend(points.iter().map(|x| map(k, x[k])));
        }
        Self { n: points.len(), values }
    }

    /// The `j`-th point.
    pub(super) fn point(&self, j: usize) -> Vec<f64> {
        self.values.iter().skip(j).step_by(self.n.max(1)).copied().collect()
    }

    /// The `k`-th coordinates of the points from `first` on.
    pub(super) fn from(&self, k: usize, first: usize) -> &[f64] {
        &self.values[k * self.n + first..(k + 1) * self.n]
    }
}
