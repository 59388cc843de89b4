//! What can be wrong with data.

/// Why a dataset or a split cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A name that no dataset has.
    #[error("there is no dataset `{name}` (there is: {})", .known.join(", "))]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// Arrays whose sizes or values contradict each other.
    #[error("dataset `{name}`: {reason}")]
    Invalid {
        /// The dataset.
        name: String,
        /// What contradicts what.
        reason: String,
    },
    /// Shares that leave one of the three parts empty.
    #[error(
        "a split of {samples} samples with {validation} of each class for validation and {test} for the test leaves \
         the {part} part empty; shares must be above 0 and below 1 together, with at least three samples"
    )]
    Split {
        /// How many samples there are.
        samples: usize,
        /// The share for validation.
        validation: f64,
        /// The share for the test.
        test: f64,
        /// The part without samples.
        part: &'static str,
    },
}
