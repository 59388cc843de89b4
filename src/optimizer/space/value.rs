//! One value of one parameter.

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The value of one parameter in one point.
///
/// Numbers keep their type: `Int(1)` and `Float(1.0)` are different values, also through JSON, where `None` is null and a list is an
/// array.
#[derive(Debug, Clone, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A truth value, only in choices.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A finite floating-point number.
    Float(f64),
    /// A name, only in choices.
    Text(String),
    /// No value at all, only in choices: `{ none = true }` in study files.
    None,
    /// Several values in their order, none of them a list or `None`; only in choices.
    List(Box<[Value]>),
}

impl Value {
    /// The number that this value is, or `None` for a truth value or a name.
    #[must_use]
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Int(v) => Some(*v as f64),
            Self::Float(v) => Some(*v),
            Self::Bool(_) | Self::Text(_) | Self::None | Self::List(_) => None,
        }
    }

    /// The whole number that this value is, or `None`.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Int(v) = self { Some(*v) } else { None }
    }

    /// The name that this value is, or `None`.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(v) = self { Some(v) } else { None }
    }

    /// Whether both are numbers, and the same: 16 and 16.0 are, 2^53 and 2^53 + 1 are not.
    #[must_use]
    pub fn is_same_number(&self, other: &Self) -> bool {
        self.number_order(other) == Some(Ordering::Equal)
    }

    /// Whether both are the same value, however their numbers are spelt; those of lists, too.
    #[must_use]
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::List(a), Self::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is_same(b)),
            _ => self == other || self.is_same_number(other),
        }
    }

    /// The order of two finite numbers, exact also where a float would round a whole number; `None` for anything else.
    #[must_use]
    pub fn number_order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Float(b)) => order(*a, *b),
            (Self::Float(a), Self::Int(b)) => order(*b, *a).map(Ordering::reverse),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            _ => None,
        }
    }

    /// Whether this is `Int` or `Float`.
    #[must_use]
    pub fn is_number(&self) -> bool {
        matches!(self, Self::Int(_) | Self::Float(_))
    }
}

/// For programs and for study files.
impl Value {
    /// The value as a program gets it in an argument or an environment variable; `None` where there is no value.
    ///
    /// Numbers are decimals without an exponent that read back as they were: at most 17 digits but for the zeros that place them, so
    /// 1e-300 has 302 characters. Whole floats keep their `.0`. Elements of a list stand between commas.
    #[must_use]
    pub fn plain(&self) -> Option<String> {
        Some(match self {
            Self::Bool(v) => v.to_string(),
            Self::Int(v) => v.to_string(),
            Self::Float(v) => decimal(*v),
            Self::Text(v) => v.clone(),
            Self::None => return None,
            Self::List(values) => {
                let words: Vec<String> = values.iter().filter_map(Self::plain).collect();
                words.join(",")
            }
        })
    }

    /// The value as a study file spells it: `1e-3`, `"adam"`, `[64, 64]` or `{ none = true }`.
    #[must_use]
    pub fn to_toml(&self) -> String {
        match self {
            Self::Bool(_) | Self::Int(_) | Self::Float(_) => self.to_string(),
            Self::Text(text) => quoted(text),
            Self::None => "{ none = true }".to_owned(),
            Self::List(values) => {
                let words: Vec<String> = values.iter().map(Self::to_toml).collect();
                format!("[{}]", words.join(", "))
            }
        }
    }
}

