//! One key as it is told to people.

use super::{Change, Names, Table, Values};
use crate::training::{DefaultValue, Range, SETTINGS, Setting};

/// One key of a table, in words.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its name.
    pub name: &'static str,
    /// What it is, in a paragraph each.
    pub about: Vec<String>,
    /// What it can be.
    pub values: String,
    /// Whether it is a section of its own.
    pub is_section: bool,
    /// The words that it can be, each with its meaning; empty for other keys.
    pub words: Vec<(&'static str, &'static str)>,
    /// What holds where it is left out.
    pub default: String,
    /// What becomes of a study when it changes.
    pub change: Change,
    /// The key with a value, as TOML; empty where the default says enough.
    pub example: &'static str,
}

/// What the defaults of settings are that depend on the data.
const BY_THE_DATA: [(&str, &str); 6] = [
    ("label", "the column called `label`, `target` or `class`, or else the last"),
    ("task", "by the column"),
    ("samples", "all"),
    ("image_size", "as the images are"),
    ("partition", "`given` if the publisher names a test part, else `60-20-20`"),
    ("preprocessing", "`standardize` for tables, `none` for images"),
];

impl Table {
    /// Its keys in words, and the settings of the trainer behind those of `[train]`.
    #[must_use]
    pub fn shown(&self) -> Vec<Shown> {
        let keys = self.keys.iter().map(|key| Shown {
            name: key.name,
            about: std::iter::once(key.about).chain(key.more.iter().copied()).map(str::to_owned).collect(),
            values: key.values.describe(),
            is_section: matches!(key.values, Values::Section(_)),
            words: if let Values::Words(words) = key.values { words.to_vec() } else { Vec::new() },
            default: key.default.to_string(),
            change: key.change_in(self),
            example: key.example,
        });
        let settings: &[Setting] = if self.names == Names::Settings { SETTINGS } else { &[] };
        keys.chain(settings.iter().map(of_setting)).collect()
    }
}

fn of_setting(setting: &'static Setting) -> Shown {
    let about = format!("{}.", capital(setting.description));
    let only = setting.condition.map(|c| format!("Only where `{}` is {}.", c.on, or(c.values)));
    let fixed = (!setting.searchable).then(|| "It cannot be searched.".to_owned());
    Shown {
        name: setting.name,
        about: vec![[Some(about), only, fixed].into_iter().flatten().collect::<Vec<_>>().join(" ")],
        values: match setting.range {
            Range::Names(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                super::listed(&quoted)
            }
            range => range.to_string(),
        },
        is_section: false,
        words: Vec::new(),
        default: match (setting.default, setting.default.value()) {
            (DefaultValue::None, _) => "must be given".to_owned(),
            (_, Some(value)) => value.to_toml(),
            (_, None) => {
                let by_the_data = BY_THE_DATA.iter().find(|(name, _)| *name == setting.name);
                by_the_data.map_or("none", |(_, words)| *words).to_owned()
            }
        },
        change: Change::OtherStudy,
        example: "",
    }
}

fn or(names: &[&str]) -> String {
    super::listed(&names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>())
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_by_the_data_is_said_in_words() {
        let absent = SETTINGS.iter().filter(|setting| setting.default == DefaultValue::Absent);
        let absent: Vec<&str> = absent.map(|setting| setting.name).collect();
        assert_eq!(absent, BY_THE_DATA.map(|(name, _)| name));
    }
}
