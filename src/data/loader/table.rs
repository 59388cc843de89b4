//! Tables of comma- or tab-separated values, with a header.
//!
//! One column is the label. Columns of numbers are features as they are; a column with any text becomes one feature per
//! different text, 1 where it is that text and 0 elsewhere. Nothing else is computed over all rows, for some of them will
//! be there to judge by: scaling is left to whoever knows which rows are trained on.

use std::collections::BTreeSet;
use std::io::{BufReader, Read};
use std::path::Path;

use super::columns::{CLASSES, Classes, Column, FEW, LEVELS, is_missing, number};
use super::stream::Stream;
use super::{MEMORY, fault};
use crate::data::{DataError, Dataset, FeatureColumn, Features, Place, Shape, Targets, Task};

/// What a label is called where nobody says.
const LABELS: [&str; 3] = ["label", "target", "class"];

/// One row may have so many bytes: 64 MiB.
const ROW: u64 = 64 << 20;

/// What all different texts of all columns may take, together, in bytes: 256 MiB.
const TEXTS: usize = 256 << 20;

/// So many columns of texts are named.
const NAMED: usize = 20;

/// Whether a file name is one of a table that can be read.
pub(super) fn is_table(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [".csv", ".tsv"].iter().any(|end| name.strip_suffix(".gz").unwrap_or(&name).ends_with(end))
}

/// Reads a table twice, first to see what its columns hold. Takes the memory of the dataset and of one row.
///
/// The label is the column of this name; or else the one called `label`, `target` or `class`; or else the last. Texts, and
/// whole numbers if there are at most 20 different ones, are classes, unless another task is asked for.
pub(super) fn load(path: &Path, name: &str, label: Option<&str>, task: Option<Task>) -> Result<Dataset, DataError> {
    let table = Table { path, separator: separator(path)? };
    let header = table.header()?;
    let label = label_among(path, &header, label)?;
    let (columns, rows) = table.survey(&header, label)?;
    let wide: usize = columns.iter().enumerate().filter(|(i, _)| *i != label).map(|(_, c)| width(c)).sum();
    let numbers = rows.saturating_mul(wide);
    let mut features = Vec::new();
    if numbers as u64 > MEMORY / 4 || features.try_reserve_exact(numbers).is_err() {
        let problem = format!("{rows} rows of {wide} numbers need more than {} GiB", MEMORY >> 30);
        return Err(fault(path, Place::Whole, problem, "use fewer rows or columns"));
    }
    let task = task.unwrap_or_else(|| columns[label].task());
    let mut targets = table.targets(&header[label], &columns[label], task)?;
    let levels: Vec<Vec<String>> =
        columns.iter().map(|c| if c.is_numeric() { Vec::new() } else { c.levels() }).collect();
    table.each_row(&header, |at, row| {
        for (column, text) in row.iter().enumerate() {
            let place = || table.place(at, Some(&header[column]));
            let change = || fault(path, place(), "the table has changed while it was read", "read it again");
            let single = || match number(text).map(|n| n as f32) {
                Some(number) if number.is_finite() => Ok(number),
                Some(_) => Err(fault(path, place(), format!("`{text}` is too large a number"), "mend it")),
                None => Err(change()),
            };
            if column == label {
                match &mut targets {
                    Wanted::Classes(classes, labels) => labels.push(classes.find(text).ok_or_else(change)?),
                    Wanted::Values(values) => values.push(single()?),
                }
            } else if columns[column].is_numeric() {
                features.push(single()?);
            } else {
                let level = levels[column].binary_search_by(|l| l.as_str().cmp(text)).map_err(|_| change())?;
                features.extend((0..levels[column].len()).map(|i| if i == level { 1.0 } else { 0.0 }));
            }
        }
        Ok(())
    })?;
    let shape = Shape::of_columns(wide);
    let dataset = match targets {
        Wanted::Values(values) => {
            Dataset::from_parts(name, shape, Features::Floats(features), Targets::Values(values))?
                .noted(format!("`{}` is predicted as a number", header[label]))
        }
        Wanted::Classes(Classes { names, .. }, labels) => {
            let targets = Targets::Classes { labels, classes: names.len() };
            let note = format!("`{}` is predicted as one of {} classes", header[label], names.len());
            Dataset::from_parts(name, shape, Features::Floats(features), targets)?.with_class_names(names)?.noted(note)
        }
    };
    let seen = header.into_iter().zip(levels).enumerate().filter(|(index, _)| *index != label);
    let seen: Vec<FeatureColumn> = seen.map(|(_, (name, categories))| FeatureColumn { name, categories }).collect();
    let texts = seen.iter().filter(|column| !column.categories.is_empty());
    let mut texts: Vec<String> = texts.map(|column| format!("`{}` ({})", column.name, column.width())).collect();
    if texts.len() > NAMED {
        let more = format!("and {} more columns", texts.len() - NAMED);
        texts.truncate(NAMED);
        texts.push(more);
    }
    let dataset = dataset.with_columns(seen)?;
    Ok(if texts.is_empty() {
        dataset
    } else {
        dataset.noted(format!("one feature per different text: {}", texts.join(", ")))
    })
}

