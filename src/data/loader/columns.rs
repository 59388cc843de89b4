//! What the columns of a table hold: numbers, or one of some texts.

use std::collections::BTreeSet;

use crate::data::Task;

/// A column of texts may hold so many different ones.
pub(super) const LEVELS: usize = 100;

/// There may be so many classes.
pub(super) const CLASSES: usize = 1000;

/// Whole numbers are taken for classes if there are at most so many different ones.
pub(super) const FEW: usize = 20;

/// Ways to write that a value is missing, in lower case.
const MISSING: [&str; 8] = ["", "na", "n/a", "nan", "null", "?", "#n/a", "<na>"];

pub(super) fn is_missing(text: &str) -> bool {
    text.len() <= 4 && MISSING.iter().any(|missing| missing.eq_ignore_ascii_case(text))
}

/// The number that a text is; `inf` is a text like any other.
pub(super) fn number(text: &str) -> Option<f64> {
    if text.bytes().any(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// What has been seen of a column so far.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// The first text that is no number, and where it is.
    pub(super) text: Option<(u64, String)>,
    /// All different texts, as long as they are not too many to matter.
    levels: BTreeSet<String>,
    most: usize,
    whole: bool,
}

impl Column {
    /// Remembers up to `most` different texts.
    pub(super) fn new(most: usize) -> Self {
        Self { text: None, levels: BTreeSet::new(), most, whole: true }
    }

    /// Returns how many bytes of it are remembered.
    pub(super) fn see(&mut self, at: u64, text: &str) -> usize {
        match number(text) {
            Some(number) => self.whole &= number.fract() == 0.0,
            None if self.text.is_none() => self.text = Some((at, text.to_owned())),
            None => {}
        }
        if self.levels.len() <= self.most && !self.levels.contains(text) {
            self.levels.insert(text.to_owned());
            return text.len();
        }
        0
    }

    pub(super) fn is_numeric(&self) -> bool {
        self.text.is_none()
    }

    /// Whether there are more different texts than it remembers.
    pub(super) fn is_over(&self) -> bool {
        self.levels.len() > self.most
    }

    /// All different texts, sorted; complete unless [`is_over`](Self::is_over).
    pub(super) fn levels(&self) -> Vec<String> {
        self.levels.iter().cloned().collect()
    }

    /// What a column of labels is for, if nobody says.
    pub(super) fn task(&self) -> Task {
        let few = !self.is_over() && Classes::of(self).names.len() <= FEW;
        if !self.is_numeric() || (self.whole && few) { Task::Classification } else { Task::Regression }
    }
}

/// The classes of a column: numbers by their values, so that `1` and `1.0` are one, or else texts.
#[derive(Debug, PartialEq)]
pub(super) struct Classes {
    /// Sorted: numbers by size, texts by their letters.
    pub(super) names: Vec<String>,
    values: Option<Vec<f64>>,
}

impl Classes {
    pub(super) fn of(column: &Column) -> Self {
        if !column.is_numeric() {
            return Self { names: column.levels(), values: None };
        }
        // Adding 0 makes one zero of the two.
        let mut values: Vec<f64> = column.levels.iter().filter_map(|text| number(text)).map(|v| v + 0.0).collect();
        values.sort_unstable_by(f64::total_cmp);
        values.dedup();
        Self { names: values.iter().map(f64::to_string).collect(), values: Some(values) }
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        let found = match &self.values {
            Some(values) => values.binary_search_by(|v| v.total_cmp(&(number(text).unwrap_or(f64::NAN) + 0.0))),
            None => self.names.binary_search_by(|name| name.as_str().cmp(text)),
        };
        found.ok().map(|index| index as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: &[&str]) -> Column {
        let mut column = Column::new(CLASSES);
        for (at, text) in (0..).zip(texts) {
            column.see(at, text);
        }
        column
    }

    #[test]
    fn numbers_are_classes_only_if_whole_and_few() {
        assert_eq!(column(&["1", "2", "1.0"]).task(), Task::Classification);
        assert_eq!(column(&["1", "2.5"]).task(), Task::Regression);
        assert_eq!(column(&["1", "yes"]).task(), Task::Classification);
        let many: Vec<String> = (0..=FEW).map(|i| i.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(column(&many).task(), Task::Regression);
        assert_eq!(column(&many[1..]).task(), Task::Classification);
    }

    #[test]
    fn numbers_are_sorted_by_size_and_texts_by_letters() {
        let numbers = Classes::of(&column(&["10", "9", "9.0", "-0", "0"]));
        assert_eq!(numbers.names, ["0", "9", "10"]);
        assert_eq!(
            (numbers.find("-0"), numbers.find("1e1"), numbers.find("8"), numbers.find("x")),
            (Some(0), Some(2), None, None)
        );
        let texts = Classes::of(&column(&["b", "10", "9"]));
        assert_eq!(
            (&texts.names[..], texts.find("9")),
            (&["10".to_owned(), "9".to_owned(), "b".to_owned()][..], Some(1))
        );
    }

    #[test]
    fn words_for_nothing_are_missing() {
        for text in ["", "NA", "nan", "N/A", "NULL", "?", "<na>"] {
            assert!(is_missing(text), "{text}");
        }
        for text in ["0", "none", "-", "Nancy"] {
            assert!(!is_missing(text), "{text}");
        }
        assert_eq!((number("inf"), number(" 1"), number("1e3"), number("0x1")), (None, None, Some(1000.0), None));
    }
}
