//! Samples and their targets as plain arrays.

use super::{DataError, FeatureColumn, Features, Targets, Task};

/// The size of one sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Colour channels: 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl Shape {
    /// That of a row of a table with so many columns: `1 x 1 x columns`.
    #[must_use]
    pub fn of_columns(columns: usize) -> Self {
        Self { channels: 1, height: 1, width: columns }
    }

    /// Whether it has rows and columns, so that neighbours mean something.
    #[must_use]
    pub fn is_image(&self) -> bool {
        self.height > 1 && self.width > 1
    }

    /// How many numbers one sample has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channels.saturating_mul(self.height).saturating_mul(self.width)
    }

    /// Whether a sample has no numbers at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `n` samples: features `n x (channels, height, width)`, and one class or one value to be predicted for each.
///
/// ```
/// use wattfront::data::{Dataset, Shape};
///
/// let shape = Shape { channels: 1, height: 1, width: 2 };
/// let pairs = Dataset::new("pairs", shape, vec![0.0, 1.0, 1.0, 0.0], vec![0, 1], 2)?;
/// assert_eq!(pairs.len(), 2);
/// # Ok::<(), wattfront::data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    name: String,
    shape: Shape,
    features: Features,
    targets: Targets,
    class_names: Vec<String>,
    columns: Vec<FeatureColumn>,
    validation_from: Option<usize>,
    test_from: Option<usize>,
    label: Option<Label>,
    attribution: String,
    notes: Vec<String>,
    otherwise: Vec<String>,
}

/// The column of a table that is predicted, and why it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// What it is called.
    pub column: String,
    /// Why this column: `named by `label`` and the like.
    pub because: String,
    /// Why as classes, or as numbers.
    pub task_because: String,
}

impl Dataset {
    /// Checks arrays and makes a dataset of them. `features` holds sample after sample, each channel by channel and row
    /// by row; `labels` are below `classes`.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the data are empty, the arrays' lengths do not fit each other, or a feature is not
    /// finite. Also if a label is not below `classes`, or there are fewer than two classes.
    pub fn new(
        name: impl Into<String>,
        shape: Shape,
        features: Vec<f32>,
        labels: Vec<u32>,
        classes: usize,
    ) -> Result<Self, DataError> {
        Self::from_parts(name, shape, Features::Floats(features), Targets::Classes { labels, classes })
    }

