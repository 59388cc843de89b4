//! What can be wrong with data.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;

use super::Partition;

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
        /// The names of those that [`Fetch`](super::Fetch) would bring (feature `cli`).
        fetchable: Vec<String>,
    },
    /// Arrays whose sizes or values contradict each other.
    #[error("dataset `{name}`: {reason}")]
    Invalid {
        /// The dataset.
        name: String,
        /// What contradicts what.
        reason: String,
        /// What can be done, if that is known.
        help: Option<String>,
    },
    /// A partition that cannot be.
    #[error("the partition `{text}` cannot be: {reason}")]
    Partition {
        /// As it was written.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// Shares that leave one of the three parts empty.
    #[error("a split of {samples} samples by `{partition}` leaves the {part} part empty")]
    Split {
        /// How many samples there are.
        samples: usize,
        /// The shares.
        partition: Partition,
        /// The part without samples.
        part: &'static str,
    },
    /// A file that cannot be fetched.
    #[error("{address}: {problem}")]
    Fetch {
        /// Where it was to come from.
        address: String,
        /// What went wrong.
        problem: String,
        /// What can be done.
        help: String,
    },
    /// A file or folder that cannot be understood.
    #[error("{}{place}: {problem}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Where in it.
        place: DataPlace,
        /// What is wrong.
        problem: String,
        /// What can be done.
        help: String,
    },
}

impl DataError {
    /// What to do about it, where that is known.
    #[must_use]
    pub fn help(&self) -> Option<Cow<'static, str>> {
        match self {
            Self::Unknown { fetchable, .. } if fetchable.is_empty() => None,
            Self::Unknown { fetchable, .. } => Some(format!("these can be fetched: {}", fetchable.join(", ")).into()),
            Self::Invalid { help, .. } => help.clone().map(Cow::Owned),
            Self::Partition { .. } => {
                Some("say `given`, or training, validation and test in percent, for example `60-20-20`".into())
            }
            Self::Split { .. } => Some("take more samples or other shares".into()),
            Self::Fetch { help, .. } | Self::File { help, .. } => Some(help.clone().into()),
        }
    }
}

/// A place within a file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataPlace {
    /// No place in particular.
    Whole,
    /// So many bytes after the beginning.
    Offset(u64),
    /// A line, counted from 1, and what its column is called, if one is meant.
    Line(u64, Option<String>),
    /// A file in an archive or folder, by its path in there.
    Entry(String),
}

impl fmt::Display for DataPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => Ok(()),
            Self::Offset(bytes) => write!(f, ", byte {bytes}"),
            Self::Line(line, None) => write!(f, ", line {line}"),
            Self::Line(line, Some(column)) => write!(f, ", line {line}, column `{column}`"),
            Self::Entry(entry) => write!(f, ", `{entry}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::testing::said;

    #[test]
    fn a_fault_says_where_what_and_what_to_do() {
        let fault = |place| {
            let (problem, help) = ("is wrong".to_owned(), "mend it".to_owned());
            said(&DataError::File { path: "a/b.csv".into(), place, problem, help })
        };
        assert_eq!(fault(DataPlace::Whole), "a/b.csv: is wrong; mend it");
        assert_eq!(fault(DataPlace::Offset(16)), "a/b.csv, byte 16: is wrong; mend it");
        assert_eq!(fault(DataPlace::Line(3, None)), "a/b.csv, line 3: is wrong; mend it");
        assert_eq!(fault(DataPlace::Line(3, Some("age".into()))), "a/b.csv, line 3, column `age`: is wrong; mend it");
        assert_eq!(fault(DataPlace::Entry("x/1.png".into())), "a/b.csv, `x/1.png`: is wrong; mend it");
    }
}
