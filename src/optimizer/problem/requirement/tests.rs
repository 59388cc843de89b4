use proptest::prelude::*;

use super::super::super::space::Value;
use super::*;

fn requirement(text: &str) -> Requirement {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn point(values: &[(&str, f64)]) -> Point {
    values.iter().map(|(name, value)| (*name, *value)).collect()
}

#[test]
fn arithmetic_is_what_it_is_elsewhere() {
    let at = point(&[("a", 7.0), ("b", 3.0), ("c", 0.5)]);
    for (text, holds) in [
        ("a + b * 2 == 13", true),
        ("(a + b) * 2 == 20", true),
        ("a - b - 1 == 3", true),
        ("a / b / c == 14/3", true),
        ("2^3^2 == 512", true),
        ("-c^2 == -0.25", true),
        ("2**-1 == c", true),
        ("a % b == 1", true),
        ("-a % b == 2", true),
        ("min(a, b, c) == .5", true),
        ("max(a,b) == 7", true),
        ("abs(b - a) == 4", true),
        ("log(exp(b)) == b", true),
        ("log2(8) == b", true),
        ("log10(1e3) == b", true),
        ("sqrt(9) == b", true),
        ("1 <= b < a <= 7", true),
        ("1 <= b < a < 7", false),
        ("a > 7", false),
        ("a \u{2265} 7", true),
        ("a <= 6.999999", false),
        ("+a >= 1_0 - 3", true),
    ] {
        let text = if text.contains(['a', 'b', 'c']) { text.to_owned() } else { format!("{text} + 0 * a") };
        assert_eq!(requirement(&text).holds(&at), holds, "{text}");
    }
}

#[test]
fn decimals_are_what_they_say_and_not_their_rounding() {
    let at = point(&[("a", 0.1), ("b", 0.2), ("c", 0.7)]);
    for text in ["a + b <= 0.3", "a + b == 0.3", "a + b - 0.3 <= 0", "0.3 - a - b >= 0", "3 * a <= 0.3"] {
        assert!(requirement(text).holds(&at), "{text}");
    }
    for text in ["a + c < 0.8", "a + b < 0.3", "0.3 > a + b", "a + b <= 0.29999999"] {
        assert!(!requirement(text).holds(&at), "{text}");
    }
}

#[test]
fn what_is_no_number_does_not_hold_and_what_is_inactive_does() {
    let at = point(&[("a", 0.0), ("b", 1e308)]);
    for text in
        ["1 / a > 0", "1 / a < 0", "log(a) < 1", "b * b > 1", "sqrt(a - 1) >= 0", "a / a == a / a", "min(a/a, 1) <= 2"]
    {
        assert!(!requirement(text).holds(&at), "{text}");
        assert!(requirement(text).excess(&at) > 0.0, "{text}");
    }
    for text in ["c > 1", "a * c > 5", "c < a < -1"] {
        assert!(requirement(text).holds(&at), "{text}");
        assert_eq!(requirement(text).excess(&at), 0.0);
    }
    assert!(requirement("kind > 3").holds(&Point::from_iter([("kind", Value::from("sgd"))])));
}

#[test]
fn a_name_of_a_function_may_be_a_parameter() {
    let at = point(&[("log", 2.0), ("min", 3.0)]);
    assert!(requirement("log * min == 6").holds(&at));
    assert!(requirement("log(log) < min(min, 1)").holds(&at));
    assert_eq!(requirement("log + min < log(log)").parameters(), ["log", "min"]);
}

#[test]
fn what_is_none_is_refused_where_it_stands() {
    for (text, at, message) in [
        ("", 0..0, "missing at the end"),
        ("a", 0..1, "compares two sides"),
        ("a <=", 4..4, "missing at the end"),
        ("1 <= 2", 0..6, "names at least one parameter"),
        ("a = 2", 2..3, "`=` compares nothing"),
        ("a != 2", 2..4, "no `!=`"),
        ("a <= 2 and b <= 3", 7..10, "`and` does not belong"),
        ("a <= 2 && b <= 3", 7..9, "does not belong"),
        ("2a <= 3", 0..2, "`2a` is no number"),
        ("a b <= 3", 2..3, "operator is missing"),
        ("(a + b <= 3", 7..9, "within parentheses"),
        ("(a + b", 0..1, "not closed"),
        ("a + b) <= 3", 5..6, "does not belong"),
        ("a * / b <= 3", 4..5, "nothing to work on"),
        ("a <= 1__000", 5..11, "no number"),
        ("a <= 1e999", 5..10, "no number"),
        ("a <= 1.2.3", 5..10, "no number"),
        ("sin(a) <= 1", 0..3, "no function `sin`"),
        ("min(a) <= 1", 0..3, "two numbers or more"),
        ("log(a, 2) <= 1", 0..3, "takes one number"),
        ("a // 2 == 1", 2..4, "no `//`"),
        ("a <= $b", 5..6, "does not belong"),
        ("a <= \u{e9}\"", 7..8, "does not belong"),
        ("a\0 <= 1", 1..2, "does not belong"),
    ] {
        let error = text.parse::<Requirement>().expect_err(text);
        assert!(error.message().contains(message), "{text}: {error}");
        assert_eq!(error.at(), at, "{text}: {error}");
        assert!(!error.help().unwrap().is_empty());
    }
    let deep = format!("{}a{} <= 1", "(".repeat(400), ")".repeat(400));
    assert!(deep.parse::<Requirement>().unwrap_err().message().contains("too deeply"));
    assert!("a < 1".repeat(201).parse::<Requirement>().unwrap_err().message().contains("at most 1000"));
}

#[test]
fn it_is_shown_in_one_form_and_read_back() {
    for (text, shown) in [
        ("width*batch_size<=200_000", "width * batch_size <= 200000"),
        ("((a)) - (b - (c)) >= 1e3", "a - (b - c) >= 1000"),
        ("(a*b)/(c*d) < 1", "a * b / (c * d) < 1"),
        ("(-a)^2 == -(a^2)", "(-a)^2 == -a^2"),
        ("(a^b)^c > a**(b^c)", "(a^b)^c > a^b^c"),
        ("-(a*b) < 2^(-a)", "-(a * b) < 2^-a"),
        ("min( a,b , 1e-9) > 0", "min(a, b, 1e-9) > 0"),
        ("1 < a < b", "1 < a < b"),
    ] {
        assert_eq!(requirement(text).to_string(), shown);
        let json = serde_json::to_string(&requirement(text)).unwrap();
        assert_eq!(serde_json::from_str::<Requirement>(&json).unwrap(), requirement(text));
    }
}

#[test]
fn what_holds_everywhere_or_nowhere_is_told_from_the_ends() {
    let of = |name: &str| match name {
        "a" => Some((1.0, 4.0)),
        "b" => Some((-2.0, 3.0)),
        _ => None,
    };
    for (text, verdict) in [
        ("a <= 5", Some(true)),
        ("a <= 4", Some(true)),
        ("a < 1", Some(false)),
        ("a < 4", None),
        ("4 > a", None),
        ("4 >= a", Some(true)),
        ("a > 4", Some(false)),
        ("a == 4", None),
        ("a < 0.9", Some(false)),
        ("a * b <= 13", Some(true)),
        ("a * b > 12.1", Some(false)),
        ("b / a >= -2.1", Some(true)),
        ("a / b >= -2.1", None),
        ("sqrt(a) + abs(b) <= 5.1", Some(true)),
        ("min(a, b) >= 3.1", Some(false)),
        ("max(a, b) >= 0.9", Some(true)),
        ("a^2 >= 16.1", Some(false)),
        ("a == 5", Some(false)),
        ("0 < a < 5", Some(true)),
        ("2 < b < 0.5", None),
        ("c < 1", None),
        ("log2(a) - 2.1 < 0", Some(true)),
        ("a % 2 < 2.1", Some(true)),
    ] {
        assert_eq!(requirement(text).verdict(of), verdict, "{text}");
    }
}

#[test]
fn requirements_that_exclude_each_other_are_proven_to() {
    let empty = |texts: &[&str]| {
        let all: Vec<Requirement> = texts.iter().map(|text| requirement(text)).collect();
        let extents = [("a", (0.0, 1.0)), ("b", (1.0, 4096.0)), ("c", (1.0, 1024.0))];
        Requirement::none_keeps_all(&all.iter().collect::<Vec<_>>(), &extents)
    };
    assert!(empty(&["a <= 0.3", "a >= 0.7"]));
    assert!(empty(&["a * b > 3000", "b < 2000"]));
    assert!(empty(&["b * c <= 1000", "b > 100", "c > 20"]));
    assert!(!empty(&["a <= 0.3", "a >= 0.3"]));
    assert!(!empty(&["b * c <= 1000", "b > 100", "c > 9"]));
    assert!(!empty(&["a > 0.5"]));
    assert!(!empty(&["log(a - 1) < 2", "1 / (a - a) < 1"]), "what is not certain is not said");
}

/// Texts that may be requirements.
fn written() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a", "b", "c", "0", "1", "2.5", "1e-3", "200_000", "(", ")", "+", "-", "*", "/", "%", "^", "**", "<=", "<",
        ">=", ">", "==", ",", "min(", "log(", "sqrt(", "abs(", "-(", "é", "=", "\"", " ",
    ]);
    prop::collection::vec(word, 0..24).prop_map(|words| words.concat())
}

