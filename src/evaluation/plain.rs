//! Lines as they would stand on a screen, and what is told in them behind other text.

use std::borrow::Cow;

use super::protocol::{Message, parse_line};

/// So many braces of a line are tried; a line with more of them is no log line with an object at its end.
const MOST_BRACES: usize = 16;
/// So many members of what is no object are looked at.
const MOST_NAMES: usize = 64;

/// The text without the sequences by which terminals are told of colours, titles and places.
pub(super) fn without_escapes(text: &str) -> Cow<'_, str> {
    if !text.contains('\u{1b}') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            plain.push(c);
            continue;
        }
        match rest.next() {
            // Up to its final byte, such as `m`.
            Some('[') => drop(rest.find(|c| matches!(c, '@'..='~'))),
            // A title or a link, up to BEL or ESC \.
            Some(']') => {
                while let Some(c) = rest.next() {
                    if c == '\u{7}' || (c == '\u{1b}' && rest.next().is_some()) {
                        break;
                    }
                }
            }
            // A choice of characters has one more.
            Some('(' | ')') => drop(rest.next()),
            _ => {}
        }
    }
    Cow::Owned(plain)
}

/// The names of what a line would tell if it were not for the text before its object, such as a log's time and level; none for other
/// lines, also for those that begin with their object.
pub(super) fn behind_a_prefix(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.starts_with('{') || !text.ends_with('}') {
        return Vec::new();
    }
    let braces = text.match_indices('{').take(MOST_BRACES);
    let told = braces.map(|(i, _)| parse_line(&text[i..])).find_map(|message| match message? {
        Message::Metrics(metrics) | Message::Step { metrics, .. } => Some(metrics.into_keys().collect()),
        _ => None,
    });
    told.unwrap_or_default()
}

/// The names that a line has in quotation marks before a colon, as the members of an object have that is no JSON: a dictionary as Python
/// shows it, an object that goes on in the next line, or one that is cut off.
pub(super) fn quoted_names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    for (colon, _) in text.match_indices(':').take(MOST_NAMES) {
        let before = text[..colon].trim_end();
        let Some(quote) = before.chars().last().filter(|c| matches!(c, '"' | '\'')) else { continue };
        let inside = &before[..before.len() - 1];
        names.extend(inside.rfind(quote).map(|begin| &inside[begin + 1..]).filter(|name| !name.is_empty()));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_titles_and_links_are_no_text() {
        for (text, plain) in [
            ("\u{1b}[32m{\"a\": 1}\u{1b}[0m", "{\"a\": 1}"),
            ("\u{1b}[1;38;5;208m{\"a\": \u{1b}[4m1}\u{1b}[K", "{\"a\": 1}"),
            ("\u{1b}]0;title\u{7}x", "x"),
            ("\u{1b}]8;;http://x\u{1b}\\x\u{1b}]8;;\u{1b}\\", "x"),
            ("\u{1b}(B{}\u{1b}", "{}"),
            ("\u{1b}[", ""),
            ("plain é", "plain é"),
        ] {
            assert_eq!(without_escapes(text), plain, "{text:?}");
        }
    }

    #[test]
    fn names_are_found_in_what_is_no_json() {
        assert_eq!(
            quoted_names("{'accuracy': 0.9, \"loss\" : 1, x: 3, '': 2, \"it's\": 1"),
            ["accuracy", "loss", "it's"]
        );
        assert!(quoted_names("12:30 {é: 'a'}").is_empty());
    }

    #[test]
    fn an_object_at_the_end_of_a_log_line_is_noticed_and_others_are_not() {
        for (text, names) in [
            ("2026-01-01 10:00:00 INFO {\"accuracy\": 0.9}", &["accuracy"][..]),
            ("[rank0] {\"accuracy\": 0.9, \"loss\": NaN} ", &["accuracy", "loss"]),
            ("Epoch 3: 100%|###| {\"step\": 3, \"loss\": 0.9}", &["loss"]),
            ("fit {x} done {\"accuracy\": 0.9}", &["accuracy"]),
            ("metrics: {\"accuracy\": 0.9} saved", &[]),
            ("{\"accuracy\": 0.9}", &[]),
            ("config {\"name\": \"x\"}", &[]),
            ("set {a, b}", &[]),
            ("", &[]),
        ] {
            assert_eq!(behind_a_prefix(text), names, "{text}");
        }
    }
}
