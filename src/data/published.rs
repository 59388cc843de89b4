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
    /// Where the files are, without the names; ends in `/`.
    #[cfg(feature = "study")]
    pub(super) base: &'static str,
    /// The files, by name and MD5 sum. One archive gets the name of the data set, several files a folder of that name.
    #[cfg(feature = "study")]
    pub(super) files: &'static [(&'static str, &'static str)],
}

/// MD5 sums as torchvision has them in `torchvision/datasets/mnist.py`, and those of CIFAR's binary versions as their page
/// gives them.
pub(super) const PUBLISHED: [Published; 4] = [
    Published {
        name: "mnist",
        attribution: "The MNIST database of handwritten digits, Y. LeCun, C. Cortes and C. J. C. Burges, \
                      http://yann.lecun.com/exdb/mnist/",
        classes: &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
        #[cfg(feature = "study")]
        base: "https://ossci-datasets.s3.amazonaws.com/mnist/",
        #[cfg(feature = "study")]
        files: &[
            ("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873"),
            ("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432"),
            ("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3"),
            ("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c"),
        ],
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
        #[cfg(feature = "study")]
        base: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        #[cfg(feature = "study")]
        files: &[
            ("train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
            ("train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe"),
            ("t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79"),
            ("t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
        ],
    },
    Published {
        name: "cifar10",
        attribution: "CIFAR-10, A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        classes: &[],
        #[cfg(feature = "study")]
        base: "https://www.cs.toronto.edu/~kriz/",
        #[cfg(feature = "study")]
        files: &[("cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")],
    },
    Published {
        name: "cifar100",
        attribution: "CIFAR-100, A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        classes: &[],
        #[cfg(feature = "study")]
        base: "https://www.cs.toronto.edu/~kriz/",
        #[cfg(feature = "study")]
        files: &[("cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8")],
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
