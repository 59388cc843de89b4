//! Datasets as plain arrays, and their split into parts for training, validation and the final test. No tensors in here.
//!
//! [`open`] reads what people have: the built-in digits, MNIST and CIFAR as their publishers pack them, images in folders
//! or archives, and tables. A [`Partition`] says which samples are for what.
//!
//! ```
//! use wattfront::data::{self, Partition, Split};
//!
//! let digits = data::load("digits")?;
//! let split = Split::of(&digits, &Partition::default_for(&digits), 0)?;
//! assert_eq!(split.train.len() + split.validation.len() + split.test.len(), digits.len());
//! # Ok::<(), wattfront::data::DataError>(())
//! ```

mod cache;
mod dataset;
mod digits;
mod duplicates;
mod error;
mod features;
#[cfg(feature = "study")]
mod fetch;
mod loader;
mod partition;
mod published;
mod source;
mod split;
mod subset;
#[cfg(test)]
mod testing;

pub use dataset::{Dataset, Label, Shape};
pub use duplicates::Duplicates;
pub use error::{DataError, DataPlace};
pub use features::{FeatureColumn, Features, Targets, Task};
#[cfg(feature = "study")]
pub use fetch::{FETCHABLE, Fetch, Progress};
pub use partition::{Partition, Shares};
pub use source::{DataFolder, DataSource, open};
pub use split::Split;

/// The names of the built-in datasets.
pub const NAMES: &[&str] = &[digits::NAME];

/// The built-in dataset of this name.
///
/// # Errors
/// [`DataError::Unknown`] for a name that is not among [`NAMES`].
pub fn load(name: &str) -> Result<Dataset, DataError> {
    match name {
        digits::NAME => digits::load(),
        _ => {
            let known = NAMES.iter().map(|n| (*n).to_owned()).collect();
            Err(DataError::Unknown { name: name.to_owned(), known, fetchable: Vec::new() })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_dataset_loads_under_its_name() {
        for name in NAMES {
            assert_eq!(load(name).unwrap().name(), *name);
        }
    }

    #[test]
    fn an_unknown_name_is_answered_with_the_known_ones() {
        let error = load("cifar11").unwrap_err();
        assert_eq!(error.to_string(), "there is no dataset `cifar11` (there is: digits)");
    }
}
