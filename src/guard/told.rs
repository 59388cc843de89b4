//! Errors in words. What is wrong, why, and what to do about it stand apart in every error; here they come together.

use std::borrow::Cow;
use std::error::Error;

/// What is wrong, and what it comes from: every error of the chain says its own part, once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        // Errors of other crates may say theirs as well.
        if !text.ends_with(&words) {
            text += &format!(": {words}");
        }
        source = cause.source();
    }
    text
}

/// The same with what to do about it, for where there is room for one text alone, such as the reason why a trial failed.
pub(crate) fn with_help(error: &dyn Error, help: Option<Cow<'static, str>>) -> String {
    joined(chain(error), help.as_deref())
}

/// What is wrong and what to do in one text: in one line, unless it has several.
pub(crate) fn joined(what: String, help: Option<&str>) -> String {
    match help {
        None => what,
        Some(help) if what.contains('\n') => format!("{what}\n{help}"),
        Some(help) => format!("{what}; {help}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    enum Fault {
        #[error("the store failed")]
        Store { source: std::io::Error },
        #[error(transparent)]
        Other(Box<Fault>),
        #[error("the store failed: {source}")]
        Repeats { source: std::io::Error },
    }

    #[test]
    fn each_part_of_a_chain_is_told_once() {
        let store = || Fault::Store { source: std::io::Error::other("the disk is full") };
        assert_eq!(chain(&store()), "the store failed: the disk is full");
        // One that passes another on adds no words of its own.
        assert_eq!(chain(&Fault::Other(Box::new(store()))), "the store failed: the disk is full");
        let repeats = Fault::Repeats { source: std::io::Error::other("the disk is full") };
        assert_eq!(chain(&repeats), "the store failed: the disk is full");
    }

    #[test]
    fn help_follows_in_the_same_line_unless_there_are_several() {
        let error = std::io::Error::other("it is full");
        assert_eq!(with_help(&error, None), "it is full");
        assert_eq!(with_help(&error, Some("make room".into())), "it is full; make room");
        assert_eq!(joined("two things:\n  a\n  b".to_owned(), Some("mend them")), "two things:\n  a\n  b\nmend them");
    }
}
