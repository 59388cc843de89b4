//! Ranges that names of parameters suggest.

/// What a name suggests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suggested {
    /// The values, as TOML within braces.
    pub(super) values: &'static str,
    /// What is to be said of them.
    pub(super) why: &'static str,
}

const fn suggested(values: &'static str, why: &'static str) -> Suggested {
    Suggested { values, why }
}

/// Of a name that says nothing.
pub(super) const UNKNOWN: Suggested = suggested("float = [0.0, 1.0]", "CHECK: this name suggests no range");
/// Of a placeholder that is a flag.
pub(super) const FLAG: Suggested = suggested("choice = [true, false]", "the flag is there, or is not");
/// Of a placeholder that is a list.
pub(super) const LIST: Suggested = suggested("choice = [[64], [64, 64]]", "CHECK: lists to choose from");

const LOG: &str = "a factor counts the same everywhere";
const SHARE: &str = "a share";
const CHECK_NAMES: &str = "CHECK: the names that your program knows";

/// Names, each with what it suggests. The first that fits counts.
const KNOWN: &[(&[&str], Suggested)] = &[
    (&["learning_rate", "lr", "eta"], suggested("float = [1e-5, 1e-1], scale = \"log\"", LOG)),
    (&["batch_size", "batch", "bs"], suggested("choice = [16, 32, 64, 128]", "as many samples at a time")),
    (&["epochs", "epoch"], suggested("int = [5, 50], scale = \"log\"", "CHECK: what your trainings take")),
    (&["max_depth"], suggested("int = [2, 12]", "of trees")),
    (&["n_estimators", "num_trees", "n_trees"], suggested("int = [50, 1000], scale = \"log\"", LOG)),
    (&["num_leaves", "max_leaves"], suggested("int = [8, 256], scale = \"log\"", LOG)),
    (
        &["subsample", "colsample", "colsample_bytree", "feature_fraction", "bagging_fraction"],
        suggested("float = [0.5, 1.0]", SHARE),
    ),
    (&["min_child_weight", "min_samples_leaf"], suggested("int = [1, 20], scale = \"log\"", LOG)),
    (
        &["steps", "iterations", "iters", "max_iter"],
        suggested("int = [100, 10000], scale = \"log\"", "CHECK: what your trainings take"),
    ),
    (&["momentum"], suggested("float = [0.0, 0.99]", "none to much")),
    (&["dropout", "drop"], suggested("float = [0.0, 0.5]", SHARE)),
    (&["weight_decay", "wd", "l2", "l1"], suggested("float = [1e-6, 1e-2], scale = \"log\"", LOG)),
    (&["reg_alpha", "reg_lambda", "lambda", "alpha", "c"], suggested("float = [1e-4, 10.0], scale = \"log\"", LOG)),
    (&["beta1"], suggested("float = [0.8, 0.99]", "of Adam")),
    (&["beta2"], suggested("float = [0.9, 0.9999]", "of Adam")),
    (&["label_smoothing"], suggested("float = [0.0, 0.3]", SHARE)),
    (&["warmup_steps"], suggested("int = [0, 1000]", "CHECK: fewer than all steps")),
    (&["warmup", "warmup_ratio"], suggested("float = [0.0, 0.2]", "a share of all steps")),
    (&["lr_decay", "gamma", "decay"], suggested("float = [0.1, 0.99]", "a factor")),
    (&["gradient_clip", "grad_clip", "clip", "max_norm"], suggested("float = [0.1, 10.0], scale = \"log\"", LOG)),
    (&["depth", "layers", "num_layers", "n_layers"], suggested("int = [1, 4]", "CHECK: what your network can have")),
    (&["heads", "num_heads", "n_heads"], suggested("choice = [2, 4, 8]", "CHECK: what divides the width")),
    (
        &[
            "width",
            "hidden",
            "hidden_size",
            "hidden_dim",
            "units",
            "channels",
            "filters",
            "embed_dim",
            "d_model",
            "dim",
        ],
        suggested("int = [16, 256], scale = \"log\"", LOG),
    ),
    (&["kernel_size", "kernel"], suggested("choice = [3, 5, 7]", "CHECK: what your network can have")),
    (&["image_size", "resolution"], suggested("choice = [32, 64, 128]", "CHECK: what your data can be brought to")),
    (
        &["threads", "num_threads", "workers", "num_workers"],
        suggested("int = [1, 8], scale = \"log\"", "no more than there are cores"),
    ),
    (&["temperature"], suggested("float = [0.1, 10.0], scale = \"log\"", LOG)),
    (&["optimizer", "optim", "opt"], suggested("choice = [\"sgd\", \"adam\"]", CHECK_NAMES)),
    (&["activation", "act"], suggested("choice = [\"relu\", \"gelu\"]", CHECK_NAMES)),
    (&["schedule", "scheduler"], suggested("choice = [\"constant\", \"cosine\"]", CHECK_NAMES)),
    (&["precision", "dtype"], suggested("choice = [\"float32\", \"bfloat16\"]", CHECK_NAMES)),
];

/// What a name suggests: itself, or what is left of it without the words before or behind it, as of `encoder_dropout`.
pub(super) fn suggest(name: &str) -> Suggested {
    let name = name.to_lowercase();
    let known = |fits: &dyn Fn(&str) -> bool| {
        KNOWN.iter().find(|(names, _)| names.iter().any(|known| fits(known))).map(|(_, suggested)| suggested.clone())
    };
    let ends = |known: &str| name.strip_suffix(known).is_some_and(|rest| rest.ends_with('_'));
    let begins = |known: &str| name.strip_prefix(known).is_some_and(|rest| rest.starts_with('_'));
    known(&|known| name == known)
        .or_else(|| known(&|known| known.len() > 1 && ends(known)))
        .or_else(|| known(&|known| known.len() > 1 && begins(known)))
        .unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study_file::StudySpec;

    #[test]
    fn names_suggest_ranges() {
        for (name, values) in [
            ("learning_rate", "float = [1e-5, 1e-1], scale = \"log\""),
            ("LR", "float = [1e-5, 1e-1], scale = \"log\""),
            ("encoder_lr", "float = [1e-5, 1e-1], scale = \"log\""),
            ("lr_decay", "float = [0.1, 0.99]"),
            ("batch_size", "choice = [16, 32, 64, 128]"),
            ("num_epochs", "int = [5, 50], scale = \"log\""),
            ("momentum", "float = [0.0, 0.99]"),
            ("attention_dropout", "float = [0.0, 0.5]"),
            ("dropout_rate", "float = [0.0, 0.5]"),
            ("warmup_steps", "int = [0, 1000]"),
            ("C", "float = [1e-4, 10.0], scale = \"log\""),
            ("vitamin_c", "float = [0.0, 1.0]"),
            ("frobnication", "float = [0.0, 1.0]"),
        ] {
            assert_eq!(suggest(name).values, values, "{name}");
        }
    }

    #[test]
    fn every_range_is_one() {
        let lines = KNOWN.iter().enumerate().map(|(i, (_, suggested))| format!("p{i} = {{ {} }}\n", suggested.values));
        let space: String = lines.collect();
        let text =
            format!("budget.trials = 1\nobjective = [{{ metric = \"a\", goal = \"maximize\" }}]\n[space]\n{space}");
        StudySpec::parse(&text, "a.toml").unwrap();
        let names: Vec<&str> = KNOWN.iter().flat_map(|(names, _)| names.iter().copied()).collect();
        let different: std::collections::BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(names.len(), different.len());
    }
}
