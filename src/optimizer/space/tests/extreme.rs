//! Ranges from the smallest to the largest numbers there are: each is refused, or all that is promised of it holds.

use proptest::prelude::*;

use super::super::stepped::Stepped;
use super::super::*;

/// Floats of every size and sign, and those at which something ends.
fn any_float() -> impl Strategy<Value = f64> {
    let edges = vec![
        0.0,
        -0.0,
        5e-324,
        1e-310,
        f64::MIN_POSITIVE,
        1e-20,
        2.5e-11,
        0.1,
        1.0,
        1.0 + f64::EPSILON,
        3.0,
        9_007_199_254_740_992.0,
        1.8e19,
        1e300,
        f64::MAX / 2.0,
        f64::MAX,
        f64::NAN,
        f64::INFINITY,
    ];
    let signed =
        (proptest::sample::select(edges), any::<bool>()).prop_map(|(v, negative)| if negative { -v } else { v });
    prop_oneof![signed, proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL, -10.0..10.0f64, 1e-9..1e-3f64]
}

fn any_int() -> impl Strategy<Value = i64> {
    const EDGE: i64 = 1 << 53;
    let edges =
        vec![i64::MIN, i64::MIN + 1, -EDGE - 1, -EDGE, -1, 0, 1, 2, EDGE - 1000, EDGE - 1, EDGE, EDGE + 1, i64::MAX];
    prop_oneof![proptest::sample::select(edges), any::<i64>(), -100i64..1000, (0u32..63).prop_map(|k| 1i64 << k)]
}

fn any_domain() -> impl Strategy<Value = Domain> {
    let scale = || prop_oneof![Just(Scale::Linear), Just(Scale::Log)];
    // Most pairs of any numbers are no range at all, so half of them are made one.
    let sorted = |(a, b): (f64, f64)| if a <= b { (a, b) } else { (b, a) };
    let narrow = (any_float(), 0u32..64).prop_map(|(low, k)| (low, low + low.abs() * 2f64.powi(-(k as i32))));
    let floats = prop_oneof![(any_float(), any_float()).prop_map(sorted), narrow];
    let step = prop_oneof![Just(None), any_float().prop_map(Some), (0.0..70.0f64).prop_map(|k| Some(2f64.powf(-k)))];
    let float = (floats, scale(), step, any::<bool>()).prop_map(|((low, high), scale, step, of_width)| {
        let step = step.map(|step| if of_width { step * (high - low) } else { step });
        Domain::Float { low, high, scale, step }
    });
    let ints = prop_oneof![
        (any_int(), any_int()).prop_map(|(a, b)| (a.min(b), a.max(b))),
        (any_int(), 0i64..2000).prop_map(|(low, width)| (low, low.saturating_add(width))),
    ];
    let int = (ints, scale(), any_int(), any::<bool>()).prop_map(|((low, high), scale, step, plain)| Domain::Int {
        low,
        high,
        scale,
        step: if plain { 1 } else { step },
    });
    let value = prop_oneof![
        any_float().prop_map(Value::Float),
        any_int().prop_map(Value::Int),
        any::<bool>().prop_map(Value::Bool),
        "[a-c]{0,2}".prop_map(Value::Text)
    ];
    let choice = proptest::collection::vec(value, 0..5).prop_map(|values| Domain::Choice { values });
    prop_oneof![3 => float, 3 => int, 1 => choice]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// Also of one that nobody has checked, whatever is asked does not panic.
    #[test]
    fn what_is_accepted_can_be_proposed_and_comes_back(domain in any_domain(), u in 0.0..=1.0f64, k in any::<u64>()) {
        let (count, middle) = (domain.cardinality(), domain.middle());
        let _ = (domain.nth(k), domain.contains(&Value::Float(u)), domain.typed(Value::Int(1)));
        let parameter = Parameter::new("p", domain.clone());
        let Ok(space) = Space::new(vec![parameter]) else { return Ok(()) };
        prop_assert!(middle.is_some_and(|middle| domain.contains(&middle)));
        let encoding = Encoding::new(&space);
        for u in [0.0, u, u.next_down().max(0.0), 1.0 - 1e-9 * u, 1e-9 * u, 1.0] {
            let point = encoding.decode(&[u]);
            prop_assert_eq!(space.check(&point), Ok(()), "{} of {:?}", &point, &domain);
            let x = encoding.encode(&point);
            prop_assert!((0.0..=1.0).contains(&x[0]), "{:?}", &x);
            let (again, mut snapped) = (encoding.decode(&x), vec![u]);
            encoding.snap(&mut snapped);
            prop_assert_eq!(encoding.key(&x), encoding.key(&encoding.encode(&again)));
            prop_assert_eq!(encoding.key(&x), encoding.key(&snapped), "{} at {} of {:?}", &point, u, &domain);
            if count.is_some() {
                prop_assert_eq!(&again, &point, "{:?}", &domain);
            }
        }
        if let Some(count) = count {
            for k in [0, k % count, count / 2, count - 1] {
                let value = domain.nth(k).unwrap();
                prop_assert!(domain.contains(&value), "{value} is {k} of {domain:?}");
                prop_assert_eq!(encoding.level(0, encoding.centre(0, k)), k, "{:?}", &domain);
                prop_assert_eq!(space.check(&Point::from_iter([("p", value)])), Ok(()));
            }
            prop_assert_eq!(domain.nth(count), None);
        }
    }

    #[test]
    fn values_of_a_step_are_all_told_apart(low in any_float(), step in any_float(), n in 1u32..50, k in 0u32..50) {
        let stepped = Stepped { low, high: low + step * f64::from(n), step };
        let domain = Domain::Float { low, high: stepped.high, scale: Scale::Linear, step: Some(step) };
        if Space::new([Parameter::new("p", domain)]).is_ok() {
            let k = u64::from(k % n);
            prop_assert!(stepped.value(k) < stepped.value(k + 1));
            prop_assert_eq!(stepped.nearest(stepped.value(k)), k);
            prop_assert!(stepped.holds(stepped.value(k)));
            prop_assert!(!stepped.holds(stepped.value(k) + step / 2.0));
        }
    }

    #[test]
    fn whole_numbers_and_floats_have_one_exact_order(a in any_int(), b in any_float()) {
        let (whole, float) = (Value::Int(a), Value::Float(b));
        if b.is_finite() {
            let order = whole.number_order(&float).unwrap();
            prop_assert_eq!(order, float.number_order(&whole).unwrap().reverse());
            let nearest = Value::Float(a as f64);
            if order.is_eq() {
                prop_assert_eq!(a as f64, b);
            } else {
                prop_assert!((a as f64).partial_cmp(&b).unwrap() == order || nearest == float);
            }
        }
    }
}

