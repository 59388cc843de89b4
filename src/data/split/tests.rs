use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::data::testing::said;
use crate::data::{Shape, Targets};

fn digits() -> Vec<u32> {
    crate::data::load("digits").unwrap().labels().to_vec()
}

/// Samples of these classes without anything in them.
fn blank(labels: Vec<u32>, test_from: Option<usize>) -> Dataset {
    let dataset = Dataset::from_bytes("blank", Shape::of_columns(1), vec![0; labels.len()], labels, 4).unwrap();
    match test_from {
        Some(index) => dataset.with_test_from(index).unwrap(),
        None => dataset,
    }
}

fn shares(text: &str) -> Shares {
    text.parse().unwrap()
}

#[test]
fn the_digits_split_is_pinned() {
    let split = Split::stratified(&digits(), Shares::default(), 0).unwrap();
    assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (1079, 359, 359));
    // A newer generator or shuffle would change what trials of older studies are compared by.
    assert_eq!((&split.validation[..6], &split.test[..6]), (&[6, 11, 14, 17, 21, 25][..], &[0, 5, 9, 10, 19, 22][..]));
    assert_eq!(
        Split::of(&crate::data::load("digits").unwrap(), &Partition::Shares(Shares::default()), 0).unwrap(),
        split
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
    let error = Split::stratified(&[0, 0, 1, 1], shares("0.001-49.9995-49.9995"), 0).unwrap_err();
    assert!(error.to_string().contains("leaves the train part empty"), "{error}");
    let error = Split::stratified(&[0, 1, 0, 1], shares("90-5-5"), 0).unwrap_err();
    assert!(error.to_string().contains("90-5-5") && error.to_string().contains("validation part empty"), "{error}");
    assert!(Split::stratified(&[], Shares::default(), 0).is_err());
}

#[test]
fn the_given_test_part_stays_what_it_is() {
    let labels: Vec<u32> = (0..100).map(|i| i % 4).collect();
    let split = Split::of(&blank(labels.clone(), Some(80)), &Partition::Given, 3).unwrap();
    assert_eq!(split.test, (80..100).collect::<Vec<_>>());
    assert_eq!((split.train.len(), split.validation.len()), (72, 8));
    for class in 0..4 {
        assert_eq!(split.validation.iter().filter(|i| labels[**i] == class).count(), 2);
    }
    let error = Split::of(&blank(labels, None), &Partition::Given, 3).unwrap_err();
    assert!(error.to_string().contains("no test part of its own"), "{error}");
}

#[test]
fn shares_pool_the_given_test_part_with_the_rest() {
    let labels: Vec<u32> = (0..100).map(|i| i % 4).collect();
    let partition = Partition::Shares(Shares::default());
    let pooled = Split::of(&blank(labels.clone(), Some(80)), &partition, 3).unwrap();
    assert_eq!(pooled, Split::of(&blank(labels, None), &partition, 3).unwrap());
    assert!(pooled.train.iter().any(|i| *i >= 80));
}

#[test]
fn a_regression_is_shuffled_as_a_whole() {
    let targets = Targets::Values((0..50).map(|i| i as f32).collect());
    let features = crate::data::Features::Floats(vec![0.0; 50]);
    let line = Dataset::from_parts("line", Shape::of_columns(1), features, targets).unwrap();
    let split = Split::of(&line, &Partition::Shares(shares("80-10-10")), 1).unwrap();
    assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (40, 5, 5));
    assert_ne!(split.validation, [0, 1, 2, 3, 4]);
}

/// Three shares of which each is at least 5 %.
fn any_shares() -> impl Strategy<Value = Shares> {
    (5..90_u32, 0.0..1.0_f64).prop_map(|(train, part)| {
        let rest = 100 - train;
        let validation = 5 + (part * f64::from(rest - 10)) as u32;
        shares(&format!("{train}-{validation}-{}", rest - validation))
    })
}

fn overlap(a: &[usize], b: &[usize]) -> usize {
    let a: BTreeSet<_> = a.iter().collect();
    b.iter().filter(|i| a.contains(i)).count()
}

