//! What is handed out to be evaluated.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::super::history::TrialId;
use super::super::space::{ParseError, Point};

/// A point to evaluate, and the id under which to tell the result.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingTrial {
    pub(super) id: TrialId,
    pub(super) seed: u64,
    pub(super) point: Point,
    /// The names of all parameters of the space.
    pub(super) names: Arc<[String]>,
}

impl PendingTrial {
    /// The trial's id.
    #[must_use]
    pub fn id(&self) -> TrialId {
        self.id
    }

    /// A seed for the trial's own randomness, below 2^31: it depends on the optimizer's seed and the trial's id alone.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The configuration to evaluate.
    #[must_use]
    pub fn point(&self) -> &Point {
        &self.point
    }

    /// The configuration as a type of the user's, by serde: see [`Point::parse`].
    ///
    /// # Errors
    /// A [`ParseError`] that names the parameter, its value, and what the type takes.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ParseError> {
        self.point.parse_among(&self.known())
    }

    /// The value of one parameter in a type of the user's, such as `trial.get::<usize>("epochs")?`. An `Option` is `None`
    /// where the parameter is inactive.
    ///
    /// # Errors
    /// A [`ParseError`] that names the parameter, its value, and what the type takes.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, ParseError> {
        self.point.value_among(name, &self.known())
    }

    fn known(&self) -> Vec<&str> {
        self.names.iter().map(String::as_str).collect()
    }
}
