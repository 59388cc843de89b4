//! Parts for training, validation and the final test.

use std::collections::BTreeMap;
use std::ops::Range;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::partition::validation_beside_given;
use super::{DataError, Dataset, Partition, Shares, Targets};

/// The samples of the three parts, by index into the dataset, each part in ascending order. No two parts share a
/// sample, and together they hold all.
///
/// Every class is shuffled once, by the seed alone. Validation is taken from the front of it, the test part from its
/// back, and what is between is trained on. So partitions of one dataset by one seed fit each other: validation parts
/// lie within each other, and so do test parts; and no validation part holds a sample of another partition's test part.
/// That holds as long as the one's validation share and the other's test share are at most 100 % together
/// ([`Partition::together`]). A study that searches its partition therefore never compares configurations by samples
/// that its final test is made on. It may well *train* other configurations on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// What the weights are fitted to.
    pub train: Vec<usize>,
    /// What configurations are compared by.
    pub validation: Vec<usize>,
    /// What is looked at once, when everything is decided.
    pub test: Vec<usize>,
}

impl Split {
    /// Divides a dataset: a classification class by class, a regression as a whole. The same dataset, partition and seed
    /// give the same split on every machine.
    ///
    /// Shares are shares of all samples: if the publisher has kept a test part, it is pooled with the rest.
    ///
    /// # Errors
    /// [`DataError::Partition`] for [`Partition::Given`] where the dataset has no test part, [`DataError::Split`] if a
    /// part would be empty.
    pub fn of(dataset: &Dataset, partition: &Partition, seed: u64) -> Result<Self, DataError> {
        match (partition, dataset.test_from()) {
            (Partition::Shares(shares), _) => {
                Self::divide(&strata(dataset, 0..dataset.len(), seed), partition, |members| shares.of(members))
            }
            (Partition::Given, Some(test_from)) => {
                let mut split = Self { train: Vec::new(), validation: Vec::new(), test: Vec::new() };
                match dataset.validation_from() {
                    Some(validation_from) => {
                        split.train.extend(0..validation_from);
                        split.validation.extend(validation_from..test_from);
                    }
                    None => {
                        split.take(&strata(dataset, 0..test_from, seed), |members| {
                            (validation_beside_given(members), 0)
                        });
                    }
                }
                split.test.extend(test_from..dataset.len());
                split.checked(dataset.len(), partition)
            }
            (Partition::Given, None) => {
                let reason = format!("`{}` has no test part of its own", dataset.name());
                Err(DataError::Partition { text: partition.to_string(), reason })
            }
        }
    }

    /// Whether no sample of a dataset is in two of the parts, as it may be in those that somebody else made. One part may name
    /// a sample more than once.
    ///
    /// # Errors
    /// [`DataError::Invalid`] with the first sample that is.
    pub fn check_apart(&self, dataset: &Dataset) -> Result<(), DataError> {
        let mut owners = vec![None; dataset.len()];
        for (part, indices) in [("train", &self.train), ("validation", &self.validation), ("test", &self.test)] {
            for index in indices {
                // That there is no such sample is told where it is looked for.
                let Some(owner) = owners.get_mut(*index) else { continue };
                let owner = *owner.get_or_insert(part);
                if owner != part {
                    let reason = format!("sample {index} is in the {owner} part of the split and in the {part} part");
                    let help = Some("leave it in one of them, or the network is judged by what it knows".to_owned());
                    return Err(DataError::Invalid { name: dataset.name().to_owned(), reason, help });
                }
            }
        }
        Ok(())
    }

    /// Divides every class by the same shares, rounded to whole samples. The same labels, shares and seed give the same
    /// split on every machine.
    ///
    /// # Errors
    /// [`DataError::Split`] if a part would be empty.
    pub fn stratified(labels: &[u32], shares: Shares, seed: u64) -> Result<Self, DataError> {
        let strata = shuffled(labels.iter().copied().zip(0..), seed);
        Self::divide(&strata, &Partition::Shares(shares), |members| shares.of(members))
    }

    fn divide(
        strata: &[Vec<usize>],
        partition: &Partition,
        count: impl Fn(usize) -> (usize, usize),
    ) -> Result<Self, DataError> {
        let mut split = Self { train: Vec::new(), validation: Vec::new(), test: Vec::new() };
        split.take(strata, count);
        split.checked(strata.iter().map(Vec::len).sum(), partition)
    }

    /// Takes from the front for validation and from the back for the test.
    fn take(&mut self, strata: &[Vec<usize>], count: impl Fn(usize) -> (usize, usize)) {
        for members in strata {
            let (validation, test) = count(members.len());
            let (front, rest) = members.split_at(validation);
            let (middle, back) = rest.split_at(rest.len() - test);
            self.validation.extend_from_slice(front);
            self.train.extend_from_slice(middle);
            self.test.extend_from_slice(back);
        }
    }

    fn checked(mut self, samples: usize, partition: &Partition) -> Result<Self, DataError> {
        let Self { train, validation, test } = &mut self;
        for (part, indices) in [("train", train), ("validation", validation), ("test", test)] {
            if indices.is_empty() {
                return Err(DataError::Split { samples, partition: *partition, part });
            }
            indices.sort_unstable();
        }
        Ok(self)
    }
}

/// These samples of a dataset by class, each class in an order that the seed gives it; a regression is one class.
pub(super) fn strata(dataset: &Dataset, samples: Range<usize>, seed: u64) -> Vec<Vec<usize>> {
    match dataset.targets() {
        Targets::Classes { labels, .. } => shuffled(samples.map(|i| (labels[i], i)), seed),
        Targets::Values(_) => shuffled(samples.map(|i| (0, i)), seed),
    }
}

fn shuffled(samples: impl Iterator<Item = (u32, usize)>, seed: u64) -> Vec<Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut members = BTreeMap::<u32, Vec<usize>>::new();
    for (label, index) in samples {
        members.entry(label).or_default().push(index);
    }
    let mut strata: Vec<Vec<usize>> = members.into_values().collect();
    for members in &mut strata {
        members.shuffle(&mut rng);
    }
    strata
}

#[cfg(test)]
mod tests;
