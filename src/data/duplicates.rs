//! Samples that are in more than one part.

use twox_hash::XxHash3_64;

use super::{Dataset, Features, Split};

/// How many samples that a network is judged by it has seen in training, bit by bit. Their labels do not count: a
/// duplicate with another label misleads no less.
///
/// ```
/// use wattfront::data::{self, Duplicates, Partition, Split};
///
/// let digits = data::load("digits")?;
/// let split = Split::of(&digits, &Partition::default_for(&digits), 0)?;
/// assert_eq!(Duplicates::count(&digits, &split), Duplicates { validation: 0, test: 0 });
/// # Ok::<(), wattfront::data::DataError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Duplicates {
    /// Samples for validation that equal a sample for training.
    pub validation: usize,
    /// Samples for the final test that equal a sample for training.
    pub test: usize,
}

impl Duplicates {
    /// Counts them by hashes, and compares what has the same hash. One pass over the data, with 16 bytes of memory for
    /// each sample for training. Indices that the dataset does not have count as no sample.
    #[must_use]
    pub fn count(dataset: &Dataset, split: &Split) -> Self {
        let size = dataset.shape().len();
        let hash = |index: usize| match dataset.features() {
            Features::Bytes(bytes) => XxHash3_64::oneshot(&bytes[index * size..(index + 1) * size]),
            Features::Floats(floats) => {
                let row: Vec<u8> =
                    floats[index * size..(index + 1) * size].iter().flat_map(|f| f.to_bits().to_le_bytes()).collect();
                XxHash3_64::oneshot(&row)
            }
        };
        let exists = |index: &&usize| **index < dataset.len();
        let mut known: Vec<(u64, usize)> = split.train.iter().filter(exists).map(|i| (hash(*i), *i)).collect();
        known.sort_unstable();
        let is_known = |index: usize| {
            let hash = hash(index);
            let from = known.partition_point(|(h, _)| *h < hash);
            known[from..].iter().take_while(|(h, _)| *h == hash).any(|(_, other)| equal(dataset, index, *other))
        };
        let count = |part: &[usize]| part.iter().filter(exists).filter(|i| is_known(**i)).count();
        Self { validation: count(&split.validation), test: count(&split.test) }
    }
}

fn equal(dataset: &Dataset, one: usize, other: usize) -> bool {
    let size = dataset.shape().len();
    let (one, other) = (one * size..(one + 1) * size, other * size..(other + 1) * size);
    match dataset.features() {
        Features::Bytes(bytes) => bytes[one] == bytes[other],
        Features::Floats(floats) => floats[one].iter().zip(&floats[other]).all(|(a, b)| a.to_bits() == b.to_bits()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Shape;

    #[test]
    fn samples_that_were_trained_on_are_counted() {
        let split = Split { train: vec![0, 1], validation: vec![2], test: vec![3, 4, 9] };
        let expected = Duplicates { validation: 1, test: 1 };
        let bytes = vec![1, 2, 3, 4, 3, 4, 1, 2, 2, 1];
        let floats = bytes.iter().map(|b| f32::from(*b)).collect();
        let (labels, shape) = (vec![0, 1, 0, 0, 1], Shape::of_columns(2));
        let dataset = Dataset::from_bytes("bytes", shape, bytes, labels.clone(), 2).unwrap();
        assert_eq!(Duplicates::count(&dataset, &split), expected);
        let dataset = Dataset::new("floats", shape, floats, labels, 2).unwrap();
        assert_eq!(Duplicates::count(&dataset, &split), expected);
    }
}
