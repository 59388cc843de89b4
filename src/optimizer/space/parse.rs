//! Points as the user's own types, by serde.

use std::borrow::Cow;
use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::super::nearest::{did_you_mean, nearest};
use super::{Point, Value};

/// Why a point, or a value of it, is not of the type that is asked for.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A name that is no parameter.
    #[error("there is no parameter `{name}`")]
    Unknown {
        /// The name.
        name: String,
        /// What may have been meant, in words.
        advice: Option<String>,
    },
    /// A parameter that is inactive at this point, where a value is needed.
    #[error("parameter `{name}` is inactive at this point, and so has no value")]
    Inactive {
        /// The parameter.
        name: String,
    },
    /// A value that the type does not take.
    #[error("parameter `{name}` is {value}: {reason}")]
    Type {
        /// The parameter.
        name: String,
        /// Its value, in words.
        value: String,
        /// What the type takes instead.
        reason: String,
        /// What may have been meant, in words.
        advice: Option<String>,
    },
    /// A type that is not made of named fields.
    #[error("a point cannot become this type: {reason}")]
    Shape {
        /// Why.
        reason: String,
    },
}

impl ParseError {
    /// What helps, as a sentence; `None` where the message says it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Unknown { advice, .. } | Self::Type { advice, .. } => advice.clone().map(Cow::from),
            Self::Inactive { .. } => Some("ask for an `Option`, which is `None` there".into()),
            Self::Shape { .. } => Some("use a struct with a field for each parameter, or a map".into()),
        }
    }
}

impl Point {
    /// The point as a type of the user's, by serde: a struct with a field for each parameter, or a map.
    ///
    /// Fields of parameters that are not always active are `Option`s. Choices become strings, enums whose variants have the
    /// values' names (`#[serde(rename_all = "snake_case")]` and the like), or whatever their values are. Whole numbers stay
    /// whole, and fit or are an error. Parameters without a field are passed over, unless the type denies unknown fields. A
    /// field that is spelt nearly like a parameter which has no field is an error.
    ///
    /// ```
    /// use serde::Deserialize;
    /// use wattfront::optimizer::space::{Point, Value};
    ///
    /// #[derive(Deserialize)]
    /// struct Config {
    ///     optimizer: Kind,
    ///     width: usize,
    ///     momentum: Option<f64>,
    /// }
    ///
    /// #[derive(Debug, PartialEq, Deserialize)]
    /// #[serde(rename_all = "lowercase")]
    /// enum Kind {
    ///     Sgd,
    ///     Adam,
    /// }
    ///
    /// let point = Point::from_iter([("optimizer", Value::from("adam")), ("width", Value::from(64))]);
    /// let config: Config = point.parse()?;
    /// assert_eq!((config.optimizer, config.width, config.momentum), (Kind::Adam, 64, None));
    /// # Ok::<(), wattfront::optimizer::space::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// A [`ParseError`] that names the parameter, its value, and what the type takes.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ParseError> {
        self.parse_among(&[])
    }

    /// The value of one parameter in a type of the user's: a number, a `String`, an enum, an `Option` of these.
    ///
    /// # Errors
    /// A [`ParseError`] that names the parameter, its value, and what the type takes.
    pub fn value<T: DeserializeOwned>(&self, name: &str) -> Result<T, ParseError> {
        self.value_among(name, &[])
    }

    /// As [`parse`](Self::parse), where these are all parameters of the space.
    pub(in super::super) fn parse_among<T: DeserializeOwned>(&self, known: &[&str]) -> Result<T, ParseError> {
        T::deserialize(Parameters { point: self, known }).map_err(|fault| self.explain(fault, known))
    }

    /// As [`value`](Self::value), where these are all parameters of the space.
    pub(in super::super) fn value_among<T: DeserializeOwned>(
        &self,
        name: &str,
        known: &[&str],
    ) -> Result<T, ParseError> {
        let read = match self.get(name) {
            Some(value) => T::deserialize(One(value)),
            None if known.is_empty() || known.contains(&name) => T::deserialize(Absent),
            None => Err(ReadFault::Missing(name.to_owned())),
        };
        read.map_err(|fault| self.explain(fault.of(name, self.get(name)), known))
    }

    fn explain(&self, fault: ReadFault, known: &[&str]) -> ParseError {
        match fault {
            ReadFault::Missing(name) if known.contains(&name.as_str()) => ParseError::Inactive { name },
            ReadFault::Missing(name) => {
                let names: Vec<&str> = if known.is_empty() { self.names().collect() } else { known.to_vec() };
                ParseError::Unknown { advice: did_you_mean(&name, names), name }
            }
            ReadFault::Misspelt { field, parameter } => {
                ParseError::Unknown { name: field, advice: Some(format!("did you mean `{parameter}`?")) }
            }
            ReadFault::Stranger { name, fields } => ParseError::Type {
                value: self.get(&name).map_or_else(String::new, Value::to_toml),
                reason: "the type has no field of that name".to_owned(),
                advice: did_you_mean(&name, fields.iter().map(String::as_str)),
                name,
            },
            ReadFault::Value { name, value, reason, advice } => ParseError::Type { name, value, reason, advice },
            ReadFault::Other { reason, .. } => ParseError::Shape { reason },
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }
}

