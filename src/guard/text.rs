//! Words from outside, made harmless for a terminal.
//!
//! Names, messages, labels and arguments come from files, programs, locks and the environment. A terminal obeys some
//! characters instead of showing them: it would be coloured, cleared or renamed, and lines could be forged. Such characters
//! are shown as what they are, `\u{1b}` for one.

use std::borrow::Cow;
use std::fmt::Write;

/// A text within a line: no character of it begins another line, or means anything to a terminal.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    shown(text, is_obeyed)
}

/// A text of several lines: all of it is shown as written, but for what a terminal would obey.
#[cfg(any(feature = "cli", test))]
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    shown(text, |c| is_obeyed(c) && !matches!(c, '\n' | '\t'))
}

/// Whether a terminal obeys a character, or shows it in a way that hides what is there: controls (also those of C1), those
/// that begin a line, those that turn the direction of writing, and those that have no width.
pub(crate) fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn shown(text: &str, hides: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hides) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if !hides(c) => harmless.push(c),
            '\n' => harmless += "\\n",
            '\r' => harmless += "\\r",
            '\t' => harmless += "\\t",
            // Writing to a string cannot fail.
            c => {
                let _ = write!(harmless, "\\u{{{:x}}}", u32::from(c));
            }
        }
    }
    Cow::Owned(harmless)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_shown() {
        let hostile = "a\u{1b}[31mred\u{7}\u{9b}2J\u{202e}cod.exe\r\nok\ttab\u{2028}x\u{feff}";
        let said = "a\\u{1b}[31mred\\u{7}\\u{9b}2J\\u{202e}cod.exe\\r";
        assert_eq!(line(hostile), format!("{said}\\nok\\ttab\\u{{2028}}x\\u{{feff}}"));
        assert_eq!(lines(hostile), format!("{said}\nok\ttab\\u{{2028}}x\\u{{feff}}"));
        for plain in ["", "learning_rate=0.1", "\u{b5}g CO\u{2082}e, 45 \u{b0}C \u{2026} \u{5d0}\u{5d1} \u{1f600}"] {
            assert!(matches!(line(plain), Cow::Borrowed(same) if same == plain));
        }
    }

    proptest! {
        #[test]
        fn nothing_of_a_line_is_obeyed(text in any::<String>()) {
            prop_assert!(!line(&text).contains(is_obeyed));
            prop_assert!(lines(&text).chars().all(|c| !is_obeyed(c) || matches!(c, '\n' | '\t')));
            let once = line(&text);
            prop_assert_eq!(&line(&once), &once);
        }
    }
}
