//! What is said of a table: which column is the label, and which columns are worth a look.

use std::path::Path;

use super::columns::{Column, number};
use super::fault;
use super::table::NAMED;
use crate::data::{DataError, DataPlace};

/// What a label is called where nobody says.
const LABELS: [&str; 3] = ["label", "target", "class"];

/// The label's place among the columns, and why it is that one.
pub(super) fn label_among(path: &Path, header: &[String], label: Option<&str>) -> Result<(usize, String), DataError> {
    if let Some(label) = label {
        let found = header.iter().position(|name| name == label).ok_or_else(|| {
            let known = header.iter().take(NAMED).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let more = if header.len() > NAMED { format!(" and {} more", header.len() - NAMED) } else { String::new() };
            let advice = format!("take one of {known}{more}");
            fault(path, DataPlace::Line(1, None), format!("there is no column `{label}` to be the label"), advice)
        });
        return Ok((found?, "`label` in [train] names it".to_owned()));
    }
    let named = LABELS.iter().find_map(|label| header.iter().position(|name| name.eq_ignore_ascii_case(label)));
    Ok(match named {
        Some(index) => (index, "it is called so".to_owned()),
        None => (header.len() - 1, "it is the last column, and none is called label, target or class".to_owned()),
    })
}

/// What the columns of a table give cause to say.
pub(super) struct TableNotes<'a> {
    pub(super) header: &'a [String],
    pub(super) columns: &'a [Column],
    pub(super) label: usize,
}

impl TableNotes<'_> {
    pub(super) fn all(&self) -> Vec<String> {
        let constant = self.named(Column::is_constant);
        let counting = self.named(Column::counts_rows);
        let marked = self.columns.iter().enumerate().filter(|(index, _)| *index != self.label);
        let marked = marked.filter_map(|(index, column)| {
            let texts: Vec<String> = column.marked().map(|text| format!("`{text}`")).collect();
            (!texts.is_empty()).then(|| format!("{} of `{}`", texts.join(" and "), self.header[index]))
        });
        let marked = listed(marked.collect());
        let others = self.header.iter().enumerate().filter(|(index, name)| {
            *index != self.label && LABELS.iter().any(|label| name.eq_ignore_ascii_case(label))
        });
        let others = listed(others.map(|(_, name)| format!("`{name}`")).collect());
        [
            self.names_that_are_values(),
            constant.map(|names| format!("the same in all rows, so nothing is learned from it: {names}")),
            counting
                .map(|names| format!("counts the rows, and should be removed if that is all that it does: {names}")),
            marked.map(|names| format!("taken for a text like any other, and not for a missing value: {names}")),
            others.map(|names| format!("a feature, though its name is one of a label: {names}")),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Where a table has no header, its first row is taken for one. Numbers that count the columns are names.
    fn names_that_are_values(&self) -> Option<String> {
        let features = self.header.iter().enumerate().filter(|(index, _)| *index != self.label);
        let names: Vec<f64> = features.map(|(_, name)| number(name)).collect::<Option<_>>()?;
        let counts = names.len() > 1 && names.windows(2).all(|pair| pair[1] - pair[0] == 1.0);
        let first = self.header.first()?;
        (!counts).then(|| {
            format!(
                "the first row is taken for names, and those are numbers, such as `{first}`; if it holds values, put a line with names \
                 before it"
            )
        })
    }

    fn named(&self, is: impl Fn(&Column) -> bool) -> Option<String> {
        let found = self.columns.iter().zip(self.header).enumerate();
        let found = found.filter(|(index, (column, _))| *index != self.label && is(column));
        listed(found.map(|(_, (_, name))| format!("`{name}`")).collect())
    }
}

/// Some of many names, and how many more there are.
fn listed(mut names: Vec<String>) -> Option<String> {
    if names.len() > NAMED {
        let more = format!("and {} more", names.len() - NAMED);
        names.truncate(NAMED);
        names.push(more);
    }
    (!names.is_empty()).then(|| names.join(", "))
}
