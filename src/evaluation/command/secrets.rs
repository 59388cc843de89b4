//! What a program is told and nobody else: values of environment variables that the study file calls secret.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

use super::CommandLine;
use crate::guard::redact::Redactor;
use crate::guard::secret::{SHORTEST, redacted, redacted_begin, told};

/// The values of secrets, for as long as a trial is started and heard. They are shown by nothing.
#[derive(Clone, Default)]
pub struct Secrets {
    by_name: BTreeMap<String, String>,
    /// Values in the study file itself that are secret by their names.
    undeclared: Vec<String>,
}

/// Why a secret cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The variable is not set, or is empty.
    #[error("`{name}` of `secrets` in [command] is not in the environment")]
    Missing {
        /// The variable.
        name: String,
    },
    /// It is not UTF-8, or holds what an argument cannot.
    #[error("`{name}` of `secrets` in [command] holds bytes that are no text")]
    NoText {
        /// The variable.
        name: String,
    },
    /// It could not be told from other words where it must be kept out.
    #[error(
        "`{name}` of `secrets` in [command] has fewer than {SHORTEST} characters, too few to be kept out of messages"
    )]
    Short {
        /// The variable.
        name: String,
    },
}

impl SecretError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        Some(match self {
            Self::Missing { name } => {
                format!("set it where you start optimize, such as by `read -rs {name}; export {name}`").into()
            }
            Self::NoText { .. } => "set it to a text in UTF-8".into(),
            Self::Short { .. } => "take a longer one; what is no secret needs no place there".into(),
        })
    }
}

impl Secrets {
    /// Those of a command line, by the environment that `variable` tells of.
    ///
    /// # Errors
    /// A [`SecretError`] for the first that is not there, or cannot be kept secret.
    pub fn of(line: &CommandLine, variable: impl Fn(&str) -> Option<OsString>) -> Result<Self, SecretError> {
        let mut by_name = BTreeMap::new();
        for name in &line.secrets {
            let own = || name.clone();
            let value = variable(name).filter(|v| !v.is_empty()).ok_or_else(|| SecretError::Missing { name: own() })?;
            let value = value.into_string().map_err(|_| SecretError::NoText { name: own() })?;
            if value.trim().chars().count() < SHORTEST {
                return Err(SecretError::Short { name: own() });
            }
            by_name.insert(own(), value);
        }
        let argv: Vec<String> = line.argv.iter().map(|template| template.source().to_owned()).collect();
        let pairs: Vec<String> = line.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let undeclared = told(&argv).into_iter().chain(pairs.iter().flat_map(|pair| told(std::slice::from_ref(pair))));
        Ok(Self { by_name, undeclared: undeclared.collect() })
    }

    /// The value of a secret.
    #[must_use]
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.by_name.get(name).map(String::as_str)
    }

    fn values(&self) -> impl Iterator<Item = &str> {
        self.by_name.values().chain(&self.undeclared).map(String::as_str)
    }

    /// Takes them out of text that comes in pieces.
    pub(in crate::evaluation) fn redactor(&self) -> Redactor {
        Redactor::new(self.values())
    }

    /// Such values.
    #[cfg(test)]
    pub(in crate::evaluation) fn of_values<'a>(values: impl IntoIterator<Item = &'a str>) -> Self {
        let by_name = values.into_iter().map(|value| (value.to_owned(), value.to_owned())).collect();
        Self { by_name, undeclared: Vec::new() }
    }

    /// The text without any of them.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        redacted(text, self.values())
    }

    /// The begin of a text that was cut off there, without any of them, and without the begin of one at its end.
    pub(in crate::evaluation) fn redact_begin(&self, begin: &str) -> String {
        redacted_begin(begin, self.values())
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_name.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Template;
    use super::*;

    fn line(argv: &[&str], secrets: &[&str]) -> CommandLine {
        CommandLine {
            argv: argv.iter().map(|text| Template::parse(text).unwrap()).collect(),
            cwd: None,
            env: [("DB_PASSWORD".to_owned(), "hunter22".to_owned())].into(),
            secrets: secrets.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn values_are_taken_from_the_environment_and_shown_nowhere() {
        let line = line(&["./train", "--token={API}", "--key", "--api-key=other-one"], &["API"]);
        let secrets = Secrets::of(&line, |name| (name == "API").then(|| "s3cr3t".into())).unwrap();
        assert_eq!(secrets.get("API"), Some("s3cr3t"));
        assert!(!format!("{secrets:?}").contains("s3cr3t"));
        let said = secrets.redact("usage: --token=s3cr3t --api-key=other-one hunter22 1 2");
        assert_eq!(said, "usage: --token=(not shown) --api-key=(not shown) (not shown) 1 2");
    }

    #[test]
    fn what_cannot_be_kept_secret_is_refused() {
        let of = |value: Option<&str>| Secrets::of(&line(&["./train"], &["API"]), |_| value.map(OsString::from));
        for (value, said) in
            [(None, "not in the environment"), (Some(""), "not in the environment"), (Some("abc"), "fewer than 4")]
        {
            assert!(of(value).unwrap_err().to_string().contains(said));
        }
        assert!(of(Some("abcd")).is_ok());
    }
}
