//! Every key that a study file may have: what the parser reads, and what is told of it.
//!
//! The parser knows no key that is not in these tables, so that none is read of which nothing is said. The page of the
//! book, `optimize help study-file` and the manual page are made from them.

mod energy;
#[cfg(test)]
mod page;
mod running;
mod searching;
mod shown;
mod study;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::training::{SETTINGS, Setting};

pub(super) use energy::{CARBON, COOL_DOWN, ENERGY};
pub(super) use running::{COMMAND, ENV, TRAIN};
pub(super) use searching::{
    CONSTRAINT, FORBID, FORBIDDEN_RANGE, OBJECTIVE, PARAMETER, PREFERENCE, PREFERRED, PRIOR, REQUIRE, SPACE, START,
    WHEN,
};
pub use shown::Shown;
pub(super) use study::{BUDGET, SAMPLER, TOP, TRIAL};

/// All tables of a study file, in the order in which they are told.
pub static TABLES: &[&Table] = &[
    &TOP,
    &BUDGET,
    &OBJECTIVE,
    &CONSTRAINT,
    &PREFERENCE,
    &PREFERRED,
    &SPACE,
    &PARAMETER,
    &WHEN,
    &PRIOR,
    &START,
    &FORBID,
    &FORBIDDEN_RANGE,
    &REQUIRE,
    &SAMPLER,
    &COMMAND,
    &ENV,
    &TRAIN,
    &TRIAL,
    &ENERGY,
    &COOL_DOWN,
    &CARBON,
];

/// A table of a study file, or a kind of table.
#[derive(Debug, PartialEq)]
pub struct Table {
    /// How it is asked for, such as `budget`.
    pub name: &'static str,
    /// How it is called, such as `[budget]`.
    pub title: &'static str,
    /// What it is for, in a paragraph each. Code is in backticks, as in Markdown.
    pub about: &'static [&'static str],
    /// An example of the whole, as TOML.
    pub example: &'static str,
    /// Its keys.
    pub keys: &'static [Key],
    /// Further keys that it may have.
    pub names: Names,
    /// What becomes of a study when a key of it, of [`Names`] too, changes.
    pub change: Change,
}

/// Keys that a table may have besides those that are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// None.
    Closed,
    /// Names that the user chooses, or has chosen elsewhere: what they are.
    Open(&'static str),
    /// The settings of the trainer: [`SETTINGS`].
    Settings,
}

/// One key of a table.
#[derive(Debug, PartialEq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it can be.
    pub values: Values,
    /// What holds where it is left out.
    pub default: Preset,
    /// What it is, in one sentence.
    pub about: &'static str,
    /// What else is to be known, in a paragraph each.
    pub more: &'static [&'static str],
    /// The key with a value, as TOML.
    pub example: &'static str,
    /// What becomes of a study when it changes; that of its table, if `None`.
    pub change: Option<Change>,
}

