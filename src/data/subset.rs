//! Fewer samples, for studies on small machines.

use super::split::strata;
use super::{DataError, Dataset};

impl Dataset {
    /// So many samples, each class in its proportion, and of the publisher's test part the same proportion (at least
    /// one sample). `samples` counts those that are *not* of that test part: 5,000 of CIFAR-10 are 5,000 to train and
    /// validate on, and 1,000 to test on. Samples keep their order.
    ///
    /// The same seed gives the same subset on every machine, and smaller subsets lie within larger ones.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if no sample is asked for, or more than there are.
    pub fn subset(&self, samples: usize, seed: u64) -> Result<Self, DataError> {
        let available = self.test_from().unwrap_or(self.len());
        if samples == 0 || samples > available {
            let beside = if self.test_from().is_some() { " beside its test part" } else { "" };
            let reason = format!("{samples} samples are asked for");
            let help = Some(format!("ask for 1 to {available}, which is all{beside}"));
            return Err(DataError::Invalid { name: self.name().to_owned(), reason, help });
        }
        let for_training = self.validation_from().unwrap_or(available);
        // Of a validation part that is given, the same share; both parts keep one sample at least.
        let kept = samples as u128 * (available - for_training) as u128 / available as u128;
        let kept = (kept as usize).max(usize::from(for_training < available)).min(samples.saturating_sub(1));
        let mut indices = spread(&strata(self, 0..for_training, seed), samples - kept);
        indices.extend(spread(&strata(self, for_training..available, seed), kept));
        let validation_from = (kept > 0).then_some(samples - kept);
        if self.test_from().is_some() {
            // Rounded half up in whole numbers, so that it never falls while `samples` grows.
            let (test, all) = ((self.len() - available) as u128, available as u128);
            let wanted = ((2 * test * samples as u128 + all) / (2 * all)) as usize;
            indices.extend(spread(&strata(self, available..self.len(), seed), wanted.max(1)));
        }
        Ok(self.gathered(&indices, validation_from, self.test_from().map(|_| samples)))
    }
}

/// The first `count` of all members, in ascending order, when every class is handed out evenly: the `r`-th of `m` members
/// comes at `(r + 1/2) / m`.
fn spread(strata: &[Vec<usize>], count: usize) -> Vec<usize> {
    let mut order: Vec<(u64, u64, usize)> = Vec::with_capacity(strata.iter().map(Vec::len).sum());
    for members in strata {
        let m = members.len() as u64;
        order.extend(members.iter().zip(0_u64..).map(|(index, r)| (2 * r + 1, 2 * m, *index)));
    }
    // Compared as fractions; members of several classes at the same place by their index, which is as good as chance.
    order.sort_unstable_by(|(a, b, i), (c, d, j)| {
        (u128::from(*a) * u128::from(*d)).cmp(&(u128::from(*c) * u128::from(*b))).then(i.cmp(j))
    });
    let mut indices: Vec<usize> = order[..count.min(order.len())].iter().map(|(_, _, index)| *index).collect();
    indices.sort_unstable();
    indices
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::data::testing::said;
    use crate::data::{Features, Shape};

    /// Samples whose one feature is their index.
    fn numbered(labels: Vec<u32>, test_from: Option<usize>) -> Dataset {
        let features = (0..labels.len()).map(|i| i as f32).collect();
        let dataset = Dataset::new("numbered", Shape::of_columns(1), features, labels, 4).unwrap();
        match test_from {
            Some(index) => dataset.with_test_from(index).unwrap(),
            None => dataset,
        }
    }

    fn members(dataset: &Dataset) -> BTreeSet<usize> {
        dataset.features().to_vec().iter().map(|f| *f as usize).collect()
    }

    #[test]
    fn the_test_part_shrinks_in_proportion() {
        let labels: Vec<u32> = (0..120).map(|i| i % 4).collect();
        let whole = numbered(labels.clone(), Some(100));
        let part = whole.subset(40, 5).unwrap();
        assert_eq!((part.len(), part.test_from(), part.classes()), (48, Some(40), 4));
        for class in 0..4 {
            assert_eq!(part.labels()[..40].iter().filter(|l| **l == class).count(), 10);
            assert_eq!(part.labels()[40..].iter().filter(|l| **l == class).count(), 2);
        }
        let Features::Floats(features) = part.features() else { panic!("floats stay floats") };
        assert!(features[..40].iter().all(|f| *f < 100.0) && features[40..].iter().all(|f| *f >= 100.0));
        assert!(features.iter().zip(part.labels()).all(|(f, l)| labels[*f as usize] == *l));
        assert_eq!(whole.subset(1, 5).unwrap().len(), 2);
        assert_eq!(whole.subset(100, 5).unwrap(), whole);
    }

    #[test]
    fn too_many_and_none_are_refused() {
        let whole = numbered(vec![0, 1, 2, 3, 0], Some(4));
        for samples in [0, 5, usize::MAX] {
            let error = said(&whole.subset(samples, 0).unwrap_err());
            assert!(error.contains("ask for 1 to 4, which is all beside its test part"), "{error}");
        }
    }

    #[test]
    fn a_regression_has_subsets_too() {
        let values: Vec<f32> = (0..30).map(|i| i as f32).collect();
        let line = Dataset::regression("line", Shape::of_columns(1), values.clone(), values).unwrap();
        let part = line.with_test_from(20).unwrap().subset(10, 1).unwrap();
        assert_eq!((part.len(), part.test_from()), (15, Some(10)));
        assert_eq!(part.features().to_vec(), part.values());
    }

    proptest! {
        #[test]
        fn subsets_are_nested_and_stratified(
            labels in prop::collection::vec(0_u32..4, 20..200),
            seed: u64,
            small in 0.01..1.0_f64,
            large in 0.01..1.0_f64,
        ) {
            let whole = numbered(labels.clone(), Some(labels.len() - 8));
            let n = labels.len() - 8;
            let count = |share: f64| ((share * n as f64) as usize).max(1);
            let (small, large) = (count(small.min(large)), count(small.max(large)));
            let (a, b) = (whole.subset(small, seed).unwrap(), whole.subset(large, seed).unwrap());
            prop_assert!(members(&a).is_subset(&members(&b)));
            prop_assert_eq!(a.test_from(), Some(small));
            for class in 0..4 {
                let of = |labels: &[u32]| labels.iter().filter(|l| **l == class).count() as f64;
                let exact = of(&labels[..n]) * small as f64 / n as f64;
                prop_assert!((of(&a.labels()[..small]) - exact).abs() <= 2.0);
            }
        }
    }
}
