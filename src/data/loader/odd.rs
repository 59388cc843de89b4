//! Cells that keep a column of numbers from being one.
//!
//! One `None` or `68,5` among numbers would make a feature of every different number, and nobody would notice. So a column whose
//! cells are nearly all numbers is refused with the first that is none.

use super::columns::{Column, number};

/// Where a cell is: in which file, and at which byte of it.
pub(super) type Spot = (usize, u64);

/// Ways to write that there is no number, beside those that are missing in any column; in lower case.
const MARKERS: [&str; 22] = [
    "none",
    "-",
    "--",
    "---",
    ".",
    "..",
    "_",
    "x",
    "*",
    "missing",
    "unknown",
    "n.a.",
    "n.a",
    "nil",
    "undefined",
    "inf",
    "-inf",
    "infinity",
    "tbd",
    "(null)",
    "#value!",
    "#div/0!",
];

/// A cell that is no number, where the column should be one of numbers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Odd {
    pub(super) spot: Spot,
    /// What is wrong with it, beside how many others.
    pub(super) problem: String,
    /// What to do.
    pub(super) advice: String,
}

/// Whether a text marks that there is no number.
pub(super) fn is_marker(text: &str) -> bool {
    text.len() <= 9 && MARKERS.iter().any(|marker| marker.eq_ignore_ascii_case(text))
}

/// What keeps a text from being a number that people would read as one: `68,5`, `$12`, `12%`, `1,234`, `1 234`.
pub(super) fn almost(text: &str) -> Option<&'static str> {
    if number(text).is_some() || !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let (bare, mut why) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (inner, Some("brackets")),
        None => (text, None),
    };
    let bare = match bare.strip_suffix('%') {
        Some(rest) => {
            why = Some("a percent sign");
            rest.trim_end()
        }
        None => bare,
    };
    let is_currency = |c: char| "$€£¥₹".contains(c);
    let sign = |c: char| "+-\u{2212}\u{2013}".contains(c);
    let without = bare.trim_start_matches(sign).trim_matches(|c: char| is_currency(c) || c.is_whitespace());
    let has_currency = bare.chars().any(is_currency);
    if has_currency {
        why = Some("a sign of currency");
    }
    let without = without.trim_start_matches(sign);
    if bare.contains(['\u{2212}', '\u{2013}']) && why.is_none() {
        why = Some("a dash for the minus sign");
    }
    if without.parse::<f64>().is_ok() {
        return why;
    }
    let is_apart = |c: char| ",.' \u{a0}\u{202f}\u{2019}".contains(c);
    if !without.starts_with(|c: char| c.is_ascii_digit())
        || !without.ends_with(|c: char| c.is_ascii_digit())
        || !without.chars().all(|c| c.is_ascii_digit() || is_apart(c))
    {
        return None;
    }
    let groups: Vec<&str> = without.split(is_apart).collect();
    let of_thousands = |groups: &[&str]| groups[1..].iter().all(|group| group.len() == 3) && groups[0].len() <= 3;
    let separated = match groups.as_slice() {
        [_, _] if without.contains(',') && of_thousands(&groups) => "a comma, for thousands or for decimals",
        [_, _] if without.contains(',') => "a decimal comma",
        _ if of_thousands(&groups) => "separators of thousands",
        [thousands @ .., decimals] if thousands.len() > 1 && of_thousands(thousands) && !decimals.is_empty() => {
            "separators of thousands"
        }
        _ => return None,
    };
    why.or(Some(separated))
}

/// The first cell that is no number, if a column holds numbers but for such cells.
pub(super) fn odd_cell(column: &Column) -> Option<Odd> {
    let (spot, text) = column.text.as_ref()?;
    let (cells, numbers) = (column.cells, column.numbers);
    let odd = cells - numbers;
    let like = numbers + column.almost;
    let nearly_all = like * 5 >= cells * 4;
    let alone = odd == 1 && numbers >= 3;
    let explained = column.almost + column.markers == odd && like * 2 >= cells && like > 0;
    if !(nearly_all || alone || explained) {
        return None;
    }
    let why = match almost(text) {
        Some(why) => format!(" because of {why}"),
        None if is_marker(text) => ": it looks like a sign for a missing one".to_owned(),
        None => String::new(),
    };
    let others = match (numbers, odd) {
        (0, _) => format!("all {cells} cells of the column look like numbers and are none"),
        (_, 1) => format!("the other {numbers} cells of the column are"),
        _ => format!("{numbers} of the column's {cells} cells are"),
    };
    let advice = match odd {
        1 => "mend it (a plain number with a decimal point), or remove the row or the column".to_owned(),
        _ => format!("mend all {odd} (plain numbers with a decimal point), or remove the rows or the column"),
    };
    Some(Odd { spot: *spot, problem: format!("`{text}` is no number{why}, and {others}"), advice })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_read_as_a_number_is_told_with_the_reason() {
        for (text, why) in [
            ("68,5", "a decimal comma"),
            ("-0,25", "a decimal comma"),
            ("1,234", "a comma, for thousands or for decimals"),
            ("1,234,567", "separators of thousands"),
            ("1,234.5", "separators of thousands"),
            ("1.234,5", "separators of thousands"),
            ("1 234", "separators of thousands"),
            ("1\u{a0}234\u{a0}567", "separators of thousands"),
            ("1'234", "separators of thousands"),
            ("$12", "a sign of currency"),
            ("-$12.50", "a sign of currency"),
            ("$-12", "a sign of currency"),
            ("12 €", "a sign of currency"),
            ("$1,234.50", "a sign of currency"),
            ("12%", "a percent sign"),
            ("3.5 %", "a percent sign"),
            ("(12)", "brackets"),
            ("\u{2212}5", "a dash for the minus sign"),
        ] {
            assert_eq!(almost(text), Some(why), "{text}");
        }
        for text in
            ["7", "-7.5", "1e-3", "cat", "", "2020-01-05", "12:30", "1.2.3.4", "10-20", "3+", "12A", "1,2,3", "None"]
        {
            assert_eq!(almost(text), None, "{text}");
        }
    }

    fn odd(cells: &[&str]) -> Option<String> {
        let mut column = Column::new(100);
        for (at, text) in (0..).zip(cells) {
            column.see((0, at), text);
        }
        odd_cell(&column).map(|odd| format!("{}: {}", odd.spot.1, odd.problem))
    }

    #[test]
    fn a_column_of_numbers_with_an_odd_cell_is_seen_through() {
        assert_eq!(
            odd(&["1", "2", "None", "4"]).unwrap(),
            "2: `None` is no number: it looks like a sign for a missing one, and the other 3 cells of the column are"
        );
        assert!(
            odd(&["1.5", "68,5", "2", "3", "-"]).unwrap().starts_with("1: `68,5` is no number because of a decimal")
        );
        assert!(
            odd(&["5%", "6%", "7%"]).unwrap().ends_with("all 3 cells of the column look like numbers and are none")
        );
        assert!(
            odd(&["1", "2", "3", "4", "5", "6", "7", "8", "nine", "ten"]).unwrap().contains("8 of the column's 10")
        );
        assert!(odd(&["1", "2", "none", "-"]).is_some());
    }

    #[test]
    fn columns_of_names_are_left_alone() {
        for cells in [
            &["red", "blue", "none", "7"][..],
            &["1", "2", "3"],
            &["A1", "B2", "12A"],
            &["10-20", "20-30"],
            &["1", "2", "ground", "roof"],
            &["none", "-", "cat"],
        ] {
            assert_eq!(odd(cells), None, "{cells:?}");
        }
    }
}