fn tree() -> impl Strategy<Value = Expression> {
    let leaf = prop_oneof![
        (0.0..1e9f64).prop_map(Expression::Number),
        prop::sample::select(vec!["a", "b", "c"]).prop_map(|name| Expression::Parameter(name.to_owned())),
    ];
    leaf.prop_recursive(6, 40, 3, |inner| {
        use expression::{Function, Operator};
        let operator = prop::sample::select(vec![
            Operator::Add,
            Operator::Subtract,
            Operator::Multiply,
            Operator::Divide,
            Operator::Remainder,
            Operator::Power,
        ]);
        let function = prop::sample::select(Function::ALL.to_vec());
        prop_oneof![
            inner.clone().prop_map(|e| Expression::Negative(Box::new(e))),
            (operator, inner.clone(), inner.clone()).prop_map(|(operator, a, b)| Expression::Binary(
                operator,
                Box::new(a),
                Box::new(b)
            )),
            (function, inner.clone(), inner).prop_map(|(function, a, b)| {
                Expression::Call(function, if function.is_of_many() { vec![a, b] } else { vec![a] })
            }),
        ]
    })
}

/// Somewhere in a range, often at its ends.
fn part() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0f64]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_and_nothing_worse(text in prop_oneof![written(), ".{0,60}"]) {
        match text.parse::<Requirement>() {
            Ok(read) => {
                prop_assert_eq!(&read.to_string().parse::<Requirement>().unwrap(), &read);
                let at = point(&[("a", 0.3), ("b", -7.0), ("c", 1e300)]);
                prop_assert_eq!(read.holds(&at), read.excess(&at) == 0.0);
            }
            Err(error) => {
                prop_assert!(text.get(error.at()).is_some(), "{:?} of {:?}", error.at(), text);
                prop_assert!(!error.message().is_empty() && !error.help().unwrap().is_empty());
            }
        }
    }

    #[test]
    fn any_tree_is_read_back_as_it_is_shown(a in tree(), b in tree()) {
        let whole = Requirement { first: a, rest: vec![(Relation::Below, b), (Relation::AtLeast, Expression::Parameter("a".into()))] };
        prop_assert_eq!(Requirement::try_from(whole.to_string()).unwrap(), whole);
    }

    /// What the ends say of a range is true within it.
    #[test]
    fn a_verdict_is_kept_at_every_point(
        left in tree(), right in tree(),
        ends in [(-5.0..5.0f64, 0.0..5.0f64), (0.1..3.0f64, 0.0..5.0f64), (-9.0..0.0f64, 0.0..9.0f64)],
        at in [part(), part(), part()],
        relation in prop::sample::select(vec![
            Relation::AtMost, Relation::Below, Relation::AtLeast, Relation::Above, Relation::Equal,
        ]),
    ) {
        let whole = Requirement { first: left, rest: vec![(relation, right)] };
        let index = |name: &str| ["a", "b", "c"].iter().position(|n| *n == name);
        let verdict = whole.verdict(|name| index(name).map(|i| (ends[i].0, ends[i].0 + ends[i].1)));
        let values = ["a", "b", "c"].iter().enumerate().map(|(i, name)| (*name, ends[i].0 + at[i] * ends[i].1));
        if let Some(verdict) = verdict {
            prop_assert_eq!(whole.holds(&values.collect()), verdict, "{}", whole);
        }
    }
}
