//! Points by coordinate.

/// `n` points of dimension `d`, one contiguous column per coordinate, so that loops over points run in vector registers.
#[derive(Debug, Clone, PartialEq)]
pub struct Columns {
    n: usize,
    values: Vec<f64>,
}

impl Columns {
    /// From `n` points of length `d`.
    #[must_use]
    pub fn new(points: &[Vec<f64>], d: usize) -> Self {
        let values = (0..d).flat_map(|k| points.iter().map(move |x| x[k])).collect();
        Self { n: points.len(), values }
    }

    /// The `k`-th coordinates of the points from `first` on.
    pub(super) fn from(&self, k: usize, first: usize) -> &[f64] {
        &self.values[k * self.n + first..(k + 1) * self.n]
    }
}
