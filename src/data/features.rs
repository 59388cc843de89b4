//! The numbers that a dataset is made of.

/// What a network sees: sample after sample, each as many numbers as its shape has.
#[derive(Debug, Clone, PartialEq)]
pub enum Features {
    /// One byte per number; a byte `b` means `b / 255`. Images are kept so: a quarter of the memory of floats.
    Bytes(Vec<u8>),
    /// Finite numbers of any range.
    Floats(Vec<f32>),
}

impl Features {
    /// How many numbers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => floats.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The memory that they take, in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Floats(floats) => size_of_val(floats.as_slice()),
        }
    }

    /// All as floats, bytes divided by 255.
    #[must_use]
    pub fn to_vec(&self) -> Vec<f32> {
        match self {
            Self::Bytes(bytes) => bytes.iter().map(|b| float_of(*b)).collect(),
            Self::Floats(floats) => floats.clone(),
        }
    }

    /// The samples of these indices, of `size` numbers each, in this order.
    ///
    /// # Panics
    /// If there is no such sample.
    #[must_use]
    pub(super) fn gather(&self, size: usize, indices: &[usize]) -> Self {
        match self {
            Self::Bytes(bytes) => Self::Bytes(rows(bytes, size, indices).copied().collect()),
            Self::Floats(floats) => Self::Floats(rows(floats, size, indices).copied().collect()),
        }
    }

    /// The same as floats, without a copy in between.
    pub(super) fn gather_floats(&self, size: usize, indices: &[usize]) -> Vec<f32> {
        match self {
            Self::Bytes(bytes) => rows(bytes, size, indices).map(|b| float_of(*b)).collect(),
            Self::Floats(floats) => rows(floats, size, indices).copied().collect(),
        }
    }
}

fn rows<'a, T>(all: &'a [T], size: usize, indices: &'a [usize]) -> impl Iterator<Item = &'a T> {
    indices.iter().flat_map(move |i| &all[i * size..(i + 1) * size])
}

fn float_of(byte: u8) -> f32 {
    f32::from(byte) / 255.0
}

/// What is to be predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Task {
    /// One of several classes.
    Classification,
    /// A real number.
    Regression,
}

/// What is to be predicted, sample by sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// One of several classes.
    Classes {
        /// The class of every sample, below `classes`.
        labels: Vec<u32>,
        /// How many classes there are, at least two.
        classes: usize,
    },
    /// A finite real number per sample, for regression.
    Values(Vec<f32>),
}

impl Targets {
    /// How many samples they are for.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Values(values) => values.len(),
        }
    }

    /// Whether they are for none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn gather(&self, indices: &[usize]) -> Self {
        match self {
            Self::Classes { labels, classes } => {
                Self::Classes { labels: indices.iter().map(|i| labels[*i]).collect(), classes: *classes }
            }
            Self::Values(values) => Self::Values(indices.iter().map(|i| values[*i]).collect()),
        }
    }
}

/// A column of a table that a network sees, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureColumn {
    /// As the header has it.
    pub name: String,
    /// The texts that it may hold, in the order of the numbers that it becomes: 1 for the one that it holds, 0 for all others.
    /// Empty for a column of numbers, which is one number as it is.
    pub categories: Vec<String>,
}

impl FeatureColumn {
    /// How many numbers it becomes.
    #[must_use]
    pub fn width(&self) -> usize {
        self.categories.len().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_255ths_of_one() {
        let bytes = Features::Bytes(vec![0, 51, 255]);
        assert_eq!(bytes.to_vec(), [0.0, 0.2, 1.0]);
        assert_eq!((bytes.len(), bytes.size()), (3, 3));
        assert_eq!(Features::Floats(bytes.to_vec()).size(), 12);
    }

    #[test]
    fn samples_are_gathered_in_the_order_asked_for() {
        let floats = Features::Floats(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(floats.gather(2, &[2, 0]), Features::Floats(vec![4.0, 5.0, 0.0, 1.0]));
        let bytes = Features::Bytes(vec![0, 255, 51, 102]);
        assert_eq!(bytes.gather(2, &[1]), Features::Bytes(vec![51, 102]));
        assert_eq!(bytes.gather_floats(2, &[1]), [0.2, 0.4]);
    }
}
