//! Parts for training, validation and the final test.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::DataError;

/// The shares of each class that are kept from training. The rest is trained on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// For validation; default 0.2.
    pub validation: f64,
    /// For the final test; default 0.2.
    pub test: f64,
}

impl Default for Shares {
    fn default() -> Self {
        Self { validation: 0.2, test: 0.2 }
    }
}

/// The samples of the three parts, by index into the dataset, each part in ascending order. No two parts share a
/// sample, and together they hold all.
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
    /// Splits every class by the same shares, rounded to whole samples. The same labels, shares and seed give the same
    /// split on every machine.
    ///
    /// # Errors
    /// [`DataError::Split`] if a part would be empty.
    pub fn stratified(labels: &[u32], shares: Shares, seed: u64) -> Result<Self, DataError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut split = Self { train: Vec::new(), validation: Vec::new(), test: Vec::new() };
        let count = |share: f64, of: usize| (share.clamp(0.0, 1.0) * of as f64).round() as usize;
        let classes: std::collections::BTreeSet<u32> = labels.iter().copied().collect();
        for class in classes {
            let mut members: Vec<usize> = (0..labels.len()).filter(|i| labels[*i] == class).collect();
            members.shuffle(&mut rng);
            let validation = count(shares.validation, members.len());
            let test = count(shares.test, members.len()).min(members.len() - validation);
            split.validation.extend_from_slice(&members[..validation]);
            split.test.extend_from_slice(&members[validation..validation + test]);
            split.train.extend_from_slice(&members[validation + test..]);
        }
        let Self { train, validation, test } = &mut split;
        for (part, indices) in [("train", train), ("validation", validation), ("test", test)] {
            if indices.is_empty() {
                let Shares { validation, test } = shares;
                return Err(DataError::Split { samples: labels.len(), validation, test, part });
            }
            indices.sort_unstable();
        }
        Ok(split)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digits() -> Vec<u32> {
        crate::data::load("digits").unwrap().labels().to_vec()
    }

    #[test]
    fn the_digits_split_is_pinned() {
        let split = Split::stratified(&digits(), Shares::default(), 0).unwrap();
        assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (1079, 359, 359));
        // A newer generator or shuffle would change what trials of older studies are compared by.
        assert_eq!(
            (&split.validation[..6], &split.test[..6]),
            (&[6, 11, 14, 17, 21, 25][..], &[1, 4, 20, 39, 52, 53][..])
        );
    }

    #[test]
    fn a_seed_decides_the_split() {
        let labels = digits();
        let split = |seed| Split::stratified(&labels, Shares::default(), seed).unwrap();
        assert_eq!(split(1), split(1));
        assert_ne!(split(1), split(2));
    }

    #[test]
    fn an_empty_part_is_refused() {
        let error = Split::stratified(&digits(), Shares { validation: 0.5, test: 0.5 }, 0).unwrap_err();
        assert!(error.to_string().contains("leaves the train part empty"), "{error}");
        for shares in [(0.0, 0.2), (0.2, -1.0), (f64::NAN, 0.2), (2.0, 0.2)] {
            assert!(Split::stratified(&digits(), Shares { validation: shares.0, test: shares.1 }, 0).is_err());
        }
        assert!(Split::stratified(&[], Shares::default(), 0).is_err());
    }

    proptest! {
        #[test]
        fn parts_are_disjoint_complete_and_stratified(
            labels in prop::collection::vec(0_u32..4, 60..200),
            seed: u64,
            validation in 0.1..0.4_f64,
            test in 0.1..0.4_f64,
        ) {
            let shares = Shares { validation, test };
            let split = Split::stratified(&labels, shares, seed).unwrap();
            let mut all = [split.train.clone(), split.validation.clone(), split.test.clone()].concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
            for class in 0..4 {
                let of = |part: &[usize]| part.iter().filter(|i| labels[**i] == class).count() as f64;
                let members = labels.iter().filter(|l| **l == class).count() as f64;
                prop_assert!((of(&split.validation) - validation * members).abs() <= 0.5);
                prop_assert!((of(&split.test) - test * members).abs() <= 0.5);
            }
        }
    }
}