/// What serde finds, before it is known of which parameter.
#[derive(Debug)]
enum ReadFault {
    /// A field without a parameter that has a value.
    Missing(String),
    /// A field that is spelt nearly like a parameter.
    Misspelt { field: String, parameter: String },
    /// A parameter without a field.
    Stranger { name: String, fields: Vec<String> },
    /// A value that the type does not take.
    Value { name: String, value: String, reason: String, advice: Option<String> },
    /// Anything else, of whatever stands around it.
    Other { reason: String, advice: Option<String> },
}

impl ReadFault {
    /// The same, of this parameter.
    fn of(self, name: &str, value: Option<&Value>) -> Self {
        match (self, value) {
            (Self::Other { reason, advice }, Some(value)) => {
                Self::Value { name: name.to_owned(), value: value.to_toml(), reason, advice }
            }
            (Self::Other { .. }, None) => Self::Missing(name.to_owned()),
            (fault, _) => fault,
        }
    }
}

impl Display for ReadFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for ReadFault {}

impl de::Error for ReadFault {
    fn custom<T: Display>(message: T) -> Self {
        Self::Other { reason: message.to_string(), advice: None }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        let _ = found;
        Self::Other { reason: format!("expected {expected}"), advice: None }
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let reason = "the type has no such variant".to_owned();
        Self::Other { reason, advice: did_you_mean(variant, expected.iter().copied()) }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::Stranger { name: field.to_owned(), fields: expected.iter().map(|&field| field.to_owned()).collect() }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Missing(field.to_owned())
    }
}

/// A point as a map or a struct.
struct Parameters<'a> {
    point: &'a Point,
    known: &'a [&'a str],
}

impl<'de> Deserializer<'de> for Parameters<'_> {
    type Error = ReadFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_map(Fields { left: Box::new(self.point.iter()), value: None })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        let names: Vec<&str> = if self.known.is_empty() { self.point.names().collect() } else { self.known.to_vec() };
        // An `Option` whose name is misspelt would be `None` for ever, and nobody would know.
        let without_field = names.iter().copied().filter(|name| !fields.contains(name));
        for field in fields.iter().filter(|field| !names.contains(field)) {
            if let Some(parameter) = nearest(field, without_field.clone()) {
                return Err(ReadFault::Misspelt { field: (*field).to_owned(), parameter: parameter.to_owned() });
            }
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_some(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

struct Fields<'a> {
    left: Box<dyn Iterator<Item = (&'a str, &'a Value)> + 'a>,
    value: Option<(&'a str, &'a Value)>,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = ReadFault;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ReadFault> {
        self.value = self.left.next();
        let Some((name, _)) = self.value else { return Ok(None) };
        let key: StrDeserializer<'_, ReadFault> = name.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadFault> {
        match self.value.take() {
            Some((name, value)) => seed.deserialize(One(value)).map_err(|fault| fault.of(name, Some(value))),
            None => Err(de::Error::custom("a value was asked for before its key")),
        }
    }
}

/// One value.
struct One<'a>(&'a Value);

impl<'de> Deserializer<'de> for One<'_> {
    type Error = ReadFault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        match self.0 {
            Value::Bool(v) => visitor.visit_bool(*v),
            Value::Int(v) => visitor.visit_i64(*v),
            Value::Float(v) => visitor.visit_f64(*v),
            Value::Text(v) => visitor.visit_str(v),
            Value::None => visitor.visit_unit(),
            Value::List(values) => visitor.visit_seq(Elements(values.iter())),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        if *self.0 == Value::None { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_newtype_struct(self)
    }

    /// Numbers and truth values are variants by how they are written, such as `#[serde(rename = "16")]`.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadFault> {
        let name = self.0.to_string();
        let variant: StrDeserializer<'_, ReadFault> = name.as_str().into_deserializer();
        visitor.visit_enum(variant)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Elements<'a>(std::slice::Iter<'a, Value>);