/// What a key can be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Values {
    /// One of these words, each with its meaning.
    Words(&'static [(&'static str, &'static str)]),
    /// A whole number from `low` to `high`, both included; [`i64::MAX`] is no limit.
    Whole {
        /// Smallest number.
        low: i64,
        /// Largest number.
        high: i64,
    },
    /// A number from `low` to `high`, both included.
    Number {
        /// Smallest number.
        low: f64,
        /// Largest number.
        high: f64,
        /// The unit, with a blank before it, or nothing.
        unit: &'static str,
    },
    /// A number above zero, up to this one.
    Above0 {
        /// Largest number.
        high: f64,
        /// The unit, with a blank before it, or nothing.
        unit: &'static str,
    },
    /// A duration from `low` to `high` seconds.
    Duration {
        /// Shortest, in seconds.
        low: f64,
        /// Longest, in seconds.
        high: f64,
        /// What may stand in its place, or nothing.
        or: &'static str,
    },
    /// True or false.
    Truth,
    /// A section, or several, which have a table of their own here.
    Section(&'static str),
    /// Something else, in words.
    Other(&'static str),
}

/// What holds where a key is left out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Preset {
    /// Nothing: it must be given.
    Needed,
    /// This value, as TOML.
    Value(&'static str),
    /// What these words say.
    Words(&'static str),
}

/// What becomes of a study when a key changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is another study, which its results folder refuses.
    OtherStudy,
    /// The study goes on.
    Free,
}

impl Table {
    /// The key of this name, if it is listed.
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&'static Key> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Whether the table may have such a key.
    #[must_use]
    pub fn reads(&self, name: &str) -> bool {
        self.key(name).is_some()
            || match self.names {
                Names::Closed => false,
                Names::Open(_) => true,
                Names::Settings => Setting::find(name).is_ok(),
            }
    }

    /// All names that are listed, the settings of the trainer too.
    pub fn known(&self) -> impl Iterator<Item = &'static str> + Clone {
        let settings: &[Setting] = if self.names == Names::Settings { SETTINGS } else { &[] };
        settings.iter().map(|setting| setting.name).chain(self.keys.iter().map(|key| key.name))
    }
}

/// The tables that have such a key, in words: `[budget] or [energy]`; nothing if there is none besides `but`.
pub(super) fn homes(key: &str, but: &Table) -> Option<String> {
    let titles = TABLES.iter().filter(|table| **table != but && !matches!(table.names, Names::Open(_)));
    let titles: Vec<&str> = titles.filter(|table| table.reads(key)).map(|table| table.title).collect();
    match titles[..] {
        [] => None,
        [one] if one == TOP.title => Some("at the top of the file, before the first section".to_owned()),
        _ => Some(format!("in {}", titles.join(" or "))),
    }
}

impl Key {
    /// What becomes of a study when it changes, in this table.
    #[must_use]
    pub fn change_in(&self, table: &Table) -> Change {
        self.change.unwrap_or(table.change)
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => {
                let quoted: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                f.write_str(&listed(&quoted))
            }
            Self::Whole { low: 0, high: i64::MAX } => f.write_str("a whole number from 0 on"),
            Self::Whole { low, high: i64::MAX } => write!(f, "at least {low}"),
            Self::Whole { low, high } => write!(f, "from {low} to {high}"),
            Self::Number { low, high, unit } if *high >= f64::MAX => write!(f, "at least {low}{unit}"),
            Self::Number { low, high, unit } => write!(f, "from {low} to {high}{unit}"),
            Self::Above0 { high, unit } if *high >= f64::MAX => write!(f, "above zero{unit}"),
            Self::Above0 { high, unit } => write!(f, "above zero and at most {high}{unit}"),
            Self::Duration { low, high, or } => {
                let show = super::quantity::show_duration;
                write!(f, "from {} to {}{or}", show(*low), show(*high))
            }
            Self::Truth => f.write_str("true or false"),
            Self::Section(words) | Self::Other(words) => f.write_str(words),
        }
    }
}

impl Values {
    /// The same with what kind of value it is, for people who do not see the key.
    #[must_use]
    pub fn describe(&self) -> String {
        let kind = match self {
            Self::Words(_)
            | Self::Truth
            | Self::Section(_)
            | Self::Other(_)
            | Self::Whole { low: 0, high: i64::MAX } => return self.to_string(),
            Self::Whole { .. } => "a whole number",
            Self::Number { .. } | Self::Above0 { .. } => "a number",
            Self::Duration { .. } => "a duration such as \"90s\", \"30m\", \"1h30m\" or \"2d\"",
        };
        format!("{kind}, {self}")
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Needed => f.write_str("must be given"),
            Self::Value(value) => f.write_str(value),
            Self::Words(words) => f.write_str(words),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OtherStudy => "another study",
            Self::Free => "the study goes on",
        })
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// A key as most are: with a sentence, and the change of its table.
const fn key(name: &'static str, values: Values, default: Preset, example: &'static str, about: &'static str) -> Key {
    Key { name, values, default, about, more: &[], example, change: None }
}

impl Key {
    const fn more(self, more: &'static [&'static str]) -> Self {
        Self { more, ..self }
    }

    const fn changes(self, change: Change) -> Self {
        Self { change: Some(change), ..self }
    }
}
