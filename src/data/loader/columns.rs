//! What the columns of a table hold: numbers, or one of some texts.

use std::collections::{BTreeMap, BTreeSet};

use super::odd::{Spot, almost, is_marker};
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
    pub(super) text: Option<(Spot, String)>,
    /// How many cells there are that are not missing. The next three are how many of them are numbers, numbers but for
    /// how they are written, and signs for none.
    pub(super) cells: usize,
    pub(super) numbers: usize,
    pub(super) almost: usize,
    pub(super) markers: usize,
    /// The first cell that is missing, how it is written, and how many there are.
    pub(super) missing: Option<(Spot, String)>,
    pub(super) absent: usize,
    /// All different texts, as long as they are not too many to matter.
    levels: BTreeSet<String>,
    most: usize,
    whole: bool,
    /// Whether it counts the rows, so far.
    counts: bool,
    last: f64,
}

impl Column {
    /// Remembers up to `most` different texts.
    pub(super) fn new(most: usize) -> Self {
        Self {
            text: None,
            cells: 0,
            numbers: 0,
            almost: 0,
            markers: 0,
            missing: None,
            absent: 0,
            levels: BTreeSet::new(),
            most,
            whole: true,
            counts: true,
            last: f64::NAN,
        }
    }

    /// Returns how many bytes of it are remembered.
    pub(super) fn see(&mut self, spot: Spot, text: &str) -> usize {
        if is_missing(text) {
            self.absent += 1;
            self.missing.get_or_insert_with(|| (spot, text.to_owned()));
            return 0;
        }
        self.cells += 1;
        match number(text) {
            Some(number) => {
                self.numbers += 1;
                self.whole &= number.fract() == 0.0;
                self.counts &= self.last.is_nan() || number == self.last + 1.0;
                self.last = number;
            }
            None => {
                self.counts = false;
                self.almost += usize::from(almost(text).is_some());
                self.markers += usize::from(is_marker(text));
                self.text.get_or_insert_with(|| (spot, text.to_owned()));
            }
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

    /// Whether all its cells are alike.
    pub(super) fn is_constant(&self) -> bool {
        self.levels.len() == 1 && self.cells > 1
    }

    /// Whether it only counts the rows.
    pub(super) fn counts_rows(&self) -> bool {
        self.counts && self.whole && self.cells > FEW
    }

    /// Texts that look as if something were missing, in a column of texts.
    pub(super) fn marked(&self) -> impl Iterator<Item = &str> {
        let is_text = !self.is_numeric();
        self.levels.iter().map(String::as_str).filter(move |text| is_text && is_marker(text))
    }

    /// What a column of labels is for, if nobody says, and why.
    pub(super) fn task(&self) -> (Task, String) {
        let different = self.levels.len();
        match () {
            () if !self.is_numeric() => (Task::Classification, "its values are texts".to_owned()),
            () if !self.whole => (Task::Regression, "its values are numbers with decimals".to_owned()),
            () if self.is_over() || different > FEW => {
                (Task::Regression, format!("it has more than {FEW} different whole numbers"))
            }
            () => (
                Task::Classification,
                format!("it has {different} different whole numbers, and {FEW} at most are classes"),
            ),
        }
    }
}

/// The classes of a column, each as it is written.
#[derive(Debug, PartialEq)]
pub(super) struct Classes {
    /// Numbers by size if all are numbers, or else texts by their letters.
    pub(super) names: Vec<String>,
    /// Two that are one number, written in two ways.
    pub(super) alike: Option<(String, String)>,
    places: BTreeMap<String, u32>,
}

impl Classes {
    pub(super) fn of(column: &Column) -> Self {
        let mut names = column.levels();
        let mut alike = None;
        if column.is_numeric() {
            // Adding 0 makes one zero of the two.
            let value = |text: &String| number(text).map_or(f64::NAN, |v| v + 0.0);
            names.sort_by(|a, b| value(a).total_cmp(&value(b)).then(a.cmp(b)));
            let pair = names.windows(2).find(|w| value(&w[0]).total_cmp(&value(&w[1])).is_eq());
            alike = pair.map(|w| (w[0].clone(), w[1].clone()));
        }
        let places = names.iter().cloned().zip(0..).collect();
        Self { names, alike, places }
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.places.get(text).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(texts: &[&str]) -> Column {
        let mut column = Column::new(CLASSES);
        for (at, text) in (0..).zip(texts) {
            column.see((0, at), text);
        }
        column
    }

    #[test]
    fn numbers_are_classes_only_if_whole_and_few() {
        let task = |texts: &[&str]| column(texts).task().0;
        assert_eq!(task(&["1", "2", "1.0"]), Task::Classification);
        assert_eq!(task(&["1", "2.5"]), Task::Regression);
        assert_eq!(task(&["1", "yes"]), Task::Classification);
        let many: Vec<String> = (0..=FEW).map(|i| i.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(task(&many), Task::Regression);
        assert_eq!(task(&many[1..]), Task::Classification);
    }

    #[test]
    fn numbers_are_sorted_by_size_and_texts_by_letters() {
        let numbers = Classes::of(&column(&["10", "9", "-3", "0"]));
        assert_eq!(numbers.names, ["-3", "0", "9", "10"]);
        assert_eq!((numbers.find("10"), numbers.find("8"), numbers.alike), (Some(3), None, None));
        let texts = Classes::of(&column(&["b", "10", "9"]));
        assert_eq!((&texts.names[..], texts.find("9")), (&["10", "9", "b"].map(str::to_owned)[..], Some(1)));
    }

    #[test]
    fn labels_stay_as_they_are_written() {
        let codes = Classes::of(&column(&["02", "1", "01"]));
        assert_eq!(codes.names, ["01", "1", "02"]);
        assert_eq!([codes.find("01"), codes.find("1"), codes.find("02")], [Some(0), Some(1), Some(2)]);
        assert_eq!(codes.alike, Some(("01".to_owned(), "1".to_owned())));
        let decimals = Classes::of(&column(&["2.0", "1.0"]));
        assert_eq!((decimals.names, decimals.alike), (vec!["1.0".to_owned(), "2.0".to_owned()], None));
        for (one, other) in [("1", "1.0"), ("0", "-0"), ("100", "1e2"), ("7", "+7")] {
            let both = Classes::of(&column(&[one, other, "3"]));
            assert_eq!((both.names.len(), both.alike.is_some()), (3, true), "{one} {other}");
        }
    }

    #[test]
    fn what_says_nothing_is_noticed() {
        let rows: Vec<String> = (5..40).map(|i| i.to_string()).collect();
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        assert!(column(&rows).counts_rows() && !column(&rows[..3]).counts_rows());
        assert!(!column(&[&rows[..], &["3"]].concat()).counts_rows());
        assert!(column(&["a", "a"]).is_constant() && !column(&["a", "b"]).is_constant());
        assert_eq!(column(&["none", "cat", "-"]).marked().collect::<Vec<_>>(), ["-", "none"]);
        assert_eq!(column(&["1", "2"]).marked().count(), 0);
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