impl<'de> SeqAccess<'de> for Elements<'_> {
    type Error = ReadFault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, ReadFault> {
        self.0.next().map(|value| seed.deserialize(One(value))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The value of a parameter that has none: an `Option` is `None`, all else an error.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = ReadFault;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, ReadFault> {
        Err(de::Error::custom("no value"))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadFault> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Sgd,
        Adam,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Batch {
        #[serde(rename = "16")]
        Small,
        #[serde(rename = "64")]
        Large,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Width(u8);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Config {
        rate: f64,
        epochs: u32,
        width: Width,
        optimizer: Kind,
        batch: Batch,
        amp: bool,
        layers: Vec<usize>,
        schedule: Option<String>,
        momentum: Option<f32>,
        #[serde(default)]
        verbose: bool,
    }

    fn point() -> Point {
        let layers: Value = vec![64, 32].into();
        [
            ("rate", Value::from(1e-3)),
            ("epochs", 5.into()),
            ("width", 64.into()),
            ("optimizer", "adam".into()),
            ("batch", 64.into()),
            ("amp", true.into()),
            ("layers", layers),
            ("schedule", Value::None),
        ]
        .into_iter()
        .collect()
    }

    const KNOWN: [&str; 9] = ["rate", "epochs", "width", "optimizer", "batch", "amp", "layers", "schedule", "momentum"];

    #[test]
    fn points_become_structs_maps_and_values() {
        let config: Config = point().parse_among(&KNOWN).unwrap();
        let expected = Config {
            rate: 1e-3,
            epochs: 5,
            width: Width(64),
            optimizer: Kind::Adam,
            batch: Batch::Large,
            amp: true,
            layers: vec![64, 32],
            schedule: None,
            momentum: None,
            verbose: false,
        };
        assert_eq!(config, expected);
        assert_eq!(point().parse::<Config>().unwrap(), expected);
        assert_eq!(point().parse::<BTreeMap<String, Value>>().unwrap().len(), point().len());
        assert_eq!(point().value::<usize>("epochs"), Ok(5));
        assert_eq!(point().value::<f64>("epochs"), Ok(5.0));
        assert_eq!(point().value::<Kind>("optimizer"), Ok(Kind::Adam));
        assert_eq!(point().value::<Option<f64>>("momentum"), Ok(None));
        assert_eq!(point().value_among::<Option<f64>>("momentum", &KNOWN), Ok(None));
    }

    fn whole<T: std::fmt::Debug>(read: Result<T, ParseError>) -> String {
        let error = read.unwrap_err();
        format!("{error} / {}", error.help().unwrap_or_default())
    }

    #[test]
    fn errors_name_the_parameter_its_value_and_the_type() {
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[expect(dead_code, reason = "never made")]
        struct Narrow {
            rates: f64,
        }
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "never made")]
        struct Misspelt {
            momentun: Option<f64>,
        }
        #[derive(Debug, Deserialize)]
        #[expect(dead_code, reason = "never made")]
        struct Needs {
            momentum: f64,
        }
        let mut wide = point();
        wide.insert("width", 256);
        wide.insert("optimizer", "sdg");
        for (said, expected) in [
            (whole(wide.value::<u8>("width")), "parameter `width` is 256: expected u8 / "),
            (whole(point().value::<usize>("rate")), "parameter `rate` is 0.001: expected usize / "),
            (whole(point().value::<f64>("optimizer")), "parameter `optimizer` is \"adam\": expected f64 / "),
            (
                whole(wide.value::<Kind>("optimizer")),
                "parameter `optimizer` is \"sdg\": the type has no such variant / did you mean `sgd`?",
            ),
            (
                whole(point().value_among::<f64>("epocs", &KNOWN)),
                "there is no parameter `epocs` / did you mean `epochs`?",
            ),
            (
                whole(point().value_among::<Option<f64>>("epocs", &KNOWN)),
                "there is no parameter `epocs` / did you mean `epochs`?",
            ),
            (
                whole(point().value_among::<f64>("momentum", &KNOWN)),
                "parameter `momentum` is inactive at this point, and so has no value / ask for an `Option`, which is `None` there",
            ),
            (
                whole(point().parse_among::<Needs>(&KNOWN)),
                "parameter `momentum` is inactive at this point, and so has no value / ask for an `Option`, which is `None` there",
            ),
            (
                whole(point().parse_among::<Misspelt>(&KNOWN)),
                "there is no parameter `momentun` / did you mean `momentum`?",
            ),
            (whole(point().parse::<Narrow>()), "there is no parameter `rates` / did you mean `rate`?"),
            (
                whole(wide.parse_among::<Config>(&KNOWN)),
                "parameter `optimizer` is \"sdg\": the type has no such variant / did you mean `sgd`?",
            ),
        ] {
            assert!(said.starts_with(expected), "{said}");
        }
        assert!(whole(point().parse::<f64>()).contains("cannot become this type: expected f64 / use a struct"));
        assert!(whole(point().value::<f64>("momentum")).starts_with("there is no parameter `momentum` / there are"));
    }
}
