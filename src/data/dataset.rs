//! Labelled images as plain arrays.

use super::DataError;

/// The size of one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Colour channels: 1 for grey.
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
}

impl Shape {
    /// How many numbers one image has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether an image has no pixels at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// `n` labelled images: features `n x (channels, height, width)` and one class per image.
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
    features: Vec<f32>,
    labels: Vec<u32>,
    classes: usize,
    attribution: String,
}

impl Dataset {
    /// Checks arrays and makes a dataset of them. `features` holds image after image, each channel by channel and row
    /// by row; `labels` are below `classes`.
    ///
    /// # Errors
    /// [`DataError::Invalid`] if the data are empty, the arrays' lengths do not fit each other, a feature is not finite,
    /// a label is not below `classes`, or there are fewer than two classes.
    pub fn new(
        name: impl Into<String>,
        shape: Shape,
        features: Vec<f32>,
        labels: Vec<u32>,
        classes: usize,
    ) -> Result<Self, DataError> {
        let name = name.into();
        let invalid = |reason: String| Err(DataError::Invalid { name: name.clone(), reason });
        if labels.is_empty() || shape.is_empty() {
            return invalid("there are no samples, or they have no features".to_owned());
        }
        if labels.len().checked_mul(shape.len()) != Some(features.len()) {
            let (n, d, all) = (labels.len(), shape.len(), features.len());
            return invalid(format!("{n} labels and {d} features per sample do not fit {all} features in all"));
        }
        if classes < 2 {
            return invalid(format!("a classification needs at least two classes, not {classes}"));
        }
        if let Some(label) = labels.iter().find(|l| **l as usize >= classes) {
            return invalid(format!("the label {label} is not below the number of classes, {classes}"));
        }
        if let Some(at) = features.iter().position(|f| !f.is_finite()) {
            return invalid(format!("a feature of sample {} is not a finite number", at / shape.len()));
        }
        Ok(Self { name, shape, features, labels, classes, attribution: String::new() })
    }

    /// Says where the data come from: source, authors, licence.
    #[must_use]
    pub fn attributed(mut self, attribution: impl Into<String>) -> Self {
        self.attribution = attribution.into();
        self
    }

    /// The name, as in `dataset = "digits"`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The size of one image.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// All features, image after image.
    #[must_use]
    pub fn features(&self) -> &[f32] {
        &self.features
    }

    /// The class of every image.
    #[must_use]
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// How many classes there are.
    #[must_use]
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Source, authors and licence; empty if never said.
    #[must_use]
    pub fn attribution(&self) -> &str {
        &self.attribution
    }

    /// How many images there are: `n`.
    #[must_use]
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Always false: a dataset has at least one sample.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXEL: Shape = Shape { channels: 1, height: 1, width: 1 };

    fn reason(features: Vec<f32>, labels: Vec<u32>, classes: usize) -> String {
        Dataset::new("bad", PIXEL, features, labels, classes).unwrap_err().to_string()
    }

    #[test]
    fn contradictions_are_named() {
        assert!(reason(vec![], vec![], 2).contains("no samples"));
        assert!(reason(vec![0.0; 3], vec![0, 1], 2).contains("2 labels and 1 features"));
        assert!(reason(vec![0.0; 2], vec![0, 2], 2).contains("label 2"));
        assert!(reason(vec![0.0; 2], vec![0, 0], 1).contains("two classes"));
        assert!(reason(vec![0.0, f32::NAN], vec![0, 1], 2).contains("sample 1"));
    }
}
