//! What somebody may have meant.

pub(crate) use crate::optimizer::nearest::nearest;
use crate::optimizer::nearest::plain;

/// What of the metrics that were told is likely meant by `name`: what [`nearest`] says, or one whose root is the beginning of the
/// other's, as of `accuracy` and `val_acc`.
pub(crate) fn nearest_metric<'a>(name: &str, told: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let told: Vec<&str> = told.into_iter().collect();
    let meant = root(name);
    let is_kin = |other: &String| {
        let least = meant.len().min(other.len());
        least >= LEAST_ROOT && (meant.starts_with(other.as_str()) || other.starts_with(meant.as_str()))
    };
    nearest(name, told.iter().copied()).or_else(|| told.into_iter().find(|told| is_kin(&root(told))))
}

/// Fewer letters in common say nothing.
const LEAST_ROOT: usize = 3;
/// Words beside the name of a metric.
const BESIDE: [&str; 12] =
    ["val", "valid", "validation", "test", "train", "training", "eval", "final", "best", "last", "mean", "avg"];

/// The name of a metric without what says of which data it is.
fn root(name: &str) -> String {
    let name = plain(name);
    let words: Vec<&str> = name.split(['_', '/', ':']).filter(|word| !BESIDE.contains(word)).collect();
    words.join("_")
}

/// One line of help: the nearest candidate, or all of them.
pub(crate) fn advice<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone, all: &str) -> String {
    match nearest(word, candidates.clone()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None => format!("{all}: {}", candidates.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviated_metric_is_recognised() {
        for (name, told, meant) in [
            ("accuracy", &["loss", "acc"][..], Some("acc")),
            ("acc", &["loss", "accuracy"], Some("accuracy")),
            ("accuracy", &["val_acc", "val_loss"], Some("val_acc")),
            ("val_loss", &["acc", "loss"], Some("loss")),
            ("val/accuracy", &["test.acc"], Some("test.acc")),
            ("accuracy", &["ac", "loss"], None),
            ("accuracy", &["val_loss", "test"], None),
        ] {
            assert_eq!(nearest_metric(name, told.iter().copied()), meant, "{name}");
        }
    }
}
