use proptest::prelude::*;

use super::*;
use crate::optimizer::space::{Clause, choice, float, int};

fn domain() -> impl Strategy<Value = Domain> {
    let scale = prop_oneof![Just(Scale::Linear), Just(Scale::Log)];
    prop_oneof![
        (1e-6..1e3f64, 0.0..1e3f64, scale.clone()).prop_map(|(low, width, scale)| Domain::Float {
            low,
            high: low + width,
            scale,
            step: None
        }),
        (-10.0..10.0f64, 0.01..1.0f64, 2u32..40).prop_map(|(low, step, n)| Domain::Float {
            low,
            high: low + step * f64::from(n),
            scale: Scale::Linear,
            step: Some(step)
        }),
        (1i64..100, 0i64..2000, scale, 1i64..7).prop_map(|(low, width, scale, step)| Domain::Int {
            low,
            high: low + width,
            scale,
            step
        }),
        proptest::sample::subsequence(vec![1, 3, 16, 2, 64, 8], 1..6)
            .prop_shuffle()
            .prop_map(|v| Domain::Choice { values: v.into_iter().map(Value::from).collect() }),
        (1usize..6).prop_map(|n| Domain::Choice { values: (0..n).map(|i| format!("v{i}").into()).collect() }),
    ]
}

/// Random spaces in which each parameter may depend on the discrete one before it.
pub(crate) fn spaces() -> impl Strategy<Value = Space> {
    proptest::collection::vec((domain(), any::<bool>(), 0u64..3), 1..7).prop_map(|parts| {
        let mut parameters: Vec<Parameter> = Vec::new();
        for (i, (domain, conditional, k)) in parts.into_iter().enumerate() {
            let clause = parameters.last().filter(|_| conditional).and_then(|p: &Parameter| {
                Some(Clause { parameter: p.name.clone(), values: vec![p.domain.nth(0)?, p.domain.nth(k)?] })
            });
            let condition = clause.into_iter().collect();
            parameters.push(Parameter { condition, ..Parameter::new(format!("p{i}"), domain) });
        }
        Space::new(parameters).unwrap()
    })
}

fn cube() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec(prop_oneof![Just(0.0), Just(1.0), 0.0..1.0f64], 7)
}

proptest! {
    #[test]
    fn every_vector_decodes_to_a_point_of_the_space((space, x) in (spaces(), cube())) {
        let encoding = Encoding::new(&space);
        let point = encoding.decode(&x[..space.len()]);
        prop_assert_eq!(space.check(&point), Ok(()));
    }

    #[test]
    fn points_survive_the_round_trip((space, x) in (spaces(), cube())) {
        let encoding = Encoding::new(&space);
        let point = encoding.decode(&x[..space.len()]);
        let u = encoding.encode(&point);
        let again = encoding.decode(&u);
        prop_assert_eq!(encoding.key(&u), encoding.key(&encoding.encode(&again)));
        for (name, value) in point.iter() {
            match (value, again.get(name)) {
                (Value::Float(a), Some(Value::Float(b))) => prop_assert!((a - b).abs() <= 1e-12 * a.abs().max(1.0)),
                (a, b) => prop_assert_eq!(Some(a), b),
            }
        }
        prop_assert_eq!(point.len(), again.len());
    }

    #[test]
    fn snapping_agrees_with_decoding_and_changes_nothing_twice((space, x) in (spaces(), cube())) {
        let encoding = Encoding::new(&space);
        let mut u = x[..space.len()].to_vec();
        let point = encoding.decode(&u);
        let active = encoding.snap(&mut u);
        prop_assert_eq!(active.iter().filter(|a| **a).count(), point.len());
        let mut twice = u.clone();
        encoding.snap(&mut twice);
        prop_assert_eq!(&u, &twice);
        for (a, b) in encoding.encode(&point).iter().zip(&u) {
            prop_assert!((a - b).abs() < 1e-9);
        }
    }

    #[test]
    fn inactive_parameters_make_no_difference((space, x, y) in (spaces(), cube(), cube())) {
        let encoding = Encoding::new(&space);
        let mut a = x[..space.len()].to_vec();
        let mut b = a.clone();
        let active = encoding.snap(&mut a);
        for i in (0..space.len()).filter(|&i| !active[i]) {
            b[i] = y[i];
        }
        encoding.snap(&mut b);
        prop_assert_eq!(a, b);
    }
}