/// A finite number without an exponent, and with a point.
fn decimal(v: f64) -> String {
    let text = v.to_string();
    if text.contains('.') || !v.is_finite() { text } else { text + ".0" }
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '\n' => quoted += "\\n",
            '\t' => quoted += "\\t",
            '\r' => quoted += "\\r",
            c if c.is_control() => quoted += &format!("\\u{:04X}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

fn order(whole: i64, number: f64) -> Option<Ordering> {
    /// The first float that no `i64` reaches.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if number.is_nan() {
        return None;
    }
    if number >= BEYOND {
        return Some(Ordering::Less);
    }
    if number < -BEYOND {
        return Some(Ordering::Greater);
    }
    let cut = number.trunc() as i64;
    Some(whole.cmp(&cut).then_with(|| 0.0.partial_cmp(&number.fract()).unwrap_or(Ordering::Equal)))
}

/// The shortest form that reads back as the same value; names stand without quotation marks, lists such as `[64, 64]` in brackets,
/// and no value is `none`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(v) => write!(f, "{v}"),
            Self::Int(v) => write!(f, "{v}"),
            // `{:?}` keeps the ".0" of whole floats and switches to exponents for very small and very large ones.
            Self::Float(v) => write!(f, "{v:?}"),
            Self::Text(v) => f.write_str(v),
            Self::None => f.write_str("none"),
            Self::List(values) => {
                f.write_str("[")?;
                for (i, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if i == 0 { "" } else { ", " })?;
                }
                f.write_str("]")
            }
        }
    }
}

impl From<bool> for Value {
    fn from(v: bool) -> Self {
        Self::Bool(v)
    }
}

impl From<i64> for Value {
    fn from(v: i64) -> Self {
        Self::Int(v)
    }
}

impl From<i32> for Value {
    fn from(v: i32) -> Self {
        Self::Int(v.into())
    }
}

impl From<f64> for Value {
    fn from(v: f64) -> Self {
        Self::Float(v)
    }
}

impl From<&str> for Value {
    fn from(v: &str) -> Self {
        Self::Text(v.to_owned())
    }
}

/// Several values as one.
impl<V: Into<Self>> From<Vec<V>> for Value {
    fn from(values: Vec<V>) -> Self {
        Self::List(values.into_iter().map(Into::into).collect())
    }
}

impl From<String> for Value {
    fn from(v: String) -> Self {
        Self::Text(v)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_for_programs_have_no_exponent_and_read_back(v in proptest::num::f64::ANY.prop_filter("finite", |v| v.is_finite())) {
            let text = Value::Float(v).plain().unwrap();
            prop_assert!(text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == '.'), "{}", text);
            prop_assert_eq!(text.matches('.').count(), 1);
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), v.to_bits());
            let digits = text.replace(['-', '.'], "");
            prop_assert!(digits.trim_matches('0').len() <= 17, "{}", text);
        }
    }

    #[test]
    fn a_value_is_no_larger_than_a_text() {
        assert_eq!(size_of::<Value>(), size_of::<String>());
    }

    #[test]
    fn programs_get_plain_words() {
        for (value, word) in [
            (Value::from(-2.31e-5), "-0.0000231"),
            (1e-6.into(), "0.000001"),
            (1.0.into(), "1.0"),
            (100.0.into(), "100.0"),
            (1e22.into(), "10000000000000000000000.0"),
            (16.into(), "16"),
            (true.into(), "true"),
            ("a b".into(), "a b"),
            (vec![64, 64].into(), "64,64"),
            (vec![1e-6, 1.0].into(), "0.000001,1.0"),
            (Vec::<i64>::new().into(), ""),
        ] {
            assert_eq!(value.plain().as_deref(), Some(word));
        }
        assert_eq!(Value::None.plain(), None);
        assert_eq!(Value::from(1e-300).plain().map(|word| word.len()), Some(302));
    }

    #[test]
    fn values_go_through_json_and_into_study_files() {
        let list = Value::List([1.into(), 2.5.into(), "x\"".into(), true.into()].into());
        for (value, json, toml, shown) in [
            (Value::None, "null", "{ none = true }", "none"),
            (list, r#"[1,2.5,"x\"",true]"#, r#"[1, 2.5, "x\"", true]"#, r#"[1, 2.5, x", true]"#),
            (Value::List(Box::default()), "[]", "[]", "[]"),
            (Value::Float(1e-6), "1e-6", "1e-6", "1e-6"),
        ] {
            assert_eq!(serde_json::to_string(&value).unwrap(), json);
            assert_eq!(serde_json::from_str::<Value>(json).unwrap(), value);
            assert_eq!((value.to_toml().as_str(), value.to_string().as_str()), (toml, shown));
        }
        assert!(serde_json::from_str::<Value>("{}").is_err());
    }
}