#[test]
fn a_number_that_a_condition_names_is_met_exactly() {
    let space =
        Space::new([float("rate", 1e-5..=1e-1).log(), float("momentum", 0.0..=0.9).when("rate", [1e-3])]).unwrap();
    let encoding = Encoding::new(&space);
    let point = Point::from_iter([("rate", 1e-3), ("momentum", 0.3)]);
    assert_eq!(space.check(&point), Ok(()));
    let back = encoding.decode(&encoding.encode(&point));
    assert_eq!((back.number("rate"), back.get("momentum").is_some()), (Some(1e-3), true));
}

#[test]
fn points_are_counted_however_many_combinations_there_would_be_without_conditions() {
    let link = |i| choice(format!("p{i}"), [false, true]).when(format!("p{}", i - 1), [true]);
    let space = Space::new(std::iter::once(choice("p0", [false, true])).chain((1..70).map(link))).unwrap();
    assert_eq!(space.cardinality(1000), Some(71));
    assert_eq!(space.points(1000).map(|points| points.len()), Some(71));
    assert_eq!(space.cardinality(70), None);
    let wide = (0..20).map(|i| int(format!("w{i}"), 0..=60_000).when("a", [1]));
    let wide = Space::new(std::iter::once(choice("a", [1, 2])).chain(wide));
    assert_eq!(wide.unwrap().cardinality(1 << 16), None);
}

#[test]
fn parameters_by_the_thousand_are_ordered_at_once() {
    let space = Space::new((0..3000).rev().map(|i| {
        let parameter = choice(format!("p{i}"), [1, 2]);
        if i == 0 { parameter } else { parameter.when(format!("p{}", i - 1), [1]) }
    }));
    let space = space.unwrap();
    assert_eq!(space.parameters()[space.dependency_order()[0]].name, "p0");
    assert_eq!(space.cardinality(10_000), Some(3001));
}

#[test]
fn large_whole_numbers_of_a_choice_are_not_mixed_up() {
    const EDGE: i64 = 1 << 53;
    let space = Space::new([choice("seed", [EDGE + 1, EDGE, i64::MAX, i64::MAX - 1])]).unwrap();
    let encoding = Encoding::new(&space);
    for value in [EDGE, EDGE + 1, i64::MAX - 1, i64::MAX] {
        let point = Point::from_iter([("seed", value)]);
        assert_eq!(encoding.decode(&encoding.encode(&point)), point);
    }
    let rank = |value: i64| encoding.encode(&Point::from_iter([("seed", value)]))[0];
    assert!(rank(EDGE) < rank(EDGE + 1) && rank(i64::MAX - 1) < rank(i64::MAX));
    assert_eq!(space.get("seed").unwrap().domain.typed(Value::Float(9_007_199_254_740_992.0)), Value::Int(EDGE));
}