fn width(column: &Column) -> usize {
    if column.is_numeric() { 1 } else { column.levels().len() }
}

enum Wanted {
    Classes(Classes, Vec<u32>),
    Values(Vec<f32>),
}

/// Tabs in a .tsv, or else commas, or what is there instead of them.
fn separator(path: &Path) -> Result<u8, DataError> {
    let start = Stream::open(path)?.read_up_to(1 << 16)?;
    let line = start.split(|b| *b == b'\n').next().unwrap_or_default();
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    if name.strip_suffix(".gz").unwrap_or(&name).ends_with(".tsv") {
        return Ok(b'\t');
    }
    Ok([b',', b';', b'\t'].into_iter().find(|separator| line.contains(separator)).unwrap_or(b','))
}

struct Table<'a> {
    path: &'a Path,
    separator: u8,
}

impl Table<'_> {
    fn reader(&self) -> Result<csv::Reader<Stream>, DataError> {
        let mut builder = csv::ReaderBuilder::new();
        builder.delimiter(self.separator).flexible(true).trim(csv::Trim::All);
        Ok(builder.from_reader(Stream::open(self.path)?))
    }

    /// The names of the columns.
    fn header(&self) -> Result<Vec<String>, DataError> {
        let mut reader = self.reader()?;
        reader.get_ref().ceiling().set(ROW);
        let header: Vec<String> = reader.headers().map_err(|e| self.broken(&e))?.iter().map(str::to_owned).collect();
        let wrong = |problem: String, advice: &str| Err(fault(self.path, Place::Line(1, None), problem, advice));
        if header.len() < 2 {
            return wrong("is no header of several columns".to_owned(), "separate values by commas, or tabs in a .tsv");
        }
        if header.iter().all(|name| number(name).is_some()) {
            return wrong(
                "is no header, but numbers".to_owned(),
                "put a line with the columns' names before the first row",
            );
        }
        let mut seen = BTreeSet::new();
        for (column, name) in (1..).zip(&header) {
            if name.is_empty() {
                return wrong(
                    format!("column {column} has no name"),
                    "name it; or remove it, if it only counts the rows",
                );
            }
            if !seen.insert(name) {
                return wrong(format!("there are two columns `{name}`"), "rename one of them");
            }
        }
        Ok(header)
    }

    /// What the columns hold, and how many rows there are.
    fn survey(&self, header: &[String], label: usize) -> Result<(Vec<Column>, usize), DataError> {
        let most = |column| if column == label { CLASSES.max(FEW) } else { LEVELS };
        let mut columns: Vec<Column> = (0..header.len()).map(|column| Column::new(most(column))).collect();
        let (mut rows, mut held) = (0, 0_usize);
        self.each_row(header, |at, row| {
            rows += 1;
            for (index, text) in row.iter().enumerate() {
                let wrong = |problem: String, advice: &str| {
                    Err(fault(self.path, self.place(at, Some(&header[index])), problem, advice))
                };
                if is_missing(text) {
                    let problem = if text.is_empty() { "no value".to_owned() } else { format!("`{text}` is no value") };
                    return wrong(problem, "fill it in, or remove the row or the column");
                }
                held = held.saturating_add(columns[index].see(at, text));
                if held > TEXTS {
                    let problem = format!("texts of more than {} MiB up to here", TEXTS >> 20);
                    return wrong(problem, "remove columns of long texts, which cannot be learned from here");
                }
                if index != label
                    && columns[index].is_over()
                    && let Some((first, text)) = &columns[index].text
                {
                    let problem = format!(
                        "more than {LEVELS} different texts up to here, the first{}: `{text}`",
                        self.place(*first, None)
                    );
                    return wrong(problem, "mend what should be numbers, or remove the column");
                }
            }
            Ok(())
        })?;
        if rows == 0 {
            return Err(fault(self.path, Place::Line(2, None), "there is no row after the header", "add some"));
        }
        Ok((columns, rows))
    }

    /// Checks that a label can be predicted in this way.
    fn targets(&self, name: &str, column: &Column, task: Task) -> Result<Wanted, DataError> {
        match (task, &column.text) {
            (Task::Regression, Some((at, text))) => {
                let problem = format!("`{text}` is no number, so it cannot be predicted as one");
                Err(fault(self.path, self.place(*at, Some(name)), problem, "mend it, or ask for a classification"))
            }
            (Task::Regression, None) => Ok(Wanted::Values(Vec::new())),
            (Task::Classification, _) if column.is_over() => {
                let problem = format!("the label `{name}` has more than {CLASSES} different values");
                Err(fault(self.path, Place::Whole, problem, "name another column by `label`, or ask for a regression"))
            }
            (Task::Classification, _) => Ok(Wanted::Classes(Classes::of(column), Vec::new())),
        }
    }

    /// The line of the row at this byte. It is looked for only where it must be told: the reader's own count of lines
    /// goes wrong at blank ones.
    fn place(&self, at: u64, column: Option<&str>) -> Place {
        let Ok(stream) = Stream::open(self.path) else { return Place::Offset(at) };
        let mut line = 1;
        for (offset, byte) in (0..).zip(BufReader::new(stream).bytes()) {
            match byte {
                Ok(b'\n') => line += 1,
                Ok(byte) if offset < at || byte == b'\r' => {}
                _ => break,
            }
        }
        Place::Line(line, column.map(str::to_owned))
    }

    fn each_row(
        &self,
        header: &[String],
        mut visit: impl FnMut(u64, &csv::StringRecord) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let (mut reader, mut row) = (self.reader()?, csv::StringRecord::new());
        let ceiling = reader.get_ref().ceiling();
        loop {
            ceiling.set(ceiling.position().saturating_add(ROW));
            if !reader.read_record(&mut row).map_err(|e| self.broken(&e))? {
                return Ok(());
            }
            let at = row.position().map_or(0, csv::Position::byte);
            if row.len() != header.len() {
                let problem = format!("{} values for {} columns", row.len(), header.len());
                let advice = "give each column a value, and put values with separators into quotes";
                return Err(fault(self.path, self.place(at, None), problem, advice));
            }
            visit(at, &row)?;
        }
    }

    fn broken(&self, error: &csv::Error) -> DataError {
        let place = error.position().map_or(Place::Whole, |p| self.place(p.byte(), None));
        match error.kind() {
            csv::ErrorKind::Utf8 { .. } => fault(self.path, place, "is not UTF-8", "save the table as UTF-8"),
            csv::ErrorKind::Io(error) if error.kind() == std::io::ErrorKind::QuotaExceeded => {
                let problem = format!("a row of more than {} MiB", ROW >> 20);
                fault(self.path, place, problem, "see that lines end, and that each quotation mark has its partner")
            }
            _ => fault(self.path, place, format!("cannot be read on from here: {error}"), super::FETCH_AGAIN),
        }
    }
}

fn label_among(path: &Path, header: &[String], label: Option<&str>) -> Result<usize, DataError> {
    if let Some(label) = label {
        return header.iter().position(|name| name == label).ok_or_else(|| {
            let known = header.iter().take(20).map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            let more = if header.len() > 20 { format!(" and {} more", header.len() - 20) } else { String::new() };
            let advice = format!("take one of {known}{more}");
            fault(path, Place::Line(1, None), format!("there is no column `{label}` to be the label"), advice)
        });
    }
    let named = LABELS.iter().find_map(|label| header.iter().position(|name| name.eq_ignore_ascii_case(label)));
    Ok(named.unwrap_or(header.len() - 1))
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
