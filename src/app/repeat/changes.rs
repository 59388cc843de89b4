//! Settings that are otherwise than in a trial of the study.

use std::collections::BTreeMap;

use crate::app::AppError;
use crate::optimizer::space::Value;
use crate::training::{Range, Recipe, SETTINGS};

/// A value as somebody writes it: a whole number, a number, or else a word.
pub(crate) fn value_of(text: &str) -> Value {
    let whole = text.parse().ok().map(Value::Int);
    let number = || text.parse().ok().filter(|v: &f64| v.is_finite()).map(Value::Float);
    whole.or_else(number).unwrap_or_else(|| text.into())
}

/// A trial's settings with these changes. Settings that have no meaning any more go, unless they are among the changes.
pub(crate) fn applied(
    settings: &BTreeMap<String, Value>,
    changes: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, AppError> {
    let mut all = settings.clone();
    all.extend(changes.clone());
    for setting in SETTINGS {
        let Some(condition) = setting.condition else { continue };
        let default = || SETTINGS.iter().find(|s| s.name == condition.on).and_then(|s| s.default.value());
        let decider = all.get(condition.on).cloned().or_else(default);
        let has_meaning = decider.is_some_and(|v| v.as_str().is_some_and(|v| condition.values.contains(&v)));
        if !has_meaning && !changes.contains_key(setting.name) {
            all.remove(setting.name);
        }
    }
    Recipe::from_settings(all.iter().map(|(name, value)| (name.as_str(), value))).map_err(AppError::wrong)?;
    Ok(all)
}

/// The same, as the settings have them: 1e2 is a whole number where one is wanted, and 1 a number where any may be.
pub(crate) fn typed(changes: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let as_wanted = |(name, value): (String, Value)| {
        let range = SETTINGS.iter().find(|setting| setting.name == name).map(|setting| setting.range);
        let value = match (range, value) {
            (Some(Range::Int { .. }), Value::Float(v)) if v.fract() == 0.0 && v.abs() < 1e15 => {
                let whole = v as i64;
                Value::Int(whole)
            }
            (Some(Range::Float { .. }), Value::Int(v)) => Value::Float(v as f64),
            (_, value) => value,
        };
        (name, value)
    };
    changes.into_iter().map(as_wanted).collect()
}

/// A name for the folder of these changes, such as `epochs-100-optimizer-adam`. What is long or has letters that names of
/// files should not have is cut, and told apart by a number made of it.
pub(crate) fn name(changes: &BTreeMap<String, Value>) -> String {
    const MOST: usize = 80;
    let parts: Vec<String> = changes.iter().map(|(name, value)| format!("{name}-{value}")).collect();
    let whole = parts.join("-");
    let plain: String = whole
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' })
        .take(MOST)
        .collect();
    if plain == whole {
        plain
    } else {
        format!("{plain}-{:08x}", twox_hash::XxHash64::oneshot(0, whole.as_bytes()) as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings<const N: usize>(pairs: [(&str, Value); N]) -> BTreeMap<String, Value> {
        pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    #[test]
    fn values_are_what_they_look_like() {
        assert_eq!(value_of("3"), Value::Int(3));
        assert_eq!(value_of("1e-3"), Value::Float(1e-3));
        assert_eq!(value_of("adam"), Value::from("adam"));
        assert_eq!(value_of("nan"), Value::from("nan"));
    }

    #[test]
    fn settings_without_a_meaning_go_unless_they_are_asked_for() {
        let own = settings([("dataset", "digits".into()), ("optimizer", "sgd".into()), ("momentum", 0.9.into())]);
        let changed = applied(&own, &settings([("optimizer", "adam".into()), ("epochs", 30.into())])).unwrap();
        assert_eq!(
            changed,
            settings([("dataset", "digits".into()), ("optimizer", "adam".into()), ("epochs", 30.into())])
        );
        let both = settings([("optimizer", "adam".into()), ("momentum", 0.5.into())]);
        assert!(applied(&own, &both).unwrap_err().to_string().contains("has no meaning"));
        let unknown = applied(&own, &settings([("speed", 1.into())]));
        assert!(unknown.unwrap_err().to_string().contains("no training setting `speed`"));
    }

    #[test]
    fn folders_have_plain_names() {
        let changes = settings([("dataset", "../a b".into()), ("epochs", 100.into())]);
        let plain = name(&changes);
        assert!(plain.starts_with("dataset-.._a_b-epochs-100-"), "{plain}");
        let other = settings([("dataset", "../a_b".into()), ("epochs", 100.into())]);
        assert_ne!(name(&other), plain);
        assert_eq!(
            name(&settings([("epochs", 100.into()), ("optimizer", "adam".into())])),
            "epochs-100-optimizer-adam"
        );
        let long = settings([("dataset", "x".repeat(300).as_str().into())]);
        assert!(name(&long).len() < 100);
    }

    #[test]
    fn numbers_are_of_the_kind_that_the_setting_has() {
        let read = settings([("width", 1e2.into()), ("learning_rate", 1.into()), ("epochs", 1.5.into())]);
        let typed = typed(read);
        assert_eq!(typed, settings([("width", 100.into()), ("learning_rate", 1.0.into()), ("epochs", 1.5.into())]));
    }
}