proptest! {
    #[test]
    fn parts_are_disjoint_complete_and_stratified(
        labels in prop::collection::vec(0_u32..4, 80..200),
        seed: u64,
        shares in any_shares(),
    ) {
        let Ok(split) = Split::stratified(&labels, shares, seed) else { return Ok(()) };
        let mut all = [split.train.clone(), split.validation.clone(), split.test.clone()].concat();
        all.sort_unstable();
        prop_assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
        for class in 0..4 {
            let of = |part: &[usize]| part.iter().filter(|i| labels[**i] == class).count() as f64;
            let members = labels.iter().filter(|l| **l == class).count() as f64;
            prop_assert!((of(&split.validation) - shares.validation() / 100.0 * members).abs() <= 0.5 + 1e-9);
            prop_assert!((of(&split.test) - shares.test() / 100.0 * members).abs() <= 0.5 + 1e-9);
        }
    }

    #[test]
    fn no_named_partition_validates_on_what_another_tests(
        labels in prop::collection::vec(0_u32..4, 60..300),
        seed: u64,
    ) {
        let dataset = blank(labels, None);
        let splits = Partition::NAMED.map(|text| Split::of(&dataset, &text.parse().unwrap(), seed).unwrap());
        for one in &splits {
            for other in &splits {
                prop_assert_eq!(overlap(&one.validation, &other.test), 0);
            }
        }
        for pair in splits.windows(2) {
            prop_assert_eq!(overlap(&pair[0].validation, &pair[1].validation), pair[1].validation.len());
            prop_assert_eq!(overlap(&pair[0].test, &pair[1].test), pair[1].test.len());
        }
    }

    #[test]
    fn what_goes_together_never_leaks(
        labels in prop::collection::vec(0_u32..4, 80..200),
        seed: u64,
        one in any_shares(),
        other in any_shares(),
    ) {
        let splits = [one, other].map(|s| Split::stratified(&labels, s, seed));
        let [Ok(a), Ok(b)] = splits else { return Ok(()) };
        if Partition::together(&[Partition::Shares(one), Partition::Shares(other)]).is_ok() {
            prop_assert_eq!(overlap(&a.validation, &b.test) + overlap(&b.validation, &a.test), 0);
        }
    }
}

#[test]
fn parts_that_share_a_sample_are_told() {
    let digits = crate::data::load("digits").unwrap();
    let split = Split::of(&digits, &Partition::default_for(&digits), 0).unwrap();
    assert_eq!(split.check_apart(&digits), Ok(()));
    let parts = |train: &[usize], validation: &[usize], test: &[usize]| {
        Split { train: train.to_vec(), validation: validation.to_vec(), test: test.to_vec() }.check_apart(&digits)
    };
    assert_eq!(parts(&[1, 1, 2], &[3, 3], &[4]), Ok(()), "a part may have a sample twice");
    for (shared, one, other) in [
        (parts(&[1, 2], &[2, 3], &[4]), "train", "validation"),
        (parts(&[1, 2], &[3], &[4, 2]), "train", "test"),
        (parts(&[1], &[3, 2], &[2]), "validation", "test"),
    ] {
        let error = said(&shared.unwrap_err());
        let expected = format!("sample 2 is in the {one} part of the split and in the {other} part; leave it in one");
        assert!(error.contains(&expected) && error.contains("`digits`"), "{error}");
    }
}

#[test]
fn a_given_validation_part_is_validated_on_and_shrinks_with_the_rest() {
    let labels: Vec<u32> = (0..100).map(|i| i % 4).collect();
    let data = blank(labels, Some(80)).with_validation_from(60).unwrap();
    let split = Split::of(&data, &Partition::Given, 3).unwrap();
    assert_eq!(split.train, (0..60).collect::<Vec<_>>());
    assert_eq!((split.validation, split.test), ((60..80).collect::<Vec<_>>(), (80..100).collect()));
    let part = data.subset(40, 1).unwrap();
    assert_eq!((part.len(), part.validation_from(), part.test_from()), (50, Some(30), Some(40)));
    assert_eq!(data.subset(80, 1).unwrap(), data);
    assert_eq!(data.subset(2, 1).unwrap().validation_from(), Some(1), "each part keeps a sample");
    // Shares pool all.
    let split = Split::of(&data, &Partition::Shares(shares("60-20-20")), 3).unwrap();
    assert_eq!((split.train.len(), split.validation.len(), split.test.len()), (60, 20, 20));
    assert!(blank(vec![0, 1, 2, 3], None).with_validation_from(1).is_err(), "without a test part it is that");
    assert!(blank(vec![0, 1, 2, 3], Some(2)).with_validation_from(2).is_err());
}
