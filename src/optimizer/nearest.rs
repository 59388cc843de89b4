//! The known name that was likely meant: the one judge of it, for names in code, study files and arguments.

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
        if distance <= (length / 3).max(1) && distance < length.max(full.chars().count()) {
            return Some(1 + distance);
        }
        (length >= 2 && full.starts_with(&word)).then_some(100)
    };
    candidates.into_iter().filter_map(|c| Some((score(c)?, c))).min_by_key(|(s, _)| *s).map(|(_, c)| c)
}

/// A word without regard to case and separators.
pub(crate) fn plain(word: &str) -> String {
    word.to_lowercase().replace(['-', ' ', '.'], "_")
}

/// Such as `did you mean `width`?`, or which names there are; `None` where there are none.
pub(crate) fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    /// More names than these are no help.
    const MOST: usize = 12;
    if let Some(near) = nearest(name, known.clone()) {
        return Some(format!("did you mean `{near}`?"));
    }
    let known: Vec<&str> = known.into_iter().collect();
    let shown: Vec<String> = known.iter().take(MOST).map(|name| format!("`{name}`")).collect();
    let more = if known.len() > MOST { ", ..." } else { "" };
    (!known.is_empty()).then(|| format!("there are {}{more}", shown.join(", ")))
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

    #[test]
    fn without_a_near_one_all_are_named() {
        let known = ["learning_rate", "width", "m"];
        assert_eq!(did_you_mean("wdith", known).as_deref(), Some("did you mean `width`?"));
        assert_eq!(did_you_mean("epochs", ["width", "m"]).as_deref(), Some("there are `width`, `m`"));
        assert_eq!(did_you_mean("epochs", []), None);
    }
}