    /// The same for features from 0 to 1 in bytes: a byte `b` means `b / 255`.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_bytes(
        name: impl Into<String>,
        shape: Shape,
        features: Vec<u8>,
        labels: Vec<u32>,
        classes: usize,
    ) -> Result<Self, DataError> {
        Self::from_parts(name, shape, Features::Bytes(features), Targets::Classes { labels, classes })
    }

    /// The same for real values to be predicted.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the data are empty, the arrays' lengths do not fit each other, or a number is not
    /// finite. Also if all values are equal, so that there is nothing to predict.
    pub fn regression(
        name: impl Into<String>,
        shape: Shape,
        features: Vec<f32>,
        values: Vec<f32>,
    ) -> Result<Self, DataError> {
        Self::from_parts(name, shape, Features::Floats(features), Targets::Values(values))
    }

    /// The same for any features and targets.
    ///
    /// # Errors
    /// As [`new`](Self::new) and [`regression`](Self::regression).
    pub fn from_parts(
        name: impl Into<String>,
        shape: Shape,
        features: Features,
        targets: Targets,
    ) -> Result<Self, DataError> {
        let name = name.into();
        let invalid = |reason: String| Err(DataError::Invalid { name: name.clone(), reason, help: None });
        if targets.is_empty() || shape.is_empty() {
            return invalid("there are no samples, or they have no features".to_owned());
        }
        if targets.len().checked_mul(shape.len()) != Some(features.len()) {
            let (n, d, all) = (targets.len(), shape.len(), features.len());
            return invalid(format!("{n} targets and {d} features per sample do not fit {all} features in all"));
        }
        match &targets {
            Targets::Classes { classes, .. } if *classes < 2 => {
                return invalid(format!("a classification needs at least two classes, not {classes}"));
            }
            Targets::Classes { labels, classes } => {
                if let Some(label) = labels.iter().find(|l| **l as usize >= *classes) {
                    return invalid(format!("the label {label} is not below the number of classes, {classes}"));
                }
            }
            Targets::Values(values) => {
                if let Some(at) = values.iter().position(|v| !v.is_finite()) {
                    return invalid(format!("the value of sample {at} is not a finite number"));
                }
                if values.iter().all(|v| *v == values[0]) {
                    return invalid(format!("all values are {}, so there is nothing to predict", values[0]));
                }
            }
        }
        if let Features::Floats(floats) = &features
            && let Some(at) = floats.iter().position(|f| !f.is_finite())
        {
            return invalid(format!("a feature of sample {} is not a finite number", at / shape.len()));
        }
        Ok(Self {
            name,
            shape,
            features,
            targets,
            class_names: Vec::new(),
            columns: Vec::new(),
            validation_from: None,
            test_from: None,
            label: None,
            attribution: String::new(),
            notes: Vec::new(),
            otherwise: Vec::new(),
        })
    }

    /// Says where the data come from: source, authors, licence.
    #[must_use]
    pub fn attributed(mut self, attribution: impl Into<String>) -> Self {
        self.attribution = attribution.into();
        self
    }

    /// Adds what somebody should know who uses the data, in one sentence: what was left out, or how it was understood.
    #[must_use]
    pub fn noted(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// Says that an earlier version read the same files otherwise, in one sentence: studies that began then do not go on.
    #[must_use]
    pub fn read_otherwise_before(mut self, how: impl Into<String>) -> Self {
        self.otherwise.push(how.into());
        self
    }

    /// Says which column of a table is predicted.
    #[must_use]
    pub fn with_label(mut self, label: Label) -> Self {
        self.label = Some(label);
        self
    }

    /// Names the classes, in the order of their numbers.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if there are more or fewer names than classes.
    pub fn with_class_names(mut self, names: Vec<String>) -> Result<Self, DataError> {
        if names.len() != self.classes() {
            let reason = format!("{} names do not fit {} classes", names.len(), self.classes());
            return Err(DataError::Invalid { name: self.name, reason, help: None });
        }
        self.class_names = names;
        Ok(self)
    }

    /// Says which columns of a table the features are, in their order.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if they become more or fewer numbers than a sample has.
    pub fn with_columns(mut self, columns: Vec<FeatureColumn>) -> Result<Self, DataError> {
        let width: usize = columns.iter().map(FeatureColumn::width).sum();
        if width != self.shape.len() {
            let reason = format!("columns of {width} numbers do not fit {} features per sample", self.shape.len());
            return Err(DataError::Invalid { name: self.name, reason, help: None });
        }
        self.columns = columns;
        Ok(self)
    }

    /// Says that the samples from this index on are the publisher's test part.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if no sample is left on one of the two sides.
    pub fn with_test_from(mut self, index: usize) -> Result<Self, DataError> {
        if index == 0 || index >= self.len() {
            let reason = format!("a test part from sample {index} of {} on leaves one part empty", self.len());
            return Err(DataError::Invalid { name: self.name, reason, help: None });
        }
        self.test_from = Some(index);
        Ok(self)
    }

    /// Says that the samples from this index on, up to the publisher's test part, are the publisher's validation part.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if there is no test part, or no sample is left before or within.
    pub fn with_validation_from(mut self, index: usize) -> Result<Self, DataError> {
        if index == 0 || self.test_from.is_none_or(|test_from| index >= test_from) {
            let reason = format!("a validation part from sample {index} on leaves one part empty");
            return Err(DataError::Invalid { name: self.name, reason, help: None });
        }
        self.validation_from = Some(index);
        Ok(self)
    }

    /// The samples of these indices, all of which exist, with a validation part from `validation_from` on and a test part from
    /// `test_from` on.
    pub(super) fn gathered(&self, indices: &[usize], validation_from: Option<usize>, test_from: Option<usize>) -> Self {
        Self {
            name: self.name.clone(),
            shape: self.shape,
            features: self.features.gather(self.shape.len(), indices),
            targets: self.targets.gather(indices),
            class_names: self.class_names.clone(),
            columns: self.columns.clone(),
            validation_from,
            test_from,
            label: self.label.clone(),
            attribution: self.attribution.clone(),
            notes: self.notes.clone(),
            otherwise: self.otherwise.clone(),
        }
    }

    /// The name, as in `dataset = "digits"`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size of one sample.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// All features, sample after sample.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The features of these samples as floats, in this order.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if there is no such sample.
    pub fn gather(&self, indices: &[usize]) -> Result<Vec<f32>, DataError> {
        if let Some(index) = indices.iter().find(|i| **i >= self.len()) {
            let reason = format!("there is no sample {index} among {}", self.len());
            return Err(DataError::Invalid { name: self.name.clone(), reason, help: None });
        }
        Ok(self.features.gather_floats(self.shape.len(), indices))
    }

    /// What is to be predicted, for every sample.
    #[must_use]
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Whether classes or values are to be predicted.
    #[must_use]
    pub fn task(&self) -> Task {
        match self.targets {
            Targets::Classes { .. } => Task::Classification,
            Targets::Values(_) => Task::Regression,
        }
    }

    /// The class of every sample; empty for a regression.
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        match &self.targets {
            Targets::Classes { labels, .. } => labels,
            Targets::Values(_) => &[],
        }
    }

    /// The value of every sample; empty for a classification.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        match &self.targets {
            Targets::Classes { .. } => &[],
            Targets::Values(values) => values,
        }
    }

    /// How many classes there are; 0 for a regression, whose single output is the trainer's matter.
    #[must_use]
    pub fn classes(&self) -> usize {
        match self.targets {
            Targets::Classes { classes, .. } => classes,
            Targets::Values(_) => 0,
        }
    }

    /// The names of the classes, in the order of their numbers; empty if nobody has named them.
    #[must_use]
    pub fn class_names(&self) -> &[String] {
        &self.class_names
    }

    /// The columns of a table that the features are, in their order; empty if nobody has named them.
    #[must_use]
    pub fn columns(&self) -> &[FeatureColumn] {
        &self.columns
    }

    /// The first sample of the publisher's test part, which goes on to the last one; none if there is no such part.
    #[must_use]
    pub fn test_from(&self) -> Option<usize> {
        self.test_from
    }

    /// The first sample of the publisher's validation part, which goes on to the test part; none if there is no such part.
    #[must_use]
    pub fn validation_from(&self) -> Option<usize> {
        self.validation_from
    }

    /// The column of a table that is predicted; none for what is no table.
    #[must_use]
    pub fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    /// In what an earlier version read the same files otherwise, a sentence each.
    #[must_use]
    pub fn otherwise_before(&self) -> &[String] {
        &self.otherwise
    }

    /// Source, authors and licence; empty if never said.
    #[must_use]
    pub fn attribution(&self) -> &str {
        &self.attribution
    }

    /// What somebody should know who uses the data: what was left out, how it was understood.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// How many samples there are: `n`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Always false: a dataset has at least one sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }
}

#[cfg(test)]
mod tests;