proptest! {
    #[test]
    fn a_part_of_a_point_is_completed_to_a_point((space, x, keep) in (spaces(), cube(), any::<u8>())) {
        let nothing = space.complete(&Point::new());
        prop_assert!(nothing.is_ok(), "{:?}", nothing);
        let point = Encoding::new(&space).decode(&x[..space.len()]);
        let part: Point = point
            .iter()
            .enumerate()
            .filter(|(i, _)| keep >> i & 1 == 1)
            .map(|(_, (name, value))| (name, value.clone()))
            .collect();
        if let Ok(whole) = space.complete(&part) {
            prop_assert_eq!(space.check(&whole), Ok(()));
            prop_assert!(part.iter().all(|(name, value)| whole.get(name) == Some(value)));
        }
        prop_assert_eq!(space.complete(&point), Ok(point));
    }
}

#[test]
fn middles_lie_half_way_on_the_scale() {
    let space = Space::new([
        float("rate", 1e-4..=1e-2).log(),
        int("width", 4..=64).log(),
        int("layers", 1..=4),
        float("dropout", 0.0..=0.5),
        choice("optimizer", ["sgd", "adam"]),
        float("momentum", 0.0..=0.8).when("optimizer", ["sgd"]),
    ])
    .unwrap();
    let point = |text: &str| serde_json::from_str::<Point>(text).unwrap();
    let whole = space.complete(&point(r#"{"rate": 1e-3}"#)).unwrap();
    let middle = r#"{"rate": 1e-3, "width": 16, "layers": 2, "dropout": 0.25, "optimizer": "sgd", "momentum": 0.4}"#;
    assert_eq!(whole, point(middle));
    let adam = space.complete(&point(r#"{"optimizer": "adam", "dropout": 0, "width": 32.0}"#)).unwrap();
    assert_eq!((adam.get("momentum"), adam.number("rate").unwrap().log10().round()), (None, -3.0));
    assert_eq!((adam.get("dropout"), adam.get("width")), (Some(&Value::Float(0.0)), Some(&Value::Int(32))));
    for wrong in [r#"{"optimizer": "adam", "momentum": 0.5}"#, r#"{"width": 3}"#, r#"{"wdith": 8}"#] {
        assert!(space.complete(&point(wrong)).is_err(), "{wrong}");
    }
}

#[test]
fn bins_have_equal_shares_and_ranks_follow_size() {
    let space = Space::new([int("layers", 1..=4), choice("batch", [64, 16, 32]), int("width", 1..=100).log()]).unwrap();
    let encoding = Encoding::new(&space);
    for (u, layers) in [(0.0, 1), (0.24, 1), (0.26, 2), (0.74, 3), (1.0, 4)] {
        assert_eq!(encoding.decode(&[u, 0.0, 0.0]).get("layers"), Some(&Value::Int(layers)));
    }
    let point = |batch: i64| Point::from_iter([("layers", 1), ("batch", batch), ("width", 10)]);
    let rank = |batch| encoding.encode(&point(batch))[1];
    assert!(rank(16) < rank(32) && rank(32) < rank(64));
    let middle = encoding.encode(&point(16))[2];
    assert!((middle - (10.0f64 / 0.5).ln() / (100.5f64 / 0.5).ln()).abs() < 1e-12);
}

#[test]
fn names_of_inactive_parameters_are_a_category_of_their_own() {
    let space = Space::new([
        choice("optimizer", ["sgd", "adam"]),
        choice("schedule", ["cosine", "step"]).when("optimizer", ["sgd"]),
    ])
    .unwrap();
    let encoding = Encoding::new(&space);
    let inactive = encoding.encode(&encoding.decode(&[0.9, 0.3]))[1];
    assert!((0..2).all(|k| encoding.centre(1, k) != inactive));
}
