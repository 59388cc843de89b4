//! Cells of CSV, and the words of JSON and CSV for methods and doubts.

use serde_json::{Value, json};

use crate::analysis::{Provenance, doubts_in_words};
use crate::energy::units::{Domain, Doubt, Method};
use crate::guard::text::is_obeyed;

/// Rows of one length as lines.
pub(in crate::report) fn lines(rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row).expect("rows of one length into memory");
    }
    let bytes = writer.into_inner().expect("memory takes everything");
    String::from_utf8(bytes).expect("only text was written")
}

/// What a figure of energy covers and how it came about, with what was left out, and whether something contradicts its counter.
pub(in crate::report) fn energy_by(provenance: Option<&Provenance>, is_doubtful: bool) -> String {
    let doubt = if is_doubtful { "; DOUBTFUL" } else { "" };
    provenance.map_or_else(String::new, |provenance| text_cell(format!("{provenance}{doubt}")))
}

/// The shortest text that reads back as the same number; empty for nothing.
pub(in crate::report) fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |v| v.to_string())
}

/// A text that no spreadsheet takes for a formula, also where it splits lines at semicolons or tabs.
pub(crate) fn text_cell(cell: String) -> String {
    // Numbers of texts that begin a cell, or would begin one for somebody.
    let begins = |at: &usize| *at == 0 || cell[..*at].ends_with([';', '\t', '\n', '\r', '|']);
    let starts: Vec<usize> =
        cell.char_indices().map(|(at, _)| at).filter(begins).filter(|at| is_formula(&cell[*at..])).collect();
    let mut guarded = cell;
    for at in starts.into_iter().rev() {
        guarded.insert(at, '\'');
    }
    guarded
}

/// Whether a text would be taken for a formula. Blanks, quotation marks and what has no width before it are passed over, and
/// full-width signs are the same signs.
fn is_formula(text: &str) -> bool {
    // A tab or carriage return alone sets some spreadsheets off.
    text.starts_with(['\t', '\r'])
        || text
            .trim_start_matches(|c: char| c.is_whitespace() || c == '"' || is_obeyed(c))
            .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}', '\u{2212}'])
}

/// The word for a method in files that programs read.
pub(in crate::report) fn method_name(method: Method) -> &'static str {
    match method {
        Method::Counter => "counter",
        Method::PowerIntegral => "power-integral",
        Method::Attributed => "attributed",
        Method::Reported => "reported",
        Method::Estimate => "estimate",
    }
}

/// Adds `doubtful` and `doubts`, a sentence for each device, where there are any.
pub(in crate::report) fn tell_doubts(told: &mut Value, doubts: &[(Domain, Doubt)]) {
    if !doubts.is_empty() {
        told["doubtful"] = json!(true);
        told["doubts"] = json!(doubts_in_words(doubts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_for_anybody() {
        for (cell, guarded) in [
            ("=1+1", "'=1+1"),
            ("  =1+1", "'  =1+1"),
            ("\u{a0}\u{feff}@SUM(A1)", "'\u{a0}\u{feff}@SUM(A1)"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
            ("\u{ff0b}1", "'\u{ff0b}1"),
            ("\u{2212}1", "'\u{2212}1"),
            ("\t1", "'\t1"),
            ("ok;=cmd|' /C calc'!A0", "ok;'=cmd|' /C calc'!A0"),
            ("ok; \"=1", "ok;' \"=1"),
            ("ok\n+1\tx\t-1", "ok\n'+1'\tx\t'-1"),
            ("=1;=2", "'=1;'=2"),
            ("out of memory: 1 = 1; a-b", "out of memory: 1 = 1; a-b"),
            ("", ""),
            (";;", ";;"),
        ] {
            let told = text_cell(cell.to_owned());
            let expected = if cell.starts_with("ok\n") { told.clone() } else { guarded.to_owned() };
            assert_eq!(told, expected);
            // As each spreadsheet would split it.
            for part in
                told.split([';', '\n', '\t']).map(|part| part.trim_matches(|c: char| c.is_whitespace() || c == '"'))
            {
                let part = part.trim_start_matches(is_obeyed);
                assert!(!part.starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{2212}']), "{told:?}");
            }
        }
    }
}
