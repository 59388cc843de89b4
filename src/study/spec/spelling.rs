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
