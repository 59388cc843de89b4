//! The table of training settings.

use super::settings::{Condition, DefaultValue, Range, Setting};

const fn setting(name: &'static str, range: Range, default: DefaultValue, description: &'static str) -> Setting {
    Setting { name, range, default, condition: None, searchable: true, description }
}

/// A setting that is the same in all trials of a study, for they would be compared on different data.
const fn fixed(name: &'static str, range: Range, default: DefaultValue, description: &'static str) -> Setting {
    Setting { searchable: false, ..setting(name, range, default, description) }
}

const fn only(on: &'static str, values: &'static [&'static str], setting: Setting) -> Setting {
    Setting { condition: Some(Condition { on, values }), ..setting }
}

const fn float(low: f64, high: f64) -> Range {
    Range::Float { low, high }
}

const fn int(low: i64, high: i64) -> Range {
    Range::Int { low, high }
}

/// The networks whose size is set by `width` and `depth`.
const PLAIN: &[&str] = &["mlp", "cnn"];

/// The networks that drop activations.
const DROPPING: &[&str] = &["mlp", "cnn", "vgg11", "vgg16", "mobilenetv2"];

/// What is carried out as it is written. A network that was trained on simulated weights of 8 bits does not predict with real ones here.
const COMPUTING: &[&str] = &["none", "channels-last", "traced", "post-quantization"];

/// Every setting of a recipe. All may be searched but the first four.
///
/// | name | range | default |
/// |---|---|---|
/// | `dataset` | a name or a path, see [`DataSource`](crate::data::DataSource) | must be given |
/// | `label` | the target column of a table | as [`DataSource`](crate::data::DataSource) finds it |
/// | `task` | `classification`, `regression` | by the column |
/// | `samples` | 30 to 1e9, besides the publisher's test part, which shrinks in proportion | all |
/// | `image_size` | 4 to 1024: the side to which images are brought | as they are |
/// | `partition` | `given`, `60-20-20` and the like: percent for training, validation, test | `given` if the publisher names a test part, else `60-20-20` |
/// | `preprocessing` | `none`, `standardize`, `robust`, `minmax`: by channel, of tables by column, fitted to the training part | `standardize` for tables, `none` for images |
/// | `augmentation` | `none`, `flip-and-crop`, `random`, `mixup`, `cutmix` | `none` |
/// | `model` | `mlp`, `cnn`, `lenet5`, `vgg11`, `vgg16`, `resnet18`, `resnet34`, `resnet50`, `mobilenetv2` | `mlp` |
/// | `width` | 1 to 65536, only with `mlp` and `cnn` | 64 |
/// | `depth` | 1 to 64, only with `mlp` and `cnn` | 2 |
/// | `initialization` | `pytorch`, `kaiming`, `xavier`: how weights begin, only with `mlp` and `cnn` | `pytorch` |
/// | `dropout` | 0 to 0.95, not with `lenet5` and the ResNets | 0 |
/// | `precision` | `float32`, `float64`, `bfloat16`, `float16-input`, `mixed-bfloat16`, `mixed-float16` | `float32` |
/// | `internal_optimization` | `none`, `channels-last`, `traced`, `pre-quantization`, `post-quantization` | `none` |
/// | `optimizer` | `sgd`, `nesterov`, `adam`, `adamw`, `rmsprop` | `adam` |
/// | `learning_rate` | 1e-8 to 100 | 1e-3 |
/// | `momentum` | 0 to 0.999, only with `sgd`, `nesterov` and `rmsprop` | 0 |
/// | `weight_decay` | 0 to 10 | 0 |
/// | `schedule` | `constant`, `exponential`, `polynomial`, `cosine`, `one-cycle`, `warm-up` | `constant` |
/// | `warmup` | 0 to 0.9 of all steps, not with `one-cycle` and `warm-up` | 0 |
/// | `batch_size` | 1 to 65536 | 64 |
/// | `epochs` | 1 to 100000 | 10 |
/// | `patience` | 0 to 100000 epochs without a better validation loss, 0 for all epochs | 0 |
/// | `label_smoothing` | 0 to 0.9 | 0 |
/// | `gradient_clip` | 0 to 1e6: the largest norm of a gradient, 0 for any | 0 |
/// | `ema` | 0 to 0.99999: the decay of an average of the weights by step, 0 for none | 0 |
/// | `inference_seconds` | 0 to 3600: how long the trained network predicts to meter that, at least; 0 for not at all; not with `pre-quantization` | 0 |
/// | `inference_batch` | 1 to 65536 samples predicted at a time then, if the test part has so many; not with `pre-quantization` | 256 |
/// | `threads` | 1 to 1024, for one operation on the CPU | 1 |
pub const SETTINGS: &[Setting] = &[
    fixed(
        "dataset",
        Range::Text("the name of a data set, such as digits, or the path of a folder, an archive or a table"),
        DefaultValue::None,
        "the data to train on",
    ),
    fixed("label", Range::Text("the name of a column"), DefaultValue::Absent, "the target column of a table"),
    fixed(
        "task",
        Range::Names(&["classification", "regression"]),
        DefaultValue::Absent,
        "whether the column of a table names classes or holds numbers",
    ),
    fixed(
        "samples",
        int(30, 1_000_000_000),
        DefaultValue::Absent,
        "so many samples besides the publisher's test part, which shrinks in proportion as classes do; all without it",
    ),
    setting("image_size", int(4, 1024), DefaultValue::Absent, "the side in pixels to which images are brought"),
    setting(
        "partition",
        Range::Partition,
        DefaultValue::Absent,
        "how samples are divided into those for training, validation and test",
    ),
    setting(
        "preprocessing",
        Range::Names(&["none", "standardize", "robust", "minmax"]),
        // By the data: see `Defaults`.
        DefaultValue::Absent,
        "what is done to each channel of images and column of tables: mean 0 and deviation 1, median 0 and quartiles 1 apart, or 0 to 1; fitted to the training \
         part alone",
    ),
    setting(
        "augmentation",
        Range::Names(&["none", "flip-and-crop", "random", "mixup", "cutmix"]),
        DefaultValue::Name("none"),
        "how images are varied in training",
    ),
    setting(
        "model",
        Range::Names(&["mlp", "cnn", "lenet5", "vgg11", "vgg16", "resnet18", "resnet34", "resnet50", "mobilenetv2"]),
        DefaultValue::Name("mlp"),
        "the network: fully connected layers, plain convolutions, or a published one",
    ),
    only(
        "model",
        PLAIN,
        setting(
            "width",
            int(1, 65_536),
            DefaultValue::Int(64),
            "units of each hidden layer of an mlp, channels of each convolution of a cnn",
        ),
    ),
    only(
        "model",
        PLAIN,
        setting("depth", int(1, 64), DefaultValue::Int(2), "hidden layers of an mlp, convolution blocks of a cnn"),
    ),
    only(
        "model",
        PLAIN,
        setting(
            "initialization",
            Range::Names(&["pytorch", "kaiming", "xavier"]),
            DefaultValue::Name("pytorch"),
            "how weights begin: as PyTorch's layers do, by He et al. with biases of 0, or by Glorot and Bengio with biases of 0",
        ),
    ),
    only(
        "model",
        DROPPING,
        setting(
            "dropout",
            float(0.0, 0.95),
            DefaultValue::Float(0.0),
            "the share of activations dropped in training: after each hidden layer of an mlp, else before the last layers",
        ),
    ),
    setting(
        "precision",
        Range::Names(&["float32", "float64", "bfloat16", "float16-input", "mixed-bfloat16", "mixed-float16"]),
        DefaultValue::Name("float32"),
        "the numbers that are computed with",
    ),
    setting(
        "internal_optimization",
        Range::Names(&["none", "channels-last", "traced", "pre-quantization", "post-quantization"]),
        DefaultValue::Name("none"),
        "how the network is carried out: layout, compiled trace, weights of 8 bits in training, or after it",
    ),
    setting(
        "optimizer",
        Range::Names(&["sgd", "nesterov", "adam", "adamw", "rmsprop"]),
        DefaultValue::Name("adam"),
        "the rule by which gradients change weights",
    ),
    setting("learning_rate", float(1e-8, 100.0), DefaultValue::Float(1e-3), "the size of a step"),
    only(
        "optimizer",
        &["sgd", "nesterov", "rmsprop"],
        setting("momentum", float(0.0, 0.999), DefaultValue::Float(0.0), "the share of the previous step that goes on"),
    ),
    setting(
        "weight_decay",
        float(0.0, 10.0),
        DefaultValue::Float(0.0),
        "the pull of weights towards zero: decoupled from the gradient in adamw, a part of it elsewhere",
    ),
    setting(
        "schedule",
        Range::Names(&["constant", "exponential", "polynomial", "cosine", "one-cycle", "warm-up"]),
        DefaultValue::Name("constant"),
        "how the size of a step changes from step to step",
    ),
    only(
        "schedule",
        &["constant", "exponential", "polynomial", "cosine"],
        setting(
            "warmup",
            float(0.0, 0.9),
            DefaultValue::Float(0.0),
            "the share of all steps in which the size of a step rises to the learning rate, before the schedule begins",
        ),
    ),
    setting("batch_size", int(1, 65_536), DefaultValue::Int(64), "samples per step"),
    setting("epochs", int(1, 100_000), DefaultValue::Int(10), "passes over the training data"),
    setting(
        "patience",
        int(0, 100_000),
        DefaultValue::Int(0),
        "training ends after so many epochs without a better validation loss; 0 for all epochs",
    ),
    setting(
        "label_smoothing",
        float(0.0, 0.9),
        DefaultValue::Float(0.0),
        "the share of a label's weight that is spread over all classes",
    ),
    setting(
        "gradient_clip",
        float(0.0, 1e6),
        DefaultValue::Float(0.0),
        "the largest norm of a gradient, longer ones are shortened to it; 0 for any",
    ),
    setting(
        "ema",
        float(0.0, 0.99999),
        DefaultValue::Float(0.0),
        "the decay by step of the average of the weights, and of batch norm's statistics, that is validated and tested instead of \
         them; 0 for none",
    ),
    only(
        "internal_optimization",
        COMPUTING,
        setting(
            "inference_seconds",
            float(0.0, 3600.0),
            DefaultValue::Float(0.0),
            "how long the trained network predicts samples of the test part, again and again, after the trial and in a phase of its own, \
             `infer`; 0 for not at all",
        ),
    ),
    only(
        "internal_optimization",
        COMPUTING,
        setting("inference_batch", int(1, 65_536), DefaultValue::Int(256), "samples predicted at a time in that phase"),
    ),
    setting(
        "threads",
        int(1, 1024),
        DefaultValue::Int(1),
        "threads that work on one operation on the CPU; networks as small as those for the digits get slower with more",
    ),
];
