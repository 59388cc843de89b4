//! Words and tables for people that every output shares, and what rows of CSV and members of JSON have in common.

mod carbon;
mod cells;

pub(in crate::report) use carbon::{at, run, study_carbon};
pub(crate) use cells::text_cell;
pub(in crate::report) use cells::{energy_by, lines, method_name, number, tell_doubts};

use crate::analysis::significant;
use crate::guard::text::line;
use crate::optimizer::space::Value;
use crate::record::{StudyRecord, TrialRecord};

/// What the closing words need besides the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// Characters per line; 40 or more.
    pub width: usize,
    /// Where the outputs are, such as `results/digits/report.html`.
    pub report: Option<String>,
}

impl Default for Closing {
    /// 100 characters, no place.
    fn default() -> Self {
        Self { width: 100, report: None }
    }
}

/// Most characters of a cell.
pub(in crate::report) const CELL: usize = 120;

/// Columns of equal width, the first of them and the `numbers` after it flush right where they hold numbers. Columns that
/// do not fit are left out, but for the first `kept`, and a last line names them.
///
/// Of a very long cell only the beginning is shown.
pub(in crate::report) fn align(mut rows: Vec<Vec<String>>, numbers: usize, kept: usize, width: usize) -> String {
    rows.iter_mut().flatten().for_each(|cell| *cell = cut(cell, CELL));
    let columns = rows.first().map_or(0, Vec::len);
    let cell = |row: &[String], c: usize| row.get(c).map_or(0, |t| t.chars().count());
    let widths: Vec<usize> = (0..columns).map(|c| rows.iter().map(|r| cell(r, c)).max().unwrap_or(0)).collect();
    let mut used = 0;
    let fitting = widths.iter().take_while(|w| {
        used += *w + 2;
        used <= width + 2
    });
    let shown = fitting.count().max(kept).min(columns);
    let mut text = String::new();
    for row in &rows {
        let cells = row
            .iter()
            .zip(&widths)
            .take(shown)
            .enumerate()
            .map(|(c, (t, w))| if (1..=numbers).contains(&c) { format!("{t:>w$}") } else { format!("{t:<w$}") });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    if shown < columns {
        let names: Vec<_> = rows[0][shown..].iter().map(String::as_str).collect();
        text += &cut(&format!("(not shown for want of width: {})", names.join(", ")), width);
        text.push('\n');
    }
    text
}

/// Breaks at spaces, so that no line but one of a single long word is wider than `width`.
pub(in crate::report) fn wrap(text: &str, width: usize) -> String {
    let (mut lines, mut line) = (String::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines += &line;
            lines.push('\n');
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += word;
    }
    lines + &line + "\n"
}

/// A duration for people: `1.2 ms`, `0.42 s`, `12.3 s`, `4 min 05 s`, `3 h 12 min`, `12 d 3 h`.
#[must_use]
pub fn seconds(duration: f64) -> String {
    if !(duration.is_finite() && duration >= 0.0) {
        return "unknown time".to_owned();
    }
    let whole = duration.round() as u64;
    match duration {
        0.0 => "0 s".to_owned(),
        d if d < 0.995e-3 => format!("{} µs", significant(d * 1e6, 2)),
        d if d < 0.0995 => format!("{} ms", significant(d * 1e3, 2)),
        d if d < 9.995 => format!("{d:.2} s"),
        d if d < 59.95 => format!("{d:.1} s"),
        _ if whole < 3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ if whole < 100 * 3600 => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
        _ => format!("{} d {} h", whole / 86400, whole % 86400 / 3600),
    }
}

/// `name=value` pairs in the order of the space, floats in three digits.
pub(in crate::report) fn point(record: &StudyRecord, trial: &TrialRecord) -> String {
    let parameters = record.problem().space().parameters().iter();
    let pairs = parameters.filter_map(|p| Some(format!("{}={}", p.name, short(trial.point.get(&p.name)?))));
    pairs.collect::<Vec<_>>().join(" ")
}

/// A parameter's value for people: floats in three significant digits.
pub(in crate::report) fn short(value: &Value) -> String {
    match value {
        Value::Float(v) => significant(*v, 3),
        Value::List(values) => format!("[{}]", values.iter().map(short).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// At most `width` characters, on one line.
pub(in crate::report) fn cut(text: &str, width: usize) -> String {
    let clean = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let clean: String = clean.collect();
    let clean = line(&clean);
    let clean = clean.trim_end();
    if clean.chars().count() <= width {
        return clean.to_owned();
    }
    let kept: String = clean.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// The first letter as a capital.
pub(in crate::report) fn capitalized(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Such as `1 trial` or `3 trials`.
pub(crate) fn counted(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let shown: Vec<_> = [0.0, 0.421, 12.34, 59.96, 245.0, 11520.0, f64::NAN].map(seconds).into();
        assert_eq!(shown, ["0 s", "0.42 s", "12.3 s", "1 min 00 s", "4 min 05 s", "3 h 12 min", "unknown time"]);
        let extreme: Vec<_> = [3e-7, 0.000_42, 0.0312, 0.0995, 1.2e6].map(seconds).into();
        assert_eq!(extreme, ["0.3 µs", "420 µs", "31 ms", "0.10 s", "13 d 21 h"]);
    }
}
