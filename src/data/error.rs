//! What can be wrong with data.

use std::fmt;
use std::path::PathBuf;

use super::Partition;

/// Why a dataset or a split cannot be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// A name that no dataset has.
    #[error("there is no dataset `{name}` (there is: {}){}", .known.join(", "), can_fetch(.fetchable))]
    Unknown {
        /// The name.
        name: String,
        /// The names that there are.
        known: Vec<String>,
        /// The names that `optimize data fetch` would bring.
        fetchable: Vec<String>,
    },
    /// Arrays whose sizes or values contradict each other.
    #[error("dataset `{name}`: {reason}")]
    Invalid {
        /// The dataset.
        name: String,
        /// What contradicts what.
        reason: String,
    },
    /// A partition that cannot be.
    #[error(
        "the partition `{text}` cannot be: {reason}; say `given`, or training, validation and test in percent, for example `60-20-20`"
    )]
    Partition {
        /// As it was written.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// Shares that leave one of the three parts empty.
    #[error(
        "a split of {samples} samples by `{partition}` leaves the {part} part empty; take more samples or other shares"
    )]
    Split {
        /// How many samples there are.
        samples: usize,
        /// The shares.
        partition: Partition,
        /// The part without samples.
        part: &'static str,
    },
    /// A file that cannot be fetched.
    #[error("{address}: {problem}; {advice}")]
    Fetch {
        /// Where it was to come from.
        address: String,
        /// What went wrong.
        problem: String,
        /// What can be done.
        advice: String,
    },
    /// A file or folder that cannot be understood.
    #[error("{}{place}: {problem}; {advice}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// Where in it.
        place: DataPlace,
        /// What is wrong.
        problem: String,
        /// What can be done.
        advice: String,
    },
}

fn can_fetch(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!("; `optimize data fetch` brings {}", names.join(", ")) }
}

/// A place within a file or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
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

    #[test]
    fn a_fault_says_where_what_and_what_to_do() {
        let fault = |place| {
            let (problem, advice) = ("is wrong".to_owned(), "mend it".to_owned());
            DataError::File { path: "a/b.csv".into(), place, problem, advice }.to_string()
        };
        assert_eq!(fault(DataPlace::Whole), "a/b.csv: is wrong; mend it");
        assert_eq!(fault(DataPlace::Offset(16)), "a/b.csv, byte 16: is wrong; mend it");
        assert_eq!(fault(DataPlace::Line(3, None)), "a/b.csv, line 3: is wrong; mend it");
        assert_eq!(fault(DataPlace::Line(3, Some("age".into()))), "a/b.csv, line 3, column `age`: is wrong; mend it");
        assert_eq!(fault(DataPlace::Entry("x/1.png".into())), "a/b.csv, `x/1.png`: is wrong; mend it");
    }
}
