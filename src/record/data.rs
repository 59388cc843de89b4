//! What the trainer's data were taken for.

use serde::{Deserialize, Serialize};

/// A data set as it was understood when a session began: bounded, however many classes and columns it has.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DataSeen {
    /// Its name, or the path in the study file.
    pub name: String,
    /// How many samples are used.
    pub samples: usize,
    /// Channels, rows and columns of one sample; of a table 1, 1 and how many numbers its columns become.
    pub shape: Vec<usize>,
    /// `classification` or `regression`.
    pub task: String,
    /// The column that is predicted, if it is a table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<LabelSeen>,
    /// The classes with their numbers of samples, the first [`MOST_CLASSES`](Self::MOST_CLASSES) of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassSeen>,
    /// How many classes there are; 0 where numbers are predicted.
    pub classes_in_all: usize,
    /// The numbers that are predicted, if they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<ValuesSeen>,
    /// How the samples are divided: every way that the study may take.
    pub parts: Vec<PartsSeen>,
    /// The columns of a table, the first [`MOST_COLUMNS`](Self::MOST_COLUMNS) of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnSeen>,
    /// How many columns there are beside the label.
    pub columns_in_all: usize,
    /// What was left out, and what is worth a look.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl DataSeen {
    /// So many classes are named.
    pub const MOST_CLASSES: usize = 50;
    /// So many columns are named.
    pub const MOST_COLUMNS: usize = 200;
}

/// The column of a table that is predicted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelSeen {
    /// What it is called.
    pub column: String,
    /// Why it is this one.
    pub because: String,
    /// Why it is told as classes, or as numbers.
    pub task_because: String,
}

/// One class.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ClassSeen {
    /// What it is called; its number, if it has no name.
    pub name: String,
    /// How many samples of it there are.
    pub samples: usize,
}

/// The numbers that are predicted.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ValuesSeen {
    /// The smallest.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Their mean.
    pub mean: f64,
}

/// How many samples are for what.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PartsSeen {
    /// Such as `60-20-20`, or `given`.
    pub partition: String,
    /// Samples to train on.
    pub train: usize,
    /// Samples to compare configurations by.
    pub validation: usize,
    /// Samples of the final test.
    pub test: usize,
}

/// A column of a table, and how many texts it is one of; 0 for a column of numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ColumnSeen {
    /// What it is called.
    pub name: String,
    /// How many different texts it has, each of which becomes a number that is 1 or 0; 0 for a column of numbers, which stay.
    pub texts: usize,
}