/// Decimals of up to four digits, of either sign, as people write them.
fn written() -> impl Strategy<Value = (i64, u32)> {
    (-9999i64..=9999, 0u32..7)
}

fn number((digits, places): (i64, u32)) -> f64 {
    format!("{digits}e-{places}").parse().unwrap()
}

/// How many digits a number has behind its point.
fn places(v: f64) -> usize {
    let text = format!("{v}");
    text.split_once('.').map_or(0, |(_, behind)| behind.len())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn values_of_a_step_have_no_more_digits_than_what_was_written(
        low in written(), step in written(), width in 1u32..5000, k in any::<u32>(), extra in 0.0..0.9f64,
    ) {
        let (low, step) = (number(low), number((step.0.abs().max(1), step.1)));
        let high = low + step * (f64::from(width) + extra * f64::from(k % 2));
        let domain = Domain::Float { low, high, scale: Scale::Linear, step: Some(step) };
        let Ok(space) = Space::new([Parameter::new("p", domain.clone())]) else { return Ok(()) };
        let encoding = Encoding::new(&space);
        let count = domain.cardinality().unwrap();
        for k in [0, u64::from(k) % count, count - 1] {
            let value = domain.nth(k).unwrap();
            let v = value.as_f64().unwrap();
            prop_assert!(v <= high);
            // The end itself, where it was computed and rounded down, is as it was given.
            prop_assert!(places(v) <= places(low).max(places(step)) || v == high, "{v} is {k} of {domain:?}");
            let point = Point::from_iter([("p", value.clone())]);
            prop_assert_eq!(&encoding.decode(&encoding.encode(&point)), &point);
            for near in [v.next_up(), v.next_down(), low + step * k as f64] {
                prop_assert!(domain.contains(&Value::Float(near)), "{near} of {domain:?}");
                prop_assert_eq!(domain.typed(Value::Float(near)), value.clone());
                let other = Point::from_iter([("p", near)]);
                prop_assert_eq!(space.check(&other), Ok(()));
                prop_assert_eq!(encoding.encode(&other), encoding.encode(&point));
            }
            for between in [v + step * 0.3, v - step * 0.3] {
                let near = domain.neighbours(&Value::Float(between));
                prop_assert!(!domain.contains(&Value::Float(between)));
                prop_assert!(near.contains(&value) && near.len() <= 2, "{between}: {near:?}");
                prop_assert!(near.iter().all(|n| (n.as_f64().unwrap() - between).abs() < step * 1.01 || near.len() == 1));
            }
        }
    }

    #[test]
    fn neighbours_are_the_values_next_to_it(low in -50i64..50, step in 1i64..9, width in 0i64..90, v in -200i64..200) {
        let domain = Domain::Int { low, high: low + width, scale: Scale::Linear, step };
        let all: Vec<i64> = (0..domain.cardinality().unwrap()).filter_map(|k| domain.nth(k)?.as_i64()).collect();
        let below = all.iter().rfind(|other| **other < v);
        let above = all.iter().find(|other| **other > v);
        let expected: Vec<Value> = match all.contains(&v) {
            true => Vec::new(),
            false => below.into_iter().chain(above).map(|v| Value::Int(*v)).collect(),
        };
        prop_assert_eq!(domain.neighbours(&Value::Int(v)), expected);
    }
}

#[test]
fn conditions_and_points_are_matched_by_the_value_and_not_by_its_spelling() {
    let computed = 0.1 + 0.2;
    let more = int("more", 1..=3).when("dropout", [computed]);
    let space = Space::new([float("dropout", 0.0..=0.5).step(0.1), more]).unwrap();
    assert_eq!(space.parameters()[1].condition[0].values, [Value::Float(0.3)]);
    for v in [0.3, computed] {
        let point = Point::from_iter([("dropout", Value::from(v)), ("more", 2.into())]);
        assert_eq!(space.check(&point), Ok(()));
        assert_eq!(space.typed(&point).number("dropout"), Some(0.3));
        assert_eq!(space.complete(&Point::from_iter([("dropout", v)])).unwrap().number("dropout"), Some(0.3));
    }
    let error = space.check(&Point::from_iter([("dropout", 0.35)])).unwrap_err().to_string();
    assert!(error.contains("cannot be 0.35; the nearest values are 0.3 and 0.4"), "{error}");
    // As it was stored by an earlier version, which spelt conditions as the file did.
    let stored = serde_json::to_string(&space).unwrap().replace("[0.3]", "[0.30000000000000004]");
    assert_eq!(serde_json::from_str::<Space>(&stored).unwrap(), space);
}
