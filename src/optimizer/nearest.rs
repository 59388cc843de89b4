//! The known name that was likely meant.

/// The known name next to a misspelt one, if one is near enough: within a third of its letters, and one at least.
///
/// The distance is that of optimal string alignment: letters put in, left out, replaced, or swapped with their neighbour
/// count one each. Case does not count.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let close = known.into_iter().map(|other| (distance(name, other), other));
    let most = (name.chars().count() / 3).max(1);
    close.filter(|(far, _)| *far <= most).min_by_key(|(far, _)| *far).map(|(_, other)| other.to_owned())
}

fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    // Rows of the table: two letters of `a` back, one back, and now.
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut now = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(last[j] + 1).min(now[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            now.push(least);
        }
        before = std::mem::replace(&mut last, now);
    }
    last[b.len()]
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
    fn one_letter_in_three_may_be_wrong() {
        let known = ["learning_rate", "width", "m"];
        for (name, meant) in [
            ("learningrate", Some("learning_rate")),
            ("LEARNING_RATE", Some("learning_rate")),
            ("wdith", Some("width")),
            ("widths", Some("width")),
            ("n", Some("m")),
            ("epochs", None),
            ("", Some("m")),
        ] {
            assert_eq!(nearest(name, known).as_deref(), meant, "{name}");
        }
        assert_eq!(did_you_mean("wdith", known).as_deref(), Some("did you mean `width`?"));
        assert_eq!(did_you_mean("epochs", ["width", "m"]).as_deref(), Some("there are `width`, `m`"));
        assert_eq!(did_you_mean("epochs", []), None);
    }
}
