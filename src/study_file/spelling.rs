//! What somebody may have meant.

/// The candidate that `word` most likely stands for: the same but for case and separators, its initials (`lr` for
/// `learning_rate`), its beginning (`max` for `maximize`), or a few typing errors away.
pub(crate) fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = plain(word);
    let score = |candidate: &str| -> Option<usize> {
        let full = plain(candidate);
        let initials: String = full.split('_').filter_map(|part| part.chars().next()).collect();
        if full == word {
            return Some(0);
        }
        if initials.len() > 1 && initials == word {
            return Some(1);
        }
        let length = word.chars().count().max(1);
        let distance = strsim::damerau_levenshtein(&word, &full);
        if distance <= (length / 3).max(1) && distance < full.chars().count() {
            return Some(1 + distance);
        }
        (length >= 2 && full.starts_with(&word)).then_some(100)
    };
    candidates.into_iter().filter_map(|c| Some((score(c)?, c))).min_by_key(|(s, _)| *s).map(|(_, c)| c)
}

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

fn plain(word: &str) -> String {
    word.to_lowercase().replace(['-', ' ', '.'], "_")
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

    #[test]
    fn misspelt_words_are_recognised_and_others_are_not() {
        let settings = ["learning_rate", "batch_size", "epochs", "width", "depth", "weight_decay"];
        let near = |word| nearest(word, settings);
        assert_eq!(near("learning-rate"), Some("learning_rate"));
        assert_eq!(near("lerning_rate"), Some("learning_rate"));
        assert_eq!(near("lr"), Some("learning_rate"));
        assert_eq!(near("wd"), Some("weight_decay"));
        assert_eq!(near("Epochs"), Some("epochs"));
        assert_eq!(near("batch"), Some("batch_size"));
        assert_eq!(near("widht"), Some("width"));
        assert_eq!(near("momentum"), None);
        assert_eq!(near(""), None);
        assert_eq!(nearest("gp", ["x"]), None);
    }
}
