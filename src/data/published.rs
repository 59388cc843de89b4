//! Data sets that many people use, and what their files do not say of themselves.

use super::{DataError, Dataset};

/// A published data set.
#[derive(Debug)]
pub(super) struct Published {
    /// As in `dataset = "mnist"`.
    pub(super) name: &'static str,
    /// Authors, year and source.
    attribution: &'static str,
    /// The classes, where no file names them.
    classes: &'static [&'static str],
}

pub(super) const PUBLISHED: [Published; 4] = [
    Published {
        name: "mnist",
        attribution: "The MNIST database of handwritten digits, Y. LeCun, C. Cortes and C. J. C. Burges, \
                      http://yann.lecun.com/exdb/mnist/",
        classes: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
    },
    Published {
        name: "fashion-mnist",
        attribution: "Fashion-MNIST, H. Xiao, K. Rasul and R. Vollgraf, 2017, arXiv:1708.07747, MIT licence",
        classes: &[
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ],
    },
    Published {
        name: "cifar10",
        attribution: "CIFAR-10, A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        classes: &[],
    },
    Published {
        name: "cifar100",
        attribution: "CIFAR-100, A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        classes: &[],
    },
];

/// Adds to a dataset of a known name what is known of it.
pub(super) fn described(dataset: Dataset) -> Result<Dataset, DataError> {
    let Some(known) = PUBLISHED.iter().find(|p| p.name == dataset.name()) else { return Ok(dataset) };
    let names: Vec<String> = known.classes.iter().map(|c| (*c).to_owned()).collect();
    let dataset = dataset.attributed(known.attribution);
    // Somebody may have put other data under this name.
    if dataset.class_names().is_empty() && names.len() == dataset.classes() && !names.is_empty() {
        return dataset.with_class_names(names);
    }
    Ok(dataset)
}
